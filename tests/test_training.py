"""Runs: what is in the folder, going on after a kill, refusing what does not belong together."""

import dataclasses
import io
import itertools
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from helpers import training
from helpers.datasets import Dataset
from helpers.errors import UserError

import keras
import numpy as np
import pandas as pd
import pytest

# As `train_run` trains `noise` in two epochs with seed 3.
SETTINGS = {
    "train_size": 72,
    "epochs": 2,
    "batch_size": 32,
    "learning_rate": 0.001,
    "optimizer": "adam",
    "normalization": "divide",
    "pooling": "max",
    "seed": 3,
}
COLUMNS = ["loss", "accuracy", "val_loss", "val_accuracy"]


def noise(name="noise", seed=0):
    """Bright and dark noise, which any network tells apart."""
    rng = np.random.default_rng(seed)
    y = np.arange(120) % 2
    x = (rng.integers(0, 60, (120, 32, 32, 3)) + 150 * y[:, None, None, None]).astype(np.uint8)
    return Dataset(name, ("dark", "bright"), x[:80], y[:80], x[80:], y[80:], "Noise.")


def network(units=2, optimizer="adam"):
    """A network as `train_run` makes one, compiled."""
    model = training.networks.reference_network(units)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run of two epochs that watched the test set, not to be changed."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    return training.train_run(folder, noise(), test_each_epoch=True, train_size=0, epochs=2, seed=3)


@pytest.fixture
def copied(trained, tmp_path):
    """The same run, to be changed."""
    shutil.copytree(trained.folder, tmp_path / "copy")
    return training.load_run(tmp_path / "copy")


@pytest.fixture
def interrupted(copied):
    """As after a kill before the results were written."""
    (copied.folder / "metrics.json").unlink()
    return copied


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_a_run_leaves_its_files_and_says_what_it_measured(trained):
    assert names(trained.folder) == {"settings.json", "history.csv", "model.keras", "metrics.json"}
    assert list(trained.history["epoch"]) == [0, 1]
    metrics = trained.metrics
    needed = {"dataset", "classes", "train_size", "epochs", "batch_size", "seed", "device", "operations"}
    assert needed <= set(metrics) and "fingerprint" not in metrics
    assert set(metrics["versions"]) == {"python", "tensorflow", "keras", "numpy"}
    assert metrics["train_size"] == 72 and metrics["epochs_trained"] == 2
    assert metrics["train_seconds"] >= round(trained.history["seconds"].sum(), 1) > 0
    assert metrics["cpu_seconds"] >= round(trained.history["cpu_seconds"].sum(), 1) > 0
    assert metrics["validation_accuracy"] == pytest.approx(trained.history["val_accuracy"].iloc[-1])
    # The column of the last epoch is the accuracy that is measured at the end.
    assert metrics["test_accuracy"] == pytest.approx(trained.history["test_accuracy"].iloc[-1], abs=1e-6)
    assert metrics["parameters"] == trained.load_model().count_params()


# --- Going on --------------------------------------------------------------------------------------


def train_and_die(folder):
    """End as by a kill in the middle of storing the network of the third epoch."""
    save, calls = keras.Model.save, itertools.count(1)

    def save_or_die(model, path):
        if next(calls) == 3:
            Path(path).write_bytes(b"half")
            os._exit(9)
        save(model, path)

    keras.Model.save = save_or_die
    training.train_run(folder, noise(), train_size=0, epochs=4, seed=0)


def test_a_killed_run_goes_on_from_its_last_finished_epoch(tmp_path, capfd):
    process = multiprocessing.get_context("spawn").Process(target=train_and_die, args=(tmp_path / "run",))
    process.start()
    process.join(120)
    assert process.exitcode == 9
    assert "Epoch 3 of 4, done" not in capfd.readouterr().out
    run = training.load_run(tmp_path / "run")
    before = run.history
    assert len(before) == 3 and not run.finished  # the third row has no network

    training.train_run(run.folder, noise(), train_size=0, epochs=4, seed=0)
    out = capfd.readouterr().out
    assert "Epoch 3 of 4, done" in out and "Epoch 2 of 4" not in out
    assert list(run.history["epoch"]) == [0, 1, 2, 3]
    # What was done is kept as it was: those epochs were not trained again.
    pd.testing.assert_frame_equal(run.history.iloc[:2], before.iloc[:2])
    assert int(run.load_model().optimizer.iterations) == 4 * 3
    assert names(run.folder) == {"settings.json", "history.csv", "model.keras", "metrics.json"}


