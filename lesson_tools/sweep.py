"""Run a lesson many times, with other parameters and seeds: `lessons sweep --help`.

Lesson 10 shows it.

A sweep is a folder:

sweep.json     the lesson and the grid
results.csv    a row a run: its parameters, whether it finished, and what it measured
summary.csv    mean and standard deviation over the seeds, a row a setting
NAME/          a finished run: the executed lesson, metrics.json, and what else the lesson keeps of a training
NAME.failed/   a run that failed: the lesson as far as it came, and error.txt

Dask hands the runs to workers, on this machine or on a cluster; `lesson_tools.sweep_worker` is what a worker
does.
"""

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
from collections.abc import Iterator
from pathlib import Path

from helpers.datasets import load_dataset
from helpers.errors import UserError
from helpers.files import whole_file
from helpers.parameters import PARAMETERS, Parameter
from lesson_tools.run import checked_parameters, find_lessons, lesson_parameters, read_parameters
from lesson_tools.sweep_worker import (
    ERROR,
    FAILED,
    FailedRun,
    RunTask,
    fingerprint,
    full_disk_stops,
    ignore_interrupt,
    place,
    run,
)

import nbformat
import pandas as pd
from tqdm.auto import tqdm

try:
    import locket
    from dask.system import CPU_COUNT
    from distributed import CancelledError, Client, KilledWorker, LocalCluster
    from distributed.system import MEMORY_LIMIT
    from distributed.utils import silence_logging_cmgr
except ModuleNotFoundError:
    raise UserError('The sweeps need Dask: pip install -e ".[sweep]" -c requirements.txt') from None

RUN_MEMORY = 2 * 2**30  # bytes of a run: lessons 05 to 09 were seen to take up to 1.6 GB on CIFAR-10
CONNECT_SECONDS = 10  # how long a scheduler may take to answer
METRICS = ("validation_accuracy", "test_accuracy", "cpu_seconds")  # what the summary averages
BEST_SHOWN = 10  # settings that the command prints
NAME_LENGTH = 100  # characters of a folder's name


def sweep(
    lesson: str | Path,
    grid: dict,
    out: str | Path,
    *,
    scheduler: str = "",
    workers: int = 0,
    retries: int = 0,
    resources: dict[str, float] | None = None,
) -> pd.DataFrame:
    """Run a lesson once for each combination of the grid's values, and return `results.csv` as a table.

    What a sweep in the folder `out` has finished is not run again. A run that fails doesn't stop the others:
    its parameters and the reason are printed.

    Args:
        lesson: A number such as "05", or the path of a notebook with a cell of parameters.
        grid: For each parameter a value or a list of values: `{"learning_rate": [0.001, 0.01], "epochs": 3}`.
        out: Folder of the sweep, a new one or that of the same lesson and grid.
        scheduler: Address of a Dask scheduler, `tcp://host:8786`; without it, workers start on this machine.
        workers: How many of them, each running one lesson at a time; 0 for as many as cores and memory allow.
        retries: How often a run that fails is tried again.
        resources: What a run takes of a worker's resources, `{"GPU": 1}`.

    Raises:
        UserError: Before anything runs, for a lesson, parameter, value or folder that can't be used. Later,
            when the scheduler is lost or the disk is full: what was finished is kept, and the same call runs
            the others.
    """
    lesson = find_lesson(lesson)
    for name, number in (("workers", workers), ("retries", retries)):
        Parameter(int, minimum=0).check(name, number)
    if scheduler and workers:
        raise UserError("workers are those of this machine: with a scheduler, the cluster has its own.")
    if resources and not scheduler:
        raise UserError("resources are those of a cluster's workers: give its scheduler, too.")
    grid = checked_grid(lesson, grid)
    out = Path(out).expanduser().resolve()
    runs = combinations(grid)
    notebook = _without_outputs(lesson)
    with _locked(out):
        token = _token(out, lesson, grid, notebook)
        todo = {name: parameters for name, parameters in runs.items() if not (out / name).exists()}
        before = len(runs) - len(todo)
        count = f"{len(runs)} run{'s' * (len(runs) != 1)}"
        print(f"{count} of {lesson.name}" + (f", {before} finished before" if before else ""), flush=True)
        try:
            if todo:
                with _connected(scheduler, workers, len(todo)) as (client, threads, where):
                    print(where, flush=True)
                    _write(out / "sweep.json", token)  # not earlier: it binds the folder to this grid
                    tasks = [
                        RunTask(name, parameters, lesson.name, notebook, str(out), token, threads)
                        for name, parameters in todo.items()
                    ]
                    _run_all(client, tasks, out, retries, resources or {}, before)
            return _write_results(out, grid)
        except (KeyboardInterrupt, UserError) as stopped:
            if not (out / "sweep.json").exists():
                raise
            finished = sum((out / name).exists() for name in runs)
            with contextlib.suppress(UserError):  # a full disk has no room for the table either
                _write_results(out, grid)
            kept = f"{finished} of {count} finished; that is kept in {out}"
            sentence = f"{stopped} {kept}, and the same call runs the others."
            raise type(stopped)(sentence.strip()) from None


