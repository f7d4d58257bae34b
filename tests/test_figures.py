"""The figures that are more than one call of matplotlib."""

import base64
import io

from helpers import figures
from helpers.convolution import convolve

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
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
    assert animation.n_frames == 9 and animation.info["loop"] == 3
    durations = []
    frames = []
    for index in range(9):
        animation.seek(index)
        durations.append(animation.info["duration"])
        frame = animation.convert("RGB")
        assert frame.getpixel((1, 1)) == (255, 255, 255)  # the ground stays white
        frames.append(frame.tobytes())
    assert len(set(frames)) == 9
    assert durations == 8 * [500] + [4000]  # the last one can be read


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


def test_curves_by_seed_draws_the_mean_in_a_band():
    table = pd.DataFrame({0: [0.2, 0.4], 1: [0.4, 0.8]}, index=[1, 2])
    figure = figures.curves_by_seed({"sgd": {"none": table}, "adam": {"none": table}})
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["sgd", "adam"]
    [line] = figure.axes[0].lines
    assert line.get_xdata().tolist() == [1, 2] and line.get_ydata().tolist() == pytest.approx([0.3, 0.6])
    [band] = figure.axes[0].collections
    deviation = np.sqrt(0.02)
    assert band.get_paths()[0].vertices[:, 1].min() == pytest.approx(0.3 - deviation)
    plt.close(figure)


def test_reliability_leaves_out_ranges_with_few_images():
    table = pd.DataFrame({"low": [0.0, 0.5], "high": [0.5, 1.0], "images": [9, 91]})
    figure = figures.reliability({"as trained": table.assign(confidence=[0.4, 0.9], accuracy=[0.1, 0.8])})
    accuracy = figure.axes[0].lines[1]
    assert accuracy.get_xdata().tolist() == [0.9] and accuracy.get_ydata().tolist() == [0.8]
    assert [bar.get_height() for bar in figure.axes[0].patches] == [0.09, 0.91]
    plt.close(figure)


def test_accuracies_by_seed_shows_each_network():
    table = pd.DataFrame({"pooling": ["max", "max", "average"], "accuracy": [0.6, 0.7, 0.65]})
    figure = figures.accuracies_by_seed({"recorded": table}, by="pooling")
    dots, mean, single = figure.axes[0].lines
    assert dots.get_xdata().tolist() == [0.6, 0.7] and mean.get_xdata()[0] == pytest.approx(0.65)
    assert single.get_xdata().tolist() == [0.65]  # of one network no mean is drawn
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["max", "average"]
    plt.close(figure)
