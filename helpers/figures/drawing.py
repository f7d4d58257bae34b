"""What the figures share: panels with headings, images, tables of numbers, frames."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke

HIGHLIGHT = "#D55E00"  # Okabe and Ito's vermilion, also readable on gray


def titled(figure: plt.Figure, title: str) -> plt.Figure:
    """The figure with a title above all of it, wrapped."""
    figure.suptitle("\n".join(textwrap.wrap(title, 90)), weight="bold", size=12, x=0.01, ha="left")
    return figure


def heading(axis: plt.Axes, name: str, size=10.0) -> None:
    """The name of one panel, above it."""
    axis.set_title(name, fontsize=size, fontweight="normal", loc="center", pad=4)


def label(axis: plt.Axes, text: str) -> None:
    """The name of a row, to the left of its first panel."""
    axis.text(-0.02, 0.5, text, transform=axis.transAxes, ha="right", va="center", fontsize=10)


def panels(names: list[str], columns: int, height: float, title: str, width=8.0, **options) -> plt.Figure:
    """Axes for each of `names`, which stands above them, in rows of `columns`.

    height: inches of a row; width: inches of the figure; the options are those of `plt.subplots`.
    """
    rows = -(-len(names) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(width, rows * height + 0.4), squeeze=False, **options)
    for axis, name in zip(axes.flat, names, strict=False):
        heading(axis, name, 10 if columns < 8 else 9)
    for axis in axes.flat[len(names) :]:
        axis.remove()
    return titled(figure, title)


def image_panels(names, images, columns: int, title: str, beside=False, **scale) -> plt.Figure:
    """Images of one size in rows of `columns`, each under its name or, in one column, `beside` it."""
    lines = 0 if beside else max(len(name.splitlines()) for name in names)
    height = (6.4 if beside else 7.6) / columns * images[0].shape[0] / images[0].shape[1] + 0.2 * lines
    figure = panels([""] * len(names) if beside else names, columns, height, title)
    for axis, image, name in zip(figure.axes, images, names, strict=True):
        axis.imshow(image, **scale)
        axis.axis("off")
        label(axis, name if beside else "")
    return figure


def frame(axis: plt.Axes, top: int, left: int, height: int, width: int) -> None:
    """A line around a part of an image or of a table, in pixels or numbers."""
    line = plt.Rectangle((left - 0.5, top - 0.5), width, height, fill=False, ec=HIGHLIGHT, lw=2.5)
    line.set_path_effects([withStroke(linewidth=5, foreground="white")])  # also seen on gray, in gray print
    axis.add_patch(line)


def as_text(value: float) -> str:
    """A number with up to four digits, NaN as a dot."""
    # 0.0 added makes 0 of -0, which products of floats can be.
    return "·" if np.isnan(value) else f"{value + 0.0:.4g}".replace("-", "−")


def shaded_numbers(
    axis: plt.Axes, table: np.ndarray, scale: tuple, name="", size=10.0, text=as_text, cmap="gray", **options
) -> None:
    """Draw `table` from the darkest number of `scale` to the brightest, with the numbers in it."""
    low, high = scale
    span = (high - low) or 1.0
    # Not quite black, so that the numbers stay readable.
    drawn = axis.imshow(table, vmin=low - span / 4, vmax=low + span, cmap=cmap, **options)
    dark = (drawn.to_rgba(table)[..., :3] @ (0.21, 0.72, 0.07) < 0.4) & ~np.isnan(table)
    for (row, column), value in np.ndenumerate(table):
        color = "white" if dark[row, column] else "black"
        axis.text(column, row, text(value), ha="center", va="center", color=color, size=size)
    if name:
        heading(axis, name)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(True)


def extremes(table: np.ndarray, signed: bool = False) -> tuple[float, float]:
    """The numbers to draw darkest and brightest: the extremes, with `signed` so that 0 is in the middle."""
    largest = float(np.nanmax(np.abs(table))) or 1.0
    return (-largest, largest) if signed else (float(np.nanmin(table)), float(np.nanmax(table)))


def mosaic(tiles: np.ndarray, columns: int, gap: int, empty: float) -> np.ndarray:
    """Tiles of shape (n, height, width, …) in rows, with gaps of the value `empty` between them."""
    count, height, width, *channels = tiles.shape
    missing = -count % columns if count else columns
    ends = [(0, missing), (0, gap), (0, gap)] + [(0, 0)] * len(channels)
    tiles = np.pad(tiles, ends, constant_values=empty)
    rows = tiles.reshape(-1, columns, height + gap, width + gap, *channels).swapaxes(1, 2)
    return rows.reshape(-1, columns * (width + gap), *channels)[:-gap, :-gap]
