"""The runner: what it refuses before anything runs, what it leaves behind, how it fails."""

import re
import subprocess
import sys

from helpers import training
from lesson_tools import outputs, run

import nbformat
import pytest


def refused(capsys, *arguments) -> str:
    """Call the runner with arguments that it must refuse, and return the sentence."""
    assert run.main(list(arguments)) == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1, said
    return said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["99"], "There is no lesson 99; the lessons are 01, 02, "),
        (["05", "--profile", "slow"], "no profile slow; the profiles are quick, class, full"),
        (
            ["05", "-p", "epoch", "2"],
            "No chosen lesson has a parameter epoch; there are batch_size, dataset, epochs",
        ),
        (
            ["02", "-p", "epochs", "2"],
            "No chosen lesson has a parameter epochs; there are dataset, seed, train_size",
        ),
        (["05", "-p", "epochs", "two"], "epochs is a whole number, such as 10; 'two' is not"),
        (["05", "-p", "epochs", "2.5"], "epochs is a whole number"),
        (["05", "-p", "epochs", "True"], "epochs is a whole number"),
        (["05", "-p", "learning_rate", "fast"], "learning_rate is a number, such as 0.001; 'fast' is not"),
        (
            ["06", "-p", "images", "1"],
            "images is a list of whole numbers, such as [1, 3, 100]; '1' is not",
        ),
        (["06", "-p", "images", "[1, 'a']"], "images is a list of whole numbers"),
        (["05", "-p", "epochs", "0"], "epochs is 1 or more; 0 is not"),
        (["05", "-p", "learning_rate", "-1"], "learning_rate is more than 0; -1.0 is not"),
        (["05", "-p", "seed", "-1"], "seed is 0 to 4294967295; -1 is not"),
        (["02", "-p", "train_size", "-5"], "train_size is 0 or more; -5 is not"),
        (
            ["06", "-p", "images", "[]"],
            "images is a list of at least one place, each 0 or more; [] is not",
        ),
        (["06", "-p", "image", "no-such.jpg"], "image is a file that is there; 'no-such.jpg' is not"),
        (
            ["02", "-p", "dataset", "no-such"],
            "dataset is auto, cifar10, doodles or the path of a file or folder",
        ),
        (["10", "-p", "learning_rates", "0.1, fast"], "learning_rates is numbers more than 0 with commas"),
        (["10", "-p", "batch_sizes", "32, 0.5"], "batch_sizes is whole numbers of 1 or more with commas"),
        (["10", "-p", "workers", "-1"], "workers is 0 or more; -1 is not"),
        (["05", "--parameters", "nowhere.yaml"], "nowhere.yaml can't be read: No such file"),
    ],
)
def test_refused_before_anything_runs(tmp_path, capsys, arguments, sentence):
    assert sentence in refused(capsys, *arguments, "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "just text", ""])
def test_a_parameter_file_that_is_none_is_refused(tmp_path, capsys, text):
    (tmp_path / "p.yaml").write_text(text)
    assert "name: value" in refused(capsys, "05", "--parameters", str(tmp_path / "p.yaml"))


def test_values_from_a_file_have_to_fit_as_well(tmp_path, capsys):
    (tmp_path / "p.yaml").write_text("1: 2\n")
    assert "No chosen lesson has a parameter 1" in refused(
        capsys, "05", "--parameters", str(tmp_path / "p.yaml")
    )
    (tmp_path / "p.yaml").write_text("dataset: 3\n")
    assert "dataset is text" in refused(capsys, "05", "--parameters", str(tmp_path / "p.yaml"))


def test_text_becomes_the_type_of_the_parameter():
    given = {"epochs": "2", "learning_rate": "1", "images": "[4]", "run_dir": "7", "image": ""}
    assert run.checked_parameters(run.find_lessons(["05", "06"]), given) == {
        "epochs": 2,
        "learning_rate": 1.0,
        "images": [4],
        "run_dir": "7",
        "image": "",
    }
    assert run.checked_parameters(run.find_lessons(["05"]), {"learning_rate": "1e-3"}) == {
        "learning_rate": 0.001
    }


def test_lessons_are_found_by_number_in_their_order():
    assert [path.name[:2] for path in run.find_lessons(["5", "02"])] == ["02", "05"]
    assert [path.name[:2] for path in run.find_lessons()][:7] == ["01", "02", "03", "04", "05", "06", "07"]


@pytest.mark.parametrize("profile", run.PROFILES)
def test_profiles_give_parameters_that_lessons_have(profile):
    given = run.PROFILES[profile]
    assert run.checked_parameters(run.find_lessons(), given) == given


def test_a_lesson_that_fails_ends_the_series_with_cell_and_error(tmp_path, capsys):
    (tmp_path / "empty.npz").write_bytes(b"")
    out = tmp_path / "out"
    assert run.main(["02", "03", "--out", str(out), "-p", "dataset", str(tmp_path / "empty.npz")]) == 1
    said = capsys.readouterr()
    assert "02_load_the_images.ipynb failed in the cell In [" in said.err
    assert "DatasetError: " in said.err and "empty.npz" in said.err
    assert "load_dataset(dataset)" in said.err
    assert "failed" in (out / "index.html").read_text()
    assert not (out / "03_see_convolution_and_pooling.ipynb").exists()


def test_the_shared_run_is_made_anew_and_nothing_else_is_deleted(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(run, "run_lesson", lambda lesson, out, parameters: seen.append(lesson) or "")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("dear")
    run.run_series(["05"], out=tmp_path)
    assert (tmp_path / "run" / "thesis.txt").exists()
    (tmp_path / "run" / "settings.json").write_text("{}")
    with pytest.raises(run.SeriesError):
        run.run_series(["05"], out=tmp_path, given={"epochs": 0})
    run.run_series(["06"], out=tmp_path)
    run.run_series(["05"], out=tmp_path, given={"run_dir": str(tmp_path / "run")})
    assert (tmp_path / "run" / "settings.json").exists()
    run.run_series(["05"], out=tmp_path)
    assert not (tmp_path / "run").exists()
    assert len(seen) == 4


def test_the_runs_of_lesson_08_are_made_anew_in_a_folder_of_their_own(tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(
        run, "run_lesson", lambda lesson, out, given: seen.update({lesson.name[:2]: given["run_dir"]})
    )
    for name in ("none", "notes"):
        (tmp_path / "longer" / name).mkdir(parents=True)
    (tmp_path / "longer" / "none" / "settings.json").write_text("{}")
    run.run_series(["05", "07", "08"], out=tmp_path)
    assert [path.name for path in (tmp_path / "longer").iterdir()] == ["notes"]
    assert seen == {"05": str(tmp_path / "run"), "07": str(tmp_path / "run"), "08": str(tmp_path / "longer")}


def test_the_sweep_of_lesson_10_is_made_anew(tmp_path, monkeypatch):
    """Its folder refuses another grid, as another profile gives one."""
    monkeypatch.setattr(run, "run_lesson", lambda lesson, out, given: given["run_dir"])
    for name in ("settings", "mine"):
        (tmp_path / "sweeps" / name).mkdir(parents=True)
    (tmp_path / "sweeps" / "settings" / "sweep.json").write_text("{}")
    run.run_series(["10"], out=tmp_path)
    assert [path.name for path in (tmp_path / "sweeps").iterdir()] == ["mine"]


def test_a_profile_leaves_a_recipe_its_own_length(tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(
        run, "run_lesson", lambda lesson, out, given: seen.update({lesson.name[:2]: given.get("epochs")})
    )
    run.run_series(["05", "09"], profile="full", out=tmp_path)
    assert seen == {"05": 10, "09": None}
    run.run_series(["09"], out=tmp_path, given={"epochs": "2"})
    assert seen["09"] == 2


def test_a_lesson_leaves_notebook_page_and_index(tmp_path, capsys):
    arguments = ["04", "--out", str(tmp_path), "-p", "seed", "5"]
    assert run.main(arguments) == 0, capsys.readouterr().err
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("04 Build the network") and "122,570" in line
    page = (tmp_path / "04_build_the_network.html").read_text()
    assert 'alt="A box for each layer' in page
    assert not re.search(r"<script|<link|@import|src=\"(?!data:)", page), "something is loaded"
    assert 'href="index.html"' in page and ".ipynb" not in page
    assert 'href="05_train_the_network.html"' not in page, "a link to a page that is not there"
    index = (tmp_path / "index.html").read_text()
    assert 'href="04_build_the_network.html"' in index and "122,570" in index
    assert "seed = 5" in (tmp_path / "04_build_the_network.ipynb").read_text()


def write_lesson(folder, source):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "11_trouble.ipynb")
    return folder / "11_trouble.ipynb"


def test_a_kernel_that_dies_gets_a_sentence(tmp_path):
    lesson = write_lesson(tmp_path, "import os; os.kill(os.getpid(), 9)")
    (tmp_path / "out").mkdir()
    with pytest.raises(run.SeriesError, match=r"11_trouble\.ipynb: in the cell In \[1\] its kernel died"):
        run.run_lesson(lesson, tmp_path / "out", {})


def test_outputs_of_a_lesson_that_writes_to_stderr_are_not_stored(tmp_path):
    lesson = write_lesson(tmp_path, "import sys; print('oh', file=sys.stderr)")
    (tmp_path / "run").mkdir()
    with pytest.raises(run.SeriesError, match="wrote to stderr"):
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


def test_an_out_that_is_a_file_is_refused(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert "can't be made" in refused(capsys, "02", "--out", str(tmp_path / "file"))


def test_the_module_is_a_command(tmp_path):
    command = [sys.executable, "-m", "lesson_tools.run", "--profile", "slow"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("There is no profile slow")


def test_the_remedies_that_the_runner_accepts_are_those_of_the_training():
    for remedy in training.REMEDIES:
        assert run.checked_parameters(run.find_lessons(["08"]), {"remedies": remedy})


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("network", "resnet", "The parameter network is reference or residual; 'resnet' is not."),
        ("remedies", "none, sleep", "and several joined with +; 'none, sleep' is not."),
        ("remedies", "", "and several joined with +; '' is not."),
    ],
)
def test_settings_of_lesson_08_are_checked_before_anything_runs(name, value, sentence, capsys, tmp_path):
    assert sentence in refused(capsys, "08", "-p", name, value, "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
