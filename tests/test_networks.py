"""The networks have the shapes and the parameters that lesson 04 derives."""

from helpers import series
from helpers.networks import NORMALISATION, POOLING, dense_network, normalisation_layer, reference_network
from helpers.prediction import predict_probabilities

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


def test_normalisation_that_there_is_not():
    with pytest.raises(ValueError, match="normalisation is one of none, divide, standardise; 'max' is not"):
        normalisation_layer("max", np.zeros((1, 32, 32, 3), np.uint8))


def test_normalisation_layers():
    x = np.random.default_rng(0).integers(0, 256, size=(500, 32, 32, 3), dtype=np.uint8)
    x[..., 0] //= 4  # a channel of its own mean and deviation
    results = {how: np.asarray(normalisation_layer(how, x)(x.astype("float32"))) for how in NORMALISATION}
    np.testing.assert_allclose(results["none"], x)
    np.testing.assert_allclose(results["divide"], x / 255, atol=1e-6)
    np.testing.assert_allclose(results["standardise"].mean(axis=(0, 1, 2)), 0, atol=0.01)
    np.testing.assert_allclose(results["standardise"].std(axis=(0, 1, 2)), 1, atol=0.01)


@pytest.mark.parametrize(("name", "words"), [("pooling", POOLING), ("normalisation", NORMALISATION)])
def test_the_runner_accepts_the_words_that_the_networks_do(name, words):
    fits, accepted = series.ACCEPTED[name]
    assert [word for word in (*words, "min") if fits(word)] == list(words)
    assert all(word in accepted for word in words)


def test_the_dense_network_has_more_parameters():
    assert dense_network().count_params() == 394_634


def test_the_number_of_classes_is_free():
    assert reference_network(3).output_shape == dense_network(3).output_shape == (None, 3)


def test_probabilities_of_uint8_pictures():
    x = np.random.default_rng(0).integers(0, 256, size=(5, 32, 32, 3), dtype=np.uint8)
    model = reference_network(4)
    probabilities = predict_probabilities(model, x)
    assert probabilities.shape == (5, 4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    # The network normalises by itself: uint8 and float32 pictures of 0 to 255 are the same to it.
    np.testing.assert_allclose(probabilities, predict_probabilities(model, x.astype("float32")), atol=1e-6)