def test_rows_behind_the_network_are_dropped(interrupted):
    """Also half a row, as older versions left it behind."""
    path = interrupted.folder / "history.csv"
    whole = path.read_text()
    path.write_text(whole + "2,0.5")
    assert interrupted.resume(network())[1] == 2
    assert path.read_text() == whole


def test_a_kill_in_the_first_epoch_leaves_a_run_that_begins_anew(tmp_path):
    run = training.open_run(tmp_path / "run", noise(), **SETTINGS)
    head = ",".join(training.HISTORY)
    for history in ("", f"{head}\n0,1,1,1,1,1,1\n"):  # before its row was written, and before its network was
        (run.folder / "history.csv").write_text(history)
        assert len(run.history) == history.count("\n0,")
        model = network()
        assert run.resume(model) == (model, 0)
        assert run.history.empty and list(run.history) == training.HISTORY


def test_a_kill_before_the_settings_were_written_leaves_a_folder_that_can_be_used(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".partial-1-settings.json").write_text('{"data')
    (tmp_path / "run" / ".lock").write_text("Somebody")
    run = training.open_run(tmp_path / "run", noise(), **SETTINGS)
    images = {"dataset": "noise", "classes": ["dark", "bright"], "fingerprint": noise().fingerprint}
    assert run.settings == SETTINGS | images


def test_a_training_that_begins_anew(copied):
    """What an interrupted run has trained is dropped, and a finished one is left as it is."""
    copied.begin_anew()
    assert copied.finished and "model.keras" in names(copied.folder)
    (copied.folder / "metrics.json").unlink()
    copied.begin_anew()
    model = network()
    assert copied.resume(model) == (model, 0)
    assert "model.keras" not in names(copied.folder) and copied.history.empty


def test_a_network_of_another_epoch_is_stored_with_its_accuracy(interrupted):
    """As early stopping ends: the network that is measured is the one that is kept."""
    model = interrupted.load_model()
    weights = [weight + 1 for weight in model.get_weights()]
    model.set_weights(weights)
    metrics = interrupted.finish(model, 0.25, validation_accuracy=0.125)
    assert (metrics["test_accuracy"], metrics["validation_accuracy"]) == (0.25, 0.125)
    for kept, meant in zip(interrupted.load_model().get_weights(), weights, strict=True):
        np.testing.assert_array_equal(kept, meant)


# --- Refusing --------------------------------------------------------------------------------------


def test_other_parameters_are_refused(tmp_path):
    run = training.open_run(tmp_path, noise(), **SETTINGS)
    for name, value in {"epochs": 5, "seed": 1, "learning_rate": 0.01, "depth": 3}.items():
        with pytest.raises(UserError, match=f"{name}=.*now {value!r}.*choose another run_dir"):
            training.open_run(tmp_path, noise(), **SETTINGS | {name: value})
    assert training.open_run(tmp_path, noise(), **SETTINGS).settings == run.settings


def test_images_that_changed_meanwhile_are_refused(interrupted, trained):
    """The same images under another name are the same, as a folder that was moved or given by its path."""
    assert training.open_run(interrupted.folder, noise("moved"), **SETTINGS).settings["dataset"] == "noise"
    changed = noise()
    changed.x_train[0, 0, 0, 0] ^= 1
    others = (changed, dataclasses.replace(noise(), class_names=("a", "b")), noise("other", seed=1))
    for other in others:
        for find in (training.open_run, training.find_or_train):
            folder = interrupted.folder if find is training.open_run else trained.folder
            given = SETTINGS if find is training.open_run else {"train_size": 0, "epochs": 2, "seed": 3}
            with pytest.raises(UserError, match=r"was trained on other images .*'noise'.* than .* has now"):
                find(folder, other, **given)


def test_the_fingerprint_tells_every_array_and_its_place():
    data, seen = noise(), set()
    for name in ("x_train", "y_train", "x_test", "y_test"):
        array = getattr(data, name).copy()
        array.flat[-1] ^= 1
        seen.add(dataclasses.replace(data, **{name: array}).fingerprint)
    cut = dataclasses.replace(data, x_train=data.x_train[:-1], y_train=data.y_train[:-1])
    seen |= {data.fingerprint, cut.fingerprint}
    assert len(seen) == 6 and all(re.fullmatch("[0-9a-f]{16}", mark) for mark in seen)
    assert noise("moved").fingerprint == data.fingerprint


