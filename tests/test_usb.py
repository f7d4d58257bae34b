"""The folder for a room without internet: made by the real uv and pip from small wheels, checked, tried."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from helpers.datasets import DatasetError, cache_dir
from helpers.errors import UserError
from lesson_tools import learner, usb
from lesson_tools.cli import cli

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

ROOT = Path(__file__).parent.parent

LOCK = """\
# as uv writes it
edge==1.0 ; python_full_version < '3.12.4'
edge==2.0 ; python_full_version >= '3.12.4'
fast==2.0
    # via pure
pure==1.0
sweeper==1.0
theme==1.0
windows-only==1.0 ; sys_platform == 'win32'
"""

PYPROJECT = """\
[build-system]
requires = ["tiny-builder>=1"]
build-backend = "tiny_builder"

[project]
name = "lessons"
version = "1"
dependencies = ["edge", "pure", "fast", "windows-only ; sys_platform == 'win32'"]
optional-dependencies = {sweep = ["sweeper"], book = ["theme"], dev = ["not-there"]}
"""

# What setuptools does for `pip install -e .`, in a few lines.
BUILDER = """
import os, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    metadata = "Metadata-Version: 2.1\\nName: lessons\\nVersion: 1\\n"
    metadata += "Provides-Extra: sweep\\nProvides-Extra: book\\n"
    extras = ("sweeper ; extra == 'sweep'", "theme ; extra == 'book'")
    files = {
        "lessons.pth": os.getcwd(),
        "lessons-1.dist-info/METADATA": metadata + "".join(
            f"Requires-Dist: {need}\\n" for need in ("edge", "pure", "fast", *extras)
        ),
        "lessons-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        "lessons-1.dist-info/RECORD": "",
    }
    with zipfile.ZipFile(os.path.join(folder, "lessons-1-py3-none-any.whl"), "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
    return "lessons-1-py3-none-any.whl"
"""

# In place of the lesson: needs the packages and the loopback, as Jupyter's kernels do, and always fails.
LESSON = """
import os, socket, sys
import edge, fast, pure, sweeper, theme

with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
sys.exit(f"{sys.argv[1:]} {[name for _, name in socket.if_nameindex()]} {os.environ.get('PIP_INDEX_URL')}")
"""

# In place of the real one: says how it was called.
SETUP = """
mkdir -p "$(dirname "$0")/.venv"
echo "$1 without index: $PIP_NO_INDEX, from $PIP_FIND_LINKS"
"""

LINUX = "fast-2.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
WINDOWS = "fast-2.0-cp312-cp312-win_amd64.whl"
EVERYWHERE = {
    *("edge-1.0-py3-none-any.whl", "edge-2.0-py3-none-any.whl", "pure-1.0-py2.py3-none-any.whl"),
    *("theme-1.0-py3-none-any.whl", "sweeper-1.0-py3-none-any.whl", "tiny_builder-1.0-py3-none-any.whl"),
}
ON_WINDOWS = {"windows_only-1.0-py3-none-any.whl", WINDOWS}
FOR_LINUX = ("--platform", "linux-x86_64", "--python", "3.12")
FOR_BOTH = (*FOR_LINUX, "--platform", "windows-amd64")


def add_wheel(index: Path, name: str, tags: str, module: str = "") -> Path:
    """Write a wheel such as fast-2.0 by hand, with one module, and add it to the index."""
    project, version = name.split("-")
    files = {
        f"{project}.py": module,
        f"{name}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n",
        f"{name}.dist-info/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tags}\n",
    }
    record = ""
    for file, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
        record += f"{file},sha256={digest},{len(content)}\n"
    folder = index / project.replace("_", "-")
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{name}-{tags}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, content in {**files, f"{name}.dist-info/RECORD": record}.items():
            archive.writestr(file, content)
    write_page(folder)
    return wheel


def write_page(folder: Path) -> None:
    links = [
        f'<a href="{path.name}#sha256={usb.sha256(path)}">{path.name}</a>' for path in folder.glob("*.whl")
    ]
    (folder / "index.html").write_text("<!DOCTYPE html>\n" + "\n".join(links))


def git(folder: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x", "-C", str(folder), *arguments]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A small repository, an index of wheels for it, and no other index."""
    place = tmp_path_factory.mktemp("usb")
    index, root = place / "index", place / "repository"
    for name, tags in [
        ("edge-1.0", "py3-none-any"),
        ("edge-2.0", "py3-none-any"),
        ("pure-1.0", "py2.py3-none-any"),
        ("pure-1.0", "cp312-cp312-manylinux_2_34_x86_64"),  # not for most Linux systems
        ("sweeper-1.0", "py3-none-any"),
        ("theme-1.0", "py3-none-any"),
        ("windows_only-1.0", "py3-none-any"),
        ("fast-2.0", "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"),
        ("fast-2.0", "cp312-cp312-win_amd64"),
        ("fast-2.0", f"cp{usb.RUNNING.replace('.', '')}-none-any"),
    ]:
        add_wheel(index, name, tags)
    add_wheel(index, "tiny_builder-1.0", "py3-none-any", BUILDER)
    for name, text in {
        "requirements.txt": LOCK,
        "pyproject.toml": PYPROJECT,
        "lesson_tools/__init__.py": "",
        "lesson_tools/__main__.py": LESSON,
        "notebooks/homework/solution.py": "",
        "tests/test_solution.py": "",
        "README.md": "Lessons\n",
        "setup_venv.sh": SETUP,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git(root, "init")
    git(root, "add", ".")
    git(root, "commit", "-m", "Lessons")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
            patch.delenv(name)
        for name, value in {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_INDEX_URL": index.as_uri(),
            "UV_DEFAULT_INDEX": index.as_uri(),
            "UV_CACHE_DIR": str(place / "cache"),
            "UV_NO_CONFIG": "1",
        }.items():
            patch.setenv(name, value)
        patch.setattr(learner, "ROOT", root)
        yield place


def lessons(*arguments, status: int = 0) -> str:
    """What `lessons usb` says to these arguments, with which it must end with this exit status."""
    done = CliRunner().invoke(cli, ["usb", *map(str, arguments)])
    assert done.exit_code == status, (done.output, done.exception)
    return done.output


@pytest.fixture(scope="module")
def finished(place):
    """The folder for Linux and Windows with Python 3.12. Tests that change it take a copy."""
    lessons("make", place / "stick", *FOR_BOTH)
    return place / "stick"


@pytest.fixture(scope="module")
def own(place):
    """A folder for this machine."""
    if usb.THIS not in usb.SYSTEMS:
        pytest.skip("there are no packages for this machine")
    lessons("make", place / "a stick with spaces")
    return place / "a stick with spaces"


@pytest.fixture
def no_downloads(monkeypatch):
    """For what has nothing to do with packages: pip takes most of the time."""
    monkeypatch.setattr(usb, "_download", lambda *_: None)


@pytest.fixture
def stick(finished, tmp_path):
    return Path(shutil.copytree(finished, tmp_path / "stick"))


def wheels(folder: Path) -> set[str]:
    return {path.name for path in (folder / "packages").iterdir()}


# --- Making it ----------------------------------------------------------------------------------------


def test_the_folder_holds_what_each_system_needs(finished):
    assert wheels(finished) == {*EVERYWHERE, *ON_WINDOWS, LINUX}
    names = {"README.md", "requirements.txt", "pyproject.toml", "setup_venv.sh"}
    names |= {"lesson_tools/__init__.py", "lesson_tools/__main__.py"}
    assert usb.files_in(finished / "lessons") == names, "with solutions, or not whole"
    start = (finished / "START.txt").read_text()
    assert "for linux-x86_64, windows-amd64\n" in start and "built-in images" in start and "@" not in start
    assert "py -3.12 -m venv .venv" in start and "sh start.sh" in start and "CIFAR" not in start
    sums = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=finished, capture_output=True)
    assert sums.returncode == 0, sums.stderr
    assert "complete" in lessons("check", finished, "--fast")


def test_the_same_command_again_keeps_packages_and_fewer_systems_leave_fewer(stick):
    def written():
        return {path.name: path.stat().st_mtime_ns for path in (stick / "packages").iterdir()}

    before = written()
    stale = shutil.copy(
        stick / "packages/sweeper-1.0-py3-none-any.whl", stick / "packages/sweeper-0.9-py3-none-any.whl"
    )
    lessons("make", stick, *FOR_BOTH)
    assert written() == before and not Path(stale).exists()
    lessons("make", stick, *FOR_LINUX)
    assert wheels(stick) == {*EVERYWHERE, LINUX}
    assert "windows-amd64" not in (stick / "START.txt").read_text()
    lessons("check", stick, "--fast")


def test_a_package_without_a_wheel_is_named_and_the_command_goes_on_when_it_is_there(
    place, tmp_path, monkeypatch
):
    monkeypatch.setattr(usb, "AT_A_TIME", 3)
    stick = tmp_path / "stick"
    (tmp_path / "index").mkdir()
    index = Path(shutil.copytree(place / "index", tmp_path / "index", dirs_exist_ok=True))
    (index / "sweeper" / "sweeper-1.0-py3-none-any.whl").rename(tmp_path / "sweeper-1.0-py3-none-any.whl")
    (index / "sweeper" / "sweeper-1.0-cp312-cp312-win_amd64.whl").touch()
    write_page(index / "sweeper")
    monkeypatch.setenv("PIP_INDEX_URL", index.as_uri())  # uv looks elsewhere, and finds it
    said = lessons("make", stick, *FOR_LINUX, status=1)
    assert "sweeper==1.0 has no wheel: ask for others." in said and "linux-x86_64 with Python 3.12" in said
    assert "not finished" in lessons("check", stick, status=1)

    before = (stick / "packages" / LINUX).stat().st_mtime_ns
    cut = stick / "packages" / "pure-1.0-py2.py3-none-any.whl"  # as a full disk leaves it
    cut.write_bytes(cut.read_bytes()[:50])
    (tmp_path / "sweeper-1.0-py3-none-any.whl").rename(index / "sweeper" / "sweeper-1.0-py3-none-any.whl")
    write_page(index / "sweeper")
    lessons("make", stick, *FOR_LINUX)
    assert wheels(stick) == {*EVERYWHERE, LINUX} and zipfile.is_zipfile(cut)
    assert (stick / "packages" / LINUX).stat().st_mtime_ns == before


def test_what_uv_finds_without_wheels_is_named_too(place, tmp_path):
    said = lessons("make", tmp_path / "stick", "--platform", "macos-arm64", "--python", "3.12", status=1)
    assert "fast==2.0 has no wheel: ask for others." in said and "macos-arm64 with Python 3.12" in said


def test_no_connection_no_uv_and_no_room_get_a_sentence(place, tmp_path, monkeypatch):
    def make(status=1):
        return lessons("make", tmp_path / "stick", *FOR_LINUX, status=status)

    class Full:
        def __enter__(self):
            raise OSError(28, "No space left on device", "README.md")

        __exit__ = None

    with monkeypatch.context() as patch:
        patch.setattr(usb, "whole_file", lambda path: Full())
        assert "README.md: No space left on device; the same command again goes on." in make()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(tmp_path / "python"))
        patch.setenv("PATH", str(tmp_path))
        assert 'needs uv, which is not here: pip install -e ".[teach]"' in make()
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    assert "there is no connection; the same command again goes on." in make()
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    assert "there is no connection; the same command again goes on." in make()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--platform", "amiga"], "no packages for amiga; accepted are linux-x86_64, linux-arm64, windows-"),
        (["--python", "3.10"], "no packages for 3.10; accepted are 3.11, 3.12, 3.13."),
    ],
)
def test_what_there_is_not_is_refused_before_anything_is_made(place, tmp_path, arguments, sentence):
    assert sentence in lessons("make", tmp_path / "stick", *arguments, status=1)
    assert not (tmp_path / "stick").exists()


