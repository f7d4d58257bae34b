"""The command `lessons`: run, sweep, teach and publish the series.

Each command imports what it needs when it is called, so that help and completion answer at once.
"""

import errno
import os
import sys
from pathlib import Path

from helpers.errors import UserError, one_line

import click

ROOT = Path(__file__).parent.parent


class UserPath(click.Path):
    """A path in which ~ is the user's home, also where no shell has seen to that."""

    def convert(self, value, parameter, context):
        try:
            return Path(super().convert(value, parameter, context)).expanduser()
        except RuntimeError:
            raise UserError(f"{one_line(value)} is in the home of a user whom there is not.") from None


FOLDER = UserPath()


class Lessons(click.Group):
    """The only place that turns what a user can change into one sentence and exit status 1."""

    def invoke(self, context: click.Context):
        try:
            refuse_other_checkout()
            return super().invoke(context)
        except UserError as error:
            click.echo(error, err=True)
            context.exit(1)
        except OSError as error:  # such as a full disk
            if error.errno == errno.EPIPE:  # somebody reads no further, as `head`; click ends quietly then
                raise
            where = f"{error.filename} can't be used: " if error.filename else ""
            click.echo(f"{where}{error.strerror or error}.", err=True)
            context.exit(1)
        except KeyboardInterrupt as error:
            click.echo(f"Interrupted. {error}".strip(), err=True)
            context.exit(130)


def refuse_other_checkout() -> None:
    """Raise `UserError` in a copy of the lessons other than the one that this command belongs to."""
    try:
        here = Path.cwd()
    except OSError:
        raise UserError(
            "The folder that you are in was deleted or moved: change to one that is there."
        ) from None
    for folder in (here, *here.parents):
        if (folder / "lesson_tools" / "cli.py").is_file() and not folder.samefile(ROOT):
            raise UserError(
                f"This command runs the lessons in {ROOT}, and you are in {folder}, which has its own: "
                "set it up with make run, and call .venv/bin/lessons there."
            )


@click.version_option(package_name="color-image-lessons", message="%(version)s")
@click.group(cls=Lessons, context_settings={"help_option_names": ["-h", "--help"]})
def cli():
    """Run the lessons, many times if you like, and make what a class needs.

    Shell completion: for bash, put eval "$(_LESSONS_COMPLETE=bash_source lessons)" into ~/.bashrc; zsh_source
    and fish_source are there as well.
    """


@cli.command()
@click.argument("lessons", nargs=-1, metavar="[LESSON]...")
@click.option("--profile", default="quick", show_default=True, help="quick, class or full.")
@click.option("--out", type=FOLDER, default="build", show_default=True, help="Folder for the results.")
@click.option(
    "-p",
    "pairs",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="A parameter, see docs/parameters.md; may be repeated.",
)
@click.option("--parameters", type=FOLDER, metavar="FILE", help="A YAML file of parameters, name: value.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Lessons at a time.")
def run(lessons, profile, out, pairs, parameters, jobs):
    """Run lessons, given by number such as 02 06; all if none is given."""
    from lesson_tools.run import read_parameters, run_lessons

    for name, _ in pairs:
        if "=" in name:
            raise UserError(
                f"A parameter is written with a space: -p {name.replace('=', ' ')}, not -p {name}."
            )
    names = [name for name, _ in pairs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"The parameter {one_line(twice)} is given with -p twice: leave one of them.")
    given = read_parameters(parameters) if parameters else {}
    run_lessons(lessons, profile, out, given | dict(pairs), jobs)


@cli.command()
@click.argument("lesson")
@click.option("--grid", type=FOLDER, required=True, help="YAML file, name: value or name: [value, value].")
@click.option("--out", type=FOLDER, required=True, help="Folder of the sweep; what it has finished is kept.")
@click.option("--scheduler", default="", metavar="ADDRESS", help="Dask scheduler, such as tcp://host:8786.")
@click.option("--workers", default=0, help="Runs at a time on this machine; 0, the default: as many as fit.")
@click.option("--retries", default=0, help="Try a run that fails again; the default is 0.")
@click.option(
    "--resources", default="", metavar="NAME=N", help="What a run takes of a worker, such as GPU=1."
)
@click.pass_context
def sweep(context, lesson, grid, out, **options):
    """Run LESSON, a number or a notebook, once for each combination of parameters."""
    from lesson_tools.sweep import run_sweep

    context.exit(0 if run_sweep(lesson, grid, out, **options) else 1)


@cli.command()
@click.option("--from", "executed", type=FOLDER, help="A folder of executed lessons, such as build.")
@click.option("--out", type=FOLDER, default="build/book", show_default=True, help="Folder for the book.")
@click.option("--solutions", is_flag=True, help="Unfold all solutions, also for print.")
def book(executed, out, solutions):
    """Make the book: lessons, their slides and the documentation, to read, to print, to publish."""
    from lesson_tools.book import write_book

    click.echo(f"The book: {write_book(out, executed, solutions)}")


