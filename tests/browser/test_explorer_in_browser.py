"""The explorer in a saved page that is opened without a network, and in JupyterLab, trusted and not.

Screenshots of its views are in build/browser/.
"""

import base64
import io
import json
import re

import doodles
from helpers import explorer, networks

import keras
import nbformat
import numpy as np
import pytest
from nbformat.sign import NotebookNotary
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NAMES = [f"class {number}" for number in range(10)]
HALF = (np.arange(32) < 16)[:, None, None] * np.array([200, 40, 90], np.uint8)
IMAGES = np.stack(
    [np.broadcast_to(HALF, (32, 32, 3)), *np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3))]
)
IMAGES = IMAGES.astype(np.uint8)
PAGE = '<!doctype html><html lang="en"><title>Saved</title><main><h1>Saved</h1>{}</main></html>'
PLACES = {
    "layers": (),
    "map": (4, 7),
    "number": (4, 7, 5, 6),
    "pooling": (3, 18, 5, 6),
    "dense": (9, 3),
    "softmax": (10, 3),
}
LOGITS = """async ([data, letters]) => {
    const { decode, fit, forward } = window.known;
    const layers = fit(data.layers), { weights } = await decode(data);
    const bytes = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0)), size = 32 * 32 * 3;
    const image = (i) => Float32Array.from(bytes.subarray(i * size, (i + 1) * size));
    return Array.from({ length: bytes.length / size }, (_, i) =>
        Array.from(forward(layers, weights, image(i)).at(-2)));
}"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    return networks.reference_network()


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    """Saved pages by name: the network, a network without classes, the kernel of lesson 03."""
    folder, found = tmp_path_factory.mktemp("saved"), {}
    layers = [keras.layers.Conv2D(4, 3), keras.layers.MaxPooling2D(2), keras.layers.Conv2D(4, 3)]
    maps = keras.Sequential([keras.Input((32, 32, 3)), *layers])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explorer, "display", lambda data, raw: found.update(last=data["text/html"]))
        for name, show in {
            "network": lambda: explorer.explorer(model, IMAGES, NAMES),
            "maps": lambda: explorer.explorer(maps, IMAGES),
            "kernel": lambda: explorer.explore_convolution(
                np.array([[0, 0, 9, 9, 9, 9]] * 6), np.array([[-1, 0, 1]] * 3)
            ),
        }.items():
            show()
            (folder / f"{name}.html").write_text(PAGE.format(found["last"]), encoding="utf-8")
    return folder


class Seen:
    """An explorer in a page: its controls by name, and what it says."""

    def __init__(self, page: Page):
        self.page, self.said = page, page.get_by_role("status")

    def at(self, key: str) -> Locator:
        return self.page.locator(f'[data-key="{key}"]')

    def go(self, layer: int | None = None, *numbers: int) -> None:
        self.at("show").select_option(str(0 if layer is None else layer + 1))
        for name, number in zip(["map", "row", "column"], numbers, strict=False):
            self.at(name).fill(str(number))
            self.at(name).press("Enter")


@pytest.fixture
def opened(browser: Browser, saved):
    """A function that opens a saved page; in the end, what it asked the network for and its errors fail."""
    contexts, asked, errors = [], [], []

    def open_page(name: str, **context) -> Seen:
        contexts.append(browser.new_context(offline=True, **context))
        page = contexts[-1].new_page()
        page.on(
            "request", lambda request: asked.append(request.url) if request.url.startswith("http") else None
        )
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((saved / f"{name}.html").as_uri())
        page.locator(".all").wait_for(timeout=120_000)
        return Seen(page)

    yield open_page
    for context in contexts:
        context.close()
    assert (asked, errors) == ([], [])


def shares(model: keras.Model, image: np.ndarray) -> np.ndarray:
    return np.asarray(keras.ops.softmax(model(image[None].astype("float32"))))[0]


def most_probable(model: keras.Model, image: np.ndarray) -> str:
    best = shares(model, image).argmax()
    return f"Most probable: {NAMES[best]} 0."


def check(seen: Seen, model: keras.Model, image: np.ndarray, tolerance: float = 0.002) -> None:
    """The probabilities in the page are those of Keras."""
    for name, expected in zip(NAMES, shares(model, image), strict=True):
        row = seen.page.locator(".classes tr", has=seen.page.get_by_role("button", name=name, exact=True))
        assert abs(float(row.locator("td").last.inner_text()) - expected) < tolerance, name


@pytest.mark.parametrize(("width", "scheme"), [(1000, "light"), (1000, "dark"), (360, "light")])
def test_views(opened, violations, screenshots, width, scheme):
    seen, found = opened("network", viewport={"width": width, "height": 900}, color_scheme=scheme), []
    for name, place in PLACES.items():
        seen.go(*place)
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width, name
        found += [f"{name}: {line}" for line in violations(seen.page, runOnly=RULES)]
        seen.page.screenshot(path=screenshots / f"explorer_{name}_{width}_{scheme}.png", full_page=True)
    seen = opened("kernel", viewport={"width": width, "height": 900}, color_scheme=scheme)
    found += [f"kernel: {line}" for line in violations(seen.page, runOnly=RULES)]
    seen.page.screenshot(path=screenshots / f"explorer_kernel_{width}_{scheme}.png", full_page=True)
    assert found == []


def test_the_numbers_are_those_of_keras(opened, model):
    seen = opened("network")
    check(seen, model, IMAGES[0])
    watcher = keras.Model(model.inputs[0], [layer.output for layer in model.layers])
    outputs = [np.asarray(output)[0] for output in watcher(IMAGES[:1].astype("float32"))]
    for layer, index, row, column in [
        (1, 2, 3, 4),
        (2, 0, 15, 9),
        (4, 9, 6, 6),
        (5, 63, 2, 0),
        (6, 11, 3, 3),
    ]:
        seen.go(layer, index, row, column)
        value = outputs[layer - 1][row, column, index]
        said = float(seen.said.inner_text().split(": ")[1].split(". ")[0].replace("−", "-"))
        assert abs(said - value) < 0.002 * max(1, abs(value)), (layer, said, value)
    for index in range(10):
        seen.go(9, index)
        said = float(seen.page.locator(".result strong").inner_text().replace("−", "-"))
        assert abs(said - outputs[-1][index]) < 0.006


def test_a_thousand_images_get_the_logits_and_the_classes_of_keras(browser, monkeypatch):
    """In the weights of 14 bits that an output of the reference network has."""
    images, kinds = doodles.draw_doodles(1000, seed=0)
    keras.utils.set_random_seed(0)
    model, found = networks.reference_network(), []
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(images, kinds, epochs=5, verbose=0)
    monkeypatch.setattr(explorer, "display", lambda data, raw: found.append(data["text/html"]))
    explorer.explorer(model, images[:1], NAMES)
    data = json.loads(re.search(r'^start\("explorer-\w+", (.+)\);$', found[0], re.M)[1])
    assert data["levels"] == 8191
    page, module = browser.new_page(), explorer.module_text() + "\nwindow.known = { decode, fit, forward };"
    page.add_script_tag(type="module", content=module)
    page.wait_for_function("window.known")
    logits = np.array(page.evaluate(LOGITS, [data, base64.b64encode(images.tobytes()).decode()]))
    page.close()
    expected = model.predict(images, batch_size=250, verbose=0)
    assert np.abs(logits - expected).max() < 1e-3 * np.abs(expected).max()
    assert (logits.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_random_weights_take_the_place_of_the_trained_ones_and_go_again(opened, model):
    seen = opened("network")
    seen.go(9, 0)
    trained = seen.said.inner_text()
    seen.at("weights").select_option("1")
    expect(seen.said).not_to_contain_text(trained)
    expect(seen.said).to_contain_text("dense 2, class 0: ")
    seen.at("weights").select_option("0")
    expect(seen.said).to_contain_text(f"{trained} {most_probable(model, IMAGES[0])}")
    check(seen, model, IMAGES[0])


def test_the_parameters_are_accounted_for(opened):
    seen = opened("network")
    seen.go(4, 7)
    expect(seen.page.get_by_text("18,496 parameters: 64 × (3×3×32 weights + 1 bias).")).to_be_visible()
    seen.go(8, 7)
    expect(seen.page.get_by_text("65,600 parameters: 64 × (1024 weights + 1 bias).")).to_be_visible()


def test_a_network_without_classes_has_no_probabilities(opened):
    seen = opened("maps")
    expect(seen.page.locator(".classes")).to_have_count(0)
    expect(seen.at("weights")).to_have_count(0)
    seen.go(3, 1, 6, 6)
    expect(seen.said).to_contain_text("conv 2, map 1, row 6, column 6")
    expect(seen.said).to_contain_text("rows 12 to 19 and columns 12 to 19 of the image")


def test_an_image_of_ones_own(opened, model):
    seen = opened("network")
    large = np.repeat(np.repeat(IMAGES[1], 10, axis=0), 10, axis=1)
    wide = np.pad(large, ((0, 0), (90, 90), (0, 0)))  # the square in the middle counts
    own = [{"name": "own.png", "mimeType": "image/png", "buffer": _png(wide)}]
    seen.page.locator("input[type=file]").set_input_files(own)
    seen.page.wait_for_timeout(500)
    check(seen, model, IMAGES[1], 0.02)
    seen.page.evaluate(
        """bytes => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "own.png", { type: "image/png" }));
            const all = document.querySelector("[class^=explorer]").shadowRoot.querySelector(".all");
            all.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        list(_png(IMAGES[2])),
    )
    expect(seen.said).to_contain_text("Most probable: class ")
    seen.page.wait_for_timeout(500)
    check(seen, model, IMAGES[2], 0.02)
    assert marked(seen) == []
    text = [{"name": "own.txt", "mimeType": "text/plain", "buffer": b"no image"}]
    seen.page.locator("input[type=file]").set_input_files(text)
    expect(seen.said).to_contain_text("not an image")