def test_a_folder_of_other_things_is_refused_and_untouched(tmp_path, stick, no_downloads):
    mine = tmp_path / "mine"
    for name in ("thesis.txt", "packages/thesis.whl"):
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_text("dear")
        assert f"holds {min(usb.files_in(mine))}, which usb make did not" in lessons(
            "make", mine, *FOR_LINUX, status=1
        )
    assert usb.files_in(mine) == {"thesis.txt", "packages/thesis.whl"}
    assert "thesis.txt" in lessons("make", mine / "thesis.txt", *FOR_LINUX, status=1)
    (stick / "lessons" / "thesis.txt").write_text("dear")
    assert "holds lessons/thesis.txt" in lessons("make", stick, *FOR_BOTH, status=1)
    assert (stick / "lessons" / "thesis.txt").exists() and (stick / "SHA256SUMS").exists()
    (stick / "lessons" / "thesis.txt").rename(stick / "packages" / "thesis.txt")
    assert "holds packages/thesis.txt" in lessons("make", stick, *FOR_LINUX, status=1)
    assert (stick / "packages" / "thesis.txt").exists() and (stick / "packages" / WINDOWS).exists()
    # A link leads out of the folder: what is there belongs to somebody else.
    (stick / "packages" / "thesis.txt").unlink()
    (stick / "packages").rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "other-1.0-py3-none-any.whl").write_bytes(b"")
    (stick / "packages").symlink_to(tmp_path / "elsewhere")
    there = {*(tmp_path / "elsewhere").iterdir()}
    assert "holds packages, which usb make did not" in lessons("make", stick, *FOR_LINUX, status=1)
    assert {*(tmp_path / "elsewhere").iterdir()} == there
    assert "packages does not belong to the folder." in lessons("check", stick, status=1)
    # Other programs have a contents.json, too.
    other = tmp_path / "other"
    other.mkdir()
    for content in (
        "[]",
        "{",
        '{"files": 3, "targets": [], "data": ""}',
        '{"files": [["a"]], "targets": []}',
    ):
        (other / "contents.json").write_text(content)
        assert "holds contents.json, which usb make" in lessons("make", other, *FOR_LINUX, status=1)
        assert (other / "contents.json").read_text() == content
    (other / "contents.json").write_text(
        '{"files": ["contents.json", "../mine/thesis.txt"], "targets": [], "data": ""}'
    )
    lessons("make", other, *FOR_LINUX)
    assert (mine / "thesis.txt").exists(), "deleted outside of the folder"


