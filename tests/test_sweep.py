"""Sweeps: with real workers, schedulers and kernels, some of which are killed on purpose.

Most run on one cluster of threads in this process; a worker that is to be killed, or to see another disk, is
a process of its own.
"""

import contextlib
import importlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from helpers.datasets import cache_dir, load_dataset
from helpers.errors import UserError
from lesson_tools import run, sweep
from lesson_tools.cli import cli

import dask
import nbformat
import pandas as pd
import psutil
import pytest
from click.testing import CliRunner
from distributed import LocalCluster

PARAMETERS = """
fault = "none"  # what goes wrong
release = ""  # a file that it waits for
seed = 0  # seed of the random numbers
images = [1]  # places
run_dir = "runs/toy"  # folder of the run
"""
BODY = """
import json, os, pathlib, time
while release and not os.path.exists(release): time.sleep(0.05)
if fault == "error": raise ValueError("no tcp://me:secret@host:1" + " and on" * 1000)
if fault == "dies": os.kill(os.getpid(), 9)
if fault == "orphaned": os.kill(os.getppid(), 9)
if fault == "fills": pathlib.Path("much").write_bytes(bytes(10_000_000))
if os.path.isabs(fault) and not os.path.exists(fault):
    pathlib.Path(fault).touch()
    raise ValueError("the first time")
folder = pathlib.Path(run_dir)
folder.mkdir(parents=True)
measured = {"validation_accuracy": seed / 10, "who": os.environ.get("WHO", ""), "classes": ["a", "b"]}
measured["threads"] = os.environ["TF_NUM_INTRAOP_THREADS"]
measured |= {"seed": seed % 2, "status": "good"}  # under the names of others
(folder / "metrics.json").write_text(json.dumps(measured))
"""
HERE = {"HERE": 1}  # what a run takes that is for the workers of this process


@pytest.fixture
def toy(tmp_path):
    """A notebook that takes no time to speak of, so that what is tested is the sweep."""
    parameters = nbformat.v4.new_code_cell(PARAMETERS.strip())
    parameters.metadata.tags = ["parameters"]
    notebook = nbformat.v4.new_notebook(cells=[parameters, nbformat.v4.new_code_cell(BODY.strip())])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "toy.ipynb")
    return tmp_path / "toy.ipynb"


def options(toy, grid: dict, out, *more) -> list[str]:
    """What follows `lessons` on the command line; the grid is written beside the notebook."""
    file = toy.parent / f"{out.name}.yaml"
    file.write_text(json.dumps(grid))  # JSON is YAML
    return ["sweep", str(toy), "--grid", str(file), "--out", str(out), *more]


def wait_for(condition, seconds=120):
    end = time.time() + seconds
    while not condition():
        assert time.time() < end, "waited in vain"
        time.sleep(0.1)


def processes(folder, kind="") -> list[str]:
    """The processes that were started with TEST_FOLDER, or by such ones."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        line = " ".join(process.info["cmdline"] or [])
        if (process.info["environ"] or {}).get("TEST_FOLDER") == str(folder) and kind in line:
            found.append(line)
    return found


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and a worker for two runs at a time, all of it in this process."""
    with LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        resources={"HERE": 2},
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
    ) as cluster:
        yield cluster


