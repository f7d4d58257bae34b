"""Folders that commands make anew: nothing is deleted or overwritten in them that they didn't make."""

import contextlib
import glob
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from helpers.errors import UserError
from helpers.files import DAY

ROOT = Path(__file__).parent.parent
OWN = ("notebooks", "helpers", "lesson_tools", "doodles", "docs", "tests", ".git", ".github", ".venv")
# In a folder of `whole_folder`: the files that it was made of, by what it is.
MADE, COPY = ".lessons-book", ".lessons-copy"


def this_checkout_first() -> str:
    """A PYTHONPATH for kernels: a checkout that was copied may be installed as what it is a copy of."""
    paths = [str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return os.pathsep.join(dict.fromkeys(filter(None, paths)))


def output_folder(out: Path) -> Path:
    """The absolute path of a folder for results. Raises `UserError` for one that is part of this checkout."""
    try:
        out = Path(out).resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        raise UserError(f"The folder {out} can't be used: {getattr(error, 'strerror', error)}.") from None

    def same(one: Path, other: Path) -> bool:  # also where upper and lower case are one
        return os.path.exists(one) and os.path.exists(other) and one.samefile(other)  # noqa: PTH110

    own = any(same(parent, ROOT / name) for parent in (out, *out.parents) for name in OWN)
    if own or any(same(out, parent) for parent in (ROOT, *ROOT.parents)):
        raise UserError(f"{out} holds the lessons themselves: name another folder for the results, as build.")
    return out


def files_in(folder: Path) -> list[str]:
    """The files below `folder`, relative to it. Hidden ones, such as locks and .DS_Store, don't count."""
    files = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(file.relative_to(folder).as_posix() for file in files if not file.name.startswith("."))


def foreign_file(folder: Path, made: Collection[str] | None) -> Path | None:
    """What is in `folder` and not among the files `made`; None if there is nothing of that kind.

    `made` is None when all of the folder is known to be ours. A link or a file in its place is foreign.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        return folder
    ours = files_in(folder) if made is None else set(made)
    return next((folder / name for name in files_in(folder) if name not in ours), None)


def check_replaceable(folder: Path, mark: str = MADE) -> None:
    """Raise `UserError` when `folder` holds anything that `whole_folder` did not make with this mark."""
    try:
        made = (folder / mark).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):  # ValueError: no text
        made = []
    if foreign := foreign_file(folder, made):
        raise UserError(
            f"{folder} holds something else than a {mark.removeprefix('.lessons-')} of this command "
            f"({foreign.name}): move that away, or name a new folder."
        )


@contextlib.contextmanager
def whole_folder(folder: Path, mark: str = MADE) -> Iterator[Path]:
    """Yield a folder to write to; it takes the place of `folder` at the end of the block.

    Its parent is there for the time of the block, for what is not kept. When the block raises, what was there
    before stays, and nothing else is left behind. Raises `UserError` when `folder` holds anything that this
    function did not make, and when the disk doesn't take it. What a killed process left behind, a day ago or
    longer, is removed.
    """
    prefix = f".partial-{folder.name}-"
    try:
        check_replaceable(folder, mark)
        folder.parent.mkdir(parents=True, exist_ok=True)
        for leftover in folder.parent.glob(f"{glob.escape(prefix)}*"):
            if time.time() - leftover.stat().st_mtime > DAY:
                shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent) as name:
            new, old = Path(name, "new"), Path(name, "old")
            new.mkdir()
            yield new
            (new / mark).write_text("\n".join(files_in(new)), encoding="utf-8")
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
    except OSError as error:
        raise UserError(f"{folder} can't be written: {error.strerror or error}.") from None
