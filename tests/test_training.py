"""Runs: what is in the folder, going on after a kill, refusing what does not belong together."""

import json
import os
import signal
import subprocess
import sys
import time

from helpers import training
from helpers.datasets import Dataset

import keras
import numpy as np
import pandas as pd
import pytest

SETTINGS = {
    "dataset": "noise",
    "classes": ["a", "b"],
    "train_size": 96,
    "epochs": 4,
    "batch_size": 32,
    "learning_rate": 0.001,
    "seed": 0,
}

# A script that trains a small network in the folder given, as lesson 05 does; slowly enough to be killed.
TRAIN = """
import json, sys, time
from helpers import training
import keras, numpy as np
settings, pause = json.loads(sys.argv[2]), float(sys.argv[3])
keras.utils.set_random_seed(settings["seed"])
rng = np.random.default_rng(0)
x, y = rng.integers(0, 256, (96, 32, 32, 3), dtype=np.uint8), rng.integers(0, 2, 96)
run = training.open_run(sys.argv[1], **settings)
model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Rescaling(1 / 255),
                          keras.layers.Flatten(), keras.layers.Dense(2)])
model.compile(keras.optimizers.Adam(settings["learning_rate"]),
              keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
model, done = run.resume(model)
print("epochs done:", done, flush=True)
class Pause(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        time.sleep(pause)
model.fit(x, y, batch_size=settings["batch_size"], epochs=settings["epochs"], initial_epoch=done,
          validation_data=(x, y), callbacks=[*run.callbacks(), Pause()], verbose=0)
run.finish(model, 0.5)
print("finished", flush=True)
"""


def train(folder, pause=0.0, **changes):
    command = [sys.executable, "-c", TRAIN, str(folder), json.dumps(SETTINGS | changes), str(pause)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_a_run_leaves_its_files(tmp_path):
    process = train(tmp_path / "run")
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "Epoch 4 of 4" in out
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"settings.json", "history.csv", "model.keras", "metrics.json"}
    run = training.load_run(tmp_path / "run")
    assert list(run.history["epoch"]) == [0, 1, 2, 3]
    needed = {"dataset", "classes", "train_size", "epochs", "batch_size", "seed", "parameters"}
    needed |= {"validation_accuracy", "test_accuracy", "train_seconds", "versions", "device"}
    needed |= {"cpu_seconds", "epochs_trained"}
    assert needed <= set(run.metrics)
    assert run.metrics["cpu_seconds"] > 0 and run.metrics["epochs_trained"] == 4
    assert run.metrics["validation_accuracy"] == pytest.approx(run.history["val_accuracy"].iloc[-1])
    assert run.metrics["parameters"] == run.load_model().count_params() == 32 * 32 * 3 * 2 + 2


def test_a_killed_run_goes_on_from_its_last_finished_epoch(tmp_path):
    folder = tmp_path / "run"
    process = train(folder, pause=0.4)  # 3 steps an epoch
    wait_for(
        lambda: (folder / "history.csv").exists() and (folder / "history.csv").read_text().count("\n") >= 3
    )
    wait_for(lambda: int(training.load_run(folder).load_model().optimizer.iterations) >= 6)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    before = training.load_run(folder).history
    assert not training.load_run(folder).finished

    out, errors = train(folder).communicate(timeout=120)
    assert "finished" in out, errors
    done = int(out.split("epochs done:")[1].split()[0])
    assert 2 <= done < 4
    after = training.load_run(folder).history
    assert list(after["epoch"]) == [0, 1, 2, 3]
    # What was done is kept as it was: those epochs were not trained again.
    pd.testing.assert_frame_equal(after.iloc[:done], before.iloc[:done])
    assert int(training.load_run(folder).load_model().optimizer.iterations) == 12


def test_a_row_without_its_network_is_dropped(tmp_path):
    """A kill after history.csv was written and before model.keras was: that epoch counts as not done."""
    folder = tmp_path / "run"
    train(folder, epochs=2).communicate(timeout=120)
    run = training.load_run(folder)
    whole = (folder / "history.csv").read_text()
    (folder / "metrics.json").unlink()
    (folder / "history.csv").write_text(whole + "2,0.5")  # half a row, too
    _, epochs_done = run.resume(run.load_model())
    assert epochs_done == 2
    assert (folder / "history.csv").read_text() == whole


