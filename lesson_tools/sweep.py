"""Run a lesson many times, with other parameters and seeds: `lessons sweep --help`.

Lesson 11 shows it.

A sweep is a folder:

sweep.json     the lesson and the grid
results.csv    a row a run: its parameters, whether it finished, and what it measured
summary.csv    mean and standard deviation over the seeds, a row a setting
NAME/          a finished run: the executed lesson, metrics.json, and what else the lesson keeps of a training
NAME.failed/   a run that failed: the lesson as far as it came, and error.txt
NAME.damaged-… what was in the place of a run and is none: kept, and the run is done again

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
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from helpers.datasets import load_dataset
from helpers.errors import UserError, one_line
from helpers.files import lock_folder, read_json, unlock_folder, user_path, whole_file
from helpers.parameters import PARAMETERS, Parameter, check, refuse_unknown
from lesson_tools.run import (
    find_lessons,
    lesson_parameters,
    read_lesson,
    read_parameters,
)
from lesson_tools.sweep_worker import (
    ERROR,
    FAILED,
    REASON_LENGTH,
    FailedRun,
    RunTask,
    check_version,
    fingerprint,
    full_disk_stops,
    ignore_interrupt,
    place,
    run,
    sees_the_sweep,
)

import nbformat
import pandas as pd
from tqdm.auto import tqdm

try:
    from dask.system import CPU_COUNT
    from distributed import CancelledError, Client, KilledWorker, LocalCluster
    from distributed.system import MEMORY_LIMIT
    from distributed.utils import LoopRunner, silence_logging_cmgr
except ModuleNotFoundError:
    raise UserError('The sweeps need Dask: pip install -e ".[sweep]" -c requirements.txt') from None
except Exception as error:  # of a settings file of Dask that is damaged
    raise UserError(f"Dask can't start ({one_line(error)}): fix its settings in ~/.config/dask.") from None

RUN_MEMORY = 2 * 2**30  # bytes of a run: lessons 06 to 10 were seen to take up to 1.6 GB on CIFAR-10
CONNECT_SECONDS = 10  # how long a scheduler and its workers may take to answer, all in all
METRICS = ("validation_accuracy", "test_accuracy", "cpu_seconds")  # what the summary averages
BEST_SHOWN = 10  # settings that the command prints
NAME_LENGTH = 100  # characters of a folder's name
REPORT_LENGTH = 300  # characters of a reason that the terminal shows; error.txt has more
MOST_RUNS = 100_000
COLUMNS = ("folder", "run", "status", "error")  # of results.csv, beside parameters and what was measured


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
        lesson: A number such as "06", or the path of a notebook with a cell of parameters.
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
    notebook = _without_outputs(lesson)
    out = user_path(out).resolve()
    with _locked(out):
        before = _read_sweep(out) if (out / "sweep.json").exists() else {}
        grid, images = _with_images(grid, before.get("grid", {}))
        token = _token(out, lesson, grid, notebook, before)
        runs = combinations(grid)
        finished = _finished(out, runs)
        todo = {name: parameters for name, parameters in runs.items() if name not in finished}
        count = f"{len(runs)} run{'s' * (len(runs) != 1)}"
        more = f", {len(finished)} finished before" if finished else ""
        print(f"{count} of {lesson.name}{images}{more}", flush=True)
        try:
            if todo:
                if "cifar10" in grid.get("dataset", []):
                    load_dataset("cifar10")  # so that the workers find it here and don't all download it
                with _connected(scheduler, workers, len(todo)) as (client, threads, where):
                    print(where, flush=True)
                    _write(out / "sweep.json", token)  # not earlier: it binds the folder to this grid
                    _put_aside(out, todo)
                    code = fingerprint()
                    tasks = [
                        RunTask(name, parameters, lesson.name, notebook, str(out), token, threads, code)
                        for name, parameters in todo.items()
                    ]
                    _run_all(client, tasks, out, retries, resources or {}, len(finished))
            return _write_results(out, grid)
        except (KeyboardInterrupt, UserError) as stopped:
            if not (out / "sweep.json").exists():
                raise
            with contextlib.suppress(UserError):  # a full disk has no room for the table either
                _write_results(out, grid)
            kept = f"{len(_finished(out, runs))} of {count} finished; that is kept in {out}"
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
    if len(summary):
        print(summary.head(BEST_SHOWN).round(3).to_string())
    if len(summary) > BEST_SHOWN:
        print(f"… and {len(summary) - BEST_SHOWN} more settings in {out}/summary.csv")
    status = results.drop_duplicates("folder")["status"]  # a run may have several rows
    counts = {"finished": 0, "failed": 0} | status.value_counts().to_dict()
    print(f"\n{', '.join(f'{n} {name}' for name, n in counts.items())}: {out}/results.csv")
    return (status == "finished").all()


def read_resources(text: str) -> dict[str, float]:
    """ "GPU=1" -> {"GPU": 1.0}; several have spaces or commas between them, as with `dask worker`."""
    with contextlib.suppress(ValueError):
        pairs = [part.split("=") for part in text.replace(",", " ").split()]
        resources = {name: float(amount) for name, amount in pairs}
        if all(0 < amount < math.inf for amount in resources.values()):
            return resources
    raise UserError(f"resources are NAME=NUMBER, more than 0, such as GPU=1; {text!r} is not.")


def find_lesson(lesson: str | Path) -> Path:
    """The lesson of this number, or the notebook at this path.

    Raises `UserError` if there is none, and for one that can't be run with parameters.
    """
    path = Path(lesson)
    if path.suffix != ".ipynb":
        path = find_lessons([str(lesson)])[0]
    read_lesson(path)
    return path


def checked_grid(lesson: Path, grid: dict) -> dict[str, list]:
    """Return the grid with a list of values for each parameter, each of its parameter's type.

    Paths become absolute, and a lesson's own data set is named. Raises `UserError` for an empty grid, a
    parameter or value that the lesson doesn't take, a parameter without values or with the same one twice,
    and too many runs.
    """
    if not isinstance(grid, dict) or not grid:
        raise UserError("The grid is empty: give a parameter and its values, such as seed: [0, 1, 2].")
    defaults = lesson_parameters(lesson)
    refuse_unknown(map(str, grid), defaults)
    listed = {}
    for name, given in grid.items():
        if name in COLUMNS:
            raise UserError(f"The grid can't vary {name}: results.csv has a column of that name.")
        several = isinstance(given, list)
        many = PARAMETERS[name].many if name in PARAMETERS else isinstance(defaults[name], list)
        if many:  # a parameter that is itself a list, such as images, has several values as a list of lists
            several = several and all(isinstance(value, list) for value in given)
        listed[name] = given if several else [given]
    if (runs := math.prod(map(len, listed.values()))) > MOST_RUNS:
        raise UserError(f"The grid has {runs} runs; a sweep has at most {MOST_RUNS}: give fewer values.")
    for name, values in listed.items():
        if not values:
            raise UserError(f"The parameter {name} has no value in the grid: give one or more.")
        listed[name] = [_absolute(name, check(name, value, defaults[name])) for value in values]
        _refuse_twice(name, listed[name])
    if "dataset" in defaults and "dataset" not in listed:
        listed["dataset"] = [defaults["dataset"]]
    return listed


def _refuse_twice(name: str, values: list) -> None:
    [(value, times)] = Counter(map(repr, values)).most_common(1)
    if times > 1:
        raise UserError(f"The grid has the value {value} of {name} twice: once is enough.")


def _absolute(name: str, value):
    if value and name in ("image", "run_dir", "dataset") and value not in PARAMETERS[name].choices:
        return str(user_path(value).resolve())
    return value


def _with_images(grid: dict[str, list], before: dict[str, list]) -> tuple[dict[str, list], str]:
    """The grid without the data set "auto", so that no worker takes another, and words on what it is.

    It is what it was when the sweep began, if `before` is its grid; otherwise what is on this machine.
    """
    values = grid.get("dataset", [])
    if "auto" not in values:
        return grid, ""
    known = [name for name in before.get("dataset", []) if name in ("cifar10", "doodles")]
    auto = next((name for name in known if name not in values), None) or load_dataset("auto").name
    values = [auto if value == "auto" else value for value in values]
    _refuse_twice("dataset", values)
    return grid | {"dataset": values}, f" with dataset={auto}"


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
    with contextlib.suppress(OSError):  # of a file, or of a folder that can't be read: the lock says so
        if not (out / "sweep.json").exists() and any(path.name[0] != "." for path in out.iterdir()):
            raise UserError(f"{out} exists and is not a sweep: choose another folder.")
    lock_folder(out, "wait for it, or choose another folder.")
    try:
        for partial in out.glob(".[0-9]*.partial"):  # of a worker that was killed
            shutil.rmtree(partial, ignore_errors=True)
        yield
    finally:
        unlock_folder(out)


def _read_sweep(out: Path) -> dict:
    """What sweep.json in the folder `out` holds. Raises `UserError` when there is none of ours."""
    path = out / "sweep.json"
    if not path.exists():
        raise UserError(f"There is no sweep in {out}.")
    way_out = "choose another folder for the sweep; what runs left here stays."
    there = read_json(path, way_out)
    grid = there.get("grid")
    if not isinstance(grid, dict) or not all(isinstance(values, list) for values in grid.values()):
        raise UserError(f"{path} is not of a sweep: {way_out}")
    return there


def _token(out: Path, lesson: Path, grid: dict, notebook: str, there: dict) -> str:
    """What sweep.json shall hold; `there` is what it holds. Raises `UserError` for another sweep."""
    meant = {"lesson": lesson.name, "sha256": hashlib.sha256(notebook.encode()).hexdigest(), "grid": grid}
    if not there:
        return json.dumps(meant | {"id": uuid.uuid4().hex}, indent=2) + "\n"
    changes = [
        f"{name} was {there['grid'].get(name, 'not there')}, now {grid.get(name, 'not there')}"
        for name in there["grid"] | grid
        if there["grid"].get(name) != grid.get(name)
    ]
    if there.get("sha256") != meant["sha256"]:
        changes = [f"{lesson.name} has changed since, so old and new runs can't be compared"]
    if there.get("lesson") != meant["lesson"]:
        changes = [f"of the lesson {there.get('lesson')}"]
    if changes:
        raise UserError(f"{out} holds another sweep ({one_line(changes[0])}): choose another folder.")
    return json.dumps(there, indent=2) + "\n"


def _put_aside(out: Path, names: Iterable[str]) -> None:
    """Rename what is in the place of these runs: whosever it is, it is kept."""
    for name in names:
        if (out / name).exists():
            kept = out / f"{name}.damaged-{uuid.uuid4().hex[:8]}"
            with _writing(out):
                (out / name).rename(kept)
            print(f"{name} is no finished run: it is done again, and what was there is now {kept.name}.")


@contextlib.contextmanager
def _connected(scheduler: str, workers: int, runs: int) -> Iterator[tuple[Client, int | None, str]]:
    """A client of the scheduler, or of workers started here; threads of a run; where it runs, in words."""
    with contextlib.ExitStack() as stack:
        # Dask's own log, with its tracebacks, stays out of the terminal: the sweep says what matters.
        stack.enter_context(silence_logging_cmgr(logging.CRITICAL))
        fitting = max(1, min(CPU_COUNT, int(MEMORY_LIMIT / RUN_MEMORY)))
        workers = min(workers or fitting, runs)
        threads = None if scheduler else max(1, CPU_COUNT // workers)
        where = f"{workers} at a time, {threads} of {CPU_COUNT} cores each"
        try:
            if scheduler:
                _check_cluster(scheduler)
                client = stack.enter_context(Client(scheduler, timeout=CONNECT_SECONDS))
                where = f"Cluster {scheduler}"
            else:
                cluster = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    memory_limit=None,  # of the worker alone: the runs are other processes
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,  # of the workers' processes, too
                )
                client = stack.enter_context(Client(stack.enter_context(cluster)))
                client.run(ignore_interrupt)
        except UserError:
            raise
        except Exception as error:  # Dask has many kinds
            reason = one_line(f"{type(error).__name__}: {error}")
            raise UserError(f"The workers can't be started ({reason}): fix that, or try fewer.") from None
        if "dashboard" in client.scheduler_info(n_workers=0)["services"]:
            where += f"; dashboard: {client.dashboard_link}"
        yield client, threads, where


def _check_cluster(scheduler: str) -> None:
    """Raise `UserError` unless the scheduler and all its workers answer in time, with these lessons' code."""
    address = one_line(scheduler)
    silent = f"No scheduler answers at {address}"
    advice = "start one with `dask scheduler` and give the address that it prints, tcp://HOST:PORT."

    async def fingerprints() -> dict:
        nonlocal silent, advice
        async with Client(scheduler, asynchronous=True, set_as_default=False) as client:
            silent, advice = f"A worker of {address} doesn't answer", "end those that hang, and start others."
            return await client.run(fingerprint, on_error="return")

    print(f"Waiting for {address} and its workers, at most {CONNECT_SECONDS} s", flush=True)
    try:
        # The limit is that of the whole: a client has none for the greeting after the connection.
        found = LoopRunner().run_sync(fingerprints, callback_timeout=CONNECT_SECONDS)
    except Exception as error:  # of many kinds: who answers need not be a scheduler
        reason = one_line(error) or type(error).__name__
        if "@" in scheduler:  # which Dask repeats in a form of its own
            reason = "Dask knows no user and no password in an address"
        raise UserError(f"{silent} ({reason}): {advice}") from None
    for worker, version in found.items():
        if isinstance(version, Exception):
            raise UserError(
                f"The worker {worker} can't run lessons ({one_line(version)}): start it from a checkout of "
                "them, with the Python of its .venv."
            )
        check_version(version, fingerprint(), worker)


