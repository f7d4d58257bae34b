"""A folder for a room without internet, on a USB stick for example.

packages/      the wheels that the lessons need, for the asked systems and versions of Python
data/          CIFAR-10 or other images, if they were given
lessons/       the learner's copy of the repository, as `lessons learner` makes it
START.txt      what a learner types; start.sh does it on Linux and macOS
contents.json  what the folder was made for: the mark by which such a folder is known
SHA256SUMS     comes last: a folder without it is not finished; check.py compares the files with it
"""

import contextlib
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
import zipfile
from pathlib import Path

from helpers.datasets import CIFAR10_SHA256, load_dataset
from helpers.errors import UserError, one_line
from helpers.files import lock_folder, read_json, unlock_folder, whole_file
from lesson_tools import usb_check
from lesson_tools.learner import learner_files
from lesson_tools.usb_check import MARK, SUMS, faults, files_in, sha256

TEMPLATES = Path(__file__).parent / "templates" / "usb"
CIFAR10 = "cifar-10-python.tar.gz"
AT_A_TIME = 20  # packages in one call of pip, which stores them at its end: what is stored stays

# The systems for which TensorFlow has wheels: what uv calls them, and the tags of wheels that pip may take.
LINUX = [*(f"manylinux_2_{minor}_" for minor in range(28, 4, -1)), "manylinux2014_"]
SYSTEMS = {
    "linux-x86_64": ("x86_64-manylinux_2_28", [tag + "x86_64" for tag in LINUX]),
    "linux-arm64": ("aarch64-manylinux_2_28", [tag + "aarch64" for tag in LINUX]),
    "windows-amd64": ("windows", ["win_amd64"]),
    "macos-arm64": ("macos", ["macosx_12_0_arm64"]),
}
THIS = f"{platform.system()}-{platform.machine()}".lower().replace("darwin", "macos").replace("aarch", "arm")
PYTHONS = ("3.11", "3.12", "3.13")
RUNNING = f"{sys.version_info[0]}.{sys.version_info[1]}"
GO_ON = "the same command again goes on"


def make(folder: Path, systems=(), pythons=(), data: Path | None = None) -> None:
    """Make `folder`, a new or empty one or one that this made; packages that are there stay.

    `systems` are keys of `SYSTEMS` and `pythons` of `PYTHONS`, by default those in use; `data` are images in
    any form that `helpers.datasets.load_dataset` reads. Raises `UserError` if the folder holds other things,
    the data can't be used, the disk is full, there is no uv or no connection, or a package has no wheel.
    """
    systems, pythons = systems or [THIS], pythons or [RUNNING]
    for asked, accepted in ((systems, SYSTEMS), (pythons, PYTHONS)):
        if unknown := {*asked} - {*accepted}:
            raise UserError(f"There are no packages for {min(unknown)}; accepted are {', '.join(accepted)}.")
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if not uv:
        raise UserError('This needs uv, which is not here: pip install -e ".[teach]" -c requirements.txt')
    images = _images(data) if data else {}
    mark = {"targets": [[system, python] for system in systems for python in pythons]}
    mark["data"] = next(iter(images), "/").split("/")[1]
    try:
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{folder} is a file: name a folder.")
        before, old_files = _made_for(folder)
        lock_folder(folder, "wait for it, or name another folder.")
        copy, origin = learner_files()
        lessons = {f"lessons/{name}": content for name, content in copy.items()}
        files = {**_texts(mark, origin), **lessons, **images, "check.py": Path(usb_check.__file__)}
        mark["files"] = sorted({MARK, *files, *old_files})
        (folder / SUMS).unlink(missing_ok=True)  # from here on the folder is unfinished
        if any(target not in mark["targets"] for target in before):  # whose wheels can't be told from others
            for wheel in (folder / "packages").glob("*.whl"):
                wheel.unlink()
        _write(folder / MARK, json.dumps(mark, indent=1).encode())
        for name in {*old_files} - {*files, MARK}:
            (folder / name).unlink(missing_ok=True)
        for name, content in files.items():
            _write(folder / name, content)
        print(f"The lessons: {origin}; images: {mark['data'] or 'none given, so the built-in ones'}.")
        _download(folder, mark["targets"], uv)
        sums = (f"{sha256(folder / name)}  {name}\n" for name in sorted(files_in(folder)))
        _write(folder / SUMS, "".join(sums).encode())
    except OSError as error:
        raise UserError(f"{error.filename or folder}: {error.strerror or error}; {GO_ON}.") from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{GO_ON.capitalize()}.") from None
    finally:
        unlock_folder(folder)
    print(f"\nThe folder is complete: {folder}")


