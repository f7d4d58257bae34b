"""The book: lessons, slides and documentation as one site, for a folder or a server. `lessons book --help`.

Sphinx makes it, with docs/conf.py and lesson_tools/book_pages.py, from a folder that is laid out as the
repository is, so that links lead where they lead there. README.md becomes the first page.
"""

import logging
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from helpers.errors import UserError, one_line
from lesson_tools.folders import check_replaceable, output_folder, whole_folder
from lesson_tools.outputs import without_widgets
from lesson_tools.run import find_lessons, outcome, read_notebook, title
from lesson_tools.slides import FOLDER, lesson_slides

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
FILES = ("CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "LICENSE", "LICENSE-CC-BY-4.0")
TERM = re.compile(r"\*\*(?!\d+\.\*\*)(.+?)\.?\*\*")  # not the number of an exercise
SENTENCE = re.compile(r"(?<!\b[A-Z]\.)(?<=[.?!])\s+(?=[A-Z\"`*])")  # not behind an initial

CONTENTS = """
```{toctree}
:hidden:
:caption: The lessons
:glob:

notebooks/*
docs/glossary
```

```{toctree}
:hidden:
:caption: For teachers

docs/teaching
docs/questionnaire
docs/homework
docs/room
```

```{toctree}
:hidden:
:caption: More

docs/results
docs/parameters
docs/sweeps
CONTRIBUTING
CHANGELOG
```
"""
RUN = """
## What your run gave

| lesson | seconds | result |
| --- | --- | --- |
{rows}

Lessons that are not in this table did not run: their pages show the outputs that are stored with them.
"""
GLOSSARY = """# Glossary

The words that the lessons explain, each with its sentence.

```{{glossary}}
:sorted:

{entries}
```
"""
COLAB = (
    "On Google Colab, run the next cell first, then choose *Runtime*, *Restart session*. This was not tried."
)
INSTALL = """!git clone --depth 1 {repository} lessons
%pip install --quiet --editable "lessons[sweep]" --constraint lessons/requirements.txt"""


def require_sphinx() -> None:
    """Raise `UserError` if what makes the book is not installed."""
    try:
        import myst_nb  # noqa: F401
        import sphinx_book_theme  # noqa: F401
        import sphinx_copybutton  # noqa: F401
    except ImportError:
        raise UserError('The book needs Sphinx: pip install -e ".[book]" -c requirements.txt') from None


def write_book(out: Path, executed: Path | None = None, solutions: bool = False) -> Path:
    """Build the book into the folder `out`, and return the path of its first page.

    `executed`: a folder with lessons that were run, to their end or not; the first page then lists what they
    gave. Lessons that it doesn't hold come with their stored outputs. `solutions`: they are unfolded. A book
    that is in `out` is replaced; what Sphinx warns of goes to stderr. Raises `UserError` when Sphinx is not
    there, when `executed` holds no lesson or one that can't be read, and when `out` holds something else or
    can't be written.
    """
    require_sphinx()
    out = output_folder(out)
    check_replaceable(out)
    lessons = read_lessons(executed)
    with whole_folder(out) as site:
        prepare(site.parent / "source", lessons, solutions)
        _build(site.parent / "source", site, lessons)
    return out / "index.html"


def read_lessons(executed: Path | None = None) -> dict[str, NotebookNode]:
    """The lessons by name, "06_train_the_network", in order: those that were run, the others as stored.

    Raises `UserError` when the folder `executed` has none, or one that can't be read.
    """
    stored = find_lessons()
    ran = [path for lesson in stored if executed and (path := Path(executed, lesson.name)).exists()]
    if executed and not ran:
        raise UserError(f"There is no executed lesson in {executed}; make run puts them into build.")
    notebooks = {path.stem: read_notebook(path) for path in stored}
    notebooks |= {path.stem: read_notebook(path, "delete it, and run the lesson again.") for path in ran}
    return {name: without_widgets(_as_utf8(notebook)) for name, notebook in notebooks.items()}


def _as_utf8(notebook: NotebookNode) -> NotebookNode:
    """The notebook with ? for halves of characters, as of a file name in Latin-1: no page can hold them."""
    return nbformat.reads(nbformat.writes(notebook).encode(errors="replace").decode(), as_version=4)


def prepare(source: Path, lessons: dict[str, NotebookNode], solutions: bool) -> None:
    """Write what Sphinx reads into the folder `source`."""
    shutil.copytree(DOCS, source / "docs", ignore=shutil.ignore_patterns("conf.py", "_*"))
    for name in FILES:
        shutil.copy(ROOT / name, source)
    (source / "index.md").write_text(first_page(lessons), encoding="utf-8")
    (source / "docs" / "glossary.md").write_text(glossary(lessons), encoding="utf-8")
    for page in source.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        page.write_text(re.sub(r"\]\((\.\./)?README\.md", r"](\1index.md", text), encoding="utf-8")
    for folder in ("notebooks", FOLDER):
        (source / folder).mkdir()
    for name, notebook in lessons.items():
        texts = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
        for cell in texts:
            cell.source = re.sub("^# ", f"# {name[:2]} ", cell.source)
        nbformat.write(lesson_slides(name, notebook), source / FOLDER / f"{name}.ipynb")
        for cell in texts if solutions else ():
            cell.source = cell.source.replace("<details>", "<details open>")
        nbformat.write(notebook, source / "notebooks" / f"{name}.ipynb")


def first_page(lessons: dict[str, NotebookNode]) -> str:
    """README.md with the contents of the book, and with what a run gave if lessons come from one."""
    rows = []
    for name, notebook in lessons.items():
        if "papermill" in notebook.metadata:
            seconds, headline = outcome(notebook)
            text = re.sub(r"([\\`*_{}\[\]<>|#~$])", r"\\\1", " ".join(headline.split()))
            rows.append(f"| [{title(Path(name))}](notebooks/{name}.ipynb) | {seconds:.0f} | {text} |")
    results = RUN.format(rows="\n".join(rows)) if rows else ""
    opening, heading, sections = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## ")
    return opening + results + heading + sections + CONTENTS


def glossary(lessons: dict[str, NotebookNode]) -> str:
    """The page of the terms that lessons set in bold, each with its sentences and their places."""
    found = defaultdict(dict)  # term: lesson: what is said there
    for name, notebook in lessons.items():
        for term, sentence, section in terms(notebook):
            place = f"[Lesson {name[:2]}](../notebooks/{name}.ipynb#{section})"
            found[term][name] = f"  {sentence} {place}\n"
    entries = [f"{term}\n" + "\n".join(sentences.values()) for term, sentences in found.items()]
    return GLOSSARY.format(entries="\n".join(entries))


def terms(notebook: NotebookNode) -> Iterator[tuple[str, str, str]]:
    """Each term in bold: the term, its sentence, and the anchor of the section that it is in."""
    from myst_parser.mdit_to_docutils.base import default_slugify

    section = ""
    for cell in notebook.cells:
        source = re.sub("```.*?```", "", cell.source, flags=re.S) if cell.cell_type == "markdown" else ""
        for paragraph in re.split(r"\n\s*\n|\n(?=[-*] )", source):
            text = " ".join(paragraph.removeprefix("- ").split())
            if heading := re.match("#+ (.+)", text):
                section = default_slugify(heading[1])
            for sentence in SENTENCE.split(text):
                for bold in TERM.finditer(sentence):
                    term = re.sub("^(A|The) ", "", bold[1])
                    sentence = re.sub(r"\]\((?=\d\d_)", "](../notebooks/", sentence)
                    yield term.lower() if term[1:].islower() else term, sentence, section


def _build(source: Path, site: Path, lessons: dict[str, NotebookNode]) -> None:
    """Write the pages into the folder `site`; copies for Colab, if the repository has an address."""
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    folders = (source, DOCS, site, source.parent / "doctrees")
    try:
        with patch_docutils(DOCS), docutils_namespace():
            app = Sphinx(*folders, "html", status=None, warning=sys.stderr)
            logging.getLogger("sphinx").addHandler(_RefuseCutPages())
            app.build()
    except (OSError, UserError):
        raise
    except Exception as error:  # whatever its extensions come up with
        reason = one_line(f"{type(error).__name__}: {error}")
        raise UserError(f"Sphinx can't make the book ({reason}); the lessons that ran are kept.") from None
    shutil.rmtree(site / "_sources" / FOLDER)  # the lessons again, which nothing links to
    if repository := app.config.lessons_repository:
        (site / "colab").mkdir()
        for name, notebook in lessons.items():
            install = nbformat.v4.new_code_cell(INSTALL.format(repository=repository))
            notebook.cells[:0] = [nbformat.v4.new_markdown_cell(COLAB), install]
            nbformat.write(notebook, site / "colab" / f"{name}.ipynb")


class _RefuseCutPages(logging.Handler):
    """Raises the error of a file that can't be written, of which Sphinx only warns."""

    def emit(self, record: logging.LogRecord) -> None:
        for error in record.args or ():
            if isinstance(error, OSError):
                raise error
