"""Files that are there whole or not at all, whatever interrupts the writing."""

import contextlib
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

DAY = 24 * 60 * 60  # seconds


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path beside `path`, with its suffix, to write to; it takes the place of `path` in one step.

    When the block raises, what was there before stays, and nothing else is left behind. What a killed
    process left behind, a day ago or longer, is removed.
    """
    path = Path(path)
    for leftover in path.parent.glob(f".partial-*-{path.name}"):
        with contextlib.suppress(OSError):  # another process has just removed it
            if time.time() - leftover.stat().st_mtime > DAY:
                leftover.unlink()
    partial = path.with_name(f".partial-{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)  # only there if something went wrong