def test_images_that_are_known_by_their_name(interrupted):
    """A run from before there were fingerprints, and images of ours, which another Pillow draws anew."""
    path = interrupted.folder / "settings.json"
    settings = json.loads(path.read_text())
    for name, fingerprint in {"noise": {}, "doodles": {"fingerprint": "another"}}.items():
        del settings["fingerprint"]
        settings |= {"dataset": name} | fingerprint
        path.write_text(json.dumps(settings))
        assert training.open_run(interrupted.folder, noise(name), **SETTINGS).settings == settings
        with pytest.raises(UserError, match="other images"):
            training.open_run(interrupted.folder, noise("else"), **SETTINGS)
        settings.setdefault("fingerprint", "")


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("dear")
    for place in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(UserError, match="is not a training run"):
            training.open_run(place, noise(), **SETTINGS)
    assert names(tmp_path) == {"thesis.txt"}


def test_a_missing_and_an_unfinished_run_are_said(tmp_path):
    with pytest.raises(UserError, match="no training run in"):
        training.load_run(tmp_path / "nowhere")
    run = training.open_run(tmp_path / "run", noise(), **SETTINGS)
    with pytest.raises(UserError, match="not finished"):
        _ = run.metrics


def test_another_network_or_optimizer_is_not_mixed_into_a_run(interrupted):
    never_compiled = training.networks.reference_network(2)
    for other in (network(units=3), network(optimizer="sgd"), never_compiled):
        with pytest.raises(UserError, match="another network or optimizer: choose another run_dir"):
            interrupted.resume(other)


# --- Cells in another order ------------------------------------------------------------------------


def test_fit_twice(interrupted, trained):
    """The cell with `fit` run a second time, without the cells before it."""
    for run, state in ((interrupted, "has 2 epochs"), (trained, "is finished with 2 epochs")):
        before = (run.folder / "history.csv").read_bytes()
        with pytest.raises(UserError, match=f"fit is in epoch 1, but the run in .* {state}: run the cells"):
            network().fit(noise().x_train, noise().y_train, callbacks=run.callbacks(), epochs=2, verbose=0)
        assert (run.folder / "history.csv").read_bytes() == before


def test_cells_run_again_after_the_end(copied):
    """A finished run is shown as it is, also where nothing may be written; nothing is added to it."""
    before = {path: path.stat().st_mtime_ns for path in copied.folder.iterdir()}
    run = training.open_run(copied.folder, noise(), **SETTINGS)
    model, epochs_done = run.resume(network())
    given = {"x": noise().x_train, "y": noise().y_train, "callbacks": run.callbacks(), "verbose": 0}
    model.fit(**given, initial_epoch=epochs_done, epochs=2)
    assert epochs_done == 2 and run.finish(model, 0.5) == copied.metrics
    with pytest.raises(UserError, match=r"fit is in epoch 3, but the run in .* is finished with 2 epochs"):
        model.fit(**given, initial_epoch=2, epochs=3)
    assert {path: path.stat().st_mtime_ns for path in copied.folder.iterdir()} == before


def test_finish_twice_keeps_what_was_measured_first(interrupted):
    model = interrupted.load_model()
    metrics = interrupted.finish(model, 0.25)
    assert interrupted.finish(model, 0.75) == interrupted.metrics == metrics


def test_finish_before_the_end_is_refused(interrupted):
    """As after a fit that was interrupted: the network in memory belongs to no row."""
    path = interrupted.folder / "history.csv"
    for rows in (1, 0):
        interrupted.history[:rows].to_csv(path, index=False)
        with pytest.raises(UserError, match=f"has {rows} of 2 epochs: run the cells from"):
            interrupted.finish(interrupted.load_model(), 0.5)
    assert not interrupted.finished


def test_a_folder_that_is_deleted_meanwhile(tmp_path):
    x, y, run = noise().x_train, noise().y_train, training.open_run(tmp_path / "run", noise(), **SETTINGS)
    model, _ = run.resume(network())
    delete = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda *_, **__: shutil.rmtree(run.folder, ignore_errors=True)
    )
    with pytest.raises(UserError, match=r"can't be written \(.*directory.*\)\. What .* run the cells from"):
        model.fit(x, y, callbacks=[*run.callbacks(), delete], epochs=2, verbose=0)
    # The network went on in memory: a run that begins anew would begin with it.
    run = training.open_run(tmp_path / "run", noise(), **SETTINGS)
    with pytest.raises(UserError, match="This network was trained before: run the cells from its making"):
        run.resume(model)
    assert run.resume(network())[1] == 0


