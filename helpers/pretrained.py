"""A network that comes with the lessons, trained on CIFAR-10: `helpers/weights/cifar10.npz`.

Its card, `helpers/weights/cifar10.md`, says how it was trained and what it can't do. `lessons record weights`
makes it anew from a finished run of lesson 10.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from doodles import CLASS_NAMES  # which are those of CIFAR-10
from helpers import networks
from helpers.errors import UserError
from helpers.fast_training import RECIPE_BOOK

import keras
import numpy as np

FILE = Path(__file__).parent / "weights" / "cifar10.npz"
SHA256 = "ab4d9d735ac7403bff9f2f460eed4259d5f8953e41a4c35184382b7c53c0dfda"


def load_pretrained(file: Path = FILE, sha256: str = SHA256) -> keras.Model:
    """Return the network that comes with the lessons: images (n, 32, 32, 3), 0 to 255, to logits (n, 10).

    Raises `UserError`, before anything in it is read, when the file is missing or has another SHA-256.
    """
    if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
        raise UserError(f"{file.name} is missing or not that of the lessons (by its SHA-256): get it anew.")
    model = new_network()
    with np.load(file, allow_pickle=False) as stored:
        for index, weights in enumerate(model.weights):
            if f"vector_{index}" in stored:
                weights.assign(stored[f"vector_{index}"])
            else:
                weights.assign(stored[f"kernel_{index}"] * stored[f"factors_{index}"])
    return model


def check_classes(class_names: Sequence[str]) -> None:
    """Raise `UserError` unless `class_names` are those of the network that comes with the lessons."""
    if tuple(class_names) != CLASS_NAMES:
        raise UserError(
            f"The network that comes with the lessons knows {', '.join(CLASS_NAMES)}; these images have "
            f'the classes {", ".join(class_names)}: give weights="run".'
        )


def new_network() -> keras.Model:
    """The network of the recipe far, untrained; the weights of its whitening mean nothing yet."""
    x = np.zeros((1, 32, 32, 3), np.uint8)
    return networks.fast_network(x, len(CLASS_NAMES), *RECIPE_BOOK["far"].network)
