"""The homework: what each answer is told, and one class's round through nbgrader."""

import ast
import contextlib
import html
import re
import signal
import subprocess
import sys
import time

from helpers.errors import UserError
from lesson_tools.homework import find_homework, grade_and_report, make, write_answers
from lesson_tools.run import NOTEBOOKS

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import psutil
import pytest
from homework_answers import RIGHT, WRONG, network_of_task_3
from nbgrader.api import Gradebook

HOMEWORK = sorted(path.name for path in (NOTEBOOKS / "homework").iterdir() if path.is_dir())


def read(path):
    return nbformat.read(path, as_version=4)


def source(homework):
    return read(NOTEBOOKS / "homework" / homework / f"{homework}.ipynb")


def cells(notebook, prefix):
    """The cells of a notebook by their grade_id, those that begin with `prefix`."""
    graded = {cell.metadata.get("nbgrader", {}).get("grade_id", ""): cell for cell in notebook.cells}
    return {name: cell for name, cell in graded.items() if name.startswith(prefix)}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course in which all homework was made."""
    folder = tmp_path_factory.mktemp("course")
    assert make(find_homework([]), folder) == [folder / "release" / h / f"{h}.ipynb" for h in HOMEWORK]
    return folder


def test_each_lesson_from_02_to_09_has_its_homework():
    assert HOMEWORK == [f"homework_{number:02d}" for number in range(2, 10)] == list(WRONG)


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


@pytest.mark.parametrize("homework", HOMEWORK)
def test_checks_raise_and_do_not_assert(homework):
    """Python leaves each `assert` out where PYTHONOPTIMIZE is set: every answer would be right."""
    code = "\n".join(cell.source for cell in source(homework).cells if cell.cell_type == "code")
    assert not [node.lineno for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Assert)]


def run(notebook, answers):
    """Run a notebook's code, with `answers` in their cells: its names, and what each failed cell said."""
    names, failed = {}, {}
    for place, cell in enumerate(cell for cell in notebook.cells if cell.cell_type == "code"):
        name = cell.metadata.get("nbgrader", {}).get("grade_id", place)
        try:
            exec(answers.get(name, cell.source), names)
        except Exception as error:
            failed[name] = str(error)
    plt.close("all")
    return names, failed


@pytest.mark.parametrize("homework", HOMEWORK)
def test_right_answers_get_all_points_untouched_none_and_wrong_ones_a_hint(homework, course):
    """In this process, because nbgrader takes a kernel for each learner."""
    notebook = source(homework)
    tests = cells(notebook, "test-")
    names, failed = run(notebook, {})
    assert not failed

    released = read(course / "release" / homework / f"{homework}.ipynb")
    untouched = {name: cell.source for name, cell in cells(released, "answer-").items()}
    _, failed = run(notebook, untouched)
    assert set(failed) == set(tests)

    for wrong in WRONG[homework].values():
        for test, message, answer in wrong:
            after = dict(names)
            exec(answer, after)
            with pytest.raises(AssertionError) as told:
                exec(compile(tests[test].source, test, "exec", optimize=1), after)  # as PYTHONOPTIMIZE=1 does
            assert message in str(told.value), answer

    for right in RIGHT.get(homework, {}).values():
        for test, answer in right:
            after = dict(names)
            exec(answer, after)
            exec(tests[test].source, after)

    for cell in tests.values():  # NaN is neither less nor more than a number, and no right answer
        for name in re.findall(r"isinstance\((\w+), Real\)", cell.source):
            if f"{name} =" not in cell.source:
                with pytest.raises(AssertionError):
                    exec(cell.source, {**names, name: float("nan")})


def test_a_page_of_answers_and_rubrics_of_each_homework(tmp_path):
    for homework, page in zip(HOMEWORK, write_answers(HOMEWORK, tmp_path), strict=True):
        text = page.read_text(encoding="utf-8")
        notebook = source(homework)
        for cell in cells(notebook, "answer-").values():
            solution = re.search(r"### BEGIN SOLUTION\n(.+?)\n", cell.source)[1]
            assert solution in html.unescape(text)
        assert text.count("An answer worth all points:") == text.count("Often wrong:") == 1
        points = [int(n) for n in re.findall(r'class="points">(\d+) point', text)]
        assert f"**Points:** {sum(points)}." in notebook.cells[0].source
        assert "AssertionError" not in text and "https" not in text


