"""The built-in images, drawn once and then read from a file of 37 MB."""

import contextlib
from pathlib import Path

import doodles
from helpers.datasets.arrays import KEYS, Contents, read_npz
from helpers.files import whole_file

import numpy as np
import PIL


def load_doodles(folder: Path) -> Contents:
    """Return `doodles.CLASS_NAMES, *doodles.draw_dataset()`, kept in `folder` from one call to the next.

    A damaged file is drawn again. Where nothing can be written nothing is, and all works the same.
    """
    # The name tells all that the images depend on, so that an old file is never taken for a new one.
    file = folder / f"doodles-{doodles.VERSION}-{PIL.__version__}-{np.__version__}.npz"
    try:
        return doodles.CLASS_NAMES, *read_npz(file)[1:]
    except Exception:  # it isn't there, or it is damaged, which can raise nearly any
        arrays = doodles.draw_dataset()
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as partial:
            np.savez(partial, **dict(zip(KEYS, arrays, strict=True)))
    return doodles.CLASS_NAMES, *arrays
