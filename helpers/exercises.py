"""The checks of the lessons' exercises, in the order of the lessons.

Each takes an answer and prints one line: right, not yet (with a hint that doesn't give the answer away), or
not answered yet. None raises for a wrong answer, so that a lesson runs through before its exercises are done.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np


def _say(answer, right: bool, hint: str) -> None:
    unanswered = "Not answered yet: put your answer in place of None and run this cell."
    print(unanswered if answer is None else "Right." if right else f"Not yet. {hint}")


def _number(expected: float, hint: str, tolerance: float = 1e-6) -> Callable[[object], None]:
    """A check for a number that is `expected`, give or take `tolerance`."""

    def check(answer) -> None:
        known = isinstance(answer, int | float | np.number) and not isinstance(answer, bool)
        right = known and math.isclose(answer, expected, rel_tol=0, abs_tol=tolerance)
        _say(answer, right, hint if known else f"The answer is a number, and {answer!r} is not.")

    return check


def _choice(expected: str, choices: Sequence[str], hint: str, **hints: str) -> Callable[[object], None]:
    """A check for one of `choices`; one that `hints` names has a hint of its own."""

    def check(answer) -> None:
        known = isinstance(answer, str) and answer in choices
        text = hints.get(answer, hint) if known else f"The answer is one of {', '.join(map(repr, choices))}."
        _say(answer, known and answer == expected, text)

    return check


# Lesson 01: check your GPU
check_first_failure = _choice(
    "driver",
    ("system", "driver", "visible devices", "libraries"),
    "Something that comes before that in the order is wrong as well.",
    system="TensorFlow can use a GPU in WSL2: look at the next one in the order.",
)
check_operation_rate = _number(100, "How many operations is that, 2·n³? Then how many in one second?")


def check_order(answer) -> None:
    """`answer`: the letters A to D, which put the lines of the second exercise in order."""
    order = answer.upper() if isinstance(answer, str) else ""
    if sorted(order) != list("ABCD"):
        hint = "The answer is a string with each of the letters A, B, C, and D once."
    elif order.index("A") > min(order.index("B"), order.index("D")):
        hint = "A line uses tf before TensorFlow is imported."
    elif order.index("C") > order.index("A"):
        hint = "CUDA_VISIBLE_DEVICES is not set when TensorFlow is imported."
    else:
        hint = "Memory growth comes after the first operation."
    _say(answer, order == "CADB", hint)


# Lesson 02: load the images
check_image_bytes = _number(12_288, "Count the pixels, then the values in each, then the bytes of a value.")
check_constant_answer = _number(0.6, "Which class should it always name? What share of the images is that?")
check_column_labels = _number(0.375, "NumPy compares each prediction with each label: how many are equal?")
check_classes_in_last_tenth = _number(1, "How many images are in the last tenth? Of which classes are they?")

# Lesson 03: see convolution
check_one_output = _number(9, "Four products, each of a weight and the pixel under it, their sum, the bias.")
check_same_zeros = _number(3, "The size is 28 / 2. Where does the last window begin, and where does it end?")
check_layer_parameters = _number(608, "Each kernel has a weight for each position and channel, and a bias.")


def check_line_end_kernel(kernel) -> None:
    """`kernel`: 3×3 weights that answer the right end of a bright horizontal line."""
    try:
        weights = np.asarray(kernel, float)
    except (TypeError, ValueError):
        weights = np.empty(0)
    if weights.shape != (3, 3) or not np.isfinite(weights).all():
        hint = "The kernel has to be a table of 3×3 numbers, such as [[0, 0, 0], [0, 1, 0], [0, 0, 0]]."
        return _say(kernel, False, hint)
    line, total = weights[1], weights.sum()
    others = {
        "a line that goes on": line.sum(),
        "the left end of a line": line[1:].sum(),
        "a vertical line": weights[:, 1].sum(),
    }
    hint = f"A window of nine ones gives {total:g}, which should be 0."
    larger = [name for name, activation in others.items() if activation >= line[:2].sum()]
    if larger:
        hint = f"The activation for {larger[0]} is at least as large as that for the right end."
    _say(kernel, not larger and math.isclose(total, 0, abs_tol=1e-6), hint)


# Lesson 04: see pooling and depth
check_maximum_minus_average = _number(3, "Find the largest, then the mean of all four; zero counts as well.")
check_activations_left_over = _number(57, "How many whole windows are in a row? Which square do they cover?")
check_rows_at_the_end = _number(5, "A convolution costs kernel size - 1 rows, and pooling divides by 2.")
check_field_at_the_end = _number(12, "r + (k - 1) · j for each layer: what has j become by then?")
check_collapsed_kernel = _number(11, "How many pixels wide is what one activation of the fifth map sees?")
check_dark_pooling = _choice("B", "ABCD", "Try it on a dark dot: is there a dark dot in the result?")

# Lesson 05: build the network
check_convolution_parameters = _number(1_216, "Each kernel: a weight for each position and channel, a bias.")
check_flatten_size = _number(9_216, "Go through convolution, pooling, convolution, pooling, convolution.")
check_first_loss = _number(math.log(100), "Each class has probability 1/100. Take minus its logarithm.", 0.01)
check_receptive_field = _number(7, "Each kernel adds its size - 1, times j. What is j without pooling?")
check_activation_bytes = _number(3_686_400, "Images, times rows, columns and feature maps, times bytes.")


def check_built_network(model) -> None:
    """`model`: a network for gray images of 28×28 and ten classes, as the last exercise describes it."""
    chain, shape = getattr(model, "layers", []), getattr(model, "input_shape", None)
    kinds = " ".join(type(layer).__name__ for layer in chain)
    functions = " ".join(layer.activation.__name__ for layer in chain if hasattr(layer, "activation"))
    found = [shape, kinds, functions, model.count_params() if shape else 0]
    right = found == [(None, 28, 28, 1), "Rescaling Conv2D MaxPooling2D Flatten Dense", "relu linear", 13_610]
    _say(model, right, f"It has this input, layers, activation functions, number of parameters: {found}.")


# Lesson 06: train the network
check_steps_per_epoch = _number(1_563, "The images that are left over for the last batch are a step too.")
check_better_network = _choice("second", ("first", "second"), "Which of the two numbers is about new images?")
check_learning_rate = _choice(
    "larger", ("larger", "smaller", "the same"), "Which way does the loss go, how fast?"
)


def check_own_training(model, history, y_train) -> None:
    """`model`: a network; `history`: what its `fit` returned; `y_train`: the labels that it learned from."""
    curves, loss = getattr(history, "history", history), getattr(model, "loss", None)
    if not hasattr(model, "predict") or not isinstance(curves, dict):
        hint = "The first is the network, the second what `fit` returned."
        return _say(None if history is None else model, False, hint)
    shares = np.unique(y_train, return_counts=True)[1] / np.size(y_train)
    outputs = model.predict(np.zeros((1, *model.input_shape[1:])), verbose=0)[0]
    softmax = outputs.min() >= 0 and math.isclose(outputs.sum(), 1, abs_tol=1e-3)
    config = {"from_logits": False} if isinstance(loss, str) else getattr(loss, "get_config", dict)()
    mismatch, best = config.get("from_logits", not softmax) == softmax, curves.get("val_accuracy", [0])[-1]
    hints = {
        f"It has {outputs.size} outputs for {shares.size} classes.": outputs.size != shares.size,
        "It was never trained: call its `compile`, then its `fit`.": not curves.get("loss"),
        "That history is another network's.": getattr(history, "model", model) is not model,
        "`fit` has to measure val_accuracy: see `metrics`, `validation_data`.": "val_accuracy" not in curves,
        "The network gives logits or softmax; does its loss know?": mismatch,
        "The baseline, always the most frequent class, is as good.": best <= shares.max(),
    }
    hint = next((hint for hint, wrong in hints.items() if wrong), "")
    _say(model, not hint, hint)


# Lesson 07: predict images
check_equal_logits = _number(1 / 3, "Softmax of equal numbers: who gets more than the others?", 0.01)
check_int8_scale = _number(0.002, "The largest weight becomes 127. How large is one step?", 1e-5)

# Lesson 08: evaluate the network
check_images_for_half_width = _number(8_000, "In the table: how many times the images halve the width?", 800)
check_std_of_difference = _number(0.01 * math.sqrt(2), "Of two independent runs, the squares add up.", 2e-4)
check_paired_interval = _choice(
    "not decided", ("A", "B", "not decided"), "Does mean ± t · s / √n contain 0? Take t for four seeds."
)
check_calibration_gap = _number(0.15, "What share of these images is right? How far is it from 0.95?")

# Lesson 09: train longer
check_stopping_epoch = _number(6, "Find the lowest loss, then count three epochs that are not lower.")
check_dropout_factor = _number(4, "On average it keeps 2 of 8 ones: which factor makes their sum 8 again?")
check_harmful_remedy = _choice("flip", ("flip", "shift", "dropout"), "Which of them can change the class?")
check_holm_decided = _number(2, "Sort them, multiply by 4, 3, 2, 1. None may be smaller than the one before.")

# Lesson 10: train faster
check_operations = _number(
    56_623_104, "Forward: which sums, with two operations each? Then which gradients?", 6e5
)
check_amdahl = _number(1 / 0.475, "Of the time, 40 % stays as it is. What becomes of the other 60 %?", 0.01)

# Lesson 11: run many experiments
check_runs_left = _number(36, "What is finished is not run again; what was interrupted is.")
check_number_to_report = _choice(
    "fresh seeds", ("the best run", "its validation accuracy", "fresh seeds"), "What had no part in choosing?"
)
check_winners_excess = _number(2.16 * 0.006, "Which standard deviation has the mean of four seeds?", 2e-4)
