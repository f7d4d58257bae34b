"""The folder for a room without internet: made with the real pip from small wheels, checked, and tried."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections import namedtuple
from pathlib import Path

from lesson_tools import usb

import numpy as np
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
RUNNING = f"{sys.version_info[0]}.{sys.version_info[1]}"

LOCK = """\
# as uv writes it
edge==1.0 ; python_full_version < '3.12.4'
edge==2.0 ; python_full_version >= '3.12.4'
fast==2.0
    # via pure
pure==1.0
windows-only==1.0 ; sys_platform == 'win32'
"""

PYPROJECT = """\
[build-system]
requires = ["tiny-builder>=1"]
build-backend = "tiny_builder"

[project]
name = "lessons"
version = "1"
"""

# What setuptools does for `pip install -e .`, in a few lines.
BUILDER = """
import os, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    files = {
        "lessons.pth": os.getcwd(),
        "lessons-1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: lessons\\nVersion: 1\\n",
        "lessons-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        "lessons-1.dist-info/RECORD": "",
    }
    with zipfile.ZipFile(os.path.join(folder, "lessons-1-py3-none-any.whl"), "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
    return "lessons-1-py3-none-any.whl"
"""

# In place of the runner: needs the packages, and the loopback as Jupyter's kernels do.
SERIES = """
import os, socket, sys
import edge, fast, pure

assert os.environ["PIP_CONFIG_FILE"] == os.devnull, "pip may have installed from elsewhere"
assert sys.argv[1:4] == ["02", "--profile", "quick"], sys.argv
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
"""


def write_wheel(folder: Path, name: str, tags: str, module: str = "", requires_python: str = "") -> Path:
    """Write a wheel such as fast-2.0 by hand, with one module."""
    project, version = name.split("-")
    metadata = f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
    if requires_python:
        metadata += f"Requires-Python: {requires_python}\n"
    files = {
        f"{project}.py": module,
        f"{name}.dist-info/METADATA": metadata,
        f"{name}.dist-info/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tags}\n",
    }
    record = ""
    for file, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
        record += f"{file},sha256={digest},{len(content)}\n"
    path = folder / f"{name}-{tags}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, content in {**files, f"{name}.dist-info/RECORD": record}.items():
            wheel.writestr(file, content)
    return path


def git(folder: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x", "-C", str(folder), *arguments]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A small repository, an index of wheels for it, and no other index."""
    place = tmp_path_factory.mktemp("usb")
    index, root = place / "index", place / "repository"
    index.mkdir()
    (root / "helpers").mkdir(parents=True)
    for name, tags in [
        ("edge-1.0", "py3-none-any"),
        ("edge-2.0", "py3-none-any"),
        ("pure-1.0", "py2.py3-none-any"),
        ("pure-1.0", "cp312-cp312-manylinux_2_34_x86_64"),  # pip alone would prefer it
        ("windows_only-1.0", "py3-none-any"),
        ("fast-2.0", "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"),
        ("fast-2.0", "cp312-cp312-manylinux_2_28_x86_64"),  # for newer systems alone: the other one is taken
        ("fast-2.0", "cp312-cp312-win_amd64"),
        ("fast-2.0", f"cp{RUNNING.replace('.', '')}-none-any"),
    ]:
        write_wheel(index, name, tags, requires_python=">=3.12.4" if name == "edge-2.0" else "")
    write_wheel(index, "tiny_builder-1.0", "py3-none-any", BUILDER)
    for name, text in {
        "requirements.txt": LOCK,
        "pyproject.toml": PYPROJECT,
        "helpers/__init__.py": "",
        "helpers/run.py": SERIES,
        "README.md": "Lessons\n",
    }.items():
        (root / name).write_text(text)
    shutil.copy(ROOT / "setup_venv.sh", root)
    git(root, "init")
    git(root, "add", ".")
    git(root, "commit", "-m", "Lessons")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            patch.delenv(name)
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(index))
        patch.setattr(usb, "ROOT", root)
        yield place


FOR_BOTH = ["--platform", "linux-x86_64", "windows-amd64", "--python", "3.12"]
LINUX, WINDOWS = (
    "fast-2.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "fast-2.0-cp312-cp312-win_amd64.whl",
)


