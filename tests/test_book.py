"""The book of a run in which a lesson failed: whole without the web, with descriptions, slides and links."""

import base64
import io
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

from helpers.errors import UserError
from lesson_tools import book, book_pages, folders, run
from lesson_tools.cli import cli

import nbformat
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from docutils import nodes
from PIL import Image

SERIES = [path.stem for path in run.find_lessons()]
# Lessons behind the series: what others may have one day, a run of a moment, one that fails, one after it.
OWN, TRY, FAIL, GO_ON = "90_look_inside", "91_try_this", "92_fail", "93_go_on"
NAMES = [*SERIES, OWN, TRY, FAIL, GO_ON]
REPOSITORY = "https://github.com/somebody/lessons"
MODULE = '<div id="explorer"></div><script type="module">document.title += "<table>";</script>'
WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "0"}, "text/plain": "Explorer()"}


def png(*levels: int) -> str:
    """An image of 2×2 gray pixels of one level; an animation of several."""
    first, *others = [Image.new("L", (2, 2), level) for level in levels]
    file = io.BytesIO()
    first.save(file, "PNG", save_all=bool(others), append_images=others)
    return base64.b64encode(file.getvalue()).decode()


ANIMATION, PIXEL = png(0, 50, 100, 150, 200), png(7)


def code(source: str, *outputs, tags=()):
    """A cell of code with outputs: their data and metadata."""
    shown = [nbformat.v4.new_output("display_data", data, metadata=about) for data, about in outputs]
    return nbformat.v4.new_code_cell(source, outputs=shown, metadata={"tags": list(tags)})


def write_lesson(folder: Path, name: str, text: str, *cells) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text), *cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata.language_info = {"name": "python"}
    nbformat.write(notebook, folder / f"{name}.ipynb")


def write_lessons(folder: Path) -> None:
    shutil.copytree(run.NOTEBOOKS, folder, ignore=shutil.ignore_patterns("homework", "runs", ".*"))
    figures = [
        ({"image/png": data}, {"image/png": {"alt": words}})
        for data, words in ((ANIMATION, "It moves"), (PIXEL, "It is a pixel"))
    ]
    outputs = [code("1", *figures), code("2", ({"text/html": MODULE}, {})), code("3", (WIDGET, {}))]
    text = "# Look inside\n\n## 卷积\n\n[Shapes](05_build_the_network.ipynb#the-network)\n\n"
    text += "From $5 to $6, with $x_i$:\n\n$$\\frac{n}{2}$$"
    write_lesson(folder, OWN, text, code("0"), *outputs, code("4", tags=["machine"]))
    parameters = code("seed = 0  # of chance", tags=["parameters"])
    shows = "print('seed', seed)\ndisplay(seed)"  # of which the headline is what was printed
    write_lesson(folder, TRY, "# Try this", parameters, code(shows, tags=["headline"]))
    write_lesson(folder, FAIL, "# Fail", parameters, code("assert seed != 1, 'seed is 1'"))
    write_lesson(folder, GO_ON, "# Go on", parameters)


