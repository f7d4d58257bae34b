"""What a network says, and how often it is right."""

from helpers.figures.drawing import HIGHLIGHT, image_panels, panels

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd


def predictions(
    images: list[np.ndarray], probabilities: np.ndarray, class_names, titles: list[str], title=""
) -> plt.Figure:
    """Each image beside a bar chart of its probabilities, shape (n, classes); the largest stands out."""
    names = [name for text in titles for name in (text, "")]
    figure = panels(names, 2, max(1.6, 0.22 * len(class_names)), title, width_ratios=(1, 2.4))
    axes = np.reshape(figure.axes, (-1, 2))
    for (left, right), image, row in zip(axes, images, probabilities, strict=True):
        left.imshow(image)
        left.axis("off")
        best = row.argmax()
        right.barh(range(len(row)), row, color=np.where(row == row[best], HIGHLIGHT, "#999999"))
        right.text(row[best] + 0.01, best, f"{row[best]:.0%}", va="center", fontsize=9)
        right.set_yticks(range(len(row)), class_names, fontsize=9)
        right.set(xlim=(0, 1.12), xticks=[0, 0.25, 0.5, 0.75, 1])
        right.xaxis.set_major_formatter("{x:.0%}")
        right.invert_yaxis()
    return figure


def heat_maps(image: np.ndarray, heats: dict[str, np.ndarray], title="") -> plt.Figure:
    """An image, and beside it the same under heat maps, shape (height, width), 0 (dark) to 1 (as it is).

    A line goes around the pixels that are lit more than the median.
    """
    lit = [(image * (0.15 + 0.85 * heat[..., None])).astype(np.uint8) for heat in heats.values()]
    figure = image_panels(["the image", *heats], [image, *lit], len(heats) + 1, title)
    for axis, heat in zip(figure.axes[1:], heats.values(), strict=True):
        axis.contour(heat, levels=[np.median(heat)], colors=[HIGHLIGHT], linewidths=2)
    return figure


def accuracy_by_class(table: pd.DataFrame, title="") -> plt.Figure:
    """Bars of the accuracy by class with its 95 % interval: the table of `evaluation.accuracy_by_class`."""
    table = table.sort_values("accuracy")
    interval = [table["accuracy"] - table["low"], table["high"] - table["accuracy"]]
    figure, axis = plt.subplots(figsize=(8, 0.32 * len(table) + 1))
    axis.barh(range(len(table)), table["accuracy"], color="C5", xerr=interval, capsize=3)
    axis.set_yticks(range(len(table)), table.index)
    axis.set(xlim=(0, 1), xlabel="accuracy on the test set", title=title)
    axis.xaxis.set_major_formatter("{x:.0%}")
    return figure


def reliability(tables: dict[str, pd.DataFrame], title="") -> plt.Figure:
    """Accuracy against confidence, and the share of the images, of tables by `evaluation.reliability`."""
    figure = panels(list(tables), len(tables), 3.8, title)
    for axis, table in zip(figure.axes, tables.values(), strict=True):
        share, width = table["images"] / table["images"].sum(), table["high"] - table["low"]
        style = {"align": "edge", "color": "#DDDDDD", "edgecolor": "white", "label": "share of the images"}
        axis.bar(table["low"], share, width, **style)
        axis.plot([0, 1], [0, 1], color="dimgray", linestyle=":", linewidth=1.5, label="as sure as right")
        filled = table[table["images"] >= 10]  # fewer say nothing
        axis.plot(filled["confidence"], filled["accuracy"], marker="o", color="C0", label="accuracy")
        axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", aspect="equal")
        axis.xaxis.set_major_formatter("{x:.0%}")
        axis.yaxis.set_major_formatter("{x:.0%}")
    figure.axes[0].legend(loc="upper left", fontsize=9)
    return figure
