"""The lessons to hand out: `python -m lesson_tools.handouts --help`, or `make handouts`.

Pages to read or print, slides for the beamer and an index, each a file that needs nothing but a browser. They
show the stored outputs of notebooks/, or with --from those of lessons that were run.
"""

import argparse
import html
import re
import sys
from pathlib import Path

from lesson_tools.pages import body_page, lesson_body, lessons_table, page
from lesson_tools.run import SeriesError, find_lessons, title
from lesson_tools.slides import KEYS, lesson_slides

import nbformat
from nbformat import NotebookNode

MINUTES = re.compile(r"\b(?:(less than|under|about) )?(\d+) minutes?\b", re.I)


class HandoutsError(SeriesError):
    """Handouts that can't be made; the message says what was wrong and what is accepted."""


def write_handouts(out: Path, executed: Path | None = None, solutions: bool = False) -> Path:
    """Write pages, slides and index into the folder `out`, and return the index's path.

    `executed`: a folder with the executed lessons of a `make run`; without it the lessons come with their
    stored outputs. `solutions`: all solutions are unfolded. Files of an earlier call are replaced, each as a
    whole, and none is deleted. Raises `HandoutsError` before anything is written when lessons are missing or
    not finished, and when a file can't be written.
    """
    lessons = read_lessons(executed)
    out = Path(out).resolve()
    if executed and out == Path(executed).resolve():
        raise HandoutsError(f"The handouts would replace the pages in {out}; give another folder with --out.")
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

    Raises `HandoutsError` when the folder `executed` has none, or one that did not run to its end.
    """
    if executed is None:
        paths = find_lessons()
    else:
        paths = sorted(Path(executed).glob("[0-9][0-9]_*.ipynb"))
        if not paths:
            raise HandoutsError(f"There is no executed lesson in {executed}; make run puts them into build.")
    lessons = {}
    for path in paths:
        try:
            lessons[path.stem] = nbformat.read(path, as_version=4)
        except (OSError, nbformat.reader.NotJSONError, nbformat.ValidationError):
            raise HandoutsError(f"{path} can't be read as a notebook.") from None
        code = [cell for cell in lessons[path.stem].cells if cell.cell_type == "code"]
        states = {cell.metadata.get("papermill", {}).get("status", "completed") for cell in code}
        if states != {"completed"} or not any(cell.outputs for cell in code):
            raise HandoutsError(f"The lesson {path} did not run to its end; run it again, with make run.")
    return lessons


def index(lessons: dict[str, NotebookNode]) -> str:
    """The page that lists the lessons: what each is about, how long it computes, its page and its slides."""
    rows = []
    for name, notebook in lessons.items():
        words = html.escape(title(Path(name)))
        what, minutes = about(notebook)
        rows.append(
            (
                f'<a href="{name}.html">{words}</a>',
                html.escape(what),
                html.escape(minutes),
                f'<a href="slides/{name}.html" aria-label="Slides of {words}">slides</a>',
            )
        )
    columns = ("lesson", "what you do", "minutes of computing", "beamer")
    return page(
        "The lessons: handouts",
        "<main>\n<h1>The lessons</h1>\n"
        "<p>Each lesson as a page, to read or to print, and as slides for the beamer.</p>\n"
        f"{lessons_table(columns, rows)}\n<h2>Keys in the slides</h2>\n<p>{KEYS} "
        "The file prints one slide a page. Where a slide says “…”, the page says more.</p>\n</main>",
    )


def about(notebook: NotebookNode) -> tuple[str, str]:
    """What a lesson is about, its first paragraph, and its minutes as 'What you need' says: "under 1"."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    what = " ".join(text.split("\n\n")[1].split())
    need = text.partition("## What you need")[2].partition("\n## ")[0]
    found = MINUTES.search(" ".join(need.split()))
    return what, f"{found[1] or ''} {found[2]}".strip().lower() if found else "not said"


def _write(path: Path, text: str) -> None:
    """Write a file so that whoever reads it meanwhile sees the old one or the new one, whole."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise HandoutsError(f"{path} can't be written: {error.strerror}.") from None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m lesson_tools.handouts",
        description="Make pages and slides of the lessons, to hand out.",
    )
    parser.add_argument(
        "--out", default="build/handouts", metavar="DIR", help="folder for them (default: build/handouts)"
    )
    parser.add_argument(
        "--from", dest="executed", metavar="DIR", help="a folder of executed lessons, such as build"
    )
    parser.add_argument("--solutions", action="store_true", help="unfold all solutions, also for print")
    options = parser.parse_args(arguments)
    try:
        written = write_handouts(options.out, options.executed, options.solutions)
    except HandoutsError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The handouts: {written}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
