"""The explorer: look into a trained network, or slide a kernel over a small image, where no Python runs.

One output of HTML holds weights, images, and the module of this folder's .js files, which computes and draws
everything in the page. Where no scripts run, the still image stays.
"""

import base64
import hashlib
import html
import io
import json
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

from helpers import figures
from helpers.errors import UserError

import keras
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from keras import layers
from PIL import Image

HERE = Path(__file__).parent
PARTS = ("network.js", "board.js", "views.js", "explorer.js")  # of one module, in this order
LARGEST = 400_000  # characters of one output in a notebook
# Weights as whole numbers up to this one, and how many images: the first that fits.
CHOICES = ((8191, 10), (8191, 5), (127, 10), (127, 5), (127, 1))
NUMBERED = ("conv", "pool", "dense", "batch norm")
UNUSED = layers.Dropout | layers.RandomFlip | layers.RandomTranslation  # except in training
POOLINGS = {layers.MaxPooling2D: "max", layers.AveragePooling2D: "average"}


def explorer(model: keras.Sequential, images: np.ndarray, class_names: Sequence[str] = ()) -> None:
    """Display the explorer of a network of the layers of lessons 04 and 05.

    images: uint8, shape (n, height, width, channels); ten at most are shown. class_names: one for each logit
    of the last dense layer, if the network ends in one. The weights are rounded to 14 bits: in the trained
    reference network that changed the logits by less than 1e-3 of the largest, and no class of 1,000 images.
    Above about 130,000 parameters they get 8 bits, which changed 6 of 1,000 classes. Raises `UserError` for a
    layer that the page can't compute, other class names, and more than about 250,000 parameters.
    """
    described, weights = describe(model, class_names)
    figure, alt = _first_image(model, described, images[0], class_names)
    page, still = {"layers": described, "classes": class_names, "white": 255}, _still(figure, alt)
    for levels, count in CHOICES:
        packed = [images[:count].tobytes()]
        page["weights"] = [own and _packed(own, levels, packed) for own in weights]
        page |= {"images": len(images[:count]), "levels": levels}
        output = _html(page, b"".join(packed), still)
        if len(json.dumps(output)) < LARGEST:
            return display({"text/html": output, "text/plain": alt}, raw=True)
    raise UserError(f"The explorer takes about 250,000 parameters; this has {model.count_params():,}.")


def explore_convolution(image: np.ndarray, kernel: np.ndarray) -> None:
    """Display a small square image under a kernel to be changed. Raises ValueError for other shapes."""
    largest, size = min(5, *image.shape), len(kernel)
    if kernel.shape not in [(side, side) for side in range(1, largest + 1)]:
        accepted = f"kernels of 1×1 to {largest}×{largest} on this image"
        raise ValueError(f"The explorer takes {accepted}; this one has the shape {kernel.shape}.")
    settings = {"kernel": kernel.shape, "stride": (1, 1), "padding": "valid", "filters": 1}
    convolution = {"type": "conv", "name": "feature map"} | settings
    page = {
        "layers": [{"type": "image", "name": "image", "shape": (*image.shape, 1)}, convolution],
        "weights": [None, {"kernel": kernel.ravel(), "bias": [0]}],
        "place": {"layer": 1, "map": 0, "at": 0},
    }
    page |= {"editable": True, "classes": [], "images": 0, "pixels": image.ravel(), "white": image.max() / 1}
    alt = f"An image of {len(image)}×{len(image)} pixels, its first window, a kernel of {size}×{size}, their "
    alt += "products, and the feature map, whose first activation is their sum."
    figure = figures.window(image, kernel, 0, 0, title="One window, one activation")
    display({"text/html": _html(page, b"", _still(figure, alt)), "text/plain": alt}, raw=True)


def describe(model: keras.Model, class_names: Sequence[str]) -> tuple[list[dict], list[dict | None]]:
    """The layers from the image to the probabilities, as the page names them, and the weights of each."""
    if not isinstance(model, keras.Sequential) or len(model.input_shape) != 4:
        raise UserError("The explorer takes a keras.Sequential of images; this model is of another kind.")
    found: list[dict] = [{"type": "image", "name": "image", "shape": model.input_shape[1:]}]
    weights: list[dict | None] = [None]
    for layer in model.layers:
        activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
        if isinstance(layer, layers.ReLU | layers.Softmax):
            activation = type(layer).__name__.lower()
        elif not isinstance(layer, layers.Activation | UNUSED):
            one, own = _layer(layer, found[-1])
            count = 1 + sum(known["name"].startswith(one["name"]) for known in found)
            name = one["name"] + (f" {count}" if one["name"] in NUMBERED else "")
            found.append(one | {"name": name, "parameters": layer.count_params()})
            weights.append(own)
        if activation == "relu":
            found[-1]["relu"] = True
        elif activation != "linear" and (activation != "softmax" or layer is not model.layers[-1]):
            raise UserError(f"The explorer computes ReLU; {layer.name} has the activation {activation}.")
    if len(class_names) != found[-1].get("units", 0):
        ends = f"ends in {found[-1].get('units', 'no')} logits, and there are {len(class_names)} class names"
        raise UserError(f"The explorer takes a name for each logit; this network {ends}.")
    softmax = [{"type": "softmax", "name": "softmax"}] if class_names else []
    return found + softmax, weights + [None] * len(softmax)


