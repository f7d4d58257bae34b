"""The rules of the lessons that a program can check, and every lesson run in a real kernel."""

import ast
import json
import re
import subprocess
import sys
import time

from helpers import series, training
from helpers.networks import reference_network

import nbformat
import numpy as np
import pandas as pd
import papermill
import psutil
import pytest
from PIL import Image

LESSONS = series.find_lessons()
PARAMETERS = {
    "dataset",
    "train_size",
    "epochs",
    "batch_size",
    "learning_rate",
    "optimiser",
    "normalisation",
    "pooling",
    "network",
    "remedies",
    "recipe",
    "width",
    "precision",
    "weights",
    "seed",
    "seeds",
    "run_dir",
    "pictures",
    "picture",
}
EXERCISES = re.compile(r"^## Exercises", re.M)

every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def read(lesson):
    notebook = nbformat.read(lesson, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return notebook, code, text


def test_the_lessons_are_those_of_the_design():
    assert [path.name for path in LESSONS][:9] == [
        "01_check_your_gpu.ipynb",
        "02_load_the_pictures.ipynb",
        "03_see_convolution_and_pooling.ipynb",
        "04_build_the_network.ipynb",
        "05_train_the_network.ipynb",
        "06_predict_pictures.ipynb",
        "07_evaluate_the_network.ipynb",
        "08_train_longer.ipynb",
        "09_train_faster.ipynb",
    ]


@every_lesson
def test_form(lesson):
    notebook, _, text = read(lesson)
    nbformat.validate(notebook)
    title, sentence = notebook.cells[0].source.strip().split("\n\n")
    assert re.fullmatch(r"# [A-Z][a-z]+ .+", title)
    assert sentence.endswith(".") and "\n\n" not in sentence
    headings = re.findall(r"^## (.+)", text, re.M)
    assert headings[:3] == ["What you'll do", "What you'll learn", "What you need"]
    assert headings[-3:] == ["Summary", "Exercises", "Next"]
    assert re.search(r"minute", text.split("## What you need")[1].split("\n## ")[0])
    links = re.findall(r"\]\((\d\d_\w+\.ipynb)\)", text)
    assert all((series.NOTEBOOKS / link).exists() for link in links), links


@every_lesson
def test_imports_first_then_parameters(lesson):
    _, code, _ = read(lesson)
    assert all(
        isinstance(node, ast.Import | ast.ImportFrom | ast.Expr) for node in ast.parse(code[0].source).body
    )
    assert not any(re.search(r"^\s*(import|from) ", cell.source, re.M) for cell in code[1:]), (
        "imports come first"
    )
    assert "parameters" in tags(code[1])
    assert sum("parameters" in tags(cell) for cell in code) == 1
    for line in code[1].source.splitlines():
        matched = re.fullmatch(r"(\w+) = (.+?)  # ([^=]+)", line)
        assert matched, f"not of the form name = literal  # help: {line}"
        assert matched[1] in PARAMETERS
        ast.literal_eval(matched[2])
    # papermill reads the same
    assert series.lesson_parameters(lesson).keys() == {
        line.split(" ")[0] for line in code[1].source.splitlines()
    }


@every_lesson
def test_cells_are_short_and_plain(lesson):
    _, code, _ = read(lesson)
    for cell in code:
        assert cell.source.strip(), "an empty cell"
        assert len(cell.source.splitlines()) <= 20, cell.source
        assert not re.search(r"^\s*[%!]|sys\.path|pip install", cell.source, re.M), cell.source


@every_lesson
def test_words(lesson):
    _, _, text = read(lesson)
    # Code, addresses and titles of works (in italics) keep the words that they have.
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)|<[^>]*>|(?<!\*)\*[^*\n]+\*(?!\*)", "", text)
    assert not re.findall(r"\b(simply|just|obviously|of course|easily|images?)\b", prose, re.I)


@every_lesson
def test_every_figure_has_a_description_and_a_sentence(lesson):
    notebook, _, _ = read(lesson)
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output.metadata.get("image/png", {}).get("alt", "")
                assert len(alt) > 30, cell.source
                around = [c.cell_type for c in notebook.cells[max(0, place - 2) : place + 3]]
                assert "markdown" in around, cell.source


