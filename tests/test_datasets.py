"""How images get in: archives, folders, .npz files and single images, whole and with every fault."""

import functools
import gzip
import hashlib
import io
import json
import os
import pickle
import re
import shutil
import socket
import struct
import subprocess
import sys
import tarfile
import threading
import tracemalloc
import unicodedata
import warnings
import zipfile
import zlib
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import doodles
from helpers.datasets import (
    DatasetError,
    cache_dir,
    cifar10,
    load_dataset,
    open_image,
    read_image,
    split_validation,
)
from helpers.datasets.arrays import KEYS
from helpers.datasets.download import DownloadError

import numpy as np
import PIL
import pytest
from PIL import Image

NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
ARCHIVE_NAME = "cifar-10-batches-py-target_archive"
ROWS = 20  # images in each batch of the miniature archive


# A miniature of the official archive, pickled as Python 2 did it


class Python2Pickler(pickle._Pickler):
    """Writes text and bytes as Python 2's str, as in the official batches."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_str(self, value):
        value = value.encode() if isinstance(value, str) else value
        short = len(value) < 256
        self.write(pickle.SHORT_BINSTRING + bytes([len(value)]) if short else pickle.BINSTRING)
        self.write(value if short else struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = save_str


def pickled(value) -> bytes:
    file = io.BytesIO()
    Python2Pickler(file, protocol=2).dump(value)
    return file.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def batch(i: int, rows: int = ROWS, **other) -> bytes:
    data = np.random.default_rng(i).integers(0, 256, (rows, 3072), dtype=np.uint8)
    labels = [(i + row) % 10 for row in range(rows)]
    files = [f"{row}.png" for row in range(rows)]
    return pickled({"batch_label": f"batch {i}", "data": data, "labels": labels, "filenames": files} | other)


def members(rows: int = ROWS) -> dict[str, bytes]:
    """The files of the archive, in the official archive's order."""
    meta = {"label_names": list(NAMES), "num_cases_per_batch": rows, "num_vis": 3072}
    files = {"batches.meta": pickled(meta), "readme.html": b"<html>"}
    return files | {cifar10.BATCHES[i]: batch(i, rows) for i in (3, 5, 2, 1, 4, 0)}


def without(*names):
    return {name: content for name, content in members().items() if name not in names}


