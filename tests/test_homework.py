"""The homework, graded by the real nbgrader: right, untouched and wrong answers."""

import html
import re

from lesson_tools import homework as helper
from lesson_tools.run import NOTEBOOKS

import nbformat
import pandas as pd
import pytest
from homework_answers import WRONG
from nbgrader.api import Gradebook

HOMEWORK = sorted(path.name for path in (NOTEBOOKS / "homework").iterdir() if path.is_dir())


def cells(notebook, prefix):
    """The cells of a notebook by their grade_id, those that begin with `prefix`."""
    graded = {cell.metadata.get("nbgrader", {}).get("grade_id", ""): cell for cell in notebook.cells}
    return {name: cell for name, cell in graded.items() if name.startswith(prefix)}


def source(homework):
    return nbformat.read(NOTEBOOKS / "homework" / homework / f"{homework}.ipynb", as_version=4)


def hand_in(course, homework, student, answers):
    """The student version with `answers` (a source for each answer's cell) as what `student` hands in."""
    notebook = nbformat.read(course / "release" / homework / f"{homework}.ipynb", as_version=4)
    for name, answer in answers.items():
        cells(notebook, name)[name].source = answer
    folder = course / "submitted" / student / homework
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{homework}.ipynb")


@pytest.fixture
def course(tmp_path):
    return tmp_path / "course"


