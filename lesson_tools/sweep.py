"""Run a lesson many times, with other parameters and seeds: `python -m lesson_tools.sweep --help`.

Lesson 10 shows it.

A sweep is a folder:

sweep.json     the lesson and the grid
results.csv    a row a run: its parameters, whether it finished, and what it measured
summary.csv    mean and deviation over the seeds, a row a setting
NAME/          a finished run: the executed lesson, metrics.json, and what else the lesson keeps of a training
NAME.failed/   a run that failed: the lesson as far as it came, and error.txt

Dask hands the runs to workers, on this machine or on a cluster; `lesson_tools.sweep_worker` is what a worker
does.
"""

import argparse
import contextlib
import hashlib
import itertools
import json
import logging
import math
import queue
import re
import shutil
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

from helpers.datasets import load_dataset
from helpers.datasets.download import DownloadError
from lesson_tools.run import (
    SeriesError,
    checked_parameters,
    find_lessons,
    lesson_parameters,
    read_parameters,
)
from lesson_tools.sweep_worker import (
    ERROR,
    FAILED,
    DiskFullError,
    IgnoreInterrupt,
    RunError,
    RunTask,
    fingerprint,
    is_full,
    place,
    run,
)

import locket
import nbformat
import pandas as pd
from dask.system import CPU_COUNT
from distributed import CancelledError, Client, Future, KilledWorker, LocalCluster
from distributed.system import MEMORY_LIMIT
from tqdm.auto import tqdm

RUN_MEMORY = 2 * 2**30  # bytes of a run: lessons 05 to 09 were seen to take up to 1.6 GB on CIFAR-10
CONNECT_SECONDS = 10  # how long a scheduler may take to answer
METRICS = ("validation_accuracy", "test_accuracy", "cpu_seconds")  # what the summary averages
BEST_SHOWN = 10  # settings that the command prints
NAME_LENGTH = 100  # characters of a folder's name


class SweepError(SeriesError):
    """A sweep that can't begin, or can't go on; the message says why and what to do."""


