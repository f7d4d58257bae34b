"""Loss and accuracy by epoch, of one training run or of runs with several seeds."""

from helpers.figures.drawing import panels

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator


def training_curves(history: pd.DataFrame, epochs: int | None = None) -> plt.Figure:
    """Loss and accuracy by epoch, of the training and the validation set.

    history: columns loss, val_loss, accuracy, val_accuracy; epochs: how many there will be.
    """
    figure, axes = plt.subplots(1, 2)
    places = np.arange(1, len(history) + 1)
    for axis, name in zip(axes, ("loss", "accuracy"), strict=True):
        axis.plot(places, history[name], marker="o", label="training set")
        axis.plot(places, history[f"val_{name}"], marker="s", label="validation set")
        axis.set(xlabel="epoch", title=name.capitalize(), xlim=(0.5, (epochs or len(history)) + 0.5))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0].legend()
    return figure


def describe_curves(history: pd.DataFrame) -> str:
    """What `training_curves` shows, in words."""
    if not len(history):
        return "Loss and accuracy by epoch: no epoch yet."
    ends = [
        f"{name.replace('val_', 'validation ')} {history[name].iloc[0]:.2f} to {history[name].iloc[-1]:.2f}"
        for name in ("loss", "val_loss", "accuracy", "val_accuracy")
    ]
    return f"Curves over {len(history)} epochs: {', '.join(ends)}."


def curves_by_seed(
    curves: dict[str, dict[str, pd.DataFrame]], title="", columns=3, by="epoch", log=False
) -> plt.Figure:
    """A panel for each name, in it a line for each table: the mean by epoch, in a band of ± one deviation.

    Each table has a row an epoch (counted from 1), a column a seed. `by` names what the rows are, if it is
    something else, and `log` draws it on a logarithmic axis with a mark at each row.
    """
    figure = panels(list(curves), min(columns, len(curves)), 2.9, title, sharex=True)
    for axis, lines in zip(figure.axes, curves.values(), strict=True):
        for label, table in lines.items():
            mean, deviation = table.mean(axis=1), table.std(axis=1).fillna(0)
            [line] = axis.plot(table.index, mean, label=label, marker="o" if log else "", markersize=4)
            band = mean - deviation, mean + deviation
            axis.fill_between(table.index, *band, color=line.get_color(), alpha=0.2)
        axis.set(xlabel=by)
        if log:
            axis.set_xscale("log")
            axis.set_xticks(table.index, [f"{value:,g}" for value in table.index])
            axis.minorticks_off()
        else:
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if max(map(len, curves.values())) > 4:  # more would cover the lines
        figure.legend(handles=figure.axes[0].lines, loc="outside lower center", ncols=4, fontsize=9)
    else:
        figure.axes[0].legend(fontsize=9)
    return figure


def accuracies_by_seed(tables: dict[str, pd.DataFrame], by: str, title="") -> plt.Figure:
    """A dot for each trained network and a line at each mean; one panel for each table.

    Each table has a row a network, with the columns `by` (what is compared) and `accuracy`.
    """
    rows = max(table[by].nunique() for table in tables.values())
    figure = panels(list(tables), len(tables), 1.3 + 0.3 * rows, title)
    for axis, table in zip(figure.axes, tables.values(), strict=True):
        groups = table.groupby(by, sort=False)["accuracy"]
        for place, (_, accuracies) in enumerate(groups):
            axis.plot(accuracies, np.full(len(accuracies), place), "o", color="C0", alpha=0.6)
            if len(accuracies) > 1:
                axis.plot(accuracies.mean(), place, "|", color="black", markersize=22, markeredgewidth=2.5)
        axis.set_yticks(range(len(groups)), groups.groups)
        axis.set(ylim=(len(groups) - 0.5, -0.5), xlabel="accuracy")
        axis.xaxis.set_major_locator(MaxNLocator(4))
    return figure
