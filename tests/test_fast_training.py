"""The fast training of lesson 10: each part does what it says, and a training can be interrupted."""

from helpers import fast_training, networks, profiling, training
from helpers.datasets import Dataset
from helpers.errors import UserError
from helpers.parameters import RECIPES

import keras
import numpy as np
import pytest
import tensorflow as tf


def images(count, seed):
    """Three classes that are told apart at once: dark, bright, and bright on the left half."""
    rng = np.random.default_rng(seed)
    y = np.arange(count, dtype=np.int64) % 3
    x = rng.integers(0, 60, (count, 32, 32, 3))
    x[y == 1] += 150
    x[y == 2, :, :16] += 150
    return x.astype(np.uint8), y


@pytest.fixture(scope="module")
def dataset():
    return Dataset("mine", ("dark", "bright", "left"), *images(600, 0), *images(90, 1), "")


def network(x):
    return networks.fast_network(x, 3, width=8)


# --- Muon ------------------------------------------------------------------------------------------


def test_muon_makes_all_directions_of_a_step_alike():
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.normal(size=(size, 8)))[0] for size in (27, 8))
    gradient = (left * np.logspace(0, -2, 8)) @ right.T  # directions from 1 down to 0.01
    step = fast_training.ConvolutionMuon().zeropower_via_newtonschulz5(
        tf.constant(gradient.reshape(3, 3, 3, 8), tf.float32), 5
    )
    assert step.shape == (3, 3, 3, 8)
    sizes = np.linalg.svd(np.reshape(step, (27, 8)), compute_uv=False)
    assert sizes.min() > 0.5 and sizes.max() < 1.3
    # The directions themselves stay.
    assert (np.diag(left.T @ np.reshape(step, (27, 8)) @ right) > 0.5).all()


def test_muon_is_for_kernels_alone():
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.Flatten()])
    model.add(keras.layers.Dense(2))
    optimizer = fast_training.ConvolutionMuon(0.1)
    optimizer.build(model.trainable_variables)
    with_velocity = [velocity is not None for velocity in optimizer.adam_velocities]
    assert with_velocity == [False, True, True, True]  # Adam keeps one, Muon does not


# --- The images ----------------------------------------------------------------------------------


def recipe(**others):
    values = {"width": 8, "patch": 4, "layout": "1P", "images": 600, "batch_size": 50}
    return fast_training.Recipe(**values | others)


def test_each_image_comes_once_a_round_mirrored_by_turns(dataset):
    x = np.random.default_rng(0).integers(0, 256, (100, 32, 32, 3)).astype(np.uint8)
    batches = fast_training.ChangedImages(x, np.arange(100) % 3, 3, recipe(shift=0), seed=3)
    assert len(batches) == 2
    mirrored = []
    for _ in range(3):
        seen, labels = (np.concatenate(part) for part in zip(*(batches[i] for i in range(2)), strict=True))
        assert sorted(batches.order) == list(range(100))
        assert np.array_equal(labels.argmax(axis=1), batches.order % 3)
        as_it_is = (seen == x[batches.order]).all(axis=(1, 2, 3))
        assert np.array_equal(as_it_is, ~(seen == x[batches.order][:, :, ::-1]).all(axis=(1, 2, 3)))
        mirrored.append(~as_it_is[np.argsort(batches.order)])
        batches.on_epoch_end()
    assert 20 < mirrored[0].sum() < 80
    assert np.array_equal(mirrored[0], ~mirrored[1]) and np.array_equal(mirrored[0], mirrored[2])
    unchanged = fast_training.ChangedImages(x, np.arange(100) % 3, 3, recipe(shift=0), without=["flip"])
    assert np.array_equal(unchanged[1][0], x[unchanged.order[50:]])


def test_shifted_images_are_the_image_elsewhere(dataset):
    x = np.random.default_rng(0).integers(0, 256, (50, 32, 32, 3)).astype(np.uint8)
    batches = fast_training.ChangedImages(x, np.zeros(50, int), 3, recipe(shift=2), without=["flip"])
    seen, _ = batches[0]
    shifts = set()
    for image, place, (down, right) in zip(seen, batches.order, batches.shifts.T - 2, strict=True):
        inside = np.s_[max(0, -down) : 32 - max(0, down), max(0, -right) : 32 - max(0, right)]
        original = np.s_[max(0, down) : 32 - max(0, -down), max(0, right) : 32 - max(0, -right)]
        assert np.array_equal(image[inside], x[place][original])
        shifts.add((down, right))
    assert len(shifts) > 10 and max(map(max, shifts)) == 2 and min(map(min, shifts)) == -2


def test_a_round_follows_from_seed_and_number(dataset):
    def batches(seed):
        return fast_training.ChangedImages(dataset.x_train, dataset.y_train, 3, recipe(), 0.5, seed=seed)

    first, second, other = batches(0), batches(0), batches(1)
    assert len(first) == 6  # half of 600 images
    first.on_epoch_end()
    second.begin_round(1)
    assert np.array_equal(first[2][0], second[2][0]) and not np.array_equal(first[2][0], other[2][0])


