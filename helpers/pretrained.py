"""A network that comes with the lessons, trained on CIFAR-10: `helpers/weights/cifar10.npz`.

Its card, `helpers/weights/cifar10.md`, says how it was trained and what it can't do. The file holds numbers
and nothing that is executed. To make it anew from a finished run of lesson 09:

    python -m helpers.pretrained RUN_DIR
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from doodles import CLASS_NAMES  # which are those of CIFAR-10
from helpers import networks, training
from helpers.datasets.download import has_sha256
from helpers.fast_training import RECIPE_BOOK, Recipe

import keras
import numpy as np

FILE = Path(__file__).parent / "weights" / "cifar10.npz"
SHA256 = "ab4d9d735ac7403bff9f2f460eed4259d5f8953e41a4c35184382b7c53c0dfda"
RECIPE = RECIPE_BOOK["far"]


class WeightsError(ValueError):
    """A file of weights that is not the one that came with the lessons."""


def load_pretrained(file: Path = FILE, sha256: str = SHA256) -> keras.Model:
    """Return the network that comes with the lessons: images (n, 32, 32, 3), 0 to 255, to logits (n, 10).

    Its classes are `CLASS_NAMES`. Raises `WeightsError` when the file is missing, or doesn't have this
    SHA-256, before anything in it is read.
    """
    if not file.exists():
        raise WeightsError(
            f"The file {file.name} with the trained network is missing from {file.parent.name}/."
        )
    if not has_sha256(file, sha256):
        raise WeightsError(
            f"The file {file.name} is not the one that came with the lessons: its SHA-256 is another one. "
            "Get it anew from the repository."
        )
    model = _network(RECIPE)
    with np.load(file, allow_pickle=False) as stored:
        model.set_weights([_restored(stored, place) for place in range(len(model.weights))])
    return model


def check_classes(class_names: Sequence[str]) -> None:
    """Raise `WeightsError` unless `class_names` are those of the network that comes with the lessons."""
    if tuple(class_names) != CLASS_NAMES:
        raise WeightsError(
            f"The network that comes with the lessons knows {', '.join(CLASS_NAMES)}; these images have "
            f'the classes {", ".join(class_names)}: give weights="run".'
        )


def store_weights(model: keras.Model, file: Path = FILE) -> None:
    """Write the weights of `model` in a quarter of their size: kernels as whole numbers from -127 to 127.

    Each map's kernel has a factor of its own, so that its largest number becomes 127. What has one number a
    map is stored in float32.
    """
    arrays = {}
    for place, weights in enumerate(model.get_weights()):
        if weights.ndim > 1:
            factors = np.abs(weights).max(axis=tuple(range(weights.ndim - 1))) / 127
            arrays[f"kernel_{place}"] = np.round(weights / factors).astype(np.int8)
            arrays[f"factors_{place}"] = factors.astype(np.float32)
        else:
            arrays[f"vector_{place}"] = weights
    file.parent.mkdir(exist_ok=True)
    np.savez_compressed(file, **arrays)


def _restored(stored, place: int) -> np.ndarray:
    if f"vector_{place}" in stored:
        return stored[f"vector_{place}"]
    return stored[f"kernel_{place}"].astype(np.float32) * stored[f"factors_{place}"]


def _network(recipe: Recipe) -> keras.Model:
    """The network of `recipe`; the images that whitening asks for don't matter, its kernels are stored."""
    noise = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    return networks.fast_network(
        noise, len(CLASS_NAMES), recipe.width, recipe.patch, recipe.blocks, recipe.depth
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m helpers.pretrained", description="Store a run's network as the one of the lessons."
    )
    parser.add_argument("run_dir", metavar="RUN_DIR", help="folder of a finished run of the recipe far")
    try:
        run = training.load_run(parser.parse_args(arguments).run_dir)
        model = _network(RECIPE)
        model.set_weights(run.load_model().get_weights())
    except (training.RunError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    store_weights(model)
    print(f"{FILE.name}: {FILE.stat().st_size / 1e6:.2f} MB, test accuracy {run.metrics['test_accuracy']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
