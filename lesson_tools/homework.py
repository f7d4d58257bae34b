"""The homework of a class, with nbgrader.

`make` writes the student version of the homework, without solutions and hidden tests, into the folder
`release` of the course. A variant is a homework of its own, such as homework_03-7A, whose source it writes
into the folder `source` before. `grade_and_report` takes the notebooks that came back, grades them, and
writes a page of feedback for each. nbgrader_config.py says where nbgrader keeps what; its own commands work
there as well.
"""

import contextlib
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
from lesson_tools.folders import ROOT, output_folder
from lesson_tools.submissions import (
    MOODLE_PERSON,
    HandedIn,
    fill_worksheet,
    find_handed_in,
    folder_of,
    shown_name,
    write_feedback_zip,
)
from lesson_tools.variants import check_variant, make_variant, variant_of

import nbformat
import pandas as pd
from nbformat.warnings import DuplicateCellId, MissingIDFieldWarning
from tqdm import tqdm
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

SOURCES = ROOT / "notebooks" / "homework"


def find_homework(numbers: list[str], variant: str | None = None) -> list[str]:
    """The names of the homework with these numbers, such as "03"; of all without a number.

    Those of a variant, such as homework_03-7A, if one is given. Raises `UserError` for a number that there is
    not, and as `check_variant` does.
    """
    names = sorted(path.name for path in SOURCES.glob("homework_*/"))
    if not names:
        raise UserError(f"{SOURCES} has no sources of homework, as in a learner's copy of the lessons.")
    wanted = [f"homework_{number.removeprefix('homework_').zfill(2)}" for number in numbers]
    for number, name in zip(numbers, wanted, strict=True):
        if name not in names:
            there = ", ".join(name.removeprefix("homework_") for name in names)
            raise UserError(f"There is no homework {one_line(number) or repr(number)}; there is {there}.")
    names = wanted or names
    return [f"{name}-{check_variant(variant)}" for name in names] if variant is not None else names


def source_of(name: str, course: Path) -> Path:
    """The notebook with the solutions. Raises `UserError` for a variant that was not made in this course."""
    homework, _, variant = name.partition("-")
    source = (course / "source" if variant else SOURCES) / name / f"{name}.ipynb"
    if variant and not source.exists():
        raise UserError(
            f"There is no variant {variant} of {homework} in {course}: lessons homework make "
            f"{homework.removeprefix('homework_')} --variant {variant} makes it."
        )
    return source


def take_hold(course: Path) -> None:
    """Make the folder `course`, and keep other processes out of it until the end of this one.

    Raises `UserError` when it can't be made, is part of this checkout, or another process is at work in it;
    and for letters that nbgrader takes for a pattern of names, and then finds nothing.
    """
    out = output_folder(course)  # among the lessons, it would be handed out with them
    if pattern := re.search(r"[][*?]", str(out)):
        raise UserError(f"nbgrader finds nothing in {out}, because of the {pattern[0]}: name another course.")
    lock_folder(course, "wait for it, or name another course.")


