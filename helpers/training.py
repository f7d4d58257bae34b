"""Training runs. A run is a folder; lesson 05 explains its files and trains the first one.

settings.json   what the run was started with
history.csv     a row an epoch, written as it goes
model.keras     the network and its optimizer after the last finished epoch; at the end, what was measured
metrics.json    written at the end: the run is finished when it is there
"""

import json
import math
import platform
import time
from dataclasses import dataclass
from pathlib import Path

from helpers import figures, networks, parameters
from helpers.datasets import Dataset, split_validation
from helpers.errors import UserError
from helpers.files import whole_file

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from IPython import get_ipython
from IPython.display import Pretty, display

# How lesson 05 trains unless told otherwise.
DEFAULTS = {"batch_size": 32, "learning_rate": 0.001, "optimizer": "adam"}
DEFAULTS |= {"normalization": "divide", "pooling": "max"}
ELSEWHERE = "choose another run_dir, or delete the folder to start anew."


@dataclass(frozen=True)
class Run:
    """A training run in `folder`, with the `settings` it was started with."""

    folder: Path
    settings: dict

    @property
    def finished(self) -> bool:
        return (self.folder / "metrics.json").exists()

    @property
    def metrics(self) -> dict:
        """What `finish` wrote. Raises `UserError` when the run is not finished."""
        if not self.finished:
            raise UserError(f"The run in {self.folder} is not finished: train it with lesson 05.")
        return json.loads((self.folder / "metrics.json").read_text())

    @property
    def history(self) -> pd.DataFrame:
        """One row an epoch: epoch (from 0), loss, accuracy, val_loss, val_accuracy, seconds, cpu_seconds."""
        path = self.folder / "history.csv"  # empty during the first epoch
        return pd.read_csv(path) if path.exists() and path.stat().st_size else pd.DataFrame()

    def load_model(self) -> keras.Model:
        """The network in model.keras, with its optimizer's state."""
        return keras.models.load_model(self.folder / "model.keras")

    def resume(self, model: keras.Model, steps: int = 0) -> tuple[keras.Model, int]:
        """Return the network to train, and how many epochs of `steps` steps it has behind it.

        For a new run that is `model`, which has to be compiled; for an interrupted one the stored network.
        Raises `UserError` when that has other layers or another optimizer.
        """
        epochs_done = 0
        if (self.folder / "model.keras").exists():
            stored = self.load_model()
            if _anatomy(stored) != _anatomy(model):
                raise UserError(f"{self.folder} holds a run of another network or optimizer: {ELSEWHERE}")
            steps = steps or math.ceil(self.settings["train_size"] / self.settings["batch_size"])
            model, epochs_done = stored, int(stored.optimizer.iterations) // steps
        # A kill leaves behind half-written files, and a row of an epoch whose network was not stored.
        for partial in self.folder.glob(".partial-*"):
            partial.unlink()
        path = self.folder / "history.csv"
        lines = path.read_text().splitlines(keepends=True) if epochs_done and path.exists() else []
        with whole_file(path) as partial:
            partial.write_text("".join(lines[: 1 + epochs_done]))
        return model, epochs_done

    def begin_anew(self) -> None:
        """Let `resume` begin an interrupted run anew, for a training that can't go on in the middle."""
        if not self.finished:
            (self.folder / "model.keras").unlink(missing_ok=True)

    def callbacks(self, progress: bool = True) -> list[keras.callbacks.Callback]:
        """What `fit` needs to keep this run in its folder and to show its progress."""
        return [KeepRun(self), *([Progress(self)] if progress else [])]

    def finish(self, model, test_accuracy: float, validation_accuracy=None, setup=(0, 0), **more) -> dict:
        """Write metrics.json, which ends the run, and return what is in it, `more` numbers included.

        A `validation_accuracy` is given for a network that is not that of the last epoch, and `model` then
        stored in its place. `setup`: seconds and CPU seconds that were spent before the first epoch.
        """
        history = self.history
        if validation_accuracy is None:
            validation_accuracy = history["val_accuracy"].iloc[-1]
        else:
            with whole_file(self.folder / "model.keras") as partial:
                model.save(partial)
        seconds, cpu_seconds = history[["seconds", "cpu_seconds"]].sum() + list(setup)
        more |= {"validation_accuracy": validation_accuracy, "test_accuracy": test_accuracy}
        # Keras computes in float32: rounding gives back the fraction that was meant.
        metrics = self.settings | {name: round(float(value), 6) for name, value in more.items()}
        metrics |= {
            "parameters": model.count_params(),
            "operations": networks.operations(model),
            "epochs_trained": len(history),
            "train_seconds": round(float(seconds), 1),
            "cpu_seconds": round(float(cpu_seconds), 1),
            "peak_memory_mb": peak_memory(),
            "versions": {"python": platform.python_version()}
            | {library.__name__: library.__version__ for library in (tf, keras, np)},
            "device": "GPU" if tf.config.list_physical_devices("GPU") else "CPU",
        }
        with whole_file(self.folder / "metrics.json") as partial:
            partial.write_text(json.dumps(metrics, indent=2) + "\n")
        return metrics


