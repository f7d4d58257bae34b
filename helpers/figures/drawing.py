"""What the figures share: how they are displayed, panels with headings, images, tables of numbers, frames."""

import base64
import io
import math
import textwrap
from collections.abc import Iterable

from helpers.errors import one_line

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import DisplayHandle, display
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from PIL import Image

HIGHLIGHT = "#D55E00"  # Okabe and Ito's vermilion, also readable on gray
# Blue below 0, gray at 0, orange above; it gets brighter all along, so that gray print shows the sign, too.
SIGNED = LinearSegmentedColormap.from_list("signed", ["#003A63", "#4A83AC", "#A3A3A3", "#E69F00", "#FFE38C"])
HEADING = {"fontweight": "normal", "loc": "center", "pad": 4}  # of one panel
NAME = 24  # letters of a class's name beside an axis or an image, at most


def show(figure: plt.Figure, alt: str, update: DisplayHandle | None = None) -> None:
    """Display `figure`, in place of what `update` shows; `alt` describes it for those who can't see it."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)  # a class may be called "USD $5 to $6"
    put = update.update if update else display
    # As wide on the page as it was laid out for, at 100 pixels an inch, however sharp the file is.
    put(figure, metadata={"image/png": {"alt": alt, "width": round(100 * figure.get_figwidth())}})
    plt.close(figure)  # otherwise Jupyter displays it a second time


def show_animation(frames: Iterable[plt.Figure], alt: str, seconds: float = 0.7) -> None:
    """Display figures of one size one after another, `seconds` each, three times; `alt` describes them.

    The first three stay 2 seconds, so that the sums can be checked. The last one stays for good: what moves
    for ever disturbs reading (WCAG 2.2.2). An animated PNG plays without a kernel; on paper it is its first
    frame.
    """
    images = []
    for frame in frames:
        frame.set_dpi(100)  # a third of the bytes
        images.append(Image.open(io.BytesIO(png_bytes(frame))).convert("RGB"))
    # One palette for all frames takes a third of the bytes; the last frame has the colors of the whole map.
    palette = images[-1].quantize(64)
    palette.putpalette([255 if level >= 245 else level for level in palette.getpalette()])  # white
    first, *others = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    file = io.BytesIO()
    durations = [2000 if number < 3 else int(1000 * seconds) for number in range(len(others))]
    first.save(file, "PNG", save_all=True, append_images=others, duration=[*durations, 4000], loop=3)
    data = {"image/png": base64.b64encode(file.getvalue()).decode(), "text/plain": alt}
    display(data, metadata={"image/png": {"alt": alt, "width": first.width}}, raw=True)


def png_bytes(figure: plt.Figure) -> bytes:
    """`figure` as a PNG file, in its own size; closes it."""
    file = io.BytesIO()
    figure.canvas.print_png(file)
    plt.close(figure)
    return file.getvalue()


def titled(figure: plt.Figure, title: str) -> plt.Figure:
    """The figure with a title above all of it, wrapped."""
    figure.suptitle(textwrap.fill(title, 90), weight="bold", size=12, x=0.01, ha="left")
    return figure


def panels(names, columns: int, height: float, title: str, width=8.0, rows=(), **options) -> plt.Figure:
    """Axes with `names` above them, in rows of `columns`, with the names `rows` to their left.

    height: inches of a row; width: inches of the figure; the options are those of `plt.subplots`.
    """
    count = math.ceil(len(names) / columns)
    figure, axes = plt.subplots(count, columns, squeeze=False, **options)
    figure.set_size_inches(width, count * height + 0.4)
    for axis, name in zip(axes.flat, names, strict=False):
        lines = "\n".join(one_line(line, 120 // columns) for line in name.splitlines())
        axis.set_title(lines, fontsize=10 if columns < 8 else 9, **HEADING)
    for axis, name in zip(axes[:, 0], rows, strict=False):
        axis.text(-0.02, 0.5, name, transform=axis.transAxes, ha="right", va="center", fontsize=10)
    for axis in axes.flat[len(names) :]:
        axis.remove()
    return titled(figure, title)


def image_panels(names, images, columns: int, title: str, beside=False, **scale) -> plt.Figure:
    """Images of one size in rows of `columns`, each under its name or, in one column, `beside` it."""
    lines = 0 if beside else max(len(name.splitlines()) for name in names)
    height = (6.4 if beside else 7.6) / columns * images[0].shape[0] / images[0].shape[1] + 0.2 * lines
    above, left = ([""] * len(names), names) if beside else (names, [])
    figure = panels(above, columns, height, title, rows=left)
    for axis, image in zip(figure.axes, images, strict=True):
        axis.imshow(image, **scale)
        axis.axis("off")
    return figure


def frame(axis: plt.Axes, top: int, left: int, height: int, width: int) -> None:
    """A line around a part of an image or of a table, in pixels or numbers."""
    line = plt.Rectangle((left - 0.5, top - 0.5), width, height, fill=False, ec=HIGHLIGHT, lw=2.5)
    line.set_path_effects([withStroke(linewidth=5, foreground="white")])  # also seen on gray, in gray print
    axis.add_patch(line)


def as_text(*values: float) -> str:
    """A number or a sum, with up to four digits; NaN as nothing; -0, a product of floats, as 0."""
    texts = ["" if np.isnan(value) else f"{value + 0.0:.4g}" for value in values]
    return " + ".join(texts).replace("+ -", "- ").replace("-", "−")


def shaded_numbers(axis, table, scale, name="", size=10.0, text=as_text, cmap=None, **options) -> None:
    """Draw a 2D `table` from the darkest number of `scale` to the brightest, with the numbers in it.

    On a scale with 0 in its middle blue is negative and orange positive. NaN, a number that is not there yet,
    is a pattern of small dots.
    """
    low, high = scale
    span = (high - low) or 1.0
    signed = -low == high > 0
    cmap = cmap or (SIGNED if signed else "gray")
    darkest = low if signed else low - span / 4  # not quite black, so that the numbers stay readable
    drawn = axis.imshow(table, vmin=darkest, vmax=low + span, cmap=cmap, **options)
    luminance = drawn.to_rgba(table)[..., :3] ** 2.2 @ (0.21, 0.72, 0.07)
    dark = (luminance < 0.18) & ~np.isnan(table)  # there, white has the larger contrast (WCAG)
    for place, color in np.ndenumerate(np.where(dark, "white", "black")):
        axis.text(*place[::-1], text(table[place]), ha="center", va="center", color=color, size=size)
    if name:
        axis.set_title(name, fontsize=10, **HEADING)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(True)
    axis.patch.set(hatch="....", ec="#C8C8C8")


def extremes(table: np.ndarray, signed: bool = False) -> tuple[float, float]:
    """The numbers to draw darkest and brightest: the extremes, with `signed` so that 0 is in the middle."""
    largest = float(np.nanmax(np.abs(table))) or 1.0
    return (-largest, largest) if signed else (float(np.nanmin(table)), float(np.nanmax(table)))


def mosaic(tiles: np.ndarray, columns: int, gap: int, empty: float) -> np.ndarray:
    """Tiles of shape (n, height, width, …) in rows, with gaps of the value `empty` between them."""
    count, height, width, *channels = tiles.shape
    ends = [(0, -count % columns if count else columns), (0, gap), (0, gap)] + [(0, 0)] * len(channels)
    rows = np.pad(tiles, ends, constant_values=empty)
    rows = rows.reshape(-1, columns, height + gap, width + gap, *channels).swapaxes(1, 2)
    return rows.reshape(-1, columns * (width + gap), *channels)[:-gap, :-gap]
