"""The built-in images: what they look like to a program, and the cache they are kept in."""

import os
import signal
import subprocess
import sys
import time

import doodles

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier

TRAIN, TEST = 60, 20  # sizes for the tests of the cache, where what is in the images does not matter


def run_python(code: str, *arguments) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def full():
    """The full drawing and the processor seconds it took."""
    start = time.process_time()
    arrays = doodles.load_doodles()
    return arrays, time.process_time() - start


# The images


def test_class_names_are_those_of_cifar10_in_its_order():
    names = "airplane automobile bird cat deer dog frog horse ship truck"
    assert tuple(names.split()) == doodles.CLASS_NAMES


@pytest.mark.parametrize("kind", range(10))
def test_every_kind_gives_a_varied_color_image(kind):
    images = [doodles.draw_doodle(kind, np.random.default_rng(seed)) for seed in range(30)]
    assert all(image.shape == (32, 32, 3) and image.dtype == np.uint8 for image in images)
    assert len({image.tobytes() for image in images}) == 30
    assert min(image.std() for image in images) > 5  # none is plain
    assert max(np.ptp(image.astype(int), axis=2).mean() for image in images) > 20  # none of the kinds is gray


@pytest.mark.parametrize("kind", [-1, 10])
def test_unknown_kind_is_refused(kind):
    with pytest.raises(ValueError, match="0 to 9"):
        doodles.draw_doodle(kind, np.random.default_rng(0))


def test_negative_count_is_refused():
    with pytest.raises(ValueError, match="0 or more"):
        doodles.draw_doodles(-1, seed=0)


@pytest.mark.parametrize("count", [0, 1, 25, 40])
def test_draw_doodles_is_balanced(count):
    x, y = doodles.draw_doodles(count, seed=1)
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((count, 32, 32, 3), np.uint8, (count,), np.int64)
    assert np.ptp(np.bincount(y, minlength=10)) <= 1


def test_draw_doodles_is_shuffled():
    y = doodles.draw_doodles(40, seed=1)[1]
    assert not np.array_equal(y, np.sort(y))
    assert not np.array_equal(y, np.arange(40) % 10)


def test_same_seed_same_images_also_in_another_process():
    x, y = doodles.draw_doodles(30, seed=3)
    again, labels_again = doodles.draw_doodles(30, seed=3)
    assert again.tobytes() == x.tobytes() and np.array_equal(labels_again, y)
    code = "import doodles; print(doodles.draw_doodles(30, seed=3)[0].tobytes().hex())"
    assert run_python(code).communicate(timeout=60)[0].strip() == x.tobytes().hex()


def test_other_seed_other_images():
    first, second = (doodles.draw_doodles(30, seed)[0] for seed in (3, 4))
    assert not {image.tobytes() for image in first} & {image.tobytes() for image in second}


def test_full_drawing_has_the_promised_arrays(full):
    x_train, y_train, x_test, y_test = full[0]
    assert (x_train.shape, x_train.dtype) == ((10_000, 32, 32, 3), np.uint8)
    assert (x_test.shape, x_test.dtype) == ((2_000, 32, 32, 3), np.uint8)
    assert (y_train.dtype, y_test.dtype) == (np.int64, np.int64)
    assert np.bincount(y_train).tolist() == [1_000] * 10
    assert np.bincount(y_test).tolist() == [200] * 10


def test_full_drawing_is_quick(full):
    assert full[1] < 15


def test_no_image_comes_twice(full):
    x_train, _, x_test, _ = full[0]
    assert len({image.tobytes() for x in (x_train, x_test) for image in x}) == 12_000


def test_a_linear_classifier_does_not_suffice(full):
    x_train, y_train, x_test, y_test = full[0]
    flat_train, flat_test = (x.reshape(len(x), -1).astype(np.float32) / 255 for x in (x_train, x_test))
    classifier = RidgeClassifier(alpha=1_000, solver="cholesky").fit(flat_train, y_train)
    assert 0.15 < classifier.score(flat_test, y_test) < 0.5  # above chance: there is something to learn


def test_no_kind_can_be_told_by_its_mean_color(full):
    x_train, y_train, x_test, y_test = full[0]
    classifier = KNeighborsClassifier(50).fit(x_train.mean(axis=(1, 2)), y_train)
    predicted = classifier.predict(x_test.mean(axis=(1, 2)))
    found = [np.mean(predicted[y_test == kind] == kind) for kind in range(10)]
    assert max(found) < 0.5
    assert np.mean(found) < 0.3


# The cache


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(doodles, "TRAIN_SIZE", TRAIN)
    monkeypatch.setattr(doodles, "TEST_SIZE", TEST)
    return doodles.load_doodles()


@pytest.fixture
def no_drawing(monkeypatch):
    """Call what it gives, and from then on drawing is an error."""

    def refuse(*_):
        raise AssertionError("drawn again")

    return lambda: monkeypatch.setattr(doodles, "draw_doodle", refuse)


def assert_same(arrays, expected):
    assert len(arrays) == len(expected) == 4
    for array, other in zip(arrays, expected, strict=True):
        assert array.dtype == other.dtype
        np.testing.assert_array_equal(array, other)


def test_second_load_reads_the_cache(small, no_drawing, tmp_path):
    folder = tmp_path / "new" / "cache"
    assert_same(doodles.load_doodles(folder), small)
    assert [path.suffix for path in folder.iterdir()] == [".npz"]
    no_drawing()
    assert_same(doodles.load_doodles(folder), small)
    with pytest.raises(AssertionError, match="drawn again"):
        doodles.load_doodles(tmp_path)


