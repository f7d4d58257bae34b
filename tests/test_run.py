"""The runner: what it refuses before anything runs, what it deletes, how it fails; test_book.py has a run."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from helpers.errors import UserError
from lesson_tools import folders, outputs, run
from lesson_tools.cli import cli

import nbformat
import psutil
import pytest
from click.testing import CliRunner


def lessons_run(*arguments):
    return CliRunner().invoke(cli, ["run", *map(str, arguments)])


def refused(*arguments) -> str:
    """Call the runner with arguments that it must refuse, and return the sentence."""
    done = lessons_run(*arguments)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.output
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["99"], "There is no lesson 99; the lessons are 01, 02, "),
        ([""], "There is no lesson ''; the lessons are 01, 02, "),
        (["06", "--profile", "slow"], "no profile slow; the profiles are quick, class, full"),
        (
            ["06", "-p", "epoch", "2"],
            "There is no parameter epoch here; there are batch_size, dataset, epochs",
        ),
        (
            ["02", "-p", "epochs", "2"],
            "There is no parameter epochs here; there are dataset, seed, train_size",
        ),
        (["06", "-p", "optimiser", "adam"], "The parameter optimiser is called optimizer now."),
        (["07", "-p", "picture", "own.jpg"], "The parameter picture is called image now."),
        (
            ["06", "-p", "epochs=3", "--out"],
            "A parameter is written with a space: -p epochs 3, not -p epochs=3.",
        ),
        (["06", "10", "-p", "epochs", "0"], "epochs is a whole number, 1 or more; '0' is not"),
        (["06", "-p", "epochs", "two"], "epochs is a whole number, 1 or more; 'two' is not"),
        (["06", "-p", "learning_rate", "-1e-3"], "learning_rate is a number, more than 0; '-1e-3' is not"),
        (
            ["06", "-p", "seed", "1", "-p", "epochs", "1", "-p", "seed", "2"],
            "The parameter seed is given with -p twice",
        ),
        (
            ["07", "-p", "image", "no-such.jpg"],
            "image is empty or the path of a file that is there; 'no-such.jpg'",
        ),
        (["02", "-p", "dataset", "no-such"], "dataset is auto, cifar10, doodles or the path of a file or"),
        (["06", "--parameters", "nowhere.yaml"], "nowhere.yaml can't be read: No such file"),
    ],
)
def test_refused_before_anything_runs(tmp_path, arguments, sentence):
    assert sentence in refused(*arguments, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- a\n- b\n", "name: value"),
        ("a: [", "name: value"),
        ("", "name: value"),
        ("1: 2\n", "There is no parameter 1 here"),
        ("dataset: 3\n", "The parameter dataset is"),
        ("epochs: 2024-13-45\n", "name: value"),
        ("optimiser: adam\n", "is called optimizer now"),
        ("seed: 1\nepochs: 1\nseed: 2\n", "p.yaml has seed a second time in line 3: leave one of them."),
        ("epochs: !!timestamp now\n", "name: value"),
        ("epochs: " + 5_000 * "[", "name: value"),
        ("epochs: 010\n", "epochs is a whole number, 1 or more; '010' is not"),  # 8 by the rules of YAML
        ("epochs: 1:30\n", "epochs is a whole number, 1 or more; '1:30' is not"),  # 90
    ],
)
def test_a_parameter_file_that_does_not_fit_is_refused(tmp_path, text, sentence):
    (tmp_path / "p.yaml").write_text(text)
    assert sentence in refused("06", "--parameters", tmp_path / "p.yaml", "--out", tmp_path / "out")


def test_lessons_are_found_by_number_in_their_order():
    assert [path.name[:2] for path in run.find_lessons(["6", "02"])] == ["02", "06"]


@pytest.mark.parametrize("profile", run.PROFILES)
def test_profiles_give_parameters_that_lessons_have(profile):
    given = run.PROFILES[profile]
    assert run.checked_parameters(run.find_lessons(), given) == given


def write_lesson(folder, source, name="11_trouble", kernel="python3"):
    parameters = nbformat.v4.new_code_cell("seed = 0", metadata={"tags": ["parameters"]})
    headline = nbformat.v4.new_code_cell(source, metadata={"tags": ["headline"]})
    notebook = nbformat.v4.new_notebook(cells=[parameters, headline])
    notebook.metadata.kernelspec = {"name": kernel, "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def printed(executed: Path) -> str:
    cells = nbformat.read(executed, as_version=4).cells
    return "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))


# --- What is overwritten and deleted ------------------------------------------------------------------


def test_runs_are_made_anew_and_nothing_else_is_deleted(tmp_path):
    """What is deleted was left by an earlier call, or by one that was killed; a name alone says nothing."""
    longer, thesis = tmp_path / "longer", tmp_path / "longer" / "thesis.txt"

    def train(number="09"):
        with run.runs_made_anew(tmp_path, run.find_lessons([number])):
            (longer / "none").mkdir(parents=True, exist_ok=True)
            (longer / "none" / "settings.json").write_text(number)

    train()
    train()
    thesis.write_text("dear")
    with pytest.raises(
        UserError, match=r"thesis\.txt was not made by the lessons, whose runs go to .*: move"
    ):
        train()
    assert thesis.read_text() == "dear" and (longer / "none" / "settings.json").exists()
    thesis.unlink()
    (longer / "none" / "model.keras").mkdir()
    train("06")  # which has another folder
    assert (longer / "none" / "model.keras").exists()
    with contextlib.ExitStack() as stack:
        stack.enter_context(run.runs_made_anew(tmp_path, run.find_lessons(["09"])))
        assert not (longer / "none").exists()
        (longer / "half").mkdir(parents=True)
        (longer / "half" / "history.csv").write_text("")
        stack.pop_all()  # as if it were killed now
    train()
    assert [path.name for path in longer.iterdir()] == ["none"]


@pytest.mark.parametrize("link", [False, True])
def test_a_run_of_somebody_else_is_left_alone(tmp_path, link):
    out, theirs = tmp_path / "out", tmp_path / "theirs"
    out.mkdir()
    theirs.mkdir()
    (theirs / "settings.json").write_text("{}")
    (out / "run").symlink_to(theirs) if link else theirs.rename(out / "run")
    assert "was not made by the lessons, whose runs go to " in refused("06", "--out", out)
    assert (out / "run" / "settings.json").exists()


@pytest.mark.parametrize("kind", ["damaged", "not executed", "folder", "link"])
@pytest.mark.parametrize("number", ["02", "03"])  # one that is to be run, one that is only in the book
def test_what_stands_in_the_place_of_a_result_is_refused_before_anything_runs(tmp_path, kind, number):
    [lesson] = run.find_lessons([number])
    place = tmp_path / "out" / lesson.name
    place.parent.mkdir()
    if kind == "damaged":
        place.write_bytes(lesson.read_bytes()[:1000])
    elif kind == "not executed":
        shutil.copy(lesson, place)
    elif kind == "folder":
        place.mkdir()
    else:
        shutil.copy(lesson, tmp_path)
        place.symlink_to(tmp_path / lesson.name)
    before = place.lstat()
    sentence = refused("02", "--out", tmp_path / "out")
    assert sentence.endswith("move it away, or name another folder with --out.\n")
    assert place.lstat().st_mtime_ns == before.st_mtime_ns


def test_a_book_folder_with_other_files_is_refused_before_anything_runs(tmp_path):
    (tmp_path / "out" / "book").mkdir(parents=True)
    for name in ("searchindex.js", "index.html"):  # as of any other site that Sphinx made
        (tmp_path / "out" / "book" / name).write_text("")
    assert "holds something else than a book" in refused("02", "--out", tmp_path / "out")


def test_the_folders_of_the_lessons_take_no_results(tmp_path):
    (tmp_path / "link").symlink_to(run.NOTEBOOKS)
    root = run.NOTEBOOKS.parent
    own = ["notebooks", "notebooks/mine", "helpers", "docs", "tests/../tests", ".", ".."]
    for out in (*(root / name for name in own), tmp_path / "link"):
        with pytest.raises(UserError, match="holds the lessons themselves: name another folder"):
            folders.output_folder(out)
    for out in (root / "build", root / "notebooks-2", tmp_path):
        assert folders.output_folder(out) == out.resolve()


# --- Paths --------------------------------------------------------------------------------------------


def test_an_out_that_can_not_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for out in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / (300 * "x")):
        assert "can't be made or locked: " in refused("02", "--out", out)
    assert "can't be used: " in refused("02", "--out", tmp_path / "circle")
    assert refused("02", "--out", "~nobody-of-this-name/x").startswith(
        "~nobody-of-this-name/x is in the home"
    )


def test_a_path_may_begin_with_the_users_home(tmp_path):
    (tmp_path / "file").write_text("")
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    done = CliRunner(env=home).invoke(cli, ["run", "02", "--out", "~/file"])
    assert f"The folder {tmp_path / 'file'} can't be made" in done.stderr


def test_a_path_may_hold_braces(tmp_path):
    folder = tmp_path / "{seed} {0} {"
    folder.mkdir()
    lesson = write_lesson(folder, "print('seed', seed)")
    run.run_lesson(lesson, tmp_path, {"seed": 3})
    run.run_lesson(lesson, tmp_path, {"seed": 4})
    (folder / "out").mkdir()
    assert "seed 5" in run.run_lesson(lesson, folder / "out", {"seed": 5})
    assert (
        printed(folder / "out" / lesson.name) == "seed 5\n" and printed(tmp_path / lesson.name) == "seed 4\n"
    )


# --- Notebooks and kernels ----------------------------------------------------------------------------


def change(notebook: dict, kind: str) -> str:
    """The text of a notebook with a fault."""
    if kind == "no kernel":
        del notebook["metadata"]["kernelspec"]
    elif kind == "another kernel":
        notebook["metadata"]["kernelspec"]["name"] = "no-such-kernel"
    elif kind == "no parameters":
        notebook["cells"][0]["metadata"]["tags"] = []
    elif kind == "no metadata":
        del notebook["cells"][0]["metadata"]
    text = json.dumps(notebook, indent=1)
    return {"cut": text[:200], "conflict": f"<<<<<<< HEAD\n{text}", "list": "[]", "empty": ""}.get(kind, text)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("empty", r"can't be read as a notebook \(it is damaged\): get it back with git"),
        ("cut", r"can't be read as a notebook \(it is damaged\): get it back with git"),
        ("conflict", r"can't be read as a notebook \(it is damaged\): get it back with git"),
        ("list", r"can't be read as a notebook \(it is damaged\): get it back with git"),
        ("no metadata", r"can't be read as a notebook \(it is damaged\): get it back with git"),
        ("no kernel", "does not say its kernel: run it in Jupyter once, and save it"),
        ("another kernel", r"asks for the kernel no-such-kernel \(not installed\): choose Python 3"),
        ("no parameters", "has no cell with the tag parameters, so it can't be given any"),
    ],
)
def test_a_notebook_that_can_not_be_run_gets_a_sentence(tmp_path, capfd, kind, sentence):
    lesson = write_lesson(tmp_path, "print(seed)")
    lesson.write_text(change(json.loads(lesson.read_text()), kind))
    with pytest.raises(UserError, match=f"11_trouble.ipynb {sentence}"):
        run.run_lesson(lesson, tmp_path / "out", {"seed": 1})
    assert capfd.readouterr() == ("", "") and [path.name for path in tmp_path.iterdir()] == [lesson.name]


def test_a_kernel_that_dies_gets_a_sentence(tmp_path, caplog):
    lesson = write_lesson(tmp_path, "print('so far', flush=True); import os; os.kill(os.getpid(), 9)")
    (tmp_path / "out").mkdir()
    with pytest.raises(
        UserError, match=r"11_trouble\.ipynb stopped, because in the cell In \[2\] its kernel died"
    ):
        run.run_lesson(lesson, tmp_path / "out", {})
    assert not caplog.records, "the sentence is enough"
    executed = tmp_path / "out" / lesson.name
    assert run.outcome(nbformat.read(executed, as_version=4))[1] == "failed"
    run.check_overwritable(executed)


@pytest.mark.parametrize("deaths", [1, 9])
def test_a_kernel_that_dies_while_it_starts_is_started_again_twice(tmp_path, monkeypatch, deaths):
    kernel = tmp_path / "kernels" / "mortal"
    kernel.mkdir(parents=True)
    begin = "import pathlib, runpy, sys; starts = pathlib.Path(sys.argv.pop(1)); "
    begin += "starts.write_text(starts.read_text() + '.'); "
    begin += f"len(starts.read_text()) <= {deaths} and sys.exit(1); runpy.run_module('ipykernel_launcher')"
    arguments = [
        sys.executable,
        "-c",
        begin.replace(
            "run_module('ipykernel_launcher')", "run_module('ipykernel_launcher', run_name='__main__')"
        ),
    ]
    arguments += [str(tmp_path / "starts"), "-f", "{connection_file}"]
    spec = {"argv": arguments, "display_name": "Mortal", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    (tmp_path / "starts").write_text("")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    lesson = write_lesson(tmp_path, "print('alive')", kernel="mortal")
    (tmp_path / "out").mkdir()
    if deaths == 1:
        assert "alive" in run.run_lesson(lesson, tmp_path / "out", {})
    else:
        with pytest.raises(
            run.LessonError, match=r"11_trouble\.ipynb could not start its kernel \(RuntimeError"
        ):
            run.run_lesson(lesson, tmp_path / "out", {})
        assert not any((tmp_path / "out").iterdir())
    assert len((tmp_path / "starts").read_text()) == (2 if deaths == 1 else 3)


def test_a_kernel_that_says_nothing_is_not_waited_for_again(tmp_path, monkeypatch):
    kernel = tmp_path / "kernels" / "silent"
    kernel.mkdir(parents=True)
    begin = "import pathlib, sys, time; pathlib.Path(sys.argv[2]).with_suffix(f'.{time.time()}').touch(); "
    arguments = [
        sys.executable,
        "-c",
        begin + "time.sleep(600)",
        "{connection_file}",
        str(tmp_path / "start"),
    ]
    spec = {"argv": arguments, "display_name": "Silent", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    lesson = write_lesson(tmp_path, "0", kernel="silent")
    with pytest.raises(
        run.LessonError, match=r"could not start its kernel \(RuntimeError: Kernel didn't respond"
    ):
        run.execute(lesson, tmp_path / "out.ipynb", {}, start_timeout=5)
    assert len([*tmp_path.glob("start.*")]) == 1


def test_a_result_is_kept_when_its_folder_goes_meanwhile(tmp_path):
    out = tmp_path / "out"
    lesson = write_lesson(
        tmp_path, f"import os; os.rename({str(out)!r}, {str(tmp_path / 'other')!r}); print('kept')"
    )
    out.mkdir()
    assert "kept" in run.run_lesson(lesson, out, {}) and "kept" in printed(out / lesson.name)


def test_a_long_error_is_shortened(tmp_path):
    lesson = write_lesson(tmp_path, "raise ValueError('no\\x1b[2J' + 5000 * 'very ')")
    (tmp_path / "out").mkdir()
    with pytest.raises(run.LessonError) as error:
        run.run_lesson(lesson, tmp_path / "out", {})
    assert len(str(error.value)) < 2_000 and "\x1b" not in str(error.value)
    assert error.value.reason.startswith("cell In [2]: ValueError: no [2Jvery very ")


def test_outputs_of_a_lesson_that_writes_to_stderr_are_not_stored(tmp_path):
    lesson = write_lesson(tmp_path, "import sys; print('oh', file=sys.stderr)")
    (tmp_path / "run").mkdir()
    with pytest.raises(UserError, match="wrote to stderr"):
        outputs.stored_outputs(lesson, tmp_path / "run")


def test_outputs_of_a_lesson_that_is_changed_meanwhile_are_not_stored(tmp_path):
    save = "from pathlib import Path; f = Path('../11_trouble.ipynb'); f.write_text(f.read_text() + ' ')"
    lesson = write_lesson(tmp_path, save)
    (tmp_path / "run").mkdir()
    with pytest.raises(UserError, match="was changed while it ran"):
        outputs.stored_outputs(lesson, tmp_path / "run")


def test_stored_outputs_leave_out_what_one_machine_says(tmp_path):
    lesson = write_lesson(tmp_path, "print('kept')")
    notebook = nbformat.read(lesson, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("print('left out')", metadata={"tags": ["machine"]}))
    nbformat.write(notebook, lesson)
    (tmp_path / "run").mkdir()
    stored = outputs.stored_outputs(lesson, tmp_path / "run")
    assert [[output.text for output in cell.outputs] for cell in stored.cells] == [[], ["kept\n"], []]
    assert "papermill" not in stored.metadata and "papermill" not in stored.cells[0].metadata


# --- A checkout of its own, with lessons of a moment --------------------------------------------------

LESSONS = {
    "01_say": "import os; from importlib.util import find_spec\n"
    "print('0.5 ± 0.1', find_spec('helpers').origin, find_spec('numpy').origin, ascii(os.getcwd()))",
    "02_wait": "import os, pathlib, time\n"
    "pathlib.Path(os.environ['MARKER']).write_text(str(os.getpid()))\ntime.sleep(600)",
    "03_fail": "raise ValueError('on purpose')",
    "04_talk": "display({'text/plain': 2**21 * 'x'}, raw=True)",
    "05_wait": "import os, pathlib, time\n"
    "pathlib.Path(os.environ['MARKER'] + '5').write_text(str(os.getpid()))\ntime.sleep(600)",
    "06_train": "from pathlib import Path\nPath(run_dir).mkdir(exist_ok=True)\n"
    "(Path(run_dir) / 'model.keras').write_text('')",
    "07_predict": "from pathlib import Path\nprint('trained', (Path(run_dir) / 'model.keras').exists())",
    "10_measure": "import psutil\n"
    "commands = [process.cmdline() for process in psutil.Process().parent().children()]\n"
    "print('kernels', sum('ipykernel_launcher' in command for command in commands))",
    "09_trust": "print('early')",
}
# Ctrl-C is for this process even if a shell has told the tests, in its background, to ignore it.
BEGIN = """import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv.pop(1))
from lesson_tools.cli import main
main()"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of this checkout, whose lessons take a moment; it is not what is installed."""
    root = tmp_path_factory.mktemp("copy") / "checkout"
    ignore = shutil.ignore_patterns("__pycache__", "weights", "recorded", "homework", "*.png")
    for name in ("doodles", "helpers", "lesson_tools", "docs"):
        shutil.copytree(run.ROOT / name, root / name, ignore=ignore)
    for file in (*run.ROOT.glob("*.md"), *run.ROOT.glob("CITATION.*"), *run.ROOT.glob("LICENSE*")):
        shutil.copy(file, root)
    (root / "notebooks").mkdir()
    for name, source in LESSONS.items():
        lesson = write_lesson(root / "notebooks", source, name)
        if "run_dir" in source:
            lesson.write_text(lesson.read_text().replace("seed = 0", "run_dir = 'runs'"))
    return root


