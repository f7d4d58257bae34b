"""Training runs. A run is a folder; lesson 05 explains its files and trains the first one.

settings.json   what the run was started with
history.csv     a row an epoch, written as it goes
model.keras     the network and its optimizer after the last finished epoch; at the end, what was measured
metrics.json    written at the end: the run is finished when it is there
"""

import json
import platform
import time
from dataclasses import dataclass
from pathlib import Path

from helpers import figures, networks
from helpers.datasets import Dataset, split_validation
from helpers.parameters import REMEDIES

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from IPython import get_ipython
from IPython.display import display


class RunError(ValueError):
    """A run folder that can't be used as asked; the message says why and what to do."""


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
        """What `finish` wrote. Raises `RunError` when the run is not finished."""
        if not self.finished:
            raise RunError(f"The run in {self.folder} is not finished: train it with lesson 05.")
        return json.loads((self.folder / "metrics.json").read_text())

    @property
    def history(self) -> pd.DataFrame:
        """One row an epoch: epoch (from 0), loss, accuracy, val_loss, val_accuracy, seconds, cpu_seconds."""
        path = self.folder / "history.csv"
        columns = ["epoch", "accuracy", "cpu_seconds", "loss", "seconds", "val_accuracy", "val_loss"]
        return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=columns)

    def load_model(self) -> keras.Model:
        """The network in model.keras, compiled, with its optimizer's state."""
        return keras.models.load_model(self.folder / "model.keras")

    def resume(self, model: keras.Model, steps: int = 0) -> tuple[keras.Model, int]:
        """Return the network to train and the number of epochs that it has behind it, of `steps` steps each.

        That is `model`, compiled, and 0 for a new run, and the stored network for one that was interrupted.
        Raises `RunError` when the stored network has other layers or another optimizer than `model`, and when
        the run was begun before epochs were timed as they are now.
        """
        if not (self.folder / "model.keras").exists():
            self._keep_history(0)
            return model, 0
        if not self.finished and "cpu_seconds" not in self.history:
            raise RunError(
                f"The run in {self.folder} was begun by an older version of the lessons: "
                "choose another run_dir, or delete the folder to start anew."
            )
        stored = self.load_model()
        if _anatomy(stored) != _anatomy(model):
            raise RunError(
                f"The folder {self.folder} holds a run of another network or optimizer: "
                "choose another run_dir, or delete the folder to start anew."
            )
        steps = steps or -(-self.settings["train_size"] // self.settings["batch_size"])  # rounded up
        epochs_done = int(stored.optimizer.iterations) // steps
        self._keep_history(epochs_done)
        return stored, epochs_done

    def begin_anew(self) -> None:
        """Drop what an interrupted run has trained, for a training that can't go on in the middle."""
        if not self.finished:
            (self.folder / "model.keras").unlink(missing_ok=True)
            self._keep_history(0)

    def _keep_history(self, epochs: int) -> None:
        """Drop what a killed run wrote into history.csv for an epoch whose network was not stored."""
        path = self.folder / "history.csv"
        if path.exists():
            header, *rows = path.read_text().splitlines(keepends=True) or [""]
            _write(path, header + "".join(rows[:epochs])) if epochs else path.unlink()

    def callbacks(self, progress: bool = True) -> list[keras.callbacks.Callback]:
        """What `fit` needs to keep this run in its folder and, unless told not to, to show its progress."""
        # In this order: an epoch's time is taken, its row written, and only then its network stored.
        return [
            StartsAtTheEnd(self),
            EpochSeconds(),
            keras.callbacks.CSVLogger(self.folder / "history.csv", append=True),
            StoreNetwork(self.folder / "model.keras"),
            *([Progress(self)] if progress else []),
        ]

    def finish(
        self,
        model: keras.Model,
        test_accuracy: float,
        validation_accuracy: float | None = None,
        setup_seconds: float = 0.0,
        setup_cpu_seconds: float = 0.0,
        **more: float,
    ) -> dict:
        """Write metrics.json, which ends the run, and return what is in it, `more` included.

        `validation_accuracy` is that of the last epoch unless it is given, for a network of another epoch:
        `model` is then stored in place of the last one. `setup_seconds` were spent before the first epoch.
        """
        history = self.history
        if validation_accuracy is None:
            validation_accuracy = history["val_accuracy"].iloc[-1]
        else:
            _save(model, self.folder / "model.keras")
        metrics = (
            self.settings
            | {
                "parameters": model.count_params(),
                "operations": networks.operations(model),
                # Keras computes in float32: rounding gives back the fraction that was meant.
                "validation_accuracy": round(float(validation_accuracy), 6),
                "test_accuracy": round(float(test_accuracy), 6),
                "epochs_trained": len(history),
                "train_seconds": round(float(history["seconds"].sum()) + setup_seconds, 1),
                "cpu_seconds": round(float(history["cpu_seconds"].sum()) + setup_cpu_seconds, 1),
                "peak_memory_mb": peak_memory(),
                "versions": {
                    "python": platform.python_version(),
                    "tensorflow": tf.__version__,
                    "keras": keras.__version__,
                    "numpy": np.__version__,
                },
                "device": "GPU" if tf.config.list_physical_devices("GPU") else "CPU",
            }
            | {name: round(float(value), 6) for name, value in more.items()}
        )
        _write(self.folder / "metrics.json", json.dumps(metrics, indent=2) + "\n")
        return metrics


def split_remedies(name: str) -> frozenset[str]:
    """The remedies in a name such as "dropout+flip"; "none" has none.

    Raises `RunError` for a remedy that there is not.
    """
    remedies = frozenset(name.split("+")) if name != "none" else frozenset()
    unknown = remedies - set(REMEDIES)
    if unknown:
        raise RunError(
            f"There is no remedy {', '.join(map(repr, sorted(unknown)))}; there are none, "
            f"{', '.join(REMEDIES)}, and several of them joined with +."
        )
    return remedies


def open_run(run_dir: str | Path, **settings) -> Run:
    """Open the run in the folder `run_dir`: a new one, an interrupted one, or a finished one.

    `settings`: dataset, classes, train_size, epochs, batch_size, learning_rate, seed, and what else decides
    the result: optimizer, normalization and pooling in lesson 05, network and remedies in lesson 08.
    Raises `RunError` when the folder holds a run with other settings, or something else, and when a setting
    makes no sense.
    """
    for name in ("train_size", "epochs", "batch_size", "learning_rate"):
        if not settings[name] > 0:
            raise RunError(f"{name} is {settings[name]}; it has to be more than 0.")
    folder = Path(run_dir).expanduser()
    settings = json.loads(json.dumps(settings))  # as they come back from the file: lists, not tuples
    path = folder / "settings.json"
    if path.exists():
        before = json.loads(path.read_text())
        changes = [
            f"{name}={before.get(name)!r}, now {settings.get(name)!r}"
            for name in before | settings
            if before.get(name) != settings.get(name)
        ]
        if changes:
            raise RunError(
                f"The folder {run_dir} holds a run with other parameters ({'; '.join(changes)}): "
                "choose another run_dir, or delete the folder to start anew."
            )
    elif folder.exists() and (not folder.is_dir() or _holds_something(folder)):
        raise RunError(f"{run_dir} exists and is not a training run: choose another run_dir.")
    else:
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, json.dumps(settings, indent=2) + "\n")
    return Run(folder, settings)