def scores(course, homework, student):
    """Points of each test, {cell: (points, most)}, and the cells a person has to grade."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        grades = book.find_submission_notebook(homework, homework, student).grades
        points = {grade.name: (grade.auto_score, grade.max_score) for grade in grades}
        return points, {grade.name for grade in grades if grade.needs_manual_grade}


def test_each_lesson_from_02_to_08_has_its_homework():
    assert HOMEWORK == [f"homework_{number:02d}" for number in range(2, 9)] == list(WRONG)


@pytest.mark.parametrize("homework", HOMEWORK)
def test_wrong_answers_are_many_enough_and_rubrics_add_up(homework):
    notebook = source(homework)
    assert set(WRONG[homework]) == set(cells(notebook, "answer-"))
    assert all(len(wrong) >= 3 for wrong in WRONG[homework].values())
    tested = {test for wrong in WRONG[homework].values() for test, _, _ in wrong}
    assert tested == set(cells(notebook, "test-")), "a test that no wrong answer fails"
    explain = cells(notebook, "explain-")
    assert explain
    for cell in explain.values():
        rubric = [int(points) for points in re.findall(r"^- (\d) points?: ", cell.source, re.M)]
        assert sum(rubric) == cell.metadata.nbgrader.points
        assert "**Often wrong:**" in cell.source
    total = sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in notebook.cells)
    assert f"**Points:** {total}." in notebook.cells[0].source
    minutes = int(re.search(r"about (\d+) minutes", notebook.cells[0].source).group(1))
    assert 20 <= minutes <= 40


BY_NBGRADER = (
    3  # of the wrong answers to each question; a run in nbgrader takes seconds, so the others go without
)


def nth_wrong(homework, number):
    """The wrong answers with this number, and the code of all answers when they are handed in."""
    wrong = {name: answers[number] for name, answers in WRONG[homework].items() if number < len(answers)}
    return wrong, {name: answer for name, (_, _, answer) in wrong.items()}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("homework", HOMEWORK)
def test_nbgrader_gives_the_points_and_says_what_was_wrong(homework, course):
    helper.make([homework], course)
    solutions = {name: cell.source for name, cell in cells(source(homework), "answer-").items()}
    explained = dict.fromkeys(cells(source(homework), "explain-"), "Because of this.")

    hand_in(course, homework, "right", solutions | explained)
    hand_in(course, homework, "untouched", {})
    for number in range(BY_NBGRADER):
        _, answers = nth_wrong(homework, number)
        hand_in(course, homework, f"wrong{number}", solutions | explained | answers)
    table = helper.grade(homework, course)
    assert not table["problem"].any(), table

    points, by_hand = scores(course, homework, "right")
    tests = {name for name in points if name.startswith("test-")}
    assert all(points[name][0] == points[name][1] > 0 for name in tests), points
    assert by_hand == set(explained)
    points, by_hand = scores(course, homework, "untouched")
    assert not any(score for score, _ in points.values()), points
    assert not by_hand  # nothing to read

    for number in range(BY_NBGRADER):
        points, _ = scores(course, homework, f"wrong{number}")
        page = (course / "feedback" / f"wrong{number}" / homework / f"{homework}.html").read_text()
        executed = course / "autograded" / f"wrong{number}" / homework / f"{homework}.ipynb"
        run = cells(nbformat.read(executed, as_version=4), "test-")
        for test, message, answer in nth_wrong(homework, number)[0].values():
            assert points[test][0] == 0, f"{answer} gets the points of {test}"
            error = next(output for output in run[test].outputs if output.output_type == "error")
            assert message in error.evalue, f"{answer} is told: {error.evalue}"
            assert html.escape(error.evalue, quote=False) in page


@pytest.mark.parametrize("homework", HOMEWORK)
def test_further_wrong_answers_lose_their_points(homework):
    notebook = source(homework)
    for number in range(BY_NBGRADER, max(map(len, WRONG[homework].values()))):
        wrong, answers = nth_wrong(homework, number)
        names, told = {}, {}
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if cell.cell_type == "code":
                try:
                    exec(answers.get(name, cell.source), names)
                except AssertionError as error:
                    told[name] = str(error)
        assert set(told) >= {test for test, _, _ in wrong.values()}
        for test, message, _ in wrong.values():
            assert message in told[test]


def test_a_class_hands_in_files(course, tmp_path, capsys):
    handed_in = tmp_path / "mail"
    handed_in.mkdir()
    right = source("homework_02")
    nbformat.write(right, handed_in / "anna_homework_02.ipynb")
    cells(right, "answer-1a")["answer-1a"].source = "import os\nos._exit(1)"
    nbformat.write(right, handed_in / "ben_Homework_02 (1).ipynb")
    (handed_in / "cleo_homework_05.ipynb").write_text("of another homework")
    (handed_in / ".ipynb_checkpoints").mkdir()
    (handed_in / ".ipynb_checkpoints" / "anna_homework_02-checkpoint.ipynb").write_text("by JupyterLab")
    (handed_in / "notes.txt").write_text("not homework")

    arguments = ["grade", "02", "--from", str(handed_in), "--course", str(course)]
    assert helper.main(arguments) == 1  # of ben
    printed = capsys.readouterr()
    table = pd.read_csv(course / "homework_02.csv", index_col="name")
    assert table.loc["anna", ["points", "of", "to grade by hand"]].tolist() == [10, 12, 1]
    assert "ben: can't be graded: DeadKernelError: Kernel died" in printed.err

    page = course / "feedback" / "anna" / "homework_02" / "homework_02.html"
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.find_grade("explain-5", "homework_02", "homework_02", "anna").manual_score = 2
        book.find_grade("explain-5", "homework_02", "homework_02", "anna").needs_manual_grade = False
        book.db.commit()
    graded = (course / "autograded" / "anna" / "homework_02" / "homework_02.ipynb").stat().st_mtime
    page.unlink()
    helper.main(["grade", "2", "--course", str(course)])  # again: the points by hand come into the feedback
    assert "Score: 12.0 / 12.0" in re.sub(r"\s+", " ", page.read_text())
    assert (course / "autograded" / "anna" / "homework_02" / "homework_02.ipynb").stat().st_mtime == graded


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "there is none here"),
        (
            {"homework_03.ipynb": "{}"},
            "homework_03.ipynb: a notebook that was handed in is called NAME_homework_03",
        ),
        ({"anna_homework_03.ipynb": "{}", "ben_hw03.ipynb": "{}"}, "ben_hw03.ipynb: a notebook that"),
        ({"anna_homework_03.ipynb": "{}", "anna_Homework_03 (1).ipynb": "{}"}, "handed in homework_03 twice"),
        ({"anna_homework_03.ipynb": "no JSON"}, "is no notebook: ask for it once more"),
        ({"1/anna_homework_03.ipynb": "{}", "2/anna_homework_03.ipynb": "{}"}, "handed in homework_03 twice"),
    ],
)
def test_files_that_cannot_be_taken_in(files, message, course, tmp_path, capsys):
    folder = tmp_path / "mail"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    assert helper.main(["grade", "03", "--from", str(folder), "--course", str(course)]) == 1
    assert message in capsys.readouterr().err
    assert not (course / "submitted").exists()


def test_what_cannot_be_graded(course, tmp_path, capsys):
    assert helper.main(["make", "09", "--course", str(course)]) == 1
    assert "There is no homework 09; there is 02, 03" in capsys.readouterr().err
    assert helper.main(["grade", "04", "--course", str(course)]) == 1
    assert "Nobody has handed in homework_04" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert helper.main(["make", "02", "--course", str(tmp_path / "file" / "course")]) == 1
    assert "can't be made: Not a directory" in capsys.readouterr().err
