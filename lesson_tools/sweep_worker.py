"""What a Dask worker does for a sweep: one run of a lesson, in processes of its own.

The worker itself stays small and never hangs. It starts a process (`main` below) that executes the lesson
with papermill, whose kernel is another process. When that ends, for whatever reason, the worker says so and
takes the next run. When the worker is killed, the process notices and ends, and so does its kernel.
"""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from helpers.errors import UserError
from lesson_tools.folders import this_checkout_first

PACKAGES = ("doodles", "helpers", "lesson_tools")  # what a run uses beside its notebook
REQUEST = "request.json"  # a RunTask, for the process that executes the lesson
FAILED = ".failed"  # ending of the folder of a run that failed
ERROR = "error.txt"  # in it: where and why
REASON_LENGTH = 2_000  # characters that are kept of a reason; Dask shortens an exception of 10,000
STAYING = ("running", "paused", "closing_gracefully")  # states of a worker that still does its runs
FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # Windows has no quota
FULL_BYTES = 2**20  # a disk with less than that is full


@dataclass(frozen=True)
class RunTask:
    """What a worker has to know for one run."""

    name: str  # of the run's folder
    parameters: dict  # of the lesson, without run_dir unless the grid has it
    lesson: str  # name of the lesson's file
    notebook: str  # its content, without outputs
    out: str  # folder of the sweep, as the caller sees it
    token: str  # what sweep.json in that folder holds, if this is the folder that the caller sees
    threads: int | None  # of TensorFlow; None: as many as the worker's environment says, otherwise one
    code: str  # fingerprint of the caller's


class FailedRun(Exception):
    """A run that failed; the message says where and why.

    `files` holds what it left, by path in the run's folder, when the caller doesn't see the worker's disk;
    otherwise it is None, and they are in the folder of the sweep.
    """

    files: dict[str, bytes] | None = None  # no argument, so that no log of Dask shows them


