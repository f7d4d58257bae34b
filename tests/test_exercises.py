"""Each check of an exercise tells right from wrong, and None from both."""

import inspect

from helpers import exercises

import keras
import numpy as np
import pytest
from keras import layers


def gray_network(shape=(28, 28, 1), kernel=3, first="relu", last=None):
    """The network of lesson 05's last exercise, or one of its mistakes."""
    chain = [layers.Rescaling(1 / 255), layers.Conv2D(8, kernel, activation=first), layers.MaxPooling2D(2)]
    chain += [layers.Flatten(), layers.Dense(10, activation=last)]
    return keras.Sequential([keras.Input(shape), *chain])


LINE_END = [[0, 0, 0], [1, 1, -2], [0, 0, 0]]

# right answers, wrong answers (the mistakes that are made), answers of the wrong kind
ANSWERS = {
    "check_first_failure": (
        ["driver"],
        ["system", "visible devices", "libraries"],
        ["the driver", 3, ["driver"]],
    ),
    "check_operation_rate": ([100, 100.0], [50, 0.1, 1e11, 200, 2], ["100 billion"]),
    "check_order": (["CADB", "cadb"], ["ACDB", "CABD", "DCAB", "CDAB"], ["CAD", 4, ["C", "A", "D", "B"]]),
    "check_image_bytes": (
        [12_288, 12_288.0, np.int64(12_288)],
        [3_072, 4_096, 24_576],
        ["many", [1], True],
    ),
    "check_constant_answer": ([0.6, 6 / 10], [0.25, 0.4, 60, 1], ["0.6"]),
    "check_column_labels": ([0.375, 6 / 16], [1, 0.25, 6, 16, 0.75], ["0.375"]),
    "check_classes_in_last_tenth": ([1, 1.0], [10, 0, 2, 9, 200], ["one"]),
    "check_one_output": ([9, 9.0], [6, 3, 5, 13], ["nine"]),
    "check_same_zeros": ([3, 3.0], [0, 1, 2, 4], ["1 and 2"]),
    "check_layer_parameters": ([608], [600, 601, 208, 76], ["608"]),
    "check_line_end_kernel": (
        [LINE_END, np.array(LINE_END), [[-1, 0, 1], [2, 2, -4], [0, 0, 0]]],
        [
            [[0, 0, 0], [1, 1, 0], [0, 0, 0]],  # a line that goes on does as well
            np.fliplr(LINE_END),  # the left end
            [[0, 0, 0], [-1, 2, -1], [0, 0, 0]],  # both ends
            [[0, 0, 0], [0, 1, -1], [0, 0, 0]],  # a vertical line does as well
            [[0, 0, 0], [1, 1, -1], [0, 0, 0]],  # nine ones give 1
            np.zeros((3, 3)),
        ],
        [5, "line", [[1, 2], [3]], np.zeros((5, 5)), np.full((3, 3), np.nan)],
    ),
    "check_maximum_minus_average": ([3, 3.0], [5, 2, 7 / 3, 2.5], ["three"]),
    "check_activations_left_over": ([57], [3, 9, 64, 21, 0], ["57 of 121"]),
    "check_rows_at_the_end": ([5], [6, 7, 4, 24, 12], ["5 rows"]),
    "check_field_at_the_end": ([12], [10, 9, 11, 14, 28], ["12×12"]),
    "check_collapsed_kernel": ([11], [15, 3, 9, 45, 243], ["11×11"]),
    "check_dark_pooling": (["B"], ["A", "C", "D"], ["b", 2, None.__class__]),
    "check_convolution_parameters": ([1_216], [1_200, 416, 76, 160], ["1216"]),
    "check_flatten_size": ([9_216], [1_024, 144, 16_384, 64 * 64 * 64], [None.__class__]),
    "check_first_loss": ([4.61, 4.6052, float(np.log(100))], [2.3, 2.0, -4.61, 0.01, 100], ["ln 100"]),
    "check_receptive_field": ([7, 7.0], [9, 5, 3, 27], ["7×7"]),
    "check_activation_bytes": ([3_686_400], [115_200, 921_600, 3_584, 4_194_304], ["3.7 MB"]),
    "check_built_network": (
        [gray_network()],
        [
            gray_network(shape=(28, 28, 3)),
            gray_network(kernel=5),
            gray_network(last="softmax"),
            gray_network(first=None),
            keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)]),
            keras.Sequential([layers.Flatten(), layers.Dense(10)]),
        ],
        [13_610, "Sequential", [layers.Dense(10)]],
    ),
    "check_steps_per_epoch": ([1_563], [1_562, 1_562.5, 50_000], ["1563"]),
    "check_better_network": (["second"], ["first"], ["both", 2]),
    "check_learning_rate": (["larger"], ["smaller", "the same"], ["0.01", 0.01]),
    "check_equal_logits": ([1 / 3, 0.333, 0.33], [2, 2 / 3, 0.5, 1], ["a third"]),
    "check_int8_scale": ([0.254 / 127, 0.002], [0.254, 127 / 0.254, 0.254 / 255, 1 / 127], ["0.002"]),
    "check_images_for_half_width": ([8_000, 7_900], [4_000, 1_000, 16_000], ["8000"]),
    "check_std_of_difference": ([0.0141, 0.01 * 2**0.5], [0.01, 0.02, 0.0071, 1.41], ["0.014"]),
    "check_paired_interval": (["not decided"], ["A", "B"], ["equal", 0.01]),
    "check_calibration_gap": ([0.15, 0.95 - 0.8], [0.8, 0.95, -0.15, 15, 0.05], ["15 %"]),
    "check_stopping_epoch": ([6, 6.0], [3, 5, 7, 8], ["six"]),
    "check_dropout_factor": ([4, 1 / 0.25], [4 / 3, 0.25, 0.75, 1.75], ["4"]),
    "check_holm_decided": ([2, 2.0], [4, 1, 3, 0], ["two"]),
    "check_harmful_remedy": (["flip"], ["shift", "dropout"], ["mirror", 1]),
    "check_runs_left": ([36], [35, 24, 60, 25], ["all"]),
    "check_number_to_report": (["fresh seeds"], ["the best run", "its validation accuracy"], ["both", 5]),
    "check_winners_excess": ([0.013, 0.01296, 2.16 * 0.006], [0.026, 0.0065, 0.006, 0.0259], ["0.013"]),
    "check_operations": (
        [56_623_104, 2 * 2 * 9 * 24 * 64 * 1024],
        [28_311_552, 3 * 28_311_552, 14_155_776, 27_648],
        ["many"],
    ),
    "check_amdahl": ([2.1, 2.105, 1 / 0.475], [8, 4.8, 0.475, 2.5], ["2"]),
}


