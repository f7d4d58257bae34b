"""One folder for a room without internet: `lessons usb --help`.

packages/      the wheels of requirements.txt for the asked systems, and what installs helpers itself
data/          CIFAR-10 or other images, if they were given
lessons/       the repository's files as they were committed last, without the sources of the homework
START.txt      what a learner types; start.sh does it on Linux and macOS
check.py       compares the folder with SHA256SUMS, without this repository
contents.json  what the folder was made for
SHA256SUMS     comes last: a folder without it is not finished
"""

import argparse
import contextlib
import errno
import hashlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from helpers.datasets import CIFAR10_SHA256, DatasetError, load_dataset
from lesson_tools import usb_check
from lesson_tools.usb_check import SUMS, faults, files_in, read_sums, sha256, write_sums

from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).parent.parent
CONTENTS = "contents.json"
UNFINISHED = SUMS + ".unfinished"  # what the folder may hold while it is made
CIFAR10_ARCHIVE = "cifar-10-python.tar.gz"
PYTHONS = ("3.11", "3.12", "3.13")
PATCH_RELEASES = range(40)  # a learner's 3.12 may be any of 3.12.0, 3.12.1, …
AT_A_TIME = 25  # wheels in one call of pip: what is there when it is interrupted stays

# The repository without git: what a copy of it, such as an unpacked archive, is known to hold.
LAYOUT = ("README.md", "LICENSE", "Makefile", "environment.yml", "pyproject.toml", "requirements.txt")
LAYOUT += ("setup_venv.sh", "docs", "helpers", "notebooks", "tests")
NOT_COPIED = {"__pycache__", ".ipynb_checkpoints"}
FOR_TEACHERS = ("notebooks/homework/", "tests/")  # both hold the solutions of the homework


class UsbError(ValueError):
    """A folder that can't be made or checked; the message says what was wrong and what is accepted."""


def _manylinux(machine: str, first: int) -> dict[str, str]:
    """The tags of Linux wheels, for the oldest systems first, with the C library that each needs."""
    older_names = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
    tags = {}
    for minor in range(first, 40):
        for name in (f"manylinux_2_{minor}", older_names.get(minor)):
            if name:
                tags[f"{name}_{machine}"] = f"glibc 2.{minor}"
    return tags


def _macos(machine: str) -> dict[str, str]:
    tags = {}
    for version in (11, 12, 13, 14, 15):
        for tag in mac_platforms((version, 0), machine):
            tags.setdefault(tag, f"macOS {version}")
    return tags


@dataclass(frozen=True)
class System:
    """A kind of computer: its name in a sentence, what its wheels are called, what markers see there."""

    words: str
    tags: dict[str, str]  # the platform part of a wheel's name, and what it needs; the least first
    usual: str  # of what wheels need: most computers have that
    markers: dict[str, str]
    wheels_gb: float  # about what the wheels for one Python take


def _markers(os_name: str, sys_platform: str, platform_system: str, platform_machine: str) -> dict[str, str]:
    return {
        "os_name": os_name,
        "sys_platform": sys_platform,
        "platform_system": platform_system,
        "platform_machine": platform_machine,
    }


# The systems for which TensorFlow has wheels.
SYSTEMS = {
    "linux-x86_64": System(
        "Linux on x86-64",
        _manylinux("x86_64", 5),
        "glibc 2.28",
        _markers("posix", "linux", "Linux", "x86_64"),
        0.9,
    ),
    "linux-arm64": System(
        "Linux on ARM",
        _manylinux("aarch64", 17),
        "glibc 2.28",
        _markers("posix", "linux", "Linux", "aarch64"),
        0.6,
    ),
    "windows-amd64": System(
        "Windows", {"win_amd64": ""}, "", _markers("nt", "win32", "Windows", "AMD64"), 0.65
    ),
    "macos-arm64": System(
        "macOS on Apple's chips",
        _macos("arm64"),
        "macOS 12",
        _markers("posix", "darwin", "Darwin", "arm64"),
        0.55,
    ),
}


