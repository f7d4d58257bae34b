"""The drawn images: what they promise, and what they look like to a program."""

import subprocess
import sys
from pathlib import Path

import doodles

import numpy as np
import pytest

COUNT = 600

# Mean red, green and blue of each class in the images below. When they no longer fit, a drawing has changed:
# raise VERSION, and put the new means here under the new number.
MEAN_COLORS = {
    1: [
        (155.05, 155.71, 161.14),  # airplane
        (141.28, 139.80, 139.26),  # automobile
        (140.76, 138.69, 134.82),  # bird
        (150.01, 143.70, 138.49),  # cat
        (139.12, 133.43, 124.59),  # deer
        (148.25, 139.06, 130.34),  # dog
        (128.43, 134.60, 122.63),  # frog
        (147.07, 140.24, 127.30),  # horse
        (147.06, 146.69, 148.35),  # ship
        (135.83, 132.71, 133.21),  # truck
    ],
}


@pytest.fixture(scope="module")
def drawn():
    return doodles.draw_doodles(COUNT, seed=1)


def test_what_a_class_looks_like_changes_with_the_version_only(drawn):
    images, kinds = drawn
    means = [images[kinds == kind].mean(axis=(0, 1, 2)) for kind in range(10)]
    # Pillow 10 and 13 differ by 0.01. Of 30 numbers in the drawings changed at random, 26 were noticed.
    np.testing.assert_allclose(
        means, MEAN_COLORS[doodles.VERSION], rtol=0, atol=0.02, err_msg="Raise doodles.VERSION."
    )


def test_class_names_are_those_of_cifar10_in_its_order():
    names = "airplane automobile bird cat deer dog frog horse ship truck"
    assert tuple(names.split()) == doodles.CLASS_NAMES


def test_images_are_varied_and_in_color(drawn):
    images, kinds = drawn
    assert images.std(axis=(1, 2, 3)).min() > 5  # none is plain
    spread = np.ptp(images.astype(int), axis=3).mean(axis=(1, 2))  # of red, green and blue
    assert min(spread[kinds == kind].max() for kind in range(10)) > 20  # none of the kinds is gray
    assert len({image.tobytes() for image in images}) == COUNT


def test_one_doodle():
    image = doodles.draw_doodle(3, np.random.default_rng(0))
    assert (image.shape, image.dtype) == ((32, 32, 3), np.uint8)


@pytest.mark.parametrize("kind", [-1, 10])
def test_unknown_kind_is_refused(kind):
    with pytest.raises(ValueError, match="0 to 9"):
        doodles.draw_doodle(kind, np.random.default_rng(0))


def test_negative_count_is_refused():
    with pytest.raises(ValueError, match="0 or more"):
        doodles.draw_doodles(-1, seed=0)


@pytest.mark.parametrize("count", [0, 1, 25])
def test_draw_doodles_is_balanced_and_shuffled(count):
    images, kinds = doodles.draw_doodles(count, seed=1)
    assert (images.shape, images.dtype) == ((count, 32, 32, 3), np.uint8)
    assert (kinds.shape, kinds.dtype) == ((count,), np.int64)
    assert np.ptp(np.bincount(kinds, minlength=10)) <= 1
    assert count < 2 or not np.array_equal(kinds, np.arange(count) % 10)


def test_another_process_draws_the_same_without_helpers_or_tensorflow():
    code = (
        "import sys, doodles; images, _ = doodles.draw_doodles(30, seed=3); print(images.tobytes().hex());"
        "print(*{'helpers', 'lesson_tools', 'tensorflow', 'keras', 'matplotlib'} & set(sys.modules))"
    )
    root = Path(__file__).parent.parent
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    images, others = run.stdout.split("\n")[:2]
    assert images == doodles.draw_doodles(30, seed=3)[0].tobytes().hex()
    assert others == ""


def test_another_seed_draws_other_images(drawn):
    others = doodles.draw_doodles(30, seed=2)[0]
    assert not {image.tobytes() for image in drawn[0]} & {image.tobytes() for image in others}


def test_dataset_is_balanced_and_its_parts_differ(monkeypatch):
    assert (doodles.TRAIN_SIZE, doodles.TEST_SIZE) == (10_000, 2_000)
    monkeypatch.setattr(doodles, "TRAIN_SIZE", 50)  # the full one takes a while
    monkeypatch.setattr(doodles, "TEST_SIZE", 20)
    x_train, y_train, x_test, y_test = arrays = doodles.draw_dataset()
    assert [array.shape for array in arrays] == [(50, 32, 32, 3), (50,), (20, 32, 32, 3), (20,)]
    assert np.bincount(y_train).tolist() == [5] * 10 and np.bincount(y_test).tolist() == [2] * 10
    assert len({image.tobytes() for x in (x_train, x_test) for image in x}) == 70
    for array, again in zip(arrays, doodles.draw_dataset(), strict=True):
        np.testing.assert_array_equal(array, again)


def split(features, kinds):
    """Two thirds to learn from, one third to try it on."""
    cut = COUNT * 2 // 3
    return features[:cut], kinds[:cut], features[cut:], kinds[cut:]


def test_a_linear_classifier_learns_something_but_does_not_suffice(drawn):
    images, kinds = drawn
    features = images.reshape(COUNT, -1) / 255 - 0.5
    x_train, y_train, x_test, y_test = split(features, kinds)
    # Ridge regression onto the ten classes, in the form for fewer images than pixels.
    weights = np.linalg.solve(x_train @ x_train.T + 1_000 * np.eye(len(x_train)), np.eye(10)[y_train] - 0.1)
    predicted = (x_test @ x_train.T @ weights).argmax(axis=1)
    assert 0.2 < np.mean(predicted == y_test) < 0.5


def test_mean_color_does_not_give_the_class_away(drawn):
    images, kinds = drawn
    x_train, y_train, x_test, y_test = split(images.mean(axis=(1, 2)), kinds)
    distances = np.linalg.norm(x_test[:, None] - x_train[None], axis=2)
    neighbors = y_train[distances.argsort(axis=1)[:, :15]]
    predicted = np.array([np.bincount(classes).argmax() for classes in neighbors])
    assert np.mean(predicted == y_test) < 0.3