@cli.command()
@click.argument("folder", type=FOLDER, metavar="DIR")
def learner(folder):
    """Make the learners' copy of the lessons in DIR: no outputs, no tests, homework without solutions."""
    from lesson_tools.learner import make_copy

    make_copy(folder)


@cli.command()
@click.argument("folder", type=FOLDER, metavar="DIR")
def blank(folder):
    """Write the lessons for live coding to DIR: cells tagged live hold a line that says what to write."""
    from lesson_tools.learner import make_blank

    make_blank(folder)


@cli.group()
def homework():
    """Make and grade the homework of a class, with nbgrader."""


COURSE = click.option(
    "--course", type=FOLDER, default="course", show_default=True, help="Folder of the class."
)


VARIANT = click.option(
    "--variant", metavar="NAME", help="With the numbers of this variant, such as 7A, the name of a class."
)


@homework.command("make")
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@COURSE
@VARIANT
def homework_make(numbers, course, variant):
    """Write the student version of the homework of these lessons, such as 03; of all if none is given."""
    from lesson_tools.homework import find_homework, make

    for notebook in make(find_homework(numbers, variant), course):
        click.echo(notebook)


@homework.command("answers")
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@COURSE
@VARIANT
def homework_answers(numbers, course, variant):
    """Write a page of model answers and rubrics, for yourself, of this homework; of all if none is given."""
    from lesson_tools.homework import find_homework, write_answers

    for page in write_answers(find_homework(numbers, variant), course):
        click.echo(page)


@homework.command("grade")
@click.argument("number")
@COURSE
@VARIANT
@click.option("--from", "source", type=FOLDER, help="Folder or zip of what was handed in, as from Moodle.")
@click.option("--answers", is_flag=True, help="With the model answers in the feedback.")
@click.pass_context
def homework_grade(context, number, course, variant, source, answers):
    """Grade the homework that was handed in, and write a page of feedback for each."""
    from lesson_tools.homework import grade_and_report

    context.exit(0 if grade_and_report(number, course, source, answers, variant) else 1)


@cli.group()
def usb():
    """Make and check a folder for a room without internet."""


@usb.command("make")
@click.argument("folder", type=FOLDER)
@click.option(
    "--platform",
    "systems",
    multiple=True,
    metavar="SYSTEM",
    help="linux-x86_64, linux-arm64, windows-amd64 or macos-arm64; may be repeated.  [default: this one]",
)
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="VERSION",
    help="3.11, 3.12 or 3.13; may be repeated.  [default: this one]",
)
@click.option("--data", type=FOLDER, help="Images to take along: what the parameter dataset takes as a path.")
def usb_make(folder, systems, pythons, data):
    """Make FOLDER, or go on with it."""
    from lesson_tools.usb import make

    make(folder, systems, pythons, data)


@usb.command("check")
@click.argument("folder", type=FOLDER)
@click.option("--fast", is_flag=True, help="Without the trial installation.")
@click.pass_context
def usb_check(context, folder, fast):
    """Say whether FOLDER is whole and usable."""
    from lesson_tools.usb import check

    faults = check(folder, fast)
    click.echo("\n".join(faults) or "The folder is complete.", err=bool(faults))
    context.exit(1 if faults else 0)


@cli.group()
def record():
    """Keep what long experiments found, for the lessons to show."""


@record.command("runs")
@click.argument("name")
@click.argument("run_dirs", nargs=-1, required=True, type=FOLDER)
@click.option("--what", required=True, help="What was compared, in a sentence.")
@click.option("--images", required=True, help="On which images.")
@click.option("--command", required=True, help="The command that made the runs.")
@click.option("--curves", is_flag=True, help="A row for each epoch, with loss and accuracy.")
def record_runs(name, run_dirs, what, images, command, curves):
    """Write the results of finished runs into helpers/recorded/NAME.csv."""
    from lesson_tools.record import record_runs

    click.echo(record_runs(name, run_dirs, curves, what=what, images=images, command=command))


@record.command("weights")
@click.argument("run_dir", type=FOLDER)
def record_weights(run_dir):
    """Store the network of a finished run of the recipe far as the one that comes with the lessons."""
    from lesson_tools.record import record_weights

    click.echo(record_weights(run_dir))


@cli.command()
@click.argument("lessons", nargs=-1, metavar="[LESSON]...")
def outputs(lessons):
    """Run lessons on the built-in images, and store their outputs in notebooks/."""
    from lesson_tools.outputs import renew_outputs

    renew_outputs(lessons)


def main() -> None:
    while (nowhere := os.open(os.devnull, os.O_RDWR)) <= 2:  # closed, as cron may; kernels need all three
        os.set_inheritable(nowhere, True)
    os.close(nowhere)
    sys.stdout, sys.stderr = sys.stdout or open(1, "w"), sys.stderr or open(2, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not every terminal can show ±, and no work is lost for that
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="lessons")