@dataclass(frozen=True)
class Target:
    """A system with a version of Python."""

    name: str  # a key of SYSTEMS
    python: str  # such as "3.12"

    def __str__(self) -> str:
        return f"{self.system.words}, Python {self.python}"

    @property
    def system(self) -> System:
        return SYSTEMS[self.name]

    @cached_property
    def tags(self) -> dict[Tag, int]:
        """The tags of the wheels that fit, with the place of each one's platform in `system.tags`."""
        version = tuple(map(int, self.python.split(".")))
        interpreter = f"cp{version[0]}{version[1]}"
        platforms = list(self.system.tags)
        places = {name: place for place, name in enumerate(platforms)} | {"any": 0}
        fitting = [
            *cpython_tags(version, [interpreter], platforms),
            *compatible_tags(version, interpreter, platforms),
        ]
        return {tag: places[tag.platform] for tag in fitting}

    def wants(self, requirement: Requirement) -> bool:
        """Whether the requirement's marker holds there, for at least one patch release of its Python."""
        if not requirement.marker:
            return True
        environment = self.system.markers | {
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_version": "",
            "python_version": self.python,
            "extra": "",
        }
        versions = (f"{self.python}.{patch}" for patch in PATCH_RELEASES)
        return any(
            requirement.marker.evaluate(
                environment | {"python_full_version": version, "implementation_version": version}
            )
            for version in versions
        )

    def wheel(self, requirement: Requirement, wheels: Iterable[str]) -> str | None:
        """The one of the files `wheels` that serves the requirement there, the least demanding one."""
        fitting = [
            file
            for file in wheels
            for name, version, tags in [_parsed(file)]
            if name == canonicalize_name(requirement.name)
            and requirement.specifier.contains(version, prereleases=True)
            and not tags.isdisjoint(self.tags)
        ]
        return min(fitting, key=self._place, default=None)

    def needs(self, wheels: Iterable[str]) -> str:
        """What a system must at least have for these wheels, such as "glibc 2.28"; "" if nothing is known."""
        return list(self.system.tags.values())[max(map(self._place, wheels), default=0)]

    def _place(self, wheel: str) -> int:
        return min(self.tags[tag] for tag in _parsed(wheel)[2] if tag in self.tags)


@cache
def _parsed(wheel: str) -> tuple:
    name, version, _, tags = parse_wheel_filename(wheel)
    return name, version, tags


def this_machine() -> str | None:
    """The key of `SYSTEMS` for this machine; None if it is another kind, such as a Mac with Intel's chips."""
    here = {"platform_system": platform.system(), "platform_machine": platform.machine()}
    return next((name for name, system in SYSTEMS.items() if here.items() <= system.markers.items()), None)


def requirements(lock: str, build_system: str = "") -> list[Requirement]:
    """The packages of a lock, and those with which helpers is built if the lock leaves them out.

    `lock`, `build_system`: the text of requirements.txt and of pyproject.toml. Raises `UsbError` for a line
    that is no requirement.
    """
    found = []
    for number, line in enumerate(lock.splitlines(), start=1):
        text = line.partition("#")[0].strip()
        try:
            found += [Requirement(text)] if text else []
        except InvalidRequirement:
            raise UsbError(
                f"requirements.txt, line {number}, is {line.strip()!r}; accepted are lines such as "
                "numpy==2.4.6 ; python_full_version < '3.12'."
            ) from None
    names = {canonicalize_name(requirement.name) for requirement in found}
    building = tomllib.loads(build_system).get("build-system", {}).get("requires", [])
    return found + [need for need in map(Requirement, building) if canonicalize_name(need.name) not in names]


# --- Making it ---------------------------------------------------------------------------------------


