"""The explorer of lesson 03: each control changes the figure, which is there without a kernel, too."""

import base64
import io
import re

from helpers import figures
from helpers.convolution import convolve
from helpers.explorer import ConvolutionExplorer
from lesson_tools import pages

import nbformat
import numpy as np
import pytest
from PIL import Image

TINY = np.array([[0, 0, 9, 9, 9, 9]] * 6)
KERNEL = np.array([[-1, 0, 1]] * 3)
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def explorer():
    return ConvolutionExplorer(TINY, KERNEL)


def buttons(explorer) -> list[str]:
    return [button.description for button in explorer.map_grid.children]


def shown(explorer) -> tuple[bytes, str]:
    """The figure in the widget, as PNG, and its description."""
    alt, data = re.fullmatch(
        r'<img alt="(.+)" src="data:image/png;base64,(.+)">', explorer.figure.value
    ).groups()
    return base64.b64decode(data), alt


def test_begins_with_the_first_place(explorer):
    assert buttons(explorer) == [f"{value:g}" for value in convolve(TINY, KERNEL).ravel()]
    png, alt = shown(explorer)
    assert Image.open(io.BytesIO(png)).size[0] == 800
    assert "gives the number 27 at row 0, column 0" in alt


def test_pointing_at_an_output_shows_its_window(explorer):
    before, _ = shown(explorer)
    explorer.map_grid.children[6].click()
    after, alt = shown(explorer)
    assert "gives the number 0 at row 1, column 2" in alt and after != before
    assert [button.button_style for button in explorer.map_grid.children].index("warning") == 6


@pytest.mark.parametrize(
    ("control", "value", "expected"),
    [
        ("stride", 2, {"stride": 2}),
        ("stride", 3, {"stride": 3}),
        ("padding", "same", {"padding": "same"}),
    ],
)
def test_stride_and_padding(explorer, control, value, expected):
    before, _ = shown(explorer)
    getattr(explorer, control).value = value
    assert buttons(explorer) == [f"{number:g}" for number in convolve(TINY, KERNEL, **expected).ravel()]
    after, alt = shown(explorer)
    assert f"{control} {value}" in alt and after != before


def test_a_number_of_the_kernel(explorer):
    explorer.numbers[0, 2].value = 5
    assert explorer.kernel.tolist() == [[-1, 0, 5], [-1, 0, 1], [-1, 0, 1]]
    assert buttons(explorer)[0] == "63"


@pytest.mark.parametrize("size", [1, 2, 4, 5])
def test_a_kernel_of_another_size_keeps_its_numbers_and_the_place_stays_inside(explorer, size):
    explorer.point_at((3, 3))
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
    monkeypatch.setattr(figures, "display", lambda data, **options: displayed.append((data, options)))
    explorer.show()
    [(data, options)] = displayed
    assert set(data) == {"text/plain", "image/png", VIEW}
    assert base64.b64decode(data["image/png"]) == explorer.png
    output = nbformat.v4.new_output("display_data", data, metadata=options["metadata"])
    cell = nbformat.v4.new_code_cell("explorer.show()", outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {}})
    page = pages.lesson_page(notebook, "page")
    assert "widget" not in page and "<script" not in page
    assert 'alt="An image of 6×6 numbers' in page and "data:image/png;base64" in page