def run_sweep(
    lesson: str | Path, grid_file: Path, out: Path, *, resources: str = "", **options: str | int
) -> bool:
    """What the command `lessons sweep` does: `sweep`, and print the best settings; True if all runs finished.

    `resources` is text such as "GPU=1". Raises `UserError` as `sweep` does, and for a file that is no grid.
    """
    grid = read_parameters(grid_file, "name: value or name: [value, value], a line each")
    results = sweep(lesson, grid, out, resources=read_resources(resources), **options)
    summary = summarize(results, settings_of(read_grid(out)))
    print(summary.head(BEST_SHOWN).round(3).to_string())
    if len(summary) > BEST_SHOWN:
        print(f"… and {len(summary) - BEST_SHOWN} more settings in {out}/summary.csv")
    finished, failed = ((results["status"] == status).sum() for status in ("finished", "failed"))
    print(f"\n{finished} finished, {failed} failed: {out}/results.csv")
    return not failed


def read_resources(text: str) -> dict[str, float]:
    """ "GPU=1" -> {"GPU": 1.0}; several have spaces or commas between them, as with `dask worker`."""
    with contextlib.suppress(ValueError):
        pairs = [part.split("=") for part in text.replace(",", " ").split()]
        resources = {name: float(amount) for name, amount in pairs}
        if all(0 < amount < math.inf for amount in resources.values()):
            return resources
    raise UserError(f"resources are NAME=NUMBER, more than 0, such as GPU=1; {text!r} is not.")