def load_run(run_dir: str | Path) -> Run:
    """Return the run in the folder `run_dir`, finished or not.

    Raises `RunError` when there is no run in it.
    """
    folder = Path(run_dir).expanduser()
    if not (folder / "settings.json").exists():
        raise RunError(f"There is no training run in {run_dir}: train one with lesson 05.")
    return Run(folder, json.loads((folder / "settings.json").read_text()))


# How lesson 05 trains unless told otherwise.
DEFAULTS = {
    "batch_size": 32,
    "learning_rate": 0.001,
    "optimizer": "adam",
    "normalization": "divide",
    "pooling": "max",
}


def find_or_train(run_dir, dataset: Dataset, train_size: int, epochs: int, seed: int) -> Run:
    """Return the finished run in `run_dir`, whatever its parameters; train it first if there is none.

    Training is what lesson 05 does: the reference network, Adam with learning rate 0.001, batches of 32.
    Raises `RunError` when the run there was trained on other images than those of `dataset`.
    """
    try:
        run = load_run(run_dir)
    except RunError:
        run = None
    if run and run.finished:
        if (run.settings["dataset"], run.settings["classes"]) != (dataset.name, list(dataset.class_names)):
            raise RunError(
                f"The run in {run_dir} was trained on dataset={run.settings['dataset']!r}, and these "
                f"images are {dataset.name!r}: give that dataset, or another run_dir."
            )
        print(f"Using the run in {run_dir}.")
        return run
    print(f"There is no finished run in {run_dir}: training one now, as in lesson 05.")
    return train_run(run_dir, dataset, train_size=train_size, epochs=epochs, seed=seed)


