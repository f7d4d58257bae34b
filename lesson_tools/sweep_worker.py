"""What a Dask worker does for a sweep: one run of a lesson, in processes of its own.

The worker itself stays small and never hangs. It starts a process (`main` below) that executes the lesson
with papermill, whose kernel is another process. When that ends, for whatever reason, the worker says so and
takes the next run. When the worker is killed, the process notices and takes its kernel with it.
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
from dataclasses import dataclass
from pathlib import Path

from distributed import WorkerPlugin, get_worker

FAILED = ".failed"  # ending of the folder of a run that failed
ERROR = "error.txt"  # in it: where and why
LAST_LINES = 2_000  # characters of a process's output that are kept for a report
SOCKET_FOLDER_LENGTH = 80  # characters; the path of a socket may have 103 on macOS, 107 on Linux
FULL = 2**20  # bytes: a disk with less than that is full


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


class RunError(RuntimeError):
    """A run that failed: where and why, in a sentence.

    `files` holds what it left, by path in the run's folder, when the caller doesn't see the worker's disk;
    otherwise it is None, and they are in the folder of the sweep.
    """

    def __init__(self, sentence: str, files: dict[str, bytes] | None = None):
        super().__init__(sentence, files)
        self.sentence, self.files = sentence, files

    def __repr__(self) -> str:  # in the log of a worker, without the files
        return f"RunError({self.sentence!r})"


class DiskFullError(RuntimeError):
    """No more room; the message names the folder and the machine."""


class Cancelled(RuntimeError):
    """Nobody waits for this run any more."""


class IgnoreInterrupt(WorkerPlugin):
    """Leaves Ctrl-C in the terminal to the sweep, which ends the workers of this machine in order."""

    def setup(self, worker) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def fingerprint() -> str:
    """A number that is the same on two machines if the helpers are: runs of both can be compared."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def run(task: RunTask) -> dict[str, bytes] | None:
    """Execute the lesson of `task`, on a Dask worker, and hand over the run's folder.

    Returns None when the folder of the sweep is there on this machine: the run's folder is then in it, whole.
    Otherwise returns the run's files, by path in its folder. Raises `RunError` when the lesson fails,
    `DiskFullError` when there is no room for the files, and `Cancelled`.
    """
    worker = get_worker()
    key = worker.get_current_task()

    def wanted() -> bool:
        task_state = worker.state.tasks.get(key)
        return worker.status.name == "running" and task_state and task_state.state != "cancelled"

    with tempfile.TemporaryDirectory(prefix="sweep-", ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        try:
            folder = _prepare(task, scratch)
            request = {"lesson": task.lesson, "name": task.name, "parameters": task.parameters}
            failure = _execute(json.dumps(request), scratch, _environment(task.threads, scratch), wanted)
            if failure and shutil.disk_usage(scratch).free < FULL:
                raise OSError(errno.ENOSPC, failure)
        except OSError as error:
            raise _full(error, scratch) from None
        return _hand_over(task, folder, failure)


def _prepare(task: RunTask, scratch: Path) -> Path:
    """Write the lesson and return the run's folder, still without anything in it."""
    (scratch / "lesson").mkdir()
    (scratch / "lesson" / task.lesson).write_text(task.notebook, encoding="utf-8")
    return scratch / task.name


def _environment(threads: int | None, scratch: Path) -> dict[str, str]:
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    limits = {name: str(threads) if threads else os.environ.get(name, "1") for name in names}
    # Runs that share a GPU take what they need of its memory, not all of it. What a run leaves in its folder
    # for temporary files goes with it.
    more = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "TMPDIR": str(scratch)}
    return os.environ | limits | more


def _execute(request: str, scratch: Path, environment: dict, wanted) -> str:
    """Execute the lesson in a process and return "", or the sentence that says where and why it failed."""
    with (scratch / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "lesson_tools.sweep_worker"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=scratch,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the sweep, which then ends the process
        )
        try:
            with contextlib.suppress(BrokenPipeError):  # it died at once: its status says so
                process.stdin.write(request.encode() + b"\n")
                process.stdin.flush()
            while process.poll() is None:
                if not wanted():
                    raise Cancelled("This run was cancelled.")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.2)
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()  # ends the process and its kernel, if it is still there
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    if process.returncode == 0:
        return ""
    failure = scratch / "failure"
    if failure.exists():
        return failure.read_text(encoding="utf-8")
    if process.returncode < 0:
        return f"its process was ended by signal {-process.returncode}, as it is when memory runs out"
    last = (scratch / "output").read_text(encoding="utf-8", errors="replace").strip()[-LAST_LINES:]
    return f"its process ended with status {process.returncode}: {last}"


