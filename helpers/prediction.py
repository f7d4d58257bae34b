"""From pictures to probabilities; lesson 06 writes this out."""

import keras
import numpy as np


def predict_probabilities(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Probabilities of the classes, shape (n, classes), each row summing to 1.

    x: pictures, shape (n, 32, 32, 3), values 0 to 255. `model` returns logits, as the networks of lesson 04.
    """
    return keras.ops.convert_to_numpy(keras.ops.softmax(model.predict(x, batch_size=256, verbose=0)))
