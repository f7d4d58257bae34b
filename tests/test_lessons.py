"""The rules of the lessons that a program can check, and every lesson run in a real kernel."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from helpers import figures
from helpers.datasets import cache_dir, load_dataset
from helpers.parameters import PARAMETERS
from lesson_tools import run

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import papermill
import pytest

LESSONS = run.find_lessons()
SANITIZE = Path(__file__).parent / "nbval.cfg"
EXERCISES = re.compile(r"^## Exercises", re.M)
# What no lesson says: filler, and words of our own where the field has another (image, standard deviation,
# fix, position or index, weight, training run, optimizer, not decided, projector).
TRAINING = r"trainings?(?=[.,;:)?]|\ (?:is|was|with|of|that|in|on|and|has|for)\b)"
WORDS = rf"""
simply | just | obviously | of\ course | easily | honest(?:ly)? | what\ is\ said(?:\ about)?
| pictures? | (?<!standard\s)deviations? | mend(?:s|ed|ing)? | beamer | go(?:es)?\ over | kernel\ numbers?
| (?<!take\s)(?<!takes\s)(?<!in\s)(?<!in\sits\s)places?(?!\ (?:of|where\ you)\b)
| in\ the\ open | luck\ of(?:\ the)?\ seeds
| (?:a|one|each|another|every|the\ same|this|two|three)\ {TRAINING} | trainings | optimisers? | normalisation
"""

every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def read(lesson):
    notebook = nbformat.read(lesson, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return notebook, code, text


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
    assert all((run.NOTEBOOKS / link).exists() for link in links), links


@every_lesson
def test_imports_first_then_parameters(lesson):
    _, code, _ = read(lesson)
    assert all(
        isinstance(node, ast.Import | ast.ImportFrom | ast.Expr) for node in ast.parse(code[0].source).body
    )
    later = [node for cell in code[1:] for node in ast.walk(ast.parse(cell.source))]
    assert not any(isinstance(node, ast.Import | ast.ImportFrom) for node in later), "imports come first"
    assert "parameters" in tags(code[1])
    assert sum("parameters" in tags(cell) for cell in code) == 1
    for line in code[1].source.splitlines():
        matched = re.fullmatch(r"(\w+) = (.+?)  # ([^=]+)", line)
        assert matched, f"not of the form name = literal  # help: {line}"
        parameter, default = PARAMETERS[matched[1]], ast.literal_eval(matched[2])
        assert isinstance(default, list) == parameter.many
        assert {type(value) for value in (default if parameter.many else [default])} == {parameter.type}
    # papermill reads the same
    assert run.lesson_parameters(lesson).keys() == {
        line.split(" ")[0] for line in code[1].source.splitlines()
    }


@every_lesson
def test_parameters_are_checked_before_anything_is_done(lesson):
    _, code, _ = read(lesson)
    [statement] = ast.parse(code[2].source).body
    assert statement.value.func.id == "check_parameters" and not statement.value.args
    given = {
        keyword.arg: {node.id for node in ast.walk(keyword.value) if isinstance(node, ast.Name)}
        for keyword in statement.value.keywords
    }
    assert given == {name: {name} for name in run.lesson_parameters(lesson)}


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
    found = re.finditer(rf"\b(?:{WORDS})\b", prose, re.I | re.X)
    assert not [prose[max(0, word.start() - 40) : word.end() + 20] for word in found]


@every_lesson
def test_the_headline_is_one_line(lesson):
    _, code, _ = read(lesson)
    cells = [cell for cell in code if "headline" in cell.metadata.get("tags", [])]
    shown = "".join(output.get("text", "") for cell in cells for output in cell.outputs)
    assert cells and shown.count("\n") <= 1, shown


@every_lesson
def test_an_hour_is_enough(lesson):
    """Cells, and words that are read whatever the reader answers."""
    notebook, _, text = read(lesson)
    read_by_all = re.sub(r"<details>.*?</details>", "", text, flags=re.S)
    assert len(notebook.cells) <= 70 and len(read_by_all.split()) <= 2500


@every_lesson
def test_each_section_ends_in_a_self_check(lesson):
    """A question with four answers, of which one is right; a click on an answer says why."""
    _, _, text = read(lesson)
    _, _, _, _, *sections = re.split(r"^## ", text.split("\n## Summary")[0], flags=re.M)
    assert 3 <= len(sections) <= 8
    for section in sections:
        _, *questions = re.split(r"^\*Check yourself\.\* ", section, flags=re.M)
        assert len(questions) == 1, section.splitlines()[0]
        answers = re.findall(r"<details><summary>(.+?)</summary>\n\n(.+?)\n\n</details>", questions[0], re.S)
        assert len(answers) == 4 and section.rstrip().endswith("</details>")
        assert [why.startswith("Right") for _, why in answers].count(True) == 1, section.splitlines()[0]


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


def test_a_class_called_as_a_color_channel_is_drawn_beside_it():
    [cell] = [cell for cell in read(LESSONS[1])[1] if "three tables of numbers" in cell.source]
    x, y = np.zeros((2, 32, 32, 3), np.uint8), np.array([0, 1])
    drawn = {"figures": figures, "plt": plt, "x_train": x, "y_train": y, "class_names": ("red", "green")}
    exec(cell.source, drawn)
    assert len(drawn["figure"].axes) == 4


@every_lesson
def test_stored_outputs(lesson):
    _, code, _ = read(lesson)
    assert any(cell.outputs for cell in code), "no stored outputs: lessons outputs"
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
    command += ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", "900", str(notebook)]
    return subprocess.run(command, cwd=notebook.parent, capture_output=True, text=True)


def group(lesson) -> str:
    """Lessons 06 to 08 share a run, and so a worker of pytest."""
    return "run" if lesson.name[:2] in ("06", "07", "08") else lesson.stem


@pytest.mark.timeout(1800)  # on a slow machine that has other work, too
@pytest.mark.parametrize(
    "lesson",
    [pytest.param(path, id=path.stem, marks=pytest.mark.xdist_group(group(path))) for path in LESSONS],
)
def test_every_cell_runs_and_stored_outputs_are_current(lesson, run_dir, tmp_path):
    """nbval in a short profile: no error in any cell, and the deterministic outputs are as stored."""
    given = run.PROFILES["quick"] | {"epochs": 1, "seeds": 1, "run_dir": str(run_dir)}
    if lesson.name.startswith("10"):  # its reference network has ten epochs, whatever is given
        given["train_size"] = 500
    known = run.lesson_parameters(lesson)
    copy = tmp_path / lesson.name
    parameters = {name: value for name, value in given.items() if name in known}
    papermill.execute_notebook(lesson, copy, parameters, prepare_only=True, progress_bar=False)
    done = run_nbval(copy)
    _, code, _ = read(copy)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert f"{len(code)} passed" in done.stdout, done.stdout[-2000:]


@pytest.fixture(scope="module")
def offline(tmp_path_factory) -> dict[str, str]:
    """The environment of somebody without a network, for whom the built-in images were drawn before."""
    load_dataset("doodles")
    home = tmp_path_factory.mktemp("keras")
    (home / "datasets").mkdir()
    for drawn in cache_dir().glob("doodles-*.npz"):
        shutil.copy(drawn, home / "datasets")
    return os.environ | {"KERAS_HOME": str(home), "CIFAR10_MIRRORS": "http://127.0.0.1:9/nothing-listens"}


def plain_nbval(*arguments, env) -> subprocess.CompletedProcess:
    """`pytest --nbval… notebooks/NN_….ipynb`, from a folder that is not the project's."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, arguments)]
    return subprocess.run(command, cwd=env["KERAS_HOME"], env=env, capture_output=True, text=True)


def test_plain_nbval_runs_a_lesson_with_its_own_parameters(offline):
    done = plain_nbval("--nbval-lax", LESSONS[1], env=offline)
    assert done.returncode == 0, done.stdout[-3000:]


def test_strict_nbval_compares_all_but_what_differs_between_machines(offline, tmp_path):
    strict = ["--nbval", "--nbval-sanitize-with", SANITIZE]
    done = plain_nbval(*strict, LESSONS[4], env=offline)
    assert done.returncode == 0, done.stdout[-3000:]
    notebook, code, _ = read(LESSONS[4])
    for cell in code:
        for output in cell.outputs:
            if "text" in output:
                output.text = output.text.replace("parameters", "perimeters")
    nbformat.write(notebook, tmp_path / "changed.ipynb")
    assert plain_nbval("-x", *strict, tmp_path / "changed.ipynb", env=offline).returncode == 1
