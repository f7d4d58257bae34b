"""Other programs that learn CIFAR-10, on the same images and cores: accuracy against CPU seconds.

    taskset -c 0 .venv/bin/python docs/comparison.py PROGRAM PATH [--seed N] [--epochs N] [--steps N]

PATH is CIFAR-10 in any form that the lessons take. The programs are written anew after the sources that they
name, with the same network, optimizer, rates and batches. `--epochs` shortens a program; with `--steps` it
ends after so many steps of an epoch, to see what one costs, and tests nothing. CPU seconds are those of
building and training, without imports, reading the images and testing. Prints a row of docs/comparison.csv.

The two programs in PyTorch need torch, which nothing else here does: pip install torch.
"""

import argparse
import functools
import tempfile
import time
from dataclasses import replace

from helpers import fast_training, networks, training
from helpers.datasets import load_dataset, split_validation
from helpers.fast_training import ChangedImages

import keras
import numpy as np
from keras import layers

RECIPE, MINUTES = (fast_training.RECIPE_BOOK[name] for name in ("seconds", "minutes"))
MEASURED = ("parameters", "cpu_seconds", "test_accuracy")


def recipe(dataset, seed, epochs, steps, name="seconds"):
    """A recipe of lesson 10."""
    run = fast_training.train(
        tempfile.mkdtemp(), dataset, name, precision="float32", seed=seed, progress=False
    )
    return [run.metrics[name] for name in MEASURED]


def reference(dataset, seed, epochs, steps):
    """The reference network, as lesson 06 trains it."""
    run = training.train_run(
        tempfile.mkdtemp(), dataset, train_size=0, epochs=epochs, seed=seed, progress=False
    )
    return [run.metrics[name] for name in MEASURED]


def tensorflow_tutorial(dataset, seed, epochs, steps):
    """The tutorial "Convolutional Neural Network (CNN)" of tensorflow.org: the reference network, Adam."""
    begin = time.process_time()
    model = networks.reference_network()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    model.fit(dataset.x_train, dataset.y_train, epochs=epochs, steps_per_epoch=steps, verbose=2)
    return model.count_params(), time.process_time() - begin, tested(model.predict, dataset, steps)