def test_a_new_run_starts_with_an_empty_history(tmp_path):
    run = training.open_run(tmp_path / "run", **SETTINGS)
    (run.folder / "history.csv").write_text(
        "epoch,loss\n0,1.0\n"
    )  # killed before the first network was stored
    model = object()
    assert run.resume(model) == (model, 0)
    assert not (run.folder / "history.csv").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 5),
        ("seed", 1),
        ("learning_rate", 0.01),
        ("batch_size", 16),
        ("train_size", 95),
        ("dataset", "x"),
    ],
)
def test_other_parameters_are_refused(tmp_path, name, value):
    training.open_run(tmp_path, **SETTINGS)
    with pytest.raises(training.RunError, match=f"{name}=.*now {value!r}.*choose another run_dir"):
        training.open_run(tmp_path, **SETTINGS | {name: value})
    assert training.open_run(tmp_path, **SETTINGS).settings == SETTINGS


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(training.RunError, match="is not a training run"):
        training.open_run(tmp_path, **SETTINGS)
    with pytest.raises(training.RunError, match="is not a training run"):
        training.open_run(tmp_path / "thesis.txt", **SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_missing_and_an_unfinished_run_are_said(tmp_path):
    with pytest.raises(training.RunError, match="no training run in"):
        training.load_run(tmp_path / "nowhere")
    run = training.open_run(tmp_path / "run", **SETTINGS)
    with pytest.raises(training.RunError, match="not finished"):
        _ = run.metrics


def small_network(units=2, optimizer="adam"):
    layers = [keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(units)]
    model = keras.Sequential(layers)
    model.compile(
        optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    return model


def test_another_network_or_optimizer_is_not_mixed_into_a_run(tmp_path):
    run = training.open_run(tmp_path / "run", **SETTINGS)
    model = small_network()
    x, y = np.zeros((96, 32, 32, 3), np.uint8), np.zeros(96)
    fit = {"epochs": 2, "batch_size": 32, "validation_data": (x, y), "verbose": 0}
    model.fit(x, y, callbacks=run.callbacks(), **fit)
    assert run.resume(small_network())[1] == 2
    for other in (small_network(units=3), small_network(optimizer="sgd")):
        with pytest.raises(training.RunError, match="another network or optimizer: choose another run_dir"):
            run.resume(other)
    # The cell with `fit` run a second time, without the cells before it.
    with pytest.raises(training.RunError, match=r"begins with epoch 1, but the run in .* has 2 epochs"):
        model.fit(x, y, callbacks=run.callbacks(), **fit)
    assert len(run.history) == 2


@pytest.mark.parametrize("name", ["epochs", "batch_size", "learning_rate", "train_size"])
def test_settings_that_make_no_sense_are_refused(tmp_path, name):
    for value in (0, -1):
        with pytest.raises(training.RunError, match=f"{name} is {value}; it has to be more than 0"):
            training.open_run(tmp_path / "run", **SETTINGS | {name: value})
    assert not (tmp_path / "run").exists()


def test_a_kill_before_the_settings_were_written_leaves_a_folder_that_can_be_used(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "settings.json.partial").write_text('{"data')
    assert training.open_run(tmp_path / "run", **SETTINGS).settings == SETTINGS


def small_dataset(name="noise"):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (160, 32, 32, 3), dtype=np.uint8)
    return Dataset(name, ("a", "b"), x[:120], np.arange(120) % 2, x[120:], np.arange(40) % 2, "noise")


def test_find_or_train_trains_once_and_repeats_exactly(tmp_path, capsys):
    data = small_dataset()
    first = training.find_or_train(tmp_path / "one", data, train_size=0, epochs=2, seed=3)
    assert "training one now" in capsys.readouterr().out
    again = training.find_or_train(tmp_path / "one", data, train_size=50, epochs=7, seed=9)
    assert "Using the run" in capsys.readouterr().out
    assert again.metrics == first.metrics

    second = training.find_or_train(tmp_path / "two", data, train_size=0, epochs=2, seed=3)
    columns = ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert first.history[columns].equals(second.history[columns])
    other = training.find_or_train(tmp_path / "three", data, train_size=0, epochs=2, seed=4)
    assert not first.history[columns].equals(other.history[columns])


def test_find_or_train_refuses_a_run_on_other_images(tmp_path):
    training.find_or_train(tmp_path / "run", small_dataset(), train_size=0, epochs=1, seed=0)
    with pytest.raises(training.RunError, match=r"trained on dataset='noise'.*'other'"):
        training.find_or_train(tmp_path / "run", small_dataset("other"), train_size=0, epochs=1, seed=0)


@pytest.fixture
def two_classes():
    """Bright and dark noise, which any network tells apart."""
    rng = np.random.default_rng(0)
    y = np.arange(120) % 2
    x = (rng.integers(0, 60, (120, 32, 32, 3)) + 150 * y[:, None, None, None]).astype(np.uint8)
    return Dataset("noise", ("dark", "bright"), x[:80], y[:80], x[80:], y[80:], "Noise.")


def test_train_run_trains_with_its_settings_and_keeps_the_run(two_classes, tmp_path):
    settings = {"train_size": 0, "epochs": 2, "seed": 3, "optimizer": "sgd", "learning_rate": 0.01}
    settings |= {"normalization": "standardize", "pooling": "average", "batch_size": 8}
    run = training.train_run(tmp_path / "run", two_classes, test_each_epoch=True, **settings)
    assert run.finished and run.settings | settings == run.settings | {"train_size": 0}
    assert run.settings["train_size"] == 72
    model = run.load_model()
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds[0] == "Normalization" and "AveragePooling2D" in kinds
    assert type(model.optimizer).__name__ == "SGD"
    # The column of the last epoch is the accuracy that is measured at the end.
    assert run.history["test_accuracy"].iloc[-1] == pytest.approx(run.metrics["test_accuracy"], abs=1e-6)
    # It is not trained again, but refused with other settings.
    stored = (tmp_path / "run" / "model.keras").read_bytes()
    training.train_run(tmp_path / "run", two_classes, test_each_epoch=True, **settings)
    assert (tmp_path / "run" / "model.keras").read_bytes() == stored
    with pytest.raises(training.RunError, match="optimizer='sgd', now 'adam'"):
        training.train_run(tmp_path / "run", two_classes, **settings | {"optimizer": "adam"})


def test_watching_the_test_set_changes_nothing(two_classes, tmp_path):
    settings = {"train_size": 0, "epochs": 2, "seed": 0}
    watched = training.train_run(tmp_path / "a", two_classes, test_each_epoch=True, **settings)
    unwatched = training.train_run(tmp_path / "b", two_classes, **settings)
    assert watched.history["loss"].tolist() == unwatched.history["loss"].tolist()
    assert "test_accuracy" not in unwatched.history


def test_remedies_by_name():
    assert training.split_remedies("none") == frozenset()
    assert training.split_remedies("dropout+flip") == {"dropout", "flip"}
    for name in ("sleep", "dropout+sleep", "", "none+flip"):
        with pytest.raises(training.RunError, match=r"There is no remedy .*; there are none, early_stopping"):
            training.split_remedies(name)


def test_a_training_that_begins_anew(tmp_path):
    """What an interrupted run has trained is dropped, and a finished one is left as it is."""
    train(tmp_path / "run").communicate(timeout=120)
    run = training.load_run(tmp_path / "run")
    run.begin_anew()
    assert run.finished and len(run.history) == 4
    (run.folder / "metrics.json").unlink()
    run.begin_anew()
    assert {path.name for path in run.folder.iterdir()} == {"settings.json"}


def test_a_network_of_another_epoch_is_stored_with_its_accuracy(tmp_path):
    """As early stopping ends: the network that is measured is the one that is kept."""
    train(tmp_path / "run").communicate(timeout=120)
    run = training.load_run(tmp_path / "run")
    model = run.load_model()
    weights = [weight + 1 for weight in model.get_weights()]
    model.set_weights(weights)
    metrics = run.finish(model, 0.25, validation_accuracy=0.125)
    assert (metrics["test_accuracy"], metrics["validation_accuracy"]) == (0.25, 0.125)
    for kept, meant in zip(run.load_model().get_weights(), weights, strict=True):
        np.testing.assert_array_equal(kept, meant)


def test_an_interrupted_run_of_an_older_version_is_refused(tmp_path):
    """Its history has no CPU seconds, so rows of now would not fit below it."""
    train(tmp_path / "run").communicate(timeout=120)
    run = training.load_run(tmp_path / "run")
    model = run.load_model()
    (run.folder / "metrics.json").unlink()
    run.history.drop(columns="cpu_seconds").to_csv(run.folder / "history.csv", index=False)
    with pytest.raises(training.RunError, match="begun by an older version of the lessons"):
        run.resume(model)
