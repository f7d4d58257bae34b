"""What the images and labels of a data set must be, wherever they come from, and an .npz file of them."""

import zipfile
from pathlib import Path

from helpers.errors import UserError, one_line

import numpy as np

IMAGE_SIZE = 32  # height and width of an image in pixels
KEYS = ("x_train", "y_train", "x_test", "y_test")
ACCEPTED_KEYS = f"are {', '.join(KEYS)} and, if you like, class_names"
MAX_BYTES = 540_000_000  # that are read of an image (89 megapixels of 16-bit colors) or a batch: no bombs

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
Contents = tuple[tuple[str, ...], *Arrays]  # the names of the classes, and the arrays in the order of KEYS
Place = Path | zipfile.Path  # of a file or folder on the disk, or in a zip, which is not unpacked


class DatasetError(UserError, ValueError):
    """Images that cannot be used; the message is one sentence: what was wrong and what is accepted."""


def refusal(fault: str, accepted: str) -> DatasetError:
    return DatasetError(f"{one_line(fault, 1000)}; accepted {accepted}.")


def read_npz(path: Place) -> tuple[Contents, list[str]]:
    """Return what is in the file, and what was done to it, in sentences.

    Raises DatasetError, and whatever else a damaged file may raise.
    """
    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        missing = [key for key in KEYS if key not in file]
        if missing:
            raise refusal(f"{path} has no {', no '.join(missing)}", ACCEPTED_KEYS)
        arrays, notes = {key: file[key] for key in KEYS}, []
        names = file.get("class_names")
    for key in ("x_train", "x_test"):
        x = arrays[key]
        if x.dtype != np.uint8 and x.dtype.kind in "fiu" and x.size and 0 <= x.min() <= x.max() <= 255:
            factor = 255 if x.dtype.kind == "f" and x.max() <= 1 else 1
            notes.append(f"{key} was {x.dtype}, 0 to {255 // factor}, and became uint8, 0 to 255.")
            arrays[key] = np.rint(x * x.dtype.type(factor)).astype(np.uint8)
    if names is not None:
        names = (np.char.decode(names, "utf-8") if names.dtype.kind == "S" else names).tolist()
    return checked(path, names, *arrays.values()), notes


def checked(path: Place, class_names, x_train, y_train, x_test, y_test) -> Contents:
    """Return the contents of `path`, labels (n,) or (n, 1) as int64 (n,); raises DatasetError.

    If `class_names` is None, the classes are called class 0, class 1, ...
    """
    for part, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        n, shape = x.shape[0] if x.ndim else 0, f"(n, {IMAGE_SIZE}, {IMAGE_SIZE}, 3)"
        if x.dtype != np.uint8 or x.shape != (n, IMAGE_SIZE, IMAGE_SIZE, 3) or n == 0:
            seen = f", {x.min():g} to {x.max():g}" if x.size and x.dtype.kind in "fiu" else ""
            fault = f"x_{part} in {path} is {x.dtype} {x.shape}{seen}"
            raise refusal(fault, f"is uint8 {shape} with n of at least 1, or other numbers from 0 to 255")
        if x.max() <= 1:
            fault = f"x_{part} in {path} has no number above 1, as if divided by 255 and cut to whole numbers"
            raise refusal(fault, "are numbers from 0 to 255")
        if y.dtype.kind not in "iu" or y.shape not in {(n,), (n, 1)}:
            fault = f"y_{part} in {path} is {y.dtype} {y.shape}"
            raise refusal(fault, f"are whole numbers ({n},) or ({n}, 1)")
    y_train, y_test = y_train.reshape(-1), y_test.reshape(-1)
    names = class_names or [f"class {label}" for label in range(len(np.unique(y_train)))]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise refusal(f"class_names in {path} are {names!r}", "is a list of texts")
    names = [one_line(name) for name in names]
    if not 2 <= len(names) == len(set(names)) or "" in names:
        raise refusal(f"{path} has the classes {', '.join(names)}", "are two or more, each with another name")
    labels, accepted = np.arange(len(names)), f"are 0 to {len(names) - 1}, and in training each of them"
    for part, y in (("training", y_train), ("test", y_test)):
        if (wrong := y[(y < 0) | (y >= len(names))]).size:
            raise refusal(f"{path} has a {part} label {wrong.min()}", accepted)
    if (untrained := np.setdiff1d(labels, y_train)).size:
        raise refusal(f"{path} has no training image with label {untrained[0]}", accepted)
    return tuple(names), x_train, y_train.astype(np.int64), x_test, y_test.astype(np.int64)


def remarks(class_names, x_train, y_train, x_test, y_test) -> list[str]:
    """Say in sentences what can be used, and yet is often a mistake."""
    untested = ", ".join(name for label, name in enumerate(class_names) if label not in y_test)
    learned, asked = ([hash(image.tobytes()) for image in x] for x in (x_train, x_test))
    images, labeled = learned + asked, {*zip(learned + asked, (*y_train, *y_test), strict=True)}
    plain = sum((np.ptp(x, (1, 2)) == 0).all(axis=1).sum() for x in (x_train, x_test))
    counted = {
        f"of {len(asked)} test images are exact copies of training images": np.isin(asked, learned).sum(),
        f"of {len(images)} images are there under another label, too": len(labeled) - len({*images}),
        f"of {len(images)} images are of one color throughout": plain,
    }
    found = [f"The test set has no image of {untested}."] if untested else []
    return found + [f"{count} {what}." for what, count in counted.items() if count]