def pack(files: dict[str, bytes], path: Path, mode="w:gz") -> Path:
    with tarfile.open(path, mode, compresslevel=1) if mode == "w:gz" else tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def unpack(files: dict[str, bytes], folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def check_miniature(data):
    """All images are there, in Keras' order and with the colors as the last axis."""
    assert data.class_names == NAMES
    assert data.x_train.shape == (5 * ROWS, 32, 32, 3) and data.x_test.shape == (ROWS, 32, 32, 3)
    assert data.x_train.dtype == data.x_test.dtype == np.uint8
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    for i in range(6):
        x, y = (data.x_test, data.y_test) if i == 5 else (data.x_train, data.y_train)
        rows = slice(0, ROWS) if i == 5 else slice(i * ROWS, (i + 1) * ROWS)
        official = np.random.default_rng(i).integers(0, 256, (ROWS, 3072), dtype=np.uint8)
        assert np.array_equal(x[rows][7, :, :, 0].ravel(), official[7, :1024])  # red
        assert np.array_equal(x[rows][7, :, :, 2].ravel(), official[7, 2048:])  # blue
        assert y[rows].tolist() == [(i + row) % 10 for row in range(ROWS)]


def refusal(act, *words, error=DatasetError) -> str:
    """Return the message of the error that `act` must raise: one sentence with all of these words."""
    with pytest.raises(error) as raised:
        act()
    message = str(raised.value)
    assert "\n" not in message and message.endswith(".") and "accepted" in message, message
    for word in words:
        assert str(word) in message, message
    return message


def printed(capsys) -> list[str]:
    """The lines about what was not used or given up, without progress bars."""
    return [line for line in capsys.readouterr().out.splitlines() if re.search("Not used|given up", line)]


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """Keras' cache for data sets, in a home of its own, where no test finds what another one left."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("CIFAR10_MIRRORS", raising=False)
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    return tmp_path / "keras" / "datasets"


@pytest.fixture
def archive(tmp_path, monkeypatch) -> Path:
    """A miniature archive that counts as the official one."""
    path = pack(members(), tmp_path / "cifar.tar.gz")
    monkeypatch.setattr(cifar10, "CIFAR10_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


@pytest.fixture
def offline(monkeypatch):
    def look_up(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.fixture
def mirror(tmp_path, monkeypatch, archive):
    """A server of the archive; what was asked of it is in `asked`."""

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(self.path)
            super().do_GET()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(tmp_path)))
    server.asked = []
    server.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


# CIFAR-10: cache, mirrors, and what "auto" does


def test_cifar10_is_downloaded_once_into_keras_cache(cache, mirror, archive, monkeypatch, capsys):
    monkeypatch.setenv("CIFAR10_MIRRORS", f"{mirror.url}missing.tar.gz\n  {mirror.url}{archive.name}")
    data = load_dataset("cifar10")
    check_miniature(data)
    assert data.name == "cifar10" and "Krizhevsky" in data.source and "downloaded" in data.source
    assert mirror.asked == ["/missing.tar.gz", "/cifar.tar.gz"]
    (line,) = printed(capsys)
    assert "answered 404" in line
    assert [path.name for path in cache.iterdir()] == [ARCHIVE_NAME]

    data = load_dataset("auto")
    check_miniature(data)
    assert "cache" in data.source and "downloaded" not in data.source
    assert len(mirror.asked) == 2 and printed(capsys) == []


@pytest.mark.parametrize(
    "copy",
    ["cifar-10-batches-py.tar.gz", "cifar-10-batches-py-target/cifar-10-batches-py", "cifar-10-batches-py"],
)
def test_what_other_versions_of_keras_left(cache, archive, offline, copy):
    if copy.endswith(".gz"):
        archive.rename(cache / copy)
    else:
        unpack(members(), cache / copy)
    check_miniature(load_dataset("cifar10"))


@pytest.mark.parametrize(
    "files, words",
    [
        (without("data_batch_5"), "has no data_batch_5"),
        (members() | {"data_batch_5": batch(4)[:-1000]}, "Not used: data_batch_5 in "),
        (None, "is damaged (it has another SHA-256)."),  # a cut archive
    ],
)
def test_damaged_copy_in_the_cache_is_not_used(cache, archive, mirror, monkeypatch, capsys, files, words):
    monkeypatch.setenv("CIFAR10_MIRRORS", mirror.url + archive.name)
    if files:
        unpack(files, cache / "cifar-10-batches-py")
    else:
        (cache / ARCHIVE_NAME).write_bytes(archive.read_bytes()[:-5000])
    check_miniature(load_dataset("cifar10"))
    assert len(mirror.asked) == 1
    assert (cache / ARCHIVE_NAME).read_bytes() == archive.read_bytes()
    (line,) = printed(capsys)
    assert line.startswith("Not used: ") and words in line


@pytest.fixture
def few_doodles(monkeypatch):
    """The built-in images, but so few that drawing them takes no time; counts how often they are drawn."""
    drawn = []

    def draw_dataset():
        drawn.append(True)
        return *doodles.draw_doodles(20, 1), *doodles.draw_doodles(10, 2)

    monkeypatch.setattr(doodles, "draw_dataset", draw_dataset)
    return drawn


def test_auto_offline_falls_back_and_says_why(cache, offline, few_doodles, capsys):
    data = load_dataset()
    assert data.name == "doodles" and len(data.x_train) == 20
    assert data.source == (
        "The built-in images, drawn by the program, because CIFAR-10 is not on this computer and no mirror "
        "sent the file (6 tried: unknown host)."
    )
    lines = printed(capsys)
    assert len(lines) == 6
    assert lines[0] == "zenodo.org given up: unknown host." and lines[5].startswith("www.cs.toronto.edu ")


def test_mirrors_are_separated_by_spaces_or_commas(cache, mirror, archive, few_doodles, monkeypatch, capsys):
    first, second, good = (f"{mirror.url}{name}" for name in ("first.gz", "second.gz", archive.name))
    monkeypatch.setenv("CIFAR10_MIRRORS", f" {first},{second} ,http://[::1, {good},\n")
    check_miniature(load_dataset("auto"))
    assert mirror.asked == ["/first.gz", "/second.gz", "/cifar.tar.gz"]
    assert [line.split()[0] for line in printed(capsys)][2] == "[::1"
    (cache / ARCHIVE_NAME).unlink()
    monkeypatch.setenv("CIFAR10_MIRRORS", "http://me:s3cret@[::1,http://me:s3c/ret@[::1")
    data = load_dataset("auto")
    assert data.name == "doodles" and "(2 tried: no address of a file)" in data.source
    assert "s3c" not in data.source + capsys.readouterr().out


def test_cifar10_offline_is_a_clear_error(cache, offline):
    with pytest.raises(DownloadError) as raised:
        load_dataset("cifar10")
    message = str(raised.value)
    assert "unknown host" in message and "path" in message and "CIFAR10_MIRRORS" in message
    assert message.endswith(".") and "\n" not in message


def test_doodles_are_drawn_once(cache, offline, few_doodles):
    data, again = load_dataset("doodles"), load_dataset("doodles")
    assert len(few_doodles) == 1
    for found in (data, again):
        assert found.name == "doodles" and found.class_names == NAMES
        assert found.source == "The built-in images, drawn by the program."
        for name in KEYS:
            assert np.array_equal(getattr(found, name), getattr(data, name))
            assert getattr(found, name).dtype == (np.uint8 if name[0] == "x" else np.int64)


def flip_a_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def test_damaged_file_of_doodles_is_drawn_again_and_replaced(cache, few_doodles):
    data = load_dataset("doodles")
    (file,) = cache.iterdir()
    whole, pickles = file.read_bytes(), dict.fromkeys(KEYS, np.array([Command("echo opened")], object))
    for damage in (
        lambda: file.write_bytes(whole[:-5000]),
        lambda: file.write_bytes(b""),
        lambda: file.write_bytes(bytes(99)),
        lambda: file.write_bytes(flip_a_bit(whole)),
        lambda: save(file, x_train=data.x_train),
        lambda: save(file, **pickles),
    ):
        damage()
        few_doodles.clear()
        assert np.array_equal(load_dataset("doodles").x_train, data.x_train)
        assert len(few_doodles) == 1 and file.read_bytes() == whole
        assert list(cache.iterdir()) == [file]


def test_other_drawings_are_kept_in_another_file(cache, few_doodles, monkeypatch):
    load_dataset("doodles")
    for part in [(doodles, "VERSION"), (PIL, "__version__"), (np, "__version__")]:
        monkeypatch.setattr(*part, "0.0")
        load_dataset("doodles")
    assert len(list(cache.iterdir())) == len(few_doodles) == 4


def test_doodles_where_nothing_can_be_written(cache, few_doodles, monkeypatch):
    cache.rmdir()
    cache.write_text("no folder")
    assert len(load_dataset("doodles").x_train) == 20
    cache.unlink()

    def full_disk(path, **_):
        path.write_bytes(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    assert len(load_dataset("doodles").x_train) == 20
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("dataset", ["CIFAR100", "", "no/such/folder", "https://example.org/x.npz", None, 5])
def test_neither_a_word_nor_a_path(dataset):
    words = ("auto", "cifar10", "doodles", ".npz", "cifar-10-python.tar.gz", "train/<class>/")
    refusal(lambda: load_dataset(dataset), repr(dataset), *words)


def test_cache_is_where_keras_looks(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "new" / "keras"))
    assert cache_dir() == tmp_path / "new" / "keras" / "datasets"
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert cache_dir() == tmp_path / ".keras" / "datasets"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert cache_dir().parts[-2:] == (".keras", "datasets")
    assert not cache_dir().is_relative_to(tmp_path)


def test_read_only_cache_is_used(cache, archive, tmp_path):
    """On a disk that nobody can write to, with the archive and the drawn images on it."""
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).returncode:
        pytest.skip("this system lets nobody mount a disk for a test")
    script = 'mount -t tmpfs none "$0" && cp -r "$1/." "$0" && mount -o remount,ro "$0" && shift && exec "$@"'
    code = (
        "import sys, doodles\nfrom helpers.datasets import cache_dir, cifar10, load_dataset\n"
        "doodles.draw_dataset = None\ncifar10.CIFAR10_SHA256 = sys.argv[1]\n"
        "for name in ('auto', 'cifar10', 'doodles'): print(load_dataset(name).source)\nprint(cache_dir())"
    )
    full, mounted = tmp_path / "full", tmp_path / "mounted"
    (full / "datasets").mkdir(parents=True)
    mounted.mkdir()
    archive.rename(full / "datasets" / ARCHIVE_NAME)
    drawn = f"doodles-{doodles.VERSION}-{PIL.__version__}-{np.__version__}.npz"
    save(full / "datasets" / drawn, **arrays())
    environment = os.environ | {
        "KERAS_HOME": str(mounted),
        "TMPDIR": str(tmp_path),
        "CIFAR10_MIRRORS": "none",
    }
    done = subprocess.run(
        [
            unshare,
            "-rm",
            "sh",
            "-c",
            script,
            mounted,
            full,
            sys.executable,
            "-c",
            code,
            cifar10.CIFAR10_SHA256,
        ],
        capture_output=True,
        text=True,
        env=environment,
    )
    *sources, built_in, place = done.stdout.splitlines() or [done.stderr]
    assert len(sources) == 2 and all("from Keras' cache" in source for source in sources), done
    assert built_in == "The built-in images, drawn by the program."
    assert place == str(tmp_path / ".keras" / "datasets")  # where a download would go


def test_leftovers_of_killed_downloads_and_drawings_are_removed(cache, archive, few_doodles):
    """Even where nothing is written, because all is there."""
    load_dataset("doodles")
    archive.rename(cache / ARCHIVE_NAME)
    there = set(cache.iterdir())
    for name in ("cifar10", "doodles"):
        old, young = (cache / f".partial-{age}-{ARCHIVE_NAME}" for age in ("old", "young"))
        old.write_bytes(b"half")
        young.write_bytes(b"somebody may be at it")
        os.utime(old, (0, 0))
        load_dataset(name)
        assert set(cache.iterdir()) == there | {young}


def test_keras_finds_the_download(cache, mirror, archive, monkeypatch):
    import keras.src.datasets.cifar10 as keras_cifar10
    from keras.src.utils import file_utils

    def get_file(**settings):
        found.append(
            Path(real(**(settings | {"file_hash": cifar10.CIFAR10_SHA256, "cache_dir": cache.parent})))
        )
        raise InterruptedError  # the miniature has too few images for what follows

    real, found = keras_cifar10.get_file, []
    monkeypatch.setattr(keras_cifar10, "get_file", get_file)
    monkeypatch.setattr(file_utils, "urlretrieve", None)  # no download
    monkeypatch.setenv("CIFAR10_MIRRORS", mirror.url + archive.name)
    load_dataset("cifar10")
    with pytest.raises(InterruptedError):
        keras_cifar10.load_data()
    check_miniature(load_dataset(found[0]))


# The official archive, given as a path


@pytest.mark.parametrize("mode", ["w:gz", "w", "w:xz"])
def test_archive_under_any_name(tmp_path, mode, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    path = pack(members(), tmp_path / "from the stick", mode)
    for name in (str(path), "~/from the stick"):
        data = load_dataset(name)
        check_miniature(data)
        assert data.name == name and name in data.source


def test_unpacked_archive(tmp_path):
    folder = unpack(members(), tmp_path / "stick" / "cifar-10-batches-py")
    check_miniature(load_dataset(folder))
    check_miniature(load_dataset(folder.parent))


class Command:
    """What a malicious file would hold: a command that is run when it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize(
    "files, words",
    [
        (without("test_batch", "batches.meta"), ["no test_batch, no batches.meta"]),
        ({"readme.html": b""}, ["no data_batch_1", "no test_batch"]),
        *(
            (members() | {"data_batch_2": content}, ["data_batch_2"])
            for content in (
                *(b"", b"text", batch(1)[:-1000], pickled([1]), pickled({"labels": []})),
                *(batch(1, labels=labels) for labels in (None, [0], [[0], [1, 2]])),
                batch(1, data=np.zeros((ROWS, 99), np.uint8)),
            )
        ),
        (members() | {"data_batch_2": batch(1, labels=["cat"] * ROWS)}, ["y_train", "whole numbers"]),
        (members() | {"data_batch_2": batch(1, labels=[10] * ROWS)}, ["label 10", "0 to 9"]),
        (members() | {"data_batch_2": batch(1, data=np.zeros((ROWS, 3072)))}, ["float64", "uint8"]),
        (members() | {"batches.meta": pickled({})}, ["batches.meta"]),
        ({"ant/1.png": b"", "bee/1.png": b""}, ["own images come in a folder or a zip"]),
        (members() | {"batches.meta": pickled({"label_names": ["cat", "cat"]})}, ["cat, cat"]),
    ],
)
def test_faulty_batches(tmp_path, files, words):
    path = pack(files, tmp_path / "cifar.tar.gz")
    refusal(lambda: load_dataset(path), path, *words)
    if set(files) & set(cifar10.BATCHES):
        folder = unpack(files, tmp_path / "cifar-10-batches-py")
        refusal(lambda: load_dataset(folder), folder, *words)


@pytest.mark.parametrize("how", ["system", "eval", "numpy"])
def test_malicious_batch_is_refused_and_not_run(tmp_path, how):
    victim = tmp_path / "victim"
    evil = {
        "system": pickled({"data": Command(f"echo > {victim}")}),
        "eval": f"cbuiltins\neval\n(S\"open({str(victim)!r}, 'w')\"\ntR.".encode(),
        "numpy": b"cnumpy\nload\n(S'x'\ntR.",
    }[how]
    path = pack(members() | {"data_batch_1": evil}, tmp_path / "cifar.tar.gz")
    refusal(lambda: load_dataset(path), "data_batch_1", "no numpy array")
    assert not victim.exists()
    pickle.loads(pickled(Command(f"echo > {victim}")))
    assert victim.exists()  # so the command was one that works


@pytest.mark.parametrize("protocol", range(6))
def test_archive_pickled_again_by_a_newer_python(tmp_path, protocol):
    old = {name: pickle.loads(content, encoding="bytes") for name, content in without("readme.html").items()}
    more = {"empty": b"", "bytes": b"\xff", "names": np.array(["a"]), "columns": np.asfortranarray(np.eye(3))}
    files = {name: pickle.dumps(content | more, protocol) for name, content in old.items()}
    check_miniature(load_dataset(pack(files, tmp_path / "cifar.tar.gz")))


def test_damaged_archives(tmp_path):
    whole = pack(members(), tmp_path / "whole.tar.gz").read_bytes()
    path = tmp_path / "cifar.tar.gz"
    middle = len(whole) // 2
    for damaged in (
        whole[:middle],
        whole[:-4],
        flip_a_bit(whole),  # of one pixel
        whole[:middle] + bytes(2000) + whole[middle + 2000 :],
        b"",
        b"not an archive",
        gzip.compress(b"no tar in it"),
    ):
        path.write_bytes(damaged)
        refusal(lambda: load_dataset(path), path)
    whole = pack(members(), path, "w:xz").read_bytes()
    for at in range(100, len(whole), len(whole) // 4):
        path.write_bytes(whole[:at] + bytes(50) + whole[at + 50 :])
        refusal(lambda: load_dataset(path), path)


# An .npz file


def arrays(**other) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
    y = np.arange(12) % 3
    return {"x_train": x, "y_train": y, "x_test": x[:6], "y_test": y[:6]} | other


def save(path: Path, **content) -> Path:
    np.savez(path, **{key: value for key, value in content.items() if value is not None})
    return path


@pytest.mark.parametrize("labels", [np.uint8, np.int32, np.int64, "column"])
def test_npz(tmp_path, labels):
    content = arrays()
    for key in ("y_train", "y_test"):
        content[key] = content[key][:, None] if labels == "column" else content[key].astype(labels)
    path = save(tmp_path / "own.npz", **content)
    data = load_dataset(str(path))
    assert data.name == str(path) and str(path) in data.source
    assert data.class_names == ("class 0", "class 1", "class 2")
    assert np.array_equal(data.x_train, content["x_train"]) and data.x_train.dtype == np.uint8
    assert data.y_train.tolist() == [0, 1, 2] * 4 and data.y_train.dtype == data.y_test.dtype == np.int64
    assert len(data.x_test) == len(data.y_test) == 6
    save(path, **content, class_names=np.array(["a", "b", "ç"]))
    assert load_dataset(path).class_names == ("a", "b", "ç")


@pytest.mark.parametrize(
    "other, words",
    [
        ({"x_test": None, "y_train": None}, ["no y_train, no x_test"]),
        ({"x_train": np.zeros((12, 28, 28), np.uint8)}, ["x_train", "(12, 28, 28)", "(n, 32, 32, 3)"]),
        ({"x_test": np.zeros((6, 3, 32, 32), np.uint8)}, ["x_test", "(6, 3, 32, 32)"]),
        *(
            ({key: np.full((6, 32, 32, 3), number, kind)}, [key, np.dtype(kind), "uint8", "0 to 255"])
            for key in ("x_train", "x_test")
            for number, kind in [(-0.5, "f4"), (255.5, "f8"), (256, "i8"), (np.nan, "f2"), (np.inf, "f8")]
        ),
        ({"x_train": np.ones((12, 32, 32, 3), np.uint8)}, ["x_train", "divided by 255"]),
        ({"x_test": np.ones((6, 32, 32, 3), np.int64)}, ["x_test", "divided by 255"]),
        ({"x_train": np.zeros((12, 32, 32, 3), bool)}, ["x_train", "bool"]),
        ({"x_train": np.array(5, np.uint8)}, ["x_train", "uint8 ()"]),
        ({"y_test": np.full(6, 2**64 - 1, np.uint64)}, ["label 18446744073709551615"]),
        ({"y_train": np.array(["cat", "dog", "cow"] * 4)}, ["y_train", "whole numbers"]),
        ({"y_train": np.array([0, 2, 4] * 4)}, ["training label 4", "0 to 2"]),
        ({"x_train": np.zeros((0, 32, 32, 3), np.uint8)}, ["x_train", "at least 1"]),
        ({"y_train": np.zeros(12)}, ["y_train", "float64", "whole numbers"]),
        ({"y_train": np.zeros(12, bool)}, ["y_train", "bool"]),
        ({"y_train": np.zeros(11, int)}, ["y_train", "(11,)", "(12,)"]),
        ({"y_train": np.eye(12, 3, dtype=int)}, ["y_train", "(12, 3)"]),
        ({"y_train": np.arange(12) % 3 + 1}, ["label 3", "0 to 2"]),
        ({"y_train": np.arange(12) % 3 * 10**9}, ["label 1000000000", "0 to 2"]),
        ({"y_test": np.array([0, 1, 2, 3, 0, 0])}, ["test label 3", "0 to 2"]),
        ({"y_test": np.array([0, 1, -1, 0, 0, 0])}, ["test label -1"]),
        ({"y_train": np.zeros(12, int), "y_test": np.zeros(6, int)}, ["classes class 0", "two or more"]),
        ({"x_train": np.array([None] * 12)}, ["cannot be read"]),
        ({"class_names": np.array(["a", "b"])}, ["label 2", "0 to 1"]),
        ({"class_names": np.array(["a", "b", "c", "d"])}, ["no training image with label 3"]),
        ({"class_names": np.array(["a", "b", "b"])}, ["a, b, b", "another name"]),
        ({"class_names": np.array([1, 2, 3])}, ["class_names"]),
        ({"class_names": np.array("a")}, ["class_names"]),
        ({"class_names": np.array([None, "b"], object)}, ["cannot be read"]),
    ],
)
def test_faulty_npz(tmp_path, other, words):
    path = save(tmp_path / "own.npz", **arrays(**other))
    refusal(lambda: load_dataset(path), path, *words)


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i2", "i8", "u4"])
def test_npz_of_other_numbers(tmp_path, kind):
    content = arrays()
    whole = content | {key: content[key].astype(kind) for key in ("x_train", "x_test")}
    data = load_dataset(save(tmp_path / "own.npz", **whole))
    assert np.array_equal(data.x_train, content["x_train"]) and data.x_train.dtype == np.uint8
    assert f"x_test was {np.dtype(kind)}, 0 to 255, and became uint8" in data.source
    if kind[0] == "f":
        parts = content | {key: (content[key] / 255).astype(kind) for key in ("x_train", "x_test")}
        data = load_dataset(save(tmp_path / "own.npz", **parts))
        assert np.array_equal(data.x_test, content["x_test"])
        assert f"x_train was {np.dtype(kind)}, 0 to 1, and became uint8, 0 to 255." in data.source


def test_npz_with_names_as_bytes(tmp_path):
    names = np.array([b"ant", "bär".encode(), b"cow\n<b>"])
    data = load_dataset(save(tmp_path / "own.npz", **arrays(class_names=names)))
    assert data.class_names == ("ant", "bär", "cow <b>")


def test_what_is_often_a_mistake_is_counted(tmp_path):
    content = arrays()  # whose test images are training images
    content["x_test"] = np.concatenate([content["x_test"], np.full((2, 32, 32, 3), (9, 0, 200), np.uint8)])
    content["y_test"] = np.array([0, 0, 0, 2, 2, 2, 2, 2])
    source = load_dataset(save(tmp_path / "own.npz", **content)).source
    assert "6 of 8 test images are exact copies of training images." in source
    assert "2 of 20 images are of one color throughout." in source
    assert "The test set has no image of class 1." in source
    assert "of 20 images are there under another label, too." in source
    fine = content | {"x_test": 255 - content["x_test"][:6], "y_test": content["y_train"][:6]}
    path = save(tmp_path / "own.npz", **fine)
    assert load_dataset(path).source == f"Images from {path}."


def test_damaged_npz(tmp_path):
    path = save(tmp_path / "own.npz", **arrays())
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:5000] + b"damage" + whole[5006:], b"", b"text"):
        path.write_bytes(damaged)
        refusal(lambda: load_dataset(path), path)


