"""The networks have the shapes and the parameters that lessons 05 and 10 derive."""

from helpers import fast_training, networks
from helpers.networks import normalization_layer, reference_network
from helpers.parameters import NORMALIZATION, ParameterError
from helpers.prediction import predict_probabilities

import keras
import numpy as np
import pytest
import tensorflow as tf


def test_reference_network():
    model = reference_network()
    shapes = [layer.output.shape[1:] for layer in model.layers[1:]]
    assert shapes == [
        (30, 30, 32),
        (15, 15, 32),
        (13, 13, 64),
        (6, 6, 64),
        (4, 4, 64),
        (1024,),
        (64,),
        (10,),
    ]
    assert [layer.count_params() for layer in model.layers[1:]] == [896, 0, 18_496, 0, 36_928, 0, 65_600, 650]
    assert model.count_params() == 122_570


@pytest.mark.parametrize(
    ("pooling", "last_maps", "parameters"),
    [("average", (4, 4, 64), 122_570), ("stride", (5, 5, 64), 159_434)],
)
def test_reference_network_with_other_pooling(pooling, last_maps, parameters):
    model = reference_network(pooling=pooling)
    assert model.layers[-4].output.shape[1:] == last_maps
    assert model.count_params() == parameters
    kinds = {type(layer).__name__ for layer in model.layers}
    assert ("AveragePooling2D" in kinds) == (pooling == "average") and "MaxPooling2D" not in kinds


def test_words_that_there_are_not():
    with pytest.raises(ParameterError, match="pooling is max, average or stride; 'min' is not"):
        reference_network(pooling="min")
    with pytest.raises(ParameterError, match="is none, divide, center or standardize; 'max' is not"):
        normalization_layer("max", np.zeros((1, 32, 32, 3), np.uint8))


def test_normalization_layers():
    x = np.random.default_rng(0).integers(0, 256, size=(500, 32, 32, 3), dtype=np.uint8)
    x[..., 0] //= 4  # a channel with a mean and a standard deviation of its own
    results = {how: np.asarray(normalization_layer(how, x)(x.astype("float32"))) for how in NORMALIZATION}
    np.testing.assert_allclose(results["none"], x)
    np.testing.assert_allclose(results["divide"], x / 255, atol=1e-6)
    np.testing.assert_allclose(results["center"], (x - x.mean(axis=(0, 1, 2))) / 255, atol=1e-6)
    np.testing.assert_allclose(results["standardize"].mean(axis=(0, 1, 2)), 0, atol=0.01)
    np.testing.assert_allclose(results["standardize"].std(axis=(0, 1, 2)), 1, atol=0.01)


def test_the_number_of_classes_is_free():
    assert reference_network(3).output_shape == (None, 3)


def test_probabilities_of_uint8_images():
    x = np.random.default_rng(0).integers(0, 256, size=(5, 32, 32, 3), dtype=np.uint8)
    model = reference_network(4)
    probabilities = predict_probabilities(model, x)
    assert probabilities.shape == (5, 4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    # The network normalizes by itself: uint8 and float32 images of 0 to 255 are the same to it.
    np.testing.assert_allclose(probabilities, predict_probabilities(model, x.astype("float32")), atol=1e-6)


# --- The fast network ------------------------------------------------------------------------------


@pytest.mark.parametrize("patch", [2, 4])
def test_whitened_patches_are_uncorrelated_and_alike_in_size(patch):
    x = np.random.default_rng(0).integers(0, 256, (500, 32, 32, 3)).astype(np.uint8)
    x = ((x.astype(int) + np.roll(x, 1, 1) + np.roll(x, 1, 2)) // 3).astype(np.uint8)  # neighbors alike
    kernels, biases = networks.whitening_kernels(x, patch)
    half = 12  # for 2×2 pixels all
    assert kernels.shape == (patch, patch, 3, 2 * half) and biases.shape == (2 * half,)
    assert np.array_equal(kernels[..., :half], -kernels[..., half:])
    maps = tf.nn.conv2d(x / np.float32(127.5) - 1, kernels, patch // 2, "VALID") + biases
    numbers = maps[..., :half].numpy().reshape(-1, half)
    assert np.abs(np.corrcoef(numbers, rowvar=False) - np.eye(half)).max() < 0.05
    assert np.abs(numbers.mean(axis=0)).max() < 0.01
    stds = numbers.std(axis=0)
    assert stds.max() < 1.01 and stds.min() > 0.5  # weak ones are kept small


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


def test_operations_are_counted():
    # 2 · 3 · 3 · channels · maps · positions, and 2 · inputs · outputs
    first = 2 * 9 * 3 * 32 * 30 * 30
    others = 2 * 9 * (32 * 64 * 13 * 13 + 64 * 64 * 4 * 4) + 2 * (1024 * 64 + 64 * 10)
    model = networks.reference_network()
    assert networks.operations(model) == first + others
    # Nobody needs the gradient of the images.
    assert networks.operations(model, training=True) == 2 * first + 3 * others


def test_what_is_frozen_is_not_counted():
    x_train = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3)).astype(np.uint8)
    seconds = fast_training.RECIPE_BOOK["seconds"].network
    model = networks.fast_network(x_train, 10, *seconds)
    whitening = 2 * 4 * 4 * 3 * 24 * 16 * 16
    behind = 2 * 9 * 24 * 32 * 16 * 16
    forward = networks.operations(model)
    assert networks.operations(model, training=True) == 3 * forward - 2 * whitening - behind
    learned = networks.fast_network(x_train, 10, *seconds, without=["whitening"])
    assert networks.operations(learned, training=True) == 3 * forward - whitening


def test_each_idea_can_be_left_out():
    x_train = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3)).astype(np.uint8)

    def network(**others):
        return networks.fast_network(x_train, 3, width=8, **others)

    whole = network()
    kinds = [type(layer).__name__ for layer in whole.layers]
    assert not whole.layers[2].trainable and "FusedBatchNormalization" in kinds
    assert network(without=["whitening"]).layers[2].trainable
    bare = network(without=["batch_normalization"])
    assert not any("Normalization" in type(layer).__name__ for layer in bare.layers)
    late = [type(layer).__name__ for layer in network(without=["early_pooling"]).layers]
    assert kinds.index("MaxPooling2D") < kinds.index("ReLU") < late.index("MaxPooling2D")
    without_factor = network(scale=False)
    assert without_factor.count_params() == whole.count_params() - (2 * 8 + 4 * 24)
    average = network(without=["global_max"])
    assert any(isinstance(layer, keras.layers.GlobalAveragePooling2D) for layer in average.layers)
    keras.utils.set_random_seed(0)
    scaled = network()
    keras.utils.set_random_seed(0)
    plain = network(without=["scaled_output"])
    np.testing.assert_allclose(plain(x_train), 9 * scaled(x_train), rtol=1e-4)
