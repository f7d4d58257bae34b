"""Setting up: the sentences for a Python that won't do, the lock, the make targets."""

import os
import re
import shutil
import subprocess
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
def test_an_interrupted_installation_is_taken_up_again(tmp_path):
    """The stamp that make looks for is written after the last package."""
    for name in ("Makefile", "setup_venv.sh", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    stand_in = tmp_path / "python-stand-in"
    stand_in.write_text('#!/bin/sh\n[ "$2" = venv ] && mkdir -p .venv/bin\nexit 0\n')  # then pip is missing
    stand_in.chmod(0o755)
    command = ["make", f"PYTHON={stand_in}", "lint"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert (tmp_path / ".venv").exists() and not (tmp_path / ".venv" / "ready-dev").exists()


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
