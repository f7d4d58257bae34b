"""Run lessons of the series, one after another: `lessons run --help`.

Each lesson is executed by papermill in a kernel of its own. The folder given with --out then holds the
executed lessons, and the book made of them.
"""

import ast
import shutil
import textwrap
from collections.abc import Sequence
from pathlib import Path

from helpers.errors import UserError
from helpers.parameters import check, refuse_unknown

import nbformat
import papermill
import yaml
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"

# What a profile gives to the lessons that have such a parameter.
PROFILES = {
    # No network, seconds a lesson; lesson 10 then runs four times a lesson.
    "quick": {"dataset": "doodles", "epochs": 3, "seeds": 2, "batch_sizes": [32]},
    "class": {"dataset": "auto", "train_size": 10_000, "epochs": 10},  # what a class has time for
    "full": {"dataset": "auto", "train_size": 0, "epochs": 10},  # all images
}
FOLDERS_OF_RUNS = {"08": "longer", "09": "fast", "10": "sweeps"}  # the lessons that train several networks


class LessonError(UserError):
    """A lesson that stopped before its end.

    `cell` is the cell as Jupyter counts it, such as "In [7]", and `error` what went wrong, such as
    "ValueError: …". The message adds the cell's source and the file that holds the lesson as far as it came.
    """

    def __init__(self, message: str, cell: str, error: str):
        super().__init__(message)
        self.cell, self.error = cell, error


def find_lessons(numbers: Sequence[str] = ()) -> list[Path]:
    """The lessons with these numbers ("05" or "5"), in the series' order; all when none is named."""
    lessons = {path.name[:2]: path for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))}
    unknown = [number for number in numbers if number.zfill(2) not in lessons]
    if unknown:
        raise UserError(f"There is no lesson {', '.join(unknown)}; the lessons are {', '.join(lessons)}.")
    chosen = {number.zfill(2) for number in numbers} or lessons
    return [path for number, path in lessons.items() if number in chosen]


def lesson_parameters(lesson: Path) -> dict:
    """The parameters of a lesson with their default values.

    Raises `UserError` for a default that is not written out, such as 2 * 3: its type can't be read.
    """
    found = papermill.inspect_notebook(lesson)
    defaults = {}
    for name, parameter in found.items():
        try:
            defaults[name] = ast.literal_eval(parameter["default"])
        except (ValueError, SyntaxError):
            raise UserError(
                f"The parameter {name} of {lesson.name} has the default {parameter['default']}; accepted are "
                "numbers, text and lists, written out."
            ) from None
    return defaults


def checked_parameters(lessons: list[Path], given: dict) -> dict:
    """Return `given` with each value in its parameter's type.

    Text is read as that type, so that "2" serves for a whole number. Raises `UserError` for a parameter
    that none of the lessons has and for a value that is not of its type.
    """
    defaults = [lesson_parameters(lesson) for lesson in lessons]
    refuse_unknown(map(str, given), {name for each in defaults for name in each})
    checked = {}
    for name, value in given.items():
        for each in defaults:  # a default of one lesson may be nothing for another
            if name in each:
                checked[name] = check(name, value, each[name])
    return checked


def execute(
    lesson: Path, executed: Path, parameters: dict, cwd: Path | None = None, **papermill_options
) -> NotebookNode:
    """Execute a lesson into the file `executed`, in the folder `cwd`, and return it.

    Those of `parameters` that the lesson has are given to it. Raises `LessonError` when a cell fails or the
    kernel dies; `executed` then holds the lesson as far as it came.
    """
    known = lesson_parameters(lesson)
    options = {
        "progress_bar": {"desc": lesson.stem, "leave": False},
        "coalesce_streams": True,  # one output for what a cell prints bit by bit
        # The kernel's own log warns of other users of this machine, and of Ctrl-C: not for the reader.
        "extra_arguments": ["--IPKernelApp.log_level=50"],
    } | papermill_options
    given = {name: value for name, value in parameters.items() if name in known}
    try:
        return papermill.execute_notebook(lesson, executed, given, cwd=cwd and str(cwd), **options)
    except DeadKernelError:
        cell = _last_started(executed)
        error = "its kernel died, as it does when memory runs out"
        raise LessonError(
            f"{lesson.name}: in the cell {cell} {error}. How far it came is in {executed}.", cell, error
        ) from None
    except PapermillExecutionError as error:
        cell, what = f"In [{error.exec_count}]", f"{error.ename}: {error.evalue}"
        raise LessonError(
            f"{lesson.name} failed in the cell {cell}:\n\n{textwrap.indent(error.source, '    ')}\n\n"
            f"{what}\nThe whole error is in {executed}.",
            cell,
            what,
        ) from None