def command(checkout, *arguments):
    return [sys.executable, "-c", BEGIN, str(checkout), *map(str, arguments)]


def environment(**variables):
    """Without what would lead Python to this checkout, but for its being installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | variables


def called(checkout, *arguments, cwd, before=(), **variables):
    return subprocess.run(
        [*before, *command(checkout, *arguments)],
        cwd=cwd,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=250,
    )


def begun(checkout, out, marker, *more):
    """A runner that waits in lesson 02, also in 05 if that is in `more`, and their kernels."""
    runner = subprocess.Popen(
        command(checkout, "run", "02", *more, "--out", out),
        cwd=out.parent,
        env=environment(MARKER=str(marker)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    kernels = []
    for file in [marker, Path(f"{marker}5")][: 1 + ("05" in more)]:
        while not (file.exists() and file.read_text()):
            assert runner.poll() is None, runner.stderr.read()
            time.sleep(0.1)
        kernels.append(psutil.Process(int(file.read_text())))
    return runner, *kernels


def test_a_copy_runs_its_own_helpers_in_any_folder_and_terminal_and_knows_what_it_made(checkout, tmp_path):
    out, book = tmp_path / "out", tmp_path / "out" / "book"

    def lessons(*numbers):
        return called(checkout, "run", *numbers, "--out", out, cwd=tmp_path, PYTHONIOENCODING="ascii")

    done = lessons("01", "06")
    assert done.returncode == 0, done.stderr
    assert rf"0.5 \xb1 0.1 {checkout / 'helpers'}" in done.stdout
    assert "Kernel is running" not in done.stderr and "Traceback" not in done.stderr
    assert (out / "run" / "model.keras").exists() and (book / "index.html").exists()
    for note in (book / "note.txt", out / "run" / "note.txt"):
        note.write_text("dear")
        done = lessons("06")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (
            1,
            "",
            1,
        ) and "note.txt" in done.stderr
        note.unlink()
    assert not [path.name for path in out.iterdir() if "partial" in path.name]


def test_odd_surroundings(checkout, tmp_path):
    here = tmp_path / os.fsdecode(b"50% {x} #'\xff")  # as of a disk from a system with other letters
    try:
        here.mkdir()
    except (OSError, UnicodeError):  # macOS, Windows
        here = tmp_path / "50% {x} #'"
        here.mkdir()
    (here / "numpy.py").write_text("raise ImportError('not this one')")
    closed = () if os.name == "nt" else ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")  # as a scheduler may
    done = called(checkout, "run", "01", cwd=here, before=closed)
    assert done.returncode == 0 and (here / "build" / "book" / "index.html").exists()
    said = printed(here / "build" / "01_say.ipynb")
    assert ascii(here.name).strip("'\"") in said and "numpy.py" not in said


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps the folder that a process is in")
def test_a_folder_that_is_gone(checkout, tmp_path):
    gone = ("sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh")
    done = called(checkout, "run", "99", cwd=tmp_path, before=gone)
    assert done.returncode == 1 and "The folder that you are in was deleted or moved" in done.stderr
    (checkout / "notebooks").rename(checkout / "lessons")
    try:
        done = called(checkout, "run", cwd=tmp_path)
    finally:
        (checkout / "lessons").rename(checkout / "notebooks")
    assert done.returncode == 1 and f"no lessons in {checkout / 'notebooks'}: the folder was" in done.stderr


def test_what_stops_sphinx_gets_a_sentence(checkout, tmp_path):
    done = called(checkout, "book", "--out", tmp_path / "book", cwd=tmp_path, SOURCE_DATE_EPOCH="soon")
    assert done.returncode == 1 and not [*tmp_path.iterdir()]
    assert done.stderr.startswith("Sphinx can't make the book (ValueError: ") and done.stderr.count("\n") == 1


def test_the_source_is_not_the_output(checkout, tmp_path):
    before = {path: path.read_bytes() for path in (checkout / "notebooks").iterdir()}
    done = called(checkout, "run", "01", "--out", checkout / "notebooks", cwd=tmp_path)
    assert done.returncode == 1 and "holds the lessons themselves: name another" in done.stderr
    assert {path: path.read_bytes() for path in (checkout / "notebooks").iterdir()} == before


def test_a_copy_of_a_lesson_is_not_taken_for_it(checkout, tmp_path):
    twin = checkout / "notebooks" / "01_say_it_again.ipynb"
    copy = checkout / "notebooks" / "01_say-Copy1.ipynb"
    try:
        for path in (twin, copy):
            shutil.copy(checkout / "notebooks" / "01_say.ipynb", path)
        done = called(checkout, "run", "01", "--out", tmp_path / "out", cwd=tmp_path)
        sentence = "Lesson 01 is there twice, as 01_say.ipynb and 01_say_it_again.ipynb: move one away"
        assert done.returncode == 1 and sentence in done.stderr and not (tmp_path / "out").exists()
    finally:
        twin.unlink()
        copy.unlink()


def test_the_command_of_another_checkout_says_so(checkout, tmp_path):
    done = called(run.ROOT, "run", "01", "--out", tmp_path / "out", cwd=checkout / "notebooks")
    assert done.returncode == 1 and not (tmp_path / "out").exists()
    assert f"This command runs the lessons in {run.ROOT}, and you are in {checkout}" in done.stderr


def test_a_second_runner_is_refused_until_the_first_is_gone(checkout, tmp_path):
    out = tmp_path / "out"
    runner, kernel = begun(checkout, out, tmp_path / "marker")
    try:
        second = called(checkout, "run", "01", "--out", out, cwd=tmp_path)
        assert second.returncode == 1 and second.stdout == ""
        assert (
            f"process {runner.pid} on " in second.stderr
            and f"is at work in {out}: wait for it" in second.stderr
        )
    finally:
        runner.kill()
        runner.communicate()
    kernel.wait(100)
    write_lesson(out, "0", "03_fail")  # which a third runner refuses, when it comes to that
    third = called(checkout, "run", "01", "--out", out, cwd=tmp_path)
    assert third.returncode == 1 and "was not executed by this command" in third.stderr


@pytest.mark.skipif(os.name == "nt", reason="no other process can press Ctrl-C there")
def test_ctrl_c_leaves_no_kernel_and_nothing_half_written(checkout, tmp_path):
    out = tmp_path / "out"
    runner, kernel = begun(checkout, out, tmp_path / "marker")
    try:
        runner.send_signal(signal.SIGINT)
        said, error = runner.communicate(timeout=200)
    finally:
        runner.kill()
    kernel.wait(100)
    assert (runner.returncode, said) == (130, ""), error
    assert (
        error.splitlines()[-1]
        == f"Interrupted. 02_wait.ipynb is not kept; the lessons that were finished are in {out}."
    )
    assert "Traceback" not in error and {path.name for path in out.iterdir()} <= {".lock", ".lessons-run"}


@pytest.mark.skipif(os.name == "nt", reason="no other process can press Ctrl-C there")
@pytest.mark.parametrize("end", ["SIGINT", "SIGKILL"])
def test_two_lessons_end_with_the_runner(checkout, tmp_path, end):
    out = tmp_path / "out"
    runner, *kernels = begun(checkout, out, tmp_path / "marker", "05")
    try:
        runner.send_signal(getattr(signal, end))
        error = runner.communicate(timeout=200)[1]
    finally:
        runner.kill()
    assert not psutil.wait_procs(kernels, 100)[1]
    assert "Traceback" not in error and not [*out.glob("*.ipynb")]
    if end == "SIGINT":
        kept = f"02_wait.ipynb and 05_wait.ipynb are not kept; the lessons that were finished are in {out}."
        assert error.splitlines()[-1] == f"Interrupted. {kept}" and runner.returncode == 130


def test_a_lesson_that_fails_ends_the_one_beside_it(checkout, tmp_path):
    out = tmp_path / "out"
    done = called(checkout, "run", "02", "03", "--out", out, cwd=tmp_path, MARKER=str(tmp_path / "marker"))
    assert done.returncode == 1 and "03_fail.ipynb failed in the cell" in done.stderr
    assert "ValueError: on purpose" in done.stderr and "Traceback" not in done.stderr
    assert {path.name for path in out.glob("*.ipynb")} == {"03_fail.ipynb"}


def test_lessons_wait_for_the_run_they_use_and_one_that_measures_is_alone(checkout, tmp_path):
    out = tmp_path / "out"
    done = called(checkout, "run", "06", "07", "09", "10", "--out", out, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line[:2].isdigit()]
    assert lines[-1].startswith("10 Measure") and lines[-1].endswith("kernels 1")
    assert sorted(line[:2] for line in lines) == ["06", "07", "09", "10"]
    assert "trained True" in done.stdout


def test_a_reader_that_leaves_ends_the_runner_without_a_traceback(checkout, tmp_path):
    runner = subprocess.Popen(
        command(checkout, "run", "01", "--out", tmp_path / "out"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    runner.stdout.close()
    error = runner.stderr.read()
    assert runner.wait(200) == 1 and "Traceback" not in error and "Broken" not in error


def as_root_of_a_namespace(script: str) -> list[str]:
    """The beginning of a command that runs `script`, which may mount; skips where the system forbids it."""
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).returncode:
        pytest.skip("this system lets nobody mount a disk for a test")
    return [unshare, "-rm", "sh", "-c", script]


def test_a_full_disk_costs_the_lesson_and_the_book_a_sentence_each(checkout, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    script = 'mount -t tmpfs -o size=1m none "$0" && "$@"; status=$?; ls -aR "$0"; exit $status'
    before = [*as_root_of_a_namespace(script), str(out)]
    done = called(checkout, "run", "01", "04", "--out", out, cwd=tmp_path, before=before)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    lost, book = done.stderr.splitlines()[-2:]
    full = "can't be written: No space left on device."
    assert lost.endswith(f"04_talk.ipynb ran to its end, but {out / '04_talk.ipynb'} {full}")
    assert book == f"{out / 'book'} {full}"
    assert "01_say.ipynb" in done.stdout and "04_talk" not in done.stdout and "partial" not in done.stdout


def test_a_disk_that_takes_nothing_gets_a_sentence(checkout, tmp_path):
    before = [*as_root_of_a_namespace('mount -t tmpfs -o ro none "$0" && exec "$@"'), str(tmp_path)]
    done = called(checkout, "run", "01", "--out", tmp_path / "out", cwd=checkout, before=before)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.endswith("can't be made or locked: Read-only file system.\n")