def test_without_a_folder_nothing_is_written(small, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("written")

    monkeypatch.setattr(np, "savez", refuse)
    assert_same(doodles.load_doodles(None), small)


@pytest.mark.parametrize("part", ["Pillow", "NumPy", "this module"])
def test_a_change_in_what_draws_makes_another_file(part, small, monkeypatch, tmp_path):
    doodles.load_doodles(tmp_path)
    if part == "Pillow":
        monkeypatch.setattr(doodles.PIL, "__version__", "0.0")
    elif part == "NumPy":
        monkeypatch.setattr(np, "__version__", "0.0")
    else:
        changed = tmp_path / "doodles.py"
        changed.write_text("# another program")
        monkeypatch.setattr(doodles, "__file__", str(changed))
    doodles.load_doodles(tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 2


def truncate(path, arrays):
    path.write_bytes(path.read_bytes()[:-5_000])


def fill_with_garbage(path, arrays):
    path.write_bytes(b"no archive at all" * 1_000)


def empty(path, arrays):
    path.write_bytes(b"")


def flip_a_bit(path, arrays):
    content = bytearray(path.read_bytes())
    content[TRAIN * 32 * 32] ^= 1  # amid the training images
    path.write_bytes(content)


def drop_images(path, arrays):
    np.savez(path, **{name: array[:-1] for name, array in zip(doodles.NAMES, arrays, strict=True)})


def drop_an_array(path, arrays):
    np.savez(path, **dict(zip(doodles.NAMES[:3], arrays, strict=False)))


def change_the_type(path, arrays):
    np.savez(path, **{name: array.astype(float) for name, array in zip(doodles.NAMES, arrays, strict=True)})


def unpickled():
    pytest.fail("a pickle was opened")


class Trap:
    def __reduce__(self):
        return unpickled, ()


def set_a_trap(path, arrays):
    """A pickle can run any program when it is opened."""
    np.savez(path, **{name: np.array([Trap()], dtype=object) for name in doodles.NAMES})


@pytest.mark.parametrize(
    "damage",
    [
        truncate,
        fill_with_garbage,
        empty,
        flip_a_bit,
        drop_images,
        drop_an_array,
        change_the_type,
        set_a_trap,
    ],
)
def test_a_damaged_cache_is_drawn_again_and_replaced(damage, small, no_drawing, tmp_path):
    doodles.load_doodles(tmp_path)
    (cache_file,) = tmp_path.iterdir()
    damage(cache_file, small)
    assert_same(doodles.load_doodles(tmp_path), small)
    no_drawing()
    assert_same(doodles.load_doodles(tmp_path), small)


def test_a_folder_that_can_not_be_written_is_no_error(small, tmp_path):
    file = tmp_path / "file"
    file.write_text("not a folder")
    assert_same(doodles.load_doodles(file / "cache"), small)
    assert file.read_text() == "not a folder"


def test_a_full_disk_is_no_error_and_leaves_nothing(small, monkeypatch, tmp_path):
    def full_disk(stream, **_):
        stream.write(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    assert_same(doodles.load_doodles(tmp_path), small)
    assert list(tmp_path.iterdir()) == []


HANG_WHILE_WRITING = """
import sys, time
from pathlib import Path
import numpy as np
import doodles

doodles.TRAIN_SIZE, doodles.TEST_SIZE = int(sys.argv[2]), int(sys.argv[3])

def write_half_and_hang(stream, **arrays):
    np.save(stream, arrays["x_train"])
    stream.flush()
    print("writing", flush=True)
    time.sleep(100)

np.savez = write_half_and_hang
doodles.load_doodles(Path(sys.argv[1]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_process_killed_while_writing_leaves_nothing_taken_for_whole(small, tmp_path):
    process = run_python(HANG_WHILE_WRITING, tmp_path, TRAIN, TEST)
    assert process.stdout.readline() == "writing\n"
    process.kill()
    assert process.wait(timeout=10) == -signal.SIGKILL
    process.stdout.close()
    (leftover,) = tmp_path.iterdir()
    assert leftover.suffix == ".tmp" and leftover.stat().st_size > TRAIN * 32 * 32

    assert_same(doodles.load_doodles(tmp_path), small)
    (cache_file,) = tmp_path.glob("*.npz")
    assert leftover.exists()  # it could belong to a process that is still writing

    cache_file.unlink()
    os.utime(leftover, (0, 0))
    doodles.load_doodles(tmp_path)
    assert list(tmp_path.iterdir()) == [cache_file]


LOAD_AGAIN_AND_AGAIN = """
import hashlib, sys, time
from pathlib import Path
import doodles

folder = Path(sys.argv[1])
doodles.TRAIN_SIZE, doodles.TEST_SIZE = int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
while not (folder / "go").exists():
    time.sleep(0.001)
for _ in range(8):
    arrays = doodles.load_doodles(folder / "cache")
    print(hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest())
    for cache_file in (folder / "cache").glob("*.npz"):
        cache_file.unlink(missing_ok=True)
"""


def test_two_processes_at_once_both_get_the_right_images(small, tmp_path):
    processes = [run_python(LOAD_AGAIN_AND_AGAIN, tmp_path, TRAIN, TEST) for _ in range(2)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
    (tmp_path / "go").touch()
    printed = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    right = doodles.hashlib.sha256(b"".join(array.tobytes() for array in small)).hexdigest()
    assert printed == [[right] * 8] * 2
    assert not list((tmp_path / "cache").glob("*.tmp"))
