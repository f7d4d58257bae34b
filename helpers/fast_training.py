"""Training in little time, as lesson 10 explains it."""

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from helpers import networks, parameters, training
from helpers.datasets import Dataset, split_validation
from helpers.parameters import IDEAS
from helpers.profiling import seconds_of

import keras
import numpy as np
import tensorflow as tf
from numpy.lib.stride_tricks import sliding_window_view


@dataclass(frozen=True)
class Recipe:
    """A network and how to train it."""

    width: int
    patch: int
    layout: str
    images: int  # how many are looked at in the whole training, repeated if there are fewer
    scale: bool = True
    batch_size: int = 128
    learning_rate: float = 0.04  # the largest of the schedule
    weight_decay: float = 0.01
    label_smoothing: float = 0.1
    shift: int = 2  # pixels, at most, in each direction
    schedule: str = "cosine"  # with a rise in the first fifth of the steps; or "linear", without one
    ns_steps: int = 3  # rounds of Muon's matrix products

    @property  # what `networks.fast_network` is given
    def network(self) -> tuple[int, int, str, bool]:
        return self.width, self.patch, self.layout, self.scale


RECIPE_BOOK = {
    "seconds": Recipe(
        width=32,
        patch=4,
        layout="1P | 2P | 4 4P",
        images=16_000,
        scale=False,
        learning_rate=0.05,
        weight_decay=0,  # tracing its operations takes more than a second
        shift=0,
        schedule="linear",
        ns_steps=2,
    ),
    "minutes": Recipe(width=32, patch=2, layout="1P 1 | 3P 3 | 3P 3", images=270_000),
    "far": Recipe(width=64, patch=2, layout="1P 1 | 3P 3 3 | 3P 3 3", images=810_000, weight_decay=0.02),
}


def train(
    run_dir: str | Path,
    dataset: Dataset,
    recipe: str = "seconds",
    *,
    epochs: float = 0,
    precision: str = "auto",
    without: Sequence[str] = (),
    seed: int = 0,
    train_size: int = 0,
    progress: bool = True,
    **changes,
) -> training.Run:
    """Train with a recipe of `RECIPE_BOOK`, and return the finished run in `run_dir`.

    `changes` are fields of `Recipe`, such as width and learning_rate, and replace the recipe's own unless
    they are 0; so does `epochs`. `without` leaves out ideas of `parameters.IDEAS`. `precision` "auto" is that
    of `faster_precision`. In the metrics, seconds and CPU seconds are those of the training run with building
    the network; `flip_accuracy` is the second of `test_accuracies`. Raises `UserError` as
    `training.open_run` and `chosen_recipe` do.
    """
    chosen = chosen_recipe(recipe, precision, without, **changes)
    keras.utils.set_random_seed(seed)
    x_train, y_train, *validation = split_validation(dataset.x_train, dataset.y_train, train_size, seed)
    epochs = epochs or chosen.images / len(x_train)
    precision = faster_precision() if precision == "auto" else precision
    classes = len(dataset.class_names)
    settings = asdict(chosen) | {"train_size": len(x_train), "seed": seed, "epochs": round(epochs, 3)}
    settings |= {"recipe": recipe, "precision": precision, "without": ", ".join(without) or "nothing"}
    run = training.open_run(run_dir, dataset, **settings)
    if run.finished:
        return run
    begin = training.clocks()
    rounds = max(1, round(epochs))
    images = ChangedImages(x_train, y_train, classes, chosen, epochs / rounds, without, seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision if precision == "float32" else f"mixed_{precision}")
    try:
        model = networks.fast_network(x_train, classes, *chosen.network, without)
        compile_model(model, chosen, rounds * len(images), without)
    finally:
        keras.config.set_dtype_policy(before)
    model, first_round = run.resume(model, steps=len(images))
    images.begin_round(first_round)
    setup = training.clocks() - begin
    model.fit(
        images,
        shuffle=False,  # the images see to that
        epochs=rounds,
        initial_epoch=first_round,
        validation_data=(validation[0], keras.utils.to_categorical(validation[1], classes)),
        validation_batch_size=500,
        callbacks=run.callbacks(progress),
        verbose=0,
    )
    accuracy, flip_accuracy = test_accuracies([model], dataset)
    run.finish(model, accuracy, setup=setup, flip_accuracy=flip_accuracy)
    return run


def chosen_recipe(recipe: str, precision: str, without: Sequence[str] = (), **changes) -> Recipe:
    """The recipe, changed as asked. Raises `ParameterError` for a word or a number without sense."""
    parameters.refuse_unknown(changes, [field.name for field in fields(Recipe)])
    changes = {name: value for name, value in changes.items() if value}  # 0 is the recipe's own
    for name, value in {"recipe": recipe, "precision": precision, **changes}.items():
        if name in parameters.PARAMETERS:
            parameters.check(name, value)
    if unknown := set(without) - set(IDEAS):
        raise parameters.ParameterError(f"There is no idea {unknown.pop()!r}; there are {', '.join(IDEAS)}.")
    book = RECIPE_BOOK[recipe]
    slower = {"learning_rate": book.learning_rate / 4} if {"muon", "schedule"} & set(without) else {}
    left_out = {idea: 0 for idea in ("label_smoothing", "shift") if idea in without}
    return replace(book, **slower | changes | left_out)


