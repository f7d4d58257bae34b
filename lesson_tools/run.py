"""Run lessons of the series, one after another: `lessons run --help`.

Each lesson is executed by papermill in a kernel of its own, two of them side by side where that disturbs
nothing. The folder given with --out then holds the executed lessons, and the book made of them.
"""

import ast
import contextlib
import json
import logging
import os
import re
import shutil
import signal
import textwrap
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

from helpers.errors import UserError, one_line
from helpers.files import lock_folder, read_json, unlock_folder, whole_file
from helpers.parameters import check, refuse_unknown
from lesson_tools.folders import (
    ROOT,
    check_replaceable,
    files_in,
    foreign_file,
    output_folder,
    this_checkout_first,
)

import nbformat
import papermill
import psutil
import yaml
from jupyter_client.kernelspec import NoSuchKernel, get_kernel_spec
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from tqdm.auto import tqdm

NOTEBOOKS = ROOT / "notebooks"

# What a profile gives to the lessons that have such a parameter.
PROFILES = {
    # No network, seconds a lesson: one more network for comparison, in lesson 11 one for each setting.
    "quick": {
        "dataset": "doodles",
        "epochs": 3,
        "seeds": 1,
        "remedies": "none, flip+shift, batch_normalization",
    },
    "class": {"dataset": "auto", "train_size": 10_000, "epochs": 10},  # what a class has time for
    "full": {"dataset": "auto", "train_size": 0, "epochs": 10},  # all images
}
FOLDERS_OF_RUNS = {"09": "longer", "10": "fast", "11": "sweeps"}  # the lessons that train several networks
ALONE = ("01", "10", "11")  # no other runs beside these: they measure times, or use several cores themselves
MADE = ".lessons-run"  # in --out: the files in each of its folders of runs, or null while lessons run
ANOTHER = "name another folder with --out."

logging.getLogger("papermill").setLevel(logging.CRITICAL)  # its errors are raised as well


class LessonError(UserError):
    """A lesson that stopped before its end, or that could not be kept.

    `reason` says where and why, such as "cell In [7]: ValueError: …". The message adds the cell's source and
    the file that holds the lesson as far as it came.
    """

    def __init__(self, message: str, reason: str):
        super().__init__(message)
        self.reason = reason


def find_lessons(numbers: Sequence[str] = ()) -> list[Path]:
    """The lessons with these numbers ("06" or "6"), in the series' order; all when none is named.

    Raises `UserError` for a number without a lesson, and for one with two. A copy that Jupyter made of a
    lesson, "06_train_the_network-Copy1.ipynb", is none.
    """
    lessons: dict[str, list[Path]] = {}
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        if not re.search(r"-Copy\d+$", path.stem):
            lessons.setdefault(path.name[:2], []).append(path)
    if not lessons:
        raise UserError(f"There are no lessons in {NOTEBOOKS}: the folder was moved, or get them with git.")
    unknown = [number for number in numbers if number.zfill(2) not in lessons]
    if unknown:
        listed = ", ".join(one_line(number) or "''" for number in unknown)
        raise UserError(f"There is no lesson {listed}; the lessons are {', '.join(lessons)}.")
    chosen = {number.zfill(2) for number in numbers} or lessons
    for number, paths in lessons.items():
        if number in chosen and len(paths) > 1:
            names = " and ".join(path.name for path in paths)
            raise UserError(f"Lesson {number} is there twice, as {names}: move one away from {NOTEBOOKS}.")
    return [path for number, [path, *_] in lessons.items() if number in chosen]


def read_notebook(
    path: Path, way_out: str = "get it back with git, or save it again in Jupyter."
) -> NotebookNode:
    """Return the notebook at `path`. Raises `UserError`, ending in `way_out`, when that is none."""
    invalid = {}
    try:
        notebook = nbformat.read(path, as_version=4, capture_validation_error=invalid)
        reason = "it is damaged" if invalid or "cells" not in notebook else ""
    except OSError as error:
        reason = error.strerror
    except Exception:  # nbformat raises whatever it stumbles over
        reason = "it is damaged"
    if reason:
        raise UserError(f"{path} can't be read as a notebook ({reason}): {way_out}")
    return notebook


