"""Run lessons of the series, one after another: `python -m helpers.series --help`.

Each lesson is executed by papermill in a kernel of its own. The folder given with --out then holds the
executed lessons, an HTML page of each, and an index of the pages.
"""

import argparse
import ast
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from helpers.choices import (
    NETWORKS,
    NORMALISATION,
    OPTIMISERS,
    POOLING,
    PRECISIONS,
    RECIPES,
    REMEDIES,
    WEIGHTS,
)
from helpers.pages import index_page, lesson_page

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
    "quick": {"dataset": "doodles", "epochs": 3, "seeds": 2, "batch_sizes": "32"},
    "class": {"dataset": "auto", "train_size": 10_000, "epochs": 10},  # what a class has time for
    "full": {"dataset": "auto", "train_size": 0, "epochs": 10},  # all pictures
}
FOLDERS_OF_RUNS = {"08": "longer", "09": "fast", "10": "sweeps"}  # the lessons that train several networks


def _one_of(words: Sequence[str]) -> tuple:
    return lambda value: value in words, f"{', '.join(words[:-1])} or {words[-1]}"


def _numbers(kind: type, words: str) -> tuple:
    def fits(value: str) -> bool:
        try:
            return all(kind(number) > 0 for number in value.split(","))
        except ValueError:
            return False

    return fits, f"{words} with commas between them"


# What a value has to be beyond its type, checked before anything runs.
ACCEPTED = {
    "dataset": (
        lambda value: (
            value in ("auto", "cifar10", "doodles") or (value and Path(value).expanduser().exists())
        ),
        "auto, cifar10, doodles or the path of a file or folder that is there",
    ),
    "train_size": (lambda value: value >= 0, "0 or more"),
    "epochs": (lambda value: value >= 1, "1 or more"),
    "batch_size": (lambda value: value >= 1, "1 or more"),
    "learning_rate": (lambda value: value > 0, "more than 0"),
    "optimiser": _one_of(OPTIMISERS),
    "normalisation": _one_of(NORMALISATION),
    "pooling": _one_of(POOLING),
    "network": _one_of(NETWORKS),
    "recipe": _one_of(RECIPES),
    "precision": _one_of(PRECISIONS),
    "weights": _one_of(WEIGHTS),
    "width": (lambda value: value >= 0, "0 or more"),
    "remedies": (
        lambda value: all(
            part in ("none", *REMEDIES) for name in value.split(",") for part in name.strip().split("+")
        ),
        f"names with commas between them, of none, {', '.join(REMEDIES)}, and several joined with +",
    ),
    "learning_rates": _numbers(float, "numbers more than 0"),
    "batch_sizes": _numbers(int, "whole numbers of 1 or more"),
    "workers": (lambda value: value >= 0, "0 or more"),
    "seeds": (lambda value: 1 <= value <= 100, "1 to 100"),
    "seed": (lambda value: 0 <= value < 2**32, "0 to 4294967295"),
    "pictures": (lambda value: value and min(value) >= 0, "a list of at least one place, each 0 or more"),
    "picture": (lambda value: not value or Path(value).expanduser().is_file(), "a file that is there"),
}


class SeriesError(ValueError):
    """A call that can't be carried out; the message says what was wrong and what is accepted."""


class LessonError(SeriesError):
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
        raise SeriesError(f"There is no lesson {', '.join(unknown)}; the lessons are {', '.join(lessons)}.")
    chosen = {number.zfill(2) for number in numbers} or lessons
    return [path for number, path in lessons.items() if number in chosen]


def lesson_parameters(lesson: Path) -> dict:
    """The parameters of a lesson with their default values.

    Raises `SeriesError` for a default that is not written out, such as 2 * 3: its type can't be read.
    """
    found = papermill.inspect_notebook(lesson)
    defaults = {}
    for name, parameter in found.items():
        try:
            defaults[name] = ast.literal_eval(parameter["default"])
        except (ValueError, SyntaxError):
            raise SeriesError(
                f"The parameter {name} of {lesson.name} has the default {parameter['default']}; accepted are "
                "numbers, text and lists, written out."
            ) from None
    return defaults


def checked_parameters(lessons: list[Path], given: dict) -> dict:
    """Return `given` with each value in its parameter's type.

    Text is read as that type, so that "2" serves for a whole number. Raises `SeriesError` for a parameter
    that none of the lessons has and for a value that is not of its type.
    """
    defaults = {}
    for lesson in lessons:
        defaults |= lesson_parameters(lesson)
    unknown = [str(name) for name in given if name not in defaults]
    if unknown:
        raise SeriesError(
            f"No chosen lesson has a parameter {', '.join(unknown)}; there are {', '.join(sorted(defaults))}."
        )
    values = {name: _as_type_of(defaults[name], name, value) for name, value in given.items()}
    for name, value in values.items():
        fits, accepted = ACCEPTED.get(name, (lambda _: True, ""))
        if not fits(value):
            raise SeriesError(f"The parameter {name} is {accepted}; {value!r} is not.")
    return values