def marked(seen: Seen) -> list[int]:
    """The images that are framed: their left edges are vermilion."""
    return seen.at("images").evaluate(
        """canvas => [...Array(4).keys()].filter((i) =>
            canvas.getContext("2d").getImageData(44 * i + 1, 22, 1, 1).data.join() === "213,94,0,255")"""
    )


def test_another_image_is_marked_and_the_result_is_said(opened, model):
    seen = opened("network")
    expect(seen.said).to_contain_text(f"(counted from 0). {most_probable(model, IMAGES[0])}")
    assert marked(seen) == [0]
    before = seen.said.inner_text()
    seen.at("images").click(position={"x": 2 * 44 + 9, "y": 9})
    seen.at("show").hover()
    seen.at("show").focus()  # else the cursor is on the frame
    expect(seen.said).not_to_have_text(before)
    expect(seen.said).to_contain_text(f"(counted from 0). {most_probable(model, IMAGES[2])}")
    assert marked(seen) == [2]
    check(seen, model, IMAGES[2])


def _png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def test_cover_and_draw_with_keys_alone(opened, model):
    seen = opened("network")
    covered, drawn = IMAGES[0].copy(), np.full((32, 32, 3), 255, np.uint8)
    covered[0:5, 0:4] = 128  # 8×8 around row 1, column 0
    seen.at("on the image").focus()
    seen.page.keyboard.press("ArrowDown")
    expect(seen.said).to_contain_text("a gray square covers 8×8 pixels. Most probable: class ")
    seen.at("image").focus()
    seen.page.keyboard.press("ArrowDown")
    expect(seen.said).to_contain_text("Covered around row 1, column 0: class ")
    expect(seen.said).to_contain_text("Lowest so far: 0.")
    check(seen, model, covered)
    seen.at("image").hover(position={"x": 3, "y": 10})  # there
    seen.page.mouse.move(0, 0)
    expect(seen.said).to_contain_text("a gray square covers")
    check(seen, model, IMAGES[0])
    seen.at("on the image").select_option("2")
    seen.at("Clear to white").press("Enter")
    seen.at("image").focus()
    seen.page.keyboard.press("ArrowRight")
    seen.page.keyboard.press("Space")
    seen.page.wait_for_timeout(300)
    drawn[0:2, 0:2] = [0xD5, 0x5E, 0x00]  # 2×2 around row 1, column 1: the cursor was in row 1, column 0
    check(seen, model, drawn)
    expect(seen.said).to_contain_text("Most probable: class ")
    assert marked(seen) == []


