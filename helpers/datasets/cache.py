"""The folder in which data sets are kept from one lesson to the next."""

import contextlib
import os
import tempfile
from pathlib import Path


def cache_dir() -> Path:
    """Return the folder in which Keras keeps data sets: see `get_file` in keras/src/utils/file_utils.py."""
    base = Path(os.environ.get("KERAS_HOME") or "~/.keras")
    with contextlib.suppress(OSError, RuntimeError):  # there is no home, or nothing can be written there
        base = base.expanduser()
        base.mkdir(parents=True, exist_ok=True)
    if not os.access(base, os.W_OK):
        base = Path(tempfile.gettempdir()) / ".keras"
    return base / "datasets"
