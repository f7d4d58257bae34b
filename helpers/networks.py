"""Networks of the lessons, uncompiled. Lesson 05 writes the reference network out, layer by layer.

Input: images, shape (n, 32, 32, 3), values 0 to 255, any number type. Output: logits, shape (n, classes).
"""

import math
from collections.abc import Sequence

from helpers import parameters

import keras
import numpy as np
import tensorflow as tf
from keras import layers


def normalization_layer(how: str, x_train: np.ndarray) -> layers.Layer:
    """The first layer of a network: "none", "divide" by 255, "center" or "standardize".

    The last two subtract the mean of each channel; then "center" divides by 255, "standardize" by the
    standard deviation of the channel. Both are measured on `x_train`, shape (n, height, width, 3). Raises
    `ParameterError` for other words.
    """
    if parameters.check("normalization", how) == "standardize":
        layer = layers.Normalization()
        layer.adapt(x_train[:5000])  # enough to know six numbers
        return layer
    if how == "center":
        return layers.Normalization(mean=x_train[:5000].mean(axis=(0, 1, 2)), variance=[255.0**2] * 3)
    return layers.Rescaling(1 / 255 if how == "divide" else 1)


def reference_network(classes: int = 10, pooling: str = "max", normalize=None) -> keras.Sequential:
    """Three convolutions, two poolings, two dense layers: 122,570 parameters for ten classes.

    `normalize` is its first layer (`normalization_layer`), by default division by 255. `pooling` is "max",
    "average", or "stride": then the kernels of the first two convolutions take every second position instead
    (J. T. Springenberg et al. 2015, "Striving for simplicity: the all convolutional net"), which ends in maps
    of 5×5, not 4×4, and so in 159,434 parameters. Raises `ParameterError` for another `pooling`.
    """
    stride = 2 if parameters.check("pooling", pooling) == "stride" else 1
    smaller = {"max": [layers.MaxPooling2D], "average": [layers.AveragePooling2D], "stride": []}[pooling]
    stack = [
        keras.Input((32, 32, 3)),
        normalize or layers.Rescaling(1 / 255),
        layers.Conv2D(32, 3, stride, activation="relu"),
        *[layer(2) for layer in smaller],
        layers.Conv2D(64, 3, stride, activation="relu"),
        *[layer(2) for layer in smaller],
        layers.Conv2D(64, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(classes),
    ]
    return keras.Sequential(stack, name="reference_network")


def fast_network(
    x_train: np.ndarray,
    classes: int = 10,
    width: int = 32,
    patch: int = 2,
    layout: str = "1P 1 | 3P 3 | 3P 3",
    scale: bool = True,
    without: Sequence[str] = (),
) -> keras.Model:
    """A network of lesson 10, laid out to learn much in little time: 295,672 parameters unless changed.

    After K. Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU". The kernels of the first
    convolution, every `patch` // 2 pixels, are not learned (`whitening_kernels`). `layout` says of each other
    one how many times `width` kernels it has, and P where pooling follows; | ends a block. In a block of
    three, what the last two find is added to what they were given. If a P ends the layout, the last maps are
    flattened; otherwise the maximum of each is taken. With `scale`, batch normalization learns a factor for
    each map, not only a bias. `without` leaves ideas out: "whitening" (the same convolution, learned),
    "batch_normalization", "early_pooling" (it comes after the block's last ReLU), "global_max" (the average
    of each map in place of the maximum), "scaled_output".
    """
    inputs = x = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 127.5, -1)(x)
    kernels, biases = whitening_kernels(x_train, patch)
    first = layers.Conv2D(len(biases), patch, patch // 2, padding="same", activation="relu")
    x = first(x)
    if "whitening" not in without:
        first.trainable = False
        first.set_weights([kernels, biases])
    early = "early_pooling" not in without
    for block in layout.split("|"):
        found = []
        for convolution in block.split():
            # No bias: the normalization after it adds one.
            filters = width * int(convolution.strip("P"))
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
            x = layers.MaxPooling2D(2)(x) if early and "P" in convolution else x
            if "batch_normalization" not in without:
                x = FusedBatchNormalization(momentum=0.8, scale=scale)(x)
            x = layers.ReLU()(x)
            found.append(x)
        x = layers.Add()([found[0], x]) if len(found) == 3 else x
        x = x if early else layers.MaxPooling2D(2)(x)
    if layout.endswith("P"):
        x = layers.Flatten()(x)
    else:
        x = (layers.GlobalAveragePooling2D if "global_max" in without else layers.GlobalMaxPooling2D)()(x)
    # The logits in float32, whatever the layers before compute in: small differences between them count.
    x = layers.Dense(classes, use_bias=False, dtype="float32")(x)
    if "scaled_output" not in without:
        x = layers.Rescaling(1 / 9, dtype="float32")(x)
    return keras.Model(inputs, x, name="fast_network")


def whitening_kernels(x_train: np.ndarray, patch: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Kernels and biases of a convolution with uncorrelated feature maps of standard deviation 1.

    The kernels are the principal components of the `patch`×`patch` patches of the first 500 images, values -1
    to 1, each divided by its standard deviation, at most 12 of them, the strongest first; then their
    negatives, because ReLU lets only one sign pass. Shapes: (patch, patch, 3, n), (n,).
    """
    sample = x_train[:500].astype("float32") / 127.5 - 1
    # Shape (n, rows, columns, 1, patch, patch, 3), then (n · rows · columns, patch · patch · 3).
    windows = np.lib.stride_tricks.sliding_window_view(sample, (patch, patch, 3), axis=(1, 2, 3))
    vectors = windows[:, :: patch // 2, :: patch // 2].reshape(-1, patch * patch * 3)
    variances, components = np.linalg.eigh(np.cov(vectors, rowvar=False))
    # 0.01: components that hardly occur are not made large, they would be noise.
    rows = (components / np.sqrt(variances + 0.01)).T[::-1][:12]
    rows = np.concatenate([rows, -rows]).astype("float32")
    return rows.T.reshape(patch, patch, 3, -1), -rows @ vectors.mean(axis=0)


@keras.saving.register_keras_serializable("lessons")
class FusedBatchNormalization(layers.BatchNormalization):
    """Batch normalization as one operation of TensorFlow; Keras uses several. The same result, faster."""

    def call(self, inputs, training=False):
        mean, variance = self.moving_mean, self.moving_variance
        given = {} if training else {"mean": mean.value, "variance": variance.value}
        gamma = self.gamma.value if self.scale else tf.ones_like(self.beta.value)
        result, batch_mean, batch_variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, gamma, self.beta.value, **given, epsilon=self.epsilon, is_training=training
        )
        if training:
            mean.assign(self.momentum * mean + (1 - self.momentum) * batch_mean)
            variance.assign(self.momentum * variance + (1 - self.momentum) * batch_variance)
        return result


def operations(model: keras.Model, training: bool = False) -> int:
    """Floating-point operations of convolutions and dense layers for an image, forward or in a training step.

    A multiplication and an addition are two. A frozen layer has no gradient of its weights; a layer with no
    trainable one before it has none of its input. Each takes as many operations as forward.
    """
    total, trained_before = 0, False
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D | layers.Dense):
            forward = 2 * math.prod([*layer.output.shape[1:-1], *layer.kernel.shape])
            total += forward * (1 + training * (bool(layer.trainable_weights) + trained_before))
        trained_before |= bool(layer.trainable_weights)
    return total
