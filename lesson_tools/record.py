"""Keeps what long experiments found: results in helpers/recorded/, and a network in helpers/weights/."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from helpers.errors import UserError
from helpers.files import whole_file
from helpers.records import ABOUT, RECORDED

import numpy as np
import pandas as pd

# Each run has these; what others its lesson measured comes behind them.
COLUMNS = ["train_size", "epochs", "batch_size", "learning_rate", "seed", "parameters"]
COLUMNS += ["validation_accuracy", "test_accuracy", "train_seconds", "epochs_trained", "cpu_seconds"]
NO_COLUMNS = {"dataset", "classes", "versions", "device"}
# Columns of history.csv; the test accuracy of an epoch is there only if it was watched.
CURVES = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "epoch_test_accuracy"]
CURVES += ["epoch_cpu_seconds"]


def record_runs(
    name: str, run_dirs: Iterable[Path], curves: bool = False, *, what: str, images: str, command: str
) -> str:
    """Write the results of finished runs into helpers/recorded/NAME.csv, and return a sentence about it.

    A row a run, or with `curves` a row an epoch. `what` was compared, on which `images`, by which `command`.
    Raises `UserError` when there is a record of that name, when a folder holds no finished run or one of an
    older kind or is named twice, and when the versions are not the same for all.
    """
    file = RECORDED / f"{name}.csv"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UserError(f"NAME is a word of small letters, digits and _, such as pooling; {name!r} is not.")
    if file.exists():
        raise UserError(
            f"There is a record {name}, which lessons show: choose another name, or delete {file.name}."
        )
    if more := next((text for text in (what, images, command) if len(f"{text}.".splitlines()) > 1), None):
        raise UserError(f"what, images and command are a line each; {more!r} is not.")
    places = [Path(folder).resolve() for folder in run_dirs]
    if twice := next((place for place in places if places.count(place) > 1), None):
        raise UserError(f"{twice} is named twice: a run counts once.")
    from helpers import training  # which imports TensorFlow

    runs = [training.load_run(folder) for folder in places]
    measured = [run.metrics for run in runs]
    versions = {
        ", ".join(f"{name} {number}" for name, number in metrics["versions"].items()) for metrics in measured
    }
    if len(versions) != 1:
        raise UserError(f"The runs were made with {len(versions)} sets of versions; a record has one.")
    rows = []
    for run, metrics in zip(runs, measured, strict=True):
        row = {name: metrics[name] for name in COLUMNS}
        row |= {name: value for name, value in metrics.items() if name not in NO_COLUMNS}
        rows += [row | epoch for epoch in _curves(run.history)] if curves else [row]
    seeds = ", ".join(map(str, sorted({metrics["seed"] for metrics in measured})))
    about = dict(zip(ABOUT, (what, images, command, *versions, seeds), strict=True))
    head = "".join(f"# {key}: {value}\n" for key, value in about.items())
    RECORDED.mkdir(exist_ok=True)
    with whole_file(file) as partial:
        partial.write_text(head + pd.DataFrame(rows).to_csv(index=False), encoding="utf-8", newline="\n")
    return f"{name}.csv: {len(runs)} runs, {len(rows)} rows"


def _curves(history: pd.DataFrame) -> list[dict]:
    history["epoch"] += 1  # counted from 1, as people do
    # Not those of the whole run.
    history = history.rename(
        columns={"test_accuracy": "epoch_test_accuracy", "cpu_seconds": "epoch_cpu_seconds"}
    )
    return history[[name for name in CURVES if name in history]].round(4).to_dict("records")


def record_weights(run_dir: Path) -> str:
    """Store the network of a finished run of the recipe far as that of the lessons, and say what it is.

    Raises `UserError` when there is no finished run in `run_dir`, or one of another network.
    """
    from helpers import pretrained, training

    run = training.load_run(run_dir)
    accuracy, model = run.metrics["test_accuracy"], pretrained.new_network()
    try:
        model.set_weights(run.load_model().get_weights())
    except ValueError:
        raise UserError(f"The network in {run_dir} is not that of the recipe far.") from None
    file = pretrained.FILE
    store_weights(model, file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    return (
        f"{file.name}: {file.stat().st_size / 1e6:.2f} MB, test accuracy {accuracy}; write its SHA-256 into "
        f"helpers/pretrained.py and {file.stem}.md: {sha256}"
    )


def store_weights(model, file: Path) -> None:
    """Write the weights of `model` in a quarter of their size: kernels as whole numbers from -127 to 127.

    Each map's kernel has a factor of its own, so that its largest number becomes 127. What has one number a
    map is stored in float32.
    """
    arrays = {}
    for index, weights in enumerate(model.get_weights()):
        if weights.ndim > 1:
            factors = np.abs(weights).max(axis=tuple(range(weights.ndim - 1))) / 127
            arrays[f"kernel_{index}"] = np.round(weights / factors).astype(np.int8)
            arrays[f"factors_{index}"] = factors.astype(np.float32)
        else:
            arrays[f"vector_{index}"] = weights
    file.parent.mkdir(exist_ok=True)
    with whole_file(file) as partial:
        np.savez_compressed(partial, **arrays)