def test_a_second_command_is_told_who_is_at_work_in_the_folder(stick):
    program = "import pathlib, sys; from helpers.files import lock_folder; "
    program += "lock_folder(pathlib.Path(sys.argv[1]), ''); print('held', flush=True); input()"
    command = [sys.executable, "-c", program, str(stick)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        said = lessons("make", stick, *FOR_BOTH, status=1)
        assert f"(process {holder.pid} on " in said and "wait for it, or name another folder." in said
        holder.communicate("\n")
    lessons("check", stick, "--fast")


@pytest.mark.parametrize("name", ["file", "file/below", "n" * 300])
def test_a_folder_that_cannot_be_made_gets_a_sentence(place, tmp_path, name):
    (tmp_path / "file").touch()
    assert lessons("make", tmp_path / name, *FOR_LINUX, status=1).count("\n") == 1
    assert lessons("check", tmp_path / name, status=1).count("\n") == 1


def test_a_reason_from_elsewhere_has_no_password():
    program = "import sys; sys.exit('\\x1b[31mno ' + 'way ' * 300 + 'to http://me:secret@host/simple')"
    with pytest.raises(UserError, match=r"No packages for here; .* way to http://host/simple$") as refused:
        usb._call([sys.executable, "-c", program], "here")
    assert len(str(refused.value)) < 600 and str(refused.value).isprintable()


def test_the_last_commit_comes_and_without_git_the_same_files(place, tmp_path, monkeypatch, capsys):
    committed, origin = learner.learner_files()
    assert origin.startswith("commit ")
    root = Path(shutil.copytree(place / "repository", tmp_path / "repository"))
    (root / "README.md").write_text("Draft")
    (root / ".venv").mkdir()
    for name in (".venv/notes.txt", "lesson_tools/.hidden"):
        (root / name).write_text("mine")
    monkeypatch.setattr(learner, "ROOT", root)
    assert learner.learner_files()[0] == committed
    assert "Not committed, so not in the folder: README.md, " in capsys.readouterr().out
    shutil.rmtree(root / ".git")
    (root / "course").mkdir()
    (root / "course/grades.csv").write_text("mine")
    (root / "runs").symlink_to(tmp_path)
    files, origin = learner.learner_files()
    assert set(files) == set(committed) and "without git" in origin


def test_without_git_no_file_of_the_repository_is_forgotten():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is not a repository")
    names = [name for name in listed.stdout.splitlines() if not name.startswith((".", *learner.FOR_TEACHERS))]
    assert [name for name in names if not re.match(learner.WITHOUT_GIT, name)] == []


# --- Data ---------------------------------------------------------------------------------------------


def test_the_official_archive_comes_where_the_lessons_look_for_it(stick, no_downloads, monkeypatch, tmp_path):
    archive = tmp_path / "cifar.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(__file__, "cifar-10-batches-py/batches.meta")
    command = ["make", stick, *FOR_BOTH, "--data", archive]
    assert "is not the official archive cifar-10-python.tar.gz" in lessons(*command, status=1)
    assert not (stick / "data").exists() and (stick / "SHA256SUMS").exists()

    monkeypatch.setattr(usb, "CIFAR10_SHA256", usb.sha256(archive))
    lessons(*command)
    lessons(*command[:-1], stick / "data/cifar-10-python.tar.gz")  # from the folder itself
    assert (stick / "data/cifar-10-python.tar.gz").read_bytes() == archive.read_bytes()
    assert "They find CIFAR-10 by themselves" in (stick / "START.txt").read_text()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "lessons/.venv").mkdir(parents=True)
    for name in ("setup_venv.sh", ".venv/ready"):
        (tmp_path / "lessons" / name).write_text("")
    subprocess.run(["sh", str(stick / "start.sh"), str(tmp_path / "lessons"), "true"], check=True)
    assert usb.sha256(cache_dir() / "cifar-10-batches-py-target_archive") == usb.sha256(archive)


