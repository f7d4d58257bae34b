"""The figures of the lessons: one function for each kind, each returns a matplotlib `Figure`.

Lessons switch the common look on with `plt.style.use("helpers.lessons")` and display a figure with `show`.
Pictures are uint8 arrays of shape (n, height, width, 3), labels integers of shape (n,).
"""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import DisplayHandle, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, PercentFormatter

HIGHLIGHT = "#D55E00"  # Okabe and Ito's vermilion, also readable on grey


def show(figure: Figure, alt: str, update: DisplayHandle | None = None) -> None:
    """Display `figure`, with `alt` as its description for those who can't see it.

    With `update`, the figure takes the place of what that display shows.
    """
    metadata = {"image/png": {"alt": alt}}
    if update is None:
        display(figure, metadata=metadata)
    else:
        update.update(figure, metadata=metadata)
    plt.close(figure)  # otherwise Jupyter displays it a second time


# --- Checks (lesson 01) ----------------------------------------------------------------------------


def check_marks(marks: Mapping[str, Sequence[bool | None]], names: Sequence[str], title: str = "") -> Figure:
    """A row for each machine, a column for each check: passed (True), failed (False) or not judged (None)."""
    symbols = {True: ("✓", "#0072B2"), False: ("✗", HIGHLIGHT), None: ("–", "#767676")}
    figure, axis = plt.subplots(figsize=(8, 4.6))
    for row, results in enumerate(marks.values()):
        for column, result in enumerate(results):
            symbol, colour = symbols[result]
            axis.text(column, row, symbol, color=colour, size=14, ha="center", va="center")
    labels = [name.replace(" ", "\n").replace("_", "_\n") for name in names]
    axis.set_xticks(range(len(names)), labels, size=9)
    axis.set_yticks(range(len(marks)), marks)
    axis.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(marks) - 0.5, -0.5), title=title)
    return figure


# --- Pictures (lesson 02) --------------------------------------------------------------------------