def nbgrader(course: Path, sources: Path | None = None):
    """An `NbGraderAPI` for the folder `course`, see `take_hold`, and the homework in `sources` or SOURCES.

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
    config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config())
    config.CourseDirectory.root = str(course.resolve())
    config.CourseDirectory.source_directory = str(sources or SOURCES)
    for kind in (SAWarning, DuplicateCellId, MissingIDFieldWarning):  # nbgrader's own; of copied cells
        warnings.filterwarnings("ignore", category=kind)
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


def make(names: list[str], course: Path, sources: Path | None = None) -> list[Path]:
    """Write the student version of the homework `names`; returns the notebooks to hand out.

    Those of a variant come from SOURCES, and their own source is written, too. Raises `UserError` when
    nbgrader refuses, such as when tasks have changed for which points were given.
    """
    if variant := "-" in names[0]:
        sources = (course / "source").resolve()
    api = nbgrader(course, sources)
    for name in names:
        if variant:
            homework = name.partition("-")[0]
            notebook = nbformat.read(SOURCES / homework / f"{homework}.ipynb", as_version=4)
            (sources / name).mkdir(parents=True, exist_ok=True)
            with whole_file(sources / name / f"{name}.ipynb") as partial:
                nbformat.write(make_variant(notebook, name), partial)
        result = api.generate_assignment(name)
        if not result["success"]:
            raise UserError(f"nbgrader can't make {name}: {_reason(result)}")
    return [course / "release" / name / f"{name}.ipynb" for name in names]


def write_answers(names: list[str], course: Path) -> list[Path]:
    """Write a page of model answers and rubrics for each homework of `names`; returns the pages.

    Raises `UserError` as `source_of` and `take_hold` do, and when nbgrader isn't installed.
    """
    sources = [source_of(name, course) for name in names]
    nbgrader(course)
    from lesson_tools.feedback import answers_page, read_assignment

    pages = [course / "answers" / f"{name}.html" for name in names]
    for source, page in zip(sources, pages, strict=True):
        page.parent.mkdir(exist_ok=True)
        with whole_file(page) as partial:
            assignment = read_assignment(source)
            partial.write_text(answers_page(assignment), encoding="utf-8")
    return pages


def take_in(handed_in: HandedIn, name: str, course: Path) -> dict[str, str]:
    """Copy what was handed in to where nbgrader looks; returns whose notebook can't be graded, and why.

    Those of other variants are added to what was left out. Raises `UserError` when all are. nbgrader's own
    zip_collect passes over what has another name, and doesn't say whose notebook is there twice or can't be
    read.
    """
    from lesson_tools.grading import is_copy_of

    released = nbformat.read(course / "release" / name / f"{name}.ipynb", as_version=4)
    problems, others = {}, {}
    for person, file in handed_in.notebooks.items():
        try:
            notebook = nbformat.read(file, as_version=4)
        except Exception:  # nbformat raises several kinds
            problems[person] = f"{one_line(file.name)} is no notebook: ask for it once more"
            continue
        if not is_copy_of(notebook, released):
            problems[person] = f"{one_line(file.name)} has no cell of {name}: ask for the right one"
            continue
        if (variant := variant_of(notebook)) not in (variant_of(released), None):
            others.setdefault(variant, []).append(person)
            continue
        place = course / "submitted" / person / name
        place.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place / f"{name}.ipynb")
        when = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        (place / "timestamp.txt").write_text(f"{when:%Y-%m-%d %H:%M:%S} UTC", encoding="utf-8")
    for variant, people in sorted(others.items()):
        what = f"variant {variant}: grade it with --variant {variant}" if variant else "no variant"
        handed_in.left_out.append(f"{', '.join(people)}: {what}.")
    if sum(map(len, others.values())) == len(handed_in.notebooks) > 0:
        raise UserError(f"None of the notebooks is {name}. {' '.join(handed_in.left_out)}")
    return problems


def grade(name: str, course: Path, api, answers: bool = False) -> pd.DataFrame:
    """Grade all that was handed in of one homework and not graded before; write a page of feedback for each.

    Returns a row for each person: points, of how many, the points of each task, whether answers wait to be
    graded by hand, `notes` on cells that were repaired or left out, and a column `problem` for notebooks that
    can't be graded. With `answers`, the pages have the model answers.
    """
    from lesson_tools.feedback import feedback_page, read_assignment, results
    from lesson_tools.grading import NOTES, stopped_cells

    people = sorted(api.get_submitted_students(name))
    graded = {one for one in api.get_autograded_students(name) if _ran(course / "autograded" / one / name)}
    problems = {}
    for person in tqdm(people, desc=name, leave=False, disable=None):
        if person not in graded and not (result := api.autograde(name, person))["success"]:
            if result["error"].rstrip().endswith("KeyboardInterrupt"):  # which nbgrader catches
                raise KeyboardInterrupt
            problems[person] = _reason(result)
    assignment = read_assignment(source_of(name, course))
    rows = {}
    with api.gradebook as book:
        for submission in book.assignment_submissions(name):
            person, executed = submission.student.id, f"{submission.student.id}/{name}/{name}.ipynb"
            if person in problems or not (course / "autograded" / executed).exists():
                continue
            grades = {grade.name: grade for grade in submission.notebooks[0].grades}
            comments = {comment.name: comment.manual_comment for comment in submission.notebooks[0].comments}
            notebook = nbformat.read(course / "autograded" / executed, as_version=4)
            tasks = results(assignment, notebook, grades, comments)
            notes = [*notebook.metadata.get(NOTES, []), *stopped_cells(notebook)]
            page = course / "feedback" / person / name / f"{name}.html"
            page.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(page) as partial:
                text = feedback_page(assignment, shown_name(person), tasks, notes, answers)
                partial.write_text(text, encoding="utf-8")
            rows[person] = {
                "points": submission.score,
                "of": submission.max_score,
                **{result.task.number: result.points for result in tasks},
                "to grade by hand": sum(grade.needs_manual_grade for grade in grades.values()),
                "notes": " ".join(notes),
            }
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(people)
    return table.assign(problem=pd.Series(problems, dtype=object).reindex(people).fillna(""))


def grade_and_report(
    number: str,
    course: Path,
    source: Path | None = None,
    answers: bool = False,
    variant: str | None = None,
) -> bool:
    """Grade a homework, that in the folder or zip `source` too, and print points; True: all are graded.

    The table is written into the course's folder, too, with columns for what was repaired and what can't be
    graded; and, where learners have numbers from Moodle, the two files that Moodle takes. Raises `UserError`
    as `source_of`, `find_handed_in` and `nbgrader` do, and when nobody has handed in.
    """
    [name] = find_homework([number], variant)
    source_of(name, course)
    if not source and not any(course.glob(f"submitted/*/{name}")):  # a course whose name was mistyped
        raise UserError(f"Nobody has handed in {name}: {course / 'submitted'} / NAME / {name} is empty.")
    with folder_of(source) if source else contextlib.nullcontext() as folder:
        handed_in = find_handed_in(folder, name) if folder else HandedIn()
        api = nbgrader(course)
        if not (course / "release" / name).exists():
            make([name], course)  # nbgrader compares with the tasks as they were handed out
        api.config.ExecuteApart.hide = [str(path.resolve()) for path in (course, source) if path]
        problems = take_in(handed_in, name, course)
        worksheet = course / f"{name}_moodle.csv"
        if handed_in.worksheet:
            shutil.copyfile(handed_in.worksheet, worksheet)
    from lesson_tools.grading import WITHOUT_SANDBOX, can_run_apart

    if not can_run_apart():
        print(WITHOUT_SANDBOX)
    table = grade(name, course, api, answers)
    for person, problem in problems.items():
        table.loc[person, "problem"] = problem
    table = table.sort_index()
    with whole_file(course / f"{name}.csv") as partial:
        table.to_csv(partial, index_label="name")
    _report(table, name, course, handed_in.left_out)
    _for_moodle(table, name, course, worksheet)
    return bool((table["problem"] == "").all())


def _report(table: pd.DataFrame, name: str, course: Path, left_out: list[str]) -> None:
    """Print the points, and a line for each notebook that was repaired or can't be graded, and each file."""
    shown = table.drop(columns=["notes", "problem"], errors="ignore")
    with pd.option_context("display.unicode.east_asian_width", True):  # or such names shift the columns
        print(shown.to_string(float_format="{:g}".format, na_rep="–"))
    print(f"\nThe feedback: {course / 'feedback'} / NAME / {name}; the table: {course / name}.csv")
    for person, row in table.iterrows():
        if row["problem"]:
            print(f"{person}: can't be graded: {row['problem']}", file=sys.stderr)
        elif row["notes"]:
            print(f"{person}: {row['notes']}", file=sys.stderr)
    for sentence in left_out:
        print(f"Left out: {sentence}", file=sys.stderr)