def make(
    folder: Path,
    systems: Sequence[str] = (),
    pythons: Sequence[str] = (),
    data: Path | None = None,
    root: Path = ROOT,
    say: Callable[[str], None] = print,
) -> None:
    """Make `folder`, or go on with it: files that are there and whole stay.

    Args:
        folder: A new or empty folder, or one that this made.
        systems: Keys of `SYSTEMS`; this machine's if none.
        pythons: Of `PYTHONS`; the running one if none.
        data: Images to take along, in any form that `helpers.datasets.load_dataset` reads.
        root: The repository.
        say: Called with a line for each step.

    Raises:
        UsbError: The folder holds other things, the disk has too little room, the data can't be used, or a
            package has no wheel for an asked system.
    """
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    names = list(dict.fromkeys(systems or filter(None, [this_machine()])))
    if not names:
        raise UsbError(
            f"For this machine there are no packages: name some of {', '.join(SYSTEMS)} with --platform."
        )
    targets = [Target(name, python) for name in names for python in dict.fromkeys(pythons or [running])]
    _refuse_unknown(targets)
    lessons, origin = _lessons(root, say)
    lessons = {name: text for name, text in lessons.items() if not name.startswith(FOR_TEACHERS)}
    needed = requirements(
        lessons["requirements.txt"].decode(), lessons.get("pyproject.toml", b"").decode()
    )  # of the lessons in the folder, which may not be those that lie here
    images, images_words = _images(data)

    planned: dict[str, bytes | Path] = {f"lessons/{name}": content for name, content in lessons.items()}
    planned |= {f"data/{name}": path for name, path in images.items()}
    planned["check.py"] = Path(usb_check.__file__)
    for name in planned:
        if "\\" in name or "\n" in name:
            raise UsbError(f"The file name {name!r} has a character that a stick can't hold: rename it.")
    known = _refuse_foreign(folder, {*planned, "START.txt", "start.sh"})
    _refuse_too_little_room(folder, planned, targets, needed, known)

    # From here on the folder is unfinished, and says so, until its SHA256SUMS is there again.
    folder.mkdir(parents=True, exist_ok=True)
    data_name = next(iter(images), "").partition("/")[0]
    contents = {"targets": [[t.name, t.python] for t in targets], "data": data_name}
    planned[CONTENTS] = (json.dumps(contents, indent=1) + "\n").encode()
    digests = {name: _digest(content) for name, content in planned.items()}
    _put(folder, CONTENTS, planned[CONTENTS], digests[CONTENTS])
    write_sums(folder / UNFINISHED, known | digests)
    (folder / SUMS).unlink(missing_ok=True)
    for name, content in planned.items():
        _put(folder, name, content, digests[name])
    say(f"lessons   {len(lessons)} files, {_size(map(len, lessons.values()))}, {origin}")
    say(f"data      {images_words}")

    wheels = _download(folder, targets, needed, known | digests, say)
    texts = {"START.txt": _start_text(targets, wheels, data_name, origin)}
    if any(target.system.markers["os_name"] == "posix" for target in targets):
        texts["start.sh"] = _start_script(targets, data_name)
    for name, text in texts.items():
        digests[name] = _digest(text.encode())
        _put(folder, name, text.encode(), digests[name])
    digests |= {f"packages/{file}": digest for by_name in wheels.values() for file, digest in by_name.items()}
    names = {*known, *(f"packages/{path.name}" for path in (folder / "packages").iterdir())}
    for name in names - digests.keys():  # of an earlier call, or not needed in the end
        (folder / name).unlink(missing_ok=True)
    for place, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):  # it is not empty
            Path(place).rmdir()
    write_sums(folder / UNFINISHED, digests)
    if hasattr(os, "sync"):
        os.sync()  # so that the stick may be pulled
    found = faults(folder, UNFINISHED)
    if found:
        raise UsbError("\n".join([*found, f"The disk of {folder} did not keep what was written to it."]))
    (folder / UNFINISHED).replace(folder / SUMS)
    sizes = [(folder / name).stat().st_size for name in digests]
    say(f"\nThe folder is complete: {len(sizes)} files, {_size(sizes)} in {folder}")


def _refuse_unknown(targets: list[Target]) -> None:
    for target in targets:
        if target.name not in SYSTEMS:
            raise UsbError(f"There are no packages for {target.name}; the systems are {', '.join(SYSTEMS)}.")
        if target.python not in PYTHONS:
            raise UsbError(f"The lessons need Python {', '.join(PYTHONS)}; {target.python} is none of them.")


def _lessons(root: Path, say: Callable[[str], None]) -> tuple[dict[str, bytes], str]:
    """The repository's files by name, and a sentence about where they come from."""

    def git(*arguments: str) -> bytes:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True).stdout

    try:
        top = Path(os.fsdecode(git("rev-parse", "--show-toplevel").rstrip(b"\n")))
        archive = git("archive", "--format=tar", "HEAD") if top.samefile(root) else b""
    except (OSError, subprocess.CalledProcessError):  # no git, no repository, or no commit
        archive = b""
    if not archive:
        paths = [path for name in LAYOUT for path in [root / name, *(root / name).rglob("*")]]
        files = {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in paths
            if path.is_file() and NOT_COPIED.isdisjoint(path.parts)
        }
        if "requirements.txt" not in files:
            raise UsbError(f"{root} does not hold the lessons: it has no requirements.txt.")
        return files, "copied as they lie here, without git"
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}
    changed = [os.fsdecode(line[3:]) for line in git("status", "--porcelain").splitlines()]
    if changed:
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        say(f"Not committed, so the folder has the last committed form: {', '.join(changed[:5])}{more}.")
    return files, f"commit {git('rev-parse', '--short', 'HEAD').decode().strip()}"