class KeepRun(keras.callbacks.CSVLogger):
    """Keeps a run in its folder: after each epoch its row in history.csv, and then the network.

    The row has `seconds` on the clock and `cpu_seconds` of all cores, which vary less when other programs
    run. Keras' own `BackupAndRestore` overwrites its file in place, so that a kill can spoil it. A `fit` that
    doesn't go on where the run ends, as when its cell alone is run a second time, is refused.
    """

    def __init__(self, run: Run):
        super().__init__(run.folder / "history.csv", append=True)
        self.run = run

    def on_epoch_begin(self, epoch, logs=None):
        if epoch != (epochs_done := len(self.run.history)):
            raise UserError(
                f"This fit begins with epoch {epoch + 1}, but the run in {self.run.folder} has {epochs_done} "
                "epochs: run the cells from `training.open_run` on again."
            )
        self.begin = clocks()

    def on_epoch_end(self, epoch, logs=None):
        logs["seconds"], logs["cpu_seconds"] = map(float, (clocks() - self.begin).round(2))
        super().on_epoch_end(epoch, logs)
        with whole_file(self.run.folder / "model.keras") as partial:
            self.model.save(partial)


class Progress(keras.callbacks.Callback):
    """Shows epoch, loss, accuracy, time left and the growing curves; outside Jupyter, a line an epoch."""

    def __init__(self, run: Run):
        super().__init__()
        self.run, self.in_jupyter = run, get_ipython() is not None

    def on_train_begin(self, logs=None):
        self.begin = self.last_said = time.perf_counter()
        self.steps_done = 0
        if self.in_jupyter:
            self.line, self.curves = (display(Pretty(text), display_id=True) for text in ("Starting …", ""))

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        self.steps_done += 1
        if self.in_jupyter and time.perf_counter() - self.last_said > 1:  # once a second is enough to watch
            self._say(f"step {batch + 1} of {self.params['steps']}", batch + 1, logs)

    def on_epoch_end(self, epoch, logs=None):
        if self.in_jupyter:
            self._draw()
        else:
            self._say("done", self.params["steps"], logs)

    def on_train_end(self, logs=None):
        # No time and no step in what stays, so that a stored output is the same after every run.
        if self.in_jupyter:
            self._draw()
            self.line.update(Pretty(f"Trained {len(self.run.history)} of {self.params['epochs']} epochs."))

    def _say(self, where: str, step: int, logs: dict) -> None:
        self.last_said, epochs = time.perf_counter(), self.params["epochs"]
        steps_left = (epochs - self.epoch) * self.params["steps"] - step
        text = (
            f"Epoch {self.epoch + 1} of {epochs}, {where}: loss {float(logs['loss']):.3f}, "
            f"accuracy {float(logs['accuracy']):.3f}, "
            f"about {(self.last_said - self.begin) / self.steps_done * steps_left:.0f} s left"
        )
        self.line.update(Pretty(text)) if self.in_jupyter else print(text, flush=True)

    def _draw(self) -> None:
        history = self.run.history
        figure = figures.training_curves(history, self.params["epochs"])
        figures.show(figure, figures.describe_curves(history), update=self.curves)


def clocks() -> np.ndarray:
    """Seconds on the clock, and CPU seconds of this process, shape (2,), to be subtracted from each other."""
    return np.array([time.perf_counter(), time.process_time()])


def split_remedies(name: str) -> frozenset[str]:
    """The remedies in a name such as "dropout+flip"; "none" has none. Raises `ParameterError` for others."""
    return frozenset(parameters.check("remedies", name).split("+")) - {"none"}


