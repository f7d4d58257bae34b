"""Variants of the homework: each is solved by its own solutions, and not by those of another."""

import ast
import re

from helpers import figures
from helpers.errors import UserError
from lesson_tools import homework
from lesson_tools.cli import cli
from lesson_tools.homework import find_homework, grade_and_report, make, write_answers
from lesson_tools.variants import draw_numbers, make_variant, variant_of

import nbformat
import pandas as pd
import pytest
import test_grading
from click.testing import CliRunner
from test_homework import HOMEWORK, cells, read, run, source

VARIANTS = ["7A", "7B", "7C", "8A", "Q2"]
SMALL = "width, height = draw((64, 48), (80, 60))\n---\n{width} pixels\n{width} * {height}"


def small(numbers=SMALL, text="# Homework 02: Count\n\n640 and 0.64 pixels are not 64 pixels."):
    """The source of a homework with two cells and the numbers of its variants."""
    tagged = nbformat.v4.new_raw_cell(numbers, metadata={"tags": ["variant"]})
    notes = [nbformat.v4.new_markdown_cell(text), tagged, nbformat.v4.new_code_cell("64 * 48, 64 * 480")]
    return nbformat.v4.new_notebook(cells=notes)


def without_training(notebook):
    """The notebook, without the cells that train networks: they take long, and no variant changes them."""
    notebook.cells = [cell for cell in notebook.cells if ".fit(" not in cell.source]
    return notebook


def written_out(notebook, names):
    """The answers that are no functions, as a learner would copy them: {answer cell: code}."""
    answers = {}
    for name, cell in cells(notebook, "answer-").items():
        stub = ast.parse(cell.source.partition("### BEGIN SOLUTION")[0])
        targets = [line.targets[0].id for line in stub.body if isinstance(line, ast.Assign)]
        if targets:
            answers[name] = "\n".join(f"{target} = {plain(names[target])!r}" for target in targets)
    return answers


def plain(value):
    return value.item() if hasattr(value, "item") else value


def failed_tests(notebook, names, answers):
    """The tests of these answers that fail when they are put in place of the right ones."""
    answer = "\n".join(answers.values())
    about = re.compile("|".join(rf"\b{name}\b" for name in re.findall(r"^(\w+) = ", answer, re.MULTILINE)))
    names, failed = dict(names), []
    exec(answer, names)
    for name, cell in cells(notebook, "test-").items():
        if about.search(cell.source):
            try:
                exec(cell.source, names)
            except AssertionError:
                failed.append(name)
    return failed


def hints_that_meet(notebook, names):
    """The tests in which two wrong answers are the same number, so that one is told the wrong hint."""
    found = []
    for name, cell in cells(notebook, "test-").items():
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Dict) and node.keys and not isinstance(node.keys[0], ast.Name):
                keys = [eval(ast.unparse(key), dict(names)) for key in node.keys]
                found += [name] if len(set(keys)) < len(keys) else []
    return found


@pytest.mark.parametrize("name", HOMEWORK)
def test_five_variants_are_solved_and_differ(name, monkeypatch):
    for drawn in ("image_grid", "maps", "number_tables", "show"):
        monkeypatch.setattr(figures, drawn, lambda *arguments, **options: None)
    original = source(name)
    code = next(cell.source for cell in original.cells if cell.cell_type == "raw").partition("\n---\n")[0]
    for seed in range(200):
        draw_numbers(code, str(seed))  # every choice goes with every other

    trained = {cell.source for cell in original.cells if ".fit(" in cell.source}
    names, failed = run(without_training(source(name)), {})
    assert not failed
    answers = [written_out(original, names)]
    for variant in VARIANTS:
        notebook = make_variant(original, f"{name}-{variant}")
        assert {cell.source for cell in notebook.cells if ".fit(" in cell.source} == trained
        assert f", variant {variant}: " in notebook.cells[0].source and variant_of(notebook) == variant
        names, failed = run(without_training(notebook), {})
        assert not failed
        own = written_out(notebook, names)
        assert not failed_tests(notebook, names, own)
        assert len(failed_tests(notebook, names, answers[0])) >= 3, "everybody may know the answers of these"
        assert len(failed_tests(notebook, names, answers[-1])) >= 2, "two classes have the same numbers"
        assert not hints_that_meet(notebook, names)
        answers.append(own)


def test_a_phrase_is_replaced_and_nothing_that_looks_like_a_part_of_it():
    variant = make_variant(small(), "homework_02-7A")
    title = "# Homework 02, variant 7A: Count\n\n"
    assert [cell.source for cell in variant.cells] == [
        f"{title}640 and 0.64 pixels are not 80 pixels.",
        "80 * 60, 64 * 480",
    ]
    assert variant_of(small()) == "" and variant_of(variant) == "7A"
    assert variant_of(nbformat.v4.new_notebook()) is None


