"""Convolution and pooling in NumPy, to be read: lesson 03 works both by hand, then uses these.

Keras computes the same, much faster; the tests compare the two.
"""

from collections.abc import Callable

import numpy as np


def convolve(picture: np.ndarray, kernel: np.ndarray, bias: float = 0.0) -> np.ndarray:
    """Slide `kernel` over `picture`; each place gives the sum of products of the two, plus `bias`.

    picture: shape (height, width) or (height, width, channels); kernel: shape (rows, columns), and the same
    channels if there are any. Returns a feature map, shape (height - rows + 1, width - columns + 1).
    As in Keras the kernel is not flipped. Raises ValueError when the kernel does not fit.
    """
    if picture.ndim != kernel.ndim or picture.shape[2:] != kernel.shape[2:]:
        raise ValueError(
            f"A kernel of shape {kernel.shape} does not fit a picture of shape {picture.shape}: "
            "both need the same channels."
        )
    if kernel.shape[0] > picture.shape[0] or kernel.shape[1] > picture.shape[1]:
        raise ValueError(f"A kernel of shape {kernel.shape} is larger than the picture, {picture.shape}.")
    rows, columns = kernel.shape[:2]
    height, width = picture.shape[0] - rows + 1, picture.shape[1] - columns + 1
    feature_map = np.empty((height, width))
    for top in range(height):
        for left in range(width):
            window = picture[top : top + rows, left : left + columns]
            feature_map[top, left] = np.sum(window * kernel) + bias
    return feature_map


def pool(feature_map: np.ndarray, size: int = 2, summary: Callable = np.max) -> np.ndarray:
    """Cut `feature_map` into squares of `size` × `size` and keep one number of each: `summary` of it.

    feature_map: shape (height, width); summary: np.max or np.mean. Returns shape (height // size,
    width // size): what is left over at the right and the bottom is dropped, as in Keras.
    """
    height, width = feature_map.shape[0] // size, feature_map.shape[1] // size
    squares = feature_map[: height * size, : width * size].reshape(height, size, width, size)
    return summary(squares, axis=(1, 3))