class Reader(HTMLParser):
    """Collects the elements of a page: name and attributes."""

    def __init__(self, file: Path):
        super().__init__()
        self.elements, self.text = [], file.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def values(self, tag: str, attribute: str) -> list[str]:
        return [found[attribute] for name, found in self.elements if name == tag and attribute in found]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A run whose second lesson fails, where a book was before: its folder, what it said, and the lessons."""
    folder = tmp_path_factory.mktemp("book")
    write_lessons(folder / "notebooks")
    out = folder / "out"
    (out / "book").mkdir(parents=True)
    for name in (folders.MADE, "stale.html"):  # the former lists the latter
        (out / "book" / name).write_text("stale.html")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "NOTEBOOKS", folder / "notebooks")
        patch.setenv("LESSONS_REPOSITORY", REPOSITORY)
        done = CliRunner().invoke(
            cli, ["run", "91", "92", "93", "--jobs", "1", "--out", str(out), "-p", "seed", "1"]
        )
        return out, done, book.read_lessons(out)


@pytest.fixture(scope="module")
def site(ran):
    return ran[0] / "book"


@pytest.fixture(scope="module")
def pages(site):
    return {path.relative_to(site).as_posix(): Reader(path) for path in sorted(site.rglob("*.html"))}


@pytest.fixture(scope="module")
def lessons(ran):
    return ran[2]


def article(pages, name: str) -> BeautifulSoup:
    return BeautifulSoup(pages[f"{name}.html"].text, "html.parser").article


def test_a_lesson_that_fails_ends_the_series_with_its_error_and_a_book(ran):
    out, done, _ = ran
    assert done.exit_code == 1 and "WARNING" not in done.stderr, done.stderr
    line, *_ = done.stdout.splitlines()
    assert line.startswith("91 Try this ") and line.endswith(" seed 1")
    assert f"The book: {out / 'book' / 'index.html'}" in done.stdout
    assert "92_fail.ipynb failed in the cell In [" in done.stderr
    assert "AssertionError: seed is 1" in done.stderr and "assert seed != 1" in done.stderr
    there = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    assert there == {"book", f"{TRY}.ipynb", f"{FAIL}.ipynb"}
    assert not (out / "book" / "stale.html").exists()


def test_the_first_page_says_what_the_run_gave_and_leads_to_all_lessons(pages):
    first = article(pages, "index")
    results = first.find(id="what-your-run-gave").find_all("tr")[1:]
    rows = [[cell.get_text(strip=True) for cell in row.find_all("td")] for row in results]
    assert [[row[0], row[2]] for row in rows] == [["91 Try this", "seed 1"], ["92 Fail", "failed"]]
    assert all(int(row[1]) >= 0 for row in rows)
    assert [link["href"] for link in first.find(id="the-lessons").select("td a")] == [
        f"notebooks/{name}.html" for name in SERIES
    ]
    assert {f"notebooks/{name}.html" for name in NAMES} <= set(pages["index.html"].values("a", "href"))


def test_nothing_is_loaded_from_the_web(pages, site):
    loads = {("a", "href"), ("form", "action")}  # these wait for a click
    for name, page in pages.items():
        for tag, attributes in page.elements:
            for attribute in ("src", "srcset", "href", "data", "poster", "action"):
                if (tag, attribute) not in loads:
                    assert not re.match("(https?:)?//", attributes.get(attribute) or ""), (name, attributes)
        assert not re.search(r"mathjax(?!_ignore)|require\.js", page.text, re.I), name  # a class of Sphinx
    for file in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()[\s\"']*(https?:)?//", file.read_text(encoding="utf-8")), file


def test_internal_links_and_anchors_lead_somewhere(pages, site):
    ids = {name: set(page.values("a", "id")) for name, page in pages.items()}
    for name, page in pages.items():
        ids[name] |= {attributes["id"] for _, attributes in page.elements if attributes.get("id")}
    for name, page in pages.items():
        for link in page.values("a", "href"):
            if re.match("https?:", link):
                continue
            file, _, anchor = unquote(link).partition("#")
            target = ((site / name).parent / file).resolve() if file else (site / name).resolve()
            assert target.is_file(), (name, link)
            target = target.relative_to(site.resolve()).as_posix()
            assert not anchor or anchor in ids[target], (name, link)


def test_lessons_have_neighbors_slides_buttons_and_a_download(pages, site):
    for before, name, after in zip([None, *NAMES[:-1]], NAMES, [*NAMES[1:], None], strict=True):
        page = pages[f"notebooks/{name}.html"]
        links = page.values("a", "href")
        assert f"../_sources/notebooks/{name}.ipynb" in links and f"../slides/{name}.html" in links
        assert {f"{other}.html" for other in (before, after) if other} <= set(links)
        assert (
            f"https://mybinder.org/v2/gh/somebody/lessons/HEAD?urlpath=lab/tree/notebooks/{name}.ipynb"
            in links
        )
        assert f"https://colab.research.google.com/github/somebody/lessons/blob/colab/{name}.ipynb" in links
        begin, install, *_ = nbformat.read(site / "colab" / f"{name}.ipynb", as_version=4).cells
        assert "not tried" in begin.source and f"git clone --depth 1 {REPOSITORY} " in install.source
        nbformat.validate(nbformat.read(site / "_sources" / "notebooks" / f"{name}.ipynb", as_version=4))


def test_without_an_address_there_are_no_buttons_but_slides():
    context = {"header_buttons": []}
    app = SimpleNamespace(config=SimpleNamespace(lessons_repository=""))
    book_pages.add_buttons(app, "docs/teaching", "", context, None)
    assert context["header_buttons"] == []
    book_pages.add_buttons(app, "notebooks/02_load_the_images", "", context, None)
    assert [button["url"] for button in context["header_buttons"]] == ["../slides/02_load_the_images.html"]


def test_figures_are_all_there_and_described(pages, lessons):
    for name, notebook in lessons.items():
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        stored = [output for output in outputs if "image/png" in output.get("data", {})]
        described = [output.metadata["image/png"]["alt"] for output in stored]
        images = [found for tag, found in pages[f"notebooks/{name}.html"].elements if tag == "img"]
        images = [image for image in images if "/_images/" in image["src"] and "class" not in image]
        assert [image["alt"] for image in images] == described, name


def test_cells_without_a_stored_output_say_so(pages, lessons):
    for name, notebook in lessons.items():
        machine = [cell for cell in notebook.cells if "machine" in cell.metadata.get("tags", [])]
        for folder, cells in (
            ("notebooks", machine),
            ("slides", [c for c in machine if "slide" in c.metadata]),
        ):
            silent = sum(not cell.outputs for cell in cells)
            assert pages[f"{folder}/{name}.html"].text.count(book_pages.NOT_STORED) == silent, (folder, name)


def test_what_only_some_lessons_have(pages, site):
    """Scripts run, animations stay as they are, headings in any language have names, widgets are left out."""
    page = article(pages, f"notebooks/{OWN}")
    assert MODULE in pages[f"notebooks/{OWN}.html"].text
    assert page.find(id="卷积").h2 and "Explorer()" not in page.get_text()
    animation, on_paper, _ = page.find_all("img")
    assert (site / "notebooks" / animation["src"]).read_bytes() == base64.b64decode(ANIMATION)
    assert on_paper["class"] == ["on-paper"] and on_paper["alt"] == "Moments of the animation. It moves"
    with Image.open(site / "notebooks" / on_paper["src"]) as moments:
        places = ((0, 0), (2, 0), (0, 2), (2, 2))
        assert [moments.convert("L").getpixel(place) for place in places] == [0, 50, 100, 200]
    assert "From $5 to $6, with" in page.get_text()
    assert [formula.get("display") for formula in page.find_all("math")] == [None, "block"]


def test_formulas_are_formulas(pages, lessons):
    for name in SERIES:
        written = "".join(cell.source for cell in lessons[name].cells if cell.cell_type == "markdown")
        shown = article(pages, f"notebooks/{name}").find_all("math", display="block")
        assert len(shown) == written.count("$$") / 2, name


def test_a_formula_that_can_not_be_shown_is_named(monkeypatch):
    said = []
    log = SimpleNamespace(warning=lambda line, *values, **_: said.append(line % values))
    monkeypatch.setattr(book_pages.logging, "getLogger", lambda _: log)
    translator = SimpleNamespace(body=[], encode=str)
    with pytest.raises(nodes.SkipNode):
        book_pages.formula(translator, nodes.math(r"\nonsense x", r"\nonsense x"))
    assert (
        translator.body == [r"\nonsense x"]
        and len(said) == 1
        and said[0].endswith(r"in the formula \nonsense x")
    )


def test_lessons_that_ran_show_their_outputs_and_others_the_stored_ones(pages):
    assert "seed 1" in article(pages, f"notebooks/{TRY}").get_text()
    failed = article(pages, f"notebooks/{FAIL}")
    assert failed.find(id=failed.find("a")["href"][1:]), "papermill's link to the cell"
    assert "AssertionError" in failed.select_one(".traceback").get_text()
    assert article(pages, "notebooks/07_predict_images").select(".cell_output")


def test_the_glossary_has_the_terms_of_the_lessons_with_their_sentences(pages):
    page = article(pages, "docs/glossary")
    found = {term.get_text().rstrip("#"): term.find_next_sibling("dd") for term in page.find_all("dt")}
    assert len(found) > 50 and all(len(term.split()) <= 6 for term in found)
    assert (
        "The sums, each at the position of its window, form the feature map"
        in found["feature map"].get_text()
    )
    assert len(found["loss"].find_all("p")) > 1, "explained in several lessons"
    links = {name: [link["href"] for link in meaning.find_all("a")] for name, meaning in found.items()}
    assert (
        all(links.values())
        and "../notebooks/05_build_the_network.html#what-comes-out-logits" in links["logits"]
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A **batch** is a part. Not this.", ("batch", "A **batch** is a part.", "here")),
        ("**Muon.** It turns. More.", ("muon", "**Muon.** It turns.", "here")),
        ("S. Ioffe and C. Szegedy made **Inception V3**.", ("Inception V3", None, "here")),
        (
            "- **ReLU** is in [06](06_train.ipynb).",
            ("ReLU", "**ReLU** is in [06](../notebooks/06_train.ipynb).", "here"),
        ),
        ("**1.** What is it?", None),
    ],
)
def test_terms(text, expected):
    cell = nbformat.v4.new_markdown_cell(f"## Here\n\n```\n# no heading\n```\n\n{text}")
    found = list(book.terms(nbformat.v4.new_notebook(cells=[cell])))
    if expected:
        term, sentence, section = expected
        assert found == [(term, sentence or text, section)]
    else:
        assert found == []


def test_solutions_are_closed_until_asked_for(pages, tmp_path):
    for name in SERIES:
        for folder in ("notebooks", "slides"):
            folded = [found for tag, found in pages[f"{folder}/{name}.html"].elements if tag == "details"]
            assert folded and not any("open" in found for found in folded), (folder, name)
    book.prepare(tmp_path, book.read_lessons(), solutions=True)
    for path in (tmp_path / "notebooks").iterdir():
        assert "<details open>" in path.read_text() and "<details>" not in path.read_text()
    assert "<details open>" not in "".join(path.read_text() for path in (tmp_path / "slides").iterdir())


def refused(**arguments) -> str:
    with pytest.raises(UserError) as error:
        book.write_book(**arguments)
    return str(error.value)


def test_a_folder_without_lessons_is_refused(tmp_path):
    for missing in (tmp_path / "nowhere", tmp_path):
        assert refused(out=tmp_path / "out", executed=missing).startswith("There is no executed lesson in ")
    (tmp_path / "05_build_the_network.ipynb").write_text("{")
    assert "can't be read as a notebook" in refused(out=tmp_path / "out", executed=tmp_path)
    assert not (tmp_path / "out").exists()


def test_an_out_that_is_no_book_or_can_not_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("dear")
    for out in (tmp_path, tmp_path / "file"):
        assert "holds something else than a book" in refused(out=out)
    assert "out can't be written: " in refused(out=tmp_path / "file" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_page_that_can_not_be_written_ends_the_book(tmp_path):
    """Sphinx only warns, as when the disk becomes full; the page would be cut, or not there."""
    book.prepare(tmp_path / "source", {}, solutions=False)
    (tmp_path / "site" / "CHANGELOG.html").mkdir(parents=True)
    with pytest.raises(OSError, match=r"CHANGELOG\.html"):
        book._build(tmp_path / "source", tmp_path / "site", {})


def test_without_sphinx_there_is_a_sentence_before_anything_runs(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "myst_nb", None)
    for command in (["book"], ["run", "02"]):
        done = CliRunner().invoke(cli, [*command, "--out", str(tmp_path / "out")])
        assert done.exit_code == 1 and done.stderr.startswith(
            'The book needs Sphinx: pip install -e ".[book]"'
        )
    assert not (tmp_path / "out").exists()


# --- Slides ------------------------------------------------------------------------------------------


def words(element) -> str:
    return " ".join(element.get_text().split())


def deck(pages, name: str) -> list[BeautifulSoup]:
    """The slides of a lesson's page."""
    page = BeautifulSoup(pages[f"slides/{name}.html"].text, "html.parser")
    return page.select("main > section")


