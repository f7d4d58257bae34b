"""The networks have the shapes and the parameters that lesson 04 derives."""

from helpers.networks import (
    NORMALIZATION,
    POOLING,
    dense_network,
    normalization_layer,
    reference_network,
    residual_network,
)
from helpers.prediction import predict_probabilities
from lesson_tools import run

import keras
import numpy as np
import pytest


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


def test_pooling_that_there_is_not():
    with pytest.raises(ValueError, match="pooling is one of max, average, stride; 'min' is not"):
        reference_network(pooling="min")


def test_normalization_that_there_is_not():
    with pytest.raises(ValueError, match="normalization is one of none, divide, standardize; 'max' is not"):
        normalization_layer("max", np.zeros((1, 32, 32, 3), np.uint8))


def test_normalization_layers():
    x = np.random.default_rng(0).integers(0, 256, size=(500, 32, 32, 3), dtype=np.uint8)
    x[..., 0] //= 4  # a channel of its own mean and deviation
    results = {how: np.asarray(normalization_layer(how, x)(x.astype("float32"))) for how in NORMALIZATION}
    np.testing.assert_allclose(results["none"], x)
    np.testing.assert_allclose(results["divide"], x / 255, atol=1e-6)
    np.testing.assert_allclose(results["standardize"].mean(axis=(0, 1, 2)), 0, atol=0.01)
    np.testing.assert_allclose(results["standardize"].std(axis=(0, 1, 2)), 1, atol=0.01)


@pytest.mark.parametrize(("name", "words"), [("pooling", POOLING), ("normalization", NORMALIZATION)])
def test_the_runner_accepts_the_words_that_the_networks_do(name, words):
    fits, accepted = run.ACCEPTED[name]
    assert [word for word in (*words, "min") if fits(word)] == list(words)
    assert all(word in accepted for word in words)


def test_the_dense_network_has_more_parameters():
    assert dense_network().count_params() == 394_634


def test_the_number_of_classes_is_free():
    assert reference_network(3).output_shape == dense_network(3).output_shape == (None, 3)


def test_probabilities_of_uint8_images():
    x = np.random.default_rng(0).integers(0, 256, size=(5, 32, 32, 3), dtype=np.uint8)
    model = reference_network(4)
    probabilities = predict_probabilities(model, x)
    assert probabilities.shape == (5, 4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    # The network normalizes by itself: uint8 and float32 images of 0 to 255 are the same to it.
    np.testing.assert_allclose(probabilities, predict_probabilities(model, x.astype("float32")), atol=1e-6)


def test_residual_network():
    model = residual_network()
    assert model.count_params() == 1_053_994
    assert model(np.zeros((2, 32, 32, 3), np.uint8)).shape == (2, 10)
    sizes = [layer.output.shape[1:] for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert sizes[0] == (16, 16, 24) and sizes[-1] == (4, 4, 192) and len(sizes) == 8
    assert residual_network(3, width=8).count_params() < 40_000


def test_residual_network_changes_images_during_the_training_alone():
    x = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype("float32")
    flip = keras.layers.RandomFlip("horizontal", seed=0)
    with_flip = residual_network(width=8, change=[flip], dropout=0.5)
    answers = [np.asarray(with_flip(x, training=False)) for _ in range(2)]
    np.testing.assert_array_equal(*answers)
    assert np.ptp([np.asarray(with_flip(x, training=True)) for _ in range(3)], axis=0).max() > 0.01
