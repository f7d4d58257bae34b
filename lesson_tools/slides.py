"""The slides of a lesson: what was chosen in it for the projector, as a notebook that Sphinx makes a page of.

In each lesson, the title, *What you'll learn*, the self-checks and the summary are slides. More are chosen
by a cell's tag: `slide` shows what the cell shows, `slide-code` its code as well. `slide` in the cell's
metadata is what the slide says about it, in Markdown. Nothing is shortened: what doesn't fit, a test finds.
A slide is a box of 1280 × 720 units that fills the window, so that what fits on one screen fits on all.
"""

import re
from collections.abc import Iterator

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

FOLDER = "slides"  # of the book
SLIDE, CODE = "slide", "slide-code"  # the tags; the first is also the name of the text in the metadata
HEADING = re.compile(r"^#+ (.+)", re.M)
ALWAYS = re.compile(r"(?:\A# |^## (?=What you'll learn$|Summary$)).+?(?=^## |\Z)", re.M | re.S)
CHECK = re.compile(r"^\*Check yourself\.\*(.+)", re.M | re.S)
KEYS = """

Next: →, space, Page Down or a click. On a question, this opens the answers one by one; ↓ skips them. Back: ←.

[The lesson, to read](../notebooks/{name}.ipynb) · [All lessons](../index.md)"""


def lesson_slides(name: str, lesson: NotebookNode) -> NotebookNode:
    """The slides of the lesson "06_train_the_network", as a notebook: a heading of level 1 begins a slide.

    It belongs into a folder beside that of the lessons, because it links to the lesson.
    """
    cells, heading = [], ""
    for cell in lesson.cells:
        if cell.cell_type == "markdown":
            heading = (HEADING.findall(cell.source) or [heading])[-1]
        if {SLIDE, CODE} & set(cell.metadata.get("tags", [])):
            cells += _chosen(cell, heading)
        if cell.cell_type == "markdown":
            cells += [new_markdown_cell(re.sub("^##? ", "# ", part)) for part in ALWAYS.findall(cell.source)]
            cells += [new_markdown_cell(f"# Check yourself\n\n{part}") for part in CHECK.findall(cell.source)]
    cells = cells or [new_markdown_cell(f"# {name}")]  # of a lesson without a title
    cells[0].source += KEYS.format(name=name)
    metadata = lesson.metadata | {"orphan": True, "nosearch": True}  # in no table of contents, nor found
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _chosen(cell: NotebookNode, heading: str) -> Iterator[NotebookNode]:
    """The slides of a cell with a tag: one, or with a list of texts, one for each figure that has a text.

    The heading is that of the section, unless the text begins with its own.
    """
    text, outputs = cell.metadata.get(SLIDE, ""), cell.get("outputs", [])
    figures = [_unscaled(output) for output in outputs if "image/png" in output.get("data", {})]
    chosen = [(text, figures or outputs)]
    if isinstance(text, list):
        chosen = [(each, [figure]) for each, figure in zip(text, figures, strict=False) if each]
    for text, shown in chosen:
        yield new_markdown_cell(text if HEADING.match(text) else f"# {heading}\n\n{text}")
        if cell.cell_type == "code":
            tags = cell.metadata.tags + ([] if CODE in cell.metadata.tags else ["remove-input"])
            yield new_code_cell(cell.source, outputs=shown, metadata={"tags": tags})


def _unscaled(figure: NotebookNode) -> NotebookNode:
    """A figure without the width that it has in the lesson: on a slide, it takes the room that is left."""
    about = {name: value for name, value in figure.metadata.get("image/png", {}).items() if name != "width"}
    return nbformat.from_dict(figure | {"metadata": {"image/png": about}})