@pytest.fixture(scope="module")
def finished(place):
    """The folder for Linux and Windows with Python 3.12. Tests that change it take a copy."""
    assert usb.main(["make", str(place / "stick"), *FOR_BOTH]) == 0
    return place / "stick"


@pytest.fixture
def stick(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "stick")
    return tmp_path / "stick"


def refused(capsys, *arguments) -> str:
    """Call the command with arguments that it must refuse, and return what it says."""
    capsys.readouterr()
    assert usb.main([str(argument) for argument in arguments]) == 1
    return capsys.readouterr().err


def wheels(folder: Path) -> set[str]:
    return {path.name for path in (folder / "packages").iterdir()}


# --- Which wheels -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marker", "where"),
    [
        ("sys_platform == 'win32'", {"windows-amd64"}),
        ("os_name != 'nt' or sys_platform != 'win32'", {"linux-x86_64", "linux-arm64", "macos-arm64"}),
        ("sys_platform == 'darwin' and platform_machine == 'arm64'", {"macos-arm64"}),
        ("platform_machine == 'aarch64'", {"linux-arm64"}),
        ("implementation_name != 'PyPy' and platform_python_implementation == 'CPython'", set(usb.SYSTEMS)),
        ("python_version < '3.12' or python_full_version >= '3.13'", set()),
        ("python_full_version == '3.12.*'", set(usb.SYSTEMS)),
        ("python_full_version < '3.12.1'", set(usb.SYSTEMS)),  # some learner's Python 3.12 is that old,
        ("python_full_version >= '3.12.1'", set(usb.SYSTEMS)),  # and another one's is newer
        ("python_full_version < '3.12'", set()),
    ],
)
def test_a_marker_is_read_for_the_asked_system_not_for_this_one(marker, where):
    requirement = Requirement(f"name==1 ; {marker}")
    assert {name for name in usb.SYSTEMS if usb.Target(name, "3.12").wants(requirement)} == where


@pytest.mark.parametrize(
    ("file", "where"),
    [
        ("name-1-py3-none-any.whl", {*usb.SYSTEMS}),
        ("name-1-cp312-cp312-manylinux_2_28_x86_64.whl", {"linux-x86_64"}),
        ("name-1-cp39-abi3-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", {"linux-arm64"}),
        ("name-1-py3-none-manylinux1_x86_64.whl", {"linux-x86_64"}),
        ("name-1-cp312-cp312-musllinux_1_2_x86_64.whl", set()),
        ("name-1-cp312-cp312-macosx_10_13_universal2.whl", {"macos-arm64"}),
        ("name-1-cp312-cp312-macosx_12_0_arm64.whl", {"macos-arm64"}),
        ("name-1-cp312-cp312-macosx_12_0_x86_64.whl", set()),
        ("name-1-cp312-cp312-win_amd64.whl", {"windows-amd64"}),
        ("name-1-cp312-cp312-win_arm64.whl", set()),
        ("name-1-cp311-cp311-win_amd64.whl", set()),
        ("name-1-cp313-abi3-win_amd64.whl", set()),
        ("name-2-py3-none-any.whl", set()),
        ("other-1-py3-none-any.whl", set()),
    ],
)
def test_a_wheel_serves_the_systems_in_its_name(file, where):
    targets = [usb.Target(name, "3.12") for name in usb.SYSTEMS]
    assert {t.name for t in targets if t.wheel(Requirement("name==1"), [file])} == where


def test_what_the_wheels_need_is_what_the_most_demanding_one_needs():
    linux, mac = usb.Target("linux-x86_64", "3.12"), usb.Target("macos-arm64", "3.12")
    files = ["a-1-py3-none-any.whl", "b-1-cp312-cp312-manylinux_2_27_x86_64.whl"]
    files += ["c-1-cp312-cp312-manylinux_2_28_x86_64.manylinux_2_17_x86_64.whl"]
    assert linux.needs(files) == "glibc 2.27"
    assert mac.needs(["a-1-cp312-cp312-macosx_12_0_arm64.whl", "b-1-py3-none-any.whl"]) == "macOS 12"


