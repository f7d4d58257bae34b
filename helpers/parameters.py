"""The parameters of the lessons: what each is called, its type, its bounds and what it means.

This is the only place that says so. The commands `lessons run` and `lessons sweep`, and the lessons, check
values by it, docs/parameters.md is made from it, and the tests hold the lessons to it.
"""

import ast
import math
import numbers
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.errors import UserError, one_line

POOLING = ("max", "average", "stride")
NORMALIZATION = ("none", "divide", "center", "standardize")
REMEDIES = ("early_stopping", "dropout", "dropout_last", "weight_decay", "flip", "shift")
REMEDIES += ("batch_normalization", "schedule")
RECIPES = ("seconds", "minutes", "far")
# No parameter, but of the same kind: the ideas that a recipe of fast training can be left without.
IDEAS = ("whitening", "early_pooling", "batch_normalization", "global_max", "scaled_output", "muon")
IDEAS += ("schedule", "label_smoothing", "flip", "shift")


class ParameterError(UserError, ValueError):
    """A parameter that there is not, or a value that it can't have."""


@dataclass(frozen=True)
class Parameter:
    """What a parameter may be. With `many` it is a list of at least one such value."""

    type: type[int | float | str | bool]
    meaning: str = ""
    many: bool = False
    choices: tuple[str, ...] = ()
    joined: bool = False  # text of several choices: with "+" for one run, "," for the next
    minimum: float = -math.inf
    maximum: float = math.inf
    above: float = -math.inf
    path: str = ""  # "file", "file or folder" or "folder", see `_fits`; or the value is one of `choices`

    @property
    def accepted(self) -> str:
        """What the parameter accepts, in words."""
        if self.path:
            words = [choice or "empty" for choice in self.choices]
            made = " or can be made" if self.path == "folder" else ""
            return _listed([*words, f"the path of a {self.path} that is there{made}"])
        if self.joined:
            return f"{_listed(self.choices)}; + joins several, and a comma begins another training"
        if self.choices:
            return _listed(self.choices)
        kinds = {int: "whole number", float: "number", str: "text", bool: "truth value, True or False"}
        kind = kinds[self.type]
        words = f"a list of at least one {kind}, each" if self.many else f"a {kind},"
        if self.maximum < math.inf:
            return f"{words} from {self.minimum} to {self.maximum}"
        if self.minimum > -math.inf:
            return f"{words} {self.minimum} or more"
        return f"{words} more than {self.above}" if self.above > -math.inf else words[:-1]

    def check(self, name: str, given, exact: bool = False):
        """Return `given` in the parameter's type; text is read, so that "2" serves for a whole number.

        With `exact` it doesn't. Raises `ParameterError` when that is not what the parameter accepts.
        """
        try:
            values = _as_list(given) if self.many else [given]
            values = [self._checked(value) for value in values]
            plain = isinstance(given, int | float | str | list)  # and so fits into JSON, as np.int64 does not
            if not values or (exact and not (plain and values == (given if self.many else [given]))):
                raise ValueError
        # Of odd text: numbers too large, sets of lists, homes of nobody, names too long for the disk.
        except (ValueError, SyntaxError, TypeError, OverflowError, RuntimeError, OSError):
            value = one_line(repr(given))
            raise ParameterError(f"The parameter {name} is {self.accepted}; {value} is not.") from None
        return values if self.many else values[0]

    def _checked(self, value):
        if self.type is str:
            return self._checked_text(value)
        if isinstance(value, str):
            value = ast.literal_eval(value.strip())
        kind = {int: numbers.Integral, float: numbers.Real, bool: bool}[self.type]
        if not isinstance(value, kind) or isinstance(value, bool) != (self.type is bool):
            raise ValueError
        value = self.type(value)
        if not (math.isfinite(value) and self.minimum <= value <= self.maximum and value > self.above):
            raise ValueError
        return value

    def _checked_text(self, value) -> str:
        if not isinstance(value, str | Path):
            raise ValueError
        parts = value.replace(" ", "").replace("+", ",").split(",") if self.joined else [value]
        known = {*parts} <= {*self.choices} or not (self.choices or self.path)
        if not known and not (self.path and value and self._fits(Path(value).expanduser())):
            raise ValueError
        return str(value)

    def _fits(self, path: Path) -> bool:
        """Is the file or folder there? One to write to could also be made, if its name isn't too long."""
        if self.path != "folder" or path.is_dir():
            return path.is_file() if self.path == "file" else path.exists()
        nearest = next(place for place in (path, *path.absolute().parents) if os.path.lexists(place))
        short = all(len(os.fsencode(name)) < 256 for name in path.parts)
        return nearest.is_dir() and os.access(nearest, os.W_OK) and short