@pytest.fixture
def dask_process(tmp_path):
    """Start `dask scheduler` or `dask worker` as a process; all of them are gone after the test."""
    started = []

    def start(*arguments, before=(), **environment) -> subprocess.Popen:
        process = subprocess.Popen(
            [*before, str(Path(sys.executable).parent / "dask"), *map(str, arguments)],
            stderr=(tmp_path / "dask.log").open("ab"),
            env=os.environ | {"TEST_FOLDER": str(tmp_path)} | environment,
            cwd=tmp_path,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def worker(dask_process, cluster):
    """Start a worker of `cluster` as a process."""

    def start(*arguments, **more) -> subprocess.Popen:
        address = cluster.scheduler_address
        return dask_process(
            "worker", address, "--nthreads", 1, "--no-nanny", "--no-dashboard", *arguments, **more
        )

    yield start
    for process in psutil.Process().children():
        if "dask" in " ".join(process.cmdline()):
            process.kill()
    wait_for(lambda: len(cluster.scheduler.workers) == 1)


# --- Refused before anything starts ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lesson", "grid", "sentence"),
    [
        ("99", {"seed": [0, 1]}, "There is no lesson 99; the lessons are 01"),
        ("nowhere.ipynb", {"seed": [0, 1]}, "nowhere.ipynb can't be read as a notebook (No such file"),
        ("06", {}, "The grid is empty"),
        ("06", {"seed": []}, "The parameter seed has no value in the grid"),
        ("06", {"seed": None}, "The parameter seed is a whole number"),
        ("06", {"seed": {"from": 0}}, "The parameter seed is a whole number"),
        ("06", {"seed": [0, 1, 0]}, "The grid has the value 0 of seed twice"),
        ("06", {"rate": [0.1]}, "There is no parameter rate here; there are batch_size"),
        ("06", {"learning_rate": [0.1, "fast"]}, "learning_rate is a number, more than 0; 'fast' is not"),
        ("06", {"pooling": ["max", "mean"]}, "pooling is max, average or stride; 'mean' is not"),
        ("06", {"dataset": ["doodles", "no-such"]}, "dataset is auto, cifar10, doodles or the path"),
        ("07", {"images": [[1], "a"]}, "images is a list of at least one whole number"),
        ("07", {"images": []}, "The parameter images has no value in the grid"),
        ("", {"seed": 0}, "There is no lesson ''; the lessons are 01"),
        ("06", {"learning_rate": [0.1, float("nan")]}, "learning_rate is a number, more than 0; nan is not"),
        ("06", {"seed": list(range(1000)), "epochs": list(range(1, 1000))}, "The grid has 999000 runs"),
    ],
)
def test_a_grid_that_cannot_be_run_is_refused(tmp_path, lesson, grid, sentence):
    with pytest.raises(UserError) as refused:
        sweep.sweep(lesson, grid, tmp_path / "out")
    assert sentence in str(refused.value) and not (tmp_path / "out").exists()


def test_a_file_that_is_no_grid_is_refused(tmp_path, toy):
    for text in ("- 1\n", "a: [", ""):
        arguments = options(toy, {}, tmp_path / "out")
        (tmp_path / "out.yaml").write_text(text)
        done = CliRunner().invoke(cli, arguments)
        assert (done.exit_code, done.stdout) == (1, "") and "out.yaml is not YAML" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("file", "can't be made or locked: File exists"),
        ("file/below", "can't be made or locked: Not a directory"),
        ("n" * 300, "can't be used: File name too long"),
        ("null\0byte", "null byte can't be used: embedded null byte"),
        ("loop", "can't be used: "),
        ("/sys/out", "can't be made or locked: "),  # read-only, for root as well
        ("~no-such-user/out", "~no-such-user/out can't be used: "),
    ],
)
def test_a_folder_that_cannot_be_made_is_refused(tmp_path, toy, monkeypatch, name, sentence):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("loop").symlink_to("loop")
    before = set(tmp_path.iterdir())
    for call in (lambda: sweep.sweep(toy, {"seed": [0]}, name), lambda: sweep.read_results(name)):
        with pytest.raises(UserError) as refused:
            call()
        assert sentence in str(refused.value) or "There is no sweep in" in str(refused.value)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("content", ["{", "{}", "[]", "", '{"grid": {"seed": 1}}', '{"grid": 1}'])
def test_a_damaged_sweep_file_gets_a_sentence(tmp_path, toy, content):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sweep.json").write_text(content)
    for call in (sweep.read_grid, sweep.read_results, lambda out: sweep.sweep(toy, {"seed": [0]}, out)):
        with pytest.raises(UserError, match=r"sweep\.json .*: choose another folder for the sweep"):
            call(tmp_path / "out")
    assert (tmp_path / "out" / "sweep.json").read_text() == content


