"""The handouts: whole without the web, fit for screen readers, all lessons with slides, clear refusals."""

import itertools
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

from helpers.errors import UserError
from lesson_tools import pages, run, slides
from lesson_tools.handouts import read_lessons, write_handouts

import nbformat
import pytest

# Cells whose output depends on the machine, neighbors, a link to a lesson that is not there, a long table.
LESSONS = run.find_lessons(["01", "02", "04", "09"])
NAMES = [path.stem for path in LESSONS]
VOID = {"meta", "img", "br", "hr", "link", "input", "source", "wbr", "col"}


class Reader(HTMLParser):
    """Collects the elements of a page with their attributes, the ids, and the text of each element."""

    def __init__(self, file: Path):
        super().__init__()
        self.file, self.elements, self.open = file, [], []
        # Without the images themselves, which take long to parse.
        self.text = re.sub(r";base64,[\w+/=\n]+", ";base64,…", file.read_text(encoding="utf-8"))
        self.feed(self.text)
        assert not self.open, f"{file.name}: not closed {self.open}"

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), (tag, names)
        element = {"tag": tag, "within": [e["tag"] for e in self.open], "text": "", **dict(attributes)}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        assert tag in VOID, tag
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1]["tag"] == tag, (self.file.name, tag, self.open[-1:])
        self.open.pop()

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, *tags):
        return [element for element in self.elements if element["tag"] in tags]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    stored, folder = tmp_path_factory.mktemp("stored"), tmp_path_factory.mktemp("handouts")
    for lesson in LESSONS:
        shutil.copy(lesson, stored)
    assert write_handouts(folder, stored) == folder / "index.html"
    return folder


