"""The learners' copy of the lessons, and the lessons with cells left blank for live coding."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

from lesson_tools import folders, learner
from lesson_tools.cli import cli
from lesson_tools.run import NOTEBOOKS, find_lessons

import nbformat
import pytest
from click.testing import CliRunner

FIGURE = re.compile(r"figures\.|plt\.|\.show\(|show_predictions")


def lessons(*arguments, status=0):
    done = CliRunner().invoke(cli, [*map(str, arguments)])
    assert done.exit_code == status, (done.output, done.exception)
    return done.output


def read(path):
    return nbformat.read(path, as_version=4)


def live(notebook):
    return [cell for cell in notebook.cells if learner.LIVE in cell.metadata.get("tags", [])]


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository with the lessons and their homework, committed."""
    root = tmp_path_factory.mktemp("repository")
    shutil.copytree(
        NOTEBOOKS, root / "notebooks", ignore=shutil.ignore_patterns("runs", ".*", "homework_0[3-9]")
    )
    for name in ("tests/homework_answers.py", "README.md"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("text")
    for arguments in (["init"], ["add", "."], ["commit", "-m", "Lessons"]):
        command = ["git", "-c", "user.name=x", "-c", "user.email=x", "-C", root, *arguments]
        subprocess.run(command, check=True, capture_output=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learner, "ROOT", root)
        yield root


@pytest.fixture(scope="module")
def copy(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy") / "learners"
    assert "commit " in lessons("learner", folder)
    return folder


# --- The learners' copy -------------------------------------------------------------------------------


def test_the_copy_has_the_lessons_without_outputs_and_homework_without_solutions(copy):
    names = {"README.md", "notebooks/homework/homework_02.ipynb"}
    assert {*folders.files_in(copy)} == names | {f"notebooks/{lesson.name}" for lesson in find_lessons()}
    for lesson in find_lessons():
        notebook, original = read(copy / "notebooks" / lesson.name), read(lesson)
        nbformat.validate(notebook)
        assert notebook == learner.clear(original) and not any(cell.get("outputs") for cell in notebook.cells)
    text = (copy / "notebooks/homework/homework_02.ipynb").read_text(encoding="utf-8")
    assert "Write your answer here" in text
    assert not re.search("(BEGIN|END) (SOLUTION|HIDDEN)|Often wrong", text)


@pytest.mark.parametrize("lesson", find_lessons(), ids=lambda path: path.stem)
def test_no_lesson_shows_a_solution_unfolded(lesson):
    text = "\n".join(cell.source for cell in read(lesson).cells if cell.cell_type == "markdown")
    assert text.count("<details>") == text.count("</details>") > 0 and "<details " not in text
    unfolded = re.sub("<details>.*?</details>", "", text, flags=re.S)
    assert not re.search("solution", unfolded.split("## Exercises")[1], re.I)


def test_an_untouched_copy_is_made_anew_and_one_with_work_in_it_is_not(copy, tmp_path):
    mine = Path(shutil.copytree(copy, tmp_path / "mine"))
    lessons("blank", mine)
    assert len(folders.files_in(mine)) == len(find_lessons())
    work = mine / find_lessons()[0].name
    work.write_text(work.read_text(encoding="utf-8") + " ", encoding="utf-8")
    said = lessons("blank", mine, status=1)
    assert said == f"{work} was changed since this copy was made: name a new folder.\n"


@pytest.mark.parametrize("command", ["learner", "blank"])
def test_other_folders_are_refused_in_a_sentence_and_untouched(repository, tmp_path, command):
    (tmp_path / "thesis.txt").write_text("dear")
    said = lessons(command, tmp_path, status=1)
    assert "something else than a copy of this command (thesis.txt): move that away, or name a new" in said
    assert "thesis.txt" in lessons(command, tmp_path / "thesis.txt", status=1)
    for inside in (NOTEBOOKS, NOTEBOOKS / "copy", NOTEBOOKS.parent, NOTEBOOKS.parent / "tests" / "copy"):
        assert "holds the lessons themselves" in lessons(command, inside, status=1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_damaged_lesson_is_named_and_nothing_is_left(repository, tmp_path, monkeypatch):
    monkeypatch.setattr(learner, "_repository", lambda: ({"notebooks/02_a.ipynb": b"<<<<"}, "commit 1"))
    said = lessons("learner", tmp_path / "new", status=1)
    assert said == "notebooks/02_a.ipynb is damaged in commit 1: get it back with git.\n"
    assert not [*tmp_path.iterdir()]


def test_a_copy_has_no_homework_to_make(tmp_path, monkeypatch):
    monkeypatch.setattr("lesson_tools.homework.SOURCES", tmp_path)
    (tmp_path / "homework_02.ipynb").touch()
    said = lessons("homework", "make", "02", "--course", tmp_path / "course", status=1)
    assert "no sources of homework, as in a learner's copy" in said


# --- Live coding --------------------------------------------------------------------------------------


def test_the_blank_lessons_differ_in_the_tagged_cells_alone(tmp_path):
    before = {lesson: lesson.read_bytes() for lesson in find_lessons()}
    lessons("blank", tmp_path / "blank")
    for lesson, content in before.items():
        assert lesson.read_bytes() == content
        blank = read(tmp_path / "blank" / lesson.name)
        nbformat.validate(blank)
        for cell, original in zip(blank.cells, learner.clear(read(lesson)).cells, strict=True):
            if cell in live(blank):
                assert cell.source == f"# {original.metadata.live}"
                original.source = cell.source
            assert cell == original


@pytest.mark.parametrize("lesson", find_lessons(), ids=lambda path: path.stem)
def test_cells_to_write_live_compute_and_say_what(lesson):
    notebook = read(lesson)
    assert [c.id for c in notebook.cells if learner.LIVE in c.metadata] == [c.id for c in live(notebook)]
    assert 5 <= len(live(notebook)) <= 10 or not "02" <= lesson.name[:2] <= "08"
    for cell in live(notebook):
        line = cell.metadata.live
        assert cell.cell_type == "code" and len(line) <= 108 and "\n" not in line and line[-1] in ".?"
        assert "parameters" not in cell.metadata.tags and not FIGURE.search(cell.source), cell.source
        assert not re.search(r"check_\w+\(|answer", cell.source), cell.source
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, ast.Import | ast.ImportFrom), cell.source
        images = [output for output in cell.outputs if "image/png" in output.get("data", {})]
        assert not images, "a figure"