# --- Damaged, old and foreign files ----------------------------------------------------------------


def damage(folder, name, change):
    path = folder / name
    path.write_bytes(change(path.read_bytes()))


def without(*names):
    """Take columns or values away, as a file of an older version lacks them."""

    def change(content):
        if content.startswith(b"{"):
            return json.dumps({n: v for n, v in json.loads(content).items() if n not in names}).encode()
        return pd.read_csv(io.BytesIO(content)).drop(columns=[*names]).to_csv(index=False).encode()

    return change


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("settings.json", lambda content: content[:40]),
        ("settings.json", lambda content: b"[]"),
        ("settings.json", without("train_size")),
        ("metrics.json", lambda content: b""),
        ("metrics.json", lambda content: b'{"loss": 1}'),
        ("metrics.json", without("cpu_seconds")),
        ("metrics.json", lambda content: content.replace(b'"seed": 3', b'"seed": 4')),  # of another run
        ("history.csv", lambda content: b""),
        ("history.csv", lambda content: content[: len(content) // 2]),
        ("history.csv", lambda content: content + content.splitlines()[-1]),  # a second writer
        ("history.csv", lambda content: content.replace(b"0.", b"zero")),
        ("history.csv", lambda content: b"\xff\xfe\0"),
        ("history.csv", without("cpu_seconds")),
    ],
)
def test_a_damaged_file_is_said_when_the_run_is_opened(copied, name, change):
    damage(copied.folder, name, change)
    given = {"train_size": 0, "epochs": 2, "seed": 3}
    for find in (training.find_or_train, training.train_run):
        with pytest.raises(UserError, match=f"({name}|files) .*delete the folder to start anew") as refused:
            find(copied.folder, noise(), **given)
        assert str(copied.folder) in str(refused.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda content: content[:-1000], "not a zip file"),
        (lambda content: content[:90_000] + bytes([content[90_000] ^ 1]) + content[90_001:], "it is damaged"),
        (lambda content: b"", "not a zip file"),
        (lambda content: b"\x89HDF of somebody else", "not a zip file"),
    ],
)
def test_a_damaged_network_is_said(copied, change, reason):
    damage(copied.folder, "model.keras", change)
    with pytest.raises(
        UserError, match=rf"model\.keras can't be used \(.*{reason}.*\): choose another run_dir"
    ):
        copied.load_model()
    (copied.folder / "metrics.json").unlink()
    with pytest.raises(UserError, match=r"model\.keras can't be used"):
        copied.resume(network())


def test_a_network_that_is_missing_or_of_other_classes_is_said(copied):
    network(units=3).save(copied.folder / "model.keras")
    with pytest.raises(UserError, match="it has 3 classes, and the run has 2"):
        copied.load_model()
    (copied.folder / "model.keras").unlink()
    for find in (copied.load_model, lambda: copied.resume(network())):
        with pytest.raises(UserError, match=r"model\.keras can't be used \(.*No such file"):
            find()


def test_a_history_that_two_have_written_is_said(interrupted):
    damage(interrupted.folder, "history.csv", lambda content: content + content.splitlines()[-1])
    with pytest.raises(UserError, match=r"history\.csv is damaged \(its epochs are not 0, 1, 2 and so on\)"):
        training.open_run(interrupted.folder, noise(), **SETTINGS)


def test_a_history_that_lacks_epochs_of_the_network_is_said(interrupted):
    (interrupted.folder / "history.csv").unlink()
    with pytest.raises(UserError, match=r"history\.csv lacks epochs: choose another run_dir"):
        interrupted.resume(network())


def test_a_training_that_diverged_leaves_files_that_can_be_read(tmp_path):
    given = {"optimizer": "sgd", "learning_rate": 1e38, "train_size": 0, "epochs": 2, "seed": 3}
    run = training.train_run(tmp_path / "run", noise(), progress=False, **given)
    assert training.load_run(run.folder).history["loss"].isna().all()
    (run.folder / "metrics.json").unlink()
    run.finish(run.load_model(), float("nan"))
    assert (
        json.loads((run.folder / "metrics.json").read_text(), parse_constant=pytest.fail)["test_accuracy"]
        is None
    )


