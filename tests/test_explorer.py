"""The explorer: its one output, what it refuses, and its module, by node where node is there."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from helpers import explorer, networks
from helpers.errors import UserError

import keras
import numpy as np
import pytest
from bs4 import BeautifulSoup
from keras import layers

TINY = np.array([[0, 0, 9, 9, 9, 9]] * 6)
KERNEL = np.array([[-1, 0, 1]] * 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
NAMES = [f"class {number}" for number in range(10)]
CHUNK = (
    'process.stdout.write(JSON.stringify(Array.from(forward(page.layers, weights, image).at(-2))) + "\\n");'
)
COMPUTE = f"""
import {{ readFileSync }} from "node:fs";
const {{ decode, fit, forward }} = await import(process.env.MODULE);
const page = JSON.parse(readFileSync(0, "utf8"));
fit(page.layers);
const {{ images, weights }} = await decode(page);
for (const image of images) {CHUNK}
"""


@pytest.fixture
def displayed(monkeypatch):
    """The outputs that were displayed: their MIME types and data."""
    found = []
    monkeypatch.setattr(explorer, "display", lambda data, raw: found.append(data))
    return found


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A function that runs node with arguments, its environment naming the module that is in the page."""
    program = shutil.which("node")
    if not program or int(subprocess.check_output([program, "--version"], text=True)[1:].split(".")[0]) < 20:
        pytest.skip("there is no node of version 20 or later")
    module = tmp_path_factory.mktemp("explorer") / "module.mjs"
    module.write_text(explorer.module_text(), encoding="utf-8")

    def run(*arguments: str, given: str = "", **environment: str) -> str:
        environment = os.environ | {"MODULE": module.as_uri()} | environment
        done = subprocess.run(
            [program, *arguments], input=given, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def page_of(data: dict) -> dict:
    """What the module is started with."""
    return json.loads(re.search(r'^start\("explorer-\w+", (.+)\);$', data["text/html"], re.M)[1])


def small_network(*more) -> keras.Sequential:
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((32, 32, 3)), *more, layers.Flatten(), layers.Dense(10)])


def test_one_output_with_a_still_image_and_a_module_without_an_address(displayed):
    explorer.explorer(networks.reference_network(), IMAGES, NAMES)
    [data] = displayed
    assert set(data) == {"text/html", "text/plain"}
    assert len(json.dumps(data)) < 400_000
    soup = BeautifulSoup(data["text/html"], "html.parser")
    image, script = soup.find_all(["img", "script"])
    assert image["alt"] == data["text/plain"] and image["src"].startswith("data:image/png;base64,")
    assert script["type"] == "module" and script.find_parent("div") is None
    assert not re.search(r"https?:|//[a-z]+\.|@import|\bimport\b.+\bfrom\b", data["text/html"])
    page = page_of(data)
    names = "image, rescaling, conv 1, pool 1, conv 2, pool 2, conv 3, flatten, dense 1, dense 2, softmax"
    assert ", ".join(layer["name"] for layer in page["layers"]) == names
    assert sum(layer.get("parameters", 0) for layer in page["layers"]) == 122_570
    assert page["images"] in (5, 10) and page["levels"] == 8191
    explorer.explorer(networks.reference_network(), IMAGES[:1], NAMES)
    assert displayed[1]["text/html"].split('"')[1] != data["text/html"].split('"')[1], "each has its own name"


def test_a_larger_network_gets_fewer_bits(displayed):
    explorer.explorer(networks.reference_network(pooling="stride"), IMAGES, NAMES)
    page = page_of(displayed[0])
    assert page["levels"] == 127 and page["images"] == 10
    assert len(json.dumps(displayed[0])) < 400_000


def test_a_network_without_classes(displayed):
    network = keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(4, 3), layers.MaxPooling2D(2)])
    explorer.explorer(network, IMAGES)
    page = page_of(displayed[0])
    assert [layer["name"] for layer in page["layers"]] == ["image", "conv 1", "pool 1"]
    assert page["classes"] == []