def test_every_package_of_the_real_lock_is_wanted_somewhere():
    needed = usb.requirements((ROOT / "requirements.txt").read_text(), (ROOT / "pyproject.toml").read_text())
    targets = [usb.Target(name, python) for name in usb.SYSTEMS for python in usb.PYTHONS]
    assert [need for need in needed if not any(target.wants(need) for target in targets)] == []
    assert "setuptools" in {need.name for need in needed}, "helpers can't be installed without"


def test_a_lock_that_is_none_gets_a_sentence():
    with pytest.raises(
        usb.UsbError, match=r"requirements.txt, line 2, is '-e \.'; accepted are lines such as"
    ):
        usb.requirements("a==1\n-e .\n")


# --- Making it ----------------------------------------------------------------------------------------


def test_the_folder_holds_what_each_system_needs(finished):
    assert wheels(finished) == {
        *("edge-1.0-py3-none-any.whl", "edge-2.0-py3-none-any.whl", "pure-1.0-py2.py3-none-any.whl"),
        *("tiny_builder-1.0-py3-none-any.whl", "windows_only-1.0-py3-none-any.whl", LINUX, WINDOWS),
    }
    assert (finished / "lessons/requirements.txt").read_text() == LOCK
    start = (finished / "START.txt").read_text()
    assert (
        "Linux on x86-64, Python 3.12, with glibc 2.17 or later" in start
        and "Windows, Python 3.12\n" in start
    )
    assert "py -3.12 -m venv .venv" in start and "sh start.sh" in start and "macOS" not in start
    assert "the lessons use the built-in images" in start
    sums = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=finished, capture_output=True)
    assert sums.returncode == 0, sums.stderr
    listed = set(usb.read_sums(finished / "SHA256SUMS"))
    assert listed == usb.files_in(finished) - {"SHA256SUMS"}


def test_the_same_command_again_keeps_what_is_there(stick, monkeypatch, capsys):
    before = {path: path.stat().st_mtime_ns for path in stick.rglob("*") if path.parent != stick}
    monkeypatch.setattr(usb, "_pip_download", None)  # nothing is left to download
    assert usb.main(["make", str(stick), *FOR_BOTH]) == 0, capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in stick.rglob("*") if path.parent != stick} == before


def test_fewer_systems_leave_fewer_files(stick):
    assert usb.main(["make", str(stick), "--platform", "linux-x86_64", "--python", "3.12"]) == 0
    assert LINUX in wheels(stick) and not {WINDOWS, "windows_only-1.0-py3-none-any.whl"} & wheels(stick)
    assert "Windows" not in (stick / "START.txt").read_text().replace("(on Windows: ", "")
    assert usb.main(["check", str(stick), "--fast"]) == 0
    assert usb.main(["make", str(stick), "--platform", "windows-amd64", "--python", "3.12"]) == 0
    assert not (stick / "start.sh").exists() and "start.sh" not in (stick / "START.txt").read_text()
    assert usb.main(["check", str(stick), "--fast"]) == 0


