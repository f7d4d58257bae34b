"""The homework of a class, with nbgrader.

`make` writes the student version of the homework, without solutions and hidden tests, into the folder
`release` of the course. `grade_and_report` takes the notebooks that came back, grades them, and writes a page
of feedback for each. nbgrader_config.py says where nbgrader keeps what; its own commands work there as well.
"""

import logging
import os
import re
import shutil
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path

from helpers.errors import UserError, one_line
from helpers.files import lock_folder, whole_file
from lesson_tools.folders import output_folder

import nbformat
import pandas as pd
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

ROOT = Path(__file__).parent.parent
# A browser adds " (1)" to a second download.
HANDED_IN = re.compile(r"(?P<name>.+)_(?P<homework>homework_\d\d)( \(\d+\))?\.ipynb", re.IGNORECASE)


def find_homework(numbers: list[str]) -> list[str]:
    """The names of the homework with these numbers, such as "03"; of all without a number.

    Raises `UserError` for a number that there is not.
    """
    names = sorted(path.name for path in (ROOT / "notebooks" / "homework").glob("homework_*"))
    wanted = [f"homework_{number.removeprefix('homework_').zfill(2)}" for number in numbers]
    for number, name in zip(numbers, wanted, strict=True):
        if name not in names:
            there = ", ".join(name.removeprefix("homework_") for name in names)
            raise UserError(f"There is no homework {one_line(number) or repr(number)}; there is {there}.")
    return wanted or names


def take_hold(course: Path) -> None:
    """Make the folder `course`, and keep other processes out of it until the end of this one.

    Raises `UserError` when it can't be made, is part of this checkout, or another process is at work in it.
    """
    output_folder(course)  # among the lessons, it would be handed out with them
    lock_folder(course, "wait for it, or name another course.")


def nbgrader(course: Path):
    """An `NbGraderAPI` for the folder `course`, see `take_hold`.

    Raises `UserError` as that does, when the gradebook can't be read, and when nbgrader isn't installed.
    """
    try:
        from nbgrader.apps import NbGraderAPI
        from nbgrader.coursedir import CourseDirectory
        from sqlalchemy.exc import DBAPIError, SAWarning
    except ImportError:
        raise UserError(
            'The homework needs nbgrader: pip install -e ".[teach]" -c requirements.txt'
        ) from None
    take_hold(course)
    # nbgrader calls alembic by its name, to set up the gradebook.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # What a teacher set for other work would come to the kernels, and change what an answer is worth.
    for name in ("PYTHONOPTIMIZE", "PYTHONWARNINGS", "MPLBACKEND"):
        os.environ.pop(name, None)
    config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config())
    config.CourseDirectory.root = str(course.resolve())
    warnings.filterwarnings("ignore", category=SAWarning)  # of nbgrader's own making
    log = logging.getLogger("traitlets")  # its lines come back with the result of each call
    log.propagate = False
    api = NbGraderAPI(CourseDirectory(config=config), config=config, log=log, log_level="ERROR")
    try:
        with api.gradebook as book:
            list(book.students)
    except DBAPIError as error:
        raise UserError(
            f"The gradebook {course / 'gradebook.db'} can't be used ({one_line(error.orig)}): bring back a "
            "copy of it, or name another course."
        ) from None
    return api


def make(names: list[str], course: Path) -> list[Path]:
    """Write the student version of the homework `names`; returns the notebooks to hand out.

    Raises `UserError` when nbgrader refuses, such as when tasks have changed for which points were given.
    """
    api = nbgrader(course)
    for name in names:
        result = api.generate_assignment(name)
        if not result["success"]:
            raise UserError(f"nbgrader can't make {name}: {_reason(result)}")
    return [course / "release" / name / f"{name}.ipynb" for name in names]


def take_in(folder: Path, name: str, course: Path) -> None:
    """Copy what was handed in, files NAME_homework_03.ipynb in `folder`, to where nbgrader looks.

    nbgrader's own zip_collect passes over what has another name, and doesn't say whose notebook is there
    twice or can't be read. Raises `UserError`, before anything is copied, in each of these cases.
    """
    handed_in = {}
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder} of what was handed in.")
    for file in sorted(folder.rglob("*.ipynb")):
        if ".ipynb_checkpoints" in file.parts:
            continue
        match = HANDED_IN.fullmatch(file.name)
        if not match:
            raise UserError(
                f"{file.name}: a notebook that was handed in is called NAME_{name}.ipynb: rename it."
            )
        if match["homework"].lower() != name:
            continue
        if match["name"] in handed_in:
            raise UserError(
                f"{match['name']} has handed in {name} twice in {folder}: leave the one that counts."
            )
        handed_in[match["name"]] = file
    if not handed_in:
        raise UserError(f"{folder} has no notebook NAME_{name}.ipynb, as one that was handed in is called.")
    for file in handed_in.values():
        try:
            nbformat.read(file, as_version=4)
        except Exception:  # nbformat raises several kinds
            raise UserError(f"{file} is no notebook: ask for it once more.") from None
    take_hold(course)
    for person, file in handed_in.items():
        place = course / "submitted" / person / name
        place.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place / f"{name}.ipynb")
        when = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        (place / "timestamp.txt").write_text(f"{when:%Y-%m-%d %H:%M:%S} UTC", encoding="utf-8")


def grade(name: str, course: Path) -> pd.DataFrame:
    """Grade all that was handed in of one homework and not graded before; write a page of feedback for each.

    Returns a row for each person: points, of how many, and whether answers wait to be graded by hand; with a
    column `problem` for notebooks that can't be graded. Raises `UserError` when nothing was handed in.
    """
    if not any(course.glob(f"submitted/*/{name}")):  # before a course is made whose name was mistyped
        raise UserError(f"Nobody has handed in {name}: {course / 'submitted'} / NAME / {name} is empty.")
    api = nbgrader(course)
    if not (course / "release" / name).exists():
        make([name], course)  # nbgrader compares with the tasks as they were handed out
    people = sorted(api.get_submitted_students(name))
    graded = api.get_autograded_students(name)
    problems = {}
    for person in people:
        result = {"success": True} if person in graded else api.autograde(name, person)
        if result["success"]:
            result = api.generate_feedback(name, person)  # again, because points by hand may have come
        if not result["success"]:
            problems[person] = _reason(result)
    rows = {}
    with api.gradebook as book:
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


def grade_and_report(number: str, course: Path, folder: Path | None = None) -> bool:
    """Grade a homework, that of the files in `folder` too, and print a table of points; True: all are graded.

    The table is written into the course's folder, too, with a column for what can't be graded. Raises
    `UserError` as `take_in` and `grade` do.
    """
    [name] = find_homework([number])
    if folder:
        take_in(folder, name, course)
    table = grade(name, course)
    with whole_file(course / f"{name}.csv") as partial:
        table.to_csv(partial, index_label="name")
    problems = table.pop("problem")
    print(table.to_string())
    print(f"\nThe feedback: {course / 'feedback'} / NAME / {name}; the table: {course / name}.csv")
    for person, problem in problems[problems != ""].items():
        print(f"{person}: can't be graded: {problem}", file=sys.stderr)
    return bool((problems == "").all())


def _reason(result: dict) -> str:
    """The error itself from what nbgrader logged: a traceback around it, and a summary that names none."""
    said = f"{result.get('error', '')}\n{result.get('log', '')}"
    errors = re.findall(r"^\s*(?:\w+\.)*(\w+(?:Error|Exception): .+)$", said, re.MULTILINE)
    return errors[-1] if errors else said.strip()
