"""Training runs. A run is a folder; lesson 06 explains its files and trains the first one.

settings.json   what the run was started with
history.csv     a row an epoch, written as it goes
model.keras     the network and its optimizer after the last finished epoch; at the end, what was measured
metrics.json    written at the end: the run is finished when it is there
"""

import contextlib
import json
import math
import platform
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers import networks, parameters
from helpers.datasets import Dataset, split_validation
from helpers.errors import UserError, one_line
from helpers.files import LOCK, lock_folder, read_json, unlock_folder, user_path, whole_file
from helpers.progress import KeepRun, Progress, clocks

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

# How lesson 06 trains unless told otherwise.
DEFAULTS = {"batch_size": 32, "learning_rate": 0.001, "optimizer": "adam"}
DEFAULTS |= {"normalization": "divide", "pooling": "max"}
ELSEWHERE = "choose another run_dir, or delete the folder to start anew."
IMAGES = {"dataset", "classes", "fingerprint"}  # the settings that say which images they were
# What the files have at least.
SETTINGS = ["dataset", "classes", "train_size", "epochs", "batch_size", "learning_rate", "seed"]
HISTORY = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds", "cpu_seconds"]
METRICS = ["validation_accuracy", "test_accuracy", "train_seconds", "cpu_seconds", "epochs_trained"]
METRICS += ["parameters", "versions"]


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
        """What `finish` wrote. Raises `UserError` when the run is not finished, or the file damaged."""
        if not self.finished:
            raise UserError(f"The run in {self.folder} is not finished: train it with lesson 06.")
        path = self.folder / "metrics.json"
        return _complete(path, SETTINGS + METRICS, read_json(path, ELSEWHERE))

    @property
    def history(self) -> pd.DataFrame:
        """One row an epoch, with the columns `HISTORY` at least; no row in the first epoch.

        Raises `UserError` when the file is damaged.
        """
        path, kinds = self.folder / "history.csv", dict.fromkeys(HISTORY, float) | {"epoch": int}
        if not path.exists() or not path.stat().st_size:
            return pd.DataFrame(columns=HISTORY)
        try:
            history = _complete(path, HISTORY, pd.read_csv(path, dtype=kinds))
            if list(history["epoch"]) != list(range(len(history))):
                raise ValueError("its epochs are not 0, 1, 2 and so on")
        except (OSError, ValueError) as error:  # ValueError: no table, no text, no numbers
            raise UserError(f"{path} is damaged ({one_line(error)}): {ELSEWHERE}") from None
        return history

    def load_model(self) -> keras.Model:
        """The network in model.keras, with its optimizer's state. Raises `UserError` when it is damaged."""
        path, classes = self.folder / "model.keras", len(self.settings["classes"])
        try:
            with zipfile.ZipFile(path) as archive:
                if archive.testzip():  # Keras reads on after a wrong checksum
                    raise ValueError("it is damaged")
            model = keras.models.load_model(path)
            if model.output_shape[-1] != classes:
                raise ValueError(f"it has {model.output_shape[-1]} classes, and the run has {classes}")
        except Exception as error:  # a damaged file can raise nearly any
            raise UserError(f"The network {path} can't be used ({one_line(error)}): {ELSEWHERE}") from None
        return model

    def check_images(self, dataset: Dataset) -> None:
        """Raise `UserError` unless the run was trained on the images and classes of `dataset`."""
        before, same = self.settings, dataset.name == self.settings["dataset"]
        # Our own images are those of their name, even where another Pillow draws a pixel differently. A run
        # of an older version has a name only.
        if "fingerprint" in before and not (same and dataset.name in ("cifar10", "doodles")):
            same = dataset.fingerprint == before["fingerprint"]
        if not same or list(dataset.class_names) != before["classes"]:
            raise UserError(
                f"The run in {self.folder} was trained on other images or classes (dataset="
                f"{before['dataset']!r}) than {dataset.name!r} has now: give that dataset, {ELSEWHERE}"
            )

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """As `whole_file`, for a file of the run; raises `UserError` when it can't be written."""
        try:
            with whole_file(self.folder / name) as partial:
                yield partial
        except OSError as error:
            raise UserError(
                f"{self.folder / name} can't be written ({one_line(error.strerror or error)}). What was "
                "finished is kept: fix that, and run the cells from `training.open_run` on again."
            ) from None

    def resume(self, model: keras.Model, steps: int = 0) -> tuple[keras.Model, int]:
        """Return the network to train, and how many epochs of `steps` steps it has behind it.

        For a new run that is `model`, which has to be compiled; for an interrupted one the stored network.
        Raises `UserError` when that has other layers or another optimizer.
        """
        epochs_done = 0
        if self.finished or (self.folder / "model.keras").exists():
            stored = self.load_model()
            if _anatomy(stored) != _anatomy(model):
                raise UserError(f"{self.folder} holds a run of another network or optimizer: {ELSEWHERE}")
            steps = steps or math.ceil(self.settings["train_size"] / self.settings["batch_size"])
            model, epochs_done = stored, int(stored.optimizer.iterations) // steps
        elif model.optimizer.iterations > 0:  # as after a fit in a folder that was then deleted
            raise UserError("This network was trained before: run the cells from its making on again.")
        history = self.history
        if len(history) < epochs_done:
            raise UserError(f"{self.folder / 'history.csv'} lacks epochs: {ELSEWHERE}")
        if not self.finished:
            # A kill leaves behind half-written files, and a row of an epoch whose network was not stored.
            for partial in self.folder.glob(".partial-*"):
                partial.unlink()
            with self.writing("history.csv") as partial:
                history[:epochs_done].to_csv(partial, index=False)
        return model, epochs_done

    def begin_anew(self) -> None:
        """Let `resume` begin an interrupted run anew, for one that cannot go on in the middle."""
        if not self.finished:
            (self.folder / "model.keras").unlink(missing_ok=True)

    def keep(self, model: keras.Model) -> None:
        """Store `model` as the network of the run."""
        with self.writing("model.keras") as partial:
            model.save(partial)

    def callbacks(self, progress: bool = True) -> list[keras.callbacks.Callback]:
        """What `fit` needs to keep this run in its folder and to show its progress."""
        return [KeepRun(self), *([Progress(self)] if progress else [])]

    def finish(self, model, test_accuracy: float, validation_accuracy=None, setup=(0, 0), **more) -> dict:
        """Write metrics.json, which ends the run, and return what is in it, `more` numbers included.

        A `validation_accuracy` is given for a network that is not that of the last epoch, and `model` then
        stored in its place. `setup`: seconds and CPU seconds that were spent before the first epoch. What a
        finished run has measured stays. Raises `UserError` when epochs are missing.
        """
        if self.finished:
            return self.metrics
        history, epochs = self.history, max(1, int(self.settings["epochs"]))
        if validation_accuracy is not None:
            self.keep(model)
        elif len(history) < epochs:  # the network in memory is in the middle of one
            there = f"The run in {self.folder} has {len(history)} of {epochs} epochs"
            raise UserError(f"{there}: run the cells from `training.open_run` on again, and it goes on.")
        else:
            validation_accuracy = history["val_accuracy"].iloc[-1]
        seconds, cpu_seconds = history[["seconds", "cpu_seconds"]].sum() + list(setup)
        more |= {"validation_accuracy": validation_accuracy, "test_accuracy": test_accuracy}
        # Keras computes in float32: rounding gives back the fraction that was meant. JSON has no NaN.
        numbers = {name: round(float(value), 6) for name, value in more.items()}
        metrics = {name: value for name, value in self.settings.items() if name != "fingerprint"}
        metrics |= {name: value if math.isfinite(value) else None for name, value in numbers.items()}
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
        with self.writing("metrics.json") as partial:
            partial.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
        unlock_folder(self.folder)
        with contextlib.suppress(OSError):  # Windows, where somebody else may just look at it
            (self.folder / LOCK).unlink()
        return metrics


