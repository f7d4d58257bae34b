"""The networks of the lessons, uncompiled. Lesson 04 builds the first two layer by layer.

Input: pictures, shape (n, 32, 32, 3), values 0 to 255, any number type; the networks normalise them
themselves. Output: logits, shape (n, classes).
"""

from collections.abc import Sequence

from helpers.choices import NORMALISATION, POOLING

import keras
import numpy as np
from keras import layers


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


def residual_network(
    classes: int = 10, width: int = 48, change: Sequence[layers.Layer] = (), dropout: float = 0.0
) -> keras.Model:
    """A network that gets further than the reference network: 1,053,994 parameters for ten classes.

    The first convolution has stride 2, so that the many kernels that follow look at maps of 16×16 and less.
    Two blocks of two convolutions each add what they find to what they were given (K. He et al. 2016, "Deep
    residual learning for image recognition"), and batch normalisation follows each convolution. `width` is
    the number of kernels of the second convolution; the others have half, twice and four times as many.
    `change` are layers that change the pictures during the training, `dropout` is the share of the last
    features that is left out then, 0 to 1.
    """
    inputs = x = keras.Input((32, 32, 3))
    for layer in (*change, layers.Rescaling(1 / 127.5, -1)):  # -1 to 1
        x = layer(x)
    x = _normalised(layers.Conv2D(width // 2, 4, 2, padding="same", use_bias=False)(x))  # 16×16
    x = _normalised(_convolution(width)(x))
    for filters in (2 * width, 4 * width):
        x = _normalised(layers.MaxPooling2D(2)(_convolution(filters)(x)))  # 8×8, then 4×4
        found = _normalised(_convolution(filters)(x))
        x = layers.Add()([x, _normalised(_convolution(filters)(found))])
    x = layers.Dropout(dropout)(layers.GlobalMaxPooling2D()(x))
    return keras.Model(inputs, layers.Dense(classes)(x), name="residual_network")


def _convolution(filters: int) -> layers.Layer:
    # No bias: the normalisation behind it adds one.
    return layers.Conv2D(filters, 3, padding="same", use_bias=False)


def _normalised(x):
    # Means of the last 10 steps or so: with 0.99, the default, they lag behind in a short training.
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
