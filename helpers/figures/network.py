"""What is inside a network, and what it sees."""

from helpers.figures.drawing import frame, image_panels, mosaic

import matplotlib.pyplot as plt
import numpy as np


def layer_shapes(shapes: dict[str, tuple[int, ...]], title="") -> plt.Figure:
    """The shape of the data after each layer: a square of its height and width to scale, or a bar."""
    figure, axis = plt.subplots(figsize=(8, 2.4))
    largest = max(shape[0] for shape in shapes.values() if len(shape) == 3)
    for place, (name, shape) in enumerate(shapes.items()):
        side = 0.85 * shape[0] / largest
        bar = 0.2 * np.log10(shape[0]), 0.08, "C4"
        height, width, color = (side, side, "C5") if len(shape) == 3 else bar
        axis.add_patch(plt.Rectangle((place - width / 2, -height / 2), width, height, fc=color, ec="black"))
        axis.text(place, 0.55, name, ha="center", va="bottom", fontsize=10)
        axis.text(place, -0.55, "×".join(map(str, shape)), ha="center", va="top", fontsize=9)
    axis.set(xlim=(-0.55, len(shapes) - 0.45), ylim=(-0.8, 0.8), title=title, aspect="equal")
    axis.axis("off")
    return figure


def receptive_fields(image: np.ndarray, fields: dict[str, tuple], title="") -> plt.Figure:
    """Squares on the image, each what one number of a layer sees: top, left, height, width."""
    names = [f"{name}\n{height}×{width}" for name, (_, _, height, width) in fields.items()]
    dimmed = (0.35 * image + 0.65 * 255).astype(np.uint8)
    figure = image_panels(names, [dimmed] * len(names), len(names), title)
    for axis, (top, left, height, width) in zip(figure.axes, fields.values(), strict=True):
        seen = np.zeros(image.shape[:2], bool)
        seen[top : top + height, left : left + width] = True
        axis.images[0].set_data(np.where(seen[..., None], image, dimmed))
        frame(axis, top, left, height, width)
    return figure


def kernel_images(kernels: dict[str, np.ndarray], title="", columns=8) -> plt.Figure:
    """Kernels on color images, as small images; each name with an array of shape (size, size, 3, n).

    Gray is 0. Each kernel has its own scale: its largest number, without the sign, is full color.
    """
    scaled = [0.5 + 0.5 * stack / np.abs(stack).max(axis=(0, 1, 2)) for stack in kernels.values()]
    images = [mosaic(np.moveaxis(stack, -1, 0), columns, gap=1, empty=1.0) for stack in scaled]
    figure = image_panels(list(kernels), images, len(kernels), title)
    figure.get_layout_engine().set(wspace=0.12)
    return figure


def feature_map_mosaics(layers: dict[str, np.ndarray], title="", each=16) -> plt.Figure:
    """The `each` feature maps of each layer that answer most strongly; shape (height, width, maps), from 0.

    Black is 0, white the largest number of the layer.
    """
    images = {}
    for name, stack in layers.items():
        height, width, count = stack.shape
        strongest = np.argsort(-stack.max(axis=(0, 1)), kind="stable")[:each]
        tiles = np.moveaxis(stack[..., strongest], -1, 0) / (stack.max() or 1)
        label, gap = f"{name}\n{height}×{width}\n{len(tiles)} of {count}", max(1, height // 15)
        images[label] = mosaic(tiles, -(-each // 2), gap, empty=np.nan)
    return image_panels(list(images), list(images.values()), 1, title, beside=True, vmin=0, vmax=1)