def test_options_that_do_not_fit_are_refused(tmp_path, toy):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    for out, more, sentence in [
        ("other", {}, "is not a sweep: choose another folder"),
        (
            "out",
            {"scheduler": "tcp://127.0.0.1:1", "workers": 2},
            "with a scheduler, the cluster has its own",
        ),
        ("out", {"resources": {"GPU": 1}}, "give its scheduler, too"),
        ("out", {"workers": -1}, "workers is a whole number, 0 or more; -1 is not"),
        ("out", {"retries": "two"}, "retries is a whole number, 0 or more; 'two' is not"),
    ]:
        with pytest.raises(UserError, match=sentence):
            sweep.sweep(toy, {"seed": [0]}, tmp_path / out, **more)
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["thesis.txt"]
    assert not (tmp_path / "out").exists()
    for text in ("GPU", "GPU=-1", "GPU=0", "GPU=inf", "GPU=nan"):
        with pytest.raises(UserError, match=f"GPU=1; '{text}' is not"):
            sweep.read_resources(text)
    assert sweep.read_resources("GPU=1, MEMORY=2") == {"GPU": 1, "MEMORY": 2}


def test_a_scheduler_that_does_not_answer_leaves_the_folder_free(tmp_path, toy, capsys):
    """One of the ports accepts and says nothing, one talks like a web server."""
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as web:
        threading.Thread(target=lambda: web.accept()[0].sendall(b"HTTP/1.1 400 Bad Request\r\n" * 9)).start()
        ports = [f"tcp://127.0.0.1:{server.getsockname()[1]}" for server in (silent, web)]
        addresses = ["nonsense", "tcp://127.0.0.1:1", "tcp://me:secret@127.0.0.1:1", *ports]

        def refused(address: str) -> str:
            out = tmp_path / str(addresses.index(address))
            with pytest.raises(UserError) as refused:
                sweep.sweep(toy, {"seed": [0]}, out, scheduler=address)
            assert [path.name for path in out.iterdir()] == [".lock"]
            return str(refused.value)

        with ThreadPoolExecutor() as threads:
            sentences = list(threads.map(refused, addresses))
    for address, sentence in zip(addresses, sentences, strict=True):
        assert sentence.startswith(f"No scheduler answers at {address.replace('me:secret@', '')} (")
        assert sentence.endswith("give the address that it prints, tcp://HOST:PORT.")
    said = "".join(sentences) + capsys.readouterr().out
    assert f"Waiting for {ports[0]} and its workers, at most 10 s\n" in said and "secret" not in said


def test_workers_that_do_not_start_get_a_sentence(tmp_path, toy):
    refused = pytest.raises(UserError, match=r"The workers can't be started \(.+\): fix that, or try fewer")
    with dask.config.set({"distributed.nanny.preload": ["no_such_module"]}), refused:
        sweep.sweep(toy, {"seed": [0]}, tmp_path / "out")
    assert not (tmp_path / "out" / "sweep.json").exists()


@pytest.mark.filterwarnings("ignore:Cell is missing an id")
def test_a_notebook_that_cannot_be_run_is_refused(tmp_path, toy):
    whole = toy.read_text()
    for name, text in {
        "text": "hello",
        "cut": whole[:-100],
        "list": "[]",
        "empty": "{}",
        "cells": whole.replace('"metadata"', '"meta"'),
        "conflict": f"<<<<<<< HEAD\n{whole}",
        "unknown": whole.replace('"name": "python3"', '"name": "of-my-old-computer"'),
        "untagged": whole.replace('"parameters"', '"params"'),
        "types": whole.replace('fault = \\"none\\"', "nothing = None\\nflag = True"),
        "product": whole.replace('fault = \\"none\\"', "product = 2 * 3"),
        "column": whole.replace('fault = \\"none\\"', "status = 1"),
        "kernel": whole.replace('"kernelspec"', '"spec"'),
    }.items():
        (tmp_path / f"{name}.ipynb").write_text(text)
    (tmp_path / "folder.ipynb").mkdir()
    for name, grid, sentence in [
        *((name, {"seed": 0}, "damaged") for name in ("text", "cut", "list", "empty", "cells", "conflict")),
        ("folder", {"seed": 0}, r"folder\.ipynb .*Is a directory"),
        ("unknown", {"seed": 0}, "of-my-old-computer.*not installed"),
        ("types", {"nothing": 1}, "nothing has the default None, which doesn't say its type"),
        ("types", {"flag": 2}, "flag is a truth value, True or False"),
        ("product", {"product": 1}, "product of product.ipynb has the default 2.*written out"),
        ("untagged", {"seed": 0}, "untagged.ipynb has no cell with the tag parameters"),
        ("kernel", {"seed": 0}, "kernel.ipynb does not say its kernel"),
        ("column", {"status": 1}, "The grid can't vary status: results.csv has a column of that name"),
    ]:
        with pytest.raises(UserError, match=sentence):
            sweep.sweep(tmp_path / f"{name}.ipynb", grid, tmp_path / "out")
    assert sweep.checked_grid(tmp_path / "types.ipynb", {"flag": [True, False]}) == {"flag": [True, False]}
    # Cells without a name get one from nbformat, at random: the notebook is the same all the same.
    (tmp_path / "ids.ipynb").write_text(re.sub(r'"id": "\w+",', "", whole))
    assert sweep._without_outputs(tmp_path / "ids.ipynb") == sweep._without_outputs(tmp_path / "ids.ipynb")
    assert not (tmp_path / "out").exists()


