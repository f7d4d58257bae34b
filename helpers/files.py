"""Files that are there whole or not at all, whatever interrupts the writing."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path beside `path`, with its suffix, to write to; it takes the place of `path` in one step.

    When the block raises, what was there before stays, and nothing else is left behind.
    """
    path = Path(path)
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)  # only there if something went wrong
