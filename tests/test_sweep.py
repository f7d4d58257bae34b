"""Sweeps: with real workers, schedulers and kernels, some of which are killed on purpose."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from lesson_tools import run, sweep, sweep_worker

import nbformat
import pandas as pd
import psutil
import pytest

PARAMETERS = """
seconds = 0.0  # how long it takes
fault = "none"  # what goes wrong
seed = 0  # seed of the random numbers
images = [1]  # places
run_dir = "runs/toy"  # folder of the run
"""
BODY = """
import json, os, pathlib, time
time.sleep(seconds)
if fault == "error": raise ValueError("on purpose")
if fault == "dies": os.kill(os.getpid(), 9)
if fault == "fills": pathlib.Path("much").write_bytes(bytes(10_000_000))
if fault not in ("none", "error", "dies", "fills"):
    marker = pathlib.Path(fault)
    if not marker.exists():
        marker.touch()
        raise ValueError("the first time")
folder = pathlib.Path(run_dir)
folder.mkdir(parents=True)
measured = {"validation_accuracy": seed / 10, "who": os.environ.get("WHO", ""), "classes": ["a", "b"]}
measured["threads"] = os.environ["TF_NUM_INTRAOP_THREADS"]
(folder / "metrics.json").write_text(json.dumps(measured))
"""
BIN = Path(sys.executable).parent


@pytest.fixture
def toy(tmp_path):
    """A notebook that takes no time to speak of, so that what is tested is the sweep."""
    parameters = nbformat.v4.new_code_cell(PARAMETERS.strip())
    parameters.metadata.tags = ["parameters"]
    notebook = nbformat.v4.new_notebook(cells=[parameters, nbformat.v4.new_code_cell(BODY.strip())])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (tmp_path / "toys").mkdir()
    nbformat.write(notebook, tmp_path / "toys" / "toy.ipynb")
    return tmp_path / "toys" / "toy.ipynb"


def command(toy, grid: dict, out, *more) -> list[str]:
    """The command of a sweep, its grid written beside the notebook."""
    file = toy.parent / f"{out.name}.yaml"
    file.write_text(json.dumps(grid))  # JSON is YAML
    return [
        sys.executable,
        "-m",
        "lesson_tools.sweep",
        str(toy),
        "--grid",
        str(file),
        "--out",
        str(out),
        *more,
    ]


def call(*arguments, **options) -> subprocess.CompletedProcess:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=200, **options)


def wait_for(condition, seconds=60):
    end = time.time() + seconds
    while not condition():
        assert time.time() < end, "waited in vain"
        time.sleep(0.1)


def processes_of(folder) -> list[str]:
    """The processes of runs whose sweep is in `folder`, or was started from there."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        environ = process.info["environ"] or {}
        if environ.get("TEST_FOLDER") == str(folder):
            found.append(" ".join(process.info["cmdline"] or []))
    return found