def open_run(run_dir: str | Path, **settings) -> Run:
    """Open the run in the folder `run_dir`: a new one, an interrupted one, or a finished one.

    `settings`: dataset, classes, train_size, epochs, batch_size, learning_rate, and what else decides the
    result. Raises `UserError` when the folder holds something else, or a run with other settings, and when a
    number is not more than 0.
    """
    for name in ("train_size", "epochs", "batch_size", "learning_rate"):
        if not settings[name] > 0:
            raise UserError(f"{name} is {settings[name]}; it has to be more than 0.")
    settings = json.loads(json.dumps(settings))  # as they come back from the file: lists, not tuples
    folder = Path(run_dir).expanduser()
    if (folder / "settings.json").exists():
        before = load_run(folder).settings
        changed = [name for name in before | settings if before.get(name) != settings.get(name)]
        if changed:
            listed = "; ".join(f"{name}={before.get(name)!r}, now {settings.get(name)!r}" for name in changed)
            raise UserError(f"The folder {run_dir} holds a run with other parameters ({listed}): {ELSEWHERE}")
    # What a kill left behind is nothing.
    elif folder.exists() and (not folder.is_dir() or {*folder.iterdir()} - {*folder.glob(".partial-*")}):
        raise UserError(f"{run_dir} exists and is not a training run: choose another run_dir.")
    else:
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(folder / "settings.json") as partial:
            partial.write_text(json.dumps(settings, indent=2) + "\n")
    return Run(folder, settings)


def load_run(run_dir: str | Path) -> Run:
    """Return the run in the folder `run_dir`, finished or not. Raises `UserError` when there is none."""
    folder = Path(run_dir).expanduser()
    if not (folder / "settings.json").exists():
        raise UserError(f"There is no training run in {run_dir}: train one with lesson 05.")
    return Run(folder, json.loads((folder / "settings.json").read_text()))


def find_or_train(run_dir, dataset: Dataset, train_size: int, epochs: int, seed: int) -> Run:
    """Return the finished run in `run_dir`, whatever its settings; `train_run` makes it if there is none.

    Raises `UserError` when the run there was trained on other images than those of `dataset`.
    """
    if not (Path(run_dir).expanduser() / "metrics.json").exists():
        print(f"There is no finished run in {run_dir}: training one now, as in lesson 05.")
        return train_run(run_dir, dataset, train_size=train_size, epochs=epochs, seed=seed)
    run = load_run(run_dir)
    if (run.settings["dataset"], run.settings["classes"]) != (dataset.name, list(dataset.class_names)):
        raise UserError(
            f"The run in {run_dir} was trained on dataset={run.settings['dataset']!r}, and these "
            f"images are {dataset.name!r}: give that dataset, or another run_dir."
        )
    print(f"Using the run in {run_dir}.")
    return run


def train_run(run_dir, dataset: Dataset, *, test_each_epoch=False, progress=True, **settings) -> Run:
    """Train as lesson 05 does, which writes this out, and return the finished run in `run_dir`.

    `settings`: train_size, epochs and seed, and any of `DEFAULTS`. With `test_each_epoch` the history has a
    column test_accuracy, not to be chosen by. Raises `UserError` as `open_run` does.
    """
    settings = DEFAULTS | settings
    size, seed = settings["train_size"], settings["seed"]
    keras.utils.set_random_seed(seed)
    x_train, y_train, *validation = split_validation(dataset.x_train, dataset.y_train, size, seed)
    settings["train_size"] = len(x_train)
    run = open_run(run_dir, dataset=dataset.name, classes=dataset.class_names, **settings)
    if run.finished:
        return run
    begin = clocks()
    normalize = networks.normalization_layer(settings["normalization"], x_train)
    model = networks.reference_network(len(dataset.class_names), settings["pooling"], normalize)
    optimizer = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[settings["optimizer"]]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer(settings["learning_rate"]), loss, metrics=["accuracy"])
    model, epochs_done = run.resume(model)
    setup = clocks() - begin

    def add_test_accuracy(epoch, logs):
        # Not `evaluate`: within `fit` that would reset the metrics of the training.
        predicted = model.predict(dataset.x_test, batch_size=256, verbose=0).argmax(axis=1)
        logs["test_accuracy"] = float((predicted == dataset.y_test).mean())

    watching = [keras.callbacks.LambdaCallback(on_epoch_end=add_test_accuracy)] if test_each_epoch else []
    model.fit(
        x_train,
        y_train,
        batch_size=settings["batch_size"],
        epochs=settings["epochs"],
        initial_epoch=epochs_done,
        validation_data=validation,
        callbacks=watching + run.callbacks(progress),
        verbose=0,
    )
    _, test_accuracy = model.evaluate(dataset.x_test, dataset.y_test, batch_size=256, verbose=0)
    run.finish(model, test_accuracy, setup=setup)
    return run


def peak_memory() -> float | None:
    """The most memory that this process has used so far, in megabytes; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if platform.system() == "Darwin" else 1024  # macOS counts bytes, Linux kilobytes
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def _anatomy(model: keras.Model) -> list:
    """What makes a network and its optimizer, without the names that Keras numbers anew in each session."""
    configs = [part.get_config() for part in [*model.layers, model.optimizer]]
    return [{key: value for key, value in config.items() if key != "name"} for config in configs]