def _images(data: Path | None) -> tuple[dict[str, Path], str]:
    """The files to take along as data, and a sentence about them. Raises `UsbError` when they are no use."""
    if data is None:
        return {}, "none given, so the lessons use the built-in images"
    if data.is_file() and tarfile.is_tarfile(data):
        if sha256(data) != CIFAR10_SHA256:
            raise UsbError(
                f"{data} is not the official archive {CIFAR10_ARCHIVE}: its SHA-256 begins with "
                f"{sha256(data)[:12]}, that of the archive with {CIFAR10_SHA256[:12]}."
            )
        return {CIFAR10_ARCHIVE: data}, f"CIFAR-10, the official archive, {_size([data.stat().st_size])}"
    try:
        load_dataset(data)
    except DatasetError as error:
        raise UsbError(str(error)) from None
    name = data.resolve().name
    files = {name: data}
    if data.is_dir():
        files = {f"{name}/{inside}": data / inside for inside in files_in(data)}
    sizes = [path.stat().st_size for path in files.values()]
    return files, f"{name}, {len(files)} file{'s' * (len(files) > 1)}, {_size(sizes)}"


def _refuse_foreign(folder: Path, planned: set[str]) -> dict[str, str]:
    """Return the files that earlier calls put into `folder`; raise `UsbError` if it holds others."""
    if folder.exists() and not folder.is_dir():
        raise UsbError(f"{folder} is a file; accepted is a new or empty folder, or one that make usb made.")
    present = files_in(folder) if folder.exists() else set()
    if present and CONTENTS not in present:
        raise UsbError(
            f"{folder} holds other things, such as {min(present)}; accepted is a new or empty folder, or one "
            "that make usb made."
        )
    known = {}
    for name in (SUMS, UNFINISHED):
        if name in present:
            try:
                known |= read_sums(folder / name)
            except ValueError as error:
                raise UsbError(f"{error}: delete {folder} and make it anew.") from None
    own = {*known, *planned, CONTENTS, SUMS, UNFINISHED, SUMS + ".new", UNFINISHED + ".new"}
    foreign = [name for name in sorted(present - own) if not name.startswith("unfinished-")]
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise UsbError(
            f"{folder} holds {foreign[0]}{more}, which make usb did not put there: move that away, or name "
            "another folder."
        )
    return known


def _refuse_too_little_room(
    folder: Path,
    planned: dict[str, bytes | Path],
    targets: list[Target],
    needed: list[Requirement],
    known: dict[str, str],
) -> None:
    """Raise `UsbError` if the disk of `folder` has less room than what is still to come is likely to take."""
    room = 0.0
    for name, content in planned.items():
        if not (folder / name).exists():
            room += len(content) if isinstance(content, bytes) else content.stat().st_size
    there = _wheels(folder, known)
    for target in targets:
        wheels = [target.wheel(need, there) for need in needed if target.wants(need)]
        if None in wheels:
            sizes = [(folder / "packages" / file).stat().st_size for file in {*wheels} - {None}]
            room += max(0, target.system.wheels_gb * 1e9 - sum(sizes))
    disk = folder.absolute()
    while not disk.exists():
        disk = disk.parent
    free = shutil.disk_usage(disk).free
    if free < room:
        raise UsbError(
            f"The folder needs about {_size([room])} more, and {_size([free])} are free in {disk}: make "
            "room, or ask for fewer systems."
        )


def _wheels(folder: Path, known: dict[str, str]) -> dict[str, str]:
    """The wheels in `folder` that are known and there, with the SHA-256 that each shall have."""
    names = [name.removeprefix("packages/") for name in known if name.startswith("packages/")]
    there = [name for name in names if (folder / "packages" / name).is_file()]
    return {name: known[f"packages/{name}"] for name in there}


def _download(
    folder: Path,
    targets: list[Target],
    needed: list[Requirement],
    known: dict[str, str],
    say: Callable[[str], None],
) -> dict[Target, dict[str, str]]:
    """Bring the wheels of all targets into `folder`; return for each its wheels with their SHA-256.

    `known`: the files that are written down already, with their SHA-256. Raises `UsbError` if a package has
    no wheel for a target, after all others are there.
    """
    packages = folder / "packages"
    packages.mkdir(exist_ok=True)
    for left in folder.glob("unfinished-*"):  # of a call that was killed
        shutil.rmtree(left)
    there = _wheels(folder, known)
    for file in [file for file, digest in there.items() if sha256(packages / file) != digest]:
        say(f"packages  {file} is damaged, and is loaded again")
        (packages / file).unlink()
        del there[file]
    missing, wheels = [], {}
    for target in targets:
        wanted = [need for need in needed if target.wants(need)]
        open_ones = [need for need in wanted if not target.wheel(need, there)]
        while open_ones:
            now = _some(open_ones)
            open_ones = [need for need in open_ones if need not in now]
            with tempfile.TemporaryDirectory(prefix="unfinished-", dir=folder) as partial:
                _pip_download(Path(partial), target, now)
                new = {path.name: sha256(path) for path in Path(partial).iterdir()}
                known = known | {f"packages/{file}": digest for file, digest in new.items()}
                write_sums(folder / UNFINISHED, known)  # first, so that no wheel lies there unknown
                for file in new:
                    (Path(partial) / file).replace(packages / file)
            there |= new
            say(f"packages  {target}: {len(wanted) - len(open_ones)} of {len(wanted)}")
        fitting = [(need, target.wheel(need, there)) for need in wanted]
        missing += [(need, target) for need, file in fitting if not file]
        found = {file for _, file in fitting if file}
        wheels[target] = {file: there[file] for file in found}
        sizes = [(packages / file).stat().st_size for file in found]
        say(f"packages  {target}: {len(found)} wheels, {_size(sizes)}")
    if missing:
        lines = [f"{need.name}{need.specifier} has no wheel for {target}." for need, target in missing]
        raise UsbError("\n".join([*lines, "So the folder is not complete; ask for other systems."]))
    return wheels


