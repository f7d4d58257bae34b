"""The explorer of lesson 03: change kernel, stride and padding, point at an output, see its window."""

import base64

from helpers import figures
from helpers.convolution import PADDING, convolve

import ipywidgets as widgets
import numpy as np


class ConvolutionExplorer:
    """Sliders for the weights, a button for each activation, and the figure of one position.

    image: a square of numbers; kernel: shape (size, size), size 1 to 5, weights -9 to 9. The figure is that
    of `figures.window`. Raises ValueError for another shape.
    """

    def __init__(self, image: np.ndarray, kernel: np.ndarray):
        largest = min(5, *image.shape)
        if kernel.shape not in [(size, size) for size in range(1, largest + 1)]:
            accepted = f"kernels of 1×1 to {largest}×{largest} on this image"
            raise ValueError(f"The explorer takes {accepted}; this one has the shape {kernel.shape}.")
        self.image, self.place = image, (0, 0)  # row and column of the feature map that is pointed at
        wide = {"description_width": "7em"}
        self.size = widgets.IntSlider(len(kernel), 1, largest, description="kernel size", style=wide)
        self.stride = widgets.IntSlider(1, 1, 3, description="stride", style=wide)
        self.padding = widgets.SelectionSlider(options=PADDING, description="padding", style=wide)
        # One slider for each weight that the largest kernel has; those of a smaller one are its first.
        look = {"readout_format": ".1f", "layout": {"width": "12em"}, "continuous_update": False}
        self.numbers = {
            place: widgets.FloatSlider(value, min=-9, max=9, step=0.5, **look)
            for place, value in np.ndenumerate(np.pad(kernel, (0, largest - len(kernel))))
        }
        self.buttons = {}  # likewise one for each activation of the largest feature map
        for place in np.ndindex(image.shape):
            name = f"row {place[0]}, column {place[1]}"
            self.buttons[place] = widgets.Button(tooltip=name, layout={"width": "auto", "padding": "0"})
            self.buttons[place].on_click(lambda _, place=place: self.point_at(place))
        self.kernel_grid, self.map_grid = widgets.GridBox(), widgets.GridBox()
        self.figure = widgets.HTML()  # and not Image, which has no description for those who can't see it
        for control in (self.size, self.stride, self.padding, *self.numbers.values()):
            control.observe(lambda _: self.draw(), "value")
        self.draw()
        controls = self.size, self.stride, self.padding, widgets.HTML("<b>Kernel</b>"), self.kernel_grid
        feature_map = widgets.HTML("<b>Feature map: click an activation</b>"), self.map_grid
        halves = widgets.VBox(controls), widgets.VBox(feature_map)
        top = widgets.HBox(halves, layout={"flex_flow": "row wrap", "grid_gap": "2em"})
        self.widget = widgets.VBox([top, self.figure])

    @property
    def kernel(self) -> np.ndarray:
        """The weights of the sliders, shape (size, size)."""
        size = self.size.value
        return np.reshape([self.numbers[place].value for place in np.ndindex(size, size)], (size, size))

    def point_at(self, place: tuple[int, int]) -> None:
        """Show the window of this row and column of the feature map."""
        self.place = place
        self.draw()

    def draw(self) -> None:
        """Lay out the sliders and buttons that kernel, stride and padding ask for, and draw the figure."""
        kernel, stride, padding = self.kernel, self.stride.value, self.padding.value
        feature_map = convolve(self.image, kernel, 0, stride, padding)
        self.place = row, column = tuple(map(min, self.place, np.subtract(feature_map.shape, 1)))

        self.kernel_grid.children = [self.numbers[place] for place in np.ndindex(kernel.shape)]
        self.kernel_grid.layout.grid_template_columns = f"repeat({len(kernel)}, 12.5em)"
        for place, value in np.ndenumerate(feature_map):
            button, here = self.buttons[place], place == self.place
            button.description = f"{value:g}"
            button.button_style = "warning" if here else ""
            # The white of JupyterLab's light theme can't be read on its orange.
            button.style.text_color = "black" if here else None
        self.map_grid.children = [self.buttons[place] for place in np.ndindex(feature_map.shape)]
        self.map_grid.layout.grid_template_columns = f"repeat({len(feature_map[0])}, 3.5em)"

        self.description = (
            f"An image of {'×'.join(map(str, self.image.shape))} pixels and a kernel of "
            f"{len(kernel)}×{len(kernel)}, stride {stride}, padding {padding}: the framed window gives the "
            f"activation {feature_map[row, column]:g} at row {row}, column {column} of the feature map."
        )
        title = "One window, one activation"
        self.png = figures.png_bytes(figures.window(self.image, kernel, row, column, stride, padding, title))
        data = base64.b64encode(self.png).decode()
        self.figure.value = f'<img alt="{self.description}" src="data:image/png;base64,{data}">'

    def show(self) -> None:
        """Display the explorer; where no kernel runs, its figure stands there as an image."""
        figures.show_png(self.png, self.description, **self.widget._repr_mimebundle_())