def _hand_over(task: RunTask, folder: Path, failure: str) -> dict[str, bytes] | None:
    """Put the run's folder into that of the sweep, or return its files. Raises `RunError` if it failed."""
    folder.mkdir(exist_ok=True)
    executed = folder.parent / task.lesson
    if executed.exists():
        executed.replace(folder / task.lesson)
    if failure:
        (folder / ERROR).write_text(failure + "\n", encoding="utf-8")
    files = None
    if _sees_the_sweep(task):
        try:
            place(task.out, task.name, lambda partial: _copy(folder, partial), bool(failure))
        except OSError as error:
            raise _full(error, Path(task.out)) from None
    else:
        files = {name: (folder / name).read_bytes() for name in _files(folder)}
    if failure:
        raise RunError(failure, files)
    return files


def _files(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def _copy(folder: Path, target: Path) -> None:
    # Not shutil.copytree, whose error doesn't say any more that the disk is full.
    target.mkdir()
    for name in _files(folder):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, target / name)


def _sees_the_sweep(task: RunTask) -> bool:
    try:
        return (Path(task.out) / "sweep.json").read_text(encoding="utf-8") == task.token
    except OSError:
        return False


def place(out: str | Path, name: str, write, failed: bool) -> None:
    """Have `write` make the folder of a run in the folder `out`, whole or not at all.

    It takes the place of what an earlier attempt left there.
    """
    out = Path(out)
    partial = out / f".{name}.{uuid.uuid4().hex[:8]}.partial"
    try:
        write(partial)
        shutil.rmtree(out / (name + FAILED), ignore_errors=True)
        if not (out / name).exists():  # a worker that was given up may have finished after all
            partial.replace(out / (name + FAILED if failed else name))
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def is_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # Windows has no quota


def _full(error: OSError, folder: Path) -> Exception:
    if not is_full(error):
        return error
    return DiskFullError(f"the disk with {folder} on {socket.gethostname()} is full")


# From here on: the process that executes the lesson.


def main() -> int:
    request = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_worker, daemon=True).start()
    # Imported here, because a worker needs none of it.
    from lesson_tools.run import LessonError, outcome

    lesson, folder = Path("lesson", request["lesson"]), Path(request["name"]).absolute()
    parameters = {"run_dir": str(folder)} | request["parameters"]
    executed = Path(request["lesson"]).absolute()
    try:
        notebook = _execute_lesson(lesson, executed, parameters)
    except LessonError as error:
        sentence = f"cell {error.cell}: {error.error}"
        Path("failure").write_text(sentence, encoding="utf-8")
        return 1
    folder.mkdir(exist_ok=True)
    run_dir = Path(parameters["run_dir"])
    if run_dir != folder and (run_dir / "metrics.json").exists():  # a run that the grid names
        shutil.copyfile(run_dir / "metrics.json", folder / "metrics.json")
    if not [*folder.glob("metrics.json"), *folder.glob("*/metrics.json")]:  # a lesson without a training
        (folder / "metrics.json").write_text(json.dumps({"headline": outcome(notebook)[1]}, indent=2) + "\n")
    return 0


def _execute_lesson(lesson: Path, executed: Path, parameters: dict):
    """Execute the lesson; again when the kernel did not even start, as when two kernels took one port."""
    from lesson_tools.run import execute

    from traitlets.config import Config

    # Sockets that are files can't collide as ports do. They lie in the folder for temporary files, and a
    # long path is refused; Windows has ports only.
    short = len(tempfile.gettempdir()) < SOCKET_FOLDER_LENGTH
    transport = {"transport": "ipc"} if os.name == "posix" and short else {}
    config = Config({"KernelManager": transport, "AsyncKernelManager": transport})
    for attempts_left in (2, 1, 0):
        try:
            return execute(lesson, executed, parameters, progress_bar=False, start_timeout=300, config=config)
        except RuntimeError as error:  # LessonError is none: then a cell failed
            if attempts_left == 0 or type(error) is not RuntimeError:
                raise
            print(f"The kernel did not start ({error}): once more.", file=sys.stderr)


def _end_with_the_worker() -> None:
    """Wait until the worker closes its end of the pipe, or dies, and end this process and its kernel."""
    os.read(0, 1)  # not sys.stdin, whose lock would be held when the process ends
    import psutil

    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()
    shutil.rmtree(Path.cwd(), ignore_errors=True)  # the worker may not be there any more to do it
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
