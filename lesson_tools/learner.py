"""What a class gets: the learners' copy of the lessons, and the lessons with blank cells for live coding.

The copy is the repository as it was committed last, with the outputs of the lessons cleared, the homework
as students get it, and without what holds its solutions. `make run` works there; `lessons usb make` takes it
along.
"""

import contextlib
import io
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from helpers.errors import UserError
from lesson_tools.folders import COPY, ROOT, files_in, output_folder, whole_folder
from lesson_tools.homework import make

import nbformat
from nbformat import NotebookNode

HOMEWORK = "notebooks/homework/"
FOR_TEACHERS = (HOMEWORK, "tests/")  # both hold the solutions of the homework
WITHOUT_GIT = r"(?!.*(__pycache__|/\.))((docs|doodles|helpers|lesson_tools|notebooks)/|[^./][^/]*$)"
LIVE = "live"  # the tag of a cell to write live, and in its metadata the line that says what to write


def make_copy(folder: Path) -> None:
    """Make the learners' copy in `folder`. Raises `UserError` as `_new_folder` and `learner_files` do."""
    with _new_folder(folder) as new:
        files, origin = learner_files()
        for name, content in files.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_bytes(content)
    print(f"The learners' copy ({origin}): {folder}")


def make_blank(folder: Path) -> None:
    """Write the lessons to `folder`, blank where tagged. Raises `UserError` as `_new_folder` does."""
    from lesson_tools.run import find_lessons, read_notebook

    with _new_folder(folder) as new:
        for lesson in find_lessons():
            notebook = clear(read_notebook(lesson))
            for cell in notebook.cells:
                if LIVE in cell.metadata.get("tags", []):
                    cell.source = f"# {cell.metadata.get(LIVE, 'Write this cell.')}"
            (new / lesson.name).write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    print(f"The lessons with blank cells: {folder}")


@contextlib.contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A `whole_folder`. Raises `UserError` where somebody has worked in the copy that is there, too."""
    out = output_folder(folder)
    if (mark := out / COPY).exists():
        written = mark.stat().st_mtime  # as the last of its files
        for name in files_in(out):
            if (out / name).lstat().st_mtime > written:
                raise UserError(f"{out / name} was changed since this copy was made: name a new folder.")
    with whole_folder(out, COPY) as new:
        yield new


def learner_files() -> tuple[dict[str, bytes], str]:
    """The files of the learners' copy by their names, and where they come from.

    Raises `UserError` when a lesson is damaged, or nbgrader is missing or refuses the homework.
    """
    files, origin = _repository()
    homework = {name: files[name] for name in files if name.startswith(HOMEWORK)}
    files = {name: files[name] for name in files if not name.startswith(FOR_TEACHERS)}
    for name in [name for name in files if re.fullmatch(r"notebooks/.+\.ipynb", name)]:
        try:
            notebook = nbformat.reads(files[name].decode(), as_version=4)
        except Exception:  # nbformat raises several kinds
            raise UserError(f"{name} is damaged in {origin}: get it back with git.") from None
        files[name] = f"{nbformat.writes(clear(notebook))}\n".encode()
    return files | _for_students(homework), origin


def clear(notebook: NotebookNode) -> NotebookNode:
    """The notebook itself, without outputs."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def _for_students(sources: dict[str, bytes]) -> dict[str, bytes]:
    """The homework as students get it, side by side, from its sources by their names."""
    found = (re.fullmatch(rf"{HOMEWORK}(.+)/\1\.ipynb", name) for name in sources)
    homework = [source[1] for source in found if source]
    if not homework:  # then it takes no nbgrader
        return {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:  # Windows: it is still locked
        for name, content in sources.items():
            (path := Path(temporary, name)).parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        made = make(homework, Path(temporary, "course"), Path(temporary, HOMEWORK))
        return {f"{HOMEWORK}{path.name}": path.read_bytes() for path in made}


def _repository() -> tuple[dict[str, bytes], str]:
    """The repository's files by their names, as they were committed last, and where they come from."""

    def git(*arguments: str) -> bytes:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout

    try:
        with tarfile.open(fileobj=io.BytesIO(git("archive", "--format=tar", "HEAD"))) as tar:
            files = {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}
        if changed := git("status", "--short", ".").decode().splitlines():
            print(f"Not committed, so not in the folder: {', '.join(line[3:] for line in changed)}.")
        return files, f"commit {git('rev-parse', '--short', 'HEAD').decode().strip()}"
    except (OSError, subprocess.CalledProcessError):  # no git, or no repository, as in an unpacked archive
        names = [name for name in files_in(ROOT) if re.match(WITHOUT_GIT, name) and (ROOT / name).is_file()]
        return {n: (ROOT / n).read_bytes() for n in names}, "copied as they lay there, without git"
