"""Setting up: the sentences for a Python that won't do, the lock, the make targets."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
needs_make = pytest.mark.skipif(os.name == "nt", reason="make and sh are those of Linux and macOS")


def set_up(folder, script: str) -> subprocess.CompletedProcess:
    """Run setup_venv.sh in an empty folder, with a stand-in for Python."""
    shutil.copy(ROOT / "setup_venv.sh", folder)
    python = folder / "python-stand-in"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    command = ["sh", str(folder / "setup_venv.sh"), str(python)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@needs_make
@pytest.mark.parametrize("version", ["3.10", "3.14"])
def test_a_python_that_is_too_old_or_too_new_gets_a_sentence(tmp_path, version):
    done = set_up(tmp_path, f'case "$2" in *exit*) exit 1 ;; *) echo {version} ;; esac')
    assert done.returncode == 1 and done.stdout == ""
    assert re.fullmatch(r"The lessons need Python 3.11, 3.12 or 3.13; .+\n", done.stderr)
    assert f"is {version}. " in done.stderr
    assert not (tmp_path / ".venv").exists()


@needs_make
def test_a_python_that_is_not_there_gets_a_sentence(tmp_path):
    shutil.copy(ROOT / "setup_venv.sh", tmp_path)
    command = ["sh", "setup_venv.sh", "no-such-python"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "no-such-python is not found" in done.stderr and done.stderr.count("\n") == 1


@needs_make
def test_a_python_without_venv_gets_a_sentence(tmp_path):
    done = set_up(tmp_path, 'case "$2" in *ensurepip*) exit 1 ;; *) exit 0 ;; esac')
    assert done.returncode == 1
    assert "has no venv module: install it" in done.stderr and done.stderr.count("\n") == 1


@needs_make
def test_a_python_for_intel_macs_gets_a_sentence(tmp_path):
    done = set_up(tmp_path, 'case "$2" in *Darwin*) exit 1 ;; *) exit 0 ;; esac')
    assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1
    assert " is a Python for Intel Macs, for which there is no TensorFlow" in done.stderr


@needs_make
def test_the_path_of_a_python_may_hold_spaces(tmp_path):
    folder = tmp_path / "my own Python"
    folder.mkdir()
    done = set_up(folder, 'case "$2" in *ensurepip*) exit 1 ;; *) exit 0 ;; esac')
    assert done.stderr.startswith(f"{folder / 'python-stand-in'} has no venv module: ")


# Python 3.12.1, which says where it is and makes no .venv: what happens before that is looked at.
STAND_IN = (
    'case "$1 $2" in --version*) echo Python 3.12.1 ;; *realpath*) echo "$0" ;; "-m venv") exit 1 ;; esac'
)


@needs_make
@pytest.mark.parametrize(
    ("python", "folder", "reason"),
    [
        ("none", ".", "its Python does not run"),
        ("3.11.9", ".", "it is of Python 3.11.9, and this is Python 3.12.1"),
        ("3.12.1", "elsewhere", "it was made for another folder, whose code it would run"),
        ("3.12.1", ".", ""),
    ],
)
def test_a_venv_is_deleted_with_a_word_and_only_if_it_must(tmp_path, python, folder, reason):
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    made = f"command = /usr/bin/python3 -m venv {(tmp_path / folder).resolve() / '.venv'}\n"
    (tmp_path / ".venv" / "pyvenv.cfg").write_text(made)
    there = tmp_path / ".venv" / "bin" / "python"
    if python == "none":
        there.symlink_to(tmp_path / "uninstalled")
    else:
        there.write_text(f"#!/bin/sh\necho Python {python}\n")
        there.chmod(0o755)
    said = set_up(tmp_path, STAND_IN).stdout.splitlines()
    assert said[:-1] == ([f"Deleting .venv, because {reason}."] if reason else [])
    assert said[-1].startswith("Setting up .venv with Python 3.12.1")
    assert (tmp_path / ".venv").exists() == (not reason)


@needs_make
def test_what_jupyterlab_and_kernels_are_told_comes_into_the_venv(tmp_path):
    shutil.copytree(ROOT / "lesson_tools" / "templates", tmp_path / "lesson_tools" / "templates")
    make = 'mkdir -p .venv/bin && printf "#!/bin/sh\\n" > .venv/bin/python && chmod +x .venv/bin/python'
    done = set_up(tmp_path, STAND_IN.replace("exit 1", make))
    assert done.returncode == 0, done.stderr
    told = tmp_path / ".venv" / "etc"
    lab = ("jupyter_lab_config.json", "labconfig/page_config.json")
    assert all((told / "jupyter" / name).exists() for name in lab)
    assert (told / "ipython" / "ipython_kernel_config.json").exists()


@needs_make
def test_a_venv_that_is_something_else_is_not_deleted(tmp_path):
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "thesis.txt").write_text("dear")
    done = set_up(tmp_path, STAND_IN)
    assert done.returncode == 1 and (tmp_path / ".venv" / "thesis.txt").read_text() == "dear"
    assert done.stderr == ".venv is no virtual environment of Python: move it away and start again.\n"


def copy_of_the_setup(folder: Path) -> None:
    for name in ("Makefile", "setup_venv.sh", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)


@needs_make
def test_an_installation_without_network_says_so_and_will_be_taken_up_again(tmp_path):
    """The stamp that make looks for is written after the last package."""
    copy_of_the_setup(tmp_path)
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    command = ["make", f"PYTHON={sys.executable}", "lab"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | nowhere, capture_output=True, text=True)
    assert done.returncode != 0 and "ERROR: " in done.stderr
    assert "\nThe packages could not be downloaded or installed; pip says why above." in done.stderr
    assert (tmp_path / ".venv").exists() and not (tmp_path / ".venv" / "ready").exists()


@needs_make
def test_a_checkout_that_was_copied_or_moved_is_set_up_again(tmp_path):
    def steps(folder: Path) -> str:
        done = subprocess.run(["make", "--dry-run", "run"], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = tmp_path / "first checkout"
    first.mkdir()
    copy_of_the_setup(first)
    assert "setup_venv.sh" in steps(first)
    (first / ".venv").mkdir()
    (first / ".venv" / "ready").write_text(f"{first.resolve()}\n")
    assert "setup_venv.sh" not in steps(first) and "lessons run" in steps(first)
    shutil.copytree(first, tmp_path / "copy")  # with the times of its files
    assert "setup_venv.sh" in steps(tmp_path / "copy") and "setup_venv.sh" not in steps(first)
    first.rename(tmp_path / "moved")
    assert "setup_venv.sh" in steps(tmp_path / "moved")


def test_the_lock_pins_every_direct_dependency_and_names_no_address():
    lock = (ROOT / "requirements.txt").read_text()
    pinned = set(re.findall(r"^([\w.-]+)==", lock, re.M))
    assert "://" not in lock and "--index" not in lock and "@" not in lock
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    direct = [*project["dependencies"], *(need for name in extras if name != "gpu" for need in extras[name])]
    names = {re.match(r"[\w-]+", name)[0] for name in direct} - {project["name"]}
    assert names <= pinned


def test_every_direct_dependency_says_what_needs_it():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    begin, end = lines.index("dependencies = ["), lines.index("[project.scripts]")
    for line in lines[begin:end]:
        if line.strip().startswith('"'):
            assert re.search(r"# \w+", line), line


@needs_make
def test_make_alone_lists_its_targets():
    said = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True).stdout
    for target in ("run", "lab", "test", "lint", "lock", "clean"):
        assert re.search(rf"^make {target} +\w+", said, re.M), said
