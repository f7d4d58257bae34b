"""Renew the stored outputs of the lessons: `python -m lesson_tools.outputs`, or `make outputs`.

Each lesson is executed on the built-in images with its own defaults otherwise, in an empty folder, and
the outputs are put into the lesson as it stands. Outputs that mean something on one machine alone (cells
tagged `machine`) are left out. A lesson that fails or warns changes nothing.
"""

import sys
import tempfile
from pathlib import Path

from lesson_tools.pages import without_widgets
from lesson_tools.run import SeriesError, execute, find_lessons

import nbformat


def stored_outputs(lesson: Path, folder: Path) -> nbformat.NotebookNode:
    """Execute `lesson` in `folder` and return it with the outputs to store.

    Raises `SeriesError` when a cell fails or writes to stderr.
    """
    executed = without_widgets(execute(lesson, folder / lesson.name, {"dataset": "doodles"}, cwd=folder))
    outputs = {cell.id: cell for cell in executed.cells if cell.cell_type == "code"}
    notebook = nbformat.read(lesson, as_version=4)
    for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1):
        cell.execution_count = number
        cell.outputs = [] if "machine" in cell.metadata.get("tags", []) else outputs[cell.id].outputs
        for output in cell.outputs:
            if output.get("name") == "stderr":
                raise SeriesError(f"{lesson.name} wrote to stderr in cell {cell.id}: {output['text']}")
            if "execution_count" in output:
                output.execution_count = number
    return notebook


def main(numbers: list[str]) -> int:
    try:
        with tempfile.TemporaryDirectory() as folder:
            for lesson in find_lessons(numbers):
                notebook = stored_outputs(lesson, Path(folder))
                partial = lesson.with_suffix(".partial")
                nbformat.write(notebook, partial)
                partial.replace(lesson)
    except SeriesError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