class Cluster:
    """A Dask scheduler and workers, each a process of its own, on the loopback."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        file = folder / "scheduler.json"
        self.scheduler = self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        wait_for(file.exists)
        self.address = json.loads(file.read_text())["address"]

    def start(self, kind, *more, before=(), **environment):
        arguments = [
            *before,
            str(BIN / "dask"),
            kind,
            "--scheduler-file",
            str(self.folder / "scheduler.json"),
        ]
        log = (self.folder / f"{kind}{len(self.processes)}.log").open("wb")
        environment = os.environ | {"TEST_FOLDER": str(self.folder)} | environment
        process = subprocess.Popen(
            [*arguments, *more],
            stdout=log,
            stderr=log,
            env=environment,
            cwd=self.folder,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def worker(self, *more, **options):
        return self.start("worker", "--nthreads", "1", "--no-dashboard", *more, **options)

    def registered(self) -> int:
        return sum("Registered to" in log.read_text() for log in self.folder.glob("worker*.log"))

    def stop(self):
        for process in self.processes:
            kill_group(process)


def kill_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


@pytest.fixture
def cluster(tmp_path):
    (tmp_path / "cluster").mkdir()
    cluster = Cluster(tmp_path / "cluster")
    yield cluster
    cluster.stop()


# --- Refused before anything starts ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lesson", "grid", "sentence"),
    [
        ("99", {"seed": [0, 1]}, "There is no lesson 99; the lessons are 01"),
        ("nowhere.ipynb", {"seed": [0, 1]}, "There is no notebook nowhere.ipynb"),
        ("05", {}, "The grid is empty"),
        ("05", {"seed": []}, "The parameter seed has no value in the grid"),
        ("05", {"seed": [0, 1, 0]}, "The grid has the value 0 of seed twice"),
        ("05", {"rate": [0.1]}, "No chosen lesson has a parameter rate; there are batch_size"),
        ("05", {"learning_rate": [0.1, "fast"]}, "learning_rate is a number, such as 0.001; 'fast' is not"),
        ("05", {"learning_rate": [0.1, -1]}, "learning_rate is more than 0; -1.0 is not"),
        ("05", {"pooling": ["max", "mean"]}, "pooling is max, average or stride; 'mean' is not"),
        ("05", {"dataset": ["doodles", "no-such"]}, "dataset is auto, cifar10, doodles or the path"),
        ("05", {"seed": {"from": 0}}, "seed is a whole number"),
        ("06", {"images": [[1], "a"]}, "images is a list of whole numbers"),
    ],
)
def test_a_grid_that_cannot_be_run_is_refused(tmp_path, capsys, lesson, grid, sentence):
    (tmp_path / "grid.yaml").write_text(json.dumps(grid))
    out = tmp_path / "out"
    assert sweep.main([lesson, "--grid", str(tmp_path / "grid.yaml"), "--out", str(out)]) == 1
    said = capsys.readouterr()
    assert sentence in said.err and said.err.count("\n") == 1 and said.out == ""
    assert not out.exists()


@pytest.mark.parametrize("text", ["- 1\n", "a: [", "", None])
def test_a_file_that_is_no_grid_is_refused(tmp_path, capsys, text):
    if text is not None:
        (tmp_path / "grid.yaml").write_text(text)
    assert sweep.main(["05", "--grid", str(tmp_path / "grid.yaml"), "--out", str(tmp_path / "out")]) == 1
    assert "grid.yaml" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_options_that_do_not_fit_are_refused(tmp_path, toy):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    with pytest.raises(sweep.SweepError, match="is not a sweep: choose another folder"):
        sweep.sweep(toy, {"seed": [0]}, tmp_path / "other")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["thesis.txt"]
    with pytest.raises(sweep.SweepError, match="with a scheduler, the cluster has its own"):
        sweep.sweep(toy, {"seed": [0]}, tmp_path / "out", scheduler="tcp://127.0.0.1:1", workers=2)
    with pytest.raises(sweep.SweepError, match="give its scheduler, too"):
        sweep.sweep(toy, {"seed": [0]}, tmp_path / "out", resources={"GPU": 1})
    with pytest.raises(sweep.SweepError, match="workers is 0 or more; -1 is not"):
        sweep.sweep(toy, {"seed": [0]}, tmp_path / "out", workers=-1)
    for text in ("GPU", "GPU=-1", "GPU=0", "GPU=inf", "GPU=nan"):
        with pytest.raises(sweep.SweepError, match=f"GPU=1; '{text}' is not"):
            sweep.read_resources(text)
    assert sweep.read_resources("GPU=1, MEMORY=2") == {"GPU": 1, "MEMORY": 2}


def test_a_scheduler_that_is_not_there_leaves_the_folder_free(tmp_path, toy):
    out = tmp_path / "out"
    with pytest.raises(sweep.SweepError, match="nonsense is not the address of a scheduler, tcp://HOST:PORT"):
        sweep.sweep(toy, {"seed": [0]}, out, scheduler="nonsense")
    with pytest.raises(sweep.SweepError, match=r"No scheduler answers at tcp://127\.0\.0\.1:1 ") as refused:
        sweep.sweep(toy, {"seed": [1]}, out, scheduler="tcp://127.0.0.1:1")
    assert "finished" not in str(refused.value)
    assert [path.name for path in out.iterdir()] == [".lock"]


def test_a_notebook_that_cannot_be_run_is_refused(tmp_path, toy):
    (tmp_path / "text.ipynb").write_text("hello")
    notebook = nbformat.read(toy, as_version=4)
    parameters = notebook.cells[0]
    parameters.source = "flag = True  # a switch\nnothing = None  # of no type"
    nbformat.write(notebook, tmp_path / "types.ipynb")
    parameters.source = "product = 2 * 3  # not written out"
    nbformat.write(notebook, tmp_path / "product.ipynb")
    parameters.metadata.tags = []
    nbformat.write(notebook, tmp_path / "untagged.ipynb")
    del notebook.metadata["kernelspec"]
    nbformat.write(notebook, tmp_path / "kernel.ipynb")
    for name, grid, sentence in [
        ("text", {"seed": 0}, "text.ipynb is not a notebook"),
        ("types", {"nothing": 1}, "nothing has the default None, which doesn't say its type"),
        ("types", {"flag": 1}, "flag is True or False"),
        ("product", {"product": 1}, "product of product.ipynb has the default 2.*written out"),
        ("untagged", {"seed": 0}, "untagged.ipynb has no cell with the tag parameters"),
        ("kernel", {"seed": 0}, "kernel.ipynb does not say its kernel"),
    ]:
        with pytest.raises(run.SeriesError, match=sentence):
            sweep.sweep(tmp_path / f"{name}.ipynb", grid, tmp_path / "out")
    assert sweep.checked_grid(tmp_path / "types.ipynb", {"flag": [True, False]}) == {"flag": [True, False]}
    assert not (tmp_path / "out").exists()


def test_values_and_names():
    lesson = run.find_lessons(["05"])[0]
    grid = {"learning_rate": ["1e-3", 1], "seed": 3, "run_dir": "x y", "dataset": "doodles"}
    grid = sweep.checked_grid(lesson, grid)
    assert grid == {
        "learning_rate": [0.001, 1.0],
        "seed": [3],
        "run_dir": [str(Path("x y").absolute())],
        "dataset": ["doodles"],
    }
    assert list(sweep.combinations(grid)) == ["1_learning_rate=0.001", "2_learning_rate=1.0"]
    # A parameter that is a list is one value.
    predict = run.find_lessons(["06"])[0]
    doodles = {"dataset": "doodles"}
    assert sweep.checked_grid(predict, doodles | {"images": [1, 2]})["images"] == [[1, 2]]
    assert sweep.checked_grid(predict, doodles | {"images": [[1], [2]]})["images"] == [[1], [2]]
    names = sweep.combinations({"remedies": ["none, flip", "a/../b" * 50], "seed": list(range(12))})
    assert len(names) == 24 and max(map(len, names)) <= 100
    assert not any(set(name) & set("/\\:* ,") for name in names)


# --- On this machine ---------------------------------------------------------------------------------


def test_a_sweep_reports_what_fails_and_goes_on_where_it_was(tmp_path, toy):
    out, marker = tmp_path / "out", str(tmp_path / "marker")
    grid = {"seed": [0, 1], "fault": ["none", "dies", marker]}
    done = call(toy, grid, out, "--retries", "1")
    assert done.returncode == 1, done.stderr
    # The marker of seed 0 serves seed 1, too.
    assert "4 finished, 2 failed" in done.stdout
    assert "Failed: seed=1, fault='dies'\n  cell In [3]: its kernel died" in done.stdout
    results = pd.read_csv(out / "results.csv")
    assert results["status"].value_counts().to_dict() == {"finished": 4, "failed": 2}
    assert results.loc[results["fault"] == "none", "validation_accuracy"].tolist() == [0, 0.1]
    assert results.loc[results["fault"] == "dies", "error"].str.contains("In .3.: its kernel died").all()
    summary = pd.read_csv(out / "summary.csv")
    assert summary["runs"].tolist() == [2, 2]
    assert summary["validation_accuracy"].tolist() == pytest.approx([0.05, 0.05])
    assert summary["validation_accuracy_deviation"].tolist() == pytest.approx([0.0707, 0.0707], abs=1e-3)
    failed = out / "2_seed=0_fault=dies.failed"
    assert {path.name for path in failed.iterdir()} == {"error.txt", "toy.ipynb"}
    assert "os.kill" in (failed / "toy.ipynb").read_text()
    whole = out / "1_seed=0_fault=none"
    assert {path.name for path in whole.iterdir()} == {"metrics.json", "toy.ipynb"}
    cores = sweep.CPU_COUNT
    assert json.loads((whole / "metrics.json").read_text())["threads"] == str(max(1, cores // min(cores, 8)))
    written = (whole / "toy.ipynb").stat().st_mtime_ns

    again = call(toy, grid, out)
    assert "6 runs of toy.ipynb, 4 finished before" in again.stdout and again.returncode == 1
    assert again.stdout.count("Failed: ") == 2
    assert (whole / "toy.ipynb").stat().st_mtime_ns == written
    other = call(toy, grid | {"seed": [0, 1, 2]}, out)
    assert other.returncode == 1
    assert "holds another sweep (seed was [0, 1], now [0, 1, 2]): choose another folder" in other.stderr
    assert "results.csv" in [path.name for path in out.iterdir()]


def test_a_finished_sweep_starts_nothing(tmp_path, toy):
    said, grid = [], {"seed": 4, "images": [[1], [2, 3]]}
    sweep.sweep(toy, grid, tmp_path / "out", workers=1, say=said.append)
    assert len(said) == 2 and "1 at a time" in said[1]
    results = sweep.sweep(toy, grid, tmp_path / "out", workers=1, say=said.append)
    assert said[2:] == ["2 runs of toy.ipynb, 2 finished before"]
    assert results["validation_accuracy"].tolist() == [0.4, 0.4] and "classes" not in results
    notebook = nbformat.read(toy, as_version=4)
    notebook.cells[1].source += "\nprint('mended')"
    nbformat.write(notebook, toy)
    with pytest.raises(sweep.SweepError, match=r"toy\.ipynb has changed since, so old and new runs can't be"):
        sweep.sweep(toy, grid, tmp_path / "out", workers=1)
    assert sweep.summarize(results, ["images"]).index.tolist() == ["[1]", "[2, 3]"]


def test_one_sweep_a_folder(tmp_path, toy):
    out = tmp_path / "out"
    first = subprocess.Popen(command(toy, {"seed": [0], "seconds": 30}, out), stdout=subprocess.DEVNULL)
    try:
        wait_for((out / "sweep.json").exists)
        with pytest.raises(sweep.SweepError, match="Another sweep is at work in"):
            sweep.sweep(toy, {"seed": [0], "seconds": 30}, out)
    finally:
        first.terminate()
        first.wait()


def test_ctrl_c_keeps_what_was_finished_and_leaves_no_process(tmp_path, toy):
    out = tmp_path / "out"
    arguments = command(toy, {"seconds": [0, 60], "seed": [0, 1]}, out)
    environment = os.environ | {"TEST_FOLDER": str(out)}
    running = subprocess.Popen(
        arguments,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=environment,
        # As a terminal starts it; a shell's background jobs, and all they start, ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_for(lambda: len([path for path in out.glob("*seconds=0.0*") if path.suffix != ".partial"]) == 2)
    wait_for(lambda: sum("ipykernel" in line for line in processes_of(out)) == 2)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to all processes of the command
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Interrupted. 2 of 4 runs finished; that is kept in" in said
    assert "the same call runs the others" in said and "Traceback" not in said
    wait_for(lambda: not processes_of(out), 10)
    assert pd.read_csv(out / "results.csv")["status"].tolist() == 2 * ["finished"] + 2 * ["missing"]


def test_a_kernel_that_does_not_start_is_started_again(tmp_path, toy, monkeypatch):
    """As when two kernels have taken the same port: it ends before it answers."""
    script = tmp_path / "kernel.py"
    script.write_text(
        "import pathlib, runpy, sys\n"
        f"marker = pathlib.Path({str(tmp_path / 'marker')!r})\n"
        "if not marker.exists():\n"
        "    marker.touch()\n"
        "    sys.exit('Address already in use')\n"
        "runpy.run_module('ipykernel_launcher', run_name='__main__')\n"
    )
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = [sys.executable, str(script), "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "x", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    said = []
    results = sweep.sweep(toy, {"seed": 1}, tmp_path / "out", say=said.append)
    assert (tmp_path / "marker").exists()
    assert results["status"].tolist() == ["finished"], said


IN_A_SMALL_DISK = """
mount -t tmpfs -o size={size} none {disk} && cd {disk} && {command}
status=$?
ls -a {disk}/out
exit $status
"""


def as_root_of_a_namespace() -> list[str]:
    """The beginning of a command that may mount, or skip the test where the system doesn't allow it."""
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).returncode:
        pytest.skip("this system lets nobody mount a disk for a test")
    return [unshare, "-rm"]


