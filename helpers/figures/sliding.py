"""A kernel that slides over an image, and where the numbers of a feature map come from."""

from helpers.convolution import convolve, output_size, unseen, zeros_around
from helpers.figures.drawing import HIGHLIGHT, as_text, extremes, frame, label, panels, shaded_numbers, titled

import matplotlib.pyplot as plt
import numpy as np
from numpy import ndarray as Array


def window(
    image: Array, kernel: Array, row: int, column: int, stride=1, padding="valid", title="", bare=False
) -> plt.Figure:
    """The kernel at one place: its window, the products, and their sum at `row`, `column` of the feature map.

    image: shape (height, width); kernel: shape (size, size), a square. Pixels that no window reaches are
    hatched. Below stands the sum of the products, and the arithmetic of the size. With `bare` dots stand for
    the numbers of the feature map after this one, as if the kernel had not come there yet.
    """
    size = len(kernel)
    feature_map = convolve(image, kernel, 0, stride, padding)
    value, scale = feature_map[row, column], extremes(feature_map, signed=True)
    if bare:
        feature_map.ravel()[row * feature_map.shape[1] + column + 1 :] = np.nan
    padded = np.pad(image, zeros_around(len(image), size, stride, padding))
    top, left = row * stride, column * stride
    products = padded[top : top + size, left : left + size] * kernel

    columns = padded.shape[1] + size + feature_map.shape[1]
    rows = max(len(padded), 2 * size + 1.2)
    cell = min(0.44, 6.8 / columns, 4.6 / rows)  # inches
    width, height = 8.0, rows * cell + 1.5
    gap = (width - columns * cell) / 4
    figure = plt.figure(figsize=(width, height), layout="none")  # each frame of an animation alike

    def table(numbers: Array, x: float, y: float, name: str, scale: tuple[float, float]) -> plt.Axes:
        """`x` from the left and `y` from the top of the tables, in inches."""
        h, w = np.multiply(numbers.shape, cell)
        axis = figure.add_axes((x / width, 1 - (0.85 + y + h) / height, w / width, h / height))
        shaded_numbers(axis, numbers, scale, name, min(10, 24 * cell))
        return axis

    x = 2 * gap + padded.shape[1] * cell
    zeros = ", with zeros around it" if padded.shape != image.shape else ""
    name = f"image {len(image)}×{image.shape[1]}{zeros}"
    image_axis = table(padded, gap, 0, name, extremes(image))
    _mark_window(image_axis, image, size, (row, column), stride, padding)
    table(kernel, x, 0, "kernel", extremes(kernel, signed=True))
    table(products, x, (size + 1.2) * cell, "products", extremes(products, signed=True))
    name = f"feature map {len(feature_map)}×{feature_map.shape[1]}"
    frame(table(feature_map, x + gap + size * cell, 0, name, scale), row, column, 1, 1)

    terms = f"{_sum(products.ravel())} = " if size <= 3 else ""
    total = f"Sum of the products: {terms}{as_text(value)}"
    figure.text(0.02, 0.34 / height, total, fontsize=11, color=HIGHLIGHT, fontweight="bold", va="bottom")
    sizes = f"Size: {size_arithmetic(image.shape[1], size, stride, padding)}"
    figure.text(0.02, 0.06 / height, sizes, fontsize=10, va="bottom")
    return titled(figure, title)


def windows_strip(image: Array, kernel: Array, settings: list[tuple[int, str]], title="") -> plt.Figure:
    """Key moments of the sliding kernel, a row for each stride and padding: first, next, next row, last."""
    figure = panels([""] * 4 * len(settings), 4, 2.3, title)
    for axes, (stride, padding) in zip(np.reshape(figure.axes, (-1, 4)), settings, strict=True):
        feature_map = convolve(image, kernel, 0, stride, padding)
        padded = np.pad(image, zeros_around(len(image), len(kernel), stride, padding))
        last = np.subtract(feature_map.shape, 1)
        moments = {"first": (0, 0), "next": (0, 1), "next row": (1, 0), "last": last}
        for axis, (moment, place) in zip(axes, moments.items(), strict=True):
            place = tuple(np.minimum(place, last))  # a map may be one row or one column
            shaded_numbers(axis, padded, extremes(image), f"{moment}: {as_text(feature_map[place])}", 8)
            _mark_window(axis, image, len(kernel), place, stride, padding)
        label(axes[0], f"stride {stride}\n{padding}")
    return figure


