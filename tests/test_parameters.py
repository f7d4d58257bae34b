"""The table of parameters: what is accepted, in which type, and what is refused with which sentence."""

import re
import sys
from pathlib import Path

from helpers.parameters import PARAMETERS, ParameterError, check, check_parameters, refuse_unknown
from lesson_tools.parameters import PAGE, with_tables

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("epochs", "2", 2),
        ("epochs", np.int64(2), 2),
        ("learning_rate", "1e-3", 0.001),
        ("learning_rate", 1, 1.0),
        ("images", "[4]", [4]),
        ("images", "4, 5", [4, 5]),
        ("batch_sizes", [16, "32"], [16, 32]),
        ("learning_rates", (0.1, 1), [0.1, 1.0]),
        ("remedies", "none, flip+shift", "none, flip+shift"),
        ("image", "", ""),
        ("image", __file__, __file__),
        ("dataset", Path(__file__).parent, str(Path(__file__).parent)),
        ("run_dir", "7", "7"),
        ("run_dir", "new/and/newer", "new/and/newer"),
        ("run_dir", Path(__file__).parent, str(Path(__file__).parent)),
    ],
)
def test_accepted_in_the_type_of_the_parameter(name, given, value):
    checked = check(name, given)
    assert checked == value and type(checked) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "accepted"),
    [
        ("epochs", "2.5", "a whole number, 1 or more"),
        ("epochs", 0, "a whole number, 1 or more"),
        ("epochs", True, "a whole number"),
        ("epochs", [2], "a whole number"),
        ("epochs", "open('x')", "a whole number"),
        ("learning_rate", "fast", "a number, more than 0"),
        ("learning_rate", "1e400", "a number, more than 0"),
        ("learning_rate", float("nan"), "a number, more than 0"),
        ("seed", 2**32, "a whole number, from 0 to 4294967295"),
        ("images", [], "a list of at least one whole number, each 0 or more"),
        ("images", "[1, 'a']", "a list of at least one whole number, each 0 or more"),
        ("learning_rates", "0.1, fast", "a list of at least one number, each more than 0"),
        ("optimizer", "Adam", "adam or sgd"),
        ("normalization", "standardise", "none, divide, center or standardize"),
        ("remedies", "none, sleep", "none, early_stopping, dropout, "),
        ("remedies", "", "none, early_stopping, dropout, "),
        ("image", "no-such.jpg", "empty or the path of a file that is there"),
        ("dataset", "", "auto, cifar10, doodles or the path of a file or folder that is there"),
        ("dataset", 3, "auto, cifar10, doodles or the path"),
        ("scheduler", 8786, "a text"),
        ("epochs", "{[1]: 2}", "a whole number"),
        ("learning_rate", "1" + 400 * "0", "a number, more than 0"),
        ("image", "~nobody-of-this-name/own.jpg", "empty or the path of a file that is there"),
        ("dataset", 300 * "x", "auto, cifar10, doodles or the path"),
        ("run_dir", "", "the path of a folder that is there or can be made"),
        ("run_dir", 7, "the path of a folder that is there or can be made"),
        ("run_dir", __file__, "the path of a folder that is there or can be made"),
        ("run_dir", f"{__file__}/run", "the path of a folder that is there or can be made"),
        ("run_dir", "new/" + 300 * "x", "the path of a folder that is there or can be made"),
        ("run_dir", 300 * "x", "the path of a folder that is there or can be made"),
        ("run_dir", "~nobody-of-this-name/run", "the path of a folder that is there or can be made"),
        ("optimizer", " adam", "adam or sgd"),
    ],
)
def test_refused_with_what_is_accepted(name, given, accepted):
    with pytest.raises(ParameterError, match=re.escape(f"The parameter {name} is {accepted}")) as refused:
        check(name, given)
    said = str(refused.value)
    assert "\n" not in said and len(said) < 400
    assert said.endswith(f"; {given!r} is not." if len(repr(given)) < 200 else "… is not.")


def test_a_default_of_the_lesson_is_accepted():
    assert check("epochs", "0", 0) == 0  # lesson 10: the recipe's own


def test_a_parameter_of_a_notebook_of_ones_own_has_the_type_of_its_default():
    assert check("depth", "3", 1) == 3 and check("fast", "True", False) is True
    assert check("widths", "1, 2", [8]) == [1, 2]
    for given, default in (("3.5", 1), ("yes", False), ("1", None)):
        with pytest.raises(ParameterError):
            check("depth", given, default)


def test_an_old_name_is_refused_with_the_new_one():
    with pytest.raises(ParameterError, match="The parameter optimiser is called optimizer now"):
        refuse_unknown(["epochs", "optimiser"], PARAMETERS)
    with pytest.raises(ParameterError, match="There is no parameter epoch here; there are batch_size,"):
        refuse_unknown(["epoch"], PARAMETERS)


def test_a_dangling_link_is_no_folder_that_can_be_made(tmp_path):
    (tmp_path / "runs").symlink_to(tmp_path / "gone")
    for path in (tmp_path / "runs", tmp_path / "runs" / "mine"):
        with pytest.raises(ParameterError):
            check("run_dir", path)


def test_a_lesson_takes_values_of_the_type_alone():
    check_parameters(learning_rate=1, images=[3], dataset=Path(__file__), run_dir="new")
    check_parameters(learning_rate=np.sqrt(0.1), images=list(np.arange(3)))
    for name, value in (
        ("epochs", "2"),  # what the runner reads, the lesson would go on with
        ("epochs", 2.5),
        ("epochs", np.int64(2)),  # settings.json can't hold it
        ("epochs", 0),
        ("epochs", "ten"),
        ("seeds", 0),
        ("seed", None),
        ("learning_rate", "0.1"),
        ("learning_rate", float("inf")),  # what papermill makes of 1e400
        ("learning_rate", float("nan")),
        ("images", "[1, 3]"),
        ("images", [1, "3"]),
        ("weights", "Shipped"),
    ):
        with pytest.raises(
            ParameterError, match=re.escape(f"The parameter {name} is {PARAMETERS[name].accepted}")
        ):
            check_parameters(**{name: value})


def test_a_lesson_refuses_an_old_name_that_papermill_gave_it(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "optimiser", "sgd", raising=False)
    check_parameters(seed=0)  # of a lesson without an optimizer
    with pytest.raises(ParameterError, match="The parameter optimiser is called optimizer now"):
        check_parameters(optimizer="adam")


def test_the_page_is_current():
    text = PAGE.read_text(encoding="utf-8")
    assert with_tables(text) == text, "lessons outputs renews it"