def sweep(
    lesson: str | Path,
    grid: dict,
    out: str | Path,
    *,
    scheduler: str = "",
    workers: int = 0,
    retries: int = 0,
    resources: dict[str, float] | None = None,
    say: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Run a lesson once for each combination of the grid's values, and return `results.csv` as a table.

    What a sweep in the folder `out` has finished is not run again. A run that fails doesn't stop the others.

    Args:
        lesson: A number such as "05", or the path of a notebook with a cell of parameters.
        grid: For each parameter a value or a list of values: `{"learning_rate": [0.001, 0.01], "epochs": 3}`.
        out: Folder of the sweep, a new one or that of the same lesson and grid.
        scheduler: Address of a Dask scheduler, `tcp://host:8786`; without it, workers start on this machine.
        workers: How many of them, each running one lesson at a time; 0 for as many as cores and memory allow.
        retries: How often a run that fails is tried again.
        resources: What a run takes of a worker's resources, `{"GPU": 1}`.
        say: Called with a line at the beginning, and for each run that fails.

    Raises:
        SweepError: Before anything runs, for a lesson, parameter, value or folder that can't be used. Later,
            when the scheduler is lost or the disk is full: what was finished is kept, and the same call runs
            the others.
    """
    lesson = find_lesson(lesson)
    for name, number in (("workers", workers), ("retries", retries)):
        if number < 0:
            raise SweepError(f"{name} is 0 or more; {number} is not.")
    if scheduler and workers:
        raise SweepError("workers are those of this machine: with a scheduler, the cluster has its own.")
    if resources and not scheduler:
        raise SweepError("resources are those of a cluster's workers: give its scheduler, too.")
    grid = checked_grid(lesson, grid)
    out = Path(out).expanduser().resolve()
    runs = combinations(grid)
    notebook = _without_outputs(lesson)
    begun = False
    with _opened(out, lesson, grid, notebook) as token:
        todo = {name: parameters for name, parameters in runs.items() if not (out / name).exists()}
        before = len(runs) - len(todo)
        say(f"{_count(len(runs))} of {lesson.name}" + (f", {before} finished before" if before else ""))
        try:
            if todo:
                with _connected(scheduler, workers, len(todo)) as (client, threads, where):
                    begun = True
                    say(where)
                    tasks = [
                        RunTask(name, parameters, lesson.name, notebook, str(out), token, threads)
                        for name, parameters in todo.items()
                    ]
                    with contextlib.closing(_Bar(before, len(runs))) as bar:
                        _run_all(client, tasks, out, retries, resources or {}, say, bar)
            return _write_results(out, grid)
        except (KeyboardInterrupt, SweepError) as stopped:
            if not begun and isinstance(stopped, SweepError):  # nothing is there that the grid would bind
                if not before:
                    (out / "sweep.json").unlink()
                raise
            finished = sum((out / name).exists() for name in runs)
            with contextlib.suppress(SweepError):  # a full disk has no room for the table either
                _write_results(out, grid)
            raise type(stopped)(
                f"{stopped} {finished} of {_count(len(runs))} finished; that is kept in {out}, and "
                "the same call runs the others."
            ) from None


def find_lesson(lesson: str | Path) -> Path:
    """The lesson of this number, or the notebook at this path. Raises `SeriesError` if there is none."""
    path = Path(lesson)
    if path.suffix != ".ipynb":
        return find_lessons([str(lesson)])[0]
    if not path.exists():
        raise SweepError(f"There is no notebook {path}; accepted are a lesson's number and the path of one.")
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, AttributeError, nbformat.reader.NotJSONError):
        raise SweepError(f"{path} is not a notebook.") from None
    if "kernelspec" not in notebook.metadata:
        raise SweepError(f"{path} does not say its kernel: run it in Jupyter once, and save it.")
    if not any("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells):
        raise SweepError(f"{path} has no cell with the tag parameters, so there is nothing to vary.")
    return path


def checked_grid(lesson: Path, grid: dict) -> dict[str, list]:
    """Return the grid with a list of values for each parameter, each of its parameter's type.

    Paths become absolute, and the data set "auto" what it is on this machine, so that no worker takes
    another. Raises `SweepError` for an empty grid, a parameter without values or with the same one twice, and
    `SeriesError` for a parameter or value that the lesson doesn't take.
    """
    if not isinstance(grid, dict) or not grid:
        raise SweepError("The grid is empty: give a parameter and its values, such as seed: [0, 1, 2].")
    defaults = lesson_parameters(lesson)
    checked = {}
    for name, given in grid.items():
        # A parameter that is itself a list, such as images, has several values only as a list of lists.
        whole = isinstance(defaults.get(name), list) and not all(isinstance(v, list) for v in given or [0])
        values = given if isinstance(given, list) and not whole else [given]
        if not values:
            raise SweepError(f"The parameter {name} has no value in the grid: give one or more.")
        values = [_resolved(name, checked_parameters([lesson], {name: value})[name]) for value in values]
        twice = [value for place, value in enumerate(values) if value in values[:place]]
        if twice:
            raise SweepError(f"The grid has the value {twice[0]!r} of {name} twice: once is enough.")
        checked[name] = values
    if "dataset" in defaults and "dataset" not in checked:
        checked["dataset"] = [_resolved("dataset", defaults["dataset"])]
    return checked


def _resolved(name: str, value):
    if name == "dataset" and value in ("auto", "cifar10"):
        # Loaded once here, so that the workers of this machine find it and don't all download it.
        try:
            return load_dataset(value).name
        except DownloadError as error:
            raise SweepError(str(error)) from None
    if value and name in ("image", "run_dir", "dataset") and value != "doodles":
        return str(Path(value).expanduser().resolve())
    return value


def combinations(grid: dict[str, list]) -> dict[str, dict]:
    """The parameters of each run, by the name of its folder: a number, and the values that vary."""
    combined = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    several = varying(grid)
    digits = len(str(len(combined)))
    named = {}
    for number, parameters in enumerate(combined, start=1):
        parts = [f"{number:0{digits}}", *(f"{name}={parameters[name]}" for name in several)]
        name = re.sub(r"[^\w.=+-]+", "-", "_".join(parts))[:NAME_LENGTH].rstrip(".-")
        named[name] = parameters
    return named


def varying(grid: dict[str, list]) -> list[str]:
    """The parameters with several values."""
    return [name for name, values in grid.items() if len(values) > 1]


@contextlib.contextmanager
def _opened(out: Path, lesson: Path, grid: dict, notebook: str):
    """The folder of the sweep, for this process alone; yields the content of its sweep.json."""
    path = out / "sweep.json"
    digest = hashlib.sha256(notebook.encode()).hexdigest()
    meant = {"lesson": lesson.name, "sha256": digest, "grid": grid}
    try:
        if out.exists() and not path.exists() and (not out.is_dir() or _holds_something(out)):
            raise SweepError(f"{out} exists and is not a sweep: choose another folder.")
        out.mkdir(parents=True, exist_ok=True)
        lock = locket.lock_file(out / ".lock", timeout=0)
        lock.acquire()
    except locket.LockError:
        raise SweepError(
            f"Another sweep is at work in {out}: wait for it, or choose another folder."
        ) from None
    except OSError as error:
        raise SweepError(f"The folder {out} can't be used: {error.strerror}.") from None
    try:
        if path.exists():
            there = json.loads(path.read_text(encoding="utf-8"))
            if change := _change(there, meant):
                raise SweepError(f"{out} holds another sweep ({change}): choose another folder.")
        else:
            text = json.dumps(meant | {"id": uuid.uuid4().hex}, indent=2) + "\n"
            _write(path, text)
        for partial in out.glob(".*.partial"):  # of a worker that was killed
            shutil.rmtree(partial, ignore_errors=True)
        yield path.read_text(encoding="utf-8")
    finally:
        lock.release()


def _holds_something(out: Path) -> bool:
    return any(not path.name.startswith(".") for path in out.iterdir())


def _change(there: dict, meant: dict) -> str:
    """What differs between two sweeps, in words; "" for the same."""
    if there["lesson"] != meant["lesson"]:
        return f"of the lesson {there['lesson']}"
    if there["sha256"] != meant["sha256"]:
        return f"{there['lesson']} has changed since, so old and new runs can't be compared"
    for name in there["grid"] | meant["grid"]:
        before, now = there["grid"].get(name, "not there"), meant["grid"].get(name, "not there")
        if before != now:
            return f"{name} was {before}, now {now}"
    return ""


@contextlib.contextmanager
def _connected(scheduler: str, workers: int, runs: int):
    """A client of the scheduler, or of workers started here; threads of a run; where it runs, in words."""
    with _quiet_logs():
        if scheduler:
            with _client(scheduler) as client:
                _check_helpers(client)
                yield client, None, f"Cluster {scheduler}{_dashboard(client)}"
            return
        fitting = max(1, min(CPU_COUNT, int(MEMORY_LIMIT / RUN_MEMORY)))
        workers = min(workers or fitting, runs)
        threads = max(1, CPU_COUNT // workers)
        with (
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=None,  # of the worker alone: the runs are other processes
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            ) as cluster,
            Client(cluster) as client,
        ):
            client.register_plugin(IgnoreInterrupt())
            cores = f"{threads} of {CPU_COUNT} cores each"
            where = f"{workers} at a time, {cores}{_dashboard(client)}"
            yield client, threads, where


def _dashboard(client: Client) -> str:
    has_one = "dashboard" in client.scheduler_info(n_workers=0)["services"]
    return f"; dashboard: {client.dashboard_link}" if has_one else ""


@contextlib.contextmanager
def _quiet_logs():
    """Keep Dask's own log, with its tracebacks, out of the terminal: what matters is said by the sweep."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _client(address: str) -> Client:
    try:
        return Client(address, timeout=CONNECT_SECONDS)
    except ValueError as error:
        raise SweepError(f"{address} is not the address of a scheduler, tcp://HOST:PORT ({error}).") from None
    except OSError as error:
        raise SweepError(
            f"No scheduler answers at {address} ({error or type(error).__name__}): "
            "start one with `dask scheduler` and give the address that it prints."
        ) from None


def _check_helpers(client: Client) -> None:
    """Raise `SweepError` when a worker that is there has no helpers, or other ones."""
    for address, found in client.run(fingerprint, on_error="return").items():
        if isinstance(found, ModuleNotFoundError):
            raise SweepError(
                f"The worker {address} has no {found.name}: start it from a checkout of the lessons, "
                "with the Python of its .venv."
            )
        if isinstance(found, Exception):
            raise SweepError(f"The worker {address} can't be asked ({found}).")
        if found != fingerprint():
            raise SweepError(
                f"The worker {address} has another version of the lessons: bring it up to date and start "
                "it again."
            )


def _without_outputs(lesson: Path) -> str:
    """The notebook as each worker gets it: the outputs are many times the size of the rest."""
    notebook = nbformat.read(lesson, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nbformat.writes(notebook)


def _run_all(client, tasks, out, retries, resources, say, bar) -> None:
    """Have Dask run the tasks, and take in what comes back, as it comes."""
    finished = queue.SimpleQueue()
    session = uuid.uuid4().hex  # Dask knows a task by its key, also one of an earlier call
    left = {}
    try:
        for task in tasks:
            future = client.submit(
                run,
                task,
                key=(Path(task.lesson).stem, task.name, session),
                retries=retries,
                resources=resources,
                pure=False,
            )
            left[future] = task
            future.add_done_callback(finished.put)
        while left:
            bar.show_workers(client, resources)
            with contextlib.suppress(queue.Empty):
                future = finished.get(timeout=1)
                task = left.pop(future)
                error = _take_in(future, task, out)
                if error:
                    bar.make_room()
                    say(_report(task, error, out))
                bar.count(failed=bool(error))
    finally:
        with contextlib.suppress(Exception):  # of a scheduler that was lost
            client.cancel(list(left), force=True)


def _take_in(future: Future, task: RunTask, out: Path) -> str:
    """Put what a run left into the folder of the sweep; return "", or where and why it failed.

    Raises `SweepError` when the scheduler is lost or a disk is full.
    """
    error = ""
    try:
        files = future.result()
    except RunError as failure:
        error, files = failure.sentence, failure.files
    except CancelledError:
        raise SweepError("The scheduler was lost: start it and its workers again.") from None
    except DiskFullError as full:
        raise SweepError(f"Stopped, because {full}: make room.") from None
    except KilledWorker:
        error = "its worker died each time that it was tried, as it does when memory runs out"
        files = {}
    except Exception as other:
        error, files = f"{type(other).__name__}: {other}", {}
    if error and files is not None:
        files[ERROR] = f"{error}\n".encode()
    if files is not None:
        try:
            place(out, task.name, lambda folder: _write_files(folder, files), failed=bool(error))
        except OSError as full:
            raise SweepError(
                f"Stopped, because {out} can't be written ({full.strerror}): mend that."
            ) from None
    return error


def _reason(error: OSError, path: Path) -> str:
    if is_full(error):
        return f"the disk with {path} is full: make room"
    return f"{path} can't be written ({error.strerror}): mend that"


def _write_files(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _report(task: RunTask, error: str, out: Path) -> str:
    parameters = ", ".join(f"{name}={value!r}" for name, value in task.parameters.items())
    return f"Failed: {parameters}\n  {error.strip()}\n  How far it came is in {out / (task.name + FAILED)}."


class _Bar:
    """One progress bar for the whole sweep, with the time left, the workers and the failed runs."""

    def __init__(self, finished: int, runs: int):
        in_terminal = sys.stderr.isatty()
        self.bar = tqdm(
            initial=finished,
            total=runs,
            unit="run",
            leave=False,
            mininterval=0.2 if in_terminal else 60,  # a log file needs no line each second
            bar_format="{l_bar}{bar}| {n_fmt} of {total_fmt} runs, {remaining} left{postfix}",
        )
        self.failed, self.workers = 0, None
        self.close = self.bar.close

    def make_room(self) -> None:
        """Take the bar off its line in a terminal, for another line to be printed."""
        if sys.stderr.isatty():
            self.bar.clear()

    def count(self, failed: bool) -> None:
        self.failed += failed
        self.bar.update()

    def show_workers(self, client: Client, resources: dict) -> None:
        """Refresh the bar, and say that there is no worker for the runs when that becomes true."""
        there = client.scheduler_info(n_workers=-1)["workers"].values()
        fitting = [
            worker
            for worker in there
            if all(worker["resources"].get(name, 0) >= amount for name, amount in resources.items())
        ]
        if not fitting and self.workers != 0:
            wanted = "".join(f" --resources {name}={amount:g}" for name, amount in resources.items())
            self.bar.write(
                "Waiting for a worker: start one with "
                f"`dask worker {client.scheduler.address} --nthreads 1{wanted}`.",
                file=sys.stderr,
            )
        self.workers = len(fitting)
        failed = f", {self.failed} failed" if self.failed else ""
        self.bar.set_postfix_str(f"workers: {self.workers}{failed}", refresh=False)
        self.bar.refresh() if sys.stderr.isatty() else self.bar.update(0)


def read_results(out: str | Path) -> pd.DataFrame:
    """The results of the sweep in the folder `out`, a row a run: folder, parameters, status, results.

    `status` is finished, failed (`error` says why) or missing. A lesson that trains several networks has a
    row for each, told apart by the column `run`. Raises `SweepError` when there is no sweep in `out`.
    """
    out = Path(out).expanduser()
    rows = []
    for name, parameters in combinations(read_grid(out)).items():
        folder = out / name
        row = {"folder": name} | {n: str(v) if isinstance(v, list) else v for n, v in parameters.items()}
        if folder.exists():
            paths = [*folder.glob("metrics.json"), *sorted(folder.glob("*/metrics.json"))]
            for path in paths:
                several = {"run": path.parent.name} if path.parent != folder else {}
                measured = json.loads(path.read_text(encoding="utf-8"))
                single = {key: value for key, value in measured.items() if not isinstance(value, list | dict)}
                rows.append(row | several | {"status": "finished"} | single)
        elif (error := out / (name + FAILED) / ERROR).exists():
            rows.append(row | {"status": "failed", "error": error.read_text(encoding="utf-8").strip()})
        else:
            rows.append(row | {"status": "missing"})
    return pd.DataFrame(rows)


def read_grid(out: str | Path) -> dict[str, list]:
    """The grid of the sweep in the folder `out`. Raises `SweepError` when there is none."""
    try:
        return json.loads((Path(out).expanduser() / "sweep.json").read_text(encoding="utf-8"))["grid"]
    except FileNotFoundError:
        raise SweepError(f"There is no sweep in {out}.") from None


def summarize(results: pd.DataFrame, settings: list[str]) -> pd.DataFrame:
    """Mean and deviation of what the finished runs measured, a row a setting, the best validation first.

    `settings`: the columns that tell settings apart; the runs of a setting differ in their seeds.
    """
    finished = results[results["status"] == "finished"]
    settings = [*settings, *(["run"] if "run" in finished else [])]
    metrics = [name for name in METRICS if name in finished]
    groups = finished.groupby(settings, sort=False) if settings else finished.groupby(lambda _: "all runs")
    table = groups.size().to_frame("runs")
    for name in metrics:
        table[name], table[f"{name}_deviation"] = groups[name].mean(), groups[name].std()
    if metrics:
        table = table.sort_values(metrics[0], ascending=False)
    return table


def settings_of(grid: dict[str, list]) -> list[str]:
    """The parameters that make a setting: those with several values, but for the seed."""
    return [name for name in varying(grid) if name != "seed"]


def _write_results(out: Path, grid: dict[str, list]) -> pd.DataFrame:
    results = read_results(out)
    summary = summarize(results, settings_of(grid))
    _write(out / "results.csv", results.to_csv(index=False))
    _write(out / "summary.csv", summary.to_csv())
    return results


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise SweepError(f"Stopped, because {_reason(error, path)}.") from None


def _count(runs: int) -> str:
    return f"{runs} run{'s' * (runs != 1)}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m lesson_tools.sweep",
        description="Run a lesson once for each combination of parameters.",
    )
    parser.add_argument("lesson", metavar="LESSON", help="a number such as 05, or the path of a notebook")
    parser.add_argument(
        "--grid", required=True, metavar="FILE", help="a YAML file, name: value or name: [value, value]"
    )
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder of the sweep; what it has finished is kept"
    )
    parser.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="of a Dask scheduler, such as tcp://host:8786"
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help="runs at a time on this machine (default: 0, as many as fit)",
    )
    parser.add_argument(
        "--retries", type=int, default=0, metavar="N", help="try a run that fails again (default: 0)"
    )
    parser.add_argument(
        "--resources", default="", metavar="NAME=N", help="what a run takes of a worker, such as GPU=1"
    )
    options = parser.parse_args(arguments)
    try:
        grid = read_parameters(options.grid, "name: value or name: [value, value], a line each")
        results = sweep(
            options.lesson,
            grid,
            options.out,
            scheduler=options.scheduler,
            workers=options.workers,
            retries=options.retries,
            resources=read_resources(options.resources),
            say=lambda line: print(line, flush=True),
        )
    except SeriesError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt as error:
        print(f"Interrupted. {str(error).strip()}", file=sys.stderr)
        return 130
    summary = summarize(results, settings_of(read_grid(options.out)))
    print(summary.head(BEST_SHOWN).round(3).to_string())
    if len(summary) > BEST_SHOWN:
        print(f"… and {len(summary) - BEST_SHOWN} more settings in {options.out}/summary.csv")
    failed = (results["status"] == "failed").sum()
    print(f"\n{(results['status'] == 'finished').sum()} finished, {failed} failed: {options.out}/results.csv")
    return 1 if failed else 0


def read_resources(text: str) -> dict[str, float]:
    """ "GPU=1" -> {"GPU": 1.0}; several have spaces or commas between them, as with `dask worker`."""
    try:
        pairs = [part.split("=") for part in text.replace(",", " ").split()]
        resources = {name: float(amount) for name, amount in pairs}
        if all(0 < amount < math.inf for amount in resources.values()):
            return resources
    except ValueError:
        pass
    raise SweepError(f"resources are NAME=NUMBER, more than 0, such as GPU=1; {text!r} is not.")


if __name__ == "__main__":
    sys.exit(main())
