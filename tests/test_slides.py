"""The slides that the lessons choose: few, in their own words, of a size that fits, without Sphinx."""

import re

from lesson_tools import run
from lesson_tools.slides import CODE, SLIDE, lesson_slides

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from test_lessons import WORDS

LESSONS = run.find_lessons()
COLUMNS, LINES = 82, 14  # of code and of what it prints: 24 of the 720 units that a slide is high
FENCE = re.compile(r"```python\n(.*?)```", re.S)
FIGURE = {"image/png": ""}

every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


def chosen(notebook) -> list:
    return [cell for cell in notebook.cells if {SLIDE, CODE} & set(cell.metadata.get("tags", []))]


def texts(cell) -> list[str]:
    return cell.metadata.slide if isinstance(cell.metadata.slide, list) else [cell.metadata.slide]


def slides(notebook) -> list[list]:
    """The cells of each slide."""
    found = []
    for cell in lesson_slides("01_lesson", notebook).cells:
        if cell.source.startswith("# ") and cell.cell_type == "markdown":
            found.append([])
        found[-1].append(cell)
    return found


@every_lesson
def test_at_most_25_slides(lesson):
    assert 15 <= len(slides(run.read_notebook(lesson))) <= 25


@every_lesson
def test_formulas_are_plain_text(lesson):
    """A slide says it in a few words; the formula stands in the lesson."""
    assert not [
        cell
        for slide in slides(run.read_notebook(lesson))
        for cell in slide
        if re.search(r"\$.+\$", cell.source)
    ]


@every_lesson
def test_each_tag_has_a_text_and_something_to_show(lesson):
    notebook = run.read_notebook(lesson)
    assert [cell for cell in notebook.cells if SLIDE in cell.metadata] == chosen(notebook)
    for cell in chosen(notebook):
        figures = [output for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
        assert len(texts(cell)) in (1, len(figures)) and any(texts(cell)), cell.source
        assert (
            cell.cell_type == "markdown"
            or cell.outputs
            or {CODE, "machine"} & set(cell.metadata.tags)
            or (FENCE.search(cell.metadata.slide))
        ), cell.source


@every_lesson
def test_texts_are_short_in_the_words_of_the_lessons_and_their_code_is_the_cells(lesson):
    for cell in chosen(run.read_notebook(lesson)):
        for text in texts(cell):
            lines = {line.strip() for line in cell.source.splitlines()}
            shown = {line.strip() for code in FENCE.findall(text) for line in code.splitlines()}
            assert shown <= lines, shown - lines
            prose = FENCE.sub("", text)
            assert not re.search(rf"\b(?:{WORDS})\b", re.sub("`[^`]*`", "", prose), re.I | re.X), prose
            if cell.cell_type == "code":
                assert len(prose.strip()) <= 110, (
                    f"more than a sentence beside the figure or the code: {prose}"
                )


@every_lesson
def test_code_and_what_it_prints_fit_without_being_made_smaller(lesson):
    for slide in slides(run.read_notebook(lesson)):
        lines = [line for cell in slide for code in FENCE.findall(cell.source) for line in code.splitlines()]
        for cell in slide:
            if cell.cell_type == "code":
                lines += cell.source.splitlines() if "remove-input" not in cell.metadata.tags else []
                for output in cell.outputs:
                    data = output.get("data", {})
                    plain = "" if {"text/html", "image/png"} & set(data) else data.get("text/plain", "")
                    lines += output.get("text", plain).splitlines()
        assert len(lines) <= LINES and max(map(len, lines), default=0) <= COLUMNS, "\n".join(lines)


def made(*cells) -> list[list]:
    return slides(new_notebook(cells=[new_markdown_cell("# See\n\nIt."), *cells]))


def cell(tag: str, text, *outputs):
    shown = [
        new_output("display_data", data, metadata={"image/png": {"alt": "A.", "width": 8}})
        for data in outputs
    ]
    return new_code_cell("print(1)", outputs=shown, metadata={"tags": [tag], "slide": text})


def test_parts_that_are_slides_in_each_lesson():
    learn = "## What you'll do\n\nA.\n\n## What you'll learn\n\n- B.\n\n## What you need\n\nC."
    check = "Text.\n\n*Check yourself.* Which?\n\n<details><summary>This</summary>\n\nRight.\n\n</details>"
    found = made(
        *map(new_markdown_cell, (learn, f"## Look\n\n{check}", "## Summary\n\nD.\n\n## Exercises\n\nE."))
    )
    sources = ["\n".join(cell.source.strip() for cell in slide) for slide in found]
    assert sources[0].startswith("# See\n\nIt.\n\nNext: ") and sources[1] == "# What you'll learn\n\n- B."
    assert sources[2].startswith("# Check yourself\n\n Which?\n\n<details>") and sources[3:] == [
        "# Summary\n\nD."
    ]


def test_a_chosen_cell_shows_its_figures_or_else_what_it_prints_and_code_if_asked():
    look, text = new_markdown_cell("## Look\n\n### Closer"), {"text/plain": "1"}
    _, both, printed, code = made(
        look, cell(SLIDE, "A.", text, FIGURE), cell(SLIDE, "# Own\n\nB.", text), cell(CODE, "C.")
    )
    assert [slide[0].source for slide in (both, printed)] == ["# Closer\n\nA.", "# Own\n\nB."]
    assert [output.data for output in both[1].outputs] == [FIGURE]
    assert both[1].outputs[0].metadata == {"image/png": {"alt": "A."}}
    assert [output.data for output in printed[1].outputs] == [text]
    assert ["remove-input" in slide[1].metadata.tags for slide in (both, printed, code)] == [
        True,
        True,
        False,
    ]


def test_a_list_of_texts_makes_a_slide_for_each_figure_that_has_one():
    _, first, third = made(cell(SLIDE, ["A.", "", "C."], *[FIGURE | {"text/plain": name} for name in "abc"]))
    assert [slide[1].outputs[0].data["text/plain"] for slide in (first, third)] == ["a", "c"]
    assert [len(slide[1].outputs) for slide in (first, third)] == [1, 1]


def test_a_lesson_that_failed_has_slides():
    """The outputs of later cells are missing, and papermill has put a note before the title."""
    note = new_markdown_cell('<span style="color:red">An Exception was encountered</span>')
    cells = [note, new_markdown_cell("# See\n\nIt."), cell(SLIDE, "A."), cell(SLIDE, ["B.", "C."])]
    assert len(slides(new_notebook(cells=cells))) == 2
    nbformat.validate(lesson_slides("01_lesson", new_notebook(cells=cells)))


def test_a_tag_alone_is_enough():
    """Teachers add tags in JupyterLab, and plots that have no description."""
    plot = new_output("display_data", FIGURE)
    _, slide = made(
        new_markdown_cell("## Look"), new_code_cell("1", outputs=[plot], metadata={"tags": [SLIDE]})
    )
    assert slide[0].source.strip() == "# Look" and [output.data for output in slide[1].outputs] == [FIGURE]