def test_a_wrong_shape_is_counted_once_and_relu_may_be_a_layer():
    tests = cells(source("homework_05"), "test-")
    names, _ = run(source("homework_05"), {})
    for flatten in (1_936, (1_936,), (11, 11, 16)):
        parameters = {"conv 1": 608, "conv 2": 1_168, "dense": 19_370}
        for test in ("test-1b", "test-1b-2", "test-1b-3"):
            exec(tests[test].source, {**names, "shapes": {"flatten": flatten}, "parameters": parameters})
    for relu in ("layers.ReLU()", "layers.Activation('relu')"):
        exec(
            network_of_task_3(first=f"layers.Conv2D(16, 3), {relu}", second=f"layers.Conv2D(32, 3), {relu}"),
            names,
        )
        for test in ("test-3a", "test-3b", "test-3c"):
            exec(tests[test].source, names)


def test_a_class_hands_in_files(course, tmp_path, capsys, monkeypatch):
    for name, value in {
        "PYTHONOPTIMIZE": "1",
        "PYTHONWARNINGS": "error",
        "MPLBACKEND": "none of these",
    }.items():
        monkeypatch.setenv(name, value)  # the teacher's: it spoils nothing
    handed_in = tmp_path / "mail"
    (handed_in / ".ipynb_checkpoints").mkdir(parents=True)
    almost = source("homework_02")
    test, message, cells(almost, "answer-2")["answer-2"].source = WRONG["homework_02"]["answer-2"][0]
    cells(almost, "explain-")["explain-5"].source = "Because of this."
    almost.cells.append(nbformat.v4.new_code_cell("import sys\nprint(sys.flags.optimize, sys.warnoptions)"))
    nbformat.write(almost, handed_in / "anna_homework_02.ipynb")
    untouched = read(course / "release" / "homework_02" / "homework_02.ipynb")
    nbformat.write(untouched, handed_in / "cleo_homework_02.ipynb")
    (handed_in / "dora_homework_06.ipynb").write_text("of another homework")
    (handed_in / ".ipynb_checkpoints" / "anna_homework_02-checkpoint.ipynb").write_text("by JupyterLab")

    assert grade_and_report("02", course, handed_in)
    assert capsys.readouterr().err == "Left out: 1 of other homework.\n"
    table = pd.read_csv(course / "homework_02.csv", index_col="name")
    assert list(table.index) == ["anna", "cleo"]
    assert table.loc["anna", ["1", "2", "3", "4", "5"]].tolist() == [2, 0, 3, 2, 0]
    assert table.loc["anna", ["points", "of", "to grade by hand"]].tolist() == [7, 12, 1]
    assert table.loc["cleo", ["points", "of", "to grade by hand"]].tolist() == [0, 12, 0]  # nothing to read
    assert table[["notes", "problem"]].isna().all(axis=None)

    executed = course / "autograded" / "anna" / "homework_02" / "homework_02.ipynb"
    page = course / "feedback" / "anna" / "homework_02" / "homework_02.html"
    assert read(executed).cells[-1].outputs[0].text == "0 []\n"
    [told] = [output.evalue for output in cells(read(executed), test)[test].outputs]
    assert message in told and html.escape(told, quote=False) in page.read_text()

    # Again, when points by hand have come: they are put into the feedback, and nothing is run again.
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        grade = book.find_grade("explain-5", "homework_02", "homework_02", "anna")
        grade.manual_score, grade.needs_manual_grade = 2, False
        book.db.commit()
    graded = executed.stat().st_mtime
    page.unlink()
    grade_and_report("2", course)
    assert "anna: " in page.read_text() and "9 of 12 points" in page.read_text()
    assert executed.stat().st_mtime == graded