def _number(meaning: str, least: int = 0, **bounds) -> Parameter:
    return Parameter(int, meaning, minimum=least, **bounds)


def _word(meaning: str, *choices: str) -> Parameter:
    return Parameter(str, meaning, choices=choices)


PARAMETERS = {
    "dataset": Parameter(
        str,
        "the images: auto is CIFAR-10 if it is here or can be downloaded, otherwise the built-in images; "
        "cifar10; doodles are the built-in images; or the path of images of your own",
        choices=("auto", "cifar10", "doodles"),
        path="file or folder",
    ),
    "train_size": _number("train on at most this many images, 0 for all"),
    "epochs": _number("how often the network sees each training image; lesson 10: 0 for the recipe's own", 1),
    "batch_size": _number("images in a step", 1),
    "learning_rate": Parameter(float, "how far the optimizer goes in a step", above=0),
    "optimizer": _word("what changes the weights in a step", "adam", "sgd"),
    "normalization": _word("what the first layer does with the pixel values", *NORMALIZATION),
    "pooling": _word("what makes the feature maps smaller", *POOLING),
    "network": _word("which network is trained", "reference", "residual"),
    "remedies": Parameter(
        str, "what is tried against overfitting, a training each", choices=("none", *REMEDIES), joined=True
    ),
    "recipe": _word("how long the fast training takes", *RECIPES),
    "width": _number("kernels of the first block of the fast network, 0 for the recipe's own"),
    "precision": _word(
        "what the fast network computes in; auto is the faster one of this machine",
        *("auto", "float32", "bfloat16", "float16"),
    ),
    "weights": _word(
        "which network predicts: that of run_dir, or the one that comes with the lessons", "run", "shipped"
    ),
    "seed": _number(
        "seed of the random numbers: the same one on the same machine gives the same results",
        maximum=2**32 - 1,
    ),
    "seeds": _number("how many networks are trained with different seeds", 1, maximum=100),
    "learning_rates": Parameter(float, "the learning rates that a sweep tries", many=True, above=0),
    "batch_sizes": _number("the batch sizes that a sweep tries", 1, many=True),
    "workers": _number("runs at a time on this machine, 0 for as many as cores and memory allow"),
    "scheduler": Parameter(str, "address of a Dask scheduler, to run on a cluster instead"),
    "run_dir": Parameter(
        str, "folder of the training run, or of several; what it holds goes on, or is shown", path="folder"
    ),
    "images": _number("indices of images in the test set, counted from 0", many=True),
    "image": Parameter(str, "an image file of your own, empty for a sample", choices=("",), path="file"),
}
# What some of them were called once.
RENAMED = {"optimiser": "optimizer", "normalisation": "normalization"}
RENAMED |= {"pictures": "images", "picture": "image"}


def refuse_unknown(names, known) -> None:
    """Raise `ParameterError` for the first of `names` that is not among `known`."""
    for name in (name for name in names if name not in known):
        if RENAMED.get(name) in known:
            raise ParameterError(f"The parameter {name} is called {RENAMED[name]} now.")
        raise ParameterError(f"There is no parameter {name} here; there are {', '.join(sorted(known))}.")


def check(name: str, value, default=None):
    """Return `value` in the type of the parameter `name`; what equals the lesson's `default` is accepted.

    A name that the table lacks, as in a notebook of one's own, has the type of its default.
    Raises `ParameterError` when the value is not accepted.
    """
    parameter = PARAMETERS.get(name) or _parameter_like(name, default)
    return default if str(value) == str(default) else parameter.check(name, value)


def check_parameters(**given) -> None:
    """What each lesson calls after its parameters: raise `ParameterError` for a value that isn't accepted.

    The runner has checked before; plain papermill and a person in JupyterLab learn it here. Text in place
    of a number, which `check` reads, is refused too: the lesson would go on with the text. So is an old name.
    """
    main = vars(sys.modules["__main__"])  # where papermill puts what it is given, whatever the name
    old = [old for old, new in RENAMED.items() if new in given and type(main.get(old)) in (str, list)]
    refuse_unknown(old, given)
    for name, value in given.items():
        PARAMETERS[name].check(name, str(value) if isinstance(value, Path) else value, exact=True)


def _parameter_like(name: str, default) -> Parameter:
    many = isinstance(default, list) and bool(default)
    kind = type(default[0] if many else default)
    if kind not in (int, float, str, bool):
        raise ParameterError(f"The parameter {name} has the default {default!r}, which doesn't say its type.")
    return Parameter(kind, many=many)


def _as_list(given) -> list:
    if isinstance(given, str):
        given = given.strip()
        given = ast.literal_eval(given if given.startswith("[") else f"[{given}]")
    if not isinstance(given, list | tuple):
        raise ValueError
    return list(given)


def _listed(words: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