def test_values_and_names():
    lesson = run.find_lessons(["06"])[0]
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
    predict = run.find_lessons(["07"])[0]
    doodles = {"dataset": "doodles"}
    assert sweep.checked_grid(predict, doodles | {"images": [1, 2]})["images"] == [[1, 2]]
    assert sweep.checked_grid(predict, doodles | {"images": [[1], [2]]})["images"] == [[1], [2]]
    names = sweep.combinations({"remedies": ["none, flip", "a/../b" * 50], "seed": list(range(12))})
    assert len(names) == 24 and max(map(len, names)) <= 100
    assert not any(set(name) & set("/\\:* ,") for name in names)


def test_the_images_of_auto_are_chosen_once(tmp_path, monkeypatch, capsys):
    """The folder is looked at first, and a sweep goes on with what it began with."""
    monkeypatch.setenv("CIFAR10_MIRRORS", "http://127.0.0.1:9/of-nobody")
    load_dataset("doodles")  # draws them, if that was not done before
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    for drawn in cache_dir().glob("doodles-*.npz"):
        (tmp_path / "keras" / "datasets" / drawn.name).symlink_to(drawn)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    grid, where = {"seed": [0]}, {"scheduler": "nonsense"}
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").touch()
    with pytest.raises(UserError, match="is not a sweep"):
        sweep.sweep("06", grid, tmp_path / "thesis", **where)
    assert capsys.readouterr().out == ""
    out, lesson = tmp_path / "out", sweep.find_lesson("06")
    for asked in (True, False):
        with pytest.raises(UserError, match="No scheduler answers"):
            sweep.sweep("06", grid, out, **where)
        said = capsys.readouterr().out
        assert "1 run of 06_train_the_network.ipynb with dataset=doodles\n" in said
        assert ("127.0.0.1:9" in said) == asked
        begun = grid | {"dataset": ["doodles"]}
        token = sweep._token(out, lesson, begun, sweep._without_outputs(lesson), {})
        (out / "sweep.json").write_text(token)
    with pytest.raises(UserError, match=r"another sweep \(dataset was \['doodles'\], now \['cifar10'\]\)"):
        sweep.sweep("06", grid | {"dataset": "cifar10"}, out, **where)


def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "lesson_tools.sweep")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r'pip install -e "\.\[sweep\]" -c requirements\.txt'):
        importlib.import_module("lesson_tools.sweep")


def test_settings_of_dask_that_are_damaged_get_a_sentence(tmp_path):
    (tmp_path / "dask.yaml").write_text("distributed: [")
    command = [
        sys.executable,
        "-m",
        "lesson_tools",
        "sweep",
        "06",
        "--grid",
        "no.yaml",
        "--out",
        tmp_path / "out",
    ]
    variables = os.environ | {"DASK_CONFIG": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, env=variables)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1) and "dask.yaml' is malformed" in done.stderr


