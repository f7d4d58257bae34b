"""What a training costs, and where its time goes. Used in lesson 10."""

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


def seconds_by_kind(model: keras.Model, batches, kinds: dict[str, str], steps=30) -> dict[str, float]:
    """Elapsed seconds of `steps` training steps by the kind of operation, the largest first.

    `batches` is what `fit` takes, `steps` of them or more; `kinds` has for each kind what the names of its
    operations in TensorFlow hold, and the first that fits counts. On several cores, one still counts once.
    """
    cpu_milliseconds(model, batches, 2)  # builds it, if it is new
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            cpu_milliseconds(model, batches, steps)
        (file,) = Path(folder).glob("plugins/profile/*/*.xplane.pb")
        space = xplane_pb2.XSpace.FromString(file.read_bytes())
    seconds = Counter()
    for plane in space.planes:
        for event in (event for line in plane.lines for event in line.events):
            # "layer/Conv2D:_MklNativeConv2D" is an operation and its type; other events have other names.
            operation = re.fullmatch(r"[^\s:]+:(\w+)", plane.event_metadata[event.metadata_id].name)
            if operation and "PartitionedCall" not in operation[1]:  # that one holds others
                names = (name for name, part in kinds.items() if part in operation[1])
                seconds[next(names, "other operations")] += event.duration_ps / 1e12
    return dict(seconds.most_common())


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