@pytest.mark.parametrize("where", ["sweep", "run"])
def test_a_full_disk_stops_the_sweep_and_keeps_what_was_finished(tmp_path, toy, where):
    unshare = as_root_of_a_namespace()
    disk, out = tmp_path / "disk", tmp_path / "disk" / "out"
    disk.mkdir()
    if where == "sweep":  # the folder of the sweep has room for some runs only
        grid, size, environment = {"seed": list(range(6))}, "48k", {}
    else:  # the folder for temporary files: a lesson writes more than there is room for
        grid, size, environment = {"fault": ["none", "fills"]}, "3m", {"TMPDIR": str(disk)}
    arguments = " ".join(f"'{part}'" for part in command(toy, grid, out, "--workers", "1"))
    script = IN_A_SMALL_DISK.format(disk=disk, size=size, command=arguments)
    done = subprocess.run(
        [*unshare, "sh", "-c", script],
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ | environment,
    )
    assert done.returncode == 1, done.stdout
    assert "Stopped, because the disk with" in done.stderr and "is full" in done.stderr, done.stderr
    assert "make room" in done.stderr and "Traceback" not in done.stderr
    finished = [line for line in done.stdout.split() if line[:1].isdigit() and "=" in line]
    assert finished and f"{len(finished)} of " in done.stderr
    assert ".partial" not in done.stdout


