"""Convolution and pooling by hand give what Keras gives."""

from helpers.convolution import convolve, output_size, pool, unseen, zeros_around

import keras
import numpy as np
import pytest
from keras import layers


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_convolve_equals_keras(rng, padding):
    """Heights and widths that divide and that don't, and an odd number of zeros."""
    for size, stride, channels in [
        (1, 1, 3),
        (2, 1, 1),
        (3, 1, 8),
        (3, 2, 3),
        (4, 3, 3),
        (5, 2, 3),
        (1, 3, 1),
    ]:
        for height, width in [(7, 9), (8, 6)]:
            image = rng.random((height, width, channels)).astype("float32")
            layer = layers.Conv2D(1, size, stride, padding, bias_initializer="ones")
            by_keras = keras.ops.convert_to_numpy(layer(image[None]))[0, :, :, 0]
            kernel = keras.ops.convert_to_numpy(layer.kernel)[..., 0]
            by_hand = convolve(image, kernel, 1, stride, padding)
            sizes = [output_size(side, size, stride, padding) for side in (height, width)]
            assert by_hand.shape == tuple(sizes)
            np.testing.assert_allclose(by_hand, by_keras, atol=1e-5)


def test_zeros_that_do_not_come_out_even_go_behind():
    assert zeros_around(6, 3, 2) == (0, 1)
    assert zeros_around(6, 3, 1) == (1, 1)
    assert zeros_around(6, 1, 2) == (0, 0)  # a kernel that leaves pixels out needs none
    assert zeros_around(6, 3, 2, "valid") == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "pixels"),
    [
        ((6, 3, 1), []),
        ((6, 3, 2), [5]),
        ((32, 5, 4), [29, 30, 31]),
        ((6, 2, 3), [2, 5]),  # the stride is larger than the kernel: between two windows, too
        ((6, 1, 2, "same"), [1, 3, 5]),
        ((6, 3, 2, "same"), []),
    ],
)
def test_pixels_that_are_never_seen(arguments, pixels):
    assert unseen(*arguments) == pixels
    # A bright pixel changes the feature map of a kernel of ones exactly where it is seen.
    size, kernel, stride, padding = (*arguments, "valid")[:4]
    for pixel in range(size):
        row = np.zeros((kernel, size))
        row[:, pixel] = 1
        answer = convolve(row, np.ones((kernel, kernel)), 0, stride, padding).any()
        assert answer == (pixel not in pixels)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((6, 3, 1, "full"), "padding is 'valid' or 'same'; 'full' is not"),
        ((6, 3, 0), "stride and kernel size are 1 or more; they are 0 and 3"),
        ((6, 0), "stride and kernel size are 1 or more; they are 1 and 0"),
        ((2, 3), "A kernel of 3 pixels does not fit a row of 2"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        output_size(*arguments)


def test_convolve_does_not_flip_the_kernel():
    image = np.array([[0, 0, 1]])
    assert convolve(image, np.array([[-1, 1]])).tolist() == [[0, 1]]


def test_convolve_worked_example():
    image, kernel = np.arange(9).reshape(3, 3), np.arange(4).reshape(2, 2)
    assert convolve(image, kernel).tolist() == [[19, 25], [37, 43]]


@pytest.mark.parametrize("kernel_shape", [(3, 3), (3, 3, 4), (9, 3, 3)])
def test_a_kernel_that_does_not_fit_is_refused(rng, kernel_shape):
    with pytest.raises(ValueError, match="A kernel of"):
        convolve(rng.random((8, 8, 3)), rng.random(kernel_shape))


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize(
    ("summary", "layer_class"), [(np.max, layers.MaxPooling2D), (np.mean, layers.AveragePooling2D)]
)
def test_pool_equals_keras(rng, size, summary, layer_class):
    feature_map = rng.random((7, 10)).astype("float32")  # neither side divides by 2 and 3
    by_keras = keras.ops.convert_to_numpy(layer_class(size)(feature_map[None, :, :, None]))[0, :, :, 0]
    by_hand = pool(feature_map, size, summary)
    assert by_hand.shape == (7 // size, 10 // size)
    np.testing.assert_allclose(by_hand, by_keras, atol=1e-6)
