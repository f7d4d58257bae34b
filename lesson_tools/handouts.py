"""The lessons to hand out: pages to read or print, slides for the projector and an index.

Each file needs nothing but a browser. They show the stored outputs of notebooks/, or those of lessons that
were run.
"""

import re
from pathlib import Path

from helpers.errors import UserError
from helpers.files import whole_file
from lesson_tools.pages import body_page, lesson_body, link, page
from lesson_tools.run import find_lessons, title
from lesson_tools.slides import lesson_slides

import nbformat
from markupsafe import Markup
from nbformat import NotebookNode

MINUTES = re.compile(r"\b(?:(less than|under|about) )?(\d+) minutes?\b", re.I)


def write_handouts(out: Path, executed: Path | None = None, solutions: bool = False) -> Path:
    """Write pages, slides and index into the folder `out`, and return the index's path.

    `executed`: a folder with the executed lessons of a `make run`; without it the lessons come with their
    stored outputs. `solutions`: all solutions are unfolded. Files of an earlier call are replaced, each as a
    whole, and none is deleted. Raises `UserError` before anything is written when lessons are missing or
    not finished, and when a file can't be written.
    """
    lessons = read_lessons(executed)
    out = Path(out).resolve()
    if executed and out == Path(executed).resolve():
        raise UserError(f"The handouts would replace the pages in {out}; give another folder with --out.")
    names = list(lessons)
    titles = {name: title(Path(name)) for name in names}
    files = {}
    for place, (name, notebook) in enumerate(lessons.items()):
        links = [("index.html", "All lessons"), (f"slides/{name}.html", "Slides of this lesson")]
        if place > 0:
            links.append((f"{names[place - 1]}.html", f"Before: {titles[names[place - 1]]}"))
        if place < len(names) - 1:
            links.append((f"{names[place + 1]}.html", f"Next: {titles[names[place + 1]]}"))
        body = lesson_body(notebook, names, solutions)
        files[f"{name}.html"] = body_page(body, titles[name], links)
        files[f"slides/{name}.html"] = lesson_slides(body, titles[name], f"../{name}.html", "../index.html")
    files["index.html"] = index(lessons)  # the last one, so that it never leads to a page that is missing
    for file, text in files.items():
        _write(out / file, text)
    return out / "index.html"


def read_lessons(executed: Path | None = None) -> dict[str, NotebookNode]:
    """The lessons by name, "05_train_the_network", in order: the stored ones, or those that were run.

    Raises `UserError` when the folder `executed` has none, or one that did not run to its end.
    """
    if executed is None:
        paths = find_lessons()
    else:
        paths = sorted(Path(executed).glob("[0-9][0-9]_*.ipynb"))
        if not paths:
            raise UserError(f"There is no executed lesson in {executed}; make run puts them into build.")
    lessons = {}
    for path in paths:
        try:
            lessons[path.stem] = nbformat.read(path, as_version=4)
        except (OSError, nbformat.reader.NotJSONError, nbformat.ValidationError):
            raise UserError(f"{path} can't be read as a notebook.") from None
        code = [cell for cell in lessons[path.stem].cells if cell.cell_type == "code"]
        states = {cell.metadata.get("papermill", {}).get("status", "completed") for cell in code}
        if states != {"completed"} or not any(cell.outputs for cell in code):
            raise UserError(f"The lesson {path} did not run to its end; run it again, with make run.")
    return lessons


def index(lessons: dict[str, NotebookNode]) -> str:
    """The page that lists the lessons: what each is about, how long it computes, its page and its slides."""
    rows = []
    for name, notebook in lessons.items():
        words = title(Path(name))
        slides = '<a href="slides/{}.html" aria-label="Slides of {}">slides</a>'
        rows.append((link(f"{name}.html", words), *about(notebook), Markup(slides).format(name, words)))
    columns = ("lesson", "what you do", "minutes of computing", "projector")
    return page("handouts.html", title="The lessons: handouts", columns=columns, rows=rows)


def about(notebook: NotebookNode) -> tuple[str, str]:
    """What a lesson is about, its first paragraph, and its minutes as 'What you need' says: "under 1"."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    what = " ".join(text.split("\n\n")[1].split())
    need = text.partition("## What you need")[2].partition("\n## ")[0]
    found = MINUTES.search(" ".join(need.split()))
    return what, f"{found[1] or ''} {found[2]}".strip().lower() if found else "not said"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial:
            partial.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} can't be written: {error.strerror}.") from None