# A folder of one's own images


def checked(mode: str, size=(48, 40), color=None) -> Image.Image:
    image = Image.new("RGB", size, color or (200, 60, 20))
    return image.quantize(4) if mode == "P" else image.convert(mode)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Three classes with images of all sorts; the left upper pixel's red says which class it is."""
    for part, count in (("train", 12), ("test", 4)):
        for label, name in enumerate(("ant", "bee", "Wasp")):
            place = tmp_path / "own" / part / name
            place.mkdir(parents=True)
            for i in range(count):
                size = (32, 32) if i % 2 else (40 + i, 90 - i)
                Image.new("RGB", size, (50 * label, i, 0)).save(place / f"{i:02}.png")
    return tmp_path / "own"


def test_folder(folder):
    (folder / "train" / "ant" / ".DS_Store").write_bytes(b"x")
    (folder / "train" / "ant" / "Thumbs.db").write_bytes(b"x")
    (folder / "train" / ".ipynb_checkpoints").mkdir()
    (folder / "test" / "notes.txt").write_text("beside the class folders")
    data = load_dataset(str(folder))
    assert data.name == str(folder) and str(folder) in data.source
    assert data.class_names == ("Wasp", "ant", "bee")  # sorted as Python sorts
    assert data.x_train.shape == (36, 32, 32, 3) and data.x_test.shape == (12, 32, 32, 3)
    assert data.x_train.dtype == np.uint8 and data.y_train.dtype == np.int64
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        assert np.array_equal(np.array([100, 0, 50])[y], x[:, 0, 0, 0])  # each label is its image's
    assert len(set(data.y_train[:12].tolist())) == 3  # not class by class
    again = load_dataset(folder)
    assert np.array_equal(again.x_train, data.x_train) and np.array_equal(again.y_test, data.y_test)