# --- Training --------------------------------------------------------------------------------------


def test_a_training_learns_and_goes_on_where_it_was_interrupted(dataset, tmp_path, monkeypatch):
    options = {
        "epochs": 3,
        "precision": "bfloat16",
        "width": 16,
        "progress": False,
    }  # slow on many processors
    whole = fast_training.train(tmp_path / "whole", dataset, **options)
    assert whole.metrics["test_accuracy"] > 0.9 and len(whole.history) == 3
    assert whole.metrics["cpu_seconds"] >= whole.history["cpu_seconds"].sum()
    # It computes in bfloat16 and keeps its parameters in float32; afterwards all is as before.
    model = whole.load_model()
    assert {str(weights.dtype) for weights in model.weights} == {"float32"}
    assert model.layers[4].compute_dtype == "bfloat16" and whole.metrics["precision"] == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    callbacks = training.Run.callbacks
    monkeypatch.setattr(training.Run, "callbacks", lambda *a: [*callbacks(*a), Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        fast_training.train(tmp_path / "cut", dataset, **options)
    monkeypatch.setattr(training.Run, "callbacks", callbacks)
    resumed = fast_training.train(tmp_path / "cut", dataset, **options)
    np.testing.assert_allclose(resumed.history["loss"], whole.history["loss"], rtol=1e-3)
    assert len(resumed.history) == 3
    # A network together with itself says what it says alone.
    together = fast_training.test_accuracies([model, model], dataset)
    alone = whole.metrics["test_accuracy"], whole.metrics["flip_accuracy"]
    assert together == pytest.approx(alone, abs=1e-6)


@pytest.mark.parametrize("idea", ["muon", "schedule", "label_smoothing", "shift"])
def test_an_idea_of_the_training_can_be_left_out(idea, dataset):
    chosen = fast_training.chosen_recipe("minutes", "float32", [idea], width=8)
    book = fast_training.chosen_recipe("minutes", "float32", width=8)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    fast_training.compile_model(model, chosen, 100, [idea])
    assert type(model.optimizer).__name__ == ("Adam" if idea == "muon" else "ConvolutionMuon")
    assert (chosen.label_smoothing == 0) == (idea == "label_smoothing") and book.label_smoothing > 0
    assert (chosen.shift == 0) == (idea == "shift") and book.shift > 0
    rates = []
    for step in (1, 20, 99):
        model.optimizer.iterations.assign(step)
        rates.append(float(model.optimizer.learning_rate))
    assert (len(set(rates)) == 1) == (idea == "schedule")
    assert max(rates) == pytest.approx(0.01 if idea in ("muon", "schedule") else 0.04)


def test_the_schedule_of_seconds_is_a_line_to_zero():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    fast_training.compile_model(model, fast_training.RECIPE_BOOK["seconds"], 100)
    rates = []
    for step in (0, 50, 100):
        model.optimizer.iterations.assign(step)
        rates.append(float(model.optimizer.learning_rate))
    assert rates == pytest.approx([0.05, 0.025, 0])


def test_what_makes_no_sense_is_refused(dataset, tmp_path):
    for wrong, words in (
        ({"recipe": "hours"}, "seconds, minutes or far; 'hours'"),
        ({"precision": "int8"}, "float32.*'int8'"),
        ({"without": ["sleep"]}, "'sleep'.*whitening"),
        ({"width": -1}, "width is .*0 or more"),
    ):
        with pytest.raises(UserError, match=words):
            fast_training.train(tmp_path / "run", dataset, **wrong)
    assert not (tmp_path / "run").exists()


def test_the_recipes_have_the_networks_they_say(dataset):
    assert tuple(fast_training.RECIPE_BOOK) == RECIPES
    for book in fast_training.RECIPE_BOOK.values():
        model = networks.fast_network(dataset.x_train, 10, *book.network)
        assert model.output_shape == (None, 10)


# --- Profile ---------------------------------------------------------------------------------------


def test_the_profile_finds_the_convolutions(dataset):
    model = network(dataset.x_train)
    fast_training.compile_model(model, recipe(), 100)
    batches = fast_training.ChangedImages(dataset.x_train, dataset.y_train, 3, recipe())
    kinds = {"gradient of the kernels": "Conv2DBackpropFilter", "convolution": "Conv2D"}
    seconds = profiling.seconds_by_kind(model, batches, kinds, steps=4)
    assert set(seconds) == {*kinds, "other operations"} and all(value > 0 for value in seconds.values())
    assert profiling.cpu_milliseconds(model, batches, steps=4) > 0


def test_precisions_are_timed():
    measured = fast_training.seconds_by_precision(repeats=1)
    assert {"float32", "bfloat16"} <= measured.keys() and all(value > 0 for value in measured.values())