# --- On a cluster ------------------------------------------------------------------------------------


def test_workers_with_and_without_the_same_disk(tmp_path, toy, cluster):
    """One worker sees the folder of the sweep, for the other it is empty: both give all their files."""
    unshare = as_root_of_a_namespace()
    out = tmp_path / "out"
    out.mkdir()
    hidden = 'mount -t tmpfs none "$0" && exec "$@"'
    cluster.worker("--no-nanny", before=[*unshare, "sh", "-c", hidden, str(out)], WHO="elsewhere")
    cluster.worker("--no-nanny", WHO="here")
    wait_for(lambda: cluster.registered() == 2)
    grid = {"fault": ["none", "error"], "seed": [0, 1, 2]}  # the first two go to different workers
    done = call(toy, grid, out, "--scheduler", cluster.address)
    assert "3 finished, 3 failed" in done.stdout, done.stderr
    assert "Failed: fault='error', seed=0\n  cell In [3]: ValueError: on purpose\n" in done.stdout
    assert done.stdout.count("cell In [3]: ValueError: on purpose") == 3
    results = sweep.read_results(out)
    assert set(results["who"].dropna()) == {"here", "elsewhere"}
    assert results["threads"].dropna().unique().tolist() == ["1"]
    for _, row in results.iterrows():
        folder = out / (row["folder"] + (".failed" if row["status"] == "failed" else ""))
        kept = "error.txt" if row["status"] == "failed" else "metrics.json"
        assert {path.name for path in folder.iterdir()} == {kept, "toy.ipynb"}
        assert nbformat.read(folder / "toy.ipynb", as_version=4).metadata.papermill.parameters


