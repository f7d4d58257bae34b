"""A class with a small homework: what comes from Moodle, what breaks, and what goes back."""

import copy
import csv
import os
import re
import tempfile
import time
import zipfile
from pathlib import Path

from helpers.errors import UserError
from lesson_tools import grading, homework
from lesson_tools.folders import ROOT
from lesson_tools.grading import (
    WITHOUT_SANDBOX,
    can_run_apart,
    check_given,
    is_copy_of,
    repair,
    stopped_cells,
)
from lesson_tools.submissions import fill_worksheet, find_handed_in, folder_of

import nbformat
import pytest

NAME = "homework_02"
BLOCKS = """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass"""
SOURCE = {  # cell: (points, text)
    "title": (None, "# Homework 02: Count\n\nCount."),
    "given-1": (None, "pixels = [1, 2, 3]"),
    "task-1": (None, "## 1. Add\n\n**a)** The total, **b)** twice the total."),
    "answer-1a": (None, "total = None\n### BEGIN SOLUTION\ntotal = 6\n### END SOLUTION"),
    "test-1a": (
        1,
        "# 1 point: the total.\nif total is None:\n    raise AssertionError('1a: not answered yet.')\n"
        "### BEGIN HIDDEN TESTS\nif total != sum(pixels):\n    raise AssertionError('1a: add <all>.')\n"
        "### END HIDDEN TESTS",
    ),
    "answer-1b": (None, "twice = None\n### BEGIN SOLUTION\ntwice = 12\n### END SOLUTION"),
    "test-1b": (
        2,
        "# 2 points: twice the total.\nif twice is None:\n    raise AssertionError('1b: not answered yet.')\n"
        "### BEGIN HIDDEN TESTS\nif twice % 2:\n    raise AssertionError('1b: twice is even.')\n"
        "if twice != 12:\n    print('1b: even, but not twice the total.')\n2 if twice == 12 else 1\n"
        "### END HIDDEN TESTS",
    ),
    "task-2": (None, "## 2. Explain\n\nWhy?"),
    "explain-2": (2, "**An answer worth all points:** Because.\n\n**Points**\n\n- 2 points: because."),
}


