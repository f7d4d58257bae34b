"""Convolution and pooling in NumPy, to be read: lessons 03 and 04 work them by hand, then use these.

Keras computes the same, much faster; the tests compare the two.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

PADDING = ("valid", "same")


def output_size(size: int, kernel: int, stride: int = 1, padding: str = "valid") -> int:
    """How many positions a kernel of `kernel` pixels has in a row of `size` pixels, as Keras counts them.

    Padding "valid": the kernel stays inside the row. Padding "same": `zeros_around` are put on both ends.
    Either may leave pixels out, see `unseen`. Raises ValueError for another padding, a stride below 1, and
    a kernel that is larger than the row it has to stay in.
    """
    if padding not in PADDING:
        raise ValueError(f"padding is 'valid' or 'same'; {padding!r} is not.")
    if stride < 1 or kernel < 1:
        raise ValueError(f"stride and kernel size are 1 or more; they are {stride} and {kernel}.")
    if padding == "same":
        return math.ceil(size / stride)
    if kernel > size:
        raise ValueError(f"A kernel of {kernel} pixels does not fit a row of {size}.")
    return (size - kernel) // stride + 1


def zeros_around(size: int, kernel: int, stride: int = 1, padding: str = "same") -> tuple[int, int]:
    """The zeros that padding "same" puts before and after a row of `size` pixels; "valid" puts none.

    As few as let the last window end inside; an odd one goes after, as in Keras on TensorFlow.
    """
    last = (output_size(size, kernel, stride, padding) - 1) * stride
    zeros = max(last + kernel - size, 0)
    return zeros // 2, zeros - zeros // 2


def unseen(size: int, kernel: int, stride: int = 1, padding: str = "valid") -> list[int]:
    """The pixels of a row of `size` that are in no window: left over at its end, or between two windows."""
    zeros, _ = zeros_around(size, kernel, stride, padding)
    positions = range(output_size(size, kernel, stride, padding))
    seen = {position * stride - zeros + offset for position in positions for offset in range(kernel)}
    return sorted(set(range(size)) - seen)


def convolve(image: np.ndarray, kernel: np.ndarray, bias=0.0, stride=1, padding="valid") -> np.ndarray:
    """Slide `kernel` over `image`; each position gives the sum of products of the two, plus `bias`.

    image: shape (height, width) or (height, width, channels); kernel: shape (rows, columns), and the same
    channels if there are any. `stride` is the way from one position to the next, in pixels. Returns a feature
    map, shape (`output_size` of height and rows, of width and columns). As in Keras the kernel is not
    flipped. Raises ValueError when the kernel does not fit, and as `output_size`.
    """
    if image.ndim != kernel.ndim or image.shape[2:] != kernel.shape[2:]:
        shapes = f"A kernel of shape {kernel.shape} does not fit an image of shape {image.shape}"
        raise ValueError(f"{shapes}: both need the same channels.")
    sides = zip(image.shape[:2], kernel.shape[:2], strict=True)
    zeros = [zeros_around(*side, stride, padding) for side in sides]
    image = np.pad(image, zeros + [(0, 0)] * (image.ndim - 2))
    windows = sliding_window_view(image, kernel.shape)[::stride, ::stride]  # one for each position
    return np.tensordot(windows, kernel, kernel.ndim).reshape(windows.shape[:2]) + float(bias)


def pool(feature_map: np.ndarray, size: int = 2, summary: Callable = np.max) -> np.ndarray:
    """Cut `feature_map` into squares of `size` × `size` and keep one number of each: `summary` of it.

    feature_map: shape (height, width); summary: np.max or np.mean. Returns shape (height // size,
    width // size): what is left over at the right and the bottom is dropped, as in Keras.
    """
    height, width = feature_map.shape[0] // size, feature_map.shape[1] // size
    squares = feature_map[: height * size, : width * size].reshape(height, size, width, size)
    return summary(squares, axis=(1, 3))
