"""Results: curves by epoch, means over settings."""

from helpers.figures.drawing import extremes, frame, panels, shaded_numbers, titled

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator


def training_curves(history: pd.DataFrame, epochs: int | None = None) -> plt.Figure:
    """Loss and accuracy by epoch, training half an epoch earlier, with room for `epochs` of them."""
    figure, axes = plt.subplots(1, 2)
    done = np.arange(1, len(history) + 1)
    for axis, name in zip(axes, ("loss", "accuracy"), strict=True):
        axis.plot(done - 0.5, history[name], marker="o", label="training set")
        axis.plot(done, history[f"val_{name}"], marker="s", label="validation set")
        axis.set(xlabel="epoch", title=name.capitalize(), xlim=(0, (epochs or len(history)) + 0.5))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    best = history["val_loss"].astype(float).nsmallest(1)
    axes[0].plot(best.index + 1, best, "*", markersize=14, color="black", label="lowest validation loss")
    axes[0].legend()
    return figure


def describe_curves(history: pd.DataFrame) -> str:
    """What `training_curves` shows, in words."""
    if not len(history):
        return "Loss and accuracy by epoch: no epoch yet."
    begin, end = history.iloc[0], history.iloc[-1]
    names = "loss", "val_loss", "accuracy", "val_accuracy"
    changes = ", ".join(f"{name} {begin[name]:.2f} to {end[name]:.2f}" for name in names)
    return f"Curves over {len(history)} epochs: {changes}.".replace("val_", "validation ")


def curves_by_seed(curves: dict[str, dict[str, pd.DataFrame]], title="") -> plt.Figure:
    """A panel for each name, in it a line for each table: the mean by epoch ± one standard deviation.

    Each table has a row an epoch (counted from 1), a column a seed.
    """
    figure = panels(curves, min(3, len(curves)), 2.9, title, sharex=True)
    for axis, lines in zip(figure.axes, curves.values(), strict=True):
        for label, table in lines.items():
            mean, band = table.mean(axis=1), table.std(axis=1).fillna(0)
            [line] = axis.plot(mean, label=label)
            axis.fill_between(mean.index, mean - band, mean + band, color=line.get_color(), alpha=0.2)
        axis.set(xlabel="epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.axes[0].legend(fontsize=9)
    return figure


def heat_table(table: pd.DataFrame, title="", marked: list[tuple] = ()) -> plt.Figure:
    """A shaded cell for each number, higher is brighter; frames around those `marked` by (row, column)."""
    rows, columns = table.shape
    figure, axis = plt.subplots(figsize=(min(8, 2.2 + 1.1 * columns), 1.3 + 0.42 * rows))
    values = table.to_numpy(dtype=float)
    shaded_numbers(axis, values, extremes(values), "", 11, "{:.3f}".format, cmap="cividis", aspect="auto")
    for row, column in marked:
        frame(axis, table.index.get_loc(row), table.columns.get_loc(column), 1, 1)
    axis.set_xticks(range(columns), [f"{value:,g}" for value in table.columns])
    axis.set_yticks(range(rows), [f"{value:g}" for value in table.index])
    axis.set(xlabel=table.columns.name, ylabel=table.index.name)
    return titled(figure, title)