def compile_model(model: keras.Model, recipe: Recipe, steps: int, without: Sequence[str] = ()) -> None:
    """Give `model` optimizer, schedule over `steps` steps, and loss; its labels are one-hot vectors."""
    rate = recipe.learning_rate
    decay = recipe.weight_decay or None  # without one, nothing is traced for it
    if "schedule" not in without and recipe.schedule == "linear":
        rate = keras.optimizers.schedules.PolynomialDecay(rate, steps, end_learning_rate=0.0)
    elif "schedule" not in without:
        up = steps // 5
        rate = keras.optimizers.schedules.CosineDecay(0.0, steps - up, warmup_target=rate, warmup_steps=up)
    if "muon" in without:
        optimizer = keras.optimizers.Adam(rate, weight_decay=decay, beta_2=0.99)
    else:
        others = {"weight_decay": decay, "adam_weight_decay": decay, "adam_beta_2": 0.99}
        optimizer = ConvolutionMuon(rate, momentum=0.6, ns_steps=recipe.ns_steps, **others)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing)
    # Keras would create the variables of the optimizer, and of a metric given by its name, within the first
    # step, which TensorFlow would then trace twice.
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, loss, metrics=[keras.metrics.CategoricalAccuracy("accuracy")])


@keras.saving.register_keras_serializable("lessons")
class ConvolutionMuon(keras.optimizers.Muon):
    """Muon (K. Jordan et al. 2024) for the kernels of convolutions; Adam for all other parameters.

    Keras has Muon for matrices: here of shape (size · size · channels, maps).
    """

    def _should_use_adamw(self, variable):
        return len(variable.shape) != 4

    def zeropower_via_newtonschulz5(self, x, steps):
        matrix = keras.ops.reshape(x, (-1, x.shape[-1]))
        return keras.ops.reshape(super().zeropower_via_newtonschulz5(matrix, steps), x.shape)

    def lr_adjust(self, x):
        return x * max(np.prod(x.shape[:-1]), x.shape[-1]) ** 0.5 * self.rms_rate


class ChangedImages(keras.utils.PyDataset):
    """Batches of training images in another order each round, shifted at random and mirrored by turns.

    An image that is mirrored in one round is not in the next (K. Jordan 2024). A batch: images uint8
    (n, 32, 32, 3), and one-hot vectors (n, classes). A round has `share` times as many images as there are.
    Everything follows from the seed and the number of the round.
    """

    def __init__(self, x, y, classes: int, recipe: Recipe, share=1.0, without: Sequence[str] = (), seed=0):
        super().__init__()
        self.labels = keras.utils.to_categorical(y, classes)
        self.batch_size, self.shift, self.seed = min(recipe.batch_size, len(x)), recipe.shift, seed
        self.steps = max(1, round(len(x) * share / self.batch_size))
        self.flip = "flip" not in without
        padded = np.pad(x, [(0, 0), *[(self.shift, self.shift)] * 2, (0, 0)], mode="reflect")
        # Each image at each shift, without copying: shape (n, shifts down, shifts right, 32, 32, 3).
        self.windows = sliding_window_view(padded, (32, 32, 3), axis=(1, 2, 3))[:, :, :, 0]
        self.flipped_first = np.random.default_rng(seed).random(len(x)) < 0.5
        self.begin_round(0)

    def begin_round(self, number: int) -> None:
        """Put the images in the order of round `number`, counted from 0; they come next."""
        self.round = number
        rng = np.random.default_rng([self.seed, number])
        # More steps than there are images begin again from the front.
        self.order = np.resize(rng.permutation(len(self.labels)), self.steps * self.batch_size)
        self.shifts = rng.integers(0, 2 * self.shift + 1, (2, len(self.order)))

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        batch = slice(step * self.batch_size, (step + 1) * self.batch_size)
        chosen = self.order[batch]
        images = self.windows[chosen, *self.shifts[:, batch]]  # a copy
        mirrored = self.flip & (self.flipped_first[chosen] ^ (self.round % 2 == 1))
        images[mirrored] = images[mirrored, :, ::-1]
        return images, self.labels[chosen]

    def on_epoch_end(self) -> None:
        self.begin_round(self.round + 1)


@functools.cache  # a processor without units for it is slow with bfloat16
def seconds_by_precision(repeats: int = 4) -> dict[str, float]:
    """CPU seconds (on a GPU: seconds) of a convolution and its gradients, by the precision it computes in.

    128 images, 16×16 numbers a map, 64 channels to 64. float16 on a GPU alone: processors are slow with it.
    """

    @tf.function
    def step(maps, kernel):
        gradients = tf.gradients(tf.square(tf.nn.conv2d(maps, kernel, 1, "SAME")), [maps, kernel])
        # One number that needs both of them, so that neither is left out.
        return tf.add_n([tf.cast(tf.reduce_sum(gradient), "float32") for gradient in gradients])

    measured = {}
    short = ["bfloat16", "float16"] if tf.config.list_physical_devices("GPU") else ["bfloat16"]
    for precision in ("float32", *short):
        maps = tf.cast(tf.random.stateless_normal((128, 16, 16, 64), [0, 0]), precision)
        kernel = tf.cast(tf.random.stateless_normal((3, 3, 64, 64), [0, 1]), precision)
        measured[precision] = float(np.median(seconds_of(step, repeats, maps, kernel)))
    return measured


def faster_precision() -> str:
    """The precision in which this machine convolves fastest; float32 unless it is clearly beaten."""
    measured = seconds_by_precision()
    fastest = min(measured, key=measured.get)
    return fastest if measured[fastest] < 0.8 * measured["float32"] else "float32"


def test_accuracies(models: Sequence[keras.Model], dataset: Dataset) -> tuple[float, float]:
    """Accuracy on the test set: of the images, and of each with its mirror image; `models` are averaged."""
    images = (dataset.x_test, dataset.x_test[:, :, ::-1])
    logits, mirrored = (sum(model.predict(x, batch_size=500, verbose=0) for model in models) for x in images)
    scores = (logits, logits + mirrored)
    return tuple(float((score.argmax(axis=1) == dataset.y_test).mean()) for score in scores)