@pytest.mark.parametrize("stopped_by", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_interrupted_make_is_not_taken_for_a_whole_one_and_goes_on(
    place, finished, tmp_path, monkeypatch, capsys, stopped_by
):
    """The wheels come from a copy here: what pip does is seen above."""
    calls = []

    def downloads(folder, target, needs):
        calls.append({target.wheel(need, wheels(finished)) for need in needs})
        if len(calls) == 2:
            raise stopped_by
        for file in calls[-1]:
            shutil.copy(finished / "packages" / file, folder)
        return []

    monkeypatch.setattr(usb, "_pip_download", downloads)
    monkeypatch.setattr(usb, "AT_A_TIME", 2)
    command = ["make", str(tmp_path / "stick"), *FOR_BOTH]
    assert usb.main(command) == (130 if stopped_by is KeyboardInterrupt else 1)
    assert "the same command again goes on" in capsys.readouterr().err
    assert "SHA256SUMS is missing: the folder is not finished" in refused(capsys, "check", tmp_path / "stick")
    assert wheels(tmp_path / "stick") == calls[0]
    assert usb.main(command) == 0
    assert all(calls[0].isdisjoint(files) for files in calls[2:]), "downloaded a second time"
    assert usb.main(["check", str(tmp_path / "stick"), "--fast"]) == 0
    assert usb.files_in(tmp_path / "stick") == usb.files_in(finished)


def test_a_damaged_wheel_is_loaded_again(stick, capsys):
    (stick / "packages" / LINUX).write_bytes(b"half")
    assert f"packages/{LINUX} is altered." in refused(capsys, "check", stick)
    assert usb.main(["make", str(stick), *FOR_BOTH]) == 0
    assert f"{LINUX} is damaged, and is loaded again" in capsys.readouterr().out
    assert usb.main(["check", str(stick), "--fast"]) == 0


def test_a_package_without_a_wheel_is_named_and_the_folder_stays_unfinished(place, stick, capsys):
    command = ["make", stick, "--platform", "windows-amd64", "macos-arm64", "--python", "3.12"]
    said = refused(capsys, *command)
    assert said.splitlines()[0] == "fast==2.0 has no wheel for macOS on Apple's chips, Python 3.12."
    assert "not finished" in refused(capsys, "check", stick)
    wheel = write_wheel(place / "index", "fast-2.0", "cp312-cp312-macosx_12_0_arm64")
    assert usb.main(list(map(str, command))) == 0
    wheel.unlink()
    assert "with macOS 12 or later" in (stick / "START.txt").read_text()
    assert usb.main(["check", str(stick), "--fast"]) == 0


def test_without_a_connection_no_package_is_blamed(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    said = refused(capsys, "make", tmp_path / "stick", *FOR_BOTH)
    assert (
        said == "The packages can't be downloaded (there is no connection); the same command again goes on.\n"
    )


def test_what_is_not_committed_is_said_and_left_out(place, tmp_path):
    root = tmp_path / "repository"
    shutil.copytree(place / "repository", root)
    (root / "README.md").write_text("Draft")
    (root / "notes.txt").write_text("mine")
    said = []
    files, origin = usb._lessons(root, said.append)
    assert files["README.md"] == b"Lessons\n" and "notes.txt" not in files
    assert origin.startswith("commit ")
    assert said == ["Not committed, so the folder has the last committed form: README.md, notes.txt."]


def test_without_git_the_known_files_are_copied(place, tmp_path):
    root = tmp_path / "unpacked"
    shutil.copytree(place / "repository", root, ignore=shutil.ignore_patterns(".git"))
    (root / "notes.txt").write_text("mine")
    (root / "helpers/__pycache__").mkdir()
    (root / "helpers/__pycache__/run.pyc").write_text("")
    files, origin = usb._lessons(root, print)
    assert set(files) == set(usb._lessons(place / "repository", print)[0]) and "without git" in origin
    with pytest.raises(usb.UsbError, match="does not hold the lessons"):
        usb._lessons(tmp_path, print)


def test_a_folder_of_other_things_is_refused_and_untouched(tmp_path, stick, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    assert "holds other things, such as thesis.txt;" in refused(capsys, "make", tmp_path / "mine", *FOR_BOTH)
    assert usb.files_in(tmp_path / "mine") == {"thesis.txt"}
    assert "is a file; accepted is" in refused(capsys, "make", tmp_path / "mine" / "thesis.txt", *FOR_BOTH)
    (stick / "lessons" / "thesis.txt").write_text("dear")
    assert "holds lessons/thesis.txt, which make usb did not put there" in refused(
        capsys, "make", stick, *FOR_BOTH
    )
    assert (stick / "lessons" / "thesis.txt").exists() and (stick / "SHA256SUMS").exists()


def test_what_a_system_leaves_on_a_stick_disturbs_nothing(stick):
    for name in ("System Volume Information/IndexerVolumeGuid", ".DS_Store", "lessons/._README.md"):
        (stick / name).parent.mkdir(exist_ok=True)
        (stick / name).write_text("")
    assert usb.main(["check", str(stick), "--fast"]) == 0
    assert usb.main(["make", str(stick), *FOR_BOTH]) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--platform", "amiga"],
            "no packages for amiga; the systems are linux-x86_64, linux-arm64, windows-",
        ),
        (["--python", "3.10"], "The lessons need Python 3.11, 3.12, 3.13; 3.10 is none of them."),
        (["--data", "nowhere"], "no data set or path 'nowhere'; accepted are"),
    ],
)
def test_what_there_is_not_is_refused_before_anything_is_made(place, tmp_path, capsys, arguments, sentence):
    assert sentence in refused(capsys, "make", tmp_path / "stick", *arguments)
    assert not (tmp_path / "stick").exists()


