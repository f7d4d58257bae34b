"""The homework of a class, with nbgrader: `python -m lesson_tools.homework --help`.

`make` writes the student version of the homework, without solutions and hidden tests, into the folder
`release` of the course. `grade` takes the notebooks that came back, grades them, and writes a page of
feedback for each. nbgrader_config.py says where nbgrader keeps what; its own commands work there as well.
"""

import argparse
import logging
import os
import re
import shutil
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pandas as pd
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

ROOT = Path(__file__).parent.parent
# A browser adds " (1)" to a second download.
HANDED_IN = re.compile(r"(?P<name>.+)_(?P<homework>homework_\d\d)( \(\d+\))?\.ipynb", re.IGNORECASE)


class HomeworkError(ValueError):
    """What was asked for can't be done; the message says why, and what is accepted."""


def find_homework(numbers: list[str]) -> list[str]:
    """The names of the homework with these numbers, such as "03"; of all without a number.

    Raises `HomeworkError` for a number that there is not.
    """
    names = sorted(path.name for path in (ROOT / "notebooks" / "homework").glob("homework_*"))
    wanted = [f"homework_{number.removeprefix('homework_').zfill(2)}" for number in numbers] or names
    for number, name in zip(numbers, wanted, strict=False):
        if name not in names:
            there = ", ".join(name.removeprefix("homework_") for name in names)
            raise HomeworkError(f"There is no homework {number}; there is {there}.")
    return wanted


def nbgrader(course: Path) -> NbGraderAPI:
    """nbgrader on the folder `course`, which is made if it is not there."""
    try:
        course.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomeworkError(f"The folder {course} can't be made: {error.strerror}.") from None
    # nbgrader calls alembic by its name, to set up the gradebook.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config())
    config.CourseDirectory.root = str(course.resolve())
    warnings.filterwarnings("ignore", category=SAWarning)  # of nbgrader's own making
    log = logging.getLogger("traitlets")  # its lines come back with the result of each call
    log.propagate = False
    return NbGraderAPI(CourseDirectory(config=config), config=config, log=log, log_level="ERROR")


def make(names: list[str], course: Path) -> list[Path]:
    """Write the student version of the homework `names`; returns the notebooks to hand out.

    Raises `HomeworkError` when nbgrader refuses, such as when tasks have changed for which points were given.
    """
    api = nbgrader(course)
    for name in names:
        _succeeded(api.generate_assignment(name), name)
    return [course / "release" / name / f"{name}.ipynb" for name in names]


def take_in(folder: Path, name: str, course: Path) -> list[str]:
    """Copy what was handed in, files NAME_homework_03.ipynb in `folder`, to where nbgrader looks.

    Returns the names. Raises `HomeworkError`, before anything is copied, when there is none, or one is no
    notebook.
    """
    notebooks = (file for file in sorted(folder.rglob("*.ipynb")) if ".ipynb_checkpoints" not in file.parts)
    matches = {file: HANDED_IN.fullmatch(file.name) for file in notebooks}
    found = {file: match for file, match in matches.items() if match and match["homework"].lower() == name}
    strange = [file.name for file, match in matches.items() if not match]
    if strange or not found:
        raise HomeworkError(
            f"{strange[0] if strange else folder}: a notebook that was handed in is called NAME_{name}.ipynb"
            f"{': rename it' if strange else ', and there is none here'}."
        )
    names = [match["name"] for match in found.values()]
    twice = {person for person in names if names.count(person) > 1}
    if twice:
        raise HomeworkError(
            f"{min(twice)} has handed in {name} twice in {folder}: leave the one that counts."
        )
    for file in found:
        try:
            nbformat.read(file, as_version=4)
        except Exception:  # nbformat raises several kinds
            raise HomeworkError(f"{file} is no notebook: ask for it once more.") from None
    for file, match in found.items():
        place = course / "submitted" / match["name"] / name
        place.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place / f"{name}.ipynb")
        when = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        (place / "timestamp.txt").write_text(f"{when:%Y-%m-%d %H:%M:%S} UTC", encoding="utf-8")
    return names


def grade(name: str, course: Path) -> pd.DataFrame:
    """Grade all that was handed in of one homework and not graded before; write a page of feedback for each.

    Returns a row for each person: points, of how many, and whether answers wait to be graded by hand; with a
    column `problem` for notebooks that can't be graded. Raises `HomeworkError` when nothing was handed in.
    """
    api = nbgrader(course)
    if not (course / "release" / name).exists():
        make([name], course)  # nbgrader compares with the tasks as they were handed out
    people = sorted(api.get_submitted_students(name))
    if not people:
        raise HomeworkError(f"Nobody has handed in {name}: {course / 'submitted'} / NAME / {name} is empty.")
    graded = api.get_autograded_students(name)
    problems = {}
    for person in people:
        result = {"success": True} if person in graded else api.autograde(name, person)
        if result["success"]:
            result = api.generate_feedback(name, person)  # again, because points by hand may have come
        if not result["success"]:
            problems[person] = _reason(result)
    rows = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for submission in book.assignment_submissions(name):
            rows[submission.student.id] = {
                "points": submission.score,
                "of": submission.max_score,
                "to grade by hand": sum(
                    grade.needs_manual_grade for notebook in submission.notebooks for grade in notebook.grades
                ),
            }
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(people)
    return table.assign(problem=pd.Series(problems, dtype=object).reindex(people).fillna(""))


def _succeeded(result: dict, name: str) -> None:
    if not result["success"]:
        raise HomeworkError(f"nbgrader can't make {name}: {_reason(result)}")


def _reason(result: dict) -> str:
    """The error itself from what nbgrader logged: a traceback around it, and a summary that names none."""
    said = f"{result.get('error', '')}\n{result.get('log', '')}"
    errors = re.findall(r"^\s*(?:\w+\.)*(\w+(?:Error|Exception): .+)$", said, re.MULTILINE)
    return errors[-1] if errors else said.strip()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m lesson_tools.homework", description="The homework of a class."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, says in {"make": "write the student version", "grade": "grade what was handed in"}.items():
        command = commands.add_parser(name, help=says)
        many = "*" if name == "make" else 1
        command.add_argument("numbers", nargs=many, metavar="NUMBER", help="number of the lesson, such as 03")
        command.add_argument("--course", default="course", metavar="DIR", help="folder of the class (course)")
        if name == "grade":
            command.add_argument(
                "--from", dest="folder", metavar="DIR", help="folder with files NAME_homework_03.ipynb"
            )
    options = parser.parse_args(arguments)
    course = Path(options.course)
    try:
        names = find_homework(options.numbers)
        if options.command == "make":
            for notebook in make(names, course):
                print(notebook)
            return 0
        if options.folder:
            take_in(Path(options.folder), names[0], course)
        table = grade(names[0], course)
    except HomeworkError as error:
        print(error, file=sys.stderr)
        return 1
    table.to_csv(course / f"{names[0]}.csv", index_label="name")
    problems = table.pop("problem")
    print(table.to_string())
    print(f"\nThe feedback: {course / 'feedback'} / NAME / {names[0]}; the table: {course / names[0]}.csv")
    for person, problem in problems[problems != ""].items():
        print(f"{person}: can't be graded: {problem}", file=sys.stderr)
    return 1 if (problems != "").any() else 0


if __name__ == "__main__":
    sys.exit(main())