def picture_grid(
    pictures: Sequence[np.ndarray], titles: Sequence[str] = (), title: str = "", columns: int = 10
) -> Figure:
    """Pictures in rows, each with its title above it."""
    rows = -(-len(pictures) // columns)
    title_lines = max((text.count("\n") + 1 for text in titles), default=0)
    figure, axes = plt.subplots(
        rows, columns, figsize=(8, rows * (7.6 / columns + 0.2 * title_lines) + 0.4), squeeze=False
    )
    for axis in axes.flat:
        axis.axis("off")
    for index, (axis, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        axis.imshow(picture)
        if titles:
            axis.set_title(titles[index], fontsize=9, fontweight="normal", loc="center", pad=3)
    _title(figure, title)
    return figure


def pictures_by_class(
    x: np.ndarray, y: np.ndarray, class_names: Sequence[str], title: str = "", each: int = 10
) -> Figure:
    """One row a class, with its first `each` pictures."""
    classes = len(class_names)
    figure, axes = plt.subplots(classes, 1, figsize=(8, classes * 0.68 + 0.4), squeeze=False)
    for label, axis in enumerate(axes.flat):
        row = x[np.flatnonzero(y == label)[:each]]
        strip = np.full((x.shape[1], each * (x.shape[2] + 2), 3), 255, np.uint8)
        for index, picture in enumerate(row):
            left = index * (x.shape[2] + 2)
            strip[:, left : left + x.shape[2]] = picture
        axis.imshow(strip)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        axis.set_ylabel(class_names[label], rotation=0, ha="right", va="center")
    _title(figure, title)
    return figure


def class_counts(labels: Mapping[str, np.ndarray], class_names: Sequence[str], title: str = "") -> Figure:
    """Bars of the number of pictures by class, one group of bars for each named array of labels."""
    figure, axis = plt.subplots()
    width = 0.8 / len(labels)
    hatches = ["", "//", ".."]  # tell the sets apart without colour
    for index, (name, y) in enumerate(labels.items()):
        counts = np.bincount(y, minlength=len(class_names))
        places = np.arange(len(class_names)) + (index - (len(labels) - 1) / 2) * width
        axis.bar(places, counts, width, label=name, hatch=hatches[index % 3], edgecolor="white")
    axis.set_xticks(range(len(class_names)), class_names, rotation=30, ha="right")
    axis.set(ylabel="pictures", title=title)
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def pixel_histogram(x: np.ndarray, title: str = "") -> Figure:
    """How often each value 0 to 255 occurs in the three channels of pictures `x`."""
    figure, axis = plt.subplots()
    styles = [("red", "#D55E00", "-"), ("green", "#009E73", "--"), ("blue", "#0072B2", ":")]
    for channel, (name, colour, line) in enumerate(styles):
        counts = np.bincount(x[..., channel].ravel(), minlength=256)
        axis.plot(counts / counts.sum(), color=colour, linestyle=line, label=name)
    axis.set(xlabel="pixel value", ylabel="share of the pixels", title=title, xlim=(-3, 258))
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    axis.legend(loc="upper left")
    return figure


# --- Convolution and pooling (lesson 03) -----------------------------------------------------------


def number_tables(
    tables: Mapping[str, np.ndarray],
    title: str = "",
    windows: Mapping[str, tuple[int, int, int, int]] | None = None,
    same_scale: bool = False,
) -> Figure:
    """Matrices side by side as shaded tables of their numbers, each on its own scale unless `same_scale`.

    `windows` frames a part of a table: top, left, height, width.
    """
    cell = 0.48  # inches
    shapes = [table.shape for table in tables.values()]
    figure, axes = plt.subplots(
        1,
        len(tables),
        figsize=(
            sum(w for _, w in shapes) * cell + 0.7 * len(tables),
            max(h for h, _ in shapes) * cell + 0.9,
        ),
        width_ratios=[w for _, w in shapes],
        squeeze=False,
    )
    for axis, (name, table) in zip(axes.flat, tables.items(), strict=True):
        _shaded_numbers(
            axis, table, np.concatenate([t.ravel() for t in tables.values()]) if same_scale else table
        )
        axis.set_title(name, fontsize=11, fontweight="normal")
        if windows and name in windows:
            _frame(axis, *windows[name])
    _title(figure, title)
    return figure


def _shaded_numbers(axis: Axes, table: np.ndarray, scale: np.ndarray) -> None:
    """Draw `table` in greys that reach from the smallest to the largest number of `scale`."""
    low, high = float(scale.min()), float(scale.max())
    span = (high - low) or 1.0
    axis.imshow(
        table, cmap="gray", vmin=low - span / 4, vmax=low + span
    )  # not quite black: numbers stay readable
    size = 10 if np.abs(table).max() < 100 else 8.5
    for (row, column), value in np.ndenumerate(table):
        colour = "black" if (value - low) / span > 0.25 else "white"
        axis.text(column, row, f"{value:.4g}", ha="center", va="center", color=colour, fontsize=size)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(True)


def _frame(axis: Axes, top: int, left: int, height: int, width: int) -> None:
    axis.add_patch(
        Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor=HIGHLIGHT, linewidth=3)
    )


def maps(
    arrays: Mapping[str, np.ndarray],
    title: str = "",
    columns: int = 4,
    same_scale: bool = False,
    zero_is_grey: bool = False,
) -> Figure:
    """Pictures or feature maps side by side; a map of shape (height, width) is drawn from black to white.

    A uint8 map is drawn from 0 to 255. Any other has its own scale, unless `same_scale`; with `zero_is_grey`
    0 is the grey in the middle of the scale.
    """
    columns = min(columns, len(arrays))
    rows = -(-len(arrays) // columns)
    first = next(iter(arrays.values()))
    height = 8 / columns * first.shape[0] / first.shape[1] + 0.35
    figure, axes = plt.subplots(rows, columns, figsize=(8, rows * height + 0.4), squeeze=False)
    flat = np.concatenate([array.ravel() for array in arrays.values() if array.ndim == 2] or [np.zeros(1)])
    for axis in axes.flat:
        axis.axis("off")
    for axis, (name, array) in zip(axes.flat, arrays.items(), strict=False):
        low, high = _grey_scale(flat if same_scale else array, zero_is_grey)
        axis.imshow(array, vmin=low, vmax=high)
        axis.set_title(name, fontsize=10, fontweight="normal", loc="center")
    _title(figure, title)
    return figure


def _grey_scale(values: np.ndarray, zero_is_grey: bool) -> tuple[float, float]:
    """The numbers that are drawn black and white."""
    if values.dtype == np.uint8:
        return 0, 255
    if zero_is_grey:
        return -np.abs(values).max(), np.abs(values).max()
    return values.min(), values.max()


# --- Network (lesson 04) ---------------------------------------------------------------------------


def layer_shapes(shapes: Mapping[str, tuple[int, ...]], title: str = "") -> Figure:
    """The shape of the data after each layer: a square of its height and width to scale, or a bar."""
    figure, axis = plt.subplots(figsize=(8, 2.4))
    largest = max(shape[0] for shape in shapes.values() if len(shape) == 3)
    for place, (name, shape) in enumerate(shapes.items()):
        is_map = len(shape) == 3
        height = 0.85 * shape[0] / largest if is_map else 0.2 * np.log10(shape[0])
        width = height if is_map else 0.08
        colour = "#56B4E9" if is_map else "#E69F00"
        corner = (place - width / 2, -height / 2)
        axis.add_patch(Rectangle(corner, width, height, facecolor=colour, edgecolor="black"))
        axis.text(place, 0.55, name, ha="center", va="bottom", fontsize=10)
        axis.text(place, -0.55, "×".join(map(str, shape)), ha="center", va="top", fontsize=9)
    axis.set(xlim=(-0.55, len(shapes) - 0.45), ylim=(-0.8, 0.8), title=title, aspect="equal")
    axis.axis("off")
    return figure


# --- Training (lesson 05) --------------------------------------------------------------------------


def training_curves(history: pd.DataFrame, epochs: int | None = None) -> Figure:
    """Loss and accuracy by epoch, of the training and the validation set.

    `history` has the columns loss, val_loss, accuracy, val_accuracy, a row an epoch; `epochs` is how many
    there will be.
    """
    figure, axes = plt.subplots(1, 2)
    for axis, name in zip(axes, ("loss", "accuracy"), strict=True):
        places = np.arange(1, len(history) + 1)
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
    names = {"loss": "loss", "val_loss": "validation loss"}
    names |= {"accuracy": "accuracy", "val_accuracy": "validation accuracy"}
    first, last = history.iloc[0], history.iloc[-1]
    ends = ", ".join(f"{text} {first[name]:.2f} to {last[name]:.2f}" for name, text in names.items())
    return f"Curves over {len(history)} epochs: {ends}."


# --- Prediction (lesson 06) ------------------------------------------------------------------------


def predictions(
    pictures: Sequence[np.ndarray],
    probabilities: np.ndarray,
    class_names: Sequence[str],
    titles: Sequence[str],
    title: str = "",
) -> Figure:
    """Each picture beside a bar chart of its probabilities, shape (n, classes); the largest stands out."""
    count, classes = probabilities.shape
    figure, axes = plt.subplots(
        count, 2, figsize=(8, count * max(1.6, 0.22 * classes) + 0.4), width_ratios=(1, 2.4), squeeze=False
    )
    for (left, right), picture, row, text in zip(axes, pictures, probabilities, titles, strict=True):
        left.imshow(picture)
        left.axis("off")
        left.set_title(text, fontsize=10, fontweight="normal", loc="center")
        colours = [HIGHLIGHT if label == row.argmax() else "#999999" for label in range(classes)]
        right.barh(range(classes), row, color=colours)
        right.set_yticks(range(classes), class_names, fontsize=9)
        right.invert_yaxis()
        right.set(xlim=(0, 1.12))
        right.xaxis.set_major_formatter(PercentFormatter(1))
        right.set_xticks([0, 0.25, 0.5, 0.75, 1])
        right.text(row.max() + 0.01, row.argmax(), f"{row.max():.0%}", va="center", fontsize=9)
    _title(figure, title)
    return figure


# --- Evaluation (lesson 07) ------------------------------------------------------------------------


def accuracy_by_class(table: pd.DataFrame, title: str = "") -> Figure:
    """Bars of the accuracy by class with its 95 % interval: the table of `evaluation.accuracy_by_class`."""
    table = table.sort_values("accuracy")
    figure, axis = plt.subplots(figsize=(8, 0.32 * len(table) + 1))
    axis.barh(range(len(table)), table["accuracy"], color="#56B4E9")
    axis.errorbar(
        table["accuracy"],
        range(len(table)),
        xerr=[table["accuracy"] - table["low"], table["high"] - table["accuracy"]],
        fmt="none",
        color="black",
        capsize=3,
        linewidth=1.5,
    )
    axis.set_yticks(range(len(table)), table.index)
    axis.set(xlim=(0, 1), xlabel="accuracy on the test set", title=title)
    axis.xaxis.set_major_formatter(PercentFormatter(1))
    return figure


def _title(figure: Figure, title: str) -> None:
    if title:
        figure.suptitle(
            "\n".join(textwrap.wrap(title, 90)), fontweight="bold", fontsize=12, x=0.01, ha="left"
        )
