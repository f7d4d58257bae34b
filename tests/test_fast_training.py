"""The fast networks of lesson 09: each part does what it says, and a training can be interrupted."""

import json
import time

from helpers import fast_training, networks, profiling, training
from helpers.datasets import Dataset
from helpers.parameters import RECIPES

import keras
import numpy as np
import pytest
import tensorflow as tf

CLASSES = ("dark", "bright", "left")


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
    return Dataset("mine", CLASSES, *images(600, 0), *images(90, 1), "")


def network(x, **others):
    return networks.fast_network(x, 3, width=8, **others)


# --- The network -----------------------------------------------------------------------------------


@pytest.mark.parametrize("patch", [2, 4])
def test_whitened_patches_are_uncorrelated_and_alike_in_size(patch, dataset):
    x = np.random.default_rng(0).integers(0, 256, (500, 32, 32, 3)).astype(np.uint8)
    x = ((x.astype(int) + np.roll(x, 1, 1) + np.roll(x, 1, 2)) // 3).astype(np.uint8)  # neighbors alike
    kernels, biases = networks.whitening_kernels(x, patch)
    half = min(24, patch * patch * 3)
    assert kernels.shape == (patch, patch, 3, 2 * half) and biases.shape == (2 * half,)
    assert np.array_equal(kernels[..., :half], -kernels[..., half:])
    maps = tf.nn.conv2d(x / np.float32(127.5) - 1, kernels, patch // 2, "VALID") + biases
    numbers = maps[..., :half].numpy().reshape(-1, half)
    assert np.abs(np.corrcoef(numbers, rowvar=False) - np.eye(half)).max() < 0.05
    assert np.abs(numbers.mean(axis=0)).max() < 0.01
    deviations = numbers.std(axis=0)
    assert deviations.max() < 1.01 and deviations.min() > 0.5  # weak ones are kept small


@pytest.mark.parametrize("is_training", [True, False])
def test_the_fused_batch_normalization_is_that_of_keras(is_training):
    x = np.random.default_rng(0).normal(3, 2, (16, 6, 6, 5)).astype("float32")
    results, states = [], []
    for kind in (keras.layers.BatchNormalization, networks.FusedBatchNormalization):
        layer = kind(momentum=0.8)
        layer.build(x.shape)
        layer.set_weights([np.full(5, value, "float32") for value in (1.5, 0.3, 2.0, 4.0)])
        with tf.GradientTape() as tape:
            result = layer(x, training=is_training)
            loss = tf.reduce_sum(result**3)
        results.append([result.numpy(), *(g.numpy() for g in tape.gradient(loss, layer.trainable_weights))])
        states.append(layer.non_trainable_weights)
    for ours, kerass in zip(*results, strict=True):
        np.testing.assert_allclose(ours, kerass, rtol=2e-3, atol=2e-3)
    for ours, kerass in zip(*states, strict=True):
        np.testing.assert_allclose(ours, kerass, rtol=2e-3)


def test_the_recipes_have_the_networks_they_say(dataset):
    assert tuple(fast_training.RECIPE_BOOK) == RECIPES
    for name in RECIPES:
        book = fast_training.RECIPE_BOOK[name]
        model = networks.fast_network(dataset.x_train, 10, book.width, book.patch, book.blocks, book.depth)
        assert model.output_shape == (None, 10)
    assert networks.fast_network(dataset.x_train).count_params() == 295_672  # its docstring says so


def test_operations_are_counted():
    # 2 · 3 · 3 · channels · maps · places, and 2 · inputs · outputs
    by_hand = 2 * 9 * (3 * 32 * 30 * 30 + 32 * 64 * 13 * 13 + 64 * 64 * 4 * 4) + 2 * (1024 * 64 + 64 * 10)
    assert networks.operations(networks.reference_network()) == by_hand


def test_each_idea_can_be_left_out(dataset):
    whole = network(dataset.x_train)
    kinds = [type(layer).__name__ for layer in whole.layers]
    assert not whole.layers[2].trainable and "FusedBatchNormalization" in kinds
    assert network(dataset.x_train, without=["whitening"]).layers[2].trainable
    bare = network(dataset.x_train, without=["batch_normalization"])
    assert not any("Normalization" in type(layer).__name__ for layer in bare.layers)
    late = [type(layer).__name__ for layer in network(dataset.x_train, without=["early_pooling"]).layers]
    assert kinds.index("MaxPooling2D") < kinds.index("ReLU") < late.index("MaxPooling2D")
    average = network(dataset.x_train, without=["global_max"])
    assert any(isinstance(layer, keras.layers.GlobalAveragePooling2D) for layer in average.layers)
    keras.utils.set_random_seed(0)
    scaled = network(dataset.x_train)
    keras.utils.set_random_seed(0)
    plain = network(dataset.x_train, without=["scaled_output"])
    x = dataset.x_train[:4]
    np.testing.assert_allclose(plain(x), 9 * scaled(x), rtol=1e-4)


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
    values = {"width": 8, "patch": 4, "blocks": 2, "depth": 2, "images": 600, "batch_size": 50}
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
    second.round = 1
    assert np.array_equal(first[2][0], second[2][0]) and not np.array_equal(first[2][0], other[2][0])


# --- Training --------------------------------------------------------------------------------------


def test_a_training_learns_and_goes_on_where_it_was_interrupted(dataset, tmp_path, monkeypatch):
    whole = fast_training.train(tmp_path / "whole", dataset, epochs=3, precision="float32", progress=False)
    assert whole.metrics["test_accuracy"] > 0.9 and len(whole.history) == 3
    assert whole.metrics["cpu_seconds"] >= whole.history["cpu_seconds"].sum()

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    callbacks = training.Run.callbacks
    monkeypatch.setattr(training.Run, "callbacks", lambda *a: [*callbacks(*a), Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        fast_training.train(tmp_path / "cut", dataset, epochs=3, precision="float32", progress=False)
    monkeypatch.setattr(training.Run, "callbacks", callbacks)
    resumed = fast_training.train(tmp_path / "cut", dataset, epochs=3, precision="float32", progress=False)
    np.testing.assert_allclose(resumed.history["loss"], whole.history["loss"], rtol=1e-3)
    assert len(resumed.history) == 3


@pytest.mark.parametrize("idea", ["muon", "schedule", "label_smoothing", "shift"])  # the others: above
def test_an_idea_of_the_training_can_be_left_out(idea, dataset):
    chosen = fast_training.chosen_recipe("minutes", 8, "float32", [idea])
    book = fast_training.chosen_recipe("minutes", 8, "float32")
    model = network(dataset.x_train)
    fast_training.compile_model(model, chosen, 100, [idea])
    assert type(model.optimizer).__name__ == ("AdamW" if idea == "muon" else "ConvolutionMuon")
    assert (chosen.label_smoothing == 0) == (idea == "label_smoothing") and book.label_smoothing > 0
    assert (chosen.shift == 0) == (idea == "shift") and book.shift > 0
    rates = []
    for step in (1, 20, 99):
        model.optimizer.iterations.assign(step)
        rates.append(float(model.optimizer.learning_rate))
    assert (len(set(rates)) == 1) == (idea == "schedule")
    assert max(rates) == pytest.approx(0.01 if idea in ("muon", "schedule") else 0.04)


def test_bfloat16_trains_with_parameters_in_float32(dataset, tmp_path):
    run = fast_training.train(tmp_path / "run", dataset, epochs=2, precision="bfloat16", progress=False)
    model = run.load_model()
    assert {str(weights.dtype) for weights in model.weights} == {"float32"}
    assert model.layers[4].compute_dtype == "bfloat16" and run.metrics["precision"] == "bfloat16"
    assert run.metrics["test_accuracy"] > 0.8
    assert keras.config.dtype_policy().name == "float32"  # afterwards as before


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"recipe": "hours"}, "'hours'.*seconds, minutes, far"),
        ({"precision": "int8"}, "'int8'.*float32"),
        ({"without": ["sleep"]}, "'sleep'.*whitening"),
        ({"width": -1}, "width is 0 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, words, dataset, tmp_path):
    with pytest.raises(training.RunError, match=words):
        fast_training.train(tmp_path / "run", dataset, **wrong)
    assert not (tmp_path / "run").exists()


def test_the_command_line_trains_and_refuses(dataset, tmp_path, capsys):
    arrays = {name: getattr(dataset, name) for name in ("x_train", "y_train", "x_test", "y_test")}
    np.savez(tmp_path / "mine.npz", **arrays, class_names=np.array(CLASSES))
    options = ["--dataset", str(tmp_path / "mine.npz"), "--epochs", "1", "--without", "muon, flip"]
    assert fast_training.main([str(tmp_path / "run"), *options]) == 0
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["without"] == "muon, flip"
    assert f"test accuracy {metrics['test_accuracy']:.4f}" in capsys.readouterr().out
    runs = [str(tmp_path / "run"), str(tmp_path / "run")]
    assert fast_training.main(["--together", *runs, *options[:2]]) == 0
    twice = capsys.readouterr().out  # a network with itself says what it says alone
    assert f"test accuracy {metrics['test_accuracy']:.4f}" in twice and "2 together" in twice
    with pytest.raises(SystemExit):
        fast_training.main([*runs, *options[:2]])
    assert "one RUN_DIR at a time" in capsys.readouterr().err
    assert fast_training.main([str(tmp_path / "other"), *options[:2], "--recipe", "hours"]) == 1
    assert "'hours'" in capsys.readouterr().err


# --- Profile ---------------------------------------------------------------------------------------


def test_the_profile_finds_the_convolutions(dataset):
    model = network(dataset.x_train)
    fast_training.compile_model(model, recipe(), 100)
    batches = fast_training.ChangedImages(dataset.x_train, dataset.y_train, 3, recipe())
    seconds = profiling.seconds_by_kind(model, batches, steps=10)
    assert set(seconds) == {*profiling.KINDS, profiling.OTHER, profiling.AROUND}
    assert all(value > 0 for name, value in seconds.items() if name != profiling.AROUND)
    step = profiling.cpu_milliseconds(model, batches, steps=10)
    assert sum(seconds.values()) < 5 * step * 10 / 1000  # nothing is counted twice


def test_the_peak_is_about_that_of_numpy():
    matrix = np.random.default_rng(0).random((1024, 1024), dtype=np.float32)
    matrix @ matrix
    begin = time.process_time()
    for _ in range(5):
        matrix @ matrix
    numpys = 5 * 2 * 1024**3 / (time.process_time() - begin)
    assert 0.1 < profiling.peak_operations("float32") / numpys < 10


def test_precisions_are_timed():
    measured = fast_training.seconds_by_precision(repeats=2)
    assert {"float32", "bfloat16"} <= measured.keys() and all(value > 0 for value in measured.values())
    assert fast_training.faster_precision() in measured