def test_the_numbers_are_the_same_everywhere():
    """By what `random` promises: they were written down with Python 3.11."""
    code = "numbers = [draw(0, *range(1, 1_000)) for _ in range(3)]"
    assert draw_numbers(code)["numbers"] == [0, 0, 0]
    assert draw_numbers(code, "homework_03-7A")["numbers"] == [358, 879, 361]
    assert draw_numbers("a = draw(1, 2)", "any")["a"] == 2  # never that which everybody knows


def test_phrases_that_do_not_fit_their_source():
    with pytest.raises(UserError, match="homework_02 has no longer the text '64 pixels' of its variant cell"):
        make_variant(small(text="# Homework 02: Count"), "homework_02-7A")
    same = "a, b = draw((1, 1), (2, 3))\n---\n{a} and\n{b} and"
    with pytest.raises(UserError, match="Two phrases of the variant cell are both '1 and': make them longer"):
        make_variant(small(same), "homework_02-7A")
    for mistake in ("a = draw(1, 2\n---\n{a}", "a = draw(1, 2)\n---\n{b}", "a = draw(1)\n---\n{a}"):
        with pytest.raises(UserError, match=r"There is a mistake in the variant cell: \w+Error"):
            make_variant(small(mistake), "homework_02-7A")
    without = small()
    del without.cells[1]
    with pytest.raises(UserError, match="homework_02 has no variants: none of its cells has the tag variant"):
        make_variant(without, "homework_02-7A")


@pytest.mark.parametrize("name", ["", "7 A", "7-A", "../7A", "7ä", "7A\n", "a" * 13])
def test_names_that_no_variant_can_have(name, tmp_path):
    done = CliRunner().invoke(
        cli, ["homework", "make", "02", "--variant", name, "--course", str(tmp_path / "course")]
    )
    assert done.exit_code == 1 and done.stderr.startswith("A variant is named by 1 to 12 letters A to Z and ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "course").exists()


def test_a_class_with_a_variant(tmp_path, capsys, monkeypatch):
    """Through nbgrader, with the small homework, and other variants of it among what is handed in."""
    source, name, course = test_grading.notebook(), "homework_02-7A", tmp_path / "course"
    numbers = """
pixels = draw([1, 2, 3], [2, 3, 5])
total = sum(pixels)
twice = 2 * total
---
pixels = {pixels}
total = {total}
twice = {twice}
twice != {twice}
twice == {twice}"""
    source.cells.insert(1, nbformat.v4.new_raw_cell(numbers, metadata={"tags": ["variant"]}))
    (tmp_path / "sources" / "homework_02").mkdir(parents=True)
    nbformat.write(source, tmp_path / "sources" / "homework_02" / "homework_02.ipynb")
    monkeypatch.setattr(homework, "SOURCES", tmp_path / "sources")
    mail = tmp_path / "mail"
    mail.mkdir()

    assert find_homework(["2"], "7a") == [name]
    for command in (
        lambda: write_answers([name], course),
        lambda: grade_and_report("02", course, mail, variant="7a"),
    ):
        with pytest.raises(UserError, match=r"no variant 7A of homework_02 in .*: lessons homework make 02"):
            command()
    assert not course.exists()

    released = {}
    for variant in ("7A", "7B", None):
        [path] = make(find_homework(["02"], variant), course)
        released[variant] = read(path)
        assert [cell.id for cell in released[variant].cells] == [
            cell.id for cell in source.cells if cell.cell_type != "raw"
        ]
        assert not re.search(r"draw\(|BEGIN", nbformat.writes(released[variant]))
    right, copied = (
        test_grading.answered(released["7A"], answer_1a=f"total = {total}", answer_1b=f"twice = {2 * total}")
        for total in (10, 6)
    )
    class_ = {"ada": right, "ben": released["7B"], "cleo": released[None], "dora": copied}
    for person, notebook in class_.items():
        nbformat.write(notebook, mail / f"{person}_homework_02.ipynb")

    assert grade_and_report("02", course, mail, answers=True, variant="7A")
    assert capsys.readouterr().err.splitlines() == [
        "Left out: cleo: no variant.",
        "Left out: ben: variant 7B: grade it with --variant 7B.",
    ]
    table = pd.read_csv(course / f"{name}.csv", index_col="name")
    assert table["points"].to_dict() == {"ada": 3, "dora": 1}  # one of two points for an even number
    page = (course / "feedback" / "dora" / name / f"{name}.html").read_text(encoding="utf-8")
    [answers] = write_answers([name], course)
    for text in (page, answers.read_text(encoding="utf-8")):
        assert "Homework 02, variant 7A: Count" in text and "total = 10" in text and "total = 6" not in text

    (mail / "ben_homework_02.ipynb").unlink()
    reason = r"None of the notebooks is homework_02-7B\. cleo: no variant\. ada, dora: variant 7A: "
    with pytest.raises(UserError, match=reason):
        grade_and_report("02", course, mail, variant="7B")