def ignore_interrupt() -> None:
    """Leave Ctrl-C in the terminal to the sweep, which ends the workers of this machine in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def fingerprint() -> str:
    """A number that is the same on two machines if the code of the lessons is: their runs can be compared."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for path in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        name = path.relative_to(root).as_posix()
        digest.update(name.encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def check_version(version: str, wanted: str, worker: str) -> None:
    """Raise `UserError` when the code on a worker is another one."""
    if version != wanted:
        raise UserError(
            f"The worker {worker} has another version of the lessons: bring it up to date and start it again."
        )


def run(task: RunTask) -> dict[str, bytes] | None:
    """Execute the lesson of `task`, on a Dask worker, and hand over the run's folder.

    Returns None when the folder of the sweep is there on this machine: the run's folder is then in it, whole.
    Otherwise returns the run's files, by path in its folder. Raises `FailedRun` when the lesson fails, and
    `UserError` when there is no room for the files, or when the code here is not the caller's.
    """
    from distributed import get_worker  # here, because the process below has no use for it

    worker = get_worker()
    check_version(fingerprint(), task.code, worker.address)  # of one that came later than the sweep
    key = worker.get_current_task()

    def wanted() -> bool:
        state = worker.state.tasks.get(key)
        return worker.status.name in STAYING and state and state.state != "cancelled"

    with (
        full_disk_stops(tempfile.gettempdir()),
        tempfile.TemporaryDirectory(prefix="sweep-", ignore_cleanup_errors=True) as name,
    ):
        scratch = Path(name)
        (scratch / "lesson").mkdir()
        (scratch / "lesson" / task.lesson).write_text(task.notebook, encoding="utf-8")
        failure = _execute(task, scratch, wanted)
        if failure and shutil.disk_usage(scratch).free < FULL_BYTES:
            raise OSError(errno.ENOSPC, failure)
        folder, executed = scratch / task.name, scratch / task.lesson
        kept = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
        if executed.exists():
            kept[Path(task.lesson)] = executed
        files = {path.as_posix(): file.read_bytes() for path, file in kept.items()}
    if sees_the_sweep(task):
        with full_disk_stops(task.out):
            place(task.out, task.name, files, failure)
        files = None
    if failure:
        failed = FailedRun(failure)
        failed.files = files
        raise failed
    return files


def _execute(task: RunTask, scratch: Path, wanted: Callable[[], bool]) -> str:
    """Execute the lesson in a process and return "", or where and why it failed."""
    from distributed import Reschedule

    (scratch / REQUEST).write_text(json.dumps(asdict(task)), encoding="utf-8")
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    environment = os.environ | {name: str(task.threads or os.environ.get(name, 1)) for name in names}
    # Runs that share a GPU take what they need of its memory, not all of it. What a run leaves in its folder
    # for temporary files goes with it.
    environment |= {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "TMPDIR": str(scratch)}
    environment["PYTHONPATH"] = this_checkout_first()
    output = scratch / "output"
    with (
        output.open("wb") as file,
        subprocess.Popen(
            [sys.executable, "-m", "lesson_tools.sweep_worker"],
            stdin=subprocess.PIPE,  # the process ends when this is closed, as on leaving the block
            stdout=file,
            stderr=file,
            cwd=scratch,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the sweep, which then ends the process
        ) as process,
    ):
        while process.poll() is None:
            if not wanted():
                raise Reschedule  # by Dask, elsewhere, unless the sweep was stopped
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
    if process.returncode == 0:
        return ""
    failure = scratch / "failure"
    if failure.exists():
        return failure.read_text(encoding="utf-8")[:REASON_LENGTH]
    if process.returncode < 0:
        return f"its process was ended by signal {-process.returncode}, as it is when memory runs out"
    last = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    return f"its process ended with status {process.returncode}: {''.join(last)}"


def sees_the_sweep(task: RunTask) -> bool:
    """Whether the folder of the sweep is there: on this machine, and the caller's, not one of its name."""
    try:
        return (Path(task.out) / "sweep.json").read_text(encoding="utf-8") == task.token
    except (OSError, ValueError):  # ValueError: no text
        return False


def place(out: str | Path, name: str, files: dict[str, bytes], error: str = "") -> None:
    """Make the folder of a run in the folder `out`, whole or not at all; that of a failed one with `error`.

    It takes the place of what an earlier attempt left there.
    """
    out = Path(out)
    partial = out / f".{name}.{uuid.uuid4().hex[:8]}.partial"
    try:
        for path, content in (files | ({ERROR: f"{error}\n".encode()} if error else {})).items():
            (partial / path).parent.mkdir(parents=True, exist_ok=True)
            (partial / path).write_bytes(content)
        if (out / (name + FAILED) / ERROR).exists():
            shutil.rmtree(out / (name + FAILED), ignore_errors=True)
        if not (out / name).exists():  # a worker that was given up may have finished after all
            partial.replace(out / (name + FAILED if error else name))
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def full_disk_stops(folder: str | Path) -> Iterator[None]:
    """Turn the error of a full disk into the `UserError` that stops a sweep; it names folder and machine."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise UserError(
            f"Stopped, because the disk with {folder} on {socket.gethostname()} is full: make room."
        ) from None


# From here on: the process that executes the lesson.


def main() -> int:
    threading.Thread(target=_end_with_the_worker, daemon=True).start()
    # Imported here, because a worker needs none of it.
    from lesson_tools.run import execute, outcome

    task = RunTask(**json.loads(Path(REQUEST).read_text(encoding="utf-8")))
    lesson, executed, folder = (
        Path("lesson", task.lesson),
        Path(task.lesson).absolute(),
        Path(task.name).absolute(),
    )
    parameters = {"run_dir": str(folder)} | task.parameters
    try:
        notebook = execute(lesson, executed, parameters, progress_bar=False, start_timeout=300)
    except UserError as error:
        Path("failure").write_text(getattr(error, "reason", str(error)), encoding="utf-8")
        return 1
    folder.mkdir(exist_ok=True)
    measured = Path(parameters["run_dir"], "metrics.json")
    if measured.exists() and measured.parent != folder:  # a run that the grid names
        shutil.copyfile(measured, folder / "metrics.json")
    if not [*folder.glob("metrics.json"), *folder.glob("*/metrics.json")]:  # a lesson without a training
        (folder / "metrics.json").write_text(json.dumps({"headline": outcome(notebook)[1]}, indent=2) + "\n")
    return 0


def _end_with_the_worker() -> None:
    """Wait until the worker closes its end of the pipe, or dies, and end this process.

    A kernel of ipykernel ends itself within a second of its parent.
    """
    os.read(0, 1)
    shutil.rmtree(Path.cwd(), ignore_errors=True)  # the worker may not be there any more to do it
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
