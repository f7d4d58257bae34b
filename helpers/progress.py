"""Callbacks of a training run: one keeps it in the folder of its run, one shows how it goes."""

import time

from helpers import figures
from helpers.errors import UserError

import keras
import numpy as np
import pandas as pd
from IPython import get_ipython
from IPython.display import Pretty, display


class KeepRun(keras.callbacks.Callback):
    """Keeps a run in its folder: after each epoch its row in history.csv, and then the network.

    The row has `seconds` on the clock and `cpu_seconds` of all cores, which vary less when other programs
    run. Keras' own `CSVLogger` and `BackupAndRestore` write in place, so that a kill can spoil the file. A
    `fit` that doesn't go on where the run ends, as when its cell alone is run a second time, is refused.
    """

    def __init__(self, run):
        super().__init__()
        self.run = run

    def on_epoch_begin(self, epoch, logs=None):
        self._rows_before(epoch)
        self.begin = clocks()

    def on_epoch_end(self, epoch, logs=None):
        logs["seconds"], logs["cpu_seconds"] = map(float, (clocks() - self.begin).round(2))
        rows = [*self._rows_before(epoch), {"epoch": epoch} | logs]
        with self.run.writing("history.csv") as partial:
            pd.DataFrame(rows).to_csv(partial, index=False)
        self.run.keep(self.model)

    def _rows_before(self, epoch: int) -> list[dict]:
        rows, finished = self.run.history.to_dict("records"), self.run.finished
        if finished or len(rows) != epoch:
            raise UserError(
                f"This fit is in epoch {epoch + 1}, but the run in {self.run.folder} "
                f"{'is finished with' if finished else 'has'} {len(rows)} epochs: run the cells from "
                "`training.open_run` on again."
            )
        return rows


class Progress(keras.callbacks.Callback):
    """Shows epoch, loss, accuracy, time left and the growing curves; outside Jupyter, a line an epoch."""

    def __init__(self, run):
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