def test_faulty_folders(folder):
    for broken in ("torn.png", "torn.JPG", "from a phone.HEIC", "gone.webp"):
        stray = folder / "train" / "bee" / broken
        stray.symlink_to("nowhere") if "gone" in broken else stray.write_text("no image")
        refusal(lambda: load_dataset(folder), stray, "JPEG, PNG")
        stray.unlink()
    stray = folder / "train" / "bee" / "deeper"
    stray.mkdir()
    refusal(lambda: load_dataset(folder), stray, "train/<class>/")
    stray.rmdir()
    (folder / "test" / "cow").mkdir()
    refusal(lambda: load_dataset(folder), folder / "test" / "cow", "no images")
    (folder / "test" / "cow" / "notes.txt").write_text("no image")
    refusal(lambda: load_dataset(folder), folder / "test" / "cow", "no images")
    checked("RGB").save(folder / "test" / "cow" / "1.png")
    refusal(lambda: load_dataset(folder), folder / "test", "has cow, but", folder / "train")
    (folder / "test" / "cow").rename(folder / "train" / "cow")
    assert "The test set has no image of cow." in load_dataset(folder).source
    (folder / "test").rename(folder / "exam")
    refusal(lambda: load_dataset(folder), folder, "exam, train", "train/<class>/")
    (folder / "train").rename(folder / "test")
    refusal(lambda: load_dataset(folder), folder, "exam, test", "train/<class>/")
    (folder / "exam").rename(folder / "Test")
    refusal(lambda: load_dataset(folder), folder, "Test, test", "train/<class>/")