def _without_outputs(lesson: Path) -> str:
    """The notebook as each worker gets it: the outputs are many times the size of the rest."""
    notebook, text = read_lesson(lesson), lesson.read_text(encoding="utf-8")
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if "id" in cell and cell.id not in text:
            cell.id = f"cell-{number}"  # nbformat gave it one, and gives another one the next time
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
    there = client.scheduler_info(n_workers=-1).get("workers", {}).values()  # none once it is lost
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
    if not sees_the_sweep(task):
        raise UserError(
            f"Stopped, because {out} does not hold this sweep any more: give the folder its name back, or "
            "give the new one."
        )
    error = one_line(error, REASON_LENGTH)
    if files is not None:
        with _writing(out):
            place(out, task.name, files, error)
    return error


def _report(task: RunTask, error: str, out: Path) -> str:
    parameters = ", ".join(f"{name}={value!r}" for name, value in task.parameters.items())
    folder, reason = out / (task.name + FAILED), one_line(error, REPORT_LENGTH)
    return f"Failed: {parameters}\n  {reason}\n  How far it came is in {folder}."


def read_results(out: str | Path) -> pd.DataFrame:
    """The results of the sweep in the folder `out`, a row a run: folder, parameters, status, results.

    `status` is finished, failed (`error` says why), damaged (likewise; the next call runs it again) or
    missing. A lesson that trains several networks has a row for each, told apart by the column `run`. What a
    run measured under the name of a parameter, such as `train_size`, but with another value, is in a column
    `train_size_used`. Raises `UserError` when there is no sweep in `out`.
    """
    out = user_path(out).resolve()
    return pd.DataFrame(_rows(out, combinations(read_grid(out))))