# --- Runs that end well, and others ------------------------------------------------------------------


def test_a_sweep_reports_what_fails_and_runs_it_again(tmp_path, toy, cluster):
    out, marker = tmp_path / "out", str(tmp_path / "marker")
    arguments = options(toy, {"fault": ["none", "dies", marker], "seed": 3}, out)
    arguments += ["--scheduler", cluster.scheduler_address, "--resources", "HERE=1"]
    done = CliRunner().invoke(cli, [*arguments, "--retries", "1"])
    assert done.exit_code == 1, done.output
    assert "2 finished, 1 failed" in done.stdout
    assert "Failed: fault='dies', seed=3\n  cell In [3]: its kernel died" in done.stdout
    results = pd.read_csv(out / "results.csv")
    assert results["status"].tolist() == ["finished", "failed", "finished"]
    assert results["error"][1].startswith("cell In [3]: its kernel died")
    assert set(results["threads"].dropna()) == {1} and "classes" not in results
    assert pd.read_csv(out / "summary.csv")["runs"].tolist() == [1, 1]
    # What a run measured doesn't take the place of what the grid gave, nor of the sweep's own columns.
    assert set(results["seed"]) == {3} and set(results["seed_used"].dropna()) == {1}
    assert set(results["status_used"].dropna()) == {"good"}
    failed, whole, fixed = out / "2_fault=dies.failed", out / "1_fault=none", out / results["folder"][2]
    assert {path.name for path in failed.iterdir()} == {"error.txt", "toy.ipynb"}
    assert "os.kill" in (failed / "toy.ipynb").read_text()
    assert {path.name for path in whole.iterdir()} == {"metrics.json", "toy.ipynb"}
    written = (whole / "toy.ipynb").stat().st_mtime_ns

    # A run that was damaged is run again, and what was in its place is kept.
    (fixed / "metrics.json").write_text('{"seed": ')
    results = sweep.read_results(out)
    assert results["status"].tolist() == ["finished", "failed", "damaged"]
    assert (
        "metrics.json can't be read (it is damaged): the next call of the sweep runs it"
        in results["error"][2]
    )
    again = CliRunner().invoke(cli, arguments)
    assert again.exit_code == 1 and "3 runs of toy.ipynb, 1 finished before" in again.stdout
    assert again.stdout.count("Failed: ") == 1 and (whole / "toy.ipynb").stat().st_mtime_ns == written
    assert f"{fixed.name} is no finished run: it is done again, and what was there is now" in again.stdout
    assert sweep.read_results(out)["status"].tolist() == ["finished", "failed", "finished"]
    [kept] = out.glob(f"{fixed.name}.damaged-*")
    assert (kept / "metrics.json").read_text() == '{"seed": ' and (kept / "toy.ipynb").exists()


def test_ctrl_c_keeps_what_was_finished_and_the_same_call_goes_on(tmp_path, toy, cluster, capsys):
    out, release = tmp_path / "out", tmp_path / "release"
    grid = {"release": ["", str(release)]}
    both = [  # at one moment
        subprocess.Popen(
            [sys.executable, "-m", "lesson_tools", *options(toy, grid, out, "--workers", "1")],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"TEST_FOLDER": str(out)},
            # As a terminal starts it; a shell's background jobs, and all they start, ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        for _ in range(2)
    ]
    wait_for(lambda: any(process.poll() is not None for process in both))
    [running] = [process for process in both if process.poll() is None]
    [refused] = [process for process in both if process is not running]
    _, said = refused.communicate(timeout=60)
    assert refused.returncode == 1, said
    assert re.search(rf"\(process {running.pid} on .*\) is at work in {out}: wait for it, or choose", said), (
        said
    )
    wait_for((out / "1_release=").exists)
    wait_for(lambda: processes(out, "ipykernel"))
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to all processes of the command
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Interrupted. 1 of 2 runs finished; that is kept in" in said
    assert "the same call runs the others" in said and "Traceback" not in said
    wait_for(lambda: not processes(out), 10)
    results = pd.read_csv(out / "results.csv")
    assert results["status"].tolist() == ["finished", "missing"]
    assert results["threads"][0] == sweep.CPU_COUNT

    release.touch()
    sweep.sweep(toy, grid, out, scheduler=cluster.scheduler_address, resources=HERE)
    assert "2 runs of toy.ipynb, 1 finished before\nWaiting for tcp:" in capsys.readouterr().out
    results = sweep.sweep(toy, grid, out)
    assert capsys.readouterr().out == "2 runs of toy.ipynb, 2 finished before\n"  # and nothing is started
    assert set(results["status"]) == {"finished"}
    with pytest.raises(UserError, match=r"another sweep \(seed was not there, now \[0\]\): choose another"):
        sweep.sweep(toy, grid | {"seed": 0}, out)
    notebook = nbformat.read(toy, as_version=4)
    notebook.cells[1].source += "\nprint('fixed')"
    nbformat.write(notebook, toy)
    with pytest.raises(UserError, match=r"toy\.ipynb has changed since, so old and new runs can't be"):
        sweep.sweep(toy, grid, out)