def layout(root: Path, *files: str, size=(40, 36)) -> Path:
    """Files at these paths, each image another one; what is no image by its ending holds a word."""
    for number, name in enumerate(files):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (*size, 3), dtype=np.uint8)
        if Path(name).suffix.lower() in (".png", ".jpg", ".bmp", ""):
            Image.fromarray(pixels).save(root / name, "PNG")
        else:
            (root / name).write_text("a word")
    return root


def zipped(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", folder))


@pytest.mark.parametrize("form", ["folder", "wrapped", "only train", "zip", "wrapped zip"])
def test_class_folders_alone_get_a_test_set(tmp_path, form):
    names = [f"{name}/{i}.png" for name in ("ant", "bee") for i in range(11)] + ["cow/1.png", "cow/2.png"]
    before = {"wrapped": "pets/", "only train": "train/", "wrapped zip": "all of it/pets/"}.get(form, "")
    own = layout(tmp_path / "own", *(before + name for name in names), "__MACOSX/ant/1.png")
    own = zipped(own) if "zip" in form else own
    data = load_dataset(own)
    assert data.class_names == ("ant", "bee", "cow")
    assert np.bincount(data.y_train).tolist() == [9, 9, 1] and np.bincount(data.y_test).tolist() == [2, 2, 1]
    assert "There is no test folder: a fifth of each class, 5 images, became the test set." in data.source
    assert len({image.tobytes() for image in (*data.x_train, *data.x_test)}) == 24  # each of them once
    again = load_dataset(own)
    assert np.array_equal(again.x_test, data.x_test) and np.array_equal(again.y_train, data.y_train)
    assert ("They are in pets." in data.source) == ("wrapped" in form)
    assert "Left out" not in data.source
    assert list(tmp_path.iterdir()) == [*{tmp_path / "own", own}] or "zip" in form
    if form == "folder":
        (own / "cow" / "1.png").unlink()
        refusal(lambda: load_dataset(own), own / "cow", "one image only", "2 or more")


@pytest.mark.parametrize(
    "train, test, others",
    [
        *[("Train", "Test", ()), ("training", "testing", ()), ("train", "val", ()), ("TRAIN", "valid", ())],
        *[
            ("train", "Validation", ()),
            ("train", "test", ("val", "valid")),
            ("training", "test", ("sample",)),
        ],
    ],
)
def test_other_names_of_train_and_test(tmp_path, train, test, others):
    files = [f"{part}/{name}/{i}.png" for part in (train, test, *others) for name in "ab" for i in range(3)]
    data = load_dataset(zipped(layout(tmp_path / "own", *files)))
    assert np.bincount(data.y_train).tolist() == np.bincount(data.y_test).tolist() == [3, 3]
    said = f"The training set is {train}, the test set is {test}." in data.source
    assert said == ((train, test) != ("train", "test"))
    assert (f"Left out as no images or in no class: {len(others)}" in data.source) == bool(others)


def test_valid_and_invalid_are_classes(tmp_path):
    data = load_dataset(
        layout(tmp_path, *(f"{name}/{i}.png" for name in ("valid", "invalid") for i in "123"))
    )
    assert data.class_names == ("invalid", "valid")


def test_harmless_files_are_left_out_and_counted(tmp_path):
    images = [
        f"{part}/{name}/{i}" for part in ("train", "test") for name in "ab" for i in ("1.png", "2.PNG", "3")
    ]
    harmless = ["README.txt", "train/labels.csv", "train/a/annotations.json", "test/b/photo.jpg.crdownload"]
    hidden = ["train/a/ehthumbs.db", "train/__MACOSX/1.png", "test/Icon\r", "test/.hidden/1.png"]
    hidden += ["train/System Volume Information/x.txt", "train/a/._1.png"]
    own = layout(tmp_path / "own", *images, *harmless, *hidden)
    (own / "train" / "a" / "empty").touch()  # neither an ending nor an image
    (own / "train" / "b" / "unfinished.part").write_bytes((own / "train" / "b" / "1.png").read_bytes())
    checked("RGB").save(own / "train" / "cover.png")
    for place in (own, zipped(own)):
        data = load_dataset(place)
        assert len(data.x_train) == len(data.x_test) == 6
        line = "Left out as no images or in no class: 7 (README.txt, cover.png, labels.csv, …)."
        assert line in data.source
    (own / "train" / "a" / "3").write_bytes((own / "train" / "a" / "3").read_bytes()[:-500])
    assert "8 (README.txt, " in load_dataset(own).source  # no ending and broken: not known to be an image


def test_names_of_classes(tmp_path):
    composed, decomposed = "Bär", unicodedata.normalize("NFD", "Bär")
    odd = "\x1b[31m$5  <b>"
    own = layout(tmp_path / "own", *(f"train/{name}/{i}.png" for name in (composed, odd) for i in "12"))
    layout(own, *(f"test/{name}/{i}.png" for name in (decomposed, odd) for i in "34"))
    data = load_dataset(own)
    assert data.class_names == ("Bär", "[31m$5 <b>") and data.source.isprintable()
    layout(own, "train/BÄR/5.png")
    refusal(lambda: load_dataset(own), own / "train", "two folders Bär")
    layout(tmp_path / "alone", *(f"{name}/{i}.png" for name in ("Cat", "cat") for i in "12"))
    if len(list((tmp_path / "alone").iterdir())) == 2:  # not on the disks of macOS and Windows
        refusal(lambda: load_dataset(tmp_path / "alone"), "two folders", "cat")


def test_links_and_their_loops(tmp_path):
    layout(tmp_path / "far", *(f"{i}.png" for i in range(4)))
    own = layout(tmp_path / "own", *(f"ant/{i}.png" for i in "5678"))
    (own / "bee").symlink_to(tmp_path / "far")
    assert len(load_dataset(own).x_train) == 6
    (own / "loop").symlink_to(own)
    refusal(lambda: load_dataset(own), own / "loop" / "ant")
    loop = tmp_path / "loop"
    loop.mkdir()
    (loop / "itself").symlink_to(loop)
    refusal(lambda: load_dataset(loop), "fewer than two")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such pipes")
def test_a_pipe_is_no_image_and_holds_nothing_up(tmp_path):
    own = layout(tmp_path, "a/1.png", "a/2.png", "b/1.png", "b/2.png")
    os.mkfifo(own / "a" / "pipe")
    assert "Left out as no images or in no class: 1 (pipe)." in load_dataset(own).source
    os.mkfifo(own / "a" / "pipe.png")
    refusal(lambda: load_dataset(own), own / "a" / "pipe.png", "no file")


@pytest.mark.parametrize("names", [["cifar-10-batches-py"], ["deeper", "cifar-10-batches-py"], []])
def test_zip_of_the_archive(tmp_path, names):
    unpack(members(), tmp_path.joinpath("own", *names)) if names else pack(
        members(), layout(tmp_path / "own", "notes.txt") / "cifar-10-python.tar.gz"
    )
    check_miniature(load_dataset(zipped(tmp_path / "own")))
    check_miniature(load_dataset(tmp_path / "own"))


def zip_of(path: Path, names: list[str], patch=None) -> Path:
    """A zip with an image of each name, each another one; `patch` changes its list of contents."""
    with zipfile.ZipFile(path, "w") as packed:
        for number, name in enumerate(names):
            image = io.BytesIO()
            Image.new("RGB", (32, 32), (9, number, 9)).save(image, "PNG")
            packed.writestr(name, image.getvalue())
        if patch:
            patch(packed)
    return path


def test_a_zip_of_images_may_hold_arrays_as_well(tmp_path):
    assert load_dataset(zip_of(tmp_path / "own.zip", [*HONEST, "ant/1.npy"])).class_names == ("ant", "bee")


def test_a_zip_with_the_separators_of_windows(tmp_path):
    path = zip_of(tmp_path / "own.zip", HONEST)
    path.write_bytes(re.sub(rb"(ant|bee)/", rb"\1\\", path.read_bytes()))
    assert zipfile.ZipFile(path).testzip() is None
    data = load_dataset(path)
    assert data.class_names == ("ant", "bee") and len(data.x_train) == len(data.x_test) == 2


HONEST = ["ant/1.png", "ant/2.png", "bee/1.png", "bee/2.png"]


def test_paths_in_a_zip_lead_nowhere(tmp_path):
    before = {*tmp_path.parent.iterdir()}
    path = zip_of(tmp_path / "own.zip", [*HONEST, "../evil.png", "ant/../../evil.png"])
    assert len(load_dataset(path).x_train) == 2
    for evil in ("/etc/evil.png", "//evil/1.png", "ant/" + "deep/" * 500 + "1.png"):
        zip_of(path, [*HONEST, evil])
        refusal(lambda: load_dataset(path), path)
    assert {*tmp_path.parent.iterdir()} == before and list(tmp_path.iterdir()) == [path]


def test_bomb_in_a_zip_is_not_unpacked(tmp_path):
    def bomb(packed):
        """Four times as much as is read of an image, in very few bytes."""
        squeeze = zlib.compressobj(wbits=-15)
        squeeze.compress(bytes(1 << 20))
        squeeze.flush(zlib.Z_FULL_FLUSH)
        million = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
        packed.writestr("ant/bomb.png", million * 2100)
        packed.filelist[-1].compress_type, packed.filelist[-1].file_size = zipfile.ZIP_DEFLATED, 2100 << 20

    path = zip_of(tmp_path / "own.zip", HONEST, bomb)
    assert path.stat().st_size < 5_000_000
    tracemalloc.start()
    try:
        refusal(lambda: load_dataset(path), "own.zip/ant/bomb.png", "no image")
        assert tracemalloc.get_traced_memory()[1] < 1_500_000_000
    finally:
        tracemalloc.stop()


def test_zips_that_cannot_be_read(tmp_path):
    def encrypt(packed):
        packed.filelist[0].flag_bits |= 1

    refusal(lambda: load_dataset(zip_of(tmp_path / "own.zip", HONEST, encrypt)), "own.zip", "encrypted")
    refusal(lambda: load_dataset(zip_of(tmp_path / "own.zip", [])), "own.zip", "fewer than two")
    whole = zip_of(tmp_path / "own.zip", HONEST).read_bytes()
    (tmp_path / "own.zip").write_bytes(whole[:-300])
    refusal(lambda: load_dataset(tmp_path / "own.zip"), "own.zip", "damaged")
    (tmp_path / "own.zip").write_bytes(whole.replace(b"IDAT", b"IDAX", 1))
    refusal(lambda: load_dataset(tmp_path / "own.zip"), "own.zip/ant/1.png")


@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_names_in_zips_of_other_systems(tmp_path, encoding):
    """macOS and old Windows write them in these encodings, and don't say so."""
    letter = "ä".encode(encoding)
    path = zip_of(tmp_path / "own.zip", [f"B{'_' * len(letter)}r/{i}.png" for i in "12"] + HONEST)
    path.write_bytes(path.read_bytes().replace(b"B" + b"_" * len(letter) + b"r", b"B" + letter + b"r"))
    assert load_dataset(path).class_names == ("Bär", "ant", "bee")


@pytest.mark.parametrize(
    "files, words",
    [
        (
            ["train/1.png", "train/2.png", "test/1.png", "trainLabels.csv"],
            ["train", "Kaggle", "<class>/"],
        ),
        (["train/1.png", "trainLabels.csv", "sampleSubmission.csv"], ["train", "Kaggle", "<class>/"]),
        (["1.png", "2.png", "labels.csv"], ["own", "Kaggle", "<class>/"]),
        (["cifar-100-python/train.", "cifar-100-python/meta."], ["is CIFAR-100;", ".npz"]),
        (["cifar-100-matlab/train.mat", "cifar-100-matlab/meta.mat"], ["is CIFAR-100;", ".npz"]),
        (["train.bin", "fine_label_names.txt"], ["is CIFAR-100;", ".npz"]),
        (["data_batch_1.mat", "batches.meta.mat"], ["is CIFAR-10 for MATLAB;", "version for Python"]),
        (
            ["b/data_batch_1.bin", "b/batches.meta.txt"],
            ["is CIFAR-10 as binary files;", "version for Python"],
        ),
        (["a/x/1.png", "b/1.png", "b/2.png"], ["folder in a class"]),
        (["a/notes.txt", "b/1.png", "b/2.png"], ["no images"]),
        (["notes.txt"], ["fewer than two", "there is notes.txt"]),
        (["own.zip", "notes.txt"], ["fewer than two", "own.zip"]),
        (["train/1.png", "bus/1.png"], ["1 training and 0 test folders: bus, train"]),
    ],
)
def test_other_layouts_are_named(tmp_path, files, words):
    own = layout(tmp_path / "own", *(name.removesuffix(".") for name in files))
    refusal(lambda: load_dataset(own), own, *words)
    packed = zipped(own)
    refusal(lambda: load_dataset(packed), packed, *words)
    if "CIFAR" in words[0]:
        packed = shutil.make_archive(str(own), "gztar", own)
        refusal(lambda: load_dataset(packed), packed, *words)
        file = next(own.rglob("data_batch_1.*"), None)
        if file:
            refusal(lambda: load_dataset(file), file, *words)


def test_an_empty_folder(tmp_path):
    refusal(lambda: load_dataset(tmp_path), tmp_path, "fewer than two")


def test_paths_that_lead_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refusal(lambda: load_dataset("my images"), "'my images'", tmp_path / "my images")
    for path in ("~nobody-of-this-name/x", "a\0b", "x" * 5000, "a/" * 3000, "\x1b[2J", "/dev/null", "\udcff"):
        assert len(refusal(lambda: load_dataset(path))) < 1600  # noqa: B023
        refusal(lambda: load_dataset(path)).encode()  # noqa: B023
    layout(tmp_path / "own", *(f"{name}/{i}.png" for name in "ab" for i in range(3)))
    assert load_dataset("own").source.startswith("Images from own. There is no test folder: ")


def test_a_word_may_come_as_a_path(cache, few_doodles):
    assert load_dataset(Path("doodles")).name == "doodles"


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_may_never_end_is_no_data_set(tmp_path, kind):
    os.mkfifo(path := tmp_path / "pipe")
    path = path if kind == "pipe" else "/dev/zero"
    read = "import sys; from helpers.datasets import load_dataset; load_dataset(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", read, path], capture_output=True, text=True, timeout=100)
    assert "no file or folder" in done.stderr