@every_lesson
def test_stored_outputs(lesson):
    _, code, _ = read(lesson)
    # "machine": the output says something about one machine alone, and is not stored.
    assert not any(cell.outputs for cell in code if "machine" in tags(cell))
    assert any(cell.outputs for cell in code), "no stored outputs: make outputs"
    for cell in code:
        if "nbval-check-output" in tags(cell):
            assert cell.outputs, f"nothing to compare with: {cell.source}"
    outputs = [output for cell in code for output in cell.outputs]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert not [output for output in outputs if output.output_type == "error"]
    text = json.dumps([{k: v for k, v in o.get("data", o).items() if k != "image/png"} for o in outputs])
    assert not re.search(r"/(home|root|tmp|work|Users)/|[A-Z]:\\\\|site-packages|Warning", text)
    assert lesson.stat().st_size < 3_000_000


@every_lesson
def test_exercises_end_in_checks_and_solutions_come_after(lesson):
    notebook, _, _ = read(lesson)
    begin = next(i for i, c in enumerate(notebook.cells) if EXERCISES.search(c.source))
    after = notebook.cells[begin:]
    unanswered = re.compile(r"^\w+ = None\n\w+\.check_\w+\(\w+\)$")
    checks = [i for i, cell in enumerate(after) if unanswered.match(cell.source)]
    assert len(checks) >= 2
    solutions = next(i for i, cell in enumerate(after) if "<details>" in cell.source)
    assert solutions > max(checks)


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("lessons") / "run"


def run_nbval(notebook) -> subprocess.CompletedProcess:
    """Run a notebook's cells as tests in a pytest of its own, which stops at the first failure."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:python", "-p", "no:cacheprovider"]
    command += ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", "240", str(notebook)]
    return subprocess.run(command, cwd=notebook.parent, capture_output=True, text=True)


@every_lesson
def test_every_cell_runs_and_stored_outputs_are_current(lesson, run_dir, tmp_path):
    """nbval in the quick profile: no error in any cell, and the deterministic outputs are as stored."""
    given = series.PROFILES["quick"] | {"run_dir": str(run_dir)}
    known = series.lesson_parameters(lesson)
    copy = tmp_path / lesson.name
    parameters = {name: value for name, value in given.items() if name in known}
    papermill.execute_notebook(lesson, copy, parameters, prepare_only=True, progress_bar=False)
    done = run_nbval(copy)
    _, code, _ = read(copy)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert f"{len(code)} passed" in done.stdout, done.stdout[-2000:]


def test_nbval_sees_an_output_that_is_not_current(tmp_path):
    """The check above can fail: a stored output that was tampered with is found."""
    lesson = LESSONS[3]
    notebook, code, _ = read(lesson)
    checked = next(
        cell for cell in code if "nbval-check-output" in tags(cell) and cell.outputs[0].get("text")
    )
    checked.outputs[0].text = checked.outputs[0].text.replace("1", "2")
    nbformat.write(notebook, tmp_path / "changed.ipynb")
    papermill.execute_notebook(
        tmp_path / "changed.ipynb",
        tmp_path / "copy.ipynb",
        {"dataset": "doodles"},
        prepare_only=True,
        progress_bar=False,
    )
    done = run_nbval(tmp_path / "copy.ipynb")
    assert done.returncode == 1 and "1 failed" in done.stdout


def small_pictures(count):
    rng = np.random.default_rng(0)
    y = np.arange(count) % 3
    return (rng.integers(0, 60, (count, 32, 32, 3)) + 80 * y[:, None, None, None]).astype(np.uint8), y


def run_plain_papermill(lesson, folder, **parameters):
    """`papermill LESSON OUT -p NAME VALUE`, from a folder that is not the project's."""
    command = [sys.executable, "-m", "papermill", str(lesson), "out.ipynb", "--no-progress-bar"]
    for name, value in parameters.items():
        # Papermill reads a list as YAML only.
        command += ["-y", f"{name}: {value}"] if isinstance(value, list) else ["-p", name, str(value)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("form", ["npz", "folder"])
def test_lesson_05_on_pictures_of_ones_own(form, tmp_path):
    x, y = small_pictures(150)
    if form == "npz":
        source = tmp_path / "mine.npz"
        np.savez(source, x_train=x[:120], y_train=y[:120], x_test=x[120:], y_test=y[120:])
    else:
        source = tmp_path / "mine"
        for place, (picture, label) in enumerate(zip(x, y, strict=True)):
            folder = source / ("train" if place < 120 else "test") / ["ant", "bee", "cow"][label]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).resize((40 + place % 7, 50)).save(folder / f"{place}.png")
    done = run_plain_papermill(
        LESSONS[4], tmp_path, dataset=source, epochs=2, batch_size=16, run_dir="mine-run"
    )
    assert done.returncode == 0, done.stderr[-3000:]
    metrics = json.loads((tmp_path / "mine-run" / "metrics.json").read_text())
    assert (metrics["epochs"], metrics["batch_size"], metrics["train_size"]) == (2, 16, 108)
    assert metrics["classes"] == (
        ["ant", "bee", "cow"] if form == "folder" else ["class 0", "class 1", "class 2"]
    )