def split_remedies(name: str) -> frozenset[str]:
    """The remedies in a name such as "dropout+flip"; "none" has none. Raises `ParameterError` for others."""
    return frozenset(parameters.check("remedies", name).split("+")) - {"none"}


def open_run(run_dir: str | Path, dataset: Dataset, **settings) -> Run:
    """Open the run in the folder `run_dir`: a new one, an interrupted one, or a finished one.

    `settings`: train_size, epochs, batch_size, learning_rate, seed, and what else decides the result. Until
    the run is finished, no other process may open it. Raises `UserError` when one has it open, and when the
    folder can't be used or holds something else, or a run with other images or settings.
    """
    settings |= {"dataset": dataset.name, "classes": dataset.class_names, "fingerprint": dataset.fingerprint}
    settings = json.loads(json.dumps(settings))  # as they come back from the file: lists, not tuples
    folder = user_path(run_dir)
    if folder.exists() and not (folder / "settings.json").exists():
        left_by_a_kill = {folder / LOCK, *folder.glob(".partial-*")}
        if not folder.is_dir() or {*folder.iterdir()} - left_by_a_kill:
            raise UserError(f"{run_dir} exists and is not a training run: choose another run_dir.")
    with contextlib.ExitStack() as stack:
        if not (folder / "metrics.json").exists():
            lock_folder(folder, "wait for it, shut its kernel down, or choose another run_dir.")
            stack.callback(unlock_folder, folder)
        if not (folder / "settings.json").exists():
            with Run(folder, settings).writing("settings.json") as partial:
                partial.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
        run = load_run(folder)
        run.check_images(dataset)
        before = run.settings
        changed = [n for n in before | settings if n not in IMAGES and before.get(n) != settings.get(n)]
        if changed:
            listed = "; ".join(f"{name}={before.get(name)!r}, now {settings.get(name)!r}" for name in changed)
            raise UserError(f"The folder {run_dir} holds a run with other parameters ({listed}): {ELSEWHERE}")
        if not run.finished:
            stack.pop_all()  # and so stay locked
    return run


