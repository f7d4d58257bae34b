"""Images, their numbers, and how many there are of each class."""

from helpers.figures.drawing import HIGHLIGHT, extremes, image_panels, mosaic

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd


def image_grid(images: list[np.ndarray], titles: list[str] = (), title="", columns=10) -> plt.Figure:
    """Images in rows, each with its title above it."""
    return image_panels(titles or [""] * len(images), images, columns, title)


def images_by_class(x: np.ndarray, y: np.ndarray, class_names: list[str], title="", each=10) -> plt.Figure:
    """One row a class, with its first `each` images."""
    rows = [mosaic(x[y == label][:each], each, gap=2, empty=255) for label in range(len(class_names))]
    return image_panels(class_names, rows, 1, title, beside=True)


def class_counts(labels: dict[str, np.ndarray], class_names: list[str], title="") -> plt.Figure:
    """Bars of the number of images by class, one group of bars for each named array of labels."""
    counts = {name: np.bincount(y, minlength=len(class_names)) for name, y in labels.items()}
    axis = pd.DataFrame(counts, class_names).plot.bar(width=0.8, ec="white", title=title, ylabel="images")
    for bars, hatch in zip(axis.containers, ["", "//", ".."] * len(labels), strict=False):
        plt.setp(bars, hatch=hatch)  # tells the sets apart without color
    plt.setp(axis.get_xticklabels(), rotation=30, ha="right")
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return axis.figure


def pixel_histogram(x: np.ndarray, title="") -> plt.Figure:
    """How often each value 0 to 255 occurs in the three channels of images `x`."""
    channels = {name: x[..., channel].ravel() for channel, name in enumerate(("red", "green", "blue"))}
    counts = pd.DataFrame({name: np.bincount(values, minlength=256) for name, values in channels.items()})
    axis = (3 * counts / x.size).plot(color=[HIGHLIGHT, "C2", "C0"], style=["-", "--", ":"], title=title)
    axis.set(xlabel="pixel value", ylabel="share of the pixels", xlim=(-3, 258))
    axis.yaxis.set_major_formatter("{x:.1%}")
    return axis.figure


def maps(
    arrays: dict[str, np.ndarray], title="", columns=4, same_scale=False, zero_is_gray=False
) -> plt.Figure:
    """Images or feature maps side by side; a map of shape (height, width) is drawn from black to white.

    A uint8 map is drawn from 0 to 255. Any other has its own scale, unless `same_scale`; with `zero_is_gray`
    0 is the gray in the middle of the scale.
    """
    figure = image_panels(list(arrays), list(arrays.values()), min(columns, len(arrays)), title)
    flat = np.concatenate([array.ravel() for array in arrays.values() if array.ndim == 2] or [np.zeros(1)])
    for axis, array in zip(figure.axes, arrays.values(), strict=True):
        values = flat if same_scale else array
        axis.images[0].set_clim((0, 255) if values.dtype == np.uint8 else extremes(values, zero_is_gray))
        axis.axis("on")
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set(visible=True, color="dimgray", lw=0.8)  # white at a border is not the page's
    return figure