def _layer(layer: layers.Layer, given: dict) -> tuple[dict, dict | None]:
    """What a layer is to the page, and its weights; `given` is the one before it."""
    ones, own = np.ones(given.get("filters") or given.get("shape", [1])[-1]), None
    if isinstance(layer, layers.Conv2D | layers.Dense):
        kernel, *bias = layer.get_weights()
        own = {"kernel": kernel, "bias": bias[0] if bias else np.zeros(kernel.shape[-1])}
    match layer:
        case layers.Rescaling():
            own = {"kernel": ones * layer.scale, "bias": ones * layer.offset}
            return {"type": "scale", "name": "rescaling"}, own
        case layers.Normalization():
            factor = ones / np.sqrt(np.array(layer.variance).ravel())
            own = {"kernel": factor, "bias": -np.array(layer.mean).ravel() * factor}
            return {"type": "scale", "name": "normalization"}, own
        case layers.BatchNormalization() if given["type"] not in ("flatten", "dense"):
            gamma, beta, mean, variance = layer.get_weights()
            factor = gamma / np.sqrt(variance + layer.epsilon)
            return {"type": "scale", "name": "batch norm"}, {"kernel": factor, "bias": beta - mean * factor}
        case layers.Conv2D(dilation_rate=(1, 1), groups=1):
            one = {"type": "conv", "name": "conv", "filters": layer.filters, "kernel": layer.kernel_size}
            return one | {"stride": layer.strides, "padding": layer.padding}, own
        case layers.MaxPooling2D() | layers.AveragePooling2D():
            one = {"type": POOLINGS[type(layer)], "name": "pool", "kernel": layer.pool_size}
            return one | {"stride": layer.strides, "padding": layer.padding}, own
        case layers.Flatten():
            return {"type": "flatten", "name": "flatten"}, own
        case layers.Dense() if given["type"] in ("flatten", "dense"):
            return {"type": "dense", "name": "dense", "units": layer.units}, own
    known = "normalizations, convolutions, poolings, Flatten, Dense and Dropout, as the lessons use them"
    raise UserError(f"The explorer computes {known}; {layer.name}, {type(layer).__name__}, is another.")


def _packed(own: dict, levels: int, packed: list[bytes]) -> dict:
    """The weights of a layer for the page: kernels are put into `packed`, each map with a scale."""
    kernel = own["kernel"]
    if kernel.ndim == 1:
        return own
    scales = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1))) / levels + 1e-12
    whole = np.round(kernel / scales).astype(int)
    high = (whole + 128) // 256  # 0 for all of 8 bits
    packed += [part.astype(np.int8).tobytes() for part in (whole - 256 * high, high)]
    return {"count": kernel.size, "bias": own["bias"], "scales": scales}


def _first_image(model: keras.Model, described: list[dict], image, class_names) -> tuple[plt.Figure, str]:
    """What stands there where no scripts run: the strongest maps that each layer makes of an image."""
    shown = [layer.output for layer in model.layers if isinstance(layer, (layers.Conv2D, *POOLINGS))]
    watcher = keras.Model(model.inputs[0], [model.outputs[0], *shown])
    # False: without it, RandomFlip flips, and BatchNormalization goes on learning.
    last, *maps = [np.asarray(out)[0] for out in watcher(image[None].astype("float32"), training=False)]
    names = ["image", *[one["name"] for one in described if one["type"] in ("conv", *POOLINGS.values())]]
    title = f"The network says: {class_names[last.argmax()]}" if class_names else "An image, layer by layer"
    alt = f"An image and its strongest feature maps in {len(shown)} layers. {title}."
    stacks = dict(zip(names, [image / 255, *maps], strict=True))
    return figures.feature_map_mosaics(stacks, title), alt


def _still(figure: plt.Figure, alt: str) -> str:
    figure.set_dpi(64)
    file, png = io.BytesIO(), io.BytesIO(figures.png_bytes(figure))
    Image.open(png).convert("RGB").quantize(24).save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'


def module_text() -> str:
    """The module of the page, as it is written."""
    return "\n".join((HERE / part).read_text(encoding="utf-8") for part in PARTS)


def _html(page: dict, packed: bytes, still: str) -> str:
    """The still image, and the module that takes its place; the same data give the same text."""
    page["bytes"] = base64.b64encode(zlib.compress(packed, 9)).decode()
    page["style"] = (HERE / "explorer.css").read_text(encoding="utf-8")
    data = json.dumps(page, default=lambda array: [float(f"{x:.9g}") for x in array])  # all of float32
    data = data.replace("<", "\\u003c")
    module = re.sub(r"^ *(//.*\n|/\*\*[\s\S]*?\*/\n)?", "", module_text(), flags=re.M)  # to save letters
    name = f"explorer-{hashlib.sha256(data.encode()).hexdigest()[:8]}"
    script = f'<script type="module">\n{module}\nstart("{name}", {data});\n</script>'
    return f'<div class="{name}">{still}</div>\n{script}'