def load_run(run_dir: str | Path) -> Run:
    """Return the run in the folder `run_dir`, finished or not.

    Raises `UserError` when there is none, and when a file of it is damaged or older than these lessons.
    """
    folder = user_path(run_dir)
    if not (path := folder / "settings.json").exists():
        raise UserError(f"There is no training run in {run_dir}: train one with lesson 06.")
    run = Run(folder, _complete(path, SETTINGS, read_json(path, ELSEWHERE)))
    measured = run.metrics if run.finished else {}  # before the history, which is complete then
    known = run.settings | {"epochs_trained": len(run.history)}
    if any(known[name] != measured[name] for name in known.keys() & measured.keys()):
        raise UserError(f"The files in {run_dir} are not all of one run: {ELSEWHERE}")
    return run


def find_or_train(run_dir, dataset: Dataset, train_size: int, epochs: int, seed: int) -> Run:
    """Return the finished run in `run_dir`, whatever its settings; `train_run` makes it if there is none.

    Raises `UserError` as `open_run` does.
    """
    if not (user_path(run_dir) / "metrics.json").exists():
        print(f"There is no finished run in {run_dir}: training one now, as in lesson 06.")
        return train_run(run_dir, dataset, train_size=train_size, epochs=epochs, seed=seed)
    run = load_run(run_dir)
    run.check_images(dataset)
    print(f"Using the run in {run_dir}.")
    return run


def train_run(run_dir, dataset: Dataset, *, test_each_epoch=False, progress=True, **settings) -> Run:
    """Train as lesson 06 does, which writes this out, and return the finished run in `run_dir`.

    `settings`: train_size, epochs and seed, and any of `DEFAULTS`. With `test_each_epoch` the history has a
    column test_accuracy, not to be chosen by. Raises `UserError` as `open_run` does.
    """
    settings = DEFAULTS | settings
    labels = {"recipe", "precision", *IMAGES}  # of runs that are compared with others
    if unknown := settings.keys() - {"train_size", "epochs", "seed", *DEFAULTS, *labels}:
        unknown = ", ".join(sorted(unknown))
        raise UserError(f"The training of lesson 06 has no {unknown}: give the run_dir of such a run.")
    size, seed = settings["train_size"], settings["seed"]
    keras.utils.set_random_seed(seed)
    x_train, y_train, *validation = split_validation(dataset.x_train, dataset.y_train, size, seed)
    settings["train_size"] = len(x_train)
    run = open_run(run_dir, dataset, **settings)
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
    with contextlib.suppress(ImportError):
        import resource

        unit = 1 if platform.system() == "Darwin" else 1024  # macOS counts bytes, Linux kilobytes
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def _anatomy(model: keras.Model) -> list:
    """What makes a network and its optimizer, without the names that Keras numbers anew in each session."""
    parts = [*model.layers, getattr(model, "optimizer", None)]  # without one: not compiled, not ours
    configs = [part.get_config() for part in parts if part]
    return [{key: value for key, value in config.items() if key != "name"} for config in configs]


def _complete(path: Path, names: list[str], content):
    """Return what was read from `path`. Raises `UserError` unless it has all `names`."""
    if missing := ", ".join(name for name in names if name not in content):
        raise UserError(f"{path} is damaged or of an older version, without {missing}: {ELSEWHERE}")
    return content
