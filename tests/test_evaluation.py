"""Intervals, accuracy by class, calibration."""

import ast
from types import SimpleNamespace

from helpers.errors import UserError
from helpers.prediction import indices_in_test_set
from lesson_tools.run import find_lessons

import nbformat
import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from scipy.stats import binom, binomtest


def written_in_lesson_08(**given) -> dict:
    """The functions of the lesson and its temperature, computed from the names in `given`."""
    [lesson] = find_lessons(["08"])
    cells = [cell.source for cell in nbformat.read(lesson, as_version=4).cells if cell.cell_type == "code"]
    tree = ast.parse("\n".join(cells))
    wanted = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ImportFrom | ast.Import)]
    if given:
        steps = ("indices = ", "temperatures = ", "losses = ", "temperature = ")
        wanted += [node for node in tree.body if ast.unparse(node).startswith(steps)]
    exec(compile(ast.Module(wanted, []), lesson.name, "exec"), given)
    return given


evaluation = SimpleNamespace(**written_in_lesson_08())


def test_interval_agrees_with_wilsons_formula():
    correct, total, z = 700, 1000, 1.959964
    share = correct / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    assert evaluation.accuracy_interval(correct, total) == pytest.approx(
        (middle - half, middle + half), abs=1e-6
    )


def test_interval_covers_the_true_accuracy_as_often_as_it_says():
    counts = range(360, 441)  # others hardly come up
    intervals = [evaluation.accuracy_interval(correct, 500) for correct in counts]
    covered = np.array([low <= 0.8 <= high for low, high in intervals])
    assert 0.94 < binom.pmf(counts, 500, 0.8) @ covered < 0.96


@pytest.mark.parametrize("total", [1, 7, 2000])
def test_interval_agrees_with_scipy_and_stays_between_0_and_1(total):
    for correct in {0, 1, total // 2, total}:
        by_scipy = binomtest(correct, total).proportion_ci(0.95, method="wilson")
        low, high = evaluation.accuracy_interval(correct, total)
        assert (low, high) == pytest.approx((by_scipy.low, by_scipy.high), abs=1e-12)
        assert -1e-12 < low < high < 1 + 1e-12


def test_intervals_of_a_whole_column():
    columns = evaluation.accuracy_interval(pd.Series([3, 0]), pd.Series([4, 0]))
    assert [column[0] for column in columns] == pytest.approx(evaluation.accuracy_interval(3, 4))
    assert all(np.isnan(column[1]) for column in columns)  # of no images


def test_accuracy_by_class():
    y = np.array([0, 0, 0, 0, 1, 1])
    predicted = np.array([0, 0, 0, 1, 1, 0])
    table = evaluation.accuracy_by_class(y, predicted, ("cat", "dog"))
    assert table.loc["cat", ["images", "correct", "accuracy"]].tolist() == [4, 3, 0.75]
    assert table.loc["dog", ["images", "correct", "accuracy"]].tolist() == [2, 1, 0.5]
    assert (table["low"] < table["accuracy"]).all() and (table["accuracy"] < table["high"]).all()


def test_accuracy_of_a_class_that_the_test_set_lacks():
    table = evaluation.accuracy_by_class(np.array([0, 2]), np.array([0, 1]), ("cat", "dog", "elk"))
    assert table["images"].tolist() == [1, 0, 1] and table["accuracy"].isna().tolist() == [False, True, False]
    assert table.loc["dog", ["low", "high"]].isna().all() and table.loc["elk", "accuracy"] == 0


def test_indices_that_a_small_test_set_has():
    assert indices_in_test_set([1, 3, 100], 200) == [1, 3, 100]
    assert indices_in_test_set([1, 3, 100], 15) == [1, 3]


@pytest.mark.parametrize("indices", [[3], [-1], [99, 100], []])
def test_indices_that_are_not_there_are_refused(indices):
    with pytest.raises(UserError, match="from 0 to 2"):
        indices_in_test_set(indices, 3)


def test_reliability_by_hand():
    # Confidences 0.95 (right), 0.95 (wrong), 0.6 (right); 0.6 is the upper edge of its bin.
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.4, 0.6]])
    table = evaluation.reliability(np.array([0, 1, 1]), probabilities, bins=10)
    assert table["images"].to_dict() == {5: 1, 9: 2}
    assert table["accuracy"][9] == 0.5 and table["confidence"][9] == pytest.approx(0.95)
    assert table["accuracy"][5] == 1
    assert (table["low"][9], table["high"][9]) == evaluation.accuracy_interval(1, 2)
    # (1 image · 0.4 + 2 images · 0.45) / 3
    error = evaluation.calibration_error(np.array([0, 1, 1]), probabilities)
    assert error == pytest.approx((0.4 + 2 * 0.45) / 3)


@pytest.fixture
def calibrated():
    """Labels drawn with the very probabilities that the logits stand for."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, size=(20_000, 4))
    probabilities = softmax(logits, axis=1)
    y = (probabilities.cumsum(axis=1) > rng.random((len(logits), 1))).argmax(axis=1)
    return y, logits


@pytest.mark.parametrize("temperature", [0.4, 1, 2.5])
def test_temperature_finds_what_the_logits_were_multiplied_with(calibrated, temperature):
    y, logits = calibrated
    too_sure = temperature * logits
    lesson = written_in_lesson_08(y_validation=y, validation_logits=too_sure)
    assert lesson["temperature"] == pytest.approx(temperature, rel=0.05)
    before = lesson["calibration_error"](y, softmax(too_sure, axis=1))
    after = lesson["calibration_error"](y, softmax(too_sure / temperature, axis=1))
    assert after < 0.02 and (temperature == 1 or before > 0.1)