def read_grid(out: str | Path) -> dict[str, list]:
    """The grid of the sweep in the folder `out`. Raises `UserError` when there is none."""
    return _read_sweep(user_path(out))["grid"]


def _finished(out: Path, runs: dict[str, dict]) -> set[str]:
    return {row["folder"] for row in _rows(out, runs) if row["status"] == "finished"}


def _rows(out: Path, runs: dict[str, dict]) -> list[dict]:
    rows = []
    for name, parameters in runs.items():
        row = {"folder": name} | {n: str(v) if isinstance(v, list) else v for n, v in parameters.items()}
        error = out / (name + FAILED) / ERROR
        try:
            if (out / name).exists():
                rows += [_row(row, measured) for measured in _measured(out / name)]
            elif error.exists():
                why = error.read_text(encoding="utf-8", errors="replace").strip()
                rows.append(row | {"status": "failed", "error": why})
            else:
                rows.append(row | {"status": "missing"})
        except (UserError, OSError) as damage:  # which costs this run's row alone
            rows.append(row | {"status": "damaged", "error": one_line(damage, REASON_LENGTH)})
    return rows


def _measured(folder: Path) -> list[tuple[str, dict]]:
    """Name and results of each training in the folder of a run. Raises `UserError` when one is damaged."""
    way_out = "the next call of the sweep runs it again."
    paths = [*folder.glob("metrics.json"), *sorted(folder.glob("*/metrics.json"))]
    if not paths:
        raise UserError(f"{folder} is no finished run: {way_out}")
    return [(path.parent.name * (path.parent != folder), read_json(path, way_out)) for path in paths]


