"""The figures of the lessons: one function for each kind, each returns a matplotlib `Figure`.

Lessons switch the common look on with `plt.style.use("helpers.lessons")` and display a figure with `show`.
Images are uint8 arrays of shape (n, height, width, 3), labels integers of shape (n,).
"""

import base64
import io
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from helpers.convolution import convolve, output_size, unseen, zeros_around

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import DisplayHandle, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator, PercentFormatter
from PIL import Image

HIGHLIGHT = "#D55E00"  # Okabe and Ito's vermilion, also readable on gray


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


def show_animation(frames: Iterable[Figure], alt: str, seconds: float = 0.7) -> None:
    """Display figures of one size one after another, `seconds` each, three times; `alt` describes them.

    The last one stays longer, so that it can be read, and then for good: what moves for ever disturbs reading
    (WCAG 2.2.2).

    They are stored as one animated PNG, which JupyterLab, GitHub and browsers play without a kernel. What
    can't play it, such as paper, shows the first frame.
    """
    images = [Image.open(io.BytesIO(png_bytes(frame))).convert("RGB") for frame in frames]
    palette = images[len(images) // 2].quantize(64)  # one for all frames takes a third of the bytes
    palette.putpalette([255 if level >= 245 else level for level in palette.getpalette()])  # white
    first, *others = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    file = io.BytesIO()
    durations = [int(1000 * seconds)] * len(others) + [4000]
    first.save(file, "PNG", save_all=True, append_images=others, duration=durations, loop=3)
    show_png(file.getvalue(), alt)


def png_bytes(figure: Figure) -> bytes:
    """`figure` as a PNG file, in its own size; closes it."""
    file = io.BytesIO()
    with plt.rc_context({"savefig.bbox": "standard"}):
        figure.savefig(file)
    plt.close(figure)
    return file.getvalue()


def show_png(png: bytes, alt: str, **others) -> None:
    """Display a PNG file with its description, and with `others`: the same thing in other MIME types."""
    data = {"image/png": base64.b64encode(png).decode(), "text/plain": alt} | others
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)


# --- Checks (lesson 01) ----------------------------------------------------------------------------


def check_marks(marks: Mapping[str, Sequence[bool | None]], names: Sequence[str], title: str = "") -> Figure:
    """A row for each machine, a column for each check: passed (True), failed (False) or not judged (None)."""
    symbols = {True: ("✓", "#0072B2"), False: ("✗", HIGHLIGHT), None: ("–", "#767676")}
    figure, axis = plt.subplots(figsize=(8, 4.6))
    for row, results in enumerate(marks.values()):
        for column, result in enumerate(results):
            symbol, color = symbols[result]
            axis.text(column, row, symbol, color=color, size=14, ha="center", va="center")
    labels = [name.replace(" ", "\n").replace("_", "_\n") for name in names]
    axis.set_xticks(range(len(names)), labels, size=9)
    axis.set_yticks(range(len(marks)), marks)
    axis.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(marks) - 0.5, -0.5), title=title)
    return figure


# --- Images (lesson 02) --------------------------------------------------------------------------