@pytest.fixture(scope="module")
def read(out):
    return {str(file.relative_to(out)): Reader(file) for file in sorted(out.rglob("*.html"))}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A folder with one executed lesson, as `make run` leaves it, but short."""
    folder = tmp_path_factory.mktemp("executed")
    notebook = nbformat.read(run.NOTEBOOKS / "04_build_the_network.ipynb", as_version=4)
    notebook.cells = notebook.cells[:6] + notebook.cells[16:19] + notebook.cells[-6:]
    for cell in notebook.cells:
        cell.metadata["papermill"] = {"status": "completed"}
    nbformat.write(notebook, folder / "04_build_the_network.ipynb")
    return folder


def test_all_lessons_are_in_the_index_and_have_slides(read):
    assert list(read_lessons()) == [path.stem for path in run.find_lessons()]
    assert set(read) == {"index.html", *(f"{n}.html" for n in NAMES), *(f"slides/{n}.html" for n in NAMES)}
    links = [element["href"] for element in read["index.html"].all("a")]
    assert links == [link for name in NAMES for link in (f"{name}.html", f"slides/{name}.html")]
    rows = [element["text"] for element in read["index.html"].all("tr")][1:]
    for name, row in zip(NAMES, rows, strict=True):
        notebook = nbformat.read(run.NOTEBOOKS / f"{name}.ipynb", as_version=4)
        sentence = " ".join(notebook.cells[0].source.split("\n\n")[1].split())
        assert row.startswith(f"{run.title(Path(name))}{sentence}")
        assert re.search(r"\.(less than|under|about) [12]slides$", row), row
    assert "Page Down" in read["index.html"].text


def test_nothing_is_loaded_from_outside(read):
    for name, reader in read.items():
        for element in reader.elements:
            assert element["tag"] not in ("link", "iframe", "object", "embed", "base"), name
            if "src" in element:
                assert element["tag"] == "img" and element["src"].startswith("data:image/"), (name, element)
            assert not {"srcset", "background", "poster", "data", "action"} & set(element), (name, element)
            assert not any(attribute.startswith("on") for attribute in element), (name, element)
        styles = [e.get("style", "") for e in reader.elements] + [e["text"] for e in reader.all("style")]
        assert not any(re.search(r"url\(|@import|@font-face", style) for style in styles), name
        scripts = [e["text"] for e in reader.all("script")]
        assert len(scripts) == ("slides/" in name), "only slides have a script, of their own"
        assert not any(re.search(r"https?:|import|fetch|XMLHttp", script) for script in scripts)
        assert not re.search(r"\$\$|\\\(|mathjax", reader.text, re.I), name


def test_internal_links_and_anchors_lead_somewhere(read, out):
    ids = {name: {e["id"] for e in reader.elements if "id" in e} for name, reader in read.items()}
    for name, reader in read.items():
        assert len(ids[name]) == sum("id" in e for e in reader.elements), f"an id twice in {name}"
        for link in reader.all("a"):
            assert link["text"].strip(), (name, link)
            if link["href"].startswith("https://"):
                continue
            file, _, anchor = link["href"].partition("#")
            target = ((out / name).parent / file).resolve() if file else out.resolve() / name
            target = str(target.relative_to(out.resolve()))
            assert target in read, (name, link["href"])
            assert not anchor or anchor in ids[target], (name, link["href"])
    for number, name in enumerate(NAMES):
        there = {link["href"] for link in read[f"{name}.html"].all("a")}
        around = [*NAMES[max(0, number - 1) : number], *NAMES[number + 1 : number + 2]]
        assert {"index.html", f"slides/{name}.html", *(f"{other}.html" for other in around)} <= there


def test_figures_are_all_there_and_described(read):
    for name in NAMES:
        notebook = nbformat.read(run.NOTEBOOKS / f"{name}.ipynb", as_version=4)
        stored = [o for c in notebook.cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})]
        for file in (f"{name}.html", f"slides/{name}.html"):
            figures = read[file].all("img")
            assert [figure["alt"] for figure in figures] == [
                output.metadata["image/png"]["alt"] for output in stored
            ]
            assert all(len(figure["alt"]) > 30 for figure in figures)


def test_form_for_screen_readers(read):
    for name, reader in read.items():
        assert reader.text.startswith("<!doctype html>") and reader.all("html")[0]["lang"] == "en"
        assert reader.all("title")[0]["text"] and len(reader.all("main")) == 1
        levels = [int(e["tag"][1]) for e in reader.elements if re.fullmatch("h[1-6]", e["tag"])]
        assert levels[0] == 1 and levels.count(1) == 1, (name, levels)
        assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), (name, levels)
        for header in reader.all("th"):
            assert header["text"].strip() and header["scope"] in ("col", "row"), (name, header)
        assert sum(e["tag"] == "table" for e in reader.elements) <= len(reader.all("th"))
        scrolled = [e for e in reader.elements if e.get("class") == "table"]
        assert all(e["tabindex"] == "0" and e["aria-label"] for e in scrolled), name
        if "slides/" not in name:
            assert len(scrolled) == len(reader.all("table")), name


def test_solutions_are_closed_until_asked_for(read, small, tmp_path):
    for name in NAMES:
        for file in (f"{name}.html", f"slides/{name}.html"):
            folded = read[file].all("details")
            assert folded and not any("open" in details for details in folded), file
            assert any("Solutions" in summary["text"] for summary in read[file].all("summary")), file
    write_handouts(tmp_path, small, solutions=True)
    for file in ("04_build_the_network.html", "slides/04_build_the_network.html"):
        unfolded = Reader(tmp_path / file).all("details")
        assert unfolded and all("open" in details for details in unfolded), file


def test_cells_without_a_stored_output_say_so(read):
    for name in NAMES:
        notebook = nbformat.read(run.NOTEBOOKS / f"{name}.ipynb", as_version=4)
        machine = sum("machine" in cell.metadata.get("tags", []) for cell in notebook.cells)
        for file in (f"{name}.html", f"slides/{name}.html"):
            notes = [e["text"] for e in read[file].all("p") if e.get("class") == "note"]
            assert notes == machine * [pages.NOT_STORED], file


def test_slides_leave_nothing_out_but_what_they_say(read):
    """Headings, tables and unfolded texts are those of the page; imports and answer cells are not there."""
    for name in NAMES:
        page, deck = read[f"{name}.html"], read[f"slides/{name}.html"]
        headings = [re.sub(r" \d+/\d+$", "", e["text"]) for e in deck.all("h1", "h2")]
        headings = [h for place, h in enumerate(headings) if h != "Set up" and h not in headings[:place]]
        assert headings == [e["text"].rstrip("¶") for e in page.all("h1", "h2", "h3")], name
        checks = ["exercises.check_" in "".join(e["text"] for e in file.all("pre")) for file in (page, deck)]
        assert checks == [True, False], name
        said, shown = (
            {" ".join(e["text"].split()) for e in file.all("p", "li", "summary")} for file in (page, deck)
        )
        assert not {text for text in said if len(text) <= 180} - shown, name
        cells = [e["text"] for e in page.all("td") if e["text"].strip()]
        assert [e["text"] for e in deck.all("td") if e["text"].strip()] == cells, name
        ids = [int(e["id"]) for e in deck.all("section")]
        assert ids == list(range(1, len(ids) + 1)) and "Page Down" in deck.all("section")[0]["text"]


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("One. Two.", "One. Two."),
        ("A first one. Second. And a third.", "A first one.\N{NO-BREAK SPACE}…"),
        ("A first one. Second. So what is a third?", "A first one.\N{NO-BREAK SPACE}… So what is a third?"),
        ("A first one. Where is the second?", "A first one. Where is the second?"),
        ("A <em>first. One</em> ends. Then a second.", "A <em>first. One</em> ends.\N{NO-BREAK SPACE}…"),
        ("A test by R. Fisher. Then a second.", "A test by R. Fisher.\N{NO-BREAK SPACE}…"),
    ],
)
def test_paragraphs_are_shortened_between_sentences(text, short):
    assert slides.shortened(text, enough=12) == short


def test_a_long_table_is_cut_with_its_headers(read):
    page, deck = read["09_train_faster.html"], read["slides/09_train_faster.html"]
    assert len(deck.all("table")) > len(page.all("table"))
    assert len(deck.all("thead")) == len(deck.all("table"))


def test_executed_lessons_show_their_own_outputs_and_other_files_stay(small, tmp_path):
    folder, out = tmp_path / "executed", tmp_path / "out"
    shutil.copytree(small, folder)
    path = folder / "04_build_the_network.ipynb"
    path.write_text(path.read_text().replace("share of the convolutions", "portion of the convolutions"))
    (out / "slides").mkdir(parents=True)
    others = {"notes.txt", "05_train_the_network.html", "slides/mine.html"}
    for name in others | {"index.html"}:
        (out / name).write_text("from before")

    write_handouts(out, folder)
    page = (out / "04_build_the_network.html").read_text()
    assert "portion of the convolutions" in page
    assert ".ipynb" not in page and "05_train" not in page, "a link to a page that is not there"
    assert "from before" not in (out / "index.html").read_text()
    found = {file.relative_to(out).as_posix() for file in out.rglob("*.*")}
    assert found == {"index.html", "04_build_the_network.html", "slides/04_build_the_network.html"} | others
    assert all((out / name).read_text() == "from before" for name in others)


def test_a_folder_without_finished_lessons_is_refused(tmp_path, small):
    out, folder = tmp_path / "out", tmp_path / "executed"
    for missing in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(UserError, match=f"There is no executed lesson in {re.escape(str(missing))};"):
            write_handouts(out, missing)
    folder.mkdir()
    path = folder / "04_build_the_network.ipynb"
    path.write_text("{")
    with pytest.raises(UserError, match="can't be read as a notebook"):
        write_handouts(out, folder)
    failed, unrun = (nbformat.read(small / path.name, as_version=4) for _ in range(2))
    [*_, last] = (cell for cell in failed.cells if cell.cell_type == "code")
    last.metadata.papermill.status = "failed"
    for cell in unrun.cells:
        cell.update({"outputs": []} if cell.cell_type == "code" else {})
    for wrong in (failed, unrun):
        nbformat.write(wrong, path)
        with pytest.raises(UserError, match=r"04_build_the_network\.ipynb did not run to its end"):
            write_handouts(out, folder)
    assert not out.exists()


def test_an_out_that_can_not_be_written_is_refused(tmp_path, small):
    (tmp_path / "file").write_text("")
    (tmp_path / "out" / "index.html").mkdir(parents=True)
    for out in ("file", "file/out", "out"):
        with pytest.raises(UserError, match="can't be written: "):
            write_handouts(tmp_path / out, small)
    assert not [file for file in tmp_path.rglob("*") if "partial" in file.name]
    before = sorted(small.iterdir())
    with pytest.raises(UserError, match="would replace the pages"):
        write_handouts(small, small)
    assert sorted(small.iterdir()) == before
