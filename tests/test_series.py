"""The runner: what it refuses before anything runs, what it leaves behind, how it fails."""

import re
import subprocess
import sys

from helpers import series

import pytest


def refused(capsys, *arguments) -> str:
    """Call the runner with arguments that it must refuse, and return the sentence."""
    assert series.main(list(arguments)) == 1
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
            ["06", "-p", "pictures", "1"],
            "pictures is a list of whole numbers, such as [1, 3, 100]; '1' is not",
        ),
        (["06", "-p", "pictures", "[1, 'a']"], "pictures is a list of whole numbers"),
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
    (tmp_path / "p.yaml").write_text("dataset: 3\n")
    assert "dataset is text" in refused(capsys, "05", "--parameters", str(tmp_path / "p.yaml"))


def test_text_becomes_the_type_of_the_parameter():
    given = {"epochs": "2", "learning_rate": "1", "pictures": "[4]", "dataset": "7", "picture": "a b.jpg"}
    assert series.checked_parameters(series.find_lessons(["05", "06"]), given) == {
        "epochs": 2,
        "learning_rate": 1.0,
        "pictures": [4],
        "dataset": "7",
        "picture": "a b.jpg",
    }
    assert series.checked_parameters(series.find_lessons(["05"]), {"learning_rate": "1e-3"}) == {
        "learning_rate": 0.001
    }


def test_lessons_are_found_by_number_in_their_order():
    assert [path.name[:2] for path in series.find_lessons(["5", "02"])] == ["02", "05"]
    assert [path.name[:2] for path in series.find_lessons()][:7] == ["01", "02", "03", "04", "05", "06", "07"]


@pytest.mark.parametrize("profile", series.PROFILES)
def test_profiles_give_parameters_that_lessons_have(profile):
    given = series.PROFILES[profile]
    assert series.checked_parameters(series.find_lessons(), given) == given


def test_a_lesson_that_fails_ends_the_series_with_cell_and_error(tmp_path, capsys):
    assert series.main(["02", "03", "--out", str(tmp_path), "-p", "dataset", "no-such-thing"]) == 1
    said = capsys.readouterr()
    assert "02_load_the_pictures.ipynb failed in cell " in said.err
    assert "DatasetError" in said.err and "no-such-thing" in said.err
    assert "load_dataset(dataset)" in said.err
    assert (tmp_path / "02_load_the_pictures.html").exists()
    assert not (tmp_path / "03_see_convolution_and_pooling.ipynb").exists()


def test_a_lesson_leaves_notebook_page_and_index(tmp_path, capsys):
    arguments = ["04", "--out", str(tmp_path), "-p", "seed", "5"]
    assert series.main(arguments) == 0, capsys.readouterr().err
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("04 Build the network") and "122,570" in line
    page = (tmp_path / "04_build_the_network.html").read_text()
    assert 'alt="A box for each layer' in page
    assert not re.search(r"<script|<link|@import|src=\"(?!data:)", page), "something is loaded"
    assert 'href="05_train_the_network.html"' in page
    index = (tmp_path / "index.html").read_text()
    assert 'href="04_build_the_network.html"' in index and "122,570" in index
    assert "seed = 5" in (tmp_path / "04_build_the_network.ipynb").read_text()


def test_the_module_is_a_command(tmp_path):
    command = [sys.executable, "-m", "helpers.series", "--profile", "slow"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("There is no profile slow")
