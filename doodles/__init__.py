"""The built-in images: ten kinds of things with the names of CIFAR-10's classes, drawn by this program.

It needs NumPy and Pillow alone. `draw_dataset` draws all of them, `draw_doodles` as many as one likes.

An image is made in four steps: a scene (sky, sea, meadow, room, ...), a thing in it, perhaps something in
front of the thing, and at the end light and noise. All shapes are filled polygons, drawn three times as large
as the image and then averaged down, which makes their edges soft.

Positions are given in units of half an image: (-1, -1) is the upper left corner, (1, 1) the lower right one.
Things are drawn as if they looked to the right; mirroring and turning is the canvas's work.
"""

from doodles.canvas import SIDE, ZOOM, Canvas, between, pick
from doodles.covers import COVERS
from doodles.kinds import KINDS
from doodles.light import lit
from doodles.scenes import SCENES

import numpy as np
from numpy.random import Generator
from PIL import Image

VERSION = 1  # raise it when a drawing changes, so that caches are drawn anew
CLASS_NAMES = tuple(KINDS)  # in the order of CIFAR-10
SEED = 20_240  # of the data set
TRAIN_SIZE, TEST_SIZE = 10_000, 2_000


def draw_doodle(kind: int, rng: Generator) -> np.ndarray:
    """Draw one image of the kind `CLASS_NAMES[kind]`: shape (32, 32, 3), uint8 from 0 to 255.

    It takes all its chances from `rng`. Raises `ValueError` when `kind` is not 0 to 9.
    """
    if kind not in range(len(CLASS_NAMES)):
        raise ValueError(f"kind is a number from 0 to {len(CLASS_NAMES) - 1}, not {kind!r}.")
    draw_thing, usual_scenes = KINDS[CLASS_NAMES[kind]]
    canvas = Canvas(Image.new("RGB", (SIDE * ZOOM, SIDE * ZOOM)), light=between(rng, -1, 1))
    draw_scene = pick(rng, usual_scenes if rng.random() < 0.6 else SCENES)
    draw_scene(canvas, rng)
    place = canvas.at(
        x=rng.normal(0, 0.15),
        y=rng.normal(0.02, 0.1),
        scale=between(rng, 0.72, 1.08),
        turn=rng.normal(0, 0.07),
        mirror=rng.random() < 0.5,
        lean=rng.normal(0, 0.12),
        stretch=between(rng, 0.85, 1.1),
    )
    draw_thing(place, rng)
    if rng.random() < 0.3:
        pick(rng, COVERS)(canvas, rng)
    return lit(np.asarray(canvas.paper.reduce(ZOOM), dtype=np.float32), rng, canvas.light)


def draw_doodles(count: int, seed: int | np.random.SeedSequence) -> tuple[np.ndarray, np.ndarray]:
    """Draw `count` images, as many of each kind as of any other (or one more), in a shuffled order.

    Returns the images, shape (count, 32, 32, 3), uint8 from 0 to 255, and their kinds, shape (count,),
    int64 from 0 to 9. The same seed gives the same images. Raises `ValueError` when `count` is negative.
    """
    if count < 0:
        raise ValueError(f"count is 0 or more, not {count}.")
    rng = np.random.default_rng(seed)
    kinds = rng.permutation(np.arange(count, dtype=np.int64) % len(CLASS_NAMES))
    images = np.empty((count, SIDE, SIDE, 3), dtype=np.uint8)
    for image, kind in zip(images, kinds, strict=True):
        image[:] = draw_doodle(int(kind), rng)
    return images, kinds


def draw_dataset() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw the built-in images: 10,000 to train on and 2,000 to test with, always the same.

    Returns x_train (10000, 32, 32, 3) uint8, y_train (10000,) int64, x_test (2000, 32, 32, 3) uint8 and
    y_test (2000,) int64; images hold 0 to 255, labels 0 to 9. Takes some 10 to 20 seconds. Raises no error.
    """
    train_seed, test_seed = np.random.SeedSequence(SEED).spawn(2)
    return *draw_doodles(TRAIN_SIZE, train_seed), *draw_doodles(TEST_SIZE, test_seed)