def test_slides_are_what_was_chosen_and_the_same_parts_of_each_lesson(pages, lessons):
    for name in SERIES:
        first, *more = deck(pages, name)
        assert words(first.h1).startswith(f"{name[:2]} ") and "Page Down" in words(first)
        assert first.find("a", href=f"../notebooks/{name}.html") and first.find("a", href="../index.html")
        headings = [words(slide.h1).rstrip("#") for slide in more]
        assert headings[0] == "What you'll learn" and headings[-1] == "Summary"
        text = "".join(cell.source for cell in lessons[name].cells if cell.cell_type == "markdown")
        checks = [slide for slide in more if words(slide.h1).startswith("Check yourself")]
        assert len(checks) == text.count("*Check yourself.*")
        assert {len(slide.find_all("details")) for slide in checks} == {4}


def test_a_slide_has_its_figure_with_its_description_and_code_only_where_it_was_chosen(pages):
    shown = {}
    for name in SERIES:
        shown |= {words(slide.p): slide for slide in deck(pages, name) if slide.p}
    figure = shown["Multiply each weight by the pixel under it, and add up the products."]
    assert figure.img["alt"].startswith("A 6×6 image") and not figure.pre
    assert "width" not in figure.img.get("style", ""), "it takes the room that is left"
    code = shown["compile says how the network will learn."]
    assert "model.compile(" in words(code.pre)
    excerpt = shown["Conv2D is this layer."]
    assert 'filters=1, kernel_size=3, activation="relu"' in words(excerpt.pre)
    assert "shape by Keras: (1, 30, 30, 1)" in words(excerpt) and "set_weights" not in words(excerpt)
    [explorer] = [slide for slide in deck(pages, "03_see_convolution") if slide.script]
    assert words(explorer.h1).startswith("Try it")


def test_slides_are_not_found_by_search_and_lie_in_the_site_once(pages, site):
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert "Multiply" in pages["slides/03_see_convolution.html"].text and "slides/03_see_convolution" in index
    assert not (site / "_sources" / "slides").exists()