def _last_started(executed: Path) -> str:
    """The cell in which a kernel died, "In [7]": it got no number of its own."""
    cells = [cell for cell in nbformat.read(executed, as_version=4).cells if cell.cell_type == "code"]
    started = [cell for cell in cells if cell.metadata.get("papermill", {}).get("start_time")]
    return f"In [{len(started)}]"


def run_lesson(lesson: Path, out: Path, parameters: dict) -> str:
    """Execute one lesson into the folder `out` and return its line: title, time and headline.

    Raises `LessonError` when a cell fails.
    """
    seconds, headline = outcome(execute(lesson, out / lesson.name, parameters))
    return f"{title(lesson):<36} {seconds:5.0f} s   {headline}"


def outcome(notebook: NotebookNode) -> tuple[float, str]:
    """The seconds that an executed lesson took, and its headline: the line that sums up its result."""
    facts = notebook.metadata.papermill
    if facts.exception:
        return facts.duration or 0, "failed"
    headlines = (
        output.get("text", "").strip()
        for cell in notebook.cells
        if "headline" in cell.metadata.get("tags", [])
        for output in cell.outputs
    )
    return facts.duration or 0, " ".join(headlines).strip()


def title(lesson: Path) -> str:
    """ "05_train_the_network.ipynb" -> "05 Train the network"."""
    number, words = lesson.stem.split("_", 1)
    return f"{number} {words.replace('_', ' ').capitalize().replace('gpu', 'GPU')}"


def run_lessons(
    numbers: Sequence[str] = (), profile: str = "quick", out: Path = Path("build"), given: dict | None = None
) -> None:
    """Run the lessons with these numbers in order, with a profile's parameters and those `given`.

    Prints a line a lesson, and makes the book in the folder `book` of `out`, also when a lesson fails. Raises
    `UserError` before anything runs for a lesson, profile, parameter or value that there is not, and when
    what makes the book is not installed; `LessonError` at the first lesson that fails.
    """
    from lesson_tools.book import require_sphinx, write_book  # which imports this module

    require_sphinx()
    lessons = find_lessons(numbers)
    if profile not in PROFILES:
        raise UserError(f"There is no profile {profile}; the profiles are {', '.join(PROFILES)}.")
    given = checked_parameters(lessons, given or {})
    out = Path(out).resolve()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {out} can't be made: {error.strerror}.") from None
    if "run_dir" not in given:  # a user's own run_dir is kept and goes on
        begin_anew(out, lessons)
    failed = None
    for lesson in lessons:
        profile_parameters = dict(PROFILES[profile])
        if "recipe" in lesson_parameters(lesson):  # a recipe has a length of its own
            profile_parameters.pop("epochs")
        parameters = {**profile_parameters, "run_dir": str(_folder_of_runs(out, lesson))} | given
        try:
            print(run_lesson(lesson, out, parameters), flush=True)
        except LessonError as error:
            failed = error
            break
    print(f"\nThe book: {write_book(out / 'book', out)}")
    if failed:
        raise failed


def _folder_of_runs(out: Path, lesson: Path) -> Path:
    """Lessons 05 to 07 share one run, the later ones have folders of runs."""
    return out / FOLDERS_OF_RUNS.get(lesson.name[:2], "run")


def begin_anew(out: Path, lessons: Sequence[Path]) -> None:
    """Delete the runs in `out` that these lessons make; known by their files, so nothing else is deleted."""
    for lesson in lessons:
        folder = _folder_of_runs(out, lesson)
        several = lesson.name[:2] in FOLDERS_OF_RUNS
        runs = folder.glob("*") if several else [folder] if lesson.name.startswith("05") else []
        for run in runs:
            if (run / "settings.json").exists() or (run / "sweep.json").exists():
                shutil.rmtree(run)


def read_parameters(path: str | Path, form: str = "name: value, a line each") -> dict:
    """Read a YAML file of parameters. Raises `UserError` when it is not there or not of this form."""
    try:
        given = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"The parameter file {path} can't be read: {error.strerror}.") from None
    except (yaml.YAMLError, ValueError):  # ValueError: no date, no text
        given = None
    if not isinstance(given, dict):
        raise UserError(f"The parameter file {path} is not YAML of the form {form}.")
    return given
