"""The figures of the lessons: one function for each kind, each returns a matplotlib `Figure`.

Lessons switch the common look on with `plt.style.use("helpers.lessons")` and display a figure with `show`.
Images are uint8 arrays of shape (n, height, width, 3), labels integers of shape (n,). `title` stands above
the whole figure. What the figures share is in `drawing`.
"""

# ruff: noqa: F401 (a lesson finds all of them here)
from helpers.figures.curves import accuracies_by_seed, curves_by_seed, describe_curves, training_curves
from helpers.figures.display import png_bytes, show, show_animation, show_png
from helpers.figures.evaluation import accuracy_by_class, heat_maps, predictions, reliability
from helpers.figures.images import class_counts, image_grid, images_by_class, maps, pixel_histogram
from helpers.figures.network import feature_map_mosaics, kernel_images, layer_shapes, receptive_fields
from helpers.figures.sliding import channel_sums, kernel_steps, places, size_arithmetic, window, windows_strip
from helpers.figures.tables import check_marks, heat_table, image_as_numbers, number_tables