def test_every_check_is_tested():
    assert {*ANSWERS, "check_own_training"} == {
        name
        for name, value in vars(exercises).items()
        if name.startswith("check_") and inspect.isfunction(value)
    }


@pytest.mark.parametrize("name", ANSWERS)
def test_check(name, capsys):
    check = getattr(exercises, name)
    right, wrong, other_kind = ANSWERS[name]

    def said(answer):
        check(answer)
        return capsys.readouterr().out

    assert said(None).startswith("Not answered yet")
    for answer in right:
        assert said(answer) == "Right.\n", answer
    for answer in [*wrong, *other_kind]:
        line = said(answer)
        assert line.startswith("Not yet. ") and len(line) > 30, answer


def own_training(outputs=3, softmax=False, loss=True, metrics=("accuracy",), validate=True, epochs=5):
    """A network, what its `fit` returned, and the labels, as Keras loads them: shape (n, 1)."""
    y = np.arange(90) % 3
    x = (np.eye(3)[y] * 200).repeat(4, axis=1).reshape(90, 2, 2, 3)
    keras.utils.set_random_seed(0)
    stack = [keras.Input((2, 2, 3)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(outputs)]
    model = keras.Sequential([*stack, layers.Softmax()] if softmax else stack)
    if loss is True:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.1), loss, metrics=list(metrics))
    validation = {"validation_data": (x, y)} if validate else {}
    return model, model.fit(x, y, epochs=epochs, verbose=0, **validation), y[:, None]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({}, "Right."),
        ({"softmax": True, "loss": "sparse_categorical_crossentropy"}, "Right."),
        ({"outputs": 10}, "It has 10 outputs for 3 classes."),
        ({"epochs": 0}, "It was never trained"),
        ({"validate": False}, "`fit` has to measure val_accuracy"),
        ({"metrics": ()}, "`fit` has to measure val_accuracy"),
        ({"loss": "sparse_categorical_crossentropy"}, "does its loss know?"),
        ({"softmax": True}, "does its loss know?"),
    ],
)
def test_a_training_run_of_ones_own(how, said, capsys):
    exercises.check_own_training(*own_training(**how))
    assert said in capsys.readouterr().out


def test_a_training_run_of_ones_own_has_to_beat_the_baseline(capsys):
    model, history, y = own_training()
    exercises.check_own_training(model, history.history, y)
    exercises.check_own_training(model, history.history | {"val_accuracy": [0.9, 1 / 3]}, y)
    exercises.check_own_training(own_training()[0], history, y)
    exercises.check_own_training("model", history, y)
    exercises.check_own_training(None, history, y)
    right, *hints = capsys.readouterr().out.splitlines()
    assert right == "Right."
    beginnings = ("The baseline", "That history is another", "The first is the network", "Not answered yet")
    for hint, beginning in zip(hints, beginnings, strict=True):
        assert hint.removeprefix("Not yet. ").startswith(beginning)


def test_hints_fit_the_mistake(capsys):
    """Where a lesson's exercise has several hints, each is for its own mistake."""
    for check, answer, hint in [
        ("check_image_bytes", "many", "The answer is a number, and 'many' is not."),
        ("check_better_network", "both", "The answer is one of 'first', 'second'."),
        ("check_first_failure", "system", "can use a GPU in WSL2"),
        ("check_first_failure", "libraries", "comes before that"),
        ("check_order", "ACDB", "CUDA_VISIBLE_DEVICES is not set"),
        ("check_order", "CABD", "Memory growth"),
        ("check_built_network", gray_network(shape=(28, 28, 3)), "(None, 28, 28, 3)"),
        ("check_built_network", gray_network(kernel=5), "relu linear', 11738]"),
        ("check_built_network", gray_network(last="softmax"), "relu softmax"),
        ("check_line_end_kernel", [[0, 0, 0], [1, 1, -1], [0, 0, 0]], "nine ones gives 1"),
        ("check_line_end_kernel", [[0, 0, 0], [-2, 3, -1], [0, 0, 0]], "the left end"),
    ]:
        getattr(exercises, check)(answer)
        assert hint in capsys.readouterr().out, answer