def _images(data: Path) -> dict[str, Path]:
    """The files of `data` by their names in the folder. Raises `UserError` when they are no use."""
    if data.is_file() and tarfile.is_tarfile(data):
        if sha256(data) != CIFAR10_SHA256:
            raise UserError(f"{data} is not the official archive {CIFAR10}: it has another SHA-256.")
        return {f"data/{CIFAR10}": data}
    load_dataset(data)
    name = data.resolve().name
    inside = {f"data/{name}/{file}": data / file for file in sorted(files_in(data))}
    if link := next((file for file in inside.values() if file.is_dir()), None):
        raise UserError(f"{link} is a link to a folder, which would stay behind: put that folder there.")
    return inside or {f"data/{name}": data}


def _made_for(folder: Path) -> tuple[list[list[str]], list[str]]:
    """The targets and files of an earlier call. Raises `UserError` if `folder` holds others."""
    present, targets, ours, wheel = files_in(folder), [], {}, "$"
    with contextlib.suppress(UserError):  # without a mark of ours, nothing is ours
        mark = _mark(folder)
        targets, ours, wheel = mark["targets"], {*mark["files"], SUMS}, r"packages/[^/]+\.whl"
    if foreign := [name for name in sorted(present - {*ours}) if not re.fullmatch(wheel, name)]:
        raise UserError(f"{folder} holds {foreign[0]}, which usb make did not put there: name a new folder.")
    return targets, sorted(present & {*ours} - {SUMS})


def _mark(folder: Path) -> dict:
    """What the mark of the folder says. Raises `UserError` when it is missing or another program's."""
    mark = read_json(folder / MARK, way_out := "make the folder anew.")
    kinds = (("targets", list), ("files", list), ("data", str))
    if not all(isinstance(mark.get(name), kind) for name, kind in kinds) or {*map(type, mark["files"])} - {
        str
    }:
        raise UserError(f"{folder / MARK} is not of usb make: {way_out}")
    return mark


