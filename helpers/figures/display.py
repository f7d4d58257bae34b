"""A figure in a lesson: an image with a description, or an animation."""

import base64
import io
from collections.abc import Iterable

import matplotlib.pyplot as plt
from IPython.display import DisplayHandle, display
from PIL import Image


def show(figure: plt.Figure, alt: str, update: DisplayHandle | None = None) -> None:
    """Display `figure`, with `alt` as its description for those who can't see it.

    With `update`, the figure takes the place of what that display shows.
    """
    put = update.update if update else display
    put(figure, metadata={"image/png": {"alt": alt}})
    plt.close(figure)  # otherwise Jupyter displays it a second time


def show_animation(frames: Iterable[plt.Figure], alt: str, seconds: float = 0.7) -> None:
    """Display figures of one size one after another, `seconds` each, three times; `alt` describes them.

    The last one stays longer, so that it can be read, and then for good: what moves for ever disturbs reading
    (WCAG 2.2.2). They are stored as one animated PNG, which JupyterLab, GitHub and browsers play without a
    kernel. What can't play it, such as paper, shows the first frame.
    """
    images = [Image.open(io.BytesIO(png_bytes(frame))).convert("RGB") for frame in frames]
    palette = images[len(images) // 2].quantize(64)  # one for all frames takes a third of the bytes
    palette.putpalette([255 if level >= 245 else level for level in palette.getpalette()])  # white
    first, *others = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    file = io.BytesIO()
    durations = [int(1000 * seconds)] * len(others) + [4000]
    first.save(file, "PNG", save_all=True, append_images=others, duration=durations, loop=3)
    show_png(file.getvalue(), alt)


def png_bytes(figure: plt.Figure) -> bytes:
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