def keras_example(dataset, seed, epochs, steps):
    """examples/cifar10_cnn.py of Keras 2: four convolutions, dropout, RMSprop, images shifted and flipped."""
    begin = time.process_time()
    stack = [keras.Input((32, 32, 3)), layers.Rescaling(1 / 255)]
    for filters in (32, 64):
        stack += [
            layers.Conv2D(filters, 3, padding="same", activation="relu"),
            layers.Conv2D(filters, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
        ]
    stack += [layers.Flatten(), layers.Dense(512, activation="relu"), layers.Dropout(0.5)]
    model = keras.Sequential([*stack, layers.Dense(10, activation="softmax")])
    rate = keras.optimizers.schedules.InverseTimeDecay(0.0001, 1, 1e-6)
    model.compile(keras.optimizers.RMSprop(rate), "categorical_crossentropy", metrics=["accuracy"])
    # A tenth of the width at most, as there; mirrored by turns, there at random.
    changes = replace(RECIPE, batch_size=32, shift=3)
    images = ChangedImages(dataset.x_train, dataset.y_train, 10, changes, seed=seed)
    model.fit(images, shuffle=False, epochs=epochs, steps_per_epoch=steps, verbose=2)
    return model.count_params(), time.process_time() - begin, tested(model.predict, dataset, steps)


def recipe_pytorch(dataset, seed, epochs, steps):
    """The recipe `seconds` in PyTorch, with the same images in the same order."""
    import torch
    from torch import nn

    begin = time.process_time()
    torch.manual_seed(seed)
    x_train, y_train, *_ = split_validation(dataset.x_train, dataset.y_train, 0, seed)
    images = ChangedImages(x_train, y_train, 10, RECIPE, RECIPE.images / len(x_train), seed=seed)
    kernels, biases = networks.whitening_kernels(x_train, RECIPE.patch)
    first = nn.Conv2d(3, len(biases), RECIPE.patch, RECIPE.patch // 2, padding=1).requires_grad_(False)
    first.weight.copy_(torch.tensor(kernels).permute(3, 2, 0, 1))
    first.bias.copy_(torch.tensor(biases))
    stack = [first, nn.ReLU()]
    for channels, filters, pool in ((24, 32, True), (32, 64, True), (64, 128, False), (128, 128, True)):
        stack.append(nn.Conv2d(channels, filters, 3, padding=1, bias=False))
        nn.init.xavier_uniform_(stack[-1].weight)
        stack += [nn.MaxPool2d(2)] if pool else []
        stack += [nn.BatchNorm2d(filters, eps=0.001, momentum=0.2), nn.ReLU()]
        stack[-2].weight.requires_grad_(False)  # a bias alone
    stack += [nn.Flatten(), nn.Linear(512, 10, bias=False)]
    nn.init.xavier_uniform_(stack[-1].weight)
    model = nn.Sequential(*stack).to(memory_format=torch.channels_last)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    convolutions = [weight for weight in trained if weight.ndim == 4]
    momenta = [torch.zeros_like(weight) for weight in convolutions]
    adam = torch.optim.Adam([weight for weight in trained if weight.ndim < 4], betas=(0.9, 0.99), eps=1e-7)

    def update(step):
        adam.param_groups[0]["lr"] = rate = RECIPE.learning_rate * (1 - step / len(images))
        adam.step()
        for weight, momentum in zip(convolutions, momenta, strict=True):  # Muon
            momentum.mul_(0.6).add_(weight.grad)
            direction = (weight.grad + 0.6 * momentum).flatten(1)
            direction /= direction.norm()
            for _ in range(RECIPE.ns_steps):
                square = direction @ direction.T
                direction = 3.4445 * direction + (2.0315 * square @ square - 4.7750 * square) @ direction
            weight -= 0.2 * max(direction.shape) ** 0.5 * rate * direction.view_as(weight)

    def logits(x):
        return model(x / 127.5 - 1) / 9

    loss = nn.CrossEntropyLoss(label_smoothing=RECIPE.label_smoothing)
    in_pytorch(model, logits, loss, update, images, 1, steps)
    return count(model), time.process_time() - begin, tested(predict_with(model, logits), dataset, steps)


def d2l_pytorch(dataset, seed, epochs, steps):
    """ResNet-18 of "Image Classification (CIFAR-10) on Kaggle" in Dive into Deep Learning: SGD, flips."""
    import torch
    from torch import nn

    def residual(channels, filters):
        stride = 1 if channels == filters else 2
        return Residual(
            nn.Sequential(
                nn.Conv2d(channels, filters, 3, stride, padding=1),
                nn.BatchNorm2d(filters),
                nn.ReLU(),
                nn.Conv2d(filters, filters, 3, padding=1),
                nn.BatchNorm2d(filters),
            ),
            nn.Identity() if channels == filters else nn.Conv2d(channels, filters, 1, stride),
        )

    class Residual(nn.Module):
        def __init__(self, found, given):
            super().__init__()
            self.found, self.given = found, given

        def forward(self, x):
            return nn.functional.relu(self.found(x) + self.given(x))

    begin = time.process_time()
    torch.manual_seed(seed)
    stack = [nn.Conv2d(3, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU()]
    for channels, filters in ((64, 64), (64, 128), (128, 256), (256, 512)):
        stack += [residual(channels, filters), residual(filters, filters)]
    stack += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10)]
    model = nn.Sequential(*stack).to(memory_format=torch.channels_last)
    sgd = torch.optim.SGD(model.parameters(), lr=2e-4, momentum=0.9, weight_decay=5e-4)
    # Shifted, where the book takes crops of several sizes.
    images = ChangedImages(dataset.x_train, dataset.y_train, 10, replace(RECIPE, shift=4), seed=seed)

    def update(step):
        sgd.param_groups[0]["lr"] = 2e-4 * 0.9 ** (step // (4 * len(images)))
        sgd.step()

    def logits(x):
        return model((x / 255 - 0.473) / 0.2)

    in_pytorch(model, logits, nn.CrossEntropyLoss(), update, images, epochs, steps)
    return count(model), time.process_time() - begin, tested(predict_with(model, logits), dataset, steps)


def in_pytorch(model, logits, loss, update, images, epochs, steps):
    """Train `model`: `logits` of a batch, its `loss`, and what `update` makes of the gradients."""
    import torch

    for epoch in range(epochs):
        for step in range(steps or len(images)):
            x, y = images[step]
            model.zero_grad()
            loss(logits(tensor(x)), torch.tensor(y)).backward()
            with torch.no_grad():
                update(epoch * len(images) + step)
        images.on_epoch_end()


def tensor(x):
    """Images uint8 (n, 32, 32, 3) as PyTorch takes them: float32 (n, 3, 32, 32), channels last in memory."""
    import torch

    return torch.tensor(x).permute(0, 3, 1, 2).float()


def count(model):
    return sum(weight.numel() for weight in model.parameters())


def predict_with(model, logits):
    import torch

    def predict(x, batch_size, verbose):
        model.eval()
        with torch.no_grad():
            parts = [logits(tensor(x[i : i + batch_size])).numpy() for i in range(0, len(x), batch_size)]
        return np.concatenate(parts)

    return predict


def tested(predict, dataset, steps):
    """The test accuracy; nothing after a few steps only."""
    if steps:
        return ""
    scores = predict(dataset.x_test, batch_size=500, verbose=0)
    return float((scores.argmax(axis=1) == dataset.y_test).mean())


# Each with the epochs that its source trains for; the recipes have their own numbers of images.
PROGRAMS = {
    "recipe": (recipe, RECIPE.images / 45_000),
    "minutes": (functools.partial(recipe, name="minutes"), MINUTES.images / 45_000),
    "reference": (reference, 10),
    "recipe_pytorch": (recipe_pytorch, RECIPE.images / 45_000),
    "tensorflow_tutorial": (tensorflow_tutorial, 10),
    "keras_example": (keras_example, 100),
    "d2l_pytorch": (d2l_pytorch, 20),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("path")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--steps", type=int)
    given = parser.parse_args()
    train, epochs = PROGRAMS[given.program]
    epochs = given.epochs or epochs
    dataset = load_dataset(given.path)
    keras.utils.set_random_seed(given.seed)
    parameters, cpu_seconds, accuracy = train(dataset, given.seed, epochs, given.steps)
    row = [given.program, given.seed, round(epochs, 3), given.steps or "", parameters, accuracy]
    print(*row, round(cpu_seconds, 1), sep=",")


if __name__ == "__main__":
    main()
