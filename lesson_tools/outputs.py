"""Renew the stored outputs of the lessons: `lessons outputs --help`.

Each lesson is executed on the built-in images with its own defaults otherwise, in an empty folder, and
the outputs are put into the lesson as it stands. Outputs that mean something on one machine alone (cells
tagged `machine`) are left out. A lesson that fails or warns changes nothing.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from helpers.errors import UserError
from helpers.files import whole_file
from lesson_tools.parameters import PAGE, with_tables
from lesson_tools.run import execute, find_lessons, read_lesson

import nbformat


def without_widgets(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Take what lives in a kernel alone out of a notebook's outputs: the figure beside it stays."""
    widget = "application/vnd.jupyter.widget-view+json"
    for cell in notebook.cells:
        for output in list(cell.get("outputs", [])):
            if output.get("data", {}).pop(widget, None) and set(output.data) <= {"text/plain"}:
                cell.outputs.remove(output)  # such as a progress bar, whose text says how it began
    notebook.metadata.pop("widgets", None)
    return notebook


def stored_outputs(lesson: Path, folder: Path) -> nbformat.NotebookNode:
    """Execute `lesson` in `folder` and return it with the outputs to store.

    Raises `UserError` when a cell fails or writes to stderr, and when the lesson was changed meanwhile.
    """
    before = lesson.read_bytes()
    executed = without_widgets(execute(lesson, folder / lesson.name, {"dataset": "doodles"}, cwd=folder))
    notebook = read_lesson(lesson)
    if lesson.read_bytes() != before:
        raise UserError(f"{lesson.name} was changed while it ran: save it, and store its outputs again.")
    executed = [cell for cell in executed.cells if "injected-parameters" not in cell.metadata.tags]
    pairs = [pair for pair in zip(notebook.cells, executed, strict=True) if pair[0].cell_type == "code"]
    for number, (cell, ran) in enumerate(pairs, start=1):
        cell.execution_count = number
        cell.outputs = [] if "machine" in cell.metadata.get("tags", []) else ran.outputs
        for output in cell.outputs:
            if output.get("name") == "stderr":
                raise UserError(f"{lesson.name} wrote to stderr in cell {cell.get('id')}: {output['text']}")
            if "execution_count" in output:
                output.execution_count = number
    return notebook


def renew_outputs(numbers: Sequence[str] = ()) -> None:
    """Store the outputs of the lessons with these numbers, of all without one, and docs/parameters.md.

    Raises `UserError` when a lesson fails or warns; it then stays as it was.
    """
    with tempfile.TemporaryDirectory() as folder:
        for lesson in find_lessons(numbers):
            notebook = stored_outputs(lesson, Path(folder))
            with whole_file(lesson) as partial:
                nbformat.write(notebook, partial)
    with whole_file(PAGE) as partial:
        partial.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