def test_other_images_come_along_if_the_lessons_can_read_them(stick, no_downloads, tmp_path):
    np.savez(tmp_path / "bad.npz", x_train=np.zeros(3))
    for name in ("bad.npz", "nowhere"):
        with pytest.raises((UserError, DatasetError), match=name):
            usb.make(stick, ["linux-x86_64"], ["3.12"], tmp_path / name)
    x, y = np.full((4, 32, 32, 3), 200, np.uint8), np.array([0, 1, 0, 1])
    np.savez(tmp_path / "own.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    lessons("make", stick, *FOR_BOTH, "--data", tmp_path / "own.npz")
    assert 'dataset = "../data/own.npz"' in (stick / "START.txt").read_text()
    lessons("check", stick, "--fast")
    for name, value in (("a", 0), ("b", 255), ("elsewhere", 90)):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(2):
            Image.new("RGB", (32, 32), (value, number, 0)).save(tmp_path / "images" / name / f"{number}.png")
    (tmp_path / "images" / "elsewhere").rename(tmp_path / "elsewhere")
    (tmp_path / "images" / "c").symlink_to(tmp_path / "elsewhere")
    said = lessons("make", stick, *FOR_BOTH, "--data", tmp_path / "images", status=1)
    assert "images/c is a link to a folder" in said and (stick / "data/own.npz").exists()
    lessons("make", stick, *FOR_BOTH)
    assert not (stick / "data/own.npz").exists() and "own.npz" not in (stick / "START.txt").read_text()


# --- Checking and trying it ---------------------------------------------------------------------------


def test_each_missing_altered_and_foreign_file_is_named_and_made_whole_again(stick):
    alone = [sys.executable, "-I", "-S", str(stick / "check.py")]  # no package but the standard library
    assert subprocess.run(alone, capture_output=True).returncode == 0
    for name in ("lessons/README.md", f"packages/{LINUX}"):
        content = (stick / name).read_bytes()
        (stick / name).write_bytes(bytes([content[0] ^ 1]) + content[1:])
    (stick / "packages" / WINDOWS).unlink()
    (stick / "packages" / "more-1-py3-none-any.whl").write_text("")
    sentences = ["lessons/README.md is altered.", f"packages/{LINUX} is altered."]
    sentences += [
        f"packages/{WINDOWS} is missing.",
        "packages/more-1-py3-none-any.whl does not belong to the folder.",
    ]
    assert lessons("check", stick, "--fast", status=1).splitlines() == sentences
    done = subprocess.run(alone, capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()) == (1, sentences)
    for name in ("System Volume Information/Guid", ".DS_Store", "lessons/._README.md", "packages/.DS_Store"):
        (stick / name).parent.mkdir(exist_ok=True)  # as systems leave it on a stick
        (stick / name).write_text("")
    lessons("make", stick, *FOR_BOTH)
    lessons("check", stick, "--fast")
    (stick / "lessons" / "README.md").unlink()
    (stick / "lessons" / "README.md").symlink_to("nowhere")  # stands for a file that a worn-out stick lost
    assert (
        lessons("check", stick, status=1) == "lessons/README.md can't be read: No such file or directory.\n"
    )
    sums = (stick / "SHA256SUMS").read_text()
    for content in ("nonsense\n", "", "\n", sums.splitlines()[0]):
        (stick / "SHA256SUMS").write_text(content)
        assert "SHA256SUMS is damaged" in lessons("check", stick, status=1)
    assert subprocess.run(alone, capture_output=True).returncode == 1
    assert "has no SHA256SUMS" in lessons("check", stick / "none", status=1)


def test_the_trial_installs_and_runs_a_lesson_without_network(own):
    said = lessons("check", own, status=1)
    assert "The trial failed:" in said and "['run', '02', '--profile', 'quick'] [" in said
    assert "] None\n" in said, "pip's settings were kept"
    if (
        shutil.which("unshare")
        and not subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode
    ):
        assert "['lo']" in said


def test_a_folder_for_other_machines_is_not_tried(finished, monkeypatch):
    monkeypatch.setattr(usb, "THIS", "macos-arm64")
    assert "No trial: the folder has no packages for macos-arm64" in lessons("check", finished)


def test_start_sh_copies_and_installs_from_the_folder_alone(own, tmp_path):
    def start(*arguments, **environment):
        command = ["sh", str(own / "start.sh"), *map(str, arguments)]
        environment = os.environ | {"HOME": str(tmp_path), "PYTHON": sys.executable} | environment
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    done = start(PYTHON="no-such-python")
    assert done.returncode == 1 and f"are for Python {usb.RUNNING}, which was not found" in done.stderr
    assert (tmp_path / "image-lessons/README.md").exists(), "not copied"
    done = start(tmp_path / "image-lessons", "pwd")
    assert done.stdout.splitlines() == [
        f"{sys.executable} without index: 1, from {(own / 'packages').as_uri()}",
        str(tmp_path / "image-lessons"),
    ]
    assert start(tmp_path / "image-lessons", "pwd").stdout.count("\n") == 1, "installed again"
    (tmp_path / "thesis").mkdir()
    done = start(tmp_path / "thesis")
    assert done.returncode == 1 and "does not hold the lessons: name another folder" in done.stderr
    assert not usb.files_in(tmp_path / "thesis")
