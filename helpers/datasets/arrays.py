"""What the images and labels of a data set must be, wherever they come from, and an .npz file of them."""

from pathlib import Path

from helpers.errors import UserError

import numpy as np

IMAGE_SIZE = 32  # height and width of an image in pixels
KEYS = ("x_train", "y_train", "x_test", "y_test")
ACCEPTED_KEYS = f"are {', '.join(KEYS)} and, if you like, class_names"

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
Contents = tuple[tuple[str, ...], *Arrays]  # the names of the classes, and the arrays in the order of KEYS


class DatasetError(UserError, ValueError):
    """Images that cannot be used; the message is one sentence: what was wrong and what is accepted."""


def refusal(fault: str, accepted: str) -> DatasetError:
    return DatasetError(f"{fault}; accepted {accepted}.")


def read_npz(path: Path) -> Contents:
    """Return what is in the file; raises DatasetError, and whatever else a damaged file may raise."""
    with np.load(path, allow_pickle=False) as file:
        missing = [key for key in KEYS if key not in file]
        if missing:
            raise refusal(f"{path} has no {', no '.join(missing)}", ACCEPTED_KEYS)
        class_names = file["class_names"].tolist() if "class_names" in file else None
        return checked(path, class_names, *(file[key] for key in KEYS))


def checked(path: Path, class_names, x_train, y_train, x_test, y_test) -> Contents:
    """Return the contents of `path`, labels (n,) or (n, 1) as int64 (n,); raises DatasetError.

    If `class_names` is None, the classes are called class 0, class 1, ...
    """
    for part, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        n, shape = len(x), f"(n, {IMAGE_SIZE}, {IMAGE_SIZE}, 3)"
        if x.dtype != np.uint8 or x.shape != (n, IMAGE_SIZE, IMAGE_SIZE, 3) or n == 0:
            fault = f"x_{part} in {path} is {x.dtype} {x.shape}"
            raise refusal(fault, f"is uint8 {shape} with n of at least 1")
        if y.dtype.kind not in "iu" or y.shape not in {(n,), (n, 1)}:
            fault = f"y_{part} in {path} is {y.dtype} {y.shape}"
            raise refusal(fault, f"are whole numbers ({n},) or ({n}, 1)")
    y_train, y_test = (y.reshape(-1).astype(np.int64) for y in (y_train, y_test))
    names = class_names or [f"class {label}" for label in range(len(np.unique(y_train)))]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise refusal(f"class_names in {path} are {names!r}", "is a list of texts")
    if not 2 <= len(names) == len(set(names)):
        raise refusal(f"{path} has the classes {', '.join(names)}", "are two or more, each with another name")
    labels, accepted = np.arange(len(names)), f"are 0 to {len(names) - 1}, and in training each of them"
    for part, y in (("training", y_train), ("test", y_test)):
        if (wrong := np.setdiff1d(y, labels)).size:
            raise refusal(f"{path} has a {part} label {wrong[0]}", accepted)
    if (untrained := np.setdiff1d(labels, y_train)).size:
        raise refusal(f"{path} has no training image with label {untrained[0]}", accepted)
    return tuple(names), x_train, y_train, x_test, y_test