def test_keys_lead_everywhere_and_back(opened):
    seen = opened("network", reduced_motion="reduce")
    seen.at("layer 2").focus()
    for key in ("ArrowDown", "ArrowRight"):
        seen.page.keyboard.press(key)
    expect(seen.said).to_have_text("conv 1, map 5: all its numbers are 0.")
    seen.page.keyboard.press("Enter")
    expect(seen.at("output")).to_be_focused()
    seen.page.keyboard.press("Enter")
    expect(seen.said).to_contain_text("conv 1, map 5, row 0, column 0")
    seen.at("output").press("ArrowDown")
    expect(seen.said).to_contain_text("row 1, column 0")
    expect(seen.at("output")).to_be_focused()
    seen.at("Next number").press("Enter")
    expect(seen.said).to_contain_text("row 1, column 1")
    expect(seen.at("Play")).to_be_hidden()
    seen.page.keyboard.press("Escape")
    expect(seen.said).to_have_text("conv 1, map 5: all its numbers are 0.")
    seen.at("Back").press("Enter")
    expect(seen.said).to_contain_text("row 1, column 1")
    seen.at("Forward").press("Enter")
    expect(seen.said).to_have_text("conv 1, map 5: all its numbers are 0.")


def test_touch(opened):
    seen = opened("network", has_touch=True, viewport={"width": 360, "height": 800})
    seen.at("layer 3").tap(position={"x": 30, "y": 5})
    expect(seen.said).to_have_text(re.compile(r"^pool 1, map 1: its numbers go from [\d.]+ to [\d.]+\.$"))
    seen.at("output").tap(position={"x": 5, "y": 5})
    expect(seen.said).to_contain_text("pool 1, map 1, row 0, column 0")
    seen.page.get_by_role("button", name="Go to the number that won: row ").tap()
    expect(seen.said).to_contain_text("conv 1, map 1, row")
    expect(seen.at("output")).to_be_in_viewport()
    seen.at("images").tap(position={"x": 60, "y": 20})


