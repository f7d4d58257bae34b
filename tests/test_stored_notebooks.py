"""What is not stored in a notebook: traces of a run or of an editor, and outputs of one machine alone."""

import json
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
LANGUAGE = {"name": "python"}  # an editor adds its version of Python


def not_to_be_stored(notebook: dict, homework: bool) -> list[str]:
    """What the notebook, as read from its JSON, holds too much."""
    metadata = notebook["metadata"]
    plain = metadata.keys() == {"kernelspec", "language_info"} and metadata["language_info"] == LANGUAGE
    found = [] if plain else ["metadata of the notebook"]
    for number, cell in enumerate(notebook["cells"]):
        if cell["metadata"].keys() - ({"nbgrader", "tags"} if homework else {"tags", "live", "slide"}):
            found.append(f"metadata of cell {number}")
        if cell.get("outputs") and (homework or "machine" in cell["metadata"].get("tags", [])):
            found.append(f"outputs of cell {number}")
    return found


@pytest.mark.parametrize("homework", [False, True])
def test_notebooks_hold_nothing_else(homework):
    paths = sorted(NOTEBOOKS.glob("homework/*/*.ipynb" if homework else "*.ipynb"))
    read = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in paths}
    found = {name: not_to_be_stored(notebook, homework) for name, notebook in read.items()}
    assert paths and {name: what for name, what in found.items() if what} == {}


def test_what_a_run_leaves_is_found():
    cell = {"metadata": {"tags": ["machine"], "execution": {}}, "outputs": [{}]}
    metadata = {"kernelspec": {}, "language_info": LANGUAGE, "papermill": {}}
    assert not_to_be_stored({"metadata": metadata, "cells": [cell]}, homework=False) == [
        "metadata of the notebook",
        "metadata of cell 0",
        "outputs of cell 0",
    ]