def read_lesson(path: Path) -> NotebookNode:
    """Return the lesson at `path`. Raises `UserError` for a notebook that can't be run with parameters."""
    notebook = read_notebook(path)
    kernel = notebook.metadata.get("kernelspec", {})
    if "name" not in kernel:
        raise UserError(f"{path} does not say its kernel: run it in Jupyter once, and save it.")
    try:
        language = get_kernel_spec(kernel.name).language.lower()
    except NoSuchKernel:
        language = "not installed"
    if language != "python":
        raise UserError(
            f"{path} asks for the kernel {one_line(kernel.name)} ({one_line(language)}): choose Python 3 in "
            "Jupyter, and save it."
        )
    kernel.language = language  # papermill asks for it
    if not any("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells):
        raise UserError(f"{path} has no cell with the tag parameters, so it can't be given any: add one.")
    return notebook


def lesson_parameters(lesson: Path) -> dict:
    """The parameters of a lesson with their default values.

    Raises `UserError` for a notebook that can't be run with parameters, and for a default that is not written
    out, such as 2 * 3: its type can't be read.
    """
    return _defaults(read_lesson(lesson), lesson)


def _defaults(notebook: NotebookNode, lesson: Path) -> dict:
    defaults = {}
    for name, parameter in papermill.inspect_notebook(notebook).items():
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

    Those of `parameters` that the lesson has are given to it; it runs with the helpers of this checkout.
    Raises `UserError` before anything runs for a notebook that is none of ours, at either path. Raises
    `LessonError` when a cell fails, the kernel dies or the disk is full; `executed` holds the lesson as far
    as it came, if there is room. Nothing is written before the end.
    """
    notebook = read_lesson(lesson)
    known = _defaults(notebook, lesson)
    check_overwritable(executed)
    given = {name: value for name, value in parameters.items() if name in known}
    os.environ["PYTHONPATH"] = this_checkout_first()
    ran = []
    options = {
        "cwd": cwd,
        "progress_bar": {"desc": lesson.stem, "leave": False},
        "coalesce_streams": True,  # one output for what a cell prints bit by bit
        # The kernel's own log warns of other users of this machine, and of Ctrl-C: not for the reader.
        # A numpy.py in the user's folder is no module of the lessons.
        "extra_arguments": ["--IPKernelApp.log_level=50", "--IPKernelApp.ignore_cwd=True"],
        "on_notebook_start": lambda notebook: ran.append(notebook),  # which papermill goes on to fill in
    } | papermill_options
    failure = _run(notebook, given, ran, options)
    unwritable = ""
    if ran:
        ran[0].metadata.papermill |= {"input_path": str(lesson), "output_path": str(executed)}
        ran[0].metadata.papermill.exception = bool(failure) or None
        try:
            executed.parent.mkdir(parents=True, exist_ok=True)  # somebody may have moved it meanwhile
            with whole_file(executed) as partial:
                # Half of a character, as Python can print, is written as the escape that JSON has for it.
                partial.write_text(
                    nbformat.writes(ran[0]) + "\n", encoding="utf-8", errors="backslashreplace"
                )
        except OSError as error:
            unwritable = f"{executed} can't be written: {error.strerror or error}."
    if failure:
        kept = unwritable or (f"How far it came is in {executed}." if ran else "")
        raise LessonError(f"{lesson.name} {failure}\n{kept}".rstrip(), failure.reason)
    if unwritable:
        raise LessonError(f"{lesson.name} ran to its end, but {unwritable}", unwritable)
    return ran[0]


def _run(notebook: NotebookNode, given: dict, ran: list, options: dict) -> LessonError | None:
    """Have papermill run the notebook, in memory; return why it stopped, if it did."""
    for attempts_left in (2, 1, 0):
        try:
            papermill.execute_notebook(notebook, None, given, **options)
            return None
        except PapermillExecutionError as error:
            cell, what = f"In [{error.exec_count}]", one_line(f"{error.ename}: {error.evalue}", 1_000)
            source = textwrap.indent(error.source, "    ")
            return LessonError(f"failed in the cell {cell}:\n\n{source}\n\n{what}", f"cell {cell}: {what}")
        except DeadKernelError:
            # The cell got no number of its own.
            cells = [cell for notebook in ran for cell in notebook.cells if cell.cell_type == "code"]
            cell = f"In [{sum(bool(cell.metadata.papermill.get('start_time')) for cell in cells)}]"
            what = "its kernel died, as it does when memory runs out"
            return LessonError(f"stopped, because in the cell {cell} {what}.", f"cell {cell}: {what}")
        except Exception as error:  # whatever papermill, Jupyter and the disk come up with
            if isinstance(error, RuntimeError) and "died" in str(error) and not ran and attempts_left:
                continue  # the kernel did not even start, as when two kernels took one port
            what = one_line(f"{type(error).__name__}: {error}", 1_000)
            return LessonError(f"could not {'go on' if ran else 'start its kernel'} ({what}).", what)


def check_overwritable(executed: Path) -> None:
    """Raise `UserError` if there is something at `executed` that is no executed lesson."""
    if not os.path.lexists(executed):
        return
    way_out = f"move it away, or {ANOTHER}"
    if executed.is_symlink() or not executed.is_file():
        raise UserError(f"{executed} is no executed lesson: {way_out}")
    if "papermill" not in read_notebook(executed, way_out).metadata:
        raise UserError(f"{executed} is a notebook that was not executed by this command: {way_out}")


def run_lesson(lesson: Path, out: Path, parameters: dict, **papermill_options) -> str:
    """Execute one lesson into the folder `out` and return its line: title, time and headline.

    Raises `LessonError` when a cell fails.
    """
    seconds, headline = outcome(execute(lesson, out / lesson.name, parameters, **papermill_options))
    return f"{title(lesson):<36} {seconds:5.0f} s   {headline}"


def outcome(notebook: NotebookNode) -> tuple[float, str]:
    """The seconds that an executed lesson took, and its headline: the line that sums up its result."""
    facts = notebook.metadata.papermill
    if facts.get("exception"):
        return facts.get("duration") or 0, "failed"
    headlines = (
        output.get("text", "").strip()
        for cell in notebook.cells
        if "headline" in cell.metadata.get("tags", [])
        for output in cell.outputs
    )
    return facts.get("duration") or 0, " ".join(headlines).strip()


def title(lesson: Path) -> str:
    """ "06_train_the_network.ipynb" -> "06 Train the network"."""
    number, words = lesson.stem.split("_", 1)
    return f"{number} {words.replace('_', ' ').capitalize().replace('gpu', 'GPU')}"


def run_lessons(
    numbers: Sequence[str] = (),
    profile: str = "quick",
    out: Path = Path("build"),
    given: dict | None = None,
    jobs: int = 1,
) -> None:
    """Run the lessons with these numbers, with a profile's parameters and those `given`, `jobs` at a time.

    Prints a line a lesson when it has ended, and makes the book in the folder `book` of `out`, also when a
    lesson fails. Raises `UserError` before anything runs for a lesson, profile, parameter or value that there
    is not, for an `out` that another process works in or that holds what is not ours, and when what makes the
    book is not installed; `LessonError` at the first lesson that fails.
    """
    from lesson_tools.book import require_sphinx  # which imports this module

    require_sphinx()
    lessons = find_lessons(numbers)
    if profile not in PROFILES:
        raise UserError(f"There is no profile {one_line(profile)}; the profiles are {', '.join(PROFILES)}.")
    given = checked_parameters(lessons, given or {})
    out = output_folder(out)
    lock_folder(out, f"wait for it, or {ANOTHER}")
    try:
        check_replaceable(out / "book")
        for lesson in find_lessons():  # the book will have those that don't run now, too
            read_notebook(lesson)
            check_overwritable(out / lesson.name)
        with contextlib.nullcontext() if "run_dir" in given else runs_made_anew(out, lessons):
            _run_lessons(lessons, PROFILES[profile], out, given, min(jobs, len(lessons)))
    finally:
        unlock_folder(out)


def _run_lessons(lessons: list[Path], profile: dict, out: Path, given: dict, jobs: int) -> None:
    from lesson_tools.book import write_book

    failed = None
    parameters = {}
    for lesson in lessons:
        (out / lesson.name).unlink(missing_ok=True)  # nothing old beside what is new
        own = profile | {"run_dir": str(_folder_of_runs(out, lesson))}
        known = lesson_parameters(lesson)
        if "recipe" in known:  # a recipe has a length of its own
            own.pop("epochs", None)
        parameters[lesson] = {name: value for name, value in (own | given).items() if name in known}
    try:
        for line in _lines(parameters, out, jobs):
            with tqdm.external_write_mode():
                print(line, flush=True)
    except UserError as error:
        failed = error
    if any((out / lesson.name).exists() for lesson in lessons):
        try:
            print(f"\nThe book: {write_book(out / 'book', out)}", flush=True)
        except UserError as error:  # it must not hide the other
            failed = UserError(f"{failed}\n{error}") if failed else error
    if failed:
        raise failed


def _lines(parameters: dict[Path, dict], out: Path, jobs: int) -> Iterator[str]:
    """Run `jobs` lessons at a time, and yield each one's line when it has ended; one that fails stops all.

    Lessons of one folder of runs run in turn, and those of `ALONE` alone; others may overtake them.
    """
    if jobs > 1:
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # one leaves the other room
        if {given.get("dataset") for given in parameters.values()} & {"auto", "cifar10"}:
            from helpers.datasets import DownloadError, load_dataset  # NumPy, which the runner needs for this

            with contextlib.suppress(DownloadError):
                load_dataset("cifar10")  # so that the lessons find it here and don't download it twice
    waiting, running = list(parameters), {}

    def may_begin(lesson: Path) -> bool:
        if not running or _is_alone(lesson):
            return not running
        before = [*running.values(), *waiting[: waiting.index(lesson)]]
        folder = parameters[lesson].get("run_dir", "of none")
        shared = any(parameters[other].get("run_dir") == folder for other in before)
        return len(running) < jobs and not shared and not any(map(_is_alone, running.values()))

    options = {} if jobs == 1 else {"progress_bar": False}  # of a lesson, by its cells
    with (
        ThreadPoolExecutor(jobs) as pool,  # the lessons' kernels are processes
        tqdm(total=len(parameters), unit="lesson", leave=False, disable=jobs == 1) as bar,
    ):
        others = set(psutil.Process().children(recursive=True))  # no kernels, as macOS' tracker of locks
        try:
            while waiting or running:
                for lesson in filter(may_begin, waiting.copy()):
                    waiting.remove(lesson)
                    running[pool.submit(run_lesson, lesson, out, parameters[lesson], **options)] = lesson
                bar.set_description(" ".join(sorted(lesson.name[:2] for lesson in running.values())))
                done = set()
                while not done:  # Windows notices Ctrl-C between two waits only
                    done = wait(running, timeout=1, return_when=FIRST_COMPLETED).done
                for ended in done:
                    yield ended.result()
                    running.pop(ended)
                    bar.update()
        except BaseException as error:
            killed = [future for future in running if not future.done()]
            with _without_interrupts():
                while not all(future.done() for future in running):
                    for process in {*psutil.Process().children(recursive=True)} - others:
                        with contextlib.suppress(psutil.Error):  # it has just ended
                            process.kill()
                    wait(running, timeout=0.1)
                stopped = sorted(running[future].name for future in killed if future.exception())
                for name in stopped:
                    (out / name).unlink(missing_ok=True)
            if isinstance(error, KeyboardInterrupt) and stopped:
                not_kept = f"{' and '.join(stopped)} {'are' if len(stopped) > 1 else 'is'} not kept"
                raise KeyboardInterrupt(f"{not_kept}; the lessons that were finished are in {out}.") from None
            raise


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C, in the main thread: a second one must not leave half of what the first one ends."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _is_alone(lesson: Path) -> bool:
    return lesson.name[:2] in ALONE


def _folder_of_runs(out: Path, lesson: Path) -> Path:
    """Lessons 06 to 08 share one run, the later ones have folders of runs."""
    return out / FOLDERS_OF_RUNS.get(lesson.name[:2], "run")


@contextlib.contextmanager
def runs_made_anew(out: Path, lessons: Sequence[Path]) -> Iterator[None]:
    """Delete the runs in `out` that these lessons make; afterwards, keep the names of the files they left.

    So it is known what the next call may delete. When this one is killed, that is all of the folders. Raises
    `UserError`, and deletes nothing, when a folder holds a file of somebody else.
    """
    way_out = f"move it away, or {ANOTHER}"
    made = read_json(out / MADE, way_out) if (out / MADE).exists() else {}
    train = [lesson for lesson in lessons if "run_dir" in lesson_parameters(lesson)]
    folders = dict.fromkeys(_folder_of_runs(out, lesson) for lesson in train)
    for folder in folders:
        if foreign := foreign_file(folder, made.get(folder.name, [])):
            raise UserError(f"{foreign} was not made by the lessons, whose runs go to {folder}: {way_out}")

    def keep(files: dict) -> None:
        with whole_file(out / MADE) as partial:
            partial.write_text(json.dumps(made | files, indent=2) + "\n", encoding="utf-8")

    keep({folder.name: None for folder in folders})
    for lesson in train:
        if lesson.name[:2] in ("06", *FOLDERS_OF_RUNS) and _folder_of_runs(out, lesson).exists():
            shutil.rmtree(_folder_of_runs(out, lesson))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # of a full disk; the lesson's error says so
            keep({folder.name: files_in(folder) for folder in folders})


class _Loader(yaml.SafeLoader):
    """Refuses a name that is there twice, of which YAML would take the last.

    Whole numbers stay text for `check`: to YAML, 010 is 8, and 1:30 is 90.
    """

    def construct_mapping(self, node, deep=False):
        names = []
        for key, _ in node.value:
            names.append(self.construct_object(key, deep=True))
            if names[-1] in names[:-1]:
                raise UserError(
                    f"The parameter file {key.start_mark.name} has {one_line(names[-1])} a second time in "
                    f"line {key.start_mark.line + 1}: leave one of them."
                )
        return super().construct_mapping(node, deep)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_scalar)


def read_parameters(path: str | Path, form: str = "name: value, a line each") -> dict:
    """Read a YAML file of parameters.

    Raises `UserError` when it is not there, not of this form, or has a name twice.
    """
    try:
        with Path(path).open(encoding="utf-8") as file:
            given = yaml.load(file, _Loader)
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"The parameter file {path} can't be read: {error.strerror}.") from None
    except Exception:  # PyYAML raises all kinds of errors for values that are none, such as no date
        given = None
    if not isinstance(given, dict):
        raise UserError(f"The parameter file {path} is not YAML of the form {form}.")
    return given