def test_layers_of_one_name_are_counted_together(displayed):
    kinds = layers.Rescaling(1 / 255), layers.Conv2D(2, 3), layers.BatchNormalization()
    explorer.explorer(small_network(*kinds, layers.MaxPooling2D(), layers.AveragePooling2D(2)), IMAGES, NAMES)
    names = [layer["name"] for layer in page_of(displayed[0])["layers"]]
    assert names[1:6] == ["rescaling", "conv 1", "batch norm 1", "pool 1", "pool 2"]


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (small_network(layers.SeparableConv2D(2, 3)), "computes normalizations, .*separable_conv2d"),
        (small_network(layers.Conv2D(2, 3, activation="tanh")), "computes ReLU; conv2d.* tanh"),
        (small_network(layers.Conv2D(2, 3, dilation_rate=2)), "as the lessons use them; conv2d"),
        (small_network(layers.Conv2D(120, 3)), "takes about 250,000 parameters; this has 1,"),
        (
            keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten()]),
            "no logits, .* 10 class names",
        ),
        (keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten(), layers.Dense(3)]), "ends in 3 logits"),
        (networks.fast_network(IMAGES), "takes a keras.Sequential"),
    ],
    ids=["layer", "activation", "setting", "size", "no logits", "other logits", "kind"],
)
def test_networks_that_it_refuses(network, sentence, displayed):
    with pytest.raises(UserError, match=sentence):
        explorer.explorer(network, IMAGES, NAMES)
    assert not displayed


@pytest.mark.parametrize("shape", [(2, 3), (6, 6)])
def test_kernels_that_it_does_not_take(shape):
    with pytest.raises(ValueError, match="takes kernels of 1×1 to 5×5"):
        explorer.explore_convolution(TINY, np.zeros(shape))


def test_a_kernel_over_a_small_image(displayed):
    explorer.explore_convolution(TINY, KERNEL)
    explorer.explore_convolution(TINY, KERNEL)
    assert displayed[0] == displayed[1], "stored outputs stay as they are"
    assert "kernel of 3×3" in displayed[0]["text/plain"]
    page = page_of(displayed[0])
    assert page["editable"] and page["weights"][1]["kernel"] == KERNEL.ravel().tolist()


NETWORKS = {
    "maximum": networks.reference_network,
    "average": lambda: networks.reference_network(pooling="average"),
    "strides": lambda: networks.reference_network(4, pooling="stride"),
    "center": lambda: networks.reference_network(normalize=networks.normalization_layer("center", IMAGES)),
    "standardize": lambda: networks.reference_network(
        normalize=networks.normalization_layer("standardize", IMAGES)
    ),
    "same": lambda: small_network(
        layers.Rescaling(1 / 127.5, -1),
        layers.Conv2D(4, 5, 2, padding="same", use_bias=False),
        layers.ReLU(),
        layers.AveragePooling2D(3, padding="same"),
        layers.Dropout(0.5),
        layers.RandomFlip(),
        layers.Conv2D(4, (1, 3), activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(3, 2, padding="same"),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_page_computes_what_keras_computes(name, displayed, node):
    keras.utils.set_random_seed(1)
    network = NETWORKS[name]()
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights(np.array([[1, 2, 3, 4], [0.5, 0, -1, 2], [2, 1, 0, -1], [1, 4, 0.25, 2]]))
    explorer.explorer(network, IMAGES, NAMES[: network.output_shape[-1]])
    page = page_of(displayed[0])
    out = node("--input-type=module", "--eval", COMPUTE, given=json.dumps(page))
    logits = np.array([json.loads(line) for line in out.splitlines()])
    expected = network.predict(IMAGES[: page["images"]], verbose=0)
    largest = {8191: 1e-3, 127: 0.1}[page["levels"]]
    assert np.abs(logits - expected).max() < largest * np.abs(expected).max()


def test_the_units_of_the_module(displayed, node):
    network = keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(3)])
    images = IMAGES[:2, :2, :2, :1]
    explorer.explorer(network, images, NAMES[:3])
    kernel, bias = network.get_weights()
    page = page_of(displayed[0])
    page["weights"][1:2] = page["weights"][2:3]  # the dense layer's place in the test
    known = {"page": page, "images": images.reshape(2, -1).tolist()}
    known |= {"kernel": kernel.ravel().tolist(), "bias": bias.tolist()}
    node("--test", str(Path(__file__).with_name("explorer.test.mjs")), DATA=json.dumps(known))


def test_the_module_stays_small_and_readable():
    lines = {part: (explorer.HERE / part).read_text(encoding="utf-8").splitlines() for part in explorer.PARTS}
    assert all(len(text) <= 400 for text in lines.values()), {part: len(text) for part, text in lines.items()}
    assert [line for text in lines.values() for line in text if len(line) > 110] == []
