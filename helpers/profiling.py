"""What a training costs, and where its time goes. Used in lesson 09."""

import re
import tempfile
import time
import timeit
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

# What the names of TensorFlow's operations hold; the first that fits counts.
KINDS = {
    "gradient of the kernels": "Conv2DBackpropFilter",
    "gradient of the feature maps": "Conv2DBackpropInput",
    "convolution": "Conv2D",
    "batch normalization": "BatchNorm",
    "pooling": "Pool",
    "ReLU": "Relu",
    "matrix products": "MatMul",
    "handing over the images": "PyFunc",
}
OTHER = "other operations"
AROUND = "around the operations"


def seconds_by_kind(model: keras.Model, batches, steps: int = 30) -> dict[str, float]:
    """CPU seconds of `steps` training steps by the kind of operation, the largest first.

    `batches` is what `fit` takes, with at least that many batches. What is left beside the operations that
    TensorFlow's profiler measures is `AROUND`: Python, threads, memory.
    """
    cpu_milliseconds(model, batches, 2)  # builds it, if it is new
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            total = cpu_milliseconds(model, batches, steps) * steps / 1000
        (file,) = Path(folder).glob("plugins/profile/*/*.xplane.pb")
        space = xplane_pb2.XSpace.FromString(file.read_bytes())
    seconds = Counter()
    for plane in space.planes:
        for event in (event for line in plane.lines for event in line.events):
            # "layer/Conv2D:_MklNativeConv2D" is an operation and its type; other events have other names.
            operation = re.fullmatch(r"[^\s:]+:(\w+)", plane.event_metadata[event.metadata_id].name)
            if operation and "PartitionedCall" not in operation[1]:  # that one holds others
                names = (name for name, part in KINDS.items() if part in operation[1])
                seconds[next(names, OTHER)] += event.duration_ps / 1e12
    seconds[AROUND] = max(0.0, total - sum(seconds.values()))
    return dict(seconds.most_common())


def peak_operations(precision: str, size: int = 1024, repeats: int = 25) -> float:
    """The most floating-point operations in a CPU second (on a GPU: a second): a product of two matrices."""
    matrix = tf.cast(tf.random.stateless_normal((size, size), [0, 0]), precision)
    product = tf.function(lambda: tf.reduce_sum(tf.matmul(matrix, matrix)))
    return 2 * size**3 / min(seconds_of(product, repeats))


def seconds_of(step: Callable, repeats: int, *given) -> list[float]:
    """CPU seconds (on a GPU: seconds) of `step(*given)`, which returns a number, each of `repeats` times."""
    clock = time.perf_counter if tf.config.list_physical_devices("GPU") else time.process_time
    float(step(*given))  # the first call builds it
    return timeit.repeat(lambda: float(step(*given)), timer=clock, repeat=repeats, number=1)


def cpu_milliseconds(model: keras.Model, batches, steps: int = 60) -> float:
    """CPU milliseconds of a training step of `model` on `batches`, which it has been trained on before."""
    begin = time.process_time()
    model.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0)
    return (time.process_time() - begin) / steps * 1000
