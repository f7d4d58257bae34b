"""Images and what a network makes of them: their classes and colors, maps, kernels, layers, what they see."""

from helpers.figures.drawing import SIGNED, extremes, frame, image_panels, mosaic, titled

import matplotlib.pyplot as plt
import numpy as np


def image_grid(images: list[np.ndarray], titles: list[str] = (), title="", columns=10) -> plt.Figure:
    """Images in rows, each with its title above it; without images, the words "there is none"."""
    if not len(images):  # Jupyter leaves a figure without axes out
        images, titles, columns = [np.full((1, 40, 3), 255, np.uint8)], ["there is none"], 1
    return image_panels(titles or [""] * len(images), images, columns, title)


def maps(arrays: dict, title="", columns=4, same_scale=False, zero_is_gray=False, windows=()) -> plt.Figure:
    """Images or feature maps side by side; a map of shape (height, width) is drawn from black to white.

    A uint8 map is drawn from 0 to 255. Any other has its own scale, unless `same_scale`; with `zero_is_gray`
    it goes from blue over gray at 0 to orange. windows: by the name, a frame: top, left, height, width.
    """
    figure = image_panels(arrays, list(arrays.values()), min(columns, len(arrays)), title)
    flat = np.concatenate([array.ravel() for array in arrays.values() if array.ndim == 2] or [np.zeros(1)])
    for axis, (name, array) in zip(figure.axes, arrays.items(), strict=True):
        values = flat if same_scale else array
        axis.images[0].set_clim((0, 255) if values.dtype == np.uint8 else extremes(values, zero_is_gray))
        axis.images[0].set_cmap(SIGNED if zero_is_gray and array.dtype != np.uint8 else "gray")
        if name in windows:
            frame(axis, *windows[name])
        axis.axis("on")
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set(visible=True, color="dimgray", lw=0.8)  # white at a border is not the page's
    return figure


def channel_stacks(rows: list[list[tuple]], title="") -> plt.Figure:
    """Rows of stacks of sheets, a sheet for each channel, with an arrow from one stack to the next.

    A stack is its label, the side of its sheets, their colors from the front, and how many there are of it.
    """
    figure, axes = plt.subplots(len(rows), 1, figsize=(8, 2.4 * len(rows)), squeeze=False)
    for axis, stacks in zip(axes.flat, rows, strict=True):
        for left, (label, side, colors, count) in zip(range(0, 99, 4), stacks, strict=False):
            for number, sheet in np.ndindex(count, len(colors)):
                sheet, away = len(colors) - 1 - sheet, 1.1 * side / max(len(colors), 8)
                corner = left + number % 8 * 1.5 * side, number // 8 * 1.5 * side
                corner = np.add(corner, sheet * away)
                axis.add_patch(plt.Rectangle(corner, side, side, fc=colors[sheet], ec="black", lw=0.6))
            axis.text(left, -0.15, label, va="top", fontsize=10)
            if left:
                axis.annotate("", (left - 0.3, 0.8), (left - 1.2, 0.8), arrowprops={"arrowstyle": "->"})
        axis.set(xlim=(-0.1, 4 * len(stacks) - 0.5), ylim=(-1.1, 3.2), aspect="equal")
        axis.axis("off")
    return titled(figure, title)


def layer_shapes(shapes: dict[str, tuple[int, ...]], title="") -> plt.Figure:
    """The shape of the data after each layer: a stack of maps to scale, or a column, which is not."""
    figure, axis = plt.subplots(figsize=(8, 2.3), subplot_kw={"frameon": False, "xticks": [], "yticks": []})
    largest, _, most = np.max([shape for shape in shapes.values() if len(shape) == 3], axis=0)
    for left, (name, shape) in enumerate(shapes.items()):
        if len(shape) == 1:
            axis.add_patch(plt.Rectangle((left - 0.05, -0.4), 0.1, 0.8, fc="C4", ec="black", hatch="---"))
        for channel in reversed(range(shape[2] if len(shape) == 3 else 0)):  # the last one is the farthest
            side, line = 0.6 * shape[0] / largest, 0.5 * (channel % 8 == 0)
            corner = (0.3 * channel - 0.15 * shape[2]) / most - side / 2
            axis.add_patch(plt.Rectangle((left + corner, corner), side, side, fc="C5", ec="k", lw=line))
        axis.text(left, 0.52, name, ha="center", va="bottom", fontsize=10)
        axis.text(left, -0.52, "×".join(map(str, shape)), ha="center", va="top", fontsize=9)
    axis.set(xlim=(-0.55, len(shapes) - 0.45), ylim=(-0.75, 0.75), title=title, aspect="equal")
    return figure


def kernel_images(kernels: dict[str, np.ndarray], title="") -> plt.Figure:
    """Kernels of shape (size, size, 3, n) as small images: gray is 0, full color the largest of a kernel."""
    scaled = [0.5 + 0.5 * stack / np.abs(stack).max(axis=(0, 1, 2)) for stack in kernels.values()]
    images = [mosaic(np.moveaxis(stack, -1, 0), 8, gap=1, empty=1.0) for stack in scaled]
    figure = image_panels(kernels, images, len(kernels), title)
    figure.get_layout_engine().set(wspace=0.12)
    return figure


def feature_map_mosaics(layers: dict[str, np.ndarray], title="") -> plt.Figure:
    """Maps of each layer, shape (height, width, maps): black is 0, white the largest number.

    Of more than 16 maps the 16 strongest, the strongest first; fewer maps, such as channels, in their order.
    """
    images = {}
    for name, stack in layers.items():
        height, width, count = stack.shape
        strongest = np.argsort(-stack.max(axis=(0, 1)), kind="stable")[:16]
        shown = strongest if count > 16 else np.arange(count)
        tiles = np.moveaxis(stack[..., shown], -1, 0) / (stack.max() or 1)
        label = f"{name}\n{height}×{width}\n{len(tiles)} of {count}"
        images[label] = mosaic(tiles, 8, max(1, height // 15), empty=np.nan)
    return image_panels(images, list(images.values()), 1, title, beside=True, vmin=0, vmax=1)