def _as_type_of(default, name: str, value):
    kind = type(default)
    words = {
        bool: "True or False",
        int: "a whole number",
        float: "a number",
        str: "text",
        list: "a list of whole numbers",
    }
    if kind not in words:
        raise SeriesError(f"The parameter {name} has the default {default!r}, which doesn't say its type.")
    words = words[kind]
    wrong = SeriesError(f"The parameter {name} is {words}, such as {default!r}; {value!r} is not.")
    if kind is str:
        if not isinstance(value, str):
            raise wrong
        return value
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError):
            raise wrong from None
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind or (kind is list and any(type(item) is not int for item in value)):
        raise wrong
    return value


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

    The lesson's page and the index are written too, also when a cell fails, which raises `SeriesError`.
    """
    try:
        notebook = execute(lesson, out / lesson.name, parameters)
    finally:
        write_pages(out)
    seconds, headline = outcome(notebook)
    return f"{title(lesson):<36} {seconds:5.0f} s   {headline}"


def outcome(notebook: NotebookNode) -> tuple[float, str]:
    """The seconds that an executed lesson took, and its headline: the line that sums up its result."""
    facts = notebook.metadata.papermill
    if facts.exception:
        return facts.duration or 0, "failed"
    headlines = (
        output["text"].strip()
        for cell in notebook.cells
        if "headline" in cell.metadata.get("tags", [])
        for output in cell.outputs
    )
    return facts.duration or 0, " ".join(headlines)


def write_pages(out: Path) -> None:
    """Write an HTML page for each executed lesson in the folder `out`, and the index of all of them."""
    executed = sorted(out.glob("[0-9][0-9]_*.ipynb"))
    notebooks = {path: nbformat.read(path, as_version=4) for path in executed}
    names = [path.stem for path in executed]
    for path, notebook in notebooks.items():
        path.with_suffix(".html").write_text(lesson_page(notebook, title(path), names), encoding="utf-8")
    rows = [(f"{path.stem}.html", title(path), *outcome(notebook)) for path, notebook in notebooks.items()]
    (out / "index.html").write_text(index_page(rows), encoding="utf-8")


def title(lesson: Path) -> str:
    """ "05_train_the_network.ipynb" -> "05 Train the network"."""
    number, words = lesson.stem.split("_", 1)
    return f"{number} {words.replace('_', ' ').capitalize().replace('gpu', 'GPU')}"


def run_series(
    numbers: Sequence[str] = (), profile: str = "quick", out: Path = Path("build"), given: dict | None = None
) -> None:
    """Run the lessons with these numbers in order, with a profile's parameters and those `given`.

    Prints a line a lesson. Raises `SeriesError` before anything runs for a lesson, profile, parameter or
    value that there is not, and at the first lesson that fails.
    """
    lessons = find_lessons(numbers)
    if profile not in PROFILES:
        raise SeriesError(f"There is no profile {profile}; the profiles are {', '.join(PROFILES)}.")
    given = checked_parameters(lessons, given or {})
    out = Path(out).resolve()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SeriesError(f"The folder {out} can't be made: {error.strerror}.") from None
    # Lessons 05 to 07 share one run folder, 08 to 10 have folders of runs. A user's own run_dir is kept and
    # goes on; these start anew.
    folders = {lesson: out / FOLDERS_OF_RUNS.get(lesson.name[:2], "run") for lesson in lessons}
    chosen = {lesson.name[:2] for lesson in lessons}
    if "run_dir" not in given:
        earlier = [out / "run"] if "05" in chosen else []
        for number in chosen & FOLDERS_OF_RUNS.keys():
            earlier += (out / FOLDERS_OF_RUNS[number]).glob("*")
        for folder in earlier:
            if (folder / "settings.json").exists() or (
                folder / "sweep.json"
            ).exists():  # anything else is not ours to delete
                shutil.rmtree(folder)
    for lesson, folder in folders.items():
        profile_parameters = dict(PROFILES[profile])
        if "recipe" in lesson_parameters(lesson):  # a recipe has a length of its own
            profile_parameters.pop("epochs")
        parameters = {**profile_parameters, "run_dir": str(folder)} | given
        print(run_lesson(lesson, out, parameters), flush=True)
    print(f"\nThe pages: {out / 'index.html'}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m helpers.series", description="Run lessons of the series."
    )
    parser.add_argument(
        "lessons", nargs="*", metavar="LESSON", help="lesson numbers such as 02 05; all if none"
    )
    parser.add_argument("--profile", default="quick", help=f"{', '.join(PROFILES)} (default: quick)")
    parser.add_argument(
        "--out", default="build", metavar="DIR", help="folder for the results (default: build)"
    )
    parser.add_argument(
        "-p",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter; may be repeated",
    )
    parser.add_argument("--parameters", metavar="FILE", help="a YAML file of parameters, name: value")
    options = parser.parse_args(arguments)
    try:
        given = read_parameters(options.parameters) if options.parameters else {}
        run_series(options.lessons, options.profile, options.out, given | dict(options.p))
    except SeriesError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    return 0


def read_parameters(path: str | Path, form: str = "name: value, a line each") -> dict:
    """Read a YAML file of parameters. Raises `SeriesError` when it is not there or not of this form."""
    try:
        given = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SeriesError(f"The parameter file {path} can't be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        given = None
    if not isinstance(given, dict):
        raise SeriesError(f"The parameter file {path} is not YAML of the form {form}.")
    return given


if __name__ == "__main__":
    sys.exit(main())
