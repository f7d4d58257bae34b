"""What nbgrader does with a notebook that was handed in, so that nothing in it stops the grading.

nbgrader_config.py names both classes: `Repair` gives each cell back what nbgrader knows it by, `ExecuteApart`
runs the cells where they can't reach the teacher's files.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from lesson_tools.folders import ROOT, this_checkout_first

import matplotlib
import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Dict, Integer, List, Unicode

NOTES = "lessons_notes"  # in a notebook's metadata: sentences on what was repaired
STOPPED = "CellStopped"  # the name of the error of a cell that was left out
CUT_SHORT = (STOPPED, "CellTimeoutError")  # what says in a sentence why a cell did not run to its end
TIME_IS_OVER = "the time for the notebook was over, so it was left out"
CHANGES_ANSWERS = ("PYTHONOPTIMIZE", "PYTHONWARNINGS", "MPLBACKEND")
WITHOUT_SANDBOX = (
    "On this system, homework that runs can read and change your files, and use the network: grade in an "
    "account, or on a computer, where nothing else is kept."
)


def graded_name(cell: NotebookNode) -> str:
    """The name that nbgrader knows a cell by, such as test-1a; empty when it knows it by none."""
    mark = cell.metadata.get("nbgrader")
    return str(mark.get("grade_id", "")) if isinstance(mark, dict) else ""


def find_cells(notebook: NotebookNode, released: NotebookNode) -> dict[int, list[NotebookNode]]:
    """The cells of a notebook that are, or are copies of, the cell at each place in `released`.

    A cell is known by its nbgrader name; where an editor dropped that, by its id or its text; and else an
    answer by its place, after the cell that it came after.
    """
    answers = {place for place, cell in enumerate(released.cells) if _is_answer(cell)}
    names = {graded_name(cell): place for place, cell in enumerate(released.cells) if graded_name(cell)}
    ids = {cell.get("id"): place for place, cell in enumerate(released.cells)}
    texts = {cell.source.strip(): p for p, cell in enumerate(released.cells) if p not in answers}
    found: dict[int, list[NotebookNode]] = {}
    before = None
    for cell in notebook.cells:
        place = names.get(graded_name(cell), ids.get(cell.get("id"), texts.get(cell.source.strip())))
        after = -1 if before is None else before + 1
        if place is None and after in answers and released.cells[after].cell_type == cell.cell_type:
            place = after
        if place is not None:
            found.setdefault(place, []).append(cell)
        before = place
    return found


def is_copy_of(notebook: NotebookNode, released: NotebookNode) -> bool:
    """Whether a notebook was made from `released`, and not from another homework or from nothing."""
    ids, texts = set(), set()
    for cell in released.cells:
        if not graded_name(cell).startswith(("given", "answer", "explain")):  # others may begin alike
            ids.add(cell.get("id"))
            texts.add(cell.source.strip())
    return any(cell.get("id") in ids or cell.source.strip() in texts for cell in notebook.cells)


def repair(notebook: NotebookNode, released: NotebookNode) -> list[str]:
    """Make a notebook that nbgrader can grade of one that was handed in; returns what had to be repaired.

    Of the copies of a cell one counts: the last answer that was changed, the first check behind it. Missing
    cells are put back, but for answers in code: one may stand in a cell of the learner's own.
    """
    found, notes = find_cells(notebook, released), []
    order = {id(cell): number for number, cell in enumerate(notebook.cells)}
    chosen, answer = {}, -1
    for place, cells in sorted(found.items()):
        original = released.cells[place]
        if _is_answer(original):
            changed = [cell for cell in cells if cell.source.strip() != original.source.strip()]
            chosen[place], which = (changed or cells)[-1], "the last one counts"
            answer = order[id(chosen[place])]
        else:  # a later check could read a name that has changed since
            behind = [cell for cell in cells if order[id(cell)] > answer]
            chosen[place], which = (behind or cells[-1:])[0], "one of them counts"
        if len(cells) > 1 and (name := graded_name(original)):
            notes.append(f"{name} was there {len(cells)} times: {which}.")
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    following = None
    for place in reversed(range(len(released.cells))):
        original = released.cells[place]
        name = graded_name(original)
        if place in chosen:
            following = chosen[place]
            if name:
                following.metadata["nbgrader"] = original.metadata["nbgrader"].copy()
        elif name and _is_answer(original) and original.cell_type == "code":
            notes.append(f"{name} was missing.")
        elif name:
            where = next((i for i, cell in enumerate(notebook.cells) if cell is following), None)
            following = nbformat.from_dict(original)
            notebook.cells.insert(len(notebook.cells) if where is None else where, following)
            notes.append(f"{name} was missing, and was put back.")
    seen = set()
    for cell in notebook.cells:
        if cell.get("id") in seen:
            cell["id"] = uuid.uuid4().hex[:8]
        seen.add(cell.get("id"))
    return sorted(notes)


def _is_answer(cell: NotebookNode) -> bool:
    return bool(graded_name(cell)) and bool(cell.metadata["nbgrader"].get("solution"))


class Repair(NbGraderPreprocessor):
    """Repairs a notebook by the one that was released."""

    def preprocess(self, nb, resources):
        names = resources["nbgrader"]
        course = CourseDirectory(config=self.config)
        folder = course.format_path(course.release_directory, ".", names["assignment"])
        released = nbformat.read(Path(folder, f"{names['notebook']}.ipynb"), as_version=4)
        nb.metadata[NOTES] = repair(nb, released)
        return nb, resources


class ApartManager(AsyncKernelManager):
    """Starts a kernel by a command that comes before its own, in an environment of its own."""

    command = List(Unicode())
    environment = Dict()

    def format_kernel_cmd(self, extra_arguments=None):
        return [*self.command, *super().format_kernel_cmd(extra_arguments)]

    async def start_kernel(self, **options):
        return await super().start_kernel(env=self.environment, **options)


class ExecuteApart(Execute):
    """Runs each notebook in a folder of its own, and goes on after a cell that ends or blocks Python.

    Such a cell is left out, with an error in place of its output, and the others are run once more.
    """

    seconds = Integer(600, help="for a notebook").tag(config=True)
    most_shown = Integer(5_000_000, help="characters kept of what a cell prints and draws").tag(config=True)
    hide = List(Unicode(), help="paths out of reach, besides the user's home").tag(config=True)

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **{"kernel_manager_class": ApartManager} | options)

    def preprocess(self, nb, resources, km=None):
        self._left_out = {}  # place of a cell: why
        self.shutdown_kernel = "immediate"  # it may not listen
        self._deadline = time.monotonic() + self.seconds
        self.timeout_func = self._seconds_for
        apart = can_run_apart()
        # A socket's name may have about a hundred letters, which the folder for temporary files can have.
        folder = "/tmp" if apart else None
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True, dir=folder) as self._work:
            for fonts in Path(matplotlib.get_cachedir()).glob("fontlist*.json"):  # finding them takes seconds
                shutil.copy(fonts, self._work)
            self._command = sandbox_command(self.hide, self._work) if apart else []
            resources["metadata"]["path"] = self._work
            while True:
                try:
                    nb, resources = super().preprocess(nb, resources)
                    check_given(nb)
                    return nb, resources
                except (DeadKernelError, CellTimeoutError) as error:
                    ended = isinstance(error, DeadKernelError)
                    why = "it ended Python" if ended else "it ran too long, and could not be interrupted"
                    if not ended and is_given(nb.cells[self._place]):
                        raise too_slow(nb.cells[self._place], why) from None
                    self._left_out[self._place] = f"{why}, so it was left out"

    def _seconds_for(self, cell):
        left = max(1, int(self._deadline - time.monotonic()))
        return left if is_given(cell) else min(self.timeout, left)  # what everybody has is not endless

    def create_kernel_manager(self):
        manager = super().create_kernel_manager()
        manager.connection_file = f"{self._work}/{uuid.uuid4().hex[:8]}.json"
        # What a teacher set for other work would change what an answer is worth.
        own = {name: value for name, value in os.environ.items() if name not in CHANGES_ANSWERS}
        manager.environment = own | {"PYTHONPATH": this_checkout_first(), "MPLCONFIGDIR": self._work}
        if self._command:
            manager.command, manager.transport = self._command, "ipc"  # there is no network inside
        return manager

    def preprocess_cell(self, cell, resources, index):
        self._place, self._shown = index, 0
        why = self._left_out.get(index)
        if time.monotonic() > self._deadline:
            why = TIME_IS_OVER
        if not why or cell.cell_type != "code":
            return super().preprocess_cell(cell, resources, index)
        output = nbformat.v4.new_output("error", ename=STOPPED, evalue=why, traceback=[f"{STOPPED}: {why}"])
        cell.outputs = [output]
        return cell, resources

    def on_cell_executed(self, **options):
        super().on_cell_executed(**options)
        payload = options["execute_reply"]["content"].get("payload", [])
        if any(what.get("source") == "ask_exit" for what in payload):  # the kernel ends a moment later
            raise DeadKernelError("exit()")

    def process_message(self, msg, cell, cell_index):
        self._shown += sum(len(str(msg["content"].get(what, ""))) for what in ("text", "data"))
        if msg["msg_type"] in ("stream", "display_data") and self._shown > self.most_shown:
            return None
        return super().process_message(msg, cell, cell_index)


def errors(cell: NotebookNode) -> list[NotebookNode]:
    """The errors among the outputs of a cell."""
    return [output for output in cell.get("outputs", []) if output.output_type == "error"]


def _why_stopped(cell: NotebookNode) -> list[str]:
    return [error.evalue for error in errors(cell) if error.ename in CUT_SHORT]


def stopped_cells(notebook: NotebookNode) -> list[str]:
    """For each cell that was left out or stopped, a sentence that names it."""
    sentences, before = [], "the beginning"
    for cell in notebook.cells:
        name = graded_name(cell)
        sentences += [f"{name or f'a cell after {before}'}: {why}." for why in _why_stopped(cell)]
        before = name or before
    return sentences


def is_given(cell: NotebookNode) -> bool:
    """Whether a cell is code of the homework's own."""
    return graded_name(cell).startswith("given")