def image_grid(
    images: Sequence[np.ndarray], titles: Sequence[str] = (), title: str = "", columns: int = 10
) -> Figure:
    """Images in rows, each with its title above it."""
    rows = -(-len(images) // columns)
    title_lines = max((text.count("\n") + 1 for text in titles), default=0)
    figure, axes = plt.subplots(
        rows, columns, figsize=(8, rows * (7.6 / columns + 0.2 * title_lines) + 0.4), squeeze=False
    )
    for axis in axes.flat:
        axis.axis("off")
    for index, (axis, image) in enumerate(zip(axes.flat, images, strict=False)):
        axis.imshow(image)
        if titles:
            axis.set_title(titles[index], fontsize=9, fontweight="normal", loc="center", pad=3)
    _title(figure, title)
    return figure


def images_by_class(
    x: np.ndarray, y: np.ndarray, class_names: Sequence[str], title: str = "", each: int = 10
) -> Figure:
    """One row a class, with its first `each` images."""
    classes = len(class_names)
    figure, axes = plt.subplots(classes, 1, figsize=(8, classes * 0.68 + 0.4), squeeze=False)
    for label, axis in enumerate(axes.flat):
        row = x[np.flatnonzero(y == label)[:each]]
        strip = np.full((x.shape[1], each * (x.shape[2] + 2), 3), 255, np.uint8)
        for index, image in enumerate(row):
            left = index * (x.shape[2] + 2)
            strip[:, left : left + x.shape[2]] = image
        axis.imshow(strip)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        axis.set_ylabel(class_names[label], rotation=0, ha="right", va="center")
    _title(figure, title)
    return figure


def class_counts(labels: Mapping[str, np.ndarray], class_names: Sequence[str], title: str = "") -> Figure:
    """Bars of the number of images by class, one group of bars for each named array of labels."""
    figure, axis = plt.subplots()
    width = 0.8 / len(labels)
    hatches = ["", "//", ".."]  # tell the sets apart without color
    for index, (name, y) in enumerate(labels.items()):
        counts = np.bincount(y, minlength=len(class_names))
        places = np.arange(len(class_names)) + (index - (len(labels) - 1) / 2) * width
        axis.bar(places, counts, width, label=name, hatch=hatches[index % 3], edgecolor="white")
    axis.set_xticks(range(len(class_names)), class_names, rotation=30, ha="right")
    axis.set(ylabel="images", title=title)
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def pixel_histogram(x: np.ndarray, title: str = "") -> Figure:
    """How often each value 0 to 255 occurs in the three channels of images `x`."""
    figure, axis = plt.subplots()
    styles = [("red", "#D55E00", "-"), ("green", "#009E73", "--"), ("blue", "#0072B2", ":")]
    for channel, (name, color, line) in enumerate(styles):
        counts = np.bincount(x[..., channel].ravel(), minlength=256)
        axis.plot(counts / counts.sum(), color=color, linestyle=line, label=name)
    axis.set(xlabel="pixel value", ylabel="share of the pixels", title=title, xlim=(-3, 258))
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    axis.legend(loc="upper left")
    return figure


# --- Convolution and pooling (lesson 03) -----------------------------------------------------------

GRAY = "#767676"
NEVER_SEEN = "#999999"  # hatches over pixels that no window reaches


def number_tables(
    tables: Mapping[str, np.ndarray],
    title: str = "",
    windows: Mapping[str, tuple[int, int, int, int]] | None = None,
    same_scale: bool = False,
    signed: bool = False,
    columns: int = 6,
) -> Figure:
    """Matrices as shaded tables of numbers, `columns` in a row; each has its own scale unless `same_scale`.

    With `signed` 0 is the gray in the middle. `windows` frames a part of a table: top, left, height, width.
    """
    cell = 0.48  # inches
    all_numbers = np.concatenate([table.ravel() for table in tables.values()])
    together = _span(all_numbers, signed) if same_scale else None
    columns = min(columns, len(tables))
    shapes = np.array([table.shape for table in tables.values()])
    widths = [shapes[column::columns, 1].max() for column in range(columns)]
    heights = [shapes[first : first + columns, 0].max() for first in range(0, len(shapes), columns)]
    figure, axes = plt.subplots(
        len(heights),
        columns,
        figsize=(sum(widths) * cell + 0.7 * columns, sum(heights) * cell + 0.4 * len(heights) + 0.5),
        width_ratios=widths,
        height_ratios=heights,
        squeeze=False,
    )
    for axis in axes.flat[len(tables) :]:
        axis.axis("off")
    for axis, (name, table) in zip(axes.flat, tables.items(), strict=False):
        _shaded_numbers(
            axis, table, together or _span(table, signed), 10 if np.abs(table).max() < 100 else 8.5
        )
        axis.set_title(name, fontsize=11, fontweight="normal")
        if windows and name in windows:
            _frame(axis, *windows[name])
    _title(figure, title)
    return figure


def _shaded_numbers(axis: Axes, table: np.ndarray, scale: tuple[float, float], size: float = 10) -> None:
    """Draw `table` in grays from the smaller number of `scale` to the larger; NaN is a dot."""
    low, high = scale
    span = (high - low) or 1.0
    # Not quite black, so that the numbers stay readable.
    axis.imshow(table, cmap="gray", vmin=low - span / 4, vmax=low + span)
    for (row, column), value in np.ndenumerate(table):
        color = "white" if (value - low) / span <= 0.25 else "black"
        axis.text(column, row, _number(value), ha="center", va="center", color=color, fontsize=size)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(True)


def _span(table: np.ndarray, signed: bool = False) -> tuple[float, float]:
    """The numbers to draw darkest and brightest: the extremes, with `signed` so that 0 is in the middle."""
    largest = float(np.nanmax(np.abs(table))) or 1.0
    return (-largest, largest) if signed else (float(np.nanmin(table)), float(np.nanmax(table)))


def _number(value: float) -> str:
    if np.isnan(value):
        return "\N{MIDDLE DOT}"
    # 0.0 added makes 0 of -0, which products of floats can be.
    return f"{value + 0.0:.4g}".replace("-", "\N{MINUS SIGN}")


def _frame(axis: Axes, top: int, left: int, height: int, width: int) -> None:
    frame = Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor=HIGHLIGHT, linewidth=2.5)
    frame.set_path_effects([withStroke(linewidth=5, foreground="white")])  # also seen on gray, in gray print
    axis.add_patch(frame)


