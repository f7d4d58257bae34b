"""The networks of the lessons, uncompiled. Lesson 04 builds both layer by layer.

Input: pictures, shape (n, 32, 32, 3), values 0 to 255, any number type; the networks normalise them
themselves. Output: logits, shape (n, classes).
"""

import keras
import numpy as np
from keras import layers

POOLING = ("max", "average", "stride")  # what makes the feature maps of the reference network smaller
NORMALISATION = ("none", "divide", "standardise")  # what its first layer does with pixel values of 0 to 255


def normalisation_layer(how: str, x_train: np.ndarray) -> layers.Layer:
    """The first layer of a network: "none", "divide" by 255, or "standardise".

    "standardise" subtracts the mean of each channel and divides by its standard deviation, both measured on
    `x_train`, shape (n, height, width, 3), and stored in the layer. Raises ValueError for another `how`.
    """
    if how == "standardise":
        layer = layers.Normalization()
        layer.adapt(x_train[:5000])  # enough to know six numbers
        return layer
    if how not in NORMALISATION:
        raise ValueError(f"normalisation is one of {', '.join(NORMALISATION)}; {how!r} is not.")
    return layers.Rescaling(1 / 255 if how == "divide" else 1)


def reference_network(
    classes: int = 10, pooling: str = "max", normalise: layers.Layer | None = None
) -> keras.Sequential:
    """Three convolutions, two max-poolings, two dense layers: 122,570 parameters for ten classes.

    `normalise` is its first layer, division by 255 unless one is given (`normalisation_layer`).
    `pooling` "average" takes average pooling in their place. "stride" has none: the kernels of the first two
    convolutions take every second place instead (J. T. Springenberg et al. 2015, "Striving for simplicity:
    the all convolutional net"), which ends in maps of 5×5, not 4×4, and so in 159,434 parameters.
    Raises ValueError for another `pooling`.
    """
    if pooling not in POOLING:
        raise ValueError(f"pooling is one of {', '.join(POOLING)}; {pooling!r} is not.")
    stride = 2 if pooling == "stride" else 1
    smaller = {"max": [layers.MaxPooling2D], "average": [layers.AveragePooling2D], "stride": []}[pooling]
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            normalise or layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, stride, activation="relu"),
            *[layer(2) for layer in smaller],
            layers.Conv2D(64, 3, stride, activation="relu"),
            *[layer(2) for layer in smaller],
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(classes),
        ],
        name="reference_network",
    )


def dense_network(classes: int = 10) -> keras.Sequential:
    """Dense layers alone, with more parameters than the reference network: 394,634 for ten classes."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(classes),
        ],
        name="dense_network",
    )
