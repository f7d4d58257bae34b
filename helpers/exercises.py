"""The checks of the lessons' exercises, in the order of the lessons.

Each prints one line: right, not yet (with a hint that doesn't give the answer away), or not answered yet.
None raises for a wrong answer, so that a lesson runs through before its exercises are done.
"""

import math

from helpers import gpu
from helpers.convolution import convolve

import numpy as np


def _say(answer, right: bool, hint: str) -> None:
    if answer is None:
        print("Not answered yet: put your answer in place of None and run this cell.")
    else:
        print("Right." if right else f"Not yet. {hint}")


def _number(answer, expected: float, hint: str, tolerance: float = 1e-6) -> None:
    is_number = isinstance(answer, int | float | np.number) and not isinstance(answer, bool)
    if answer is not None and not is_number:
        hint = f"The answer is a number, and {answer!r} is not."
    _say(answer, is_number and math.isclose(answer, expected, rel_tol=0, abs_tol=tolerance), hint)


def _choice(answer, expected: str, choices: tuple[str, ...], hint: str) -> None:
    if answer is not None and answer not in choices:
        hint = f"The answer is one of {', '.join(map(repr, choices))}."
    _say(answer, answer == expected, hint)


# --- Lesson 01 -------------------------------------------------------------------------------------


def check_first_failure(answer) -> None:
    """`answer`: the name of the check to mend first on the machine `gpu.EXERCISE`."""
    checks = gpu.check(gpu.EXERCISE)
    names = [check.name for check in checks]
    right = gpu.first_failure(checks).name
    if answer not in names:
        hint = f"The checks are called {', '.join(map(repr, names))}."
    elif names.index(answer) < names.index(right):
        hint = f"{answer!r} passes on this machine: read on, downwards."
    else:
        hint = f"A check above {answer!r} fails already."
    _say(answer, answer == right, hint)


def check_order(answer) -> None:
    """`answer`: the letters A to D, which put the lines of the second exercise in order."""
    order = answer.upper() if isinstance(answer, str) else ""
    if sorted(order) != list("ABCD"):
        hint = "The answer is a text with each of the letters A, B, C and D once."
    elif order.index("A") > min(order.index("B"), order.index("D")):
        hint = "A line uses tf before TensorFlow is imported."
    elif order.index("C") > order.index("A"):
        hint = "When TensorFlow is imported, CUDA_VISIBLE_DEVICES is not set."
    else:
        hint = "Memory growth comes after the first operation."
    _say(answer, order == "CADB", hint)


# --- Lesson 02 -------------------------------------------------------------------------------------


def check_image_bytes(answer) -> None:
    _number(
        answer, 32 * 32 * 3 * 4, "Count the pixels, then the numbers in each, then the bytes of a number."
    )


def check_constant_answer(answer) -> None:
    _number(answer, 0.6, "Which class is the best one to name always? How many of all images are of it?")


def check_choosing_set(answer) -> None:
    _choice(
        answer,
        "validation",
        ("training", "validation", "test"),
        "The set you choose by can't be one that was learned from, nor the one for the end.",
    )


# --- Lesson 03 -------------------------------------------------------------------------------------


def check_pooled_size(answer) -> None:
    _number(answer, 12, "First input size - kernel size + 1, then divide by the pool size.")


def check_one_output(answer) -> None:
    _number(answer, 9, "Four products, each number with the one at its own place, their sum, and the bias.")


def check_unseen_columns(answer) -> None:
    _number(answer, 3, "How many places are there in a row? Where does the window of the last one end?")


def check_dark_diagonal_kernel(kernel) -> None:
    """`kernel`: a 3×3 table of numbers that answers dark diagonals which fall to the right."""
    hint = "The kernel has to be a table of 3×3 numbers, such as [[0, 0, 0], [0, 1, 0], [0, 0, 0]]."
    right = False
    try:
        kernel_array = np.asarray(kernel, float)
    except (TypeError, ValueError):
        kernel_array = np.empty(0)
    if kernel_array.shape == (3, 3) and np.isfinite(kernel_array).all():
        upright = np.array([[0, 1, 0]] * 3)
        others = {
            "the dark diagonal that rises to the right": 1 - np.eye(3)[::-1],
            "a dark vertical line": 1 - upright,
            "a dark horizontal line": 1 - upright.T,
        }
        answer = convolve(1 - np.eye(3), kernel_array).item()
        bright = convolve(np.ones((3, 3)), kernel_array).item()
        stronger = [name for name, line in others.items() if convolve(line, kernel_array).item() >= answer]
        right = not stronger and math.isclose(bright, 0, abs_tol=1e-6)
        if stronger:
            hint = f"It answers {stronger[0]} at least as strongly as the dark diagonal that falls."
        else:
            hint = f"It answers a window of nine ones with {bright:g}, which should be 0."
    _say(kernel, right, hint)


def unknown_feature_map(photo: np.ndarray) -> np.ndarray:
    """The feature map of the last exercise: that of a kernel which answers bright above dark."""
    return convolve(photo, np.array([[1, 1, 1], [0, 0, 0], [-1, -1, -1]]))


