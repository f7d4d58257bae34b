"""Lessons run with plain papermill: images of one's own, other parameters, interruptions, mistakes."""

import json
import os
import re
import subprocess
import sys
import time

from helpers import training
from helpers.datasets import load_dataset
from helpers.errors import UserError
from helpers.networks import reference_network
from helpers.pretrained import load_pretrained
from lesson_tools import run

import nbformat
import numpy as np
import pandas as pd
import psutil
import pytest
from PIL import Image

LESSONS = run.find_lessons()


def small_images(count):
    rng = np.random.default_rng(0)
    y = np.arange(count) % 3
    return (rng.integers(0, 60, (count, 32, 32, 3)) + 80 * y[:, None, None, None]).astype(np.uint8), y


def run_plain_papermill(lesson, folder, env=None, **parameters):
    """`papermill LESSON OUT -p NAME VALUE`, from a folder that is not the project's."""
    command = [sys.executable, "-m", "papermill", str(lesson), "out.ipynb", "--no-progress-bar"]
    for name, value in parameters.items():
        # Papermill reads a list as YAML only.
        command += ["-y", f"{name}: {value}"] if isinstance(value, list) else ["-p", name, str(value)]
    env = os.environ | (env or {})
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A folder with images that no lesson was written for, and the environment of somebody with own settings.

    Five classes that are told apart without a mistake, of very different size, one of them not in the test
    set, with names that matplotlib, Markdown and HTML would read as markup, or that are too long.
    """
    folder = tmp_path_factory.mktemp("odd")
    names = ["USD $5 to $6", r"$\alph$", "<b>a_b</b> | `c` *", 9 * "a very long name ", "猫"]
    y = np.repeat(np.arange(5), [60, 40, 40, 40, 2])
    y_test = np.repeat(np.arange(4), [5, 1, 1, 1])
    rng, levels = (
        np.random.default_rng(0),
        np.array([[0, 0, 0], [250, 0, 0], [0, 250, 0], [0, 0, 250], [250] * 3]),
    )
    images = [
        (levels[labels][:, None, None] + rng.integers(0, 5, (len(labels), 32, 32, 3))).astype(np.uint8)
        for labels in (y, y_test)
    ]
    arrays = dict(
        zip(("x_train", "x_test"), images, strict=True), y_train=y, y_test=y_test, class_names=names
    )
    np.savez(folder / "odd.npz", **arrays)
    (folder / "home").mkdir()
    keras_json = {
        "floatx": "float16",
        "epsilon": 0.1,
        "backend": "jax",
        "image_data_format": "channels_first",
    }
    (folder / "home" / "keras.json").write_text(json.dumps(keras_json))
    (folder / "home" / "matplotlibrc").write_text("text.usetex: True\nbackend: Agg\nfont.size: 40\n")
    env = {"KERAS_HOME": str(folder / "home"), "MATPLOTLIBRC": str(folder / "home")}
    env |= {"KERAS_BACKEND": "jax", "KERAS_MAX_EPOCHS": "1", "KERAS_MAX_STEPS_PER_EPOCH": "1"}
    env |= {
        "MPLBACKEND": "Agg",
        "PYTHONWARNINGS": "error",
        "PYTHONOPTIMIZE": "1",
        "PYTHONIOENCODING": "ascii",
    }
    return folder, env


@pytest.mark.parametrize("number", [6, 7, 8])
def test_lessons_06_to_08_on_odd_images_in_an_odd_environment(number, odd):
    folder, env = odd
    given = {
        "dataset": "odd.npz",
        "train_size": 0,
        "epochs": 6,
        "run_dir": "run",
        "seeds": 1,
        "images": [0, 7],
    }
    known = run.lesson_parameters(LESSONS[number - 1])
    given = {name: value for name, value in given.items() if name in known}
    done = run_plain_papermill(LESSONS[number - 1], folder, env, **given)
    assert done.returncode == 0, done.stderr[-3000:]
    metrics = json.loads((folder / "run" / "metrics.json").read_text())
    assert metrics["epochs_trained"] == 6 and metrics["test_accuracy"] == 1  # or the lessons show mistakes
    cells = [cell for cell in nbformat.read(folder / "out.ipynb", 4).cells if cell.cell_type == "code"]
    for cell in cells:
        kinds = [output.get("name") or [*output.get("data", {})] for output in cell.outputs]
        assert "stderr" not in kinds, cell.outputs
        if "figures.show(" in cell.source:  # or the explorer, whose page holds its image
            assert any({"image/png", "text/html"} & {*kind} for kind in kinds), cell.source


def test_lesson_06_refuses_an_old_name_before_anything_is_made(tmp_path):
    done = run_plain_papermill(LESSONS[5], tmp_path, optimiser="sgd", run_dir="mine")
    assert done.returncode != 0
    assert "ParameterError: The parameter optimiser is called optimizer now." in done.stderr
    assert not (tmp_path / "mine").exists()


def test_lesson_06_on_own_images_killed_midway_goes_on_and_refuses_other_parameters(tmp_path):
    x, y = small_images(150)
    for place, (image, label) in enumerate(zip(x, y, strict=True)):
        folder = tmp_path / "mine" / ("train" if place < 120 else "test") / ["ant", "bee", "cow"][label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).resize((40 + place % 7, 50)).save(folder / f"{place}.png")
    command = [sys.executable, "-m", "papermill", str(LESSONS[5]), "out.ipynb", "--no-progress-bar"]
    command += ["-p", "dataset", "mine", "-p", "epochs", "200", "-p", "run_dir", "long"]
    process = psutil.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    network = tmp_path / "long" / "model.keras"
    end = time.monotonic() + 900  # lesson 06 does much before that, on a slow machine for minutes
    while not network.exists():
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.2)
    with pytest.raises(UserError, match=r"is at work in .*long: wait for it, shut its kernel down"):
        training.find_or_train(tmp_path / "long", load_dataset(tmp_path / "mine"), 0, 200, 0)
    for each in [*process.children(recursive=True), process]:  # the kernel first
        each.kill()
    process.wait()
    done = len((tmp_path / "long" / "history.csv").read_text().splitlines()) - 1
    assert 1 <= done < 200 and not (tmp_path / "long" / "metrics.json").exists()

    refused = run_plain_papermill(LESSONS[5], tmp_path, dataset="mine", epochs=3, run_dir="long")
    assert refused.returncode != 0
    assert "holds a run with other parameters (epochs=200, now 3)" in refused.stderr

    # Make it a run of one epoch more than were done, so that the test ends soon.
    settings = tmp_path / "long" / "settings.json"
    settings.write_text(settings.read_text().replace('"epochs": 200', f'"epochs": {done + 1}'))
    again = run_plain_papermill(LESSONS[5], tmp_path, dataset="mine", epochs=done + 1, run_dir="long")
    assert again.returncode == 0, again.stderr[-3000:]
    text = (tmp_path / "out.ipynb").read_text()
    before = int(re.search(rf"(\d+) of {done + 1} epochs done before", text)[1])
    assert done - 1 <= before <= done  # the kill may have come between the row and the network of an epoch
    assert f"Trained {done + 1} of {done + 1} epochs." in text
    metrics = json.loads((tmp_path / "long" / "metrics.json").read_text())
    assert (metrics["epochs"], metrics["batch_size"], metrics["train_size"]) == (done + 1, 32, 108)
    assert metrics["classes"] == ["ant", "bee", "cow"]


def test_lesson_09_trains_each_remedy_once_and_stops_early(tmp_path):
    rng = np.random.default_rng(0)  # nothing can be learned: the validation loss soon rises
    x, y = rng.integers(0, 256, (160, 32, 32, 3)).astype(np.uint8), np.arange(160) % 2
    np.savez(tmp_path / "mine.npz", x_train=x[:120], y_train=y[:120], x_test=x[120:], y_test=y[120:])
    given = {"dataset": "mine.npz", "epochs": 12, "run_dir": "longer", "learning_rate": 0.003}
    names = ("none", "early_stopping", "flip+dropout")
    done = run_plain_papermill(LESSONS[8], tmp_path, remedies=", ".join(names), **given)
    assert done.returncode == 0, done.stderr[-3000:]
    runs = {name: training.load_run(tmp_path / "longer" / name) for name in names}
    assert len(runs["none"].history) == 12
    losses = runs["early_stopping"].history["val_loss"]
    assert len(losses) == losses.idxmin() + 6 < 12  # five epochs after the best one
    # The network that is kept is the one of the best epoch, and the one that was measured.
    kept = runs["early_stopping"].load_model()
    _, accuracy = kept.evaluate(x[120:], y[120:], verbose=0)
    assert accuracy == pytest.approx(runs["early_stopping"].metrics["test_accuracy"], abs=1e-5)
    # Without remedies it is the network of lesson 06: that one, with the same numbers, answers the same.
    same, trained = reference_network(2), runs["none"].load_model()
    same.set_weights(trained.get_weights())
    logits = [network.predict(x[120:], verbose=0) for network in (same, trained)]
    np.testing.assert_allclose(*logits, rtol=1e-5)
    kinds = [type(layer).__name__ for layer in runs["flip+dropout"].load_model().layers]
    assert kinds.count("RandomFlip") == 1 and kinds.count("Dropout") == 3
    # An interruption: early stopping begins anew, because its best epoch is not known; the others stay.
    (runs["early_stopping"].folder / "metrics.json").unlink()
    written = {name: (run.folder / "model.keras").stat().st_mtime for name, run in runs.items()}
    again = run_plain_papermill(LESSONS[8], tmp_path, remedies=", ".join(names), **given)
    assert again.returncode == 0, again.stderr[-3000:]
    pd.testing.assert_series_equal(runs["early_stopping"].history["val_loss"], losses)
    changed = {
        name for name, run in runs.items() if (run.folder / "model.keras").stat().st_mtime != written[name]
    }
    assert changed == {"early_stopping"}


def test_lesson_09_refuses_a_remedy_that_there_is_not(tmp_path):
    x, y = small_images(60)
    np.savez(tmp_path / "mine.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    given = {"dataset": "mine.npz", "epochs": 1, "run_dir": "longer", "remedies": "none, dropout+sleep"}
    done = run_plain_papermill(LESSONS[8], tmp_path, **given)
    assert done.returncode != 0
    assert "none, early_stopping, dropout" in done.stderr
    assert not (tmp_path / "longer").exists()  # refused before anything is trained


def test_lesson_07_alone_trains_what_it_needs_and_shows_a_image_of_ones_own(tmp_path):
    x, y = small_images(90)
    np.savez(tmp_path / "mine.npz", x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    Image.fromarray(np.repeat(np.repeat(x[0], 9, axis=0), 12, axis=1)).convert("L").save(
        tmp_path / "gray.png"
    )
    done = run_plain_papermill(
        LESSONS[6], tmp_path, dataset="mine.npz", epochs=1, images=[0, 29, 999], image="gray.png"
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "runs" / "reference" / "metrics.json").exists()
    text = (tmp_path / "out.ipynb").read_text()
    assert "training one now" in text and "as it is: (288, 384)" in text


def test_lesson_07_with_the_network_that_comes_along_trains_nothing(tmp_path):
    Image.fromarray(small_images(3)[0][0]).save(tmp_path / "own.png")
    given = {"dataset": "doodles", "weights": "shipped", "image": "own.png"}
    done = run_plain_papermill(LESSONS[6], tmp_path, **given)
    assert done.returncode == 0, done.stderr[-3000:]
    text = (tmp_path / "out.ipynb").read_text()
    assert f"{load_pretrained().count_params():,} parameters of the layers" in text
    assert "training one now" not in text and not (tmp_path / "runs" / "reference").exists()