def image_as_numbers(image: np.ndarray, top: int, left: int, size: int = 10, title: str = "") -> Figure:
    """An image, shape (height, width, 3), and a square of `size` pixels of its first channel as numbers."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 4.9), width_ratios=(1, 1.75))
    axes[0].imshow(image)
    axes[0].axis("off")
    _frame(axes[0], top, left, size, size)
    axes[0].set_title("the image", fontsize=11, fontweight="normal")
    values = image[top : top + size, left : left + size, 0]
    _shaded_numbers(axes[1], values, (0, 255))
    axes[1].set_title("the framed part, red channel", fontsize=11, fontweight="normal")
    _title(figure, title)
    return figure


def window(
    image: np.ndarray,
    kernel: np.ndarray,
    row: int,
    column: int,
    stride: int = 1,
    padding: str = "valid",
    title: str = "",
    bare: bool = False,
) -> Figure:
    """The kernel at one place: its window, the products, and their sum at `row`, `column` of the feature map.

    image: shape (height, width); kernel: shape (size, size), a square. Pixels that no window reaches are
    hatched. Below stands the sum of the products, and the arithmetic of the size. With `bare` dots stand for
    the numbers of the feature map after this one, as if the kernel had not come there yet.
    """
    size = len(kernel)
    feature_map = convolve(image, kernel, 0, stride, padding)
    padded, zeros = _padded(image, size, stride, padding)
    top, left = row * stride, column * stride
    products = padded[top : top + size, left : left + size] * kernel
    shown = feature_map.copy()
    if bare:
        shown.ravel()[row * shown.shape[1] + column + 1 :] = np.nan

    rows = max(len(padded), 2 * size + 1.2)
    columns = padded.shape[1] + size + feature_map.shape[1]
    cell = min(0.44, 6.8 / columns, 4.6 / rows)  # inches
    width, height = 8.0, rows * cell + 1.5
    figure = plt.figure(figsize=(width, height), layout="none")  # each frame of an animation alike
    gap = (width - columns * cell) / 4

    def table(values, x, y, name, scale=None):
        """`x` from the left and `y` from the top of the tables, in inches."""
        h, w = values.shape
        box = (x / width, 1 - (0.85 + y + h * cell) / height, w * cell / width, h * cell / height)
        axis = figure.add_axes(box)
        _shaded_numbers(axis, values, scale or _span(values, signed=True), size=min(10, 24 * cell))
        axis.set_title(name, fontsize=10, fontweight="normal", loc="center", pad=4)
        return axis

    name = f"image {image.shape[0]}×{image.shape[1]}" + (", with zeros around it" if any(zeros) else "")
    left_axis = table(padded, gap, 0, name, scale=_span(image))
    _mark_zeros(left_axis, image, zeros)
    _mark_never_seen(left_axis, image, zeros[0], size, stride, padding)
    _frame(left_axis, top, left, size, size)
    x = gap * 2 + padded.shape[1] * cell
    table(kernel, x, 0, "kernel")
    table(products, x, (size + 1.2) * cell, "products")
    x += gap + size * cell
    right_axis = table(
        shown, x, 0, f"feature map {'×'.join(map(str, shown.shape))}", scale=_span(feature_map, signed=True)
    )
    _frame(right_axis, row, column, 1, 1)

    terms = " + ".join(_number(product) for product in products.ravel()) + " = " if size <= 3 else ""
    total = f"Sum of the products: {terms}{_number(feature_map[row, column])}".replace(
        "+ \N{MINUS SIGN}", "\N{MINUS SIGN} "
    )
    figure.text(0.02, 0.34 / height, total, fontsize=11, color=HIGHLIGHT, fontweight="bold", va="bottom")
    sizes = f"Size: {size_arithmetic(image.shape[1], size, stride, padding)}"
    figure.text(0.02, 0.06 / height, sizes, fontsize=10, va="bottom")
    _title(figure, title)
    return figure


def size_arithmetic(size: int, kernel: int, stride: int, padding: str) -> str:
    """The size of a feature map as a line of arithmetic, and how much is never seen."""
    result = output_size(size, kernel, stride, padding)
    line = f"{size} / {stride}, rounded up = {result}"
    if padding == "valid":
        line = f"({size} \N{MINUS SIGN} {kernel}) // {stride} + 1 = {result}"
    count = len(unseen(size, kernel, stride, padding))
    plural = "s" if count > 1 else ""
    return line + (f"; {count} row{plural} and {count} column{plural} are never seen" if count else "")


def _padded(image: np.ndarray, size: int, stride: int, padding: str) -> tuple[np.ndarray, tuple[int, int]]:
    zeros = zeros_around(image.shape[0], size, stride) if padding == "same" else (0, 0)
    return np.pad(image, zeros), zeros


def _mark_zeros(axis: Axes, image: np.ndarray, zeros: tuple[int, int]) -> None:
    """A dashed line around the image itself, within the zeros."""
    if any(zeros):
        corner = (zeros[0] - 0.5, zeros[0] - 0.5)
        axis.add_patch(Rectangle(corner, *image.shape[::-1], fill=False, edgecolor="#0072B2", ls="--", lw=2))


def _mark_never_seen(axis: Axes, image: np.ndarray, zeros: int, size: int, stride: int, padding: str) -> None:
    """Hatch the rows and columns of the image that no window reaches."""
    height, width = image.shape
    hatch = {"facecolor": "none", "edgecolor": NEVER_SEEN, "hatch": "////", "linewidth": 0}
    for row in unseen(height, size, stride, padding):
        axis.add_patch(Rectangle((zeros - 0.5, row + zeros - 0.5), width, 1, **hatch))
    for column in unseen(width, size, stride, padding):
        axis.add_patch(Rectangle((column + zeros - 0.5, zeros - 0.5), 1, height, **hatch))


def windows_strip(
    image: np.ndarray,
    kernel: np.ndarray,
    settings: Sequence[tuple[int, str]],
    title: str = "",
) -> Figure:
    """Key moments of the sliding kernel, a row for each stride and padding: first, next, next row, last."""
    figure, axes = plt.subplots(len(settings), 4, figsize=(8, 2.25 * len(settings) + 0.5), squeeze=False)
    for axes_row, (stride, padding) in zip(axes, settings, strict=True):
        feature_map = convolve(image, kernel, 0, stride, padding)
        padded, zeros = _padded(image, len(kernel), stride, padding)
        rows, columns = feature_map.shape
        moments = {
            "first": (0, 0),
            "next": (0, min(1, columns - 1)),
            "next row": (min(1, rows - 1), 0),
            "last": (rows - 1, columns - 1),
        }
        for axis, (moment, (row, column)) in zip(axes_row, moments.items(), strict=True):
            _shaded_numbers(axis, padded, _span(image), size=8)
            _mark_zeros(axis, image, zeros)
            _mark_never_seen(axis, image, zeros[0], len(kernel), stride, padding)
            _frame(axis, row * stride, column * stride, *kernel.shape)
            name = f"{moment}: {_number(feature_map[row, column])}"
            axis.set_title(name, fontsize=10, fontweight="normal", loc="center")
        axes_row[0].set_ylabel(
            f"stride {stride}\n{padding}", rotation=0, ha="right", va="center", fontsize=10
        )
    _title(figure, title)
    return figure


def places(image: np.ndarray, kernel: np.ndarray, stride: int = 1, padding: str = "valid") -> list:
    """All rows and columns of the feature map, in the order in which the kernel comes to them."""
    return list(np.ndindex(convolve(image, kernel, 0, stride, padding).shape))


def channel_sums(window: np.ndarray, kernel: np.ndarray, bias: float, title: str = "") -> Figure:
    """One number of a feature map, from three channels: window, kernel, products and sum of each.

    window, kernel: shape (size, size, 3).
    """
    figure, axes = plt.subplots(3, 4, figsize=(8, 6.2), width_ratios=(1, 1, 1, 1.1))
    sums = (window * kernel).sum(axis=(0, 1))
    for channel, (name, row) in enumerate(zip(("red", "green", "blue"), axes, strict=True)):
        tables = {"window": window, "kernel": kernel, "products": window * kernel}
        for axis, (heading, table) in zip(row, tables.items(), strict=False):
            _shaded_numbers(
                axis, table[..., channel], (0, 255) if heading == "window" else _span(table, True)
            )
            if channel == 0:
                axis.set_title(heading, fontsize=11, fontweight="normal", loc="center")
        for axis, sign in zip(row[1:], ("×", "="), strict=False):
            axis.text(-0.13, 0.5, sign, transform=axis.transAxes, ha="right", va="center", fontsize=15)
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=11)
        row[3].axis("off")
        row[3].text(
            0.05, 0.5, f"sum {_number(sums[channel])}", transform=row[3].transAxes, va="center", fontsize=12
        )
    total = sums.sum() + bias
    terms = " + ".join(_number(number) for number in [*sums, bias]).replace(
        "+ \N{MINUS SIGN}", "\N{MINUS SIGN} "
    )
    figure.supxlabel(
        f"{terms} = {_number(total)}    (red, green, blue, bias)",
        color=HIGHLIGHT,
        fontsize=12,
        fontweight="bold",
    )
    _title(figure, title)
    return figure


def kernel_steps(
    kernels: Sequence[np.ndarray], losses: Sequence[float], steps: Sequence[int], title: str = ""
) -> Figure:
    """A kernel at some steps of a gradient descent, as tables, above the loss after each step."""
    figure = plt.figure(figsize=(8, 4.4))
    upper, lower = figure.subfigures(2, 1, height_ratios=(1.15, 1))
    for axis, step in zip(upper.subplots(1, len(steps)), steps, strict=True):
        _shaded_numbers(axis, np.round(kernels[step], 2), (-1, 1))
        axis.set_title(f"step {step}", fontsize=10, fontweight="normal", loc="center")
    axis = lower.subplots()
    axis.plot(losses)
    axis.plot(steps, [losses[step] for step in steps], "o", color=HIGHLIGHT)
    axis.set(xlabel="step", ylabel="loss", ylim=(0, None))
    _title(figure, title)
    return figure


def maps(
    arrays: Mapping[str, np.ndarray],
    title: str = "",
    columns: int = 4,
    same_scale: bool = False,
    zero_is_gray: bool = False,
) -> Figure:
    """Images or feature maps side by side; a map of shape (height, width) is drawn from black to white.

    A uint8 map is drawn from 0 to 255. Any other has its own scale, unless `same_scale`; with `zero_is_gray`
    0 is the gray in the middle of the scale.
    """
    columns = min(columns, len(arrays))
    rows = -(-len(arrays) // columns)
    first = next(iter(arrays.values()))
    height = 8 / columns * first.shape[0] / first.shape[1] + 0.35
    figure, axes = plt.subplots(rows, columns, figsize=(8, rows * height + 0.4), squeeze=False)
    flat = np.concatenate([array.ravel() for array in arrays.values() if array.ndim == 2] or [np.zeros(1)])
    for axis in axes.flat[len(arrays) :]:
        axis.axis("off")
    for axis, (name, array) in zip(axes.flat, arrays.items(), strict=False):
        low, high = _gray_scale(flat if same_scale else array, zero_is_gray)
        axis.imshow(array, vmin=low, vmax=high)
        axis.set_title(name, fontsize=10, fontweight="normal", loc="center")
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set(visible=True, color=GRAY, linewidth=0.8)  # white at a border is not the page's
    _title(figure, title)
    return figure


def _gray_scale(values: np.ndarray, zero_is_gray: bool) -> tuple[float, float]:
    """The numbers that are drawn black and white."""
    if values.dtype == np.uint8:
        return 0, 255
    if zero_is_gray:
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
        color = "#56B4E9" if is_map else "#E69F00"
        corner = (place - width / 2, -height / 2)
        axis.add_patch(Rectangle(corner, width, height, facecolor=color, edgecolor="black"))
        axis.text(place, 0.55, name, ha="center", va="bottom", fontsize=10)
        axis.text(place, -0.55, "×".join(map(str, shape)), ha="center", va="top", fontsize=9)
    axis.set(xlim=(-0.55, len(shapes) - 0.45), ylim=(-0.8, 0.8), title=title, aspect="equal")
    axis.axis("off")
    return figure


def receptive_fields(
    image: np.ndarray, fields: Mapping[str, tuple[int, int, int, int]], title: str = ""
) -> Figure:
    """Squares on the image, each what one number of a layer sees: top, left, height, width."""
    figure, axes = plt.subplots(1, len(fields), figsize=(8, 8 / len(fields) + 0.8), squeeze=False)
    for axis, (name, (top, left, height, width)) in zip(axes.flat, fields.items(), strict=True):
        axis.imshow(_dimmed_outside(image, top, left, height, width))
        _frame(axis, top, left, height, width)
        axis.set_title(f"{name}\n{height}×{width}", fontsize=10, fontweight="normal", loc="center")
        axis.axis("off")
    _title(figure, title)
    return figure


def _dimmed_outside(image: np.ndarray, top: int, left: int, height: int, width: int) -> np.ndarray:
    dimmed = (0.35 * image + 0.65 * 255).astype(np.uint8)
    inside = np.s_[top : top + height, left : left + width]
    dimmed[inside] = image[inside]
    return dimmed


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


def kernel_images(kernels: Mapping[str, np.ndarray], title: str = "", columns: int = 8) -> Figure:
    """Kernels on color images, as small images; each name with an array of shape (size, size, 3, n).

    Gray is 0. Each kernel has its own scale: its largest number, without the sign, is full color.
    """
    figure, axes = plt.subplots(1, len(kernels), figsize=(8, 2.6), squeeze=False)
    for axis, (name, stack) in zip(axes.flat, kernels.items(), strict=True):
        scaled = 0.5 + 0.5 * stack / np.abs(stack).max(axis=(0, 1, 2))
        axis.imshow(_mosaic(np.moveaxis(scaled, -1, 0), columns, gap=1, empty=1.0))
        axis.set_title(name, fontsize=11, fontweight="normal")
        axis.axis("off")
    figure.get_layout_engine().set(wspace=0.12)
    _title(figure, title)
    return figure


def _mosaic(tiles: np.ndarray, columns: int, gap: int, empty: float) -> np.ndarray:
    """Tiles of shape (n, height, width, …) in rows, with gaps of the value `empty` between them."""
    count, height, width = tiles.shape[:3]
    rows = -(-count // columns)
    mosaic = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, *tiles.shape[3:]), empty)
    for place, tile in enumerate(tiles):
        top, left = place // columns * (height + gap), place % columns * (width + gap)
        mosaic[top : top + height, left : left + width] = tile
    return mosaic


# --- Prediction (lesson 06) ------------------------------------------------------------------------


def predictions(
    images: Sequence[np.ndarray],
    probabilities: np.ndarray,
    class_names: Sequence[str],
    titles: Sequence[str],
    title: str = "",
) -> Figure:
    """Each image beside a bar chart of its probabilities, shape (n, classes); the largest stands out."""
    count, classes = probabilities.shape
    figure, axes = plt.subplots(
        count, 2, figsize=(8, count * max(1.6, 0.22 * classes) + 0.4), width_ratios=(1, 2.4), squeeze=False
    )
    for (left, right), image, row, text in zip(axes, images, probabilities, titles, strict=True):
        left.imshow(image)
        left.axis("off")
        left.set_title(text, fontsize=10, fontweight="normal", loc="center")
        colors = [HIGHLIGHT if label == row.argmax() else "#999999" for label in range(classes)]
        right.barh(range(classes), row, color=colors)
        right.set_yticks(range(classes), class_names, fontsize=9)
        right.invert_yaxis()
        right.set(xlim=(0, 1.12))
        right.xaxis.set_major_formatter(PercentFormatter(1))
        right.set_xticks([0, 0.25, 0.5, 0.75, 1])
        right.text(row.max() + 0.01, row.argmax(), f"{row.max():.0%}", va="center", fontsize=9)
    _title(figure, title)
    return figure


def feature_map_mosaics(layers: Mapping[str, np.ndarray], title: str = "", each: int = 16) -> Figure:
    """The `each` feature maps of each layer that answer most strongly; shape (height, width, maps), from 0.

    Black is 0, white the largest number of the layer.
    """
    figure, axes = plt.subplots(len(layers), 1, figsize=(8, 1.45 * len(layers) + 0.5), squeeze=False)
    for axis, (name, stack) in zip(axes.flat, layers.items(), strict=True):
        brightest = stack.max() or 1.0
        strongest = np.argsort(-stack.max(axis=(0, 1)), kind="stable")[:each]
        tiles = np.moveaxis(stack[..., strongest], -1, 0) / brightest
        gap = max(1, stack.shape[0] // 15)
        axis.imshow(_mosaic(tiles, -(-each // 2), gap, empty=np.nan), vmin=0, vmax=1)
        height, width, count = stack.shape
        axis.set_ylabel(
            f"{name}\n{height}×{width}\n{min(each, count)} of {count}",
            rotation=0,
            ha="right",
            va="center",
            fontsize=10,
        )
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    _title(figure, title)
    return figure


def heat_maps(image: np.ndarray, heats: Mapping[str, np.ndarray], title: str = "") -> Figure:
    """An image, and beside it the same under heat maps, shape (height, width), 0 (dark) to 1 (as it is).

    A line goes around the pixels that are lit more than the median.
    """
    figure, axes = plt.subplots(1, len(heats) + 1, figsize=(8, 8 / (len(heats) + 1) + 0.5))
    axes[0].imshow(image)
    axes[0].set_title("the image", fontsize=10, fontweight="normal", loc="center")
    for axis, (name, heat) in zip(axes[1:], heats.items(), strict=True):
        axis.imshow((image * (0.15 + 0.85 * heat[..., None])).astype(np.uint8))
        axis.contour(heat, levels=[np.median(heat)], colors=[HIGHLIGHT], linewidths=2)
        axis.set_title(name, fontsize=10, fontweight="normal", loc="center")
    for axis in axes:
        axis.axis("off")
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


def reliability(tables: Mapping[str, pd.DataFrame], title: str = "") -> Figure:
    """Accuracy against confidence, and the share of the images, of tables by `evaluation.reliability`."""
    figure, axes = plt.subplots(1, len(tables), figsize=(8, 4.2), squeeze=False)
    for axis, (name, table) in zip(axes.flat, tables.items(), strict=True):
        filled = table[table["images"] >= 10]  # fewer say nothing
        share = table["images"] / table["images"].sum()
        width = table["high"][0] - table["low"][0]
        axis.bar(
            table["low"],
            share,
            width,
            align="edge",
            color="#DDDDDD",
            edgecolor="white",
            label="share of the images",
        )
        axis.plot([0, 1], [0, 1], color=GRAY, linestyle=":", linewidth=1.5, label="as sure as right")
        axis.plot(filled["confidence"], filled["accuracy"], marker="o", color="#0072B2", label="accuracy")
        axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", aspect="equal")
        axis.set_title(name, fontsize=11, fontweight="normal")
        for part in (axis.xaxis, axis.yaxis):
            part.set_major_formatter(PercentFormatter(1))
    axes.flat[0].legend(loc="upper left", fontsize=9)
    _title(figure, title)
    return figure


def curves_by_seed(
    panels: Mapping[str, Mapping[str, pd.DataFrame]],
    title: str = "",
    columns: int = 3,
    by: str = "epoch",
    log: bool = False,
) -> Figure:
    """A panel for each name, in it a line for each table: the mean by epoch, in a band of ± one deviation.

    Each table has a row an epoch (counted from 1), a column a seed. `by` names what the rows are, if it is
    something else, and `log` draws it on a logarithmic axis with a mark at each row.
    """
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(8, 2.9 * rows + 0.4), squeeze=False, sharex=True)
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for axis, (name, lines) in zip(axes.flat, panels.items(), strict=False):
        for label, table in lines.items():
            mean, deviation = table.mean(axis=1), table.std(axis=1).fillna(0)
            [line] = axis.plot(table.index, mean, label=label, marker="o" if log else "", markersize=4)
            axis.fill_between(
                table.index, mean - deviation, mean + deviation, color=line.get_color(), alpha=0.2
            )
        axis.set(xlabel=by)
        axis.set_title(name, fontsize=11, fontweight="normal")
        if log:
            axis.set_xscale("log")
            axis.set_xticks(table.index, [f"{value:,g}" for value in table.index])
            axis.minorticks_off()
        else:
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if max(len(lines) for lines in panels.values()) > 4:  # more would cover the lines
        figure.legend(
            *axes.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9
        )
    else:
        axes.flat[0].legend(fontsize=9)
    _title(figure, title)
    return figure


def heat_table(table: pd.DataFrame, title: str = "", marked: Sequence[tuple] = ()) -> Figure:
    """A shaded cell for each number of the table, higher is brighter, with the number in it.

    Rows and columns carry the names and values of the table's index and columns. `marked`: (row, column) of
    cells that get a frame.
    """
    rows, columns = table.shape
    figure, axis = plt.subplots(figsize=(min(8, 2.2 + 1.1 * columns), 1.3 + 0.42 * rows))
    values = table.to_numpy(dtype=float)
    low, high = np.nanmin(values), np.nanmax(values)
    axis.imshow(values, cmap="cividis", aspect="auto", vmin=low, vmax=high if high > low else low + 1)
    for (row, column), value in np.ndenumerate(values):
        dark = value < (low + high) / 2
        axis.text(column, row, f"{value:.3f}", ha="center", va="center", color="white" if dark else "black")
    for row, column in marked:
        corner = table.columns.get_loc(column) - 0.5, table.index.get_loc(row) - 0.5
        axis.add_patch(plt.Rectangle(corner, 1, 1, fill=False, edgecolor="#D55E00", linewidth=3))
    axis.set_xticks(range(columns), [f"{value:,g}" for value in table.columns])
    axis.set_yticks(range(rows), [f"{value:g}" for value in table.index])
    axis.set(xlabel=table.columns.name, ylabel=table.index.name)
    axis.grid(False)
    _title(figure, title)
    return figure


def accuracies_by_seed(tables: Mapping[str, pd.DataFrame], by: str, title: str = "") -> Figure:
    """A dot for each trained network and a line at each mean; one panel for each table.

    Each table has a row a network, with the columns `by` (what is compared) and `accuracy`.
    """
    rows = max(table[by].nunique() for table in tables.values())
    figure, axes = plt.subplots(1, len(tables), figsize=(8, 1.7 + 0.3 * rows), squeeze=False)
    for axis, (name, table) in zip(axes.flat, tables.items(), strict=True):
        groups = table.groupby(by, sort=False)["accuracy"]
        for place, (_, accuracies) in enumerate(groups):
            axis.plot(accuracies, np.full(len(accuracies), place), "o", color="#0072B2", alpha=0.6)
            if len(accuracies) > 1:
                axis.plot(accuracies.mean(), place, "|", color="black", markersize=22, markeredgewidth=2.5)
        axis.set_yticks(range(len(groups)), groups.groups)
        axis.set(ylim=(len(groups) - 0.5, -0.5), xlabel="accuracy")
        axis.set_title(name, fontsize=10, fontweight="normal")
        axis.xaxis.set_major_locator(MaxNLocator(4))
    _title(figure, title)
    return figure


def _title(figure: Figure, title: str) -> None:
    if title:
        figure.suptitle(
            "\n".join(textwrap.wrap(title, 90)), fontweight="bold", fontsize=12, x=0.01, ha="left"
        )
