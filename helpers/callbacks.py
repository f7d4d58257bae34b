"""What a lesson shows while a network is trained."""

import time

from helpers import figures

import keras
from IPython import get_ipython
from IPython.display import Pretty, display


class Progress(keras.callbacks.Callback):
    """Shows epoch, loss, accuracy, time left and the growing curves of a `training.Run`, redrawn as it goes.

    Outside Jupyter it prints a line an epoch.
    """

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
