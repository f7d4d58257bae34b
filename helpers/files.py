"""Files that are there whole or not at all, folders with one writer, and our own JSON files read back."""

import contextlib
import json
import os
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from helpers.errors import UserError, one_line

from filelock import FileLock, Timeout

LOCK = ".lock"  # in a folder that a process writes to; it says who that is
DAY = 24 * 60 * 60  # seconds


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path beside `path`, with its suffix, to write to; it takes the place of `path` in one step.

    When the block raises, what was there before stays, and nothing else is left behind. What a killed
    process left behind, a day ago or longer, is removed.
    """
    path = Path(path)
    remove_leftovers(path.parent)
    partial = path.with_name(f".partial-{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)  # only there if something went wrong


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left of `whole_file` in `folder`, a day ago or longer."""
    with contextlib.suppress(OSError):  # there is no such folder; another process has just removed a file
        for leftover in folder.glob(".partial-*"):
            if time.time() - leftover.stat().st_mtime > DAY:
                leftover.unlink()


def user_path(path: str | Path) -> Path:
    """The path that a user means, ~ being the user's home, there or not.

    Raises `UserError` for a home of nobody, links in a circle, and what can't be a path.
    """
    try:
        path = Path(path).expanduser()
        path.resolve().exists()  # which complains of links, and of a name that is too long
    except (OSError, RuntimeError, ValueError) as error:
        reason = one_line(getattr(error, "strerror", None) or error)
        raise UserError(f"The path {one_line(path)} can't be used: {reason}.") from None
    return path


_held: dict[Path, FileLock] = {}  # by this process


def lock_folder(folder: Path, advice: str) -> None:
    """Make `folder`, and keep other processes out of it until `unlock_folder` or the end of this one.

    A process may lock a folder that it holds already. Raises `UserError` when another process holds it, with
    `advice` on what to do, and when the folder can't be made or locked.
    """
    notebook = os.environ.get("JPY_SESSION_NAME") or sys.argv[0]  # Jupyter tells its kernels the former
    where = f"process {os.getpid()} on {socket.gethostname()}, since {time.strftime('%H:%M')}"
    about = f"{Path(notebook).name} ({where})".encode()
    try:
        unlock_folder(folder)  # whoever deleted the folder meanwhile gets a lock all the same
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK, thread_local=False, on_acquired=lambda file: os.write(file, about))
        lock.acquire(timeout=0)
    except Timeout:
        holder = "Another process"
        with contextlib.suppress(OSError):  # just released; or Windows, where nobody else may read it
            holder = one_line((folder / LOCK).read_text(errors="replace")) or holder
        raise UserError(f"{holder} is at work in {folder}: {advice}") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a null byte
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"The folder {folder} can't be made or locked: {one_line(reason)}.") from None
    _held[folder.resolve()] = lock


def unlock_folder(folder: Path) -> None:
    """Let other processes write to `folder` again; nothing happens when this process doesn't hold it."""
    if lock := _held.pop(folder.resolve(), None):
        lock.release(force=True)


def read_json(path: Path, way_out: str) -> dict:
    """Return what a JSON file of ours holds. Raises `UserError`, ending in `way_out`, when it is none.

    A file that was cut, that somebody else's program wrote, or that can't be read is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))  # Windows' Notepad adds a mark
        reason = "" if isinstance(content, dict) else "it holds no names and values"
    except OSError as error:
        reason = error.strerror
    except (ValueError, RecursionError):  # no text, or no JSON
        reason = "it is damaged"
    if reason:
        raise UserError(f"{path} can't be read ({reason}): {way_out}")
    return content