def test_a_worker_that_is_killed_loses_no_run(tmp_path, toy, cluster):
    out = tmp_path / "out"
    workers = [cluster.worker("--no-nanny", "--name", name, WHO=name) for name in ("stays", "goes")]
    arguments = command(toy, {"seed": [0, 1, 2], "seconds": 4}, out, "--scheduler", cluster.address)
    running = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    wait_for(lambda: sum("ipykernel" in line for line in processes_of(cluster.folder)) == 2)
    workers[1].kill()  # the worker alone, not what it started
    wait_for(lambda: sum("ipykernel" in line for line in processes_of(cluster.folder)) <= 1, 15)
    said, _ = running.communicate(timeout=120)
    assert running.returncode == 0 and "3 finished, 0 failed" in said
    assert set(sweep.read_results(out)["who"]) == {"stays"}


def test_a_scheduler_that_is_lost(tmp_path, toy, cluster):
    out, grid = tmp_path / "out", {"seconds": [0, 40], "seed": [0]}
    cluster.worker("--no-nanny")
    running = subprocess.Popen(
        command(toy, grid, out, "--scheduler", cluster.address), stderr=subprocess.PIPE, text=True
    )
    wait_for((out / "1_seconds=0.0").exists)
    cluster.scheduler.kill()
    _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "The scheduler was lost: start it and its workers again. 1 of 2 runs finished" in said
    assert "Traceback" not in said
    assert sweep.read_results(out)["status"].tolist() == ["finished", "missing"]
    wait_for(lambda: not [line for line in processes_of(cluster.folder) if "ipykernel" in line], 30)


