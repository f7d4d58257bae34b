"""Each figure draws what it was given; lessons say with `alt` what is to be seen."""

import base64
import io
import warnings

from helpers import figures
from helpers.convolution import convolve
from helpers.figures import drawing, numbers
from helpers.figures.drawing import mosaic

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from IPython.core.pylabtools import print_figure
from matplotlib.text import Text
from PIL import Image

TINY = np.array([[0, 0, 9, 9, 9, 9]] * 6)
KERNEL = np.array([[-1, 0, 1]] * 3)
IMAGES = np.random.default_rng(0).integers(0, 255, (5, 8, 8, 3), dtype=np.uint8)
MAPS = np.abs(np.random.default_rng(0).normal(size=(6, 6, 20)))
ACCURACIES = pd.DataFrame({0: [0.2, 0.4], 1: [0.4, 0.8]}, index=[1, 2])
MEANS = pd.DataFrame([[0.1, 0.7]], pd.Index([64], name="batch size"), pd.Index([0.001, 0.1], name="rate"))


@pytest.fixture(autouse=True)
def style():
    with plt.style.context("helpers.lessons"):
        yield
    plt.close("all")


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text)]


# Each with positional arguments and what is to be read in it.
FIGURES = {
    "image_grid": ((IMAGES, ["one", "two", "three", "four", "five"]), "one|five"),
    "maps": (({"image": IMAGES[0], "map": TINY / 9, "gray": IMAGES[0, ..., 0]},), "image|map|gray"),
    "number_tables": (({"zeros": np.array([[-0.0, -1.5, np.nan]])},), "zeros|0|−1.5"),
    "channel_stacks": (
        ([[("image", 1.6, ["red", "green"], 1), ("kernels", 0.2, ["red"], 9)]],),
        "image|kernels",
    ),
    "channel_sums": (
        (np.ones((2, 2, 3)), np.ones((2, 2, 3)), -3),
        "red|sum 4|4 + 4 + 4 − 3 = 9    (red, green",
    ),
    "layer_shapes": (({"conv": (30, 30, 32), "dense": (10,)},), "conv|dense|30×30×32|10"),
    "kernel_images": (({"before": MAPS[:3, :3, :15].reshape(3, 3, 3, 5)},), "before"),
    "feature_map_mosaics": (
        ({"conv": MAPS, "last": MAPS[..., :3]},),
        "conv\n6×6\n16 of 20|last\n6×6\n3 of 3",
    ),
    "heat_table": ((MEANS, "title", [(64, 0.1)]), "title|0.100|0.700|0.001|64|batch size|rate"),
    "training_curves": ((pd.DataFrame(columns=["loss", "val_loss", "accuracy", "val_accuracy"]), 3), "Loss"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_what_is_to_be_read(name):
    arguments, expected = FIGURES[name]
    figure = getattr(figures, name)(*arguments)
    figure.draw_without_rendering()
    found = "\n".join(texts(figure))
    assert [text for text in expected.split("|") if text not in found] == []


def test_images_show_their_pixels():
    grid = figures.image_grid(IMAGES, columns=3)
    assert [axis.images[0].get_array().tolist() for axis in grid.axes] == IMAGES.tolist()
    maps = figures.maps({"map": TINY - 3.0, "bytes": IMAGES[0, ..., 0]}, zero_is_gray=True)
    assert [axis.images[0].get_clim() for axis in maps.axes] == [(-6, 6), (0, 255)]
    assert [axis.images[0].get_cmap().name for axis in maps.axes] == ["signed", "gray"]
    [framed] = figures.maps({"map": TINY}, windows={"map": (1, 2, 3, 4)}).axes[0].patches
    assert framed.get_bbox().bounds == (1.5, 0.5, 4, 3)
    few, many = figures.feature_map_mosaics({"few": MAPS[..., :8], "many": MAPS}).axes
    np.testing.assert_allclose(few.images[0].get_array()[:6, :6], MAPS[..., 0] / MAPS[..., :8].max())
    mosaics = many.images[0].get_array()
    assert np.nanmax(mosaics) == 1 and np.argmax(MAPS.max(axis=(0, 1))) != 0
    np.testing.assert_allclose(mosaics[:6, :6], MAPS[..., MAPS.max(axis=(0, 1)).argmax()] / MAPS.max())


NAMES = ["USD $5 to $6", r"$\alph$", "<b>", "猫", 99 * "long "]


def odd_figures():
    """Of names that other programs read as markup, no images, one class of many."""
    yield figures.image_grid([], [], title="Mistakes")
    yield figures.image_grid(IMAGES, NAMES)


@pytest.mark.parametrize("number", range(2))
def test_odd_names_and_counts_are_drawn_as_they_are(number, monkeypatch):
    figure = list(odd_figures())[number]
    displayed = []  # each drawn, as Jupyter does
    monkeypatch.setattr(drawing, "display", lambda shown, **_: displayed.append(print_figure(shown)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "Glyph")  # as in a kernel
        figures.show(figure, "odd")
    assert displayed[0] and not any(text.get_parse_math() for text in figure.findobj(Text))
    expected = "there is none" if number == 0 else "<b>"
    assert expected in texts(figure) and max(map(len, texts(figure))) <= 30


def test_a_mosaic_goes_by_rows_with_gaps_between():
    tiles = np.arange(3)[:, None, None] + np.zeros((3, 1, 2))
    assert mosaic(tiles, 2, gap=1, empty=9).tolist() == [[0, 0, 9, 1, 1], [9] * 5, [2, 2, 9, 9, 9]]
    assert mosaic(tiles[:0], 2, gap=1, empty=9).tolist() == [[9] * 5]


@pytest.mark.parametrize(("stride", "padding"), [(1, "valid"), (1, "same"), (2, "valid"), (2, "same")])
def test_the_window_figure_writes_the_sum_that_convolution_gives(stride, padding):
    feature_map = convolve(TINY, KERNEL, 0, stride, padding)
    last = len(feature_map) - 1
    found = texts(figures.window(TINY, KERNEL, last, last, stride, padding))
    total = f"= {feature_map[last, last]:g}".replace("-", "−")
    assert any(text.startswith("Sum of") and text.endswith(total) for text in found)
    assert any(text.startswith("Size") and f"= {last + 1}" in text for text in found)
    assert ("image 6×6, with zeros around it" in found) == (padding == "same")


def test_before_the_kernel_has_come_there_the_map_has_no_numbers():
    shown = [figures.window(TINY, KERNEL, *position).axes[3].texts for position in ((0, 1), (3, 3))]
    numbers = [[text.get_text() for text in axis] for axis in shown]
    assert numbers == [["27", "27"] + 14 * [""], 4 * ["27", "27", "0", "0"]]


def test_the_arithmetic_of_the_size():
    assert numbers.size_arithmetic(6, 3, 1, "valid") == "⌊(6 − 3) / 1⌋ + 1 = 4"
    one = "⌊(6 − 3) / 2⌋ + 1 = 2; 1 row and 1 column are never seen"
    assert numbers.size_arithmetic(6, 3, 2, "valid") == one
    assert numbers.size_arithmetic(7, 3, 2, "same") == "⌊(7 + 2 − 3) / 2⌋ + 1 = 4"
    three = "⌊(6 − 1) / 2⌋ + 1 = 3; 3 rows and 3 columns are never seen"
    assert numbers.size_arithmetic(6, 1, 2, "same") == three


def test_curves_by_seed_draws_the_mean_in_a_band():
    figure = figures.curves_by_seed({"sgd": {"none": ACCURACIES}, "adam": {"none": ACCURACIES}})
    assert [axis.get_title() for axis in figure.axes] == ["sgd", "adam"]
    [line] = figure.axes[0].lines
    assert line.get_xdata().tolist() == [1, 2] and line.get_ydata().tolist() == pytest.approx([0.3, 0.6])
    [band] = figure.axes[0].collections
    assert band.get_paths()[0].vertices[:, 1].min() == pytest.approx(0.3 - np.sqrt(0.02))


def test_training_curves_and_their_description():
    history = pd.DataFrame({"loss": [2, 1], "val_loss": [2.5, 1.5], "accuracy": [0.2, 0.5]})
    history["val_accuracy"] = [0.1, 0.4]
    loss, accuracy = figures.training_curves(history, 5).axes
    assert [line.get_ydata().tolist() for line in loss.lines] == [[2, 1], [2.5, 1.5], [1.5]]
    assert [line.get_xdata().tolist() for line in loss.lines] == [[0.5, 1.5], [1, 2], [2]]
    assert accuracy.get_xlim() == (0, 5.5)
    assert figures.describe_curves(history) == (
        "Curves over 2 epochs: loss 2.00 to 1.00, validation loss 2.50 to 1.50, "
        "accuracy 0.20 to 0.50, validation accuracy 0.10 to 0.40."
    )
    assert figures.describe_curves(history[:0]) == "Loss and accuracy by epoch: no epoch yet."


def test_what_a_lesson_displays(monkeypatch):
    displayed = []
    monkeypatch.setattr(drawing, "display", lambda data, **options: displayed.append((data, options)))
    positions = np.ndindex(6, 6)
    frames = (figures.window(TINY, KERNEL, *position, 1, "same") for position in positions)
    figures.show_animation(frames, "moves", seconds=0.5)
    figures.show(plt.figure(), "empty")
    assert not plt.get_fignums(), "a figure that stays open is displayed twice"
    [(data, options), (_, of_the_figure)] = displayed
    # As wide as it was laid out for, at 100 pixels an inch: the files are sharper than that.
    assert of_the_figure == {"metadata": {"image/png": {"alt": "empty", "width": 800}}}
    assert options["metadata"]["image/png"]["alt"] == "moves" and options["raw"]
    assert options["metadata"]["image/png"]["width"] <= 800
    animation = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert animation.n_frames == 36 and animation.info["loop"] == 3
    durations, seen = [], set()
    for index in range(36):
        animation.seek(index)
        durations.append(animation.info["duration"])
        frame = animation.convert("RGB")
        assert frame.getpixel((1, 1)) == (255, 255, 255)  # the ground stays white
        seen.add(frame.tobytes())
    assert len(seen) == 36
    assert durations == 3 * [2000] + 32 * [500] + [4000]  # time to check the first sums, and to read the last