def too_slow(cell: NotebookNode, why: str) -> RuntimeError:
    """The error that tells a teacher whose computer has no time for a cell of the homework's own."""
    return RuntimeError(f"{graded_name(cell)}, which everybody has: {why}; grade again")


def check_given(notebook: NotebookNode) -> None:
    """Raise `RuntimeError` when a cell of the homework's own ran too long: points would be lost unfairly."""
    for cell in notebook.cells:
        for why in _why_stopped(cell):
            if is_given(cell) and why != TIME_IS_OVER:
                raise too_slow(cell, why)


@functools.cache
def can_run_apart() -> bool:
    """Whether programs can be run with the teacher's files out of their reach."""
    if sys.platform != "linux":
        return False
    with tempfile.TemporaryDirectory(dir="/tmp") as work:
        trial = [*sandbox_command([], work), sys.executable, "-c", "import nbformat"]
        return subprocess.run(trial, capture_output=True).returncode == 0


def sandbox_command(hide: list[str], work: str) -> list[str]:
    """The command before that of a kernel which works in `work`, and doesn't see the paths `hide`."""
    from helpers.datasets import cache_dir

    home = Path.home().resolve()
    hidden = [home, "/tmp", tempfile.gettempdir(), "/var/tmp", "/dev/shm", "/run", ROOT / "tests", *hide]
    hidden += [ROOT / ".git", ROOT / "notebooks" / "homework"]
    hidden = {Path(path).resolve() for path in hidden if Path(path).exists()} - {Path("/")}
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    kept = [ROOT, sys.prefix, sys.base_prefix, cache_dir(to_write=False), *packages]
    kept = {Path(path).absolute() for path in kept if Path(path).exists()}
    kept = {path for path in kept if path.resolve() not in (*hidden, *home.parents)}
    plan = {"hide": sorted(map(str, hidden)), "keep": sorted(map(str, kept)), "work": work}
    return [sys.executable, "-S", "-E", str(Path(__file__).with_name("sandbox.py")), json.dumps(plan)]
