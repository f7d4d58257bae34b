"""Name each file of a folder by `lessons usb make` that is missing, altered or not its own.

The folder holds a copy of this file, check.py, so it needs nothing but Python 3.11 or later:
`python3 check.py` on macOS and Linux, `py check.py` on Windows. It changes nothing.
"""

import hashlib
import os
import sys
import unicodedata
from pathlib import Path

MARK = "contents.json"
SUMS = "SHA256SUMS"  # in the form of sha256sum, so that `sha256sum -c SHA256SUMS` reads it as well
# What operating systems leave on a stick by themselves, and the lock of usb make.
LEFT_BY_SYSTEMS = ("._", ".DS_Store", ".Spotlight-V100", ".TemporaryItems", ".Trash", ".fseventsd")
LEFT_BY_SYSTEMS += ("System Volume Information", "$RECYCLE.BIN", "Thumbs.db", "desktop.ini", "lost+found")
LEFT_BY_SYSTEMS += (".lock",)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_in(folder: Path) -> set[str]:
    """The names of the files in a folder, such as "lessons/README.md", without what systems leave there."""
    found = set()
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(LEFT_BY_SYSTEMS)]
        files += [name for name in folders if Path(place, name).is_symlink()]  # they lead elsewhere
        ours = [Path(place) / name for name in files if not name.startswith(LEFT_BY_SYSTEMS)]
        found.update(path.relative_to(folder).as_posix() for path in ours)
    return found


def faults(folder: Path) -> list[str]:
    """A sentence for each file of `folder` that is missing, altered or not listed in its SHA256SUMS."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        expected = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except (FileNotFoundError, NotADirectoryError):
        return [f"{folder} has no {SUMS}: it is not finished, or not a folder that usb make made."]
    except OSError as error:
        return [f"{folder / SUMS} can't be read: {error.strerror}."]
    except ValueError:
        expected = {}
    if MARK not in expected:  # each folder has it
        return [f"{SUMS} is damaged, or not of usb make: make the folder anew."]
    # A disk may spell a letter such as ü in another way than the one from which the file came.
    there = {unicodedata.normalize("NFC", name): folder / name for name in files_in(folder)}
    found = []
    for name, digest in expected.items():
        path = there.pop(unicodedata.normalize("NFC", name), None)
        try:
            if path is None or sha256(path) != digest:
                found.append(f"{name} is {'altered' if path else 'missing'}.")
        except OSError as error:  # as of a stick that is worn out
            found.append(f"{name} can't be read: {error.strerror}.")
    return found + [f"{name} does not belong to the folder." for name in sorted(there) if name != SUMS]


if __name__ == "__main__":  # as check.py in the folder
    sys.stdout.reconfigure(errors="backslashreplace")  # not every terminal can show every name
    found = faults(Path(__file__).resolve().parent)
    print("\n".join(found) or "All files are as they were written.")
    sys.exit(bool(found))
