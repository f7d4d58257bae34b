"""The figures that are more than one call of matplotlib."""

import base64
import io

from helpers import figures
from helpers.convolution import convolve

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

TINY = np.array([[0, 0, 9, 9, 9, 9]] * 6)
KERNEL = np.array([[-1, 0, 1]] * 3)


@pytest.fixture(autouse=True)
def style():
    with plt.style.context("helpers.lessons"):
        yield
    assert not plt.get_fignums(), "a figure was left open"


def texts(figure) -> list[str]:
    return [text.get_text() for axis in figure.axes for text in axis.texts] + [
        text.get_text() for text in figure.texts
    ]


def test_an_animation_is_one_png_with_a_frame_for_each_place(monkeypatch):
    displayed = []
    monkeypatch.setattr(figures, "display", lambda data, **options: displayed.append((data, options)))
    places = figures.places(TINY, KERNEL, 2, "same")
    assert places == [(row, column) for row in range(3) for column in range(3)]
    frames = (figures.window(TINY, KERNEL, *place, 2, "same", bare=True) for place in places)
    figures.show_animation(frames, "moves", seconds=0.5)
    [(data, options)] = displayed
    assert options == {"metadata": {"image/png": {"alt": "moves"}}, "raw": True}
    animation = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert animation.n_frames == 9 and animation.info["duration"] == 500 and animation.info["loop"] == 0
    frames = []
    for index in range(9):
        animation.seek(index)
        frame = animation.convert("RGB")
        assert frame.getpixel((1, 1)) == (255, 255, 255)  # the ground stays white
        frames.append(frame.tobytes())
    assert len(set(frames)) == 9


@pytest.mark.parametrize(("stride", "padding"), [(1, "valid"), (1, "same"), (2, "valid"), (2, "same")])
def test_the_window_figure_writes_the_sum_that_convolution_gives(stride, padding):
    feature_map = convolve(TINY, KERNEL, 0, stride, padding)
    for row, column in [(0, 0), feature_map.shape]:
        row, column = min(row, len(feature_map) - 1), min(column, len(feature_map) - 1)
        figure = figures.window(TINY, KERNEL, row, column, stride, padding)
        total = f"{feature_map[row, column]:g}".replace("-", "−")
        assert any(text.startswith("Sum of") and text.endswith(f"= {total}") for text in texts(figure))
        assert any(f"= {len(feature_map)}" in text for text in texts(figure) if text.startswith("Size"))
        plt.close(figure)


def test_before_the_kernel_has_come_there_the_map_has_dots():
    numbers = []
    for bare in (True, False):
        figure = figures.window(TINY, KERNEL, 0, 1, bare=bare)
        numbers.append([text.get_text() for text in figure.axes[3].texts])
        plt.close(figure)
    assert numbers[0] == ["27", "27"] + 14 * ["·"]
    assert numbers[1] == 4 * ["27", "27", "0", "0"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((6, 3, 1, "valid"), "(6 − 3) // 1 + 1 = 4"),
        ((6, 3, 2, "valid"), "(6 − 3) // 2 + 1 = 2; 1 row and 1 column are never seen"),
        ((6, 1, 3, "valid"), "(6 − 1) // 3 + 1 = 2; 4 rows and 4 columns are never seen"),
        ((7, 3, 2, "same"), "7 / 2, rounded up = 4"),
        ((6, 1, 2, "same"), "6 / 2, rounded up = 3; 3 rows and 3 columns are never seen"),
    ],
)
def test_the_arithmetic_of_the_size(arguments, line):
    assert figures.size_arithmetic(*arguments) == line


def test_numbers_have_no_minus_zero():
    figure = figures.number_tables({"zeros": np.array([[-0.0, -1.5]])})
    assert texts(figure)[:2] == ["0", "−1.5"]
    plt.close(figure)