def notebook():
    """The source of the small homework."""
    cells = []
    for number, (name, (points, text)) in enumerate(SOURCE.items(), 1):
        code = name.startswith(("given", "answer", "test"))
        make = nbformat.v4.new_code_cell if code else nbformat.v4.new_markdown_cell
        cell = make(text, id=f"homework-02-{number:02d}")
        if code or name.startswith("explain"):
            cell.metadata["nbgrader"] = {
                "grade": points is not None,
                "grade_id": name,
                "locked": name.startswith(("given", "test")),
                "schema_version": 3,
                "solution": name.startswith(("answer", "explain")),
                "task": False,
            } | ({"points": points} if points else {})
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def cell(handed_in, name):
    return next(c for c in handed_in.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A folder of the small homework alone."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / NAME).mkdir()
    nbformat.write(notebook(), folder / NAME / f"{NAME}.ipynb")
    return folder


@pytest.fixture(scope="module")
def released(sources, tmp_path_factory):
    """The small homework as it is handed out."""
    [path] = homework.make([NAME], tmp_path_factory.mktemp("course"), sources)
    return nbformat.read(path, as_version=4)


@pytest.fixture
def right(released):
    """The small homework with right answers, but for the explanation."""
    return answered(released, answer_1a="total = 6", answer_1b="twice = 12")


def names_of(notebook):
    """What nbgrader knows each cell by, or its text."""
    return [one.metadata.get("nbgrader", {}).get("grade_id", one.source) for one in notebook.cells]


def answered(notebook, **answers):
    notebook = copy.deepcopy(notebook)
    for name, text in answers.items():
        cell(notebook, name.replace("_", "-")).source = text
    return notebook


@pytest.fixture
def outside():
    """A folder that isn't among those for temporary files, which programs may not see anyway."""
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        yield folder


def test_a_class_from_moodle(outside, sources, released, right, capsys, monkeypatch):
    """Right answers, wrong ones, and all that stopped the grading once."""
    monkeypatch.setattr(homework, "SOURCES", sources)
    start = homework.nbgrader

    def impatient(*arguments):
        api = start(*arguments)
        api.config.ExecutePreprocessor |= {"timeout": 10, "iopub_timeout": 10}
        return api

    monkeypatch.setattr(homework, "nbgrader", impatient)
    course, home, download = (Path(outside, name) for name in ("course", "home", "Course-1234.zip"))
    monkeypatch.setenv("HOME", str(home))
    mine = [home / "mine", course / "mine"]
    for folder in mine:
        folder.mkdir(parents=True)
        (folder / "file").write_text("mine")
    hidden = [*mine, download, ROOT / "notebooks" / "homework", ROOT / "tests"]
    look = (
        "import os, pathlib, shutil\n"
        f"paths = {[str(path) for path in hidden]}\n"
        "seen = [path for path in map(pathlib.Path, paths) if path.is_dir() and [*path.iterdir()] or\n"
        "    path.is_file() and path.read_bytes()]\n"
        f"for path in {[str(path) for path in mine]}:\n    shutil.rmtree(path, ignore_errors=True)\n"
        "try:\n    os.kill({}, 0)\nexcept OSError:\n    pass\nelse:\n    seen.append('the grader')\n"
        "try:\n    bytes(os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') * 6 // 10)\n"
        "except MemoryError:\n    pass\nelse:\n    seen.append('most of the memory')\n"
        "print('seen', seen, os.listdir())\ntotal = 6"
    ).replace("{}", str(os.getpid()), 1)
    copied = copy.deepcopy(right)
    copied.cells.insert(4, nbformat.from_dict(cell(copied, "answer-1a") | {"id": "new"}))
    copied.cells.append(copy.deepcopy(cell(copied, "test-1b")))
    copied.cells.remove(cell(copied, "test-1a"))
    bare = answered(right, explain_2="Because of that.")
    for number, one in enumerate(bare.cells):
        one.metadata.pop("nbgrader", None)
        one.id = f"new-{number}"
    ends = answered(right, answer_1a="total = 6\nexit()")
    ends.cells.append(nbformat.v4.new_code_cell("import os\nos._exit(1)"))
    class_ = {
        "Ada Lovelace_11": answered(right, answer_1b="import warnings\nwarnings.warn('odd')\ntwice = 10"),
        "Ben Ended_12": ends,
        "Cleo Blocks_13": answered(right, answer_1a=BLOCKS),
        "Dora Bäcker_14": copied,
        "Eve Bare_15": bare,
        "Finn Looks_16": answered(right, answer_1a=look, answer_1b="twice = 7"),
        "Gus Empty_17": released,
    }
    with zipfile.ZipFile(download, "w") as archive:
        for person, handed_in in class_.items():
            ending = "" if person == "Ada Lovelace_11" else "_"  # Moodle 4.1 and later, and before
            path = f"{person}_assignsubmission_file{ending}/Kopie von {NAME} (1).ipynb"
            archive.writestr(path, nbformat.writes(handed_in))
        archive.writestr("Hal Damaged_18_assignsubmission_file_/homework.ipynb", "{}")
        archive.writestr("Hal Damaged_18_assignsubmission_file_/homework.pdf", "%PDF")
        other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", id="homework-05-01")])
        archive.writestr(f"Ida Other_19_assignsubmission_file_/{NAME}.ipynb", nbformat.writes(other))
        archive.writestr("__MACOSX/._homework_02.ipynb", "of macOS")
        rows = [["Identifier", "Full name", "Status", "Grade", "Maximum grade", "Last modified (grade)"]]
        rows += [[f"Participant {n}", f"Person, {n}", "Submitted", "", "5.00", "-"] for n in range(11, 21)]
        archive.writestr("Grades.csv", "\ufeff" + "\n".join(",".join(f'"{c}"' for c in row) for row in rows))
    assert not homework.grade_and_report("02", course, download)

    printed = capsys.readouterr()
    table = {row["name"]: row for row in csv.DictReader((course / f"{NAME}.csv").open(encoding="utf-8"))}
    graded = {name: row for name, row in table.items() if row["points"]}
    assert {name: [float(row[c]) for c in ("points", "1", "2")] for name, row in graded.items()} == {
        "Ada Lovelace_11": [2, 2, 0],  # one of two points for an even number; a warning costs none
        "Ben Ended_12": [2, 2, 0],
        "Cleo Blocks_13": [2, 2, 0],
        "Dora Bäcker_14": [3, 3, 0],
        "Eve Bare_15": [3, 3, 0],
        "Finn Looks_16": [1, 1, 0],
        "Gus Empty_17": [0, 0, 0],
    }
    assert [name for name, row in table.items() if row["to grade by hand"] == "1.0"] == ["Eve Bare_15"]
    assert printed.err.splitlines() == [
        "Ben Ended_12: answer-1a: it ended Python, so it was left out. "
        "a cell after explain-2: it ended Python, so it was left out.",
        "Cleo Blocks_13: answer-1a: it ran too long, and could not be interrupted, so it was left out.",
        "Dora Bäcker_14: answer-1a was there 2 times: the last one counts. "
        "test-1a was missing, and was put back. test-1b was there 2 times: one of them counts.",
        "Hal Damaged_18: can't be graded: homework.ipynb is no notebook: ask for it once more",
        f"Ida Other_19: can't be graded: {NAME}.ipynb has no cell of {NAME}: ask for the right one",
        "Left out: Hal Damaged_18_assignsubmission_file_/homework.pdf: no notebook.",
    ]

    executed = nbformat.read(course / "autograded" / "Finn Looks_16" / NAME / f"{NAME}.ipynb", as_version=4)
    [seen] = [output.text for one in executed.cells for output in one.get("outputs", []) if "text" in output]
    if can_run_apart():
        assert seen.startswith("seen [] [")
        assert all((folder / "file").exists() for folder in mine)
    assert f"{NAME}.ipynb" not in seen  # in which nbgrader has the hidden tests at that time

    page = {
        person: (course / "feedback" / person / NAME / f"{NAME}.html").read_text(encoding="utf-8")
        for person in graded
    }
    ada = page["Ada Lovelace_11"]
    assert '<html lang="en">' in ada and "Ada Lovelace: " in ada and "2 of 5 points<" in ada
    assert "1b: even, but not twice the total." in ada
    for hidden in ("BEGIN", "sum(pixels)", "twice % 2", "Because.", "http", "src=", "url("):
        assert hidden not in ada
    assert "1b: twice is even." in page["Finn Looks_16"]
    # The name of an answer that was left out is not defined: that is no news.
    ended = "<p>1a: your cell did not run to its end: it ended Python, so it was left out.</p>"
    assert ended in page["Ben Ended_12"] and "NameError" not in page["Ben Ended_12"]
    assert page["Gus Empty_17"].count("There is no answer.") == 1
    assert "3 of 5 points so far" in page["Eve Bare_15"] and "There is no" not in page["Eve Bare_15"]

    with zipfile.ZipFile(course / f"{NAME}_moodle.zip") as archive:
        back = archive.namelist()
    assert back == [f"{person}_assignsubmission_file_/{NAME}.html" for person in class_]
    grades = list(csv.reader((course / f"{NAME}_moodle.csv").open(encoding="utf-8")))
    assert grades[0] == rows[0]
    assert [row[3] for row in grades[1:]] == ["2", "2", "2", "3", "", "1", "0", "", "", ""]
    assert "1 without a grade until you have graded by hand" in printed.out

    assert homework.grade_and_report("2", course, answers=True)  # nothing is run again
    ada = (course / "feedback" / "Ada Lovelace_11" / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    assert "<pre>total = 6</pre>" in ada and "Because." in ada and "2 points: because" not in ada
    assert "sum(pixels)" not in ada


def test_where_nothing_can_be_kept_out_of_reach_it_is_said(sources, right, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(homework, "SOURCES", sources)
    monkeypatch.setattr(grading, "can_run_apart", lambda: False)
    nbformat.write(right, tmp_path / "ada-homework 2.IPYNB")
    assert homework.grade_and_report("02", tmp_path / "course", tmp_path)
    printed = capsys.readouterr()
    assert printed.out.startswith(WITHOUT_SANDBOX)
    assert re.search(r"^ada +3 +5 +3 +0 +0$", printed.out, re.MULTILINE)
    assert not printed.err
    assert not list((tmp_path / "course").glob("*_moodle.*"))


def test_what_is_repaired(released, right):
    texts = [one.source for one in right.cells]
    assert repair(right, released) == []
    assert [one.source for one in right.cells] == texts

    # An answer that was taken back, and copied first: what was changed counts, and runs where it stands.
    twice = answered(right, explain_2="First.")
    twice.cells.append(copy.deepcopy(cell(released, "explain-2")))
    assert repair(twice, released) == ["explain-2 was there 2 times: the last one counts."]
    assert cell(twice, "explain-2").source == "First."
    assert len({one.id for one in twice.cells}) == len(twice.cells)

    # A check that was copied to the end counts where its answer stands, or behind the answer's own copy.
    moved = copy.deepcopy(right)
    moved.cells.append(copy.deepcopy(cell(right, "test-1a")))
    assert repair(moved, released) == ["test-1a was there 2 times: one of them counts."]
    assert [names_of(moved).index(name) for name in ("answer-1a", "test-1a")] == [3, 4]
    both = answered(right, answer_1a="total = 5")
    both.cells += [copy.deepcopy(cell(right, name)) for name in ("answer-1a", "test-1a")]
    repair(both, released)
    assert names_of(both)[-2:] == ["answer-1a", "test-1a"] and cell(both, "answer-1a").source == "total = 6"

    # The answer stands in a cell of one's own, the second one there; the check is put back behind it.
    own = copy.deepcopy(right)
    own.cells.remove(cell(own, "test-1b"))
    place = own.cells.index(cell(own, "answer-1b"))
    own.cells[place] = nbformat.v4.new_code_cell("twice = 12")
    own.cells.insert(place, nbformat.v4.new_markdown_cell("I think:"))
    assert repair(own, released) == ["answer-1b was missing.", "test-1b was missing, and was put back."]
    names = names_of(own)
    assert names.index("test-1b") > names.index("twice = 12")

    nothing = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    assert not is_copy_of(nothing, released)
    repair(nothing, released)
    names = [one.metadata.get("nbgrader", {}).get("grade_id") for one in nothing.cells]
    assert names == [None, "given-1", "test-1a", "test-1b", "explain-2"]


def test_a_slow_computer_costs_no_points(right):
    """Only an answer may be too slow; a cell of the homework itself can't be."""
    apart = grading.ExecuteApart(timeout=120)
    apart._deadline = time.monotonic() + 10_000
    assert apart._seconds_for(cell(right, "answer-1a")) == 120 < apart._seconds_for(cell(right, "given-1"))
    late = nbformat.v4.new_output("error", ename="CellTimeoutError", evalue="it was stopped")
    cell(right, "answer-1a").outputs = [late]
    check_given(right)
    assert stopped_cells(right) == ["answer-1a: it was stopped."]
    cell(right, "given-1").outputs = [late]
    with pytest.raises(RuntimeError, match="given-1, which everybody has: it was stopped; grade again"):
        check_given(right)


@pytest.mark.parametrize(
    ("path", "person"),
    [
        ("ada_homework_02.ipynb", "ada"),
        ("Ada_HOMEWORK_02.IPYNB", "Ada"),
        ("ada_homework_02 (1).ipynb", "ada"),
        ("ada_homework_02-Copy1.ipynb", "ada"),
        ("ada_homework_02.ipynb.txt", "ada"),
        ("Ada Lovelace - homework 2.ipynb", "Ada Lovelace"),
        ("ada/homework_02.ipynb", "ada"),
        ("Bäcker_homework_02.ipynb", "Bäcker"),
        ("[9b] eve_homework_02.ipynb", "-9b- eve"),
        ("ada.. _homework_02.ipynb", "ada"),
        ("Ada B Lovelace_7_assignsubmission_file_/my file.ipynb", "Ada B Lovelace_7"),
        ("9b-Ada Lovelace_7_assignsubmission_file/deeper/my.ipynb", "9b-Ada Lovelace_7"),
        ("Ada Lovelace_7_assignsubmission_file_my.ipynb", "Ada Lovelace_7"),
    ],
)
def test_whose_file_it_is(path, person, tmp_path):
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text("")
    found = find_handed_in(tmp_path, NAME)
    assert found.notebooks == {person: tmp_path / path}
    assert not found.left_out and not found.worksheet


def test_each_file_that_is_left_out_is_named(tmp_path):
    files = [
        "ada_homework_02.ipynb",
        "ada_homework_02 (1).ipynb",
        "a_homework_03.ipynb",
        "b_homework_04.ipynb",
    ]
    files += [
        "notes.txt",
        "homework_02.ipynb",
        "eve_homework_02.zip",
        "._eve_homework_02.ipynb",
        "grades.csv",
    ]
    for number, path in enumerate(files):
        (tmp_path / path).write_text("a,b\n1,2")
        os.utime(tmp_path / path, (1e9 - number, 1e9 - number))
    (tmp_path / "Alba Empty_4231_assignsubmission_file").mkdir()
    found = find_handed_in(tmp_path, NAME)
    assert found.notebooks == {"ada": tmp_path / "ada_homework_02.ipynb"}
    assert sorted(found.left_out) == [
        "2 of other homework.",
        "Alba Empty_4231_assignsubmission_file: an empty folder.",
        "ada_homework_02 (1).ipynb: ada_homework_02.ipynb is newer, and counts.",
        "eve_homework_02.zip: no notebook.",
        "homework_02.ipynb: whose is it? Call it NAME_homework_02.ipynb.",
        "notes.txt: no notebook.",
    ]
    assert found.worksheet == tmp_path / "grades.csv"  # by its look
    with pytest.raises(UserError, match=r"has no notebook NAME_homework_05\.ipynb.* 5 of other homework"):
        find_handed_in(tmp_path, "homework_05")


def test_zip_files_that_cannot_be_taken(tmp_path):
    (tmp_path / "no.zip").write_text("no zip")
    with (
        pytest.raises(UserError, match=r"no\.zip can't be unpacked: File is not a zip file"),
        folder_of(tmp_path / "no.zip"),
    ):
        pass
    with pytest.raises(UserError, match=r"There is no folder .*mistyped"), folder_of(tmp_path / "mistyped"):
        pass
    with zipfile.ZipFile(tmp_path / "slip.zip", "w") as archive:
        archive.writestr("../../outside_homework_02.ipynb", "{}")
    with folder_of(tmp_path / "slip.zip") as folder:
        assert list(find_handed_in(folder, NAME).notebooks) == ["outside"]
    assert not (tmp_path.parent / "outside_homework_02.ipynb").exists()


def test_the_worksheet_in_any_language(tmp_path):
    worksheet, out = tmp_path / "in.csv", tmp_path / "out.csv"
    worksheet.write_text(
        "\ufeffID,Name,Status,Bewertung,Bestwertung,Zuletzt\n"
        'Teilnehmer/in7,"Ada, Lovelace",abgegeben,,"5,00",-\nTeilnehmer/in8,Eve,-,"1,00","5,00",-\n',
        encoding="utf-8",
    )
    fill_worksheet(worksheet, {"Ada_7": 2.5}, 5, out)
    assert out.read_text(encoding="utf-8").splitlines() == [
        "ID,Name,Status,Bewertung,Bestwertung,Zuletzt",
        'Teilnehmer/in7,"Ada, Lovelace",abgegeben,2.5,"5,00",-',
        'Teilnehmer/in8,Eve,-,"1,00","5,00",-',
    ]
    with pytest.raises(UserError, match="maximum grade is 5,00, and the homework has 12 points"):
        fill_worksheet(worksheet, {"Ada_7": 2.5}, 12, out)
    worksheet.write_text("ID,Name\nTeilnehmer/in7,Ada\n", encoding="utf-8")
    with pytest.raises(UserError, match="no column for grades"):
        fill_worksheet(worksheet, {"Ada_7": 2.5}, 5, out)
    fill_worksheet(None, {"Ada Lovelace_7": 5.0, "Eve_8": None}, 5, out)
    assert out.read_text(encoding="utf-8").splitlines() == [
        "Identifier,Full name,Grade,Maximum grade,Last modified (grade)",
        "Participant 7,Ada Lovelace,5,5,-",
        "Participant 8,Eve,,5,-",
    ]