def check_feature_map(answer) -> None:
    """`answer`: what a window of `unknown_feature_map`'s kernel looks like where the map is bright."""
    choices = ("bright above dark", "dark above bright", "bright left of dark", "dark left of bright")
    hints = {
        "dark above bright": "Look at the line between the sky and a roof: is the map bright or dark there?",
        "bright left of dark": "Such a kernel would bring out upright edges. Which ones stand out here?",
        "dark left of bright": "Such a kernel would bring out upright edges. Which ones stand out here?",
    }
    known = hints.get(answer, "") if isinstance(answer, str) else ""
    _choice(answer, choices[0], choices, known)


# --- Lesson 04 -------------------------------------------------------------------------------------


def check_convolution_parameters(answer) -> None:
    _number(
        answer,
        16 * (5 * 5 * 3 + 1),
        "Each filter has a kernel number for each place and channel, and a bias.",
    )


def check_flatten_size(answer) -> None:
    _number(answer, 12 * 12 * 64, "Go through convolution, pooling, convolution, pooling, convolution.")


def check_first_loss(answer) -> None:
    _number(answer, math.log(100), "Each class gets the probability 1/100. Take minus its logarithm.", 0.01)


def check_receptive_field(answer) -> None:
    _number(answer, 7, "Each kernel adds its size - 1 to the width, times the step. What is the step?")


# --- Lesson 05 -------------------------------------------------------------------------------------


def check_steps_per_epoch(answer) -> None:
    _number(
        answer, math.ceil(50_000 / 32), "The images that are left over for the last batch are a step too."
    )


def check_better_network(answer) -> None:
    _choice(answer, "second", ("first", "second"), "Which of the two numbers is about new images?")


# --- Lesson 06 -------------------------------------------------------------------------------------


def check_equal_logits(answer) -> None:
    _number(answer, 1 / 3, "Softmax of equal numbers: who gets more than the others?", 0.01)


def check_shifted_logits(answer) -> None:
    _choice(
        answer, "same", ("larger", "smaller", "same"), "Compute both: exponentials, divided by their sum."
    )


# --- Lesson 07 -------------------------------------------------------------------------------------


def check_small_difference(answer) -> None:
    _choice(answer, "no", ("yes", "no"), "How wide is the interval for 100 images in the table above?")


def check_images_for_half_width(answer) -> None:
    _number(
        answer,
        8_000,
        "Compare the rows of the table above: half the width, how many times the images?",
        800,
    )


def check_share_of_cats(answer) -> None:
    _number(answer, 0.6, "How many cats are in the row in all, and how many of them are on the diagonal?")


def check_calibration_gap(answer) -> None:
    _number(answer, 0.15, "Accuracy of the range: how many of its images are right? Then the distance.", 1e-6)


def check_temperature(answer) -> None:
    _choice(
        answer,
        "same",
        ("higher", "lower", "same"),
        "Which class is named depends on the largest logit alone.",
    )


# --- Lesson 08 -------------------------------------------------------------------------------------


def check_stopping_epoch(answer) -> None:
    _number(answer, 6, "Find the lowest loss, then count three epochs that are not lower.")


def check_restored_epoch(answer) -> None:
    _number(answer, 3, "In which epoch was the loss lowest?")


def check_dropout_factor(answer) -> None:
    _number(answer, 2, "Half of ten ones are left: which factor makes their sum 10 again?")


def check_harmful_remedy(answer) -> None:
    _choice(
        answer, "flip", ("flip", "shift", "dropout"), "Which of them makes another class out of an image?"
    )


def check_remedy_interval(answer) -> None:
    _choice(answer, "luck", ("higher", "lower", "luck"), "Does the interval hold 0?")


def check_rising_loss(answer) -> None:
    _choice(
        answer,
        "surer",
        ("surer", "less sure"),
        "For an image that is wrong, does a smaller probability of the true class cost more or less?",
    )


# --- Lesson 09 -------------------------------------------------------------------------------------


def check_fixed_milliseconds(answer) -> None:
    _number(answer, 4, "How much longer does the step take for how many more images? So what takes one?")


def check_operations(answer) -> None:
    _number(
        answer,
        28_311_552,
        "Each number of each map: size · size · channels products, and as many additions.",
        300_000,
    )


def check_amdahl(answer) -> None:
    _number(answer, 1 / 0.475, "Of the time, 40 % stays as it is. What becomes of the other 60 %?", 0.01)


def check_smoothed_label(answer) -> None:
    _number(
        answer, 0.925, "The true class gives 0.1 away and gets a part of it back: how large a part?", 1e-3
    )


def check_more_accurate(answer) -> None:
    _choice(
        answer,
        "more seeds",
        ("A", "B", "more seeds"),
        "How large is the difference beside what the seed does?",
    )


# --- Lesson 10 -------------------------------------------------------------------------------------


def check_runs_of_a_grid(answer) -> None:
    _number(answer, 60, "Each value of one parameter meets each value of the others.")


def check_sweep_minutes(answer) -> None:
    _number(answer, 20, "How many runs does each worker do, one after another?")


def check_runs_left(answer) -> None:
    _number(answer, 36, "What is finished is not run again; what failed is.")


def check_number_to_report(answer) -> None:
    _choice(
        answer,
        "fresh seeds",
        ("the best run", "its validation accuracy", "fresh seeds"),
        "Which of these numbers had no part in the choice?",
    )


def check_images_a_device(answer) -> None:
    _number(answer, 16, "`fit` takes the batch of the whole; how many devices share it?")