def _write(path: Path, content: bytes | Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        partial.write_bytes(content.read_bytes() if isinstance(content, Path) else content)


def _download(folder: Path, targets: list[list[str]], uv: str) -> None:
    """Bring the wheels for all targets into `folder`, for old and for new releases of each Python."""
    (packages := folder / "packages").mkdir(exist_ok=True)
    resolve = [uv, "pip", "compile", "pyproject.toml", "-", "--constraint=requirements.txt", "--quiet"]
    resolve += ["--extra=sweep", "--extra=book", "--no-header", "--no-annotate"]  # extras as setup_venv.sh
    # Without these, uv looks for the asked Python, and downloads it.
    resolve += ["--no-python-downloads", f"--python={sys.executable}"]
    download = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    building = tomllib.loads((folder / "lessons" / "pyproject.toml").read_text(encoding="utf-8"))
    inputs = {"cwd": folder / "lessons", "input": "\n".join(building["build-system"]["requires"])}
    lists = []
    for system, python in targets:
        (name, tags), listed = SYSTEMS[system], set()
        for patch, age in ((0, ""), (99, "newer ")):  # some packages differ between releases of a Python
            words, version = f"{system} with {age}Python {python}", f"--python-version={python}.{patch}"
            lines = _call([*resolve, f"--python-platform={name}", version], words, **inputs).split()
            needs = sorted({*lines} - listed)
            listed.update(needs)
            command = [*download, *(f"--platform={tag}" for tag in tags), version, f"--dest={packages}"]
            lists.append((words, command, needs))
    known = {need for _, _, needs in lists for need in needs}
    for wheel in packages.glob("*.whl"):  # not those of another lock, nor what a full disk cut off
        name, version = wheel.name.split("-")[:2]
        if f"{re.sub('[-_.]+', '-', name).lower()}=={version}" not in known or not zipfile.is_zipfile(wheel):
            wheel.unlink()
    for words, command, needs in lists:
        for start in range(0, len(needs), AT_A_TIME):
            _call([*command, *needs[start : start + AT_A_TIME]], words)
            print(f"{words}: {min(start + AT_A_TIME, len(needs))} of {len(needs)} packages")


def _call(command: list[str], words: str, **options) -> str:
    """What a call of uv or pip prints. Raises `UserError` with the reason if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", **options)
    if done.returncode == 0:
        return done.stdout
    # Without uv's frame around it; the end is what matters, and no address is cut before its password.
    reason = one_line(re.sub("[^!-~]", " ", done.stderr), len(done.stderr) + 1)
    for pattern, sentence in (
        ("No space left on device", f"the disk is full; {GO_ON}"),
        # Without a connection, pip says of any package that there is none.
        (r"Retrying \(|client error \(Connect\)", f"there is no connection; {GO_ON}"),
        (r"distribution found for (\S+)|(\S+) has no wheels", r"\1\2 has no wheel: ask for others"),
    ):
        if found := re.search(pattern, reason):
            raise UserError(f"No packages for {words}: {found.expand(sentence)}.")
    raise UserError(f"No packages for {words}; {GO_ON}. {reason[-500:]}")


def _texts(mark: dict, origin: str) -> dict[str, bytes]:
    """START.txt and start.sh; of their lines, some are for one kind of images."""
    kind = {"": "@NONE@", CIFAR10: "@CIFAR10@"}.get(mark["data"], "@IMAGES@")
    systems, pythons = (sorted({*column}) for column in zip(*mark["targets"], strict=True))
    values = {"DATA": mark["data"], "ORIGIN": origin, "PYTHON": pythons[0]}
    values |= {"PYTHONS": " or ".join(pythons), "SYSTEMS": ", ".join(systems)}

    def fill(text: str) -> bytes:
        text = re.sub("(?m)^@[A-Z0-9]+@.*\n", "", text.replace(kind, ""))
        return re.sub("@([A-Z]+)@", lambda found: values[found[1]], text).encode()

    return {template.name: fill(template.read_text(encoding="utf-8")) for template in TEMPLATES.iterdir()}


def check(folder: Path, fast: bool = False) -> list[str]:
    """Return a sentence for each fault of a folder that `make` made; it is usable if there is none.

    Compares all files with SHA256SUMS and, unless `fast`, installs for this machine and runs lesson 02.
    """
    found = faults(folder)
    if found or fast:
        return found
    mark = _mark(folder)
    if [THIS, RUNNING] not in mark["targets"]:
        print(f"No trial: the folder has no packages for {THIS} with Python {RUNNING}.")
        return []
    print("Installing from the folder into a temporary one, and running lesson 02: this takes minutes.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        place = Path(shutil.copytree(folder / "lessons", f"{temporary}/lessons"))
        python = str(place / ".venv" / ("Scripts" if os.name == "nt" else "bin") / "python")
        venv = [sys.executable, "-m", "venv", str(place / ".venv")]
        install = [python, "-m", "pip", "install", "-c", "requirements.txt", "-e", ".[sweep,book]"]
        lesson = [python, "-m", "lesson_tools", "run", "02", "--profile", "quick"]
        if mark["data"]:
            lesson += ["-p", "dataset", str(folder.absolute() / "data" / mark["data"])]
        # Nothing but the folder may help: no setting of pip, and no network but the loopback, for kernels.
        environment = {name: v for name, v in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
        environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": (folder.absolute() / "packages").as_uri()}
        environment |= {"PIP_CONFIG_FILE": os.devnull, "https_proxy": "http://127.0.0.1:9"}
        alone = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
        if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode:
            alone = []
        for step in (venv, install, lesson):
            done = subprocess.run([*alone, *step], cwd=place, env=environment, capture_output=True, text=True)
            if done.returncode:
                return ["The trial failed:", *(done.stdout + done.stderr).splitlines()[-15:]]
    return []
