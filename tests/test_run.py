"""The runner: what it refuses before anything runs, what it deletes, how it fails; test_book.py has a run."""

from helpers.errors import UserError
from lesson_tools import outputs, run
from lesson_tools.cli import cli

import nbformat
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
        (["05", "--profile", "slow"], "no profile slow; the profiles are quick, class, full"),
        (
            ["05", "-p", "epoch", "2"],
            "There is no parameter epoch here; there are batch_size, dataset, epochs",
        ),
        (
            ["02", "-p", "epochs", "2"],
            "There is no parameter epochs here; there are dataset, seed, train_size",
        ),
        (["05", "-p", "optimiser", "adam"], "The parameter optimiser is called optimizer now."),
        (["06", "-p", "picture", "own.jpg"], "The parameter picture is called image now."),
        (
            ["05", "-p", "epochs=3", "--out"],
            "A parameter is written with a space: -p epochs 3, not -p epochs=3.",
        ),
        (["05", "09", "-p", "epochs", "0"], "epochs is a whole number, 1 or more; '0' is not"),
        (["05", "-p", "epochs", "two"], "epochs is a whole number, 1 or more; 'two' is not"),
        (["05", "-p", "learning_rate", "-1e-3"], "learning_rate is a number, more than 0; '-1e-3' is not"),
        (
            ["06", "-p", "image", "no-such.jpg"],
            "image is empty or the path of a file that is there; 'no-such.jpg'",
        ),
        (["02", "-p", "dataset", "no-such"], "dataset is auto, cifar10, doodles or the path of a file or"),
        (["05", "--parameters", "nowhere.yaml"], "nowhere.yaml can't be read: No such file"),
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
    ],
)
def test_a_parameter_file_that_does_not_fit_is_refused(tmp_path, text, sentence):
    (tmp_path / "p.yaml").write_text(text)
    assert sentence in refused("05", "--parameters", tmp_path / "p.yaml", "--out", tmp_path / "out")


def test_lessons_are_found_by_number_in_their_order():
    assert [path.name[:2] for path in run.find_lessons(["5", "02"])] == ["02", "05"]


@pytest.mark.parametrize("profile", run.PROFILES)
def test_profiles_give_parameters_that_lessons_have(profile):
    given = run.PROFILES[profile]
    assert run.checked_parameters(run.find_lessons(), given) == given


def test_runs_are_made_anew_and_nothing_else_is_deleted(tmp_path):
    """Lesson 04 trains nothing, so this is quick; what is deleted is known by its files."""
    ours = [tmp_path / "run", tmp_path / "longer" / "none", tmp_path / "sweeps" / "settings"]
    others = [tmp_path / "sweeps" / "mine", tmp_path / "longer" / "notes"]
    for folder in (*ours, *others):
        folder.mkdir(parents=True)
        (folder / "thesis.txt").write_text("dear")
    for folder, name in zip(ours, ("settings.json", "settings.json", "sweep.json"), strict=True):
        (folder / name).write_text("{}")
    lessons = run.find_lessons(["05", "08", "10"])
    run.begin_anew(tmp_path, run.find_lessons(["06", "07"]))
    assert all(folder.exists() for folder in (*ours, *others))
    run.begin_anew(tmp_path, lessons)
    assert not any(folder.exists() for folder in ours)
    assert all((folder / "thesis.txt").exists() for folder in others)


def write_lesson(folder, source):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "11_trouble.ipynb")
    return folder / "11_trouble.ipynb"


def test_a_kernel_that_dies_gets_a_sentence(tmp_path):
    lesson = write_lesson(tmp_path, "import os; os.kill(os.getpid(), 9)")
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match=r"11_trouble\.ipynb: in the cell In \[1\] its kernel died"):
        run.run_lesson(lesson, tmp_path / "out", {})


def test_outputs_of_a_lesson_that_writes_to_stderr_are_not_stored(tmp_path):
    lesson = write_lesson(tmp_path, "import sys; print('oh', file=sys.stderr)")
    (tmp_path / "run").mkdir()
    with pytest.raises(UserError, match="wrote to stderr"):
        outputs.stored_outputs(lesson, tmp_path / "run")


def test_stored_outputs_leave_out_what_one_machine_says(tmp_path):
    lesson = write_lesson(tmp_path, "print('kept')")
    notebook = nbformat.read(lesson, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("print('left out')", metadata={"tags": ["machine"]}))
    nbformat.write(notebook, lesson)
    (tmp_path / "run").mkdir()
    stored = outputs.stored_outputs(lesson, tmp_path / "run")
    assert [[output.text for output in cell.outputs] for cell in stored.cells] == [["kept\n"], []]
    assert "papermill" not in stored.metadata and "papermill" not in stored.cells[0].metadata


def test_an_out_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert "can't be made" in refused("02", "--out", tmp_path / "file")