def test_one_class_is_no_choice(tmp_path):
    for part in ("train", "test"):
        (tmp_path / part / "ant").mkdir(parents=True)
        checked("RGB").save(tmp_path / part / "ant" / "1.png")
    refusal(lambda: load_dataset(tmp_path), tmp_path / "train", "two or more")
    for part in ("train", "test"):
        (tmp_path / part / "ant").rename(tmp_path / f"{part}-ant")
    refusal(lambda: load_dataset(tmp_path), tmp_path / "train", "two or more")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_folder_that_may_not_be_read(folder):
    (folder / "train" / "bee").chmod(0)
    try:
        refusal(lambda: load_dataset(folder), folder / "train" / "bee", "Permission denied")
    finally:
        (folder / "train" / "bee").chmod(0o700)


# Single images


@pytest.mark.parametrize("kind", ["png", "bmp", "tif", "webp", "jpg"])
def test_image_of_the_right_size_stays_as_it_is(tmp_path, kind):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / f"p.{kind}", lossless=True)
    if kind == "jpg":
        pixels = np.asarray(Image.open(tmp_path / "p.jpg"))
    assert np.array_equal(read_image(str(tmp_path / f"p.{kind}")), pixels)


@pytest.mark.parametrize(
    "mode, name, color",
    [
        ("1", "p.png", (255, 255, 255)),
        ("L", "p.png", (97, 97, 97)),
        ("LA", "p.png", (97, 97, 97)),
        ("P", "p.gif", (200, 60, 20)),
        ("P", "p.png", (200, 60, 20)),
        ("RGBA", "p.png", (200, 60, 20)),
        ("CMYK", "p.jpg", (200, 60, 20)),
        ("CMYK", "p.tif", (200, 60, 20)),
        ("YCbCr", "p.jpg", (200, 60, 20)),
    ],
)
def test_color_modes(tmp_path, mode, name, color):
    source = (255, 255, 255) if mode == "1" else None
    for size in ((48, 40), (32, 32), (5, 3), (1, 200)):
        checked(mode, size, source).save(tmp_path / name)
        image = read_image(tmp_path / name)
        assert image.shape == (32, 32, 3) and image.dtype == np.uint8
        assert np.abs(image.astype(int) - color).max() <= 5


