"""Say whether the folder of `make usb` is whole: each file that is missing, altered or not its own is named.

The folder holds a copy of this file, check.py, so it needs nothing but Python 3.8 or later:
`python3 check.py` on macOS and Linux, `py check.py` on Windows. It changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import unicodedata
from pathlib import Path, PurePosixPath

SUMS = "SHA256SUMS"  # in the form of sha256sum, so that `sha256sum -c SHA256SUMS` reads it as well

# What operating systems leave on a stick by themselves.
LEFT_BY_SYSTEMS = {
    *(".DS_Store", ".Spotlight-V100", ".TemporaryItems", ".Trashes", ".fseventsd"),
    *("System Volume Information", "$RECYCLE.BIN", "Thumbs.db", "desktop.ini", "lost+found"),
}


def sha256(path: Path) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def files_in(folder: Path) -> set[str]:
    """The names of the files in a folder, such as "lessons/README.md", without what systems leave there."""

    def ours(names: list[str]) -> list[str]:
        return [
            name for name in names if name not in LEFT_BY_SYSTEMS and not name.startswith(("._", ".Trash-"))
        ]

    found = set()
    for place, folders, files in os.walk(folder):
        folders[:] = ours(folders)
        found.update((Path(place) / name).relative_to(folder).as_posix() for name in ours(files))
    return found


def read_sums(file: Path) -> dict[str, str]:
    """The SHA-256 of each file that `file` lists. Raises `ValueError` for a line of another form."""
    sums = {}
    for line in filter(None, file.read_text(encoding="utf-8").split("\n")):
        parts = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        # Names come from the stick: none may lead out of the folder.
        if not parts or PurePosixPath(parts[2]).is_absolute() or ".." in PurePosixPath(parts[2]).parts:
            raise ValueError(f"{file.name} is damaged: it has the line {line[:100]!r}")
        sums[parts[2]] = parts[1]
    return sums


def write_sums(file: Path, sums: dict[str, str]) -> None:
    """Write what `read_sums` reads, in one step: a half-written list is never there."""
    new = file.with_name(file.name + ".new")
    new.write_bytes("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode())
    new.replace(file)


def faults(folder: Path, sums: str = SUMS) -> list[str]:
    """A sentence for each file of `folder` that is missing, altered or not listed in its file `sums`."""
    if not folder.is_dir():
        return [f"There is no folder {folder}."]
    try:
        expected = read_sums(folder / sums)
    except FileNotFoundError:
        return [f"{sums} is missing: the folder is not finished, or is not one that make usb made."]
    except (OSError, ValueError) as error:
        return [f"{error}."]
    found = []
    for name in sorted(expected):
        if not (folder / name).is_file():
            found.append(f"{name} is missing.")
            continue
        try:
            if sha256(folder / name) != expected[name]:
                found.append(f"{name} is altered.")
        except OSError as error:
            found.append(f"{name} can't be read ({error.strerror}).")
    # A disk may spell a letter such as ü in another way than the one from which the file came.
    known = {unicodedata.normalize("NFC", name) for name in (*expected, sums)}
    for name in sorted(files_in(folder)):
        if unicodedata.normalize("NFC", name) not in known:
            found.append(f"{name} does not belong to the folder.")
    return found


def main() -> int:
    folder = Path(__file__).resolve().parent
    found = faults(folder)
    print("\n".join(found) or f"All {len(read_sums(folder / SUMS))} files are as they were written.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
