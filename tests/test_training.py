"""Runs: what is in the folder, going on after a kill, refusing what does not belong together."""

import itertools
import multiprocessing
import os
import shutil
from pathlib import Path

from helpers import training
from helpers.datasets import Dataset
from helpers.errors import UserError

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


def noise(name="noise"):
    """Bright and dark noise, which any network tells apart."""
    rng = np.random.default_rng(0)
    y = np.arange(120) % 2
    x = (rng.integers(0, 60, (120, 32, 32, 3)) + 150 * y[:, None, None, None]).astype(np.uint8)
    return Dataset(name, ("dark", "bright"), x[:80], y[:80], x[80:], y[80:], "Noise.")


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


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_a_run_leaves_its_files_and_says_what_it_measured(trained):
    assert names(trained.folder) == {"settings.json", "history.csv", "model.keras", "metrics.json"}
    assert list(trained.history["epoch"]) == [0, 1]
    metrics = trained.metrics
    needed = {"dataset", "classes", "train_size", "epochs", "batch_size", "seed", "device", "operations"}
    assert needed <= set(metrics) and set(metrics["versions"]) == {"python", "tensorflow", "keras", "numpy"}
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


def test_half_a_row_is_dropped(copied):
    path = copied.folder / "history.csv"
    whole = path.read_text()
    path.write_text(whole + "2,0.5")
    assert copied.resume(copied.load_model())[1] == 2
    assert path.read_text() == whole


def test_a_kill_in_the_first_epoch_leaves_a_run_that_begins_anew(tmp_path):
    run = training.open_run(tmp_path / "run", **SETTINGS)
    for history in ("", "epoch,loss\n0,1.0\n"):  # before its row was written, and before its network was
        (run.folder / "history.csv").write_text(history)
        assert len(run.history) == history.count("0,")
        assert run.resume("model") == ("model", 0)
        assert run.history.empty


def test_a_kill_before_the_settings_were_written_leaves_a_folder_that_can_be_used(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".partial-1-settings.json").write_text('{"data')
    assert training.open_run(tmp_path / "run", **SETTINGS).settings == SETTINGS


def test_a_training_that_begins_anew(copied):
    """What an interrupted run has trained is dropped, and a finished one is left as it is."""
    copied.begin_anew()
    assert copied.finished and "model.keras" in names(copied.folder)
    (copied.folder / "metrics.json").unlink()
    copied.begin_anew()
    assert copied.resume("model") == ("model", 0)
    assert "model.keras" not in names(copied.folder) and copied.history.empty


def test_a_network_of_another_epoch_is_stored_with_its_accuracy(copied):
    """As early stopping ends: the network that is measured is the one that is kept."""
    model = copied.load_model()
    weights = [weight + 1 for weight in model.get_weights()]
    model.set_weights(weights)
    metrics = copied.finish(model, 0.25, validation_accuracy=0.125)
    assert (metrics["test_accuracy"], metrics["validation_accuracy"]) == (0.25, 0.125)
    for kept, meant in zip(copied.load_model().get_weights(), weights, strict=True):
        np.testing.assert_array_equal(kept, meant)


# --- Refusing --------------------------------------------------------------------------------------


def test_other_parameters_are_refused(tmp_path):
    training.open_run(tmp_path, **SETTINGS)
    for name, value in {"epochs": 5, "seed": 1, "learning_rate": 0.01, "dataset": "x"}.items():
        with pytest.raises(UserError, match=f"{name}=.*now {value!r}.*choose another run_dir"):
            training.open_run(tmp_path, **SETTINGS | {name: value})
    assert training.open_run(tmp_path, **SETTINGS).settings == SETTINGS


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("dear")
    for place in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(UserError, match="is not a training run"):
            training.open_run(place, **SETTINGS)
    assert names(tmp_path) == {"thesis.txt"}


def test_a_missing_and_an_unfinished_run_are_said(tmp_path):
    with pytest.raises(UserError, match="no training run in"):
        training.load_run(tmp_path / "nowhere")
    run = training.open_run(tmp_path / "run", **SETTINGS)
    with pytest.raises(UserError, match="not finished"):
        _ = run.metrics


def test_settings_that_make_no_sense_are_refused(tmp_path):
    for name in ("epochs", "batch_size", "learning_rate", "train_size"):
        with pytest.raises(UserError, match=f"{name} is 0; it has to be more than 0"):
            training.open_run(tmp_path / "run", **SETTINGS | {name: 0})
    assert not (tmp_path / "run").exists()


def test_another_network_or_optimizer_is_not_mixed_into_a_run(copied):
    def network(units=2, optimizer="adam"):
        model = training.networks.reference_network(units)
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    for other in (network(units=3), network(optimizer="sgd")):
        with pytest.raises(UserError, match="another network or optimizer: choose another run_dir"):
            copied.resume(other)
    # The cell with `fit` run a second time, without the cells before it.
    x, y = noise().x_train, noise().y_train
    with pytest.raises(UserError, match=r"begins with epoch 1, but the run in .* has 2 epochs"):
        network().fit(x, y, callbacks=copied.callbacks(), epochs=2, verbose=0)
    assert len(copied.history) == 2


# --- Training as lesson 05 does --------------------------------------------------------------------


def test_find_or_train_uses_what_is_there_and_repeats_exactly(trained, tmp_path, capsys):
    again = training.find_or_train(trained.folder, noise(), train_size=50, epochs=7, seed=9)
    assert "Using the run" in capsys.readouterr().out
    assert again.metrics == trained.metrics
    with pytest.raises(UserError, match=r"trained on dataset='noise'.*'other'"):
        training.find_or_train(trained.folder, noise("other"), train_size=0, epochs=1, seed=0)

    second = training.find_or_train(tmp_path / "two", noise(), train_size=0, epochs=2, seed=3)
    assert "training one now" in capsys.readouterr().out
    # Watching the test set changes nothing but that it is there.
    assert set(trained.history) - set(second.history) == {"test_accuracy"}
    columns = ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert trained.history[columns].equals(second.history[columns])


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


def test_remedies_by_name():
    assert training.split_remedies("none") == frozenset()
    assert training.split_remedies("dropout+flip") == {"dropout", "flip"}
    for name in ("sleep", "dropout+sleep", ""):
        with pytest.raises(UserError, match=r"The parameter remedies is .*none, early_stopping, dropout"):
            training.split_remedies(name)