def find_lesson(lesson: str | Path) -> Path:
    """The lesson of this number, or the notebook at this path. Raises `UserError` if there is none."""
    path = Path(lesson)
    if path.suffix != ".ipynb":
        return find_lessons([str(lesson)])[0]
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, AttributeError, nbformat.reader.NotJSONError):
        raise UserError(
            f"There is no notebook at {path}; accepted are a lesson's number and the path of a notebook."
        ) from None
    if "kernelspec" not in notebook.metadata:
        raise UserError(f"{path} does not say its kernel: run it in Jupyter once, and save it.")
    if not any("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells):
        raise UserError(f"{path} has no cell with the tag parameters, so there is nothing to vary.")
    return path


def checked_grid(lesson: Path, grid: dict) -> dict[str, list]:
    """Return the grid with a list of values for each parameter, each of its parameter's type.

    Paths become absolute, and the data set "auto" what it is on this machine, so that no worker takes
    another. Raises `UserError` for an empty grid, a parameter or value that the lesson doesn't take, and a
    parameter without values or with the same one twice.
    """
    if not isinstance(grid, dict) or not grid:
        raise UserError("The grid is empty: give a parameter and its values, such as seed: [0, 1, 2].")
    defaults = lesson_parameters(lesson)
    checked = {}
    for name, given in grid.items():
        several = isinstance(given, list)
        many = PARAMETERS[name].many if name in PARAMETERS else isinstance(defaults.get(name), list)
        if many:  # a parameter that is itself a list, such as images, has several values as a list of lists
            several = several and all(isinstance(value, list) for value in given)
        values = given if several else [given]
        if not values:
            raise UserError(f"The parameter {name} has no value in the grid: give one or more.")
        values = [_resolved(name, checked_parameters([lesson], {name: value})[name]) for value in values]
        twice = [value for place, value in enumerate(values) if value in values[:place]]
        if twice:
            raise UserError(f"The grid has the value {twice[0]!r} of {name} twice: once is enough.")
        checked[name] = values
    if "dataset" in defaults and "dataset" not in checked:
        checked["dataset"] = [_resolved("dataset", defaults["dataset"])]
    return checked


def _resolved(name: str, value):
    if name == "dataset" and value in ("auto", "cifar10"):
        # Loaded once here, so that the workers of this machine find it and don't all download it.
        return load_dataset(value).name
    if value and name in ("image", "run_dir", "dataset") and value != "doodles":
        return str(Path(value).expanduser().resolve())
    return value


def combinations(grid: dict[str, list]) -> dict[str, dict]:
    """The parameters of each run, by the name of its folder: a number, and the values that vary."""
    combined = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    varying = [name for name, values in grid.items() if len(values) > 1]
    digits = len(str(len(combined)))
    named = {}
    for number, parameters in enumerate(combined, start=1):
        parts = [f"{number:0{digits}}", *(f"{name}={parameters[name]}" for name in varying)]
        name = re.sub(r"[^\w.=+-]+", "-", "_".join(parts))[:NAME_LENGTH].rstrip(".-")
        named[name] = parameters
    return named


def settings_of(grid: dict[str, list]) -> list[str]:
    """The parameters that make a setting: those with several values, but for the seed."""
    return [name for name, values in grid.items() if len(values) > 1 and name != "seed"]


@contextlib.contextmanager
def _locked(out: Path) -> Iterator[None]:
    """The folder of the sweep, for this process alone."""
    try:
        begun = not out.exists() or (out / "sweep.json").exists()
        if not begun and any(not path.name.startswith(".") for path in out.iterdir()):
            raise UserError(f"{out} exists and is not a sweep: choose another folder.")
        out.mkdir(parents=True, exist_ok=True)
        lock = locket.lock_file(out / ".lock", timeout=0)
        lock.acquire()
    except locket.LockError:
        raise UserError(
            f"Another sweep is at work in {out}: wait for it, or choose another folder."
        ) from None
    except OSError as error:
        raise UserError(f"The folder {out} can't be used: {error.strerror}.") from None
    try:
        for partial in out.glob(".*.partial"):  # of a worker that was killed
            shutil.rmtree(partial, ignore_errors=True)
        yield
    finally:
        lock.release()


def _token(out: Path, lesson: Path, grid: dict, notebook: str) -> str:
    """What sweep.json holds or, in a new folder, shall hold. Raises `UserError` for another sweep."""
    meant = {"lesson": lesson.name, "sha256": hashlib.sha256(notebook.encode()).hexdigest(), "grid": grid}
    path = out / "sweep.json"
    if not path.exists():
        return json.dumps(meant | {"id": uuid.uuid4().hex}, indent=2) + "\n"
    token = path.read_text(encoding="utf-8")
    there = json.loads(token)
    changes = [
        f"{name} was {there['grid'].get(name, 'not there')}, now {grid.get(name, 'not there')}"
        for name in there["grid"] | grid
        if there["grid"].get(name) != grid.get(name)
    ]
    if there["sha256"] != meant["sha256"]:
        changes = [f"{there['lesson']} has changed since, so old and new runs can't be compared"]
    if there["lesson"] != meant["lesson"]:
        changes = [f"of the lesson {there['lesson']}"]
    if changes:
        raise UserError(f"{out} holds another sweep ({changes[0]}): choose another folder.")
    return token


@contextlib.contextmanager
def _connected(scheduler: str, workers: int, runs: int) -> Iterator[tuple[Client, int | None, str]]:
    """A client of the scheduler, or of workers started here; threads of a run; where it runs, in words."""
    with contextlib.ExitStack() as stack:
        # Dask's own log, with its tracebacks, stays out of the terminal: the sweep says what matters.
        stack.enter_context(silence_logging_cmgr(logging.CRITICAL))
        if scheduler:
            try:
                client = stack.enter_context(Client(scheduler, timeout=CONNECT_SECONDS))
            except Exception as error:  # Dask's attempt to connect ends in an AssertionError at times
                raise UserError(
                    f"No scheduler answers at {scheduler} ({str(error) or type(error).__name__}): "
                    "start one with `dask scheduler` and give the address that it prints, tcp://HOST:PORT."
                ) from None
            _check_workers(client)
            threads, where = None, f"Cluster {scheduler}"
        else:
            fitting = max(1, min(CPU_COUNT, int(MEMORY_LIMIT / RUN_MEMORY)))
            workers = min(workers or fitting, runs)
            threads = max(1, CPU_COUNT // workers)
            where = f"{workers} at a time, {threads} of {CPU_COUNT} cores each"
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=None,  # of the worker alone: the runs are other processes
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,  # of the workers' processes, too
            )
            client = stack.enter_context(Client(stack.enter_context(cluster)))
            client.run(ignore_interrupt)
        if "dashboard" in client.scheduler_info(n_workers=0)["services"]:
            where += f"; dashboard: {client.dashboard_link}"
        yield client, threads, where


def _check_workers(client: Client) -> None:
    """Raise `UserError` when a worker that is there has no code of the lessons, or another version."""
    for address, found in client.run(fingerprint, on_error="return").items():
        if isinstance(found, Exception):
            raise UserError(
                f"The worker {address} can't run lessons ({found}): start it from a checkout of them, with "
                "the Python of its .venv."
            )
        if found != fingerprint():
            raise UserError(
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


def _run_all(client, tasks, out, retries, resources, before) -> None:
    """Have Dask run the tasks, and take in what comes back, as it comes; a bar shows how far it is."""
    live = sys.stderr.isatty() or "ipykernel.kernelapp" in sys.modules
    session = uuid.uuid4().hex  # Dask knows a task by its key, also one of an earlier call
    futures = client.map(
        run,
        tasks,
        key=[(Path(task.lesson).stem, task.name, session) for task in tasks],
        retries=retries,
        resources=resources or None,
        pure=False,
    )
    left = dict(zip(futures, tasks, strict=True))
    ended = queue.SimpleQueue()
    for future in futures:
        future.add_done_callback(ended.put)
    failed, workers = 0, None
    with tqdm(
        initial=before,
        total=before + len(tasks),
        unit="run",
        leave=False,
        mininterval=0.2 if live else 60,  # a log file needs no line each second
        bar_format="{l_bar}{bar}| {n_fmt} of {total_fmt} runs, {remaining} left{postfix}",
    ) as bar:
        try:
            while left:
                fitting = _fitting_workers(client, resources)
                if not fitting and workers != 0:
                    wanted = "".join(f" --resources {name}={n:g}" for name, n in resources.items())
                    start = f"dask worker {client.scheduler.address} --nthreads 1{wanted}"
                    bar.write(f"Waiting for a worker: start one with `{start}`.", file=sys.stderr)
                workers = fitting
                counts = f"workers: {workers}" + (f", {failed} failed" if failed else "")
                bar.set_postfix_str(counts, refresh=live)
                with contextlib.suppress(queue.Empty):
                    future = ended.get(timeout=1)
                    task = left.pop(future)
                    if error := _take_in(future, task, out):
                        failed += 1
                        with bar.external_write_mode():
                            print(_report(task, error, out), flush=True)
                    bar.update()
        finally:
            with contextlib.suppress(Exception):  # of a scheduler that was lost
                client.cancel(list(left), force=True)


def _fitting_workers(client: Client, resources: dict[str, float]) -> int:
    there = client.scheduler_info(n_workers=-1)["workers"].values()
    return sum(
        all(worker["resources"].get(name, 0) >= n for name, n in resources.items()) for worker in there
    )


def _take_in(future, task: RunTask, out: Path) -> str:
    """Put what a run left into the folder of the sweep; return "", or where and why it failed.

    Raises `UserError` when the scheduler is lost or a disk is full.
    """
    error, files = "", {}
    try:
        files = future.result()
    except UserError:
        raise
    except FailedRun as failure:
        error, files = str(failure), failure.files
    except CancelledError:
        raise UserError("The scheduler was lost: start it and its workers again.") from None
    except KilledWorker:
        error = "its worker died each time that it was tried, as it does when memory runs out"
    except Exception as other:
        error = f"{type(other).__name__}: {other}"
    if files is not None:
        with _writing(out):
            place(out, task.name, files, error)
    return error


def _report(task: RunTask, error: str, out: Path) -> str:
    parameters = ", ".join(f"{name}={value!r}" for name, value in task.parameters.items())
    return f"Failed: {parameters}\n  {error.strip()}\n  How far it came is in {out / (task.name + FAILED)}."


def read_results(out: str | Path) -> pd.DataFrame:
    """The results of the sweep in the folder `out`, a row a run: folder, parameters, status, results.

    `status` is finished, failed (`error` says why) or missing. A lesson that trains several networks has a
    row for each, told apart by the column `run`. Raises `UserError` when there is no sweep in `out`.
    """
    out = Path(out).expanduser()
    rows = []
    for name, parameters in combinations(read_grid(out)).items():
        folder = out / name
        row = {"folder": name} | {n: str(v) if isinstance(v, list) else v for n, v in parameters.items()}
        if folder.exists():
            for path in [*folder.glob("metrics.json"), *sorted(folder.glob("*/metrics.json"))]:
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
    """The grid of the sweep in the folder `out`. Raises `UserError` when there is none."""
    try:
        return json.loads((Path(out).expanduser() / "sweep.json").read_text(encoding="utf-8"))["grid"]
    except FileNotFoundError:
        raise UserError(f"There is no sweep in {out}.") from None


def summarize(results: pd.DataFrame, settings: list[str]) -> pd.DataFrame:
    """Mean and standard deviation of what finished runs measured, a row a setting, best validation first.

    `settings`: the columns that tell settings apart; the runs of a setting differ in their seeds.
    """
    finished = results[results["status"] == "finished"]
    settings = [*settings, *(["run"] if "run" in finished else [])]
    metrics = [name for name in METRICS if name in finished]
    groups = finished.groupby(settings, sort=False) if settings else finished.groupby(lambda _: "all runs")
    table = groups.size().to_frame("runs")
    for name in metrics:
        table[name], table[f"{name}_std"] = groups[name].mean(), groups[name].std()
    return table.sort_values(metrics[0], ascending=False) if metrics else table


def _write_results(out: Path, grid: dict[str, list]) -> pd.DataFrame:
    results = read_results(out)
    _write(out / "results.csv", results.to_csv(index=False))
    _write(out / "summary.csv", summarize(results, settings_of(grid)).to_csv())
    return results


def _write(path: Path, text: str) -> None:
    with _writing(path), whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn an error in writing to the folder of the sweep into the `UserError` that stops it."""
    try:
        with full_disk_stops(path):
            yield
    except OSError as error:
        raise UserError(f"Stopped, because {path} can't be written ({error.strerror}): mend that.") from None