def _some(needs: list[Requirement]) -> list[Requirement]:
    """The first ones, none twice: which of two versions fits depends on the patch release of Python."""
    first = {}
    for need in needs:
        first.setdefault(need.name, need)
    return list(first.values())[:AT_A_TIME]


def _pip_download(folder: Path, target: Target, needs: list[Requirement]) -> None:
    """Download wheels for `target` into `folder`: those that there are."""
    platforms = list(target.system.tags)
    # pip prefers a wheel for new systems alone to one for all, so it is first asked for the usual ones.
    usual = [name for name in platforms if target.system.tags[name] == target.system.usual][-1]
    missing = _pip_download_for(platforms[: platforms.index(usual) + 1], folder, target, needs)
    if missing and usual != platforms[-1]:
        _pip_download_for(platforms, folder, target, missing)


def _pip_download_for(
    platforms: list[str], folder: Path, target: Target, needs: list[Requirement]
) -> list[Requirement]:
    """Download wheels for these platforms into `folder` and return those of `needs` that have none."""
    # pip evaluates markers for the Python that runs it, so it gets none.
    names = {f"{need.name}{need.specifier}": need for need in needs}
    options = [option for name in platforms for option in ("--platform", name)]
    options += ["--implementation", "cp", "--python-version", f"{target.python}.{PATCH_RELEASES[-1]}"]
    options += ["--only-binary=:all:", "--no-deps", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input"]
    missing = []
    while names:
        done = subprocess.run([*command, *options, *names], capture_output=True, text=True)
        if done.returncode == 0:
            break
        if os.strerror(errno.ENOSPC) in done.stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        said = [
            line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")
        ]
        reason = said[-1] if said else done.stderr.strip() or f"exit status {done.returncode}"
        without = re.fullmatch(r"No matching distribution found for (\S+).*", reason)
        if "Retrying (" in done.stderr:  # then pip says of any package that it has none
            reason, without = "there is no connection", None
        if not without or without[1] not in names:
            raise UsbError(f"The packages can't be downloaded ({reason}); the same command again goes on.")
        missing.append(names.pop(without[1]))
    return missing


def _put(folder: Path, name: str, content: bytes | Path, digest: str) -> None:
    """Write a file of the folder, unless it is there and whole."""
    path = folder / name
    if path.is_file() and sha256(path) == digest:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        shutil.copyfile(content, path)


def _digest(content: bytes | Path) -> str:
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else sha256(content)


def _size(sizes: Iterable[float]) -> str:
    total = sum(sizes)
    return f"{total / 1e9:.1f} GB" if total >= 1e9 else f"{total / 1e6:.1f} MB"


# --- What a learner reads and runs -------------------------------------------------------------------

KERAS_NAME = "cifar-10-batches-py-target_archive"  # under this name helpers.datasets looks for the archive

START = """\
Color images and convolutional networks: the lessons, without internet
==========================================================================

packages/   what the lessons need, for
{systems}
data/       {data}
lessons/    the lessons ({origin})
check.py    says whether all of this is whole: python3 check.py (on Windows: py check.py)

You need Python {pythons} on your computer (it is not in this folder), and 4 GB of room.
{windows}{posix}
Then open notebooks/02_load_the_images.ipynb and choose Run, Run All Cells.
{use_data}"""

WINDOWS = """
Windows
-------
Open the Command Prompt (cmd), go to this folder, such as with  cd /d E:\\usb , and type:

    set STICK=%CD%
    xcopy /e /i /q lessons "%USERPROFILE%\\image-lessons"
{copy_data}    cd /d "%USERPROFILE%\\image-lessons"
    py -{python} -m venv .venv
    .venv\\Scripts\\python -m pip install --no-index --find-links "%STICK%\\packages" -r requirements.txt
    .venv\\Scripts\\python -m pip install --no-index --find-links "%STICK%\\packages" --no-deps -e .
    .venv\\Scripts\\jupyter lab notebooks

The next time, without the stick:

    cd /d "%USERPROFILE%\\image-lessons"
    .venv\\Scripts\\jupyter lab notebooks
"""

WINDOWS_ARCHIVE = f"""\
    mkdir "%USERPROFILE%\\.keras\\datasets"
    copy data\\{CIFAR10_ARCHIVE} "%USERPROFILE%\\.keras\\datasets\\{KERAS_NAME}"
"""

WINDOWS_DATA = """\
    xcopy /e /i /q data "%USERPROFILE%\\image-lessons\\data"
"""

POSIX = """
{title}
{line}
Open a terminal in this folder and type:

    sh start.sh

It copies the lessons to the folder image-lessons in your home, installs the packages there, and opens
JupyterLab. The next time, without the stick:

    cd ~/image-lessons
    .venv/bin/jupyter lab notebooks

make run and the other commands of the README work there as well.
"""

START_SH = """\
#!/bin/sh
# Copy the lessons to your disk, install what they need without a network, and open them in JupyterLab:
#     sh start.sh [FOLDER [COMMAND ...]]
# FOLDER is image-lessons in your home unless you name one; COMMAND is run in it in place of JupyterLab.
set -eu
stick=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$HOME/image-lessons}
[ $# -eq 0 ] || shift

if [ ! -e "$folder" ]; then  # in one step, so that an interrupted copy is not taken for the whole
    rm -rf "$folder.partial"
    cp -R "$stick/lessons" "$folder.partial"
    chmod -R u+w "$folder.partial"
    mv "$folder.partial" "$folder"
fi
if [ ! -e "$folder/setup_venv.sh" ]; then
    echo "$folder is there and does not hold the lessons: name another folder, as in sh start.sh FOLDER." >&2
    exit 1
fi
@COPY_DATA@
if [ ! -e "$folder/.venv/ready" ]; then
    for python in ${PYTHON:-@COMMANDS@ python3}; do
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        case " @VERSIONS@ " in *" $version "*) found=$python; break ;; esac
    done
    if [ -z "${found:-}" ]; then
        echo "The packages are for Python @WORDS@, which was not found: install it, or name it, as in" \\
            "PYTHON=/path/to/python3 sh start.sh." >&2
        exit 1
    fi
    # pip reads these two, so that every installation in this shell takes the stick in place of the internet;
    # as an address, because pip would split a path at its spaces.
    export PIP_NO_INDEX=1
    address='import pathlib, sys; print(pathlib.Path(sys.argv[1]).as_uri())'
    PIP_FIND_LINKS=$("$found" -c "$address" "$stick/packages")
    export PIP_FIND_LINKS
    sh "$folder/setup_venv.sh" "$found"
    touch "$folder/.venv/ready"  # for make, which would install again
fi
cd "$folder"
[ $# -gt 0 ] || set -- .venv/bin/jupyter lab notebooks
exec "$@"
"""

COPY_ARCHIVE = f"""\
# Where Keras keeps it, the lessons find CIFAR-10 by themselves.
keras="${{KERAS_HOME:-$HOME/.keras}}/datasets"
if [ ! -e "$keras/{KERAS_NAME}" ]; then
    mkdir -p "$keras"
    cp "$stick/data/{CIFAR10_ARCHIVE}" "$keras/{KERAS_NAME}.partial"
    mv "$keras/{KERAS_NAME}.partial" "$keras/{KERAS_NAME}"
fi"""

COPY_DATA = """\
[ -e "$folder/data" ] || cp -R "$stick/data" "$folder/data"
chmod -R u+w "$folder/data\""""


def _start_text(targets: list[Target], wheels: dict, data: str, origin: str) -> str:
    systems = []
    for target in targets:
        needs = target.needs(wheels[target])
        systems.append(f"              {target}{needs and f', with {needs} or later'}")
    names = {target.name for target in targets}
    pythons = _list([python for python in PYTHONS if python in {target.python for target in targets}], "or")
    archive = data == CIFAR10_ARCHIVE
    windows = posix = use_data = ""
    if "windows-amd64" in names:
        python = next(target.python for target in targets if target.name == "windows-amd64")
        copy_data = (WINDOWS_ARCHIVE if archive else WINDOWS_DATA) if data else ""
        windows = WINDOWS.format(python=python, copy_data=copy_data)
    unix = [word for word in ("Linux", "macOS") if any(name.startswith(word.lower()) for name in names)]
    title = _list(unix, "and")
    if title:
        posix = POSIX.format(title=title, line="-" * len(title))
    if data:
        use_data = f'In the cell with the parameters, write dataset = "../data/{data}".\n'
    if archive:
        use_data = 'They find CIFAR-10 by themselves: leave dataset = "auto".\n'
    words = data or "empty, because no images were given: the lessons use the built-in images"
    return START.format(
        systems="\n".join(systems),
        data="CIFAR-10" if archive else words,
        origin=origin,
        pythons=pythons,
        windows=windows,
        posix=posix,
        use_data=use_data,
    )


def _start_script(targets: list[Target], data: str) -> str:
    pythons = list(dict.fromkeys(target.python for target in targets))
    copy_data = (COPY_ARCHIVE if data == CIFAR10_ARCHIVE else COPY_DATA) if data else ""
    values = {
        "@COPY_DATA@": copy_data,
        "@COMMANDS@": " ".join(f"python{version}" for version in pythons),
        "@VERSIONS@": " ".join(pythons),
        "@WORDS@": _list(pythons, "or"),
    }
    script = START_SH
    for name, value in values.items():
        script = script.replace(name, value)
    return script


def _list(words: list[str], last: str) -> str:
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


# --- Checking it -------------------------------------------------------------------------------------

# Run as root of a network namespace of its own: switch its loopback on, which Jupyter's kernels need, then
# be the command.
LOOPBACK_ALONE = (
    "import fcntl, os, socket, struct, sys\n"
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sH22x', b'lo', 0x41))  # SIOCSIFFLAGS: up, running\n"
    "os.execvp(sys.argv[1], sys.argv[1:])\n"
)


def check(folder: Path, fast: bool = False, say: Callable[[str], None] = print) -> list[str]:
    """Return a sentence for each fault of a folder that `make` made; it is usable if there is none.

    Compares all files with SHA256SUMS, looks for a wheel of each package for each system and, unless `fast`,
    installs the packages for this machine and runs lesson 02, with the network switched off where the system
    allows it.

    Raises:
        UsbError: The trial has no room, or none of the folder's versions of Python is here.
    """
    found = faults(folder)
    try:
        listed = read_sums(folder / SUMS)
    except (OSError, ValueError):
        return found  # which says so
    if not found:
        say(f"files     {len(listed)}, each as it was written")
    try:
        contents = json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
        targets = [Target(*target) for target in contents["targets"]]
        lessons = folder / "lessons"
        needed = requirements(
            (lessons / "requirements.txt").read_text(encoding="utf-8"),
            (lessons / "pyproject.toml").read_text(encoding="utf-8"),
        )
        _refuse_unknown(targets)
    except (OSError, ValueError, LookupError, TypeError) as error:
        return [*found, f"What the folder was made for can't be read ({error})."]
    files = _wheels(folder, listed)
    wheels = {}
    for target in targets:
        wanted = {need: target.wheel(need, files) for need in needed if target.wants(need)}
        without = [need for need, file in wanted.items() if not file]
        found += [f"{need.name}{need.specifier} has no wheel for {target}." for need in without]
        if not without:
            say(f"packages  {target}: a wheel for each of {len(wanted)}")
            wheels[target] = {*wanted.values()}
    if found:
        say("trial     left out, because of the faults")
    elif fast:
        say("trial     left out, as --fast asks")
    else:
        found += _trial(folder, wheels, contents["data"], say)
    return found


def _trial(folder: Path, wheels: dict[Target, set[str]], data: str, say: Callable[[str], None]) -> list[str]:
    """Install from the folder into a temporary one and run lesson 02 there; return the faults."""
    here = this_machine()
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    pythons = [target.python for target in wheels if target.name == here]
    if not pythons:
        say("trial     left out: the folder has no packages for this machine")
        return []
    pythons.sort(key=lambda version: version != running)  # which is here; another one has to be found
    python = next((version for version in pythons if version == running or _is_here(version)), None)
    if not python:
        raise UsbError(
            f"The trial needs Python {_list(pythons, 'or')}, which is not here: install it, or leave "
            "the trial out with --fast."
        )
    # Unpacked, the packages take three times as much as their wheels.
    size = 4 * sum((folder / "packages" / file).stat().st_size for file in wheels[Target(here, python)])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        free = shutil.disk_usage(temporary).free
        if free < size:
            raise UsbError(
                f"The trial needs about {_size([size])} in {Path(temporary).parent}, where {_size([free])} "
                "are free: make room, or leave it out with --fast."
            )
        place = Path(temporary) / "lessons"
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))
        }
        environment |= {
            "PIP_NO_INDEX": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "KERAS_HOME": f"{temporary}/keras",
        }
        for name in ("http_proxy", "https_proxy", "all_proxy"):  # nothing listens on port 9
            environment |= {name: "http://127.0.0.1:9", name.upper(): "http://127.0.0.1:9"}
        lesson = ["-m", "lesson_tools.run", "02", "--profile", "quick", "--out", f"{temporary}/trial"]
        if data:
            name = "cifar10" if data == CIFAR10_ARCHIVE else f"{folder.absolute()}/data/{data}"
            lesson += ["-p", "dataset", name]
        if os.name == "posix":
            environment["PYTHON"] = f"python{python}"
            environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
            start = str(folder.absolute() / "start.sh")
            steps = [[*_without_network(), "sh", start, str(place), ".venv/bin/python", *lesson]]
        else:
            shutil.copytree(folder / "lessons", place)
            own = str(place / ".venv" / "Scripts" / "python")
            install = [own, "-m", "pip", "install", "--find-links", str(folder.absolute() / "packages")]
            outer = [sys.executable] if python == running else ["py", f"-{python}"]
            steps = [[*outer, "-m", "venv", str(place / ".venv")]]
            steps += [
                [*install, "-r", str(place / "requirements.txt")],
                [*install, "--no-deps", "-e", str(place)],
            ]
            steps += [[own, *lesson]]
        off = steps[0][0] == "unshare"
        say(f"trial     installing for Python {python} and running lesson 02; this takes minutes")
        for step in steps:
            done = subprocess.run(
                step,
                cwd=place if place.exists() else temporary,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            if done.returncode:
                end = "\n".join(f"    {line}" for line in done.stdout.splitlines()[-15:])
                return [f"The trial installation for Python {python} failed:\n{end}"]
        how = "the network switched off" if off else "the network unused: this system can't switch it off"
        say(f"trial     installed, and lesson 02 run, with {how}; deleting it")
    return []


def _is_here(python: str) -> bool:
    """Whether this version of Python can be started."""
    command = ["py", f"-{python}"] if os.name == "nt" else [f"python{python}"]
    return (
        bool(shutil.which(command[0]))
        and not subprocess.run([*command, "-c", ""], capture_output=True).returncode
    )


def _without_network() -> list[str]:
    """The beginning of a command that has no network but its own loopback; empty where that can't be had."""
    command = ["unshare", "-rn", sys.executable, "-c", LOOPBACK_ALONE]
    try:
        possible = subprocess.run([*command, "true"], capture_output=True).returncode == 0
    except OSError:  # no unshare, as outside Linux
        possible = False
    return command if possible else []


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m lesson_tools.usb", description=__doc__.split(":")[0] + "."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="make|check")
    making = commands.add_parser("make", help="make the folder, or go on with it")
    making.add_argument("folder", type=Path, metavar="DIR")
    making.add_argument(
        "--platform",
        nargs="+",
        default=[],
        metavar="SYSTEM",
        help=f"{', '.join(SYSTEMS)} (default: this one)",
    )
    making.add_argument(
        "--python", nargs="+", default=[], metavar="VERSION", help=f"{', '.join(PYTHONS)} (default: this one)"
    )
    making.add_argument(
        "--data", type=Path, metavar="PATH", help="images: what the parameter dataset takes as a path"
    )
    checking = commands.add_parser("check", help="say whether the folder is whole and usable")
    checking.add_argument("folder", type=Path, metavar="DIR")
    checking.add_argument("--fast", action="store_true", help="without the trial installation")
    options = parser.parse_args(arguments)
    try:
        if options.command == "make":
            make(options.folder, options.platform, options.python, options.data, ROOT)
            return 0
        found = check(options.folder, options.fast)
    except UsbError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno == errno.ENOSPC:
            print(
                f"The disk of {options.folder} is full: make room; the same command again goes on.",
                file=sys.stderr,
            )
        else:
            print(f"{error.filename or options.folder}: {error.strerror or error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the same command again goes on.", file=sys.stderr)
        return 130
    if found:
        print("\n".join(found), file=sys.stderr)
        print(
            f"\nThe folder can't be used as it is: {len(found)} fault{'s' * (len(found) > 1)}.",
            file=sys.stderr,
        )
        return 1
    print("\nThe folder is complete.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