def test_a_run_waits_for_a_worker_that_has_what_it_takes(tmp_path, toy, cluster):
    """One GPU a worker, as a resource: a worker without one gets no run."""
    cluster.worker("--no-nanny", WHO="without")
    out = tmp_path / "out"
    more = ("--scheduler", cluster.address, "--resources", "GPU=1")
    running = subprocess.Popen(command(toy, {"seed": [0, 1]}, out, *more), stderr=subprocess.PIPE, text=True)
    said = []
    reader = threading.Thread(target=lambda: said.extend(running.stderr))
    reader.start()
    wait_for(lambda: "--nthreads 1 --resources GPU=1`" in "".join(said))
    cluster.worker("--no-nanny", "--resources", "GPU=1", WHO="with")
    assert running.wait(timeout=100) == 0
    reader.join()
    assert set(sweep.read_results(out)["who"]) == {"with"}


def test_a_worker_with_other_helpers_is_refused(tmp_path, toy, cluster):
    shutil.copytree(Path(sweep.__file__).parent, tmp_path / "old" / "helpers")
    with (tmp_path / "old" / "helpers" / "sweep.py").open("a") as file:
        file.write("# of last year\n")
    cluster.worker("--no-nanny", PYTHONPATH=str(tmp_path / "old"))
    wait_for(lambda: cluster.registered() == 1)
    with pytest.raises(sweep.SweepError, match="has another version of the lessons: bring it up to date"):
        sweep.sweep(toy, {"seed": [0]}, tmp_path / "out", scheduler=cluster.address)


# --- Results -----------------------------------------------------------------------------------------


def test_a_lesson_that_trains_several_networks_has_a_row_for_each(tmp_path):
    (tmp_path / "sweep.json").write_text(json.dumps({"grid": {"seed": [0, 1]}}))
    for number, accuracies in enumerate(({"none": 0.5, "flip": 0.6}, {"none": 0.7, "flip": 0.6}), start=1):
        for name, accuracy in accuracies.items():
            folder = tmp_path / f"{number}_seed={number - 1}" / name
            folder.mkdir(parents=True)
            (folder / "metrics.json").write_text(json.dumps({"test_accuracy": accuracy}))
    results = sweep.read_results(tmp_path)
    assert results["run"].tolist() == ["flip", "none", "flip", "none"]
    summary = sweep.summarize(results, [])
    assert summary.loc["none", "test_accuracy"] == pytest.approx(0.6)
    with pytest.raises(sweep.SweepError, match="There is no sweep in"):
        sweep.read_results(tmp_path / "nowhere")


def test_a_run_whose_process_is_killed_says_so(tmp_path):
    """Out of memory, as the system answers it: the process is gone, without a word."""
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    request = json.dumps({"lesson": "toy.ipynb", "name": "1", "parameters": {}})

    def kill() -> bool:
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.Error):  # it may be gone by now
                if "lesson_tools.sweep_worker" in child.cmdline():
                    child.kill()
        return True

    failure = sweep_worker._execute(request, tmp_path, environment, kill)
    assert failure == "its process was ended by signal 9, as it is when memory runs out"