# --- Folders ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["file/below", "n" * 300, "~nobody-of-this-name/run"])
def test_a_path_that_no_folder_can_have_gets_a_sentence(tmp_path, name):
    (tmp_path / "file").write_text("kept")
    place = name if name.startswith("~") else tmp_path / name
    with pytest.raises(UserError, match=r"can't be (used|made or locked)"):
        training.open_run(place, noise(), **SETTINGS)
    with pytest.raises(UserError, match=r"can't be used|no training run in"):
        training.load_run(place)
    assert names(tmp_path) == {"file"}


def test_a_folder_that_is_a_link(copied, tmp_path):
    (tmp_path / "link").symlink_to(copied.folder, target_is_directory=True)
    run = training.train_run(tmp_path / "link", noise(), train_size=0, epochs=2, seed=3)
    assert run.metrics == copied.metrics
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="can't be made or locked"):
        training.open_run(tmp_path / "dangling", noise(), **SETTINGS)


SMALL_DISK = """
import subprocess
import sys
from pathlib import Path

from helpers import training
from helpers.errors import UserError
from test_training import noise

disk = Path(sys.argv[1])
given = {"train_size": 0, "epochs": 2, "seed": 3, "progress": False}


def refused(train=training.train_run):
    try:
        train(disk / "run", noise(), **given)
    except UserError as error:
        print(error)
        print(sorted(path.name for path in (disk / "run").glob("[!.]*")), len(list(disk.rglob(".partial-*"))))
    else:
        print("not refused")


def mount(options):
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


(disk / "filler").write_bytes(bytes(1_000_000))  # no room for the network
refused()
(disk / "filler").write_bytes(b"")  # no room for a second network beside the first
refused()
with open(disk / "filler", "wb", buffering=0) as filler:  # no room at all
    try:
        while True:
            filler.write(bytes(4096))
    except OSError:
        pass
refused()
mount("size=20m")
training.train_run(disk / "run", noise(), **given)
(disk / "half").mkdir()
mount("ro")
print(training.train_run(disk / "run", noise(), **given).metrics["epochs_trained"], "epochs to read")
refused(lambda run_dir, *others, **more: training.train_run(disk / "half", *others, **more))
"""


def test_a_full_disk_and_one_that_is_read_only(tmp_path, trained):
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).returncode:
        pytest.skip("this system lets nobody mount a disk for a test")
    script = 'mount -t tmpfs -o size=2m none "$0" && "$@"; status=$?; cp -r "$0/run" "$0.kept"; exit $status'
    disk = tmp_path / "disk"
    disk.mkdir()
    command = [unshare, "-rm", "sh", "-c", script, disk, sys.executable, "-c", SMALL_DISK, disk]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for line, name in ((0, "model.keras"), (2, "model.keras"), (4, "history.csv")):
        assert (
            f"run/{name} can't be written (No space left on device). What was finished is kept" in lines[line]
        )
    assert lines[1] == "['history.csv', 'settings.json'] 0"
    assert lines[3] == lines[5] == "['history.csv', 'model.keras', 'settings.json'] 0"
    assert lines[6] == "2 epochs to read"
    assert "half can't be made or locked: Read-only file system." in lines[7]
    kept = training.load_run(tmp_path / "disk.kept")
    assert kept.history[COLUMNS].equals(trained.history[COLUMNS])


# --- A second writer -------------------------------------------------------------------------------

FIRST_WRITER = """
import contextlib
import io
import sys

from helpers import training
from test_training import noise


class WaitingForEnter(io.TextIOBase):
    def write(self, text):
        return sys.__stdout__.write(text)

    def flush(self):
        sys.__stdout__.flush()
        sys.stdin.readline()


with contextlib.redirect_stdout(WaitingForEnter()):
    training.train_run(sys.argv[1], noise(), train_size=0, epochs=2, seed=3)
"""


