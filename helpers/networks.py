"""The networks of the lessons, uncompiled. Lesson 04 builds both layer by layer.

Input: pictures, shape (n, 32, 32, 3), values 0 to 255, any number type; the networks normalise them
themselves. Output: logits, shape (n, classes).
"""

import keras
from keras import layers


def reference_network(classes: int = 10) -> keras.Sequential:
    """Three convolutions, two max-poolings, two dense layers: 122,570 parameters for ten classes."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
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
