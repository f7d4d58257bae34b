"""What a class handed in, as it comes: files from mails, a folder for each learner, Moodle's download.

Moodle's names are those of mod/assign: a folder for each learner in the download of all submissions, and in
the zip of feedback files that it takes back; and the grading worksheet, a CSV file.
"""

import contextlib
import csv
import os
import re
import tempfile
import time
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from helpers.errors import UserError, one_line
from helpers.files import whole_file

NOTEBOOK = r"\.ipynb(\.txt|\.json)?"  # as some browsers and mail programs save it
# A browser adds " (1)" to a second download, JupyterLab -Copy1 to a copy.
NAMED = re.compile(rf"(?P<person>.+?)[ _-]+homework[ _-]?(?P<number>\d+)(\D.*)?{NOTEBOOK}", re.IGNORECASE)
# Since 4.1 without the _ at the end; without folders, the name of the file comes after it.
MOODLE = re.compile(r"(?P<person>[^_]+_\d+)_assignsubmission_file(_.*)?")
MOODLE_PERSON = re.compile(r"(?P<name>[^_]+)_(?P<id>\d+)")
WORKSHEET = ["Identifier", "Full name", "Grade", "Maximum grade", "Last modified (grade)"]
LARGEST_ZIP = 2_000_000_000  # bytes, unpacked


@dataclass
class HandedIn:
    """Of each learner the notebook that counts; a sentence for each file left out; Moodle's worksheet."""

    notebooks: dict[str, Path] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    worksheet: Path | None = None


def shown_name(person: str) -> str:
    """A learner's name, without the number that Moodle knows a learner by."""
    match = MOODLE_PERSON.fullmatch(person)
    return match["name"] if match else person


@contextlib.contextmanager
def folder_of(path: Path) -> Iterator[Path]:
    """The folder at `path`, or one for the time of the block with what the zip file there holds.

    Raises `UserError` where there is neither.
    """
    if path.is_dir():
        yield path
        return
    if not path.exists():
        raise UserError(f"There is no folder {path} of what was handed in, nor a zip file.")
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                if sum(member.file_size for member in archive.infolist()) > LARGEST_ZIP:
                    raise UserError(f"{path} holds more than {LARGEST_ZIP / 1e9:g} GB: unpack it yourself.")
                for member in archive.infolist():
                    file = archive.extract(member, folder)
                    with contextlib.suppress(ValueError, OverflowError):  # no date
                        when = time.mktime((*member.date_time, 0, 0, -1))
                        os.utime(file, (when, when))
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:  # with a password; no zip
            raise UserError(f"{path} can't be unpacked: {one_line(error)}.") from None
        yield Path(folder)


def find_handed_in(folder: Path, name: str) -> HandedIn:
    """Look for what was handed in of the homework `name`; raises `UserError` where there is nothing."""
    found, others = HandedIn(), 0
    for file in sorted(path for path in folder.rglob("*") if path.is_file() or _is_empty(path)):
        parts = file.relative_to(folder).parts
        if any(part.startswith((".", "__MACOSX")) for part in parts):
            continue
        if file.suffix.lower() == ".csv" and is_worksheet(file):
            found.worksheet = file
            continue
        person, number = _whose(parts)
        shown = one_line("/".join(parts))
        if file.is_dir():
            found.left_out.append(f"{shown}: an empty folder.")
        elif number not in (None, int(re.search(r"\d+", name)[0])):
            others += 1
        elif not re.search(rf"{NOTEBOOK}$", file.name, re.IGNORECASE):
            found.left_out.append(f"{shown}: no notebook.")
        elif not person:
            found.left_out.append(f"{shown}: whose is it? Call it NAME_{name}.ipynb.")
        elif not (earlier := found.notebooks.get(person)):
            found.notebooks[person] = file
        else:
            newer, older = sorted((file, earlier), key=lambda path: path.stat().st_mtime, reverse=True)
            found.notebooks[person] = newer
            found.left_out.append(
                f"{one_line(older.relative_to(folder))}: {newer.name} is newer, and counts."
            )
    if others:
        found.left_out.insert(0, f"{others} of other homework.")
    if not found.notebooks:
        raise UserError(
            f"The folder has no notebook NAME_{name}.ipynb, as one that was handed in is called, and none "
            f"from Moodle. {' '.join(found.left_out[:3])}".strip()
        )
    return found


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _whose(parts: tuple[str, ...]) -> tuple[str, int | None]:
    """Whose file this is, and of which homework by its name; an empty name and None where it doesn't tell."""
    if moodle := next(filter(None, map(MOODLE.fullmatch, parts)), None):
        return _as_folder(moodle["person"]), None
    if named := NAMED.fullmatch(parts[-1]):
        return _as_folder(named["person"]), int(named["number"])
    # In a folder for each learner:
    if numbered := re.match(r"homework[ _-]?(\d+)", parts[-1], re.IGNORECASE):
        return _as_folder(parts[-2] if len(parts) > 1 else ""), int(numbered[1])
    return "", None


def _as_folder(person: str) -> str:
    """A name that a folder can have everywhere, and in which nbgrader finds no pattern of names."""
    return re.sub(r'[\[\]*?<>:"|/\\]', "-", unicodedata.normalize("NFC", person)).strip(" .")


def is_worksheet(file: Path) -> bool:
    """Whether a CSV file is Moodle's grading worksheet: it knows each learner by a word and a number."""
    try:
        rows = _read(file)
    except (OSError, ValueError, csv.Error):
        return False
    head, *rows = rows or [[]]
    return bool(rows) and all(len(row) == len(head) and re.fullmatch(r"\D*\d+", row[0]) for row in rows)


def fill_worksheet(worksheet: Path | None, points: dict[str, float | None], of: float, out: Path) -> None:
    """Write Moodle's worksheet with the points of each learner; None is one who has none yet.

    Without Moodle's own file it has the English columns that Moodle needs. The column of grades is called
    that in English, and in any language stands before the one with the same maximum in each row. Raises
    `UserError` where that can't be found, or the maximum isn't that of the homework.
    """
    ids = {MOODLE_PERSON.fullmatch(person)["id"]: person for person in points}
    if worksheet:
        head, *rows = _read(worksheet)
        same = [column for column in range(2, len(head)) if len({row[column] for row in rows}) == 1]
        maxima = [column for column in same if _number(rows[0][column]) is not None]
        if "Grade" not in head and not maxima:
            raise UserError(f"{worksheet} has no column for grades: download it from Moodle once more.")
        column = head.index("Grade") if "Grade" in head else maxima[-1] - 1
        if column + 1 in maxima and _number(rows[0][column + 1]) != of:
            raise UserError(
                f"In Moodle the maximum grade is {rows[0][column + 1]}, and the homework has {of:g} points: "
                "set the maximum there, and download the worksheet once more."
            )
    else:
        head, column = WORKSHEET, WORKSHEET.index("Grade")
        rows = [[f"Participant {i}", shown_name(p), "", f"{of:g}", "-"] for i, p in ids.items()]
    for row in rows:
        person = ids.get(re.search(r"\d+$", row[0]).group())
        if person and points[person] is not None:
            row[column] = f"{points[person]:g}"
    with whole_file(out) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def _read(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [row for row in csv.reader(lines) if row]


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def write_feedback_zip(pages: dict[str, Path], out: Path) -> None:
    """Write the zip file of feedback that Moodle takes, of the page of each learner."""
    with whole_file(out) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for person, page in pages.items():
            archive.write(page, f"{person}_assignsubmission_file_/{page.name}")