def test_too_little_room_is_said_before_anything_is_made(place, tmp_path, monkeypatch, capsys):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0.3e9))
    said = refused(capsys, "make", tmp_path / "new" / "stick", *FOR_BOTH)
    assert "needs about 1.6 GB more, and 300.0 MB are free in" in said and said.count("\n") == 1
    assert not (tmp_path / "new").exists()


# --- Data ---------------------------------------------------------------------------------------------


@pytest.fixture
def archive(tmp_path):
    with tarfile.open(tmp_path / "cifar.tar.gz", "w:gz") as tar:
        tar.add(__file__, "cifar-10-batches-py/batches.meta")
    return tmp_path / "cifar.tar.gz"


def test_an_archive_with_another_checksum_is_refused(stick, archive, capsys):
    said = refused(capsys, "make", stick, *FOR_BOTH, "--data", archive)
    assert "is not the official archive cifar-10-python.tar.gz: its SHA-256 begins with" in said
    assert not (stick / "data").exists() and (stick / "SHA256SUMS").exists()


def test_the_official_archive_comes_where_the_lessons_look_for_it(stick, archive, monkeypatch, tmp_path):
    monkeypatch.setattr(usb, "CIFAR10_SHA256", usb.sha256(archive))
    assert usb.main(["make", str(stick), *FOR_BOTH, "--data", str(archive)]) == 0
    assert (stick / "data/cifar-10-python.tar.gz").read_bytes() == archive.read_bytes()
    assert "They find CIFAR-10 by themselves" in (stick / "START.txt").read_text()
    (tmp_path / "lessons/.venv").mkdir(parents=True)
    for name in ("setup_venv.sh", ".venv/ready"):
        (tmp_path / "lessons" / name).write_text("")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    subprocess.run(["sh", str(stick / "start.sh"), str(tmp_path / "lessons"), "true"], check=True)
    from helpers.datasets import cache_dir

    assert usb.sha256(cache_dir() / "cifar-10-batches-py-target_archive") == usb.sha256(archive)