def train_run(
    run_dir, dataset: Dataset, *, test_each_epoch: bool = False, progress: bool = True, **settings
) -> Run:
    """Train as lesson 05 does, which writes this out, and return the finished run in `run_dir`.

    `settings`: train_size, epochs and seed, and any of `DEFAULTS`. With `test_each_epoch` the history has a
    column test_accuracy, to be looked at and not to be chosen by. What the folder holds goes on, as in
    `open_run`, which also says when `RunError` is raised.
    """
    settings = DEFAULTS | settings
    keras.utils.set_random_seed(settings["seed"])
    x_train, y_train, x_validation, y_validation = split_validation(
        dataset.x_train, dataset.y_train, settings["train_size"], settings["seed"]
    )
    settings["train_size"] = len(x_train)
    run = open_run(run_dir, dataset=dataset.name, classes=dataset.class_names, **settings)
    if run.finished:
        return run
    clock, cpu_clock = time.perf_counter(), time.process_time()
    model = networks.reference_network(
        len(dataset.class_names),
        settings["pooling"],
        networks.normalization_layer(settings["normalization"], x_train),
    )
    optimizer = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[settings["optimizer"]]
    model.compile(
        optimizer=optimizer(settings["learning_rate"]),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model, epochs_done = run.resume(model)
    seconds, cpu_seconds = time.perf_counter() - clock, time.process_time() - cpu_clock
    watching = [TestEachEpoch(dataset.x_test, dataset.y_test)] if test_each_epoch else []
    model.fit(
        x_train,
        y_train,
        batch_size=settings["batch_size"],
        epochs=settings["epochs"],
        initial_epoch=epochs_done,
        validation_data=(x_validation, y_validation),
        callbacks=watching + run.callbacks(progress),
        verbose=0,
    )
    _, test_accuracy = model.evaluate(dataset.x_test, dataset.y_test, batch_size=256, verbose=0)
    run.finish(model, test_accuracy, setup_seconds=seconds, setup_cpu_seconds=cpu_seconds)
    return run


class TestEachEpoch(keras.callbacks.Callback):
    """Adds the test accuracy to the logs of an epoch, and so to history.csv."""

    def __init__(self, x_test: np.ndarray, y_test: np.ndarray):
        super().__init__()
        self.x_test, self.y_test = x_test, y_test

    def on_epoch_end(self, epoch, logs=None):
        # Not `evaluate`: within `fit` that would reset the metrics of the training.
        predicted = self.model.predict(self.x_test, batch_size=256, verbose=0).argmax(axis=1)
        logs["test_accuracy"] = float((predicted == self.y_test).mean())


class StartsAtTheEnd(keras.callbacks.Callback):
    """Refuses a `fit` that doesn't go on where the run ends, as when its cell alone is run a second time."""

    def __init__(self, run: Run):
        super().__init__()
        self.run = run

    def on_train_begin(self, logs=None):
        self.epochs_done = len(self.run.history)

    def on_epoch_begin(self, epoch, logs=None):
        if epoch != self.epochs_done:
            raise RunError(
                f"This fit begins with epoch {epoch + 1}, but the run in {self.run.folder} has "
                f"{self.epochs_done} epochs: run the cells from `training.open_run` on again."
            )
        self.epochs_done += 1


class EpochSeconds(keras.callbacks.Callback):
    """Adds what an epoch took to its logs, and so to history.csv.

    `seconds` on the clock and `cpu_seconds` of all processor cores of this process together, which vary less
    when other programs run.
    """

    def on_epoch_begin(self, epoch, logs=None):
        self.begin, self.cpu_begin = time.perf_counter(), time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        logs["seconds"] = round(time.perf_counter() - self.begin, 2)
        logs["cpu_seconds"] = round(time.process_time() - self.cpu_begin, 2)


class StoreNetwork(keras.callbacks.Callback):
    """Stores network and optimizer after each epoch.

    Keras' own `BackupAndRestore` overwrites its file in place, so a kill at that moment spoils it;
    here the old file stays until the new one is whole.
    """

    def __init__(self, path: Path):
        super().__init__()
        self.path = path

    def on_epoch_end(self, epoch, logs=None):
        _save(self.model, self.path)


class Progress(keras.callbacks.Callback):
    """Shows epoch, loss, accuracy, time left and the growing curves: one output, redrawn as it goes.

    Outside Jupyter it prints a line an epoch.
    """

    def __init__(self, run: Run):
        super().__init__()
        self.run = run
        self.epochs = max(1, round(run.settings["epochs"]))  # a share of an epoch is shown as one
        self.in_jupyter = get_ipython() is not None

    def on_train_begin(self, logs=None):
        self.begin = self.last_shown = time.perf_counter()
        self.steps_done = 0
        self.steps_to_do = None
        if self.in_jupyter:
            self.line = display(_Text("Starting …"), display_id=True)
            self.curves = display(_Text(""), display_id=True)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        if self.steps_to_do is None:
            self.steps_to_do = (self.epochs - epoch) * self.params["steps"]

    def on_train_batch_end(self, batch, logs=None):
        self.steps_done += 1
        if self.in_jupyter and time.perf_counter() - self.last_shown > 1:  # once a second is enough to watch
            self.line.update(_Text(self._state(f"step {batch + 1} of {self.params['steps']}", logs)))

    def on_epoch_end(self, epoch, logs=None):
        if self.in_jupyter:
            self._draw()
        else:
            print(self._state("done", logs), flush=True)

    def on_train_end(self, logs=None):
        # No time and no step in what stays, so that a stored output is the same after every run.
        if self.in_jupyter:
            self._draw()
            self.line.update(_Text(f"Trained {len(self.run.history)} of {self.epochs} epochs."))

    def _state(self, where: str, logs: dict) -> str:
        self.last_shown = time.perf_counter()
        seconds_left = (self.last_shown - self.begin) / self.steps_done * (self.steps_to_do - self.steps_done)
        return (
            f"Epoch {self.epoch + 1} of {self.epochs}, {where}: loss {float(logs['loss']):.3f}, "
            f"accuracy {float(logs['accuracy']):.3f}, about {seconds_left:.0f} s left"
        )

    def _draw(self) -> None:
        history = self.run.history
        figure = figures.training_curves(history, self.epochs)
        figures.show(figure, figures.describe_curves(history), update=self.curves)


class _Text:
    """Plain text for `display`, without quotes."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text


def peak_memory() -> float | None:
    """The most memory that this process has used so far, in megabytes; None where the system doesn't say."""
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    unit = 1 if platform.system() == "Darwin" else 1024  # macOS counts bytes, Linux kilobytes
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def _holds_something(folder: Path) -> bool:
    return any(path.suffix != ".partial" for path in folder.iterdir())  # those are left behind by a kill


def _anatomy(model: keras.Model) -> list:
    """What makes a network and its optimizer, without the names that Keras numbers anew in each session."""
    configs = [part.get_config() for part in [*model.layers, model.optimizer]]
    return [{key: value for key, value in config.items() if key != "name"} for config in configs]


def _save(model: keras.Model, path: Path) -> None:
    """Store a network whole or not at all."""
    partial = path.with_name("partial.keras")
    model.save(partial)
    partial.replace(path)


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.replace(path)
