"""The command `lessons`: help, completion, and what its exit status says."""

import shutil
import subprocess
import sys
from pathlib import Path

from lesson_tools.cli import cli

import click
import pytest
from click.testing import CliRunner


def commands(group=cli, path=()):
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("command", [(), *commands()], ids=" ".join)
def test_each_command_has_its_help(command):
    done = CliRunner().invoke(cli, [*command, "--help"])
    assert done.exit_code == 0 and done.stdout.startswith("Usage: ")


@pytest.mark.parametrize(
    "arguments", [["rnu"], ["run", "--profil", "quick"], ["run", "-p", "epochs"], ["sweep", "06"]]
)
def test_wrong_usage_ends_with_2(arguments):
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2 and "Error: " in done.stderr


def test_what_a_user_can_change_ends_with_1_and_one_sentence():
    installed = shutil.which("lessons", path=Path(sys.executable).parent)
    for program in ([sys.executable, "-m", "lesson_tools"], [installed]):
        done = subprocess.run([*program, "run", "99"], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("There is no lesson 99; ") and done.stderr.count("\n") == 1


def test_help_loads_nothing_that_is_slow():
    code = "import sys, lesson_tools.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()
    assert not {"tensorflow", "numpy", "papermill", "nbformat", "distributed", "nbgrader"} & set(loaded)


def test_completion_for_the_shell():
    code = "from lesson_tools.cli import main; main()"
    environment = {"_LESSONS_COMPLETE": "bash_complete", "COMP_WORDS": "lessons sw", "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert "sweep" in done.stdout