def test_lesson_05_killed_midway_goes_on_and_refuses_other_parameters(tmp_path):
    x, y = small_pictures(300)
    np.savez(tmp_path / "mine.npz", x_train=x[:270], y_train=y[:270], x_test=x[270:], y_test=y[270:])
    command = [sys.executable, "-m", "papermill", str(LESSONS[4]), "out.ipynb", "--no-progress-bar"]
    command += ["-p", "dataset", "mine.npz", "-p", "epochs", "200", "-p", "run_dir", "long"]
    process = psutil.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    network = tmp_path / "long" / "model.keras"
    end = time.monotonic() + 120
    while not network.exists():
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.2)
    for each in [*process.children(recursive=True), process]:  # the kernel first
        each.kill()
    process.wait()
    done = len((tmp_path / "long" / "history.csv").read_text().splitlines()) - 1
    assert 1 <= done < 200 and not (tmp_path / "long" / "metrics.json").exists()

    refused = run_plain_papermill(LESSONS[4], tmp_path, dataset="mine.npz", epochs=3, run_dir="long")
    assert refused.returncode != 0
    assert "holds a run with other parameters (epochs=200, now 3)" in refused.stderr

    # Make it a run of one epoch more than were done, so that the test ends soon.
    settings = tmp_path / "long" / "settings.json"
    settings.write_text(settings.read_text().replace('"epochs": 200', f'"epochs": {done + 1}'))
    again = run_plain_papermill(LESSONS[4], tmp_path, dataset="mine.npz", epochs=done + 1, run_dir="long")
    assert again.returncode == 0, again.stderr[-3000:]
    text = (tmp_path / "out.ipynb").read_text()
    before = int(re.search(rf"(\d+) of {done + 1} epochs done before", text)[1])
    assert done - 1 <= before <= done  # the kill may have come between the row and the network of an epoch
    assert f"Trained {done + 1} of {done + 1} epochs." in text