def places(image: Array, kernel: Array, stride=1, padding="valid") -> list[tuple[int, int]]:
    """All rows and columns of the feature map, in the order in which the kernel comes to them."""
    return list(np.ndindex(convolve(image, kernel, 0, stride, padding).shape))


def size_arithmetic(size: int, kernel: int, stride: int, padding: str) -> str:
    """The size of a feature map as a line of arithmetic, and how much is never seen."""
    valid = padding == "valid"
    line = f"({size} − {kernel}) // {stride} + 1" if valid else f"{size} / {stride}, rounded up"
    line += f" = {output_size(size, kernel, stride, padding)}"
    count = len(unseen(size, kernel, stride, padding))
    plural = "s" if count > 1 else ""
    return line + (f"; {count} row{plural} and {count} column{plural} are never seen" if count else "")


def channel_sums(window: Array, kernel: Array, bias: float, title="") -> plt.Figure:
    """One number of a feature map, from three channels: window, kernel, products and sum of each.

    window, kernel: shape (size, size, 3).
    """
    headings = ["window", "kernel", "products"] + [""] * 9
    figure = panels(headings, 4, 1.93, title, width_ratios=(1, 1, 1, 1.1))
    products = window * kernel
    sums = products.sum(axis=(0, 1))
    for channel, axes in enumerate(np.reshape(figure.axes, (3, 4))):
        scales = (0, 255), extremes(kernel, signed=True), extremes(products, signed=True)
        for axis, table, scale in zip(axes, (window, kernel, products), scales, strict=False):
            shaded_numbers(axis, table[..., channel], scale)
        label(axes[0], ("red", "green", "blue")[channel])
        for axis, sign in zip(axes[1:], "×=", strict=False):
            axis.text(-0.13, 0.5, sign, transform=axis.transAxes, va="center", ha="right", size=15)
        axes[3].axis("off")
        axes[3].text(0.05, 0.5, f"sum {as_text(sums[channel])}", va="center", size=12)
    total = f"{_sum([*sums, bias])} = {as_text(sums.sum() + bias)}    (red, green, blue, bias)"
    figure.supxlabel(total, color=HIGHLIGHT, fontsize=12, fontweight="bold")
    return figure


def kernel_steps(kernels: list, losses: list[float], steps: list[int], title="") -> plt.Figure:
    """A kernel at some steps of a gradient descent, as tables, above the loss after each step."""
    figure, axes = plt.subplot_mosaic(
        [list(steps), ["loss"] * len(steps)], figsize=(8, 4.4), height_ratios=(1.15, 1)
    )
    for step in steps:
        shaded_numbers(axes[step], np.round(kernels[step], 2), (-1, 1), f"step {step}", 9)
    axes["loss"].plot(losses)
    axes["loss"].plot(steps, [losses[step] for step in steps], "o", color=HIGHLIGHT)
    axes["loss"].set(xlabel="step", ylabel="loss", ylim=(0, None))
    return titled(figure, title)


def _mark_window(axis: plt.Axes, image: Array, size: int, place: tuple, stride: int, padding: str) -> None:
    """Frame the window of `place`, hatch what no window reaches, dash a line between image and zeros."""
    zeros = zeros_around(len(image), size, stride, padding)
    begin, (height, width) = zeros[0] - 0.5, image.shape
    if any(zeros):
        axis.add_patch(plt.Rectangle((begin, begin), width, height, fill=False, ec="C0", ls="--", lw=2))
    hatch = {"facecolor": "none", "edgecolor": "#999999", "hatch": "////", "linewidth": 0}
    for row in unseen(height, size, stride, padding):
        axis.add_patch(plt.Rectangle((begin, begin + row), width, 1, **hatch))
    for column in unseen(width, size, stride, padding):
        axis.add_patch(plt.Rectangle((begin + column, begin), 1, height, **hatch))
    frame(axis, place[0] * stride, place[1] * stride, size, size)


def _sum(numbers) -> str:
    return " + ".join(map(as_text, numbers)).replace("+ −", "− ")