@pytest.mark.parametrize("name", ["p.png", "p.tif"])
def test_16_bits_of_gray_are_scaled_not_clipped(tmp_path, name):
    Image.fromarray(np.full((40, 40), 0x8040, np.uint16)).save(tmp_path / name)
    assert np.unique(read_image(tmp_path / name)).tolist() == [0x80]


def test_transparent_pixels_are_white(tmp_path):
    Image.new("RGBA", (40, 40), (255, 0, 0, 0)).save(tmp_path / "a.png")
    assert np.unique(read_image(tmp_path / "a.png")).tolist() == [255]
    palette = Image.new("P", (32, 32), 0)
    palette.putpalette([0, 200, 0, 0, 0, 200])
    palette.putpixel((0, 0), 1)
    palette.save(tmp_path / "p.png", transparency=0)
    image = read_image(tmp_path / "p.png")
    assert image[0, 0].tolist() == [0, 0, 200] and image[1:].min() == 255


def gray_png(bits: int, transparent: int, *rows: bytes) -> bytes:
    """A PNG with one channel of gray in which one number is transparent."""

    def chunk(kind, content):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, len(rows), bits, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    clear = chunk(b"tRNS", struct.pack(">H", transparent))
    return b"\x89PNG\r\n\x1a\n" + head + clear + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["16 bits", "1 bit", "LA", "PA", "P", "RGBA"])