def test_play_slides_the_kernel_and_pause_stops_it(opened):
    seen = opened("kernel")
    seen.at("Play").click()
    expect(seen.said).to_contain_text("row 0, column 1", timeout=20_000)
    seen.page.get_by_role("button", name="Pause").click()
    seen.at("stride").fill("2")
    seen.at("stride").press("Enter")
    seen.at("padding").select_option("1")
    expect(seen.page.get_by_text("Size: ⌊(6 + 1 − 3) / 2⌋ + 1 = 3")).to_be_visible()
    weight = seen.page.get_by_label("weight in row 0, column 2")
    weight.fill("5")
    weight.press("Enter")
    expect(weight).to_be_focused()
    seen.at("row").fill("0")
    seen.at("row").press("Enter")
    seen.at("column").fill("0")
    seen.at("column").press("Enter")
    expect(seen.said).to_contain_text("row 0, column 0: 63")


def test_print_and_without_scripts_the_still_image_stays(browser, opened, saved):
    seen = opened("network")
    seen.page.emulate_media(media="print")
    expect(seen.page.locator("img")).to_be_visible()
    expect(seen.page.locator(".all")).to_be_hidden()
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto((saved / "network.html").as_uri())
    expect(page.locator("img")).to_be_visible()
    page.context.close()


def test_in_jupyterlab_trusted_and_not(browser, server, saved):
    html = (saved / "kernel.html").read_text(encoding="utf-8").split("<h1>Saved</h1>")[1].split("</main>")[0]
    output = nbformat.v4.new_output("display_data", {"text/html": html, "text/plain": "A kernel"})
    cell = nbformat.v4.new_code_cell("explore()", outputs=[output], execution_count=1)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, server.notebooks / "explorer.ipynb")
    page = browser.new_page()
    ready = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
    page.goto(server.page("explorer.ipynb"))
    expect(page.locator(".jp-OutputArea-output img")).to_be_visible(timeout=120_000)
    expect(page.locator(".jp-OutputArea-output .all")).to_have_count(0)
    notary = NotebookNotary(data_dir=str(server.log.parent / "data"))
    notary.sign(notebook)  # as `jupyter trust` does
    notary.store.close()
    page.goto(server.page("explorer.ipynb"))
    seen = Seen(page)
    page.wait_for_function(ready, timeout=120_000)
    seen.at("output").press("ArrowRight", timeout=120_000)
    expect(seen.said).to_contain_text("row 0, column 1")
    seen.at("output").press("ArrowDown")  # of the explorer, not of the notebook
    expect(seen.said).to_contain_text("row 1, column 1")
    expect(page.locator(".jp-OutputArea-output img")).to_be_hidden()
    page.close()


def test_json_of_a_page_is_no_tag(saved):
    for file in saved.glob("*.html"):
        assert file.read_text(encoding="utf-8").count("</script") == 1, json.dumps(file.name)