def test_a_kernel_that_does_not_start_is_started_again(tmp_path, toy, cluster, monkeypatch):
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
    results = sweep.sweep(
        toy, {"seed": 1}, tmp_path / "out", scheduler=cluster.scheduler_address, resources=HERE
    )
    assert (tmp_path / "marker").exists() and results["status"].tolist() == ["finished"]


def as_root_of_a_namespace(script: str) -> list[str]:
    """The beginning of a command that runs `script`, which may mount; skips where the system forbids it."""
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).returncode:
        pytest.skip("this system lets nobody mount a disk for a test")
    return [unshare, "-rm", "sh", "-c", script]


def test_a_full_disk_stops_the_sweep_and_keeps_what_was_finished(tmp_path, toy, cluster):
    out = tmp_path / "out"
    out.mkdir()
    script = 'mount -t tmpfs -o size=24k none "$0" && "$@"; status=$?; ls -a "$0"; exit $status'
    arguments = options(toy, {"seed": [0, 1]}, out, "--scheduler", cluster.scheduler_address)
    lessons = [sys.executable, "-m", "lesson_tools", *arguments, "--resources", "HERE=1"]
    done = subprocess.run(
        [*as_root_of_a_namespace(script), str(out), *lessons], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 1, done.stdout
    assert f"Stopped, because the disk with {out} on " in done.stderr, done.stderr
    assert "is full: make room. 1 of 2 runs finished" in done.stderr and "Traceback" not in done.stderr
    assert done.stdout.count("seed=") == 1 and "partial" not in done.stdout


# --- Workers that are processes ----------------------------------------------------------------------


def test_a_worker_without_the_common_disk_gives_all_files(tmp_path, toy, cluster, worker, capsys):
    """The folder of the sweep is another one for it, and that for temporary files is small."""
    out, small = tmp_path / "out", tmp_path / "small"
    out.mkdir()
    small.mkdir()
    script = f'mount -t tmpfs none "{out}" && mount -t tmpfs -o size=3m none "{small}" && exec "$@"'
    worker(
        *("--resources", "AWAY=1", "--local-directory", tmp_path / "local"),
        before=[*as_root_of_a_namespace(script), "sh"],
        WHO="elsewhere",
        TMPDIR=str(small),
    )
    where = {"scheduler": cluster.scheduler_address, "resources": {"AWAY": 1}}
    results = sweep.sweep(toy, {"fault": ["none", "error", "orphaned"]}, out, **where)
    assert results["status"].tolist() == ["finished", "failed", "failed"]
    assert results["who"][0] == "elsewhere"
    for name, kept in (("1_fault=none", "metrics.json"), ("2_fault=error.failed", "error.txt")):
        assert {path.name for path in (out / name).iterdir()} == {kept, "toy.ipynb"}
        assert nbformat.read(out / name / "toy.ipynb", as_version=4).metadata.papermill.parameters
    said = capsys.readouterr().out
    assert "Failed: fault='error'\n  cell In [3]: ValueError: no tcp://host:1 and on and on" in said
    assert max(map(len, said.splitlines())) < 350 and "secret" not in "".join(map(str, results["error"]))
    assert "secret" not in (out / "2_fault=error.failed" / "error.txt").read_text()
    # Out of memory, as the system answers it: the process is gone, without a word.
    assert results["error"][2] == "its process was ended by signal 9, as it is when memory runs out"
    with pytest.raises(UserError, match=f"the disk with {small}.* is full: make room. 0 of 1 run finished"):
        sweep.sweep(toy, {"fault": "fills"}, tmp_path / "other", **where)


def test_a_folder_that_is_renamed_while_the_sweep_runs(tmp_path, toy, cluster):
    out, renamed, release = (tmp_path / name for name in ("out", "renamed", "release"))
    where = {"scheduler": cluster.scheduler_address, "resources": HERE}
    with ThreadPoolExecutor() as threads:
        sweeping = threads.submit(sweep.sweep, toy, {"release": str(release)}, out, **where)
        wait_for((out / "sweep.json").exists)
        out.rename(renamed)
        release.touch()
        with pytest.raises(
            UserError, match="out does not hold this sweep any more: give the folder its name"
        ):
            sweeping.result(timeout=60)
    assert not out.exists()
    (renamed / "1").write_text("mine")  # in the place of the run
    results = sweep.sweep(toy, {"release": str(release)}, renamed, **where)
    assert results["status"].tolist() == ["finished"]
    assert [path.read_text() for path in renamed.glob("1.damaged-*")] == ["mine"]


def test_a_run_waits_for_a_worker_that_has_what_it_takes_and_outlives_it(
    tmp_path, toy, cluster, worker, capsys
):
    """One GPU a worker, as a resource: the worker of this process, without one, gets no run."""
    out, release = tmp_path / "out", tmp_path / "release"
    where = {"scheduler": cluster.scheduler_address, "resources": {"GPU": 1}}
    with ThreadPoolExecutor() as threads:
        sweeping = threads.submit(sweep.sweep, toy, {"release": str(release)}, out, **where)
        wait_for((out / "sweep.json").exists)
        first = worker("--resources", "GPU=1", WHO="first")
        wait_for(lambda: processes(tmp_path, "ipykernel"))
        first.kill()  # the worker alone, not what it started
        first.wait()
        wait_for(lambda: not processes(tmp_path))
        release.touch()
        worker("--resources", "GPU=1", WHO="second")
        results = sweeping.result(timeout=60)
    assert results["who"].tolist() == ["second"]
    assert "--nthreads 1 --resources GPU=1`" in capsys.readouterr().err


def test_a_scheduler_that_is_lost(tmp_path, toy, dask_process):
    out, file = tmp_path / "out", tmp_path / "scheduler.json"
    where = ("--host", "127.0.0.1", "--port", 0, "--scheduler-file", file)
    scheduler = dask_process("scheduler", *where, "--no-dashboard")
    wait_for(lambda: file.exists() and file.read_text().endswith("}"))
    address, grid = json.loads(file.read_text())["address"], {"release": ["", str(tmp_path / "never")]}
    dask_process("worker", address, "--no-nanny", "--nthreads", 1, "--no-dashboard")
    with ThreadPoolExecutor() as threads:
        sweeping = threads.submit(sweep.sweep, toy, grid, out, scheduler=address)
        wait_for((out / "1_release=").exists)
        wait_for(lambda: processes(tmp_path, "ipykernel"))
        scheduler.kill()
        scheduler.wait()
        lost = "The scheduler was lost: start it and its workers again. 1 of 2 runs finished"
        with pytest.raises(UserError, match=lost):
            sweeping.result(timeout=60)
    assert sweep.read_results(out)["status"].tolist() == ["finished", "missing"]
    wait_for(lambda: not processes(tmp_path, "ipykernel"))


def test_a_worker_with_other_helpers_is_refused(tmp_path, toy, cluster, worker):
    here = Path(sweep.__file__).parent.parent
    for package in ("doodles", "helpers", "lesson_tools"):
        shutil.copytree(here / package, tmp_path / "old" / package)
    with (tmp_path / "old" / "helpers" / "figures" / "__init__.py").open("a") as file:
        file.write("# of last year\n")
    out, where = tmp_path / "out", {"scheduler": cluster.scheduler_address, "resources": {"OLD": 1}}
    other = "has another version of the lessons: bring it up to date"
    with ThreadPoolExecutor() as threads:
        sweeping = threads.submit(sweep.sweep, toy, {"seed": [0]}, out, **where)
        wait_for((out / "sweep.json").exists)
        started = worker("--resources", "OLD=1", PYTHONPATH=str(tmp_path / "old"))  # later than the sweep
        with pytest.raises(UserError, match=other):
            sweeping.result(timeout=60)
    with pytest.raises(UserError, match=other):
        sweep.sweep(toy, {"seed": [0]}, out, **where)
    started.send_signal(signal.SIGSTOP)  # as on a computer that sleeps
    with pytest.raises(UserError, match=r"A worker of tcp:.* doesn't answer \(.+\): end those that hang"):
        sweep.sweep(toy, {"seed": [0]}, out, **where)
    assert sweep.read_results(out)["status"].tolist() == ["missing"]


# --- Results -----------------------------------------------------------------------------------------


def test_a_lesson_that_trains_several_networks_has_a_row_for_each(tmp_path):
    (tmp_path / "sweep.json").write_text(json.dumps({"grid": {"images": [[1, 2]], "seed": [0, 1]}}))
    for number, accuracies in enumerate(({"none": 0.5, "flip": 0.6}, {"none": 0.7, "flip": 0.6}), start=1):
        for name, accuracy in accuracies.items():
            folder = tmp_path / f"{number}_seed={number - 1}" / name
            folder.mkdir(parents=True)
            (folder / "metrics.json").write_text(json.dumps({"test_accuracy": accuracy}))
    results = sweep.read_results(tmp_path)
    assert results["run"].tolist() == ["flip", "none", "flip", "none"]
    summary = sweep.summarize(results, ["images"])
    assert summary.loc[("[1, 2]", "none"), "test_accuracy"] == pytest.approx(0.6)
    assert summary["test_accuracy_std"].tolist() == pytest.approx([0, 0.1414], abs=1e-3)
    (tmp_path / "2_seed=1" / "metrics.json").write_text('{"test_accuracy": 0.8}')  # of all of them
    summary = sweep.summarize(sweep.read_results(tmp_path), ["images"])
    assert summary["test_accuracy"].tolist() == pytest.approx([0.8, 0.6, 0.6]) and sum(summary["runs"]) == 5
    (tmp_path / "2_seed=1" / "metrics.json").unlink()
    # One that is damaged costs the row of its run alone.
    for content in ("", "[]", "\udcff"):
        damaged = tmp_path / "1_seed=0" / "flip" / "metrics.json"
        damaged.write_text(content, errors="surrogateescape")
        results = sweep.read_results(tmp_path)
        assert results["status"].tolist() == ["damaged", "finished", "finished"]
        assert f"{damaged} can't be read" in results["error"][0]
    with pytest.raises(UserError, match="There is no sweep in"):
        sweep.read_results(tmp_path / "nowhere")


def test_settings_stay_apart_whatever_a_run_measured(tmp_path):
    """A train size of 0 means all images, and of 108 images 200 are all, too."""
    (tmp_path / "sweep.json").write_text(json.dumps({"grid": {"train_size": [50, 200, 0], "folds": [1]}}))
    for number, size in enumerate((50, 200, 0), start=1):
        folder = tmp_path / f"{number}_train_size={size}"
        folder.mkdir()
        measured = {"train_size": min(size or 108, 108), "folder": "x", "run": float("nan"), "folds": [2]}
        measured["test_accuracy"] = 0.5 if size else "none"
        (folder / "metrics.json").write_text(json.dumps(measured))
    results = sweep.read_results(tmp_path)
    assert results["train_size"].tolist() == [50, 200, 0]
    assert results["train_size_used"].fillna(-1).tolist() == [-1, 108, 108]
    assert results["folder"][2] == "3_train_size=0" and results["folder_used"][0] == "x"
    summary = sweep.summarize(results, ["train_size"])
    assert summary["runs"].tolist() == [1, 1, 1]