def _row(ours: dict, training: tuple[str, dict]) -> dict:
    """The row of a training; a parameter stays what the grid gave, also when it means another number."""
    name, measured = training
    ours = ours | ({"run": name} if name else {}) | {"status": "finished"}
    single = {key: value for key, value in measured.items() if not isinstance(value, list | dict)}
    renamed = {key: f"{key}_used" for key in single if key in ours and single[key] != ours[key]}
    return ours | {renamed.get(key, key): value for key, value in single.items()}


def summarize(results: pd.DataFrame, settings: list[str]) -> pd.DataFrame:
    """Mean and standard deviation of what finished runs measured, a row a setting, best validation first.

    `settings`: the columns that tell settings apart; the runs of a setting differ in their seeds.
    """
    finished = results[results["status"] == "finished"]
    settings = [*settings, *(["run"] if "run" in finished else [])]
    metrics = [name for name in METRICS if name in finished]
    finished = finished.assign(**{name: pd.to_numeric(finished[name], errors="coerce") for name in metrics})
    keys = settings or (lambda _: "all runs")
    groups = finished.groupby(keys, sort=False, dropna=False)  # a NaN tells settings apart as well
    table = groups.size().to_frame("runs")
    for name in metrics:
        table[name], table[f"{name}_std"] = groups[name].mean(), groups[name].std()
    return table.sort_values(metrics[0], ascending=False) if metrics else table


def _write_results(out: Path, grid: dict[str, list]) -> pd.DataFrame:
    results = pd.DataFrame(_rows(out, combinations(grid)))
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
        raise UserError(f"Stopped, because {path} can't be written ({error.strerror}): fix that.") from None
