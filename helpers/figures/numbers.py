"""Numbers of images, kernels and feature maps as tables, and how a kernel slides over an image."""

from helpers.convolution import convolve, output_size, unseen, zeros_around
from helpers.figures.drawing import HIGHLIGHT, as_text, extremes, frame, panels, shaded_numbers, titled

import matplotlib.pyplot as plt
import numpy as np


def number_tables(tables, title="", windows=(), same_scale=False, signed=False, columns=6) -> plt.Figure:
    """Matrices as shaded tables of numbers, `columns` in a row; each has its own scale unless `same_scale`.

    With `signed` 0 is the gray in the middle. windows: by the name, a frame: top, left, height, width.
    """
    cell, columns = 0.48, min(columns, len(tables))  # inches
    heights, widths = np.transpose([table.shape for table in tables.values()])
    widths = [widths[column::columns].max() for column in range(columns)]
    width, height = sum(widths) * cell + 0.7 * columns, heights.max() * cell + 0.4
    figure = panels(tables, columns, height, title, width, width_ratios=widths)
    together = np.concatenate([table.ravel() for table in tables.values()])
    for axis, (name, table) in zip(figure.axes, tables.items(), strict=True):
        scale = extremes(together if same_scale else table, signed)
        shaded_numbers(axis, table, scale, size=10 if np.abs(table).max() < 100 else 8.5)
        if name in windows:
            frame(axis, *windows[name])
    return figure


def window(image, kernel, row, column, stride=1, padding="valid", title="", sizes=True) -> plt.Figure:
    """The kernel at one position: its window, the products, and their sum, an activation of the feature map.

    image, kernel: squares, shape (size, size). Pixels that no window reaches are hatched. Dots stand for
    the activations that the kernel has not come to yet. Without `sizes` the size is not derived.
    """
    size = len(kernel)
    feature_map = convolve(image, kernel, 0, stride, padding)
    count, value, scale = len(feature_map), feature_map[row, column], extremes(feature_map, signed=True)
    feature_map.flat[row * count + column + 1 :] = np.nan
    padded = np.pad(image, zeros_around(len(image), size, stride, padding))
    top, left = row * stride, column * stride
    pixels = padded[top : top + size, left : left + size]
    products = pixels * kernel

    columns, rows = len(padded) + size + count, max(len(padded), 2 * size + 1.2)
    cell = min(0.44, 6.8 / columns, 4.6 / rows)  # inches, as all that follows
    width, height = 8.0, rows * cell + (1.5 if sizes else 1.25)
    gap = (width - columns * cell) / 4
    middle = 2 * gap + len(padded) * cell
    zeros = ", with zeros around it" if len(padded) > len(image) else ""
    tables = {
        f"image {len(image)}×{len(image)}{zeros}": (gap, 0, padded, extremes(image)),
        "kernel": (middle, 0, kernel, extremes(kernel, signed=True)),
        "products": (middle, (size + 1.2) * cell, products, extremes(products, signed=True)),
        f"feature map {count}×{count}": (middle + gap + size * cell, 0, feature_map, scale),
    }
    figure = plt.figure(figsize=(width, height), layout="none")  # each frame of an animation alike
    for name, (x, y, table, shades) in tables.items():
        side = len(table) * cell
        axis = figure.add_axes((x / width, 1 - (0.85 + y + side) / height, side / width, side / height))
        shaded_numbers(axis, table, shades, name, min(10, 24 * cell))
    factors = [f"({as_text(weight)})" if weight < 0 else as_text(weight) for weight in kernel.flat]
    written = [f"{as_text(pixel)}·{factor}" for pixel, factor in zip(pixels.flat, factors, strict=True)]
    if max(map(len, written)) <= 6:  # a longer one doesn't fit its cell
        for text, product in zip(figure.axes[2].texts, written, strict=True):
            text.set(text=product, size=min(8, 19 * cell))
    _mark_window(figure.axes[0], len(image), size, (row, column), stride, padding)
    frame(figure.axes[3], row, column, 1, 1)

    terms = f"{as_text(*products.flat)} = " if size <= 3 else ""
    total = f"Sum of the products: {terms}{as_text(value)}"
    y = 0.34 if sizes else 0.09
    figure.text(0.02, y / height, total, fontsize=11, color=HIGHLIGHT, fontweight="bold", va="bottom")
    line = f"Size: {size_arithmetic(len(image), size, stride, padding)}"
    figure.text(0.02, 0.06 / height, line if sizes else "", fontsize=10, va="bottom")
    return titled(figure, title)


def size_arithmetic(size: int, kernel: int, stride: int, padding: str) -> str:
    """The size of a feature map as a line of arithmetic, and how much is never seen."""
    zeros = sum(zeros_around(size, kernel, stride, padding))
    pixels = f"{size} + {zeros}" if zeros else f"{size}"
    line = f"⌊({pixels} − {kernel}) / {stride}⌋ + 1 = {output_size(size, kernel, stride, padding)}"
    count = len(unseen(size, kernel, stride, padding))
    plural = "s" if count > 1 else ""
    return line + (f"; {count} row{plural} and {count} column{plural} are never seen" if count else "")


def channel_sums(window: np.ndarray, kernel: np.ndarray, bias: float, title="") -> plt.Figure:
    """One activation, from three channels of `window` and `kernel`, shape (size, size, 3)."""
    products = window * kernel
    scales = (0, 255), extremes(kernel, signed=True), extremes(products, signed=True)
    sums = products.sum(axis=(0, 1))
    rows, columns = ["red", "green", "blue"], ["window", "kernel", "products"]
    figure = panels(columns + [""] * 9, 4, 1.93, title, rows=rows, width_ratios=(1, 1, 1, 1.1))
    for channel, axes in enumerate(np.reshape(figure.axes, (3, 4))):
        for axis, table, scale in zip(axes, (window, kernel, products), scales, strict=False):
            shaded_numbers(axis, table[..., channel], scale)
        for axis, sign in zip(axes[1:], "×=", strict=False):
            axis.text(-0.13, 0.5, sign, transform=axis.transAxes, va="center", ha="right", size=15)
        axes[3].axis("off")
        axes[3].text(0.05, 0.5, f"sum {as_text(sums[channel])}", va="center", size=12)
    total = f"{as_text(*sums, bias)} = {as_text(sums.sum() + bias)}    (red, green, blue, bias)"
    figure.supxlabel(total, color=HIGHLIGHT, fontsize=12, fontweight="bold")
    return figure


def _mark_window(axis: plt.Axes, length: int, size: int, place: tuple, stride: int, padding: str) -> None:
    """Frame the window of `place`, hatch what no window reaches, dash a line between image and zeros."""
    zeros = zeros_around(length, size, stride, padding)
    begin = zeros[0] - 0.5
    if any(zeros):
        axis.add_patch(plt.Rectangle((begin, begin), length, length, fill=False, ec="C0", ls="--", lw=2))
    for pixel in unseen(length, size, stride, padding):
        for span in axis.axhspan, axis.axvspan:
            span(begin + pixel, begin + pixel + 1, facecolor="none", edgecolor="#999999", hatch="////", lw=0)
    frame(axis, place[0] * stride, place[1] * stride, size, size)