def test_a_second_process_is_refused_and_the_first_finishes_untouched(tmp_path, trained):
    folder = tmp_path / "run"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", FIRST_WRITER, folder]
    with subprocess.Popen(command, cwd=Path(__file__).parent, **pipes) as first:
        assert "Epoch 1 of 2, done" in first.stdout.readline()
        before = {path: path.read_bytes() for path in folder.iterdir()}
        (tmp_path / "link").symlink_to(folder, target_is_directory=True)
        sentence = (
            rf"process {first.pid} on .* is at work in .*: wait for it, shut its kernel down, or choose"
        )
        for find in (training.train_run, training.find_or_train):
            for name in ("run", "link"):
                with pytest.raises(UserError, match=sentence):
                    find(tmp_path / name, noise(), train_size=0, epochs=2, seed=3)
        with pytest.raises(UserError, match=sentence):  # also with other settings
            training.open_run(folder, noise("other"), **SETTINGS | {"epochs": 5})
        assert {path: path.read_bytes() for path in folder.iterdir()} == before
        first.communicate()
    assert first.returncode == 0
    assert names(folder) == {"settings.json", "history.csv", "model.keras", "metrics.json"}
    run = training.find_or_train(folder, noise(), train_size=0, epochs=2, seed=3)
    assert run.history[COLUMNS].equals(trained.history[COLUMNS])
    for measured in ("validation_accuracy", "test_accuracy", "epochs_trained"):
        assert run.metrics[measured] == trained.metrics[measured]


def test_who_was_refused_or_has_finished_keeps_nobody_out(copied, tmp_path):
    """Asked by a process of its own, because this one may lock a folder twice."""
    training.open_run(tmp_path / "open", noise(), **SETTINGS)
    with pytest.raises(UserError, match="other parameters"):
        training.open_run(tmp_path / "open", noise(), **SETTINGS | {"epochs": 5})
    (copied.folder / "metrics.json").unlink()
    run = training.open_run(copied.folder, noise(), **SETTINGS)
    ask = "import sys, pathlib, helpers.files; helpers.files.lock_folder(pathlib.Path(sys.argv[1]), 'wait.')"
    ask = [sys.executable, "-c", ask]
    assert "is at work in" in subprocess.run([*ask, run.folder], capture_output=True, text=True).stderr
    run.finish(run.load_model(), 0.5)
    for folder in (tmp_path / "open", run.folder):
        subprocess.run([*ask, folder], check=True)


# --- Training as lesson 06 does --------------------------------------------------------------------


def test_find_or_train_uses_what_is_there_and_repeats_exactly(trained, tmp_path, capsys):
    again = training.find_or_train(trained.folder, noise(), train_size=50, epochs=7, seed=9)
    assert "Using the run" in capsys.readouterr().out
    assert again.metrics == trained.metrics

    second = training.find_or_train(tmp_path / "two", noise(), train_size=0, epochs=2, seed=3)
    assert "training one now" in capsys.readouterr().out
    # Watching the test set changes nothing but that it is there.
    assert set(trained.history) - set(second.history) == {"test_accuracy"}
    assert trained.history[COLUMNS].equals(second.history[COLUMNS])


def test_train_run_trains_with_its_settings_and_keeps_the_run(tmp_path):
    settings = {"train_size": 0, "epochs": 1, "seed": 3, "optimizer": "sgd", "learning_rate": 0.01}
    settings |= {"normalization": "standardize", "pooling": "average", "batch_size": 8}
    run = training.train_run(tmp_path / "run", noise(), progress=False, **settings)
    assert run.finished and run.settings | settings == run.settings | {"train_size": 0}
    model = run.load_model()
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds[0] == "Normalization" and "AveragePooling2D" in kinds
    assert type(model.optimizer).__name__ == "SGD"
    # It is not trained again, but refused with other settings.
    written = (tmp_path / "run" / "model.keras").stat().st_mtime_ns
    training.train_run(tmp_path / "run", noise(), **settings)
    assert (tmp_path / "run" / "model.keras").stat().st_mtime_ns == written
    with pytest.raises(UserError, match="optimizer='sgd', now 'adam'"):
        training.train_run(tmp_path / "run", noise(), **settings | {"optimizer": "adam"})


def test_other_trainings_are_not_repeated_as_if_they_were_of_lesson_06(tmp_path):
    """As when lesson 08 is given a run of lesson 09, and would train it with other seeds."""
    with pytest.raises(UserError, match="lesson 06 has no network, remedies: give the run_dir of such"):
        training.train_run(tmp_path / "run", noise(), **SETTINGS, remedies="dropout", network="residual")
    assert not (tmp_path / "run").exists()


def test_remedies_by_name():
    assert training.split_remedies("none") == frozenset()
    assert training.split_remedies("dropout+flip") == {"dropout", "flip"}
    for name in ("sleep", "dropout+sleep", ""):
        with pytest.raises(UserError, match=r"The parameter remedies is .*none, early_stopping, dropout"):
            training.split_remedies(name)
