"""Tables: of numbers, of means over settings, of checks that passed and failed."""

from helpers.figures.drawing import HIGHLIGHT, extremes, frame, panels, shaded_numbers, titled

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd


def number_tables(
    tables: dict[str, np.ndarray], title="", windows=None, same_scale=False, signed=False, columns=6
) -> plt.Figure:
    """Matrices as shaded tables of numbers, `columns` in a row; each has its own scale unless `same_scale`.

    With `signed` 0 is the gray in the middle. windows: by the name of a table, the part of it that gets a
    frame: top, left, height, width.
    """
    cell, columns = 0.48, min(columns, len(tables))  # inches
    shapes = np.array([table.shape for table in tables.values()])
    widths = [shapes[column::columns, 1].max() for column in range(columns)]
    heights = [shapes[first : first + columns, 0].max() for first in range(0, len(shapes), columns)]
    width, height = sum(widths) * cell + 0.7 * columns, np.mean(heights) * cell + 0.4
    ratios = {"width_ratios": widths, "height_ratios": heights}
    figure = panels(list(tables), columns, height, title, width, **ratios)
    together = np.concatenate([table.ravel() for table in tables.values()])
    for axis, (name, table) in zip(figure.axes, tables.items(), strict=True):
        scale = extremes(together if same_scale else table, signed)
        shaded_numbers(axis, table, scale, "", 10 if np.abs(table).max() < 100 else 8.5)
        if name in (windows or {}):
            frame(axis, *windows[name])
    return figure


def image_as_numbers(image: np.ndarray, top: int, left: int, size=10, title="") -> plt.Figure:
    """An image, shape (height, width, 3), and a square of `size` pixels of its first channel as numbers."""
    names = ["the image", "the framed part, red channel"]
    figure = panels(names, 2, 4.5, title, width_ratios=(1, 1.75))
    figure.axes[0].imshow(image)
    figure.axes[0].axis("off")
    frame(figure.axes[0], top, left, size, size)
    shaded_numbers(figure.axes[1], image[top : top + size, left : left + size, 0], (0, 255))
    return figure


def heat_table(table: pd.DataFrame, title="", marked: list[tuple] = ()) -> plt.Figure:
    """A shaded cell for each number of the table, higher is brighter, with the number in it.

    Rows and columns carry the names and values of the table's index and columns. `marked`: (row, column) of
    cells that get a frame.
    """
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


def check_marks(marks: dict[str, list[bool | None]], names: list[str], title="") -> plt.Figure:
    """A row for each machine, a column for each check: passed (True), failed (False) or not judged (None)."""
    symbols = {True: ("✓", "C0"), False: ("✗", HIGHLIGHT), None: ("–", "dimgray")}
    figure, axis = plt.subplots(figsize=(8, 4.6))
    for (row, column), result in np.ndenumerate(np.array(list(marks.values()), object)):
        symbol, color = symbols[result]
        axis.text(column, row, symbol, color=color, size=14, ha="center", va="center")
    labels = [name.replace(" ", "\n").replace("_", "_\n") for name in names]
    axis.set_xticks(range(len(names)), labels, size=9)
    axis.set_yticks(range(len(marks)), marks)
    axis.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(marks) - 0.5, -0.5), title=title)
    return figure
