"""From images to probabilities; lesson 07 writes this out."""

from helpers.errors import UserError

import keras
import numpy as np


def predict_probabilities(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Probabilities of the classes, shape (n, classes), each row summing to 1.

    x: images, shape (n, 32, 32, 3), values 0 to 255. `model` returns logits, as the networks of lesson 05.
    """
    return keras.ops.convert_to_numpy(keras.ops.softmax(model.predict(x, batch_size=256, verbose=0)))


def indices_in_test_set(indices: list[int], count: int) -> list[int]:
    """Those of `indices`, counted from 0, that a test set of `count` images has, or `UserError` for none."""
    there = [index for index in indices if 0 <= index < count]
    if not there:
        raise UserError(f"The test set has no image {indices}; accepted are indices from 0 to {count - 1}.")
    return there