def test_lesson_08_trains_each_remedy_once_and_stops_early(tmp_path):
    rng = np.random.default_rng(0)  # nothing can be learned: the validation loss soon rises
    x, y = rng.integers(0, 256, (160, 32, 32, 3)).astype(np.uint8), np.arange(160) % 2
    np.savez(tmp_path / "mine.npz", x_train=x[:120], y_train=y[:120], x_test=x[120:], y_test=y[120:])
    given = {"dataset": "mine.npz", "epochs": 60, "run_dir": "longer", "learning_rate": 0.003}
    names = ("none", "early_stopping", "flip+dropout")
    # What an interruption left behind: early stopping begins anew, because its best epoch is not known.
    left = tmp_path / "longer" / "early_stopping"
    first = run_plain_papermill(LESSONS[7], tmp_path, remedies="early_stopping", **given)
    assert first.returncode == 0, first.stderr[-3000:]
    epochs = pd.read_csv(left / "history.csv")
    (left / "metrics.json").unlink()
    done = run_plain_papermill(LESSONS[7], tmp_path, remedies=", ".join(names), **given)
    assert done.returncode == 0, done.stderr[-3000:]
    runs = {name: training.load_run(tmp_path / "longer" / name) for name in names}
    pd.testing.assert_series_equal(runs["early_stopping"].history["val_loss"], epochs["val_loss"])
    assert len(runs["none"].history) == 60
    losses = runs["early_stopping"].history["val_loss"]
    assert len(losses) == losses.idxmin() + 6 < 60  # five epochs after the best one
    # The network that is kept is the one of the best epoch, and the one that was measured.
    kept = runs["early_stopping"].load_model()
    _, accuracy = kept.evaluate(x[120:], y[120:], verbose=0)
    assert accuracy == pytest.approx(runs["early_stopping"].metrics["test_accuracy"], abs=1e-5)
    # Without remedies it is the network of lesson 05: that one, with the same numbers, answers the same.
    same = reference_network(2)
    same.set_weights(runs["none"].load_model().get_weights())
    answers = same.predict(x[120:], verbose=0).argmax(axis=1)
    assert len(np.unique(answers)) == 2
    assert (answers == y[120:]).mean() == pytest.approx(runs["none"].metrics["test_accuracy"], abs=1e-5)
    kinds = [type(layer).__name__ for layer in runs["flip+dropout"].load_model().layers]
    assert kinds.count("RandomFlip") == 1 and kinds.count("Dropout") == 3
    written = {name: (run.folder / "model.keras").stat().st_mtime for name, run in runs.items()}
    again = run_plain_papermill(LESSONS[7], tmp_path, remedies=", ".join(names), **given)
    assert again.returncode == 0, again.stderr[-3000:]
    assert written == {name: (run.folder / "model.keras").stat().st_mtime for name, run in runs.items()}


def test_lesson_08_refuses_a_remedy_that_there_is_not(tmp_path):
    x, y = small_pictures(60)
    np.savez(tmp_path / "mine.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    given = {"dataset": "mine.npz", "epochs": 1, "run_dir": "longer", "remedies": "none, dropout+sleep"}
    done = run_plain_papermill(LESSONS[7], tmp_path, **given)
    assert done.returncode != 0
    assert "There is no remedy 'sleep'; there are none, early_stopping, dropout" in done.stderr
    assert not (tmp_path / "longer").exists()  # refused before anything is trained


def test_lesson_06_alone_trains_what_it_needs_and_shows_a_picture_of_ones_own(tmp_path):
    x, y = small_pictures(90)
    np.savez(tmp_path / "mine.npz", x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    Image.fromarray(np.repeat(np.repeat(x[0], 9, axis=0), 12, axis=1)).convert("L").save(
        tmp_path / "grey.png"
    )
    done = run_plain_papermill(
        LESSONS[5], tmp_path, dataset="mine.npz", epochs=1, pictures=[0, 29, 999], picture="grey.png"
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "runs" / "reference" / "metrics.json").exists()
    text = (tmp_path / "out.ipynb").read_text()
    assert "training one now" in text and "288 × 384 pixels" in text


def test_lesson_06_with_the_network_that_comes_along_trains_nothing(tmp_path):
    Image.fromarray(small_pictures(3)[0][0]).save(tmp_path / "own.png")
    given = {"dataset": "doodles", "weights": "shipped", "picture": "own.png"}
    done = run_plain_papermill(LESSONS[5], tmp_path, **given)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "The network that comes with the lessons" in (tmp_path / "out.ipynb").read_text()
    assert not (tmp_path / "runs").exists()


def test_lesson_06_refuses_that_network_for_other_classes(tmp_path):
    x, y = small_pictures(90)
    np.savez(tmp_path / "mine.npz", x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    done = run_plain_papermill(LESSONS[5], tmp_path, dataset="mine.npz", weights="shipped")
    assert done.returncode == 1
    assert 'these pictures have the classes class 0, class 1, class 2: give weights="run".' in done.stderr


def test_lesson_09_refuses_a_recipe_that_there_is_not(tmp_path):
    done = run_plain_papermill(LESSONS[8], tmp_path, dataset="doodles", recipe="hours")
    assert done.returncode == 1
    assert "There is no 'hours' among seconds, minutes, far." in done.stderr
    assert not (tmp_path / "runs").exists()  # refused before anything is trained