def test_other_images_come_along_if_the_lessons_can_read_them(stick, tmp_path, capsys):
    np.savez(tmp_path / "bad.npz", x_train=np.zeros(3))
    assert "bad.npz" in refused(capsys, "make", stick, *FOR_BOTH, "--data", tmp_path / "bad.npz")
    x, y = np.zeros((4, 32, 32, 3), np.uint8), np.array([0, 1, 0, 1])
    np.savez(tmp_path / "own.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    assert usb.main(["make", str(stick), *FOR_BOTH, "--data", str(tmp_path / "own.npz")]) == 0
    assert 'dataset = "../data/own.npz"' in (stick / "START.txt").read_text()
    assert usb.main(["check", str(stick), "--fast"]) == 0
    assert usb.main(["make", str(stick), *FOR_BOTH]) == 0
    assert not (stick / "data").exists()


# --- Checking it --------------------------------------------------------------------------------------


def test_each_missing_altered_and_foreign_file_is_named(stick, capsys):
    (stick / "lessons/README.md").write_text("other")
    (stick / "packages" / WINDOWS).unlink()
    (stick / "packages" / "more.whl").write_text("")
    said = refused(capsys, "check", stick).splitlines()
    sentences = ["lessons/README.md is altered.", f"packages/{WINDOWS} is missing."]
    sentences += ["packages/more.whl does not belong to the folder."]
    assert said[:3] == sentences
    assert "fast==2.0 has no wheel for Windows, Python 3.12." in said
    alone = [sys.executable, "-I", "-S", str(stick / "check.py")]  # no package but the standard library
    done = subprocess.run(alone, capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()) == (1, sentences)


def test_check_py_on_the_stick_is_content_with_a_whole_folder(finished):
    alone = [sys.executable, "-I", "-S", str(finished / "check.py")]
    done = subprocess.run(alone, capture_output=True, text=True)
    assert done.returncode == 0 and "files are as they were written" in done.stdout
    assert usb.files_in(finished) - {"SHA256SUMS"} == set(usb.read_sums(finished / "SHA256SUMS"))


def test_a_wheel_that_nobody_listed_is_missed_all_the_same(stick, capsys):
    """Checksums that agree are not enough: each package of the lock is looked for."""
    (stick / "packages" / "pure-1.0-py2.py3-none-any.whl").unlink()
    sums = usb.read_sums(stick / "SHA256SUMS")
    del sums["packages/pure-1.0-py2.py3-none-any.whl"]
    usb.write_sums(stick / "SHA256SUMS", sums)
    said = refused(capsys, "check", stick)
    assert "pure==1.0 has no wheel for Linux on x86-64, Python 3.12.\n" in said and "2 faults" in said


@pytest.mark.parametrize("line", ["nonsense", f"{'0' * 64}  ../../etc/passwd", f"{'0' * 64}  /etc/passwd"])
def test_a_list_of_checksums_that_is_none_gets_a_sentence(stick, capsys, line):
    (stick / "SHA256SUMS").write_text(line + "\n")
    assert "SHA256SUMS is damaged: it has the line" in refused(capsys, "check", stick)
    assert "SHA256SUMS is damaged" in refused(capsys, "make", stick, *FOR_BOTH)


def test_a_folder_that_is_not_there_gets_a_sentence(tmp_path, capsys):
    assert "There is no folder" in refused(capsys, "check", tmp_path / "none")


# --- Trying it ----------------------------------------------------------------------------------------


def test_the_trial_installs_and_runs_a_lesson_without_network(place, tmp_path, capsys):
    stick = tmp_path / "a stick with spaces"
    assert usb.main(["make", str(stick), "--python", RUNNING]) == 0
    assert usb.main(["check", str(stick)]) == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    assert "trial     installed, and lesson 02 run, with " in said and "The folder is complete." in said
    if usb._without_network():
        assert "with the network switched off" in said

    # The same, with a program that installs nothing.
    (stick / "lessons/setup_venv.sh").write_text("echo there is no venv; exit 3\n")
    sums = usb.read_sums(stick / "SHA256SUMS")
    usb.write_sums(
        stick / "SHA256SUMS", sums | {"lessons/setup_venv.sh": usb.sha256(stick / "lessons/setup_venv.sh")}
    )
    said = refused(capsys, "check", stick)
    assert f"The trial installation for Python {RUNNING} failed:\n    there is no venv" in said


@pytest.mark.parametrize("here", [("Darwin", "arm64"), ("Darwin", "x86_64")])
def test_a_folder_for_other_machines_is_made_and_not_tried(finished, tmp_path, capsys, monkeypatch, here):
    monkeypatch.setattr(usb.platform, "system", lambda: here[0])
    monkeypatch.setattr(usb.platform, "machine", lambda: here[1])
    assert usb.main(["check", str(finished)]) == 0
    assert "left out: the folder has no packages for this machine" in capsys.readouterr().out
    if here[1] == "x86_64":
        said = refused(capsys, "make", tmp_path / "stick")
        assert said.startswith(
            "For this machine there are no packages: name some of linux-x86_64, linux-arm64"
        )


def test_without_network_there_is_none():
    command = usb._without_network()
    if not command:
        pytest.skip("this system can't switch the network off")
    script = "import socket; print([name for _, name in socket.if_nameindex()])"
    done = subprocess.run([*command, sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "['lo']\n", done.stderr


def test_start_sh_needs_a_python_that_the_packages_are_for(finished, tmp_path):
    environment = os.environ | {"PYTHON": "no-such-python", "HOME": str(tmp_path)}
    done = subprocess.run(["sh", str(finished / "start.sh")], env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith(
        "The packages are for Python 3.12, which was not found"
    )
    assert (tmp_path / "image-lessons/README.md").exists(), "not copied"


def test_start_sh_leaves_another_folder_alone(finished, tmp_path):
    (tmp_path / "thesis").mkdir()
    command = ["sh", str(finished / "start.sh"), str(tmp_path / "thesis")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "does not hold the lessons: name another folder" in done.stderr
    assert not usb.files_in(tmp_path / "thesis")
