"""The figures of the lessons: one function for each kind, each returns a matplotlib `Figure`.

Lessons switch the common look on with `plt.style.use("helpers.lessons")` and display a figure with `show`.
Images are uint8 arrays of shape (n, height, width, 3), labels integers of shape (n,). `title` stands above
the whole figure. What the figures share is in `drawing`.
"""

# ruff: noqa: F401, I001 (a lesson finds all of them here)
from helpers.figures.drawing import SIGNED, frame, png_bytes, show, show_animation
from helpers.figures.images import channel_stacks, feature_map_mosaics, image_grid, kernel_images
from helpers.figures.images import layer_shapes, maps
from helpers.figures.numbers import channel_sums, number_tables, window
from helpers.figures.results import curves_by_seed, describe_curves, heat_table
from helpers.figures.results import training_curves