def test_an_interrupted_grader_ends_at_once_and_a_killed_one_leaves_no_points_and_no_process(tmp_path):
    slow = source("homework_02")
    slow.cells.insert(0, nbformat.v4.new_code_cell("import time\ntime.sleep(3)"))
    for name in ("anna", "bert"):
        nbformat.write(slow, tmp_path / f"{name}_homework_02.ipynb")
    course = tmp_path / "course"
    # Ctrl-C is for this process even if a shell has told the tests, in its background, to ignore it.
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    program += "from lesson_tools.cli import main; main()"
    command = [sys.executable, "-c", program, "homework", "grade", "02", "--course", course]

    def kernels_of(process):
        found = []
        for child in process.children(recursive=True):
            with contextlib.suppress(psutil.Error):  # it ends just now
                apart = any("sandbox.py" in part for part in child.cmdline())  # what starts the kernel
                found += [child] if "ipykernel_launcher" in child.cmdline() and not apart else []
        return found

    def start_and_wait_for_the_kernel(*arguments):
        process = psutil.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True)
        while not (kernels := kernels_of(process)):
            assert process.poll() is None
            time.sleep(0.1)
        return process, kernels

    first, _ = start_and_wait_for_the_kernel("--from", tmp_path)
    first.send_signal(signal.SIGINT)
    _, error = first.communicate()
    assert first.returncode == 130 and error.startswith("Interrupted.\n")  # a kernel may have been starting
    second, kernels = start_and_wait_for_the_kernel()
    second.kill()
    assert psutil.wait_procs(kernels, timeout=100)[1] == []
    assert grade_and_report("02", course)
    table = pd.read_csv(course / "homework_02.csv", index_col="name")
    assert table["points"].tolist() == [10, 10]
    second.communicate()


def test_nothing_is_made_where_nothing_was_handed_in(tmp_path):
    (tmp_path / "mail").mkdir()
    with pytest.raises(UserError, match=r"has no notebook NAME_homework_03\.ipynb"):
        grade_and_report("03", tmp_path / "course", tmp_path / "mail")
    assert not (tmp_path / "course").exists()


def test_a_second_command_is_told_who_is_at_work_in_the_course(tmp_path):
    hold = "import sys, pathlib; from lesson_tools.homework import take_hold; "
    hold += "take_hold(pathlib.Path(sys.argv[1])); print('held', flush=True); input()"
    command = [sys.executable, "-c", hold, str(tmp_path / "course")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout.readline() == "held\n"
        (tmp_path / "anna_homework_02.ipynb").write_text(nbformat.writes(source("homework_02")))
        with pytest.raises(UserError, match=rf"process {first.pid} .*at work in .*course: wait for it, or"):
            grade_and_report("02", tmp_path / "course", tmp_path)
        assert not (tmp_path / "course" / "submitted").exists()
        first.communicate("\n")


def test_what_cannot_be_graded(course, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="There is no homework 10; there is 02, 03"):
        find_homework(["10"])
    with pytest.raises(UserError, match="Nobody has handed in homework_05"):
        grade_and_report("05", course)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="can't be made or locked: Not a directory"):
        make(["homework_02"], tmp_path / "file" / "course")
    with pytest.raises(UserError, match="holds the lessons themselves"):
        make(["homework_02"], NOTEBOOKS / "class")
    assert not (NOTEBOOKS / "class").exists()
    with pytest.raises(UserError, match=r"finds nothing in .*/\[9b\], because of the \[: name another"):
        make(["homework_02"], tmp_path / "[9b]")
    assert not (tmp_path / "[9b]").exists()
    with pytest.raises(UserError, match=r"There is no folder .*mail of what was handed in"):
        grade_and_report("02", tmp_path / "mistyped", tmp_path / "mail")
    with pytest.raises(UserError, match="Nobody has handed in homework_02"):
        grade_and_report("02", tmp_path / "mistyped")
    assert not (tmp_path / "mistyped").exists()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "gradebook.db").write_text("cut")
    with pytest.raises(UserError, match=r"The gradebook .*gradebook\.db can't be used \(file is not a data"):
        make(["homework_02"], tmp_path / "old")
    for module in [name for name in sys.modules if name.partition(".")[0] == "nbgrader"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match="The homework needs nbgrader: pip install"):
        make(["homework_02"], tmp_path)