def test_the_eye_sees_what_the_network_sees(tmp_path, kind, monkeypatch):
    """Transparent on the left, gray or black on the right, in every form that files have for it."""
    path = tmp_path / "own.png"
    if kind == "16 bits":
        path.write_bytes(gray_png(16, 5, *[b"\x00\x05\x80\x40"] * 2))
    elif kind == "1 bit":
        path.write_bytes(gray_png(1, 1, *[b"\x80"] * 2))
    elif kind == "P":
        image = Image.new("P", (2, 2), 0)
        image.putpalette([0, 200, 0, 128, 128, 128])
        image.putpixel((1, 0), 1)
        image.putpixel((1, 1), 1)
        image.save(path, transparency=0)
    else:
        path = path.with_suffix(".tif" if kind == "PA" else ".png")
        image = Image.new("RGBA", (2, 2), (0, 90, 0, 0))
        image.paste((128, 128, 128, 255), (1, 0, 2, 2))
        image.convert(kind).save(path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for name in (path, str(path), f"~/{path.name}", Path("~") / path.name):
        seen = open_image(name)
        assert seen.mode == "RGB" and seen.size == (2, 2)
        right = 0 if kind == "1 bit" else 128
        assert np.asarray(seen).tolist() == [[[255] * 3, [right] * 3]] * 2
        scaled = seen.resize((32, 32), Image.Resampling.LANCZOS)
        assert np.array_equal(read_image(name), np.asarray(scaled))


def test_lesson_07_opens_no_image_by_rules_of_its_own():
    lesson = Path(__file__).parents[1] / "notebooks" / "07_predict_images.ipynb"
    sources = "".join(
        line for cell in json.loads(lesson.read_text("utf-8"))["cells"] for line in cell["source"]
    )
    assert "open_image(path)" in sources and "PIL" not in sources


def test_middle_square_is_cut_out_and_averaged(tmp_path):
    pixels = np.zeros((64, 192, 3), np.uint8)
    pixels[:, 64:128] = (0, 255, 0)
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    assert (read_image(tmp_path / "wide.png") == (0, 255, 0)).all(axis=2)[:, 4:-4].all()
    stripes = np.zeros((320, 320, 3), np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    assert np.abs(read_image(tmp_path / "stripes.png").astype(int) - 127).max() < 12


@pytest.mark.parametrize("orientation, corner", [(1, (0, 0)), (3, (31, 31)), (6, (0, 31)), (8, (31, 0))])
def test_exif_rotation(tmp_path, orientation, corner):
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:16, :16] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "p.jpg", exif=exif, quality=100)
    image = read_image(tmp_path / "p.jpg")
    bright = [place for place in ((0, 0), (0, 31), (31, 0), (31, 31)) if image[place].min() > 128]
    assert bright == [corner]


def test_large_jpeg_is_averaged(tmp_path):
    ramp = np.linspace(0, 255, 1000).astype(np.uint8)
    Image.fromarray(np.broadcast_to(ramp[None, :, None], (1000, 1000, 3)).copy()).save(tmp_path / "p.jpg")
    image = read_image(tmp_path / "p.jpg")
    assert np.abs(image[16, :, 0].astype(int) - (np.arange(32) * 8 + 4)).max() < 6


def huge_png(side: int) -> bytes:
    """A PNG whose header promises a lot, without the pixels."""

    def chunk(kind, content):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_faulty_images(tmp_path):
    path = tmp_path / "p.png"
    accepted = ("JPEG, PNG, GIF, BMP, TIFF and WebP", "89 megapixels")
    refusal(lambda: read_image(path), path, "No such file", *accepted)
    refusal(lambda: read_image(tmp_path), tmp_path, *accepted)
    for content in (b"", b"text", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"):
        path.write_bytes(content)
        refusal(lambda: read_image(path), path, "no image of a known kind", *accepted)
    for name in ("p.png", "p.jpg", "p.gif", "p.tif", "p.webp", "p.bmp"):
        noise = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / name)
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        refusal(lambda name=name: read_image(tmp_path / name), tmp_path / name, *accepted)
    for kind in (np.float32, np.int32, np.uint32):
        Image.fromarray(np.full((40, 40), 200, kind)).save(tmp_path / "f.tif")
        refusal(lambda: read_image(tmp_path / "f.tif"), tmp_path / "f.tif", "32 bits", *accepted)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for side in (9_500, 12_000, 60_000):
            path.write_bytes(huge_png(side))
            refusal(lambda: read_image(path), path, *accepted)


# The validation set


def many(counts: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Images of one pixel that tell where they stood."""
    y = np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))
    return np.arange(len(y))[:, None], y


def test_split_holds_out_a_tenth_of_each_class():
    x, y = many([100, 50, 15, 2])
    x_train, y_train, x_validation, y_validation = split_validation(x, y, seed=3)
    assert np.bincount(y_validation).tolist() == [10, 5, 1, 1]
    assert np.bincount(y_train).tolist() == [90, 45, 14, 1]
    assert sorted([*x_train[:, 0], *x_validation[:, 0]]) == list(range(167))  # each image once
    assert np.array_equal(y[x_train[:, 0]], y_train) and np.array_equal(y[x_validation[:, 0]], y_validation)
    assert len(set(y_train[:20].tolist())) > 1 and x_train[:, 0].tolist() != sorted(x_train[:, 0])


@pytest.mark.parametrize(
    "images, train_size, counts",
    [
        ([100, 50, 15, 2], 4, [1, 1, 1, 1]),
        ([100] * 4, 10, [3, 3, 2, 2]),
        ([100, 50, 15, 2], 60, [23, 22, 14, 1]),
        ([100, 50, 15, 2], 150, [90, 45, 14, 1]),
        ([100, 50, 15, 2], 9999, [90, 45, 14, 1]),
    ],
)
def test_split_keeps_a_balanced_part_and_the_same_validation_set(images, train_size, counts):
    x, y = many(images)
    whole = split_validation(x, y, seed=3)
    part = split_validation(x, y, train_size, seed=3)
    assert np.bincount(part[1]).tolist() == counts
    assert np.array_equal(part[2], whole[2]) and np.array_equal(part[3], whole[3])
    assert set(part[0][:, 0]) <= set(whole[0][:, 0])
    again, other = split_validation(x, y, train_size, seed=3), split_validation(x, y, train_size, seed=4)
    assert np.array_equal(again[0], part[0])
    assert not np.array_equal(other[2], part[2])


def test_split_copies_nothing_but_what_it_returns():
    x, y = np.zeros((4000, 32, 32, 3), np.uint8), np.arange(4000) % 10
    tracemalloc.start()
    try:
        parts = split_validation(x, y)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.1 * sum(part.nbytes for part in parts)
    assert parts[0].dtype == np.uint8


def test_split_refusals():
    x, y = many([5, 5, 1])
    refusal(lambda: split_validation(x, y), "Class 2")
    x, y = many([5, 5, 5])
    refusal(lambda: split_validation(x, y, 2), "train_size is 2", "from 3")
    refusal(lambda: split_validation(x, y, -5), "train_size is -5", "from 3")
    assert len(split_validation(x, y, 3)[0]) == 3
    for size in ("5", 4.5, None, float("nan")):
        refusal(lambda: split_validation(x, y, size), "train_size is")  # noqa: B023
    for labels in (y[:-1], y[:, None], y.astype(float), [str(label) for label in y], [], None, 3, y == 1):
        refusal(lambda: split_validation(x, labels), "labels")  # noqa: B023
    refusal(lambda: split_validation([], []), "labels")
    refusal(lambda: split_validation(7, y), "images")


def test_split_takes_lists():
    x, y = many([5, 5, 5])
    for part, same in zip(split_validation(x.tolist(), y.tolist()), split_validation(x, y), strict=True):
        assert np.array_equal(part, same)


def test_loading_needs_no_tensorflow():
    code = "import sys, helpers.datasets; print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
