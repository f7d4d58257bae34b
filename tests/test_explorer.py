"""The explorer of lesson 03: each control changes the figure, which is there without a kernel, too."""

import base64
import io
import re

from helpers.convolution import convolve
from helpers.explorer import ConvolutionExplorer
from helpers.figures import drawing

import numpy as np
import pytest
from PIL import Image

TINY = np.array([[0, 0, 9, 9, 9, 9]] * 6)
KERNEL = np.array([[-1, 0, 1]] * 3)


@pytest.fixture
def explorer():
    return ConvolutionExplorer(TINY, KERNEL)


def buttons(explorer) -> list[str]:
    return [button.description for button in explorer.map_grid.children]


def shown(explorer) -> tuple[bytes, str]:
    """The figure in the widget, as PNG, and its description."""
    image = r'<img alt="(.+)" src="data:image/png;base64,(.+)">'
    alt, data = re.fullmatch(image, explorer.figure.value).groups()
    return base64.b64decode(data), alt


def test_it_begins_with_the_first_place_and_shows_the_one_that_is_pointed_at(explorer):
    assert buttons(explorer) == [f"{value:g}" for value in convolve(TINY, KERNEL).ravel()]
    before, alt = shown(explorer)
    assert Image.open(io.BytesIO(before)).size[0] == 800
    assert "gives the activation 27 at row 0, column 0" in alt
    explorer.map_grid.children[6].click()
    after, alt = shown(explorer)
    assert "gives the activation 0 at row 1, column 2" in alt and after != before
    assert [button.button_style for button in explorer.map_grid.children].index("warning") == 6


def test_each_control_changes_map_and_figure(explorer):
    figures = {shown(explorer)[0]}
    explorer.numbers[0, 2].value = 5
    kernel = [[-1, 0, 5], [-1, 0, 1], [-1, 0, 1]]
    assert explorer.kernel.tolist() == kernel
    settings = {}
    for control, value in [("stride", 2), ("padding", "same")]:
        figures.add(shown(explorer)[0])
        getattr(explorer, control).value = settings[control] = value
        feature_map = convolve(TINY, np.array(kernel), **settings)
        assert buttons(explorer) == [f"{number:g}" for number in feature_map.ravel()]
        assert f"{control} {value}" in shown(explorer)[1]
    assert len(figures | {shown(explorer)[0]}) == 4


def test_a_kernel_of_another_size_keeps_its_numbers_and_the_place_stays_inside(explorer):
    explorer.point_at((3, 3))
    for size in (5, 1):
        explorer.size.value = size
        assert len(explorer.kernel_grid.children) == size**2
        assert explorer.kernel.shape == (size, size) and explorer.kernel[0, 0] == -1
        assert len(buttons(explorer)) == (6 - size + 1) ** 2
        assert max(explorer.place) <= 6 - size
    explorer.size.value = 3
    assert explorer.kernel.tolist() == KERNEL.tolist()


@pytest.mark.parametrize("shape", [(2, 3), (6, 6)])
def test_kernels_that_it_does_not_take(shape):
    with pytest.raises(ValueError, match="takes kernels of 1×1 to 5×5"):
        ConvolutionExplorer(TINY, np.zeros(shape))


def test_where_no_kernel_runs_its_figure_stands_there(explorer, monkeypatch):
    displayed = []
    monkeypatch.setattr(drawing, "display", lambda data, **options: displayed.append((data, options)))
    explorer.show()
    [(data, options)] = displayed
    assert set(data) == {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"}
    png, alt = shown(explorer)
    assert base64.b64decode(data["image/png"]) == png
    assert options["metadata"]["image/png"]["alt"] == data["text/plain"] == alt
