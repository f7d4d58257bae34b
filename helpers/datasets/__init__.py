"""How images get in: CIFAR-10, the built-in images, or one's own, all as arrays of the same form.

Lesson 02 shows it. Nothing here needs Keras or TensorFlow.
"""

import contextlib
import functools
import hashlib
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import doodles
from helpers.datasets import cifar10, images
from helpers.datasets.arrays import KEYS, Arrays, Contents, DatasetError, Place, read_npz, refusal, remarks
from helpers.datasets.cifar10 import CIFAR10_SHA256 as CIFAR10_SHA256
from helpers.datasets.cifar10 import cache_dir as cache_dir
from helpers.datasets.download import DownloadError
from helpers.datasets.images import open_image as open_image
from helpers.datasets.images import read_image as read_image
from helpers.errors import one_line
from helpers.files import whole_file

import numpy as np
import PIL

ACCEPTED = (
    'are "auto", "cifar10", "doodles" or the path of an .npz file, of the archive cifar-10-python.tar.gz, '
    "or of a folder or zip with train/<class>/ and test/<class>/, or with <class>/ alone"
)


@dataclass(frozen=True)
class Dataset:
    """Images to train with, images to test with, and where they came from."""

    name: str  # "cifar10", "doodles", or the path as it was given
    class_names: tuple[str, ...]  # the name for each label
    x_train: np.ndarray  # uint8 (n, 32, 32, 3), 0 to 255, red, green, blue
    y_train: np.ndarray  # int64 (n,), 0 to len(class_names) - 1
    x_test: np.ndarray  # as x_train
    y_test: np.ndarray  # as y_train
    source: str  # a sentence: which images these are, where they came from, and for "auto" also why

    @functools.cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, which are others as soon as a pixel or a label is."""
        digest = hashlib.sha256()
        for array in (self.x_train, self.y_train, self.x_test, self.y_test):
            digest.update(np.ascontiguousarray(array).data.cast("B"))
        return digest.hexdigest()[:16]


def load_dataset(dataset: str | Path = "auto") -> Dataset:
    """Load the images that `dataset` names; prints a line for each mirror that is given up in a download.

    Args:
        dataset: `"auto"` (CIFAR-10, or the built-in images if it cannot be had), `"cifar10"`, `"doodles"`
            (the built-in images), or the path of an `.npz` file with `x_train`, `y_train`, `x_test` and
            `y_test`, of the official CIFAR-10 archive, packed or unpacked, or of a folder with the images
            of each class in `train/<class>/` and `test/<class>/`, or in `<class>/` alone, of which a fifth
            becomes the test set. A zip of one of these is read without being unpacked.

    Raises:
        DatasetError: The images cannot be used, or `dataset` is none of the above.
        DownloadError: `"cifar10"` is neither here nor can it be downloaded.
    """
    if not dataset or not isinstance(dataset, str | Path):
        raise refusal(f"There is no data set {dataset!r}", ACCEPTED)
    dataset = str(dataset)
    if dataset == "doodles":
        return _load_doodles("")
    if dataset not in ("auto", "cifar10"):
        return _load_path(dataset)
    try:
        return Dataset("cifar10", *cifar10.load_cifar10())
    except DownloadError as error:
        why = f"CIFAR-10 is not on this computer and {error}"
        if dataset == "auto":
            return _load_doodles(f", because {why}")
        advice = "give the path of a copy as dataset, or set the environment variable CIFAR10_MIRRORS"
        raise DownloadError(f"{why}: {advice}.") from error


def split_validation(x_train: np.ndarray, y_train: np.ndarray, train_size: int = 0, seed: int = 0) -> Arrays:
    """Hold a tenth of each class out for validation and keep at most `train_size` of the other images.

    Args:
        x_train, y_train: Images (n, ...) and their labels, integers (n,).
        train_size: How many to keep, of each class as many as of the others as far as they last; 0 keeps all.
        seed: 0 or more. The validation set depends on it alone, so runs with fewer images can be compared.

    Returns `x_train, y_train, x_validation, y_validation`: copies, in shuffled order. Raises DatasetError
    if a class has fewer than two images, `train_size` is negative or too small for one of each class, or
    these are no images and labels.
    """
    x_train, y_train = np.asarray(x_train), np.asarray(y_train)
    if y_train.dtype.kind not in "iu" or not y_train.size or y_train.shape != x_train.shape[:1]:
        fault = f"The images are {x_train.dtype} {x_train.shape}, the labels {y_train.dtype} {y_train.shape}"
        raise refusal(fault, "are a whole number for each image")
    labels, counts = np.unique(y_train, return_counts=True)
    if counts.min() < 2:
        fault = f"Class {labels[counts.argmin()]} has one training image only"
        raise refusal(fault, "are two or more, because one is held out for validation")
    if not isinstance(train_size, int | np.integer) or (train_size != 0 and train_size < len(labels)):
        least = f"whole numbers from {len(labels)}, the number of classes, up"
        raise refusal(f"train_size is {train_size}", f"are 0 (all images) and {least}")
    rng = np.random.default_rng(seed)
    members = [rng.permutation(np.flatnonzero(y_train == label)) for label in labels]
    parts = [np.split(positions, [max(1, len(positions) // 10)]) for positions in members]
    validation, training = (np.concatenate(part) for part in zip(*parts, strict=True))
    if train_size:
        # The first image of each class, then the second of each, and so on: balanced wherever it ends.
        turn = np.concatenate([np.arange(len(rest)) for _, rest in parts])
        training = training[np.argsort(turn, kind="stable")[:train_size]]
    validation, training = rng.permutation(validation), rng.permutation(training)
    return x_train[training], y_train[training], x_train[validation], y_train[validation]


def _load_doodles(why: str) -> Dataset:
    """The built-in images, drawn once and then read from a file of 37 MB, if one can be written."""
    # The name tells all that the images depend on, so that an old file is never taken for a new one.
    file = cifar10.cached(f"doodles-{doodles.VERSION}-{PIL.__version__}-{np.__version__}.npz")
    try:
        (_, *arrays), _ = read_npz(file)
    except Exception:  # it isn't there, or it is damaged, which can raise nearly any
        arrays, file = doodles.draw_dataset(), cache_dir() / file.name
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(file) as partial:
                np.savez(partial, **dict(zip(KEYS, arrays, strict=True)))
    source = f"The built-in images, drawn by the program{why}."
    return Dataset("doodles", doodles.CLASS_NAMES, *arrays, source)


def _load_path(name: str) -> Dataset:
    path = name
    try:
        path = Path(name).expanduser().absolute()
        if not (path.is_dir() or path.is_file()):  # a pipe or a device may never end
            raise refusal(f"There is no data set {name!r}, and no file or folder {path}", ACCEPTED)
        contents, notes = _read(path)
    except DatasetError:
        raise
    except Exception as error:  # a damaged file can raise nearly any
        file, reason = getattr(error, "filename", None) or path, getattr(error, "strerror", None) or error
        raise refusal(f"{one_line(file)} cannot be read ({one_line(reason)})", ACCEPTED) from error
    source = " ".join([f"Images from {name}.", *notes, *remarks(*contents)])
    return Dataset(name, *contents, one_line(source, 2000))


def _read(place: Place) -> tuple[Contents, list[str]]:
    """Return what a file or folder holds, and what was assumed, in sentences."""
    if place.is_dir():
        folders, files = images.listed(place)
        cifar10.refuse_others(place, {file.name for file in files})
        if cifar10.batches_folder(place):
            return cifar10.read_batches(place), []
        inside = folders + [file for file in files if file.name.endswith((".npz", ".tar.gz"))]
        if len(inside) != 1:
            return images.read_folder(place)
        contents, notes = _read(inside[0])
        return contents, [f"They are in {inside[0].name}.", *notes]
    with place.open("rb") as file:
        if zipfile.is_zipfile(file):
            try:
                archive = zipfile.ZipFile(file, metadata_encoding="utf-8")  # as macOS writes without a mark
            except UnicodeDecodeError:
                archive = zipfile.ZipFile(file)
            for info in archive.infolist():  # zipfile may never end with /a, and old Windows writes a\1.png
                info.filename = info.filename.replace("\\", "/").lstrip("/")
            archive.NameToInfo = {info.filename: info for info in archive.infolist()}
            if any(name.endswith(".npy") and "/" not in name for name in archive.namelist()):
                return read_npz(place)
            return _read(zipfile.Path(archive))
        file.seek(0)
        if tarfile.is_tarfile(file):
            return cifar10.read_batches(place), []
    cifar10.refuse_others(place, {place.name})
    raise refusal(f"{place} is no .npz file, zip or tar archive, or it is damaged", ACCEPTED)
