"""From pictures to probabilities; lesson 06 writes this out."""

import keras
import numpy as np


def predict_probabilities(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Probabilities of the classes, shape (n, classes), each row summing to 1.

    x: pictures, shape (n, 32, 32, 3), values 0 to 255. `model` returns logits, as the networks of lesson 04.
    """
    return keras.ops.convert_to_numpy(keras.ops.softmax(model.predict(x, batch_size=256, verbose=0)))


def pick(array: np.ndarray, places: list[int]) -> np.ndarray:
    """The entries of `array` at `places`, counted from 0.

    Raises ValueError when there is no such place.
    """
    missing = [place for place in places if not 0 <= place < len(array)]
    if missing or not places:
        raise ValueError(
            f"pictures = {places}: give at least one place in the test set, each from 0 to {len(array) - 1}."
        )
    return array[places]