def _for_moodle(table: pd.DataFrame, name: str, course: Path, worksheet: Path) -> None:
    """Write the worksheet and the zip file for Moodle, of those learners who have a number there."""
    table = table[[bool(MOODLE_PERSON.fullmatch(person)) for person in table.index]]
    table = table[table["problem"] == ""]
    if table.empty:
        return
    waiting = table["to grade by hand"] > 0
    points = {person: None if waiting[person] else table["points"][person] for person in table.index}
    fill_worksheet(worksheet if worksheet.exists() else None, points, table["of"].iloc[0], worksheet)
    pages = {person: course / "feedback" / person / name / f"{name}.html" for person in table.index}
    write_feedback_zip(pages, course / f"{name}_moodle.zip")
    print(f"For Moodle: {worksheet} and {course / name}_moodle.zip", end="")
    print(f"; {waiting.sum()} without a grade until you have graded by hand." if waiting.any() else ".")


def _ran(folder: Path) -> bool:
    """Whether the notebook in `folder` is one that was run, and not what a killed process left there."""
    notebooks = [nbformat.read(path, as_version=4) for path in folder.glob("*.ipynb")]
    return any(cell.get("execution_count") for notebook in notebooks for cell in notebook.cells)


def _reason(result: dict) -> str:
    """The error itself from what nbgrader logged: a traceback around it, and a summary that names none."""
    said = f"{result.get('error', '')}\n{result.get('log', '')}"
    errors = re.findall(r"^\s*(?:\w+\.)*(\w+(?:Error|Exception): .+)$", said, re.MULTILINE)
    return errors[-1] if errors else said.strip()
