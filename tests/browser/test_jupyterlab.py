"""Each lesson in a real JupyterLab, as a learner uses it: open it, Run All, look, in light and in dark.

Cells are rendered as JupyterLab does by default: first those in view, the others when it has time.
The screenshots of each lesson are in build/browser/.
"""

import math
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lesson_tools import run

import nbformat
import pytest
from playwright.sync_api import Browser, ConsoleMessage

# A lesson takes 10 to 120 seconds here; the rest is for slower machines.
PATIENCE = 600  # seconds until a lesson counts as hanging
pytestmark = [pytest.mark.browser, pytest.mark.timeout(2 * PATIENCE)]

LESSONS = run.find_lessons()
NOTEBOOK = ".jp-WindowedPanel-outer"  # the part of the window that scrolls
NOT_OURS = ".jp-RenderedHTMLCommon pre span"  # colors of JupyterLab's comments and of Keras' `summary()`
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
WIDTH, HEIGHT = 1280, 1600  # of the window: a small screen's width, and high for the screenshots

# Messages and questions of JupyterLab are gone after a while: keep what they said.
KEEP_MESSAGES = """
window.messages = [];
new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(node => {
    const found = node.querySelector && (node.matches(".jp-Dialog, .Toastify__toast") ? node
        : node.querySelector(".jp-Dialog, .Toastify__toast"));
    if (found) setTimeout(() => window.messages.push(found.innerText.replace(/\\s+/g, " ")), 300);
}))).observe(document, {childList: true, subtree: true});
"""
# The state of the notebook that is open: how many cells have run, where it stands, and what failed.
STATE = """() => {
    const panel = jupyterapp.shell.currentWidget;
    const code = panel.content.widgets.filter(cell => cell.model.type === "code");
    const waiting = code.findIndex(cell => cell.model.executionCount === null);
    const failed = code.findIndex(cell => cell.model.outputs.toJSON().some(o => o.output_type === "error"));
    return {
        kernel: panel.sessionContext.session?.kernel?.status, cells: code.length, waiting, failed,
        source: code[failed >= 0 ? failed : waiting]?.model.sharedModel.source,
    };
}"""
# Each figure that is displayed, by code cell: whether it was loaded, and whether its ground is opaque.
FIGURES = """() => jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === "code")
    .map(cell => [...cell.node.querySelectorAll(".jp-Cell-outputArea img")].map(img => {
        const canvas = new OffscreenCanvas(img.naturalWidth || 1, img.naturalHeight || 1);
        const context = canvas.getContext("2d");
        context.drawImage(img, 0, 0);
        const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
        return {
            loaded: img.complete && img.naturalWidth > 0, alt: img.alt,
            opaque: pixels.every((value, index) => index % 4 !== 3 || value === 255),
            fits: img.getBoundingClientRect().right <= cell.node.getBoundingClientRect().right,
        };
    }))"""


class Lab:
    """A notebook in JupyterLab, in a page of its own."""

    def __init__(self, browser: Browser, server, name: str):
        self.name, self.file = name, server.notebooks / name
        self.page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        self.page.add_init_script(KEEP_MESSAGES)
        self.errors: list[str] = []
        self.page.on("console", self._keep)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(server.page(name))
        self.page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=120_000,
        )
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")

    def _keep(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def choose(self, *items: str) -> None:
        """Choose from the menus, such as Run, Run All Cells."""
        menu, *others = items
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{menu}$")).click()
        for item in others:
            self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{re.escape(item)}$")).click()

    def use_theme(self, theme: str) -> None:
        self.choose("Settings", "Theme", theme)
        light = str(theme == LIGHT).lower()
        self.page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")
        self.page.wait_for_timeout(500)  # until the new colors are there

    def wait_until_done(self, cells: int | None = None) -> None:
        """Wait until all code cells, or the first `cells`, have run; a failure or a hang ends the test."""
        deadline = time.monotonic() + PATIENCE
        while True:
            state = self.page.evaluate(STATE)
            if state["failed"] >= 0:
                pytest.fail(f"{self.name}: code cell {state['failed'] + 1} failed:\n{state['source']}")
            done = state["waiting"] if state["waiting"] >= 0 else state["cells"]
            if done >= (cells or state["cells"]) and state["kernel"] == "idle":
                return
            if time.monotonic() > deadline:
                pytest.fail(
                    f"{self.name}: after {PATIENCE} s code cell {done + 1} was still running, and the kernel "
                    f"{state['kernel']}:\n{state['source']}"
                )
            self.page.wait_for_timeout(500)

    def save(self) -> nbformat.NotebookNode:
        """Save the notebook, as its menu does, and read it from its file."""
        self.page.evaluate("jupyterapp.commands.execute('docmanager:save')")  # ends when it is written
        return nbformat.read(self.file, as_version=4)

    @contextmanager
    def all_in_view(self) -> Iterator[None]:
        """A window so high that nothing has to be scrolled: axe judges the colors of what is in view."""
        self.page.add_style_tag(content="body { height: 100vh; }")  # it has none, which counts as hidden
        bottom, height = self.top(), 0
        while bottom > height:  # it grows while cells are rendered
            height = bottom + 100
            self.page.set_viewport_size({"width": WIDTH, "height": height})
            self.page.wait_for_timeout(1000)
            bottom = self.top()
        yield
        self.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})

    def top(self) -> int:
        """Scroll to the top; the place of the last cell's end, in pixels."""
        self.page.locator(NOTEBOOK).evaluate("node => node.scrollTop = 0")
        box = self.page.locator(f"{NOTEBOOK} .jp-Cell").last.bounding_box()
        return math.ceil(box["y"] + box["height"])

    def photograph(self, folder: Path, theme: str) -> None:
        """A screenshot of each window's height of the notebook."""
        name = f"{self.file.stem}-{theme.split()[-1].lower()}"
        for old in folder.glob(f"{name}-*.png"):
            old.unlink()
        self.top()
        last_cell = self.page.locator(f"{NOTEBOOK} .jp-Cell").last
        for number in range(1, 100):
            self.page.wait_for_timeout(200)
            self.page.screenshot(path=folder / f"{name}-{number:02}.png")
            box = last_cell.bounding_box()
            if box["y"] + box["height"] < HEIGHT:
                break
            self.page.locator(NOTEBOOK).evaluate("node => node.scrollTop += 0.95 * node.clientHeight")

    def messages(self) -> list[str]:
        """What JupyterLab said and asked meanwhile."""
        return self.page.evaluate("window.messages")

    def close(self) -> None:
        """End the kernel, too: one at a time is enough for a small machine."""
        self.page.evaluate("jupyterapp.shell.currentWidget?.sessionContext?.shutdown()")
        self.page.close()


def prepare(file: Path) -> None:
    """Give the notebook the parameters of the quick profile, and take its cells' numbers away.

    The numbers tell then which cells have run; the stored outputs stay until then.
    """
    notebook = nbformat.read(file, as_version=4)
    known = run.lesson_parameters(file)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
        if "parameters" in cell.metadata.get("tags", []):
            for name, value in run.PROFILES["quick"].items():
                if name in known and not (name == "epochs" and "recipe" in known):
                    line = re.compile(rf"^{name} = .+?(?=  # )", re.M)
                    cell.source = line.sub(f"{name} = {value!r}", cell.source)
    nbformat.write(notebook, file)


@pytest.fixture
def lab(browser, server, lesson) -> Iterator[Lab]:
    prepare(server.notebooks / lesson.name)
    lab = Lab(browser, server, lesson.name)
    try:
        lab.use_theme(LIGHT)
        yield lab
    finally:
        lab.close()


def stored_figures(lesson: Path) -> list[int | None]:
    """How many figures each code cell of the lesson has stored; None where they depend on the machine."""
    code = [cell for cell in nbformat.read(lesson, as_version=4).cells if cell.cell_type == "code"]
    return [
        None
        if "machine" in cell.metadata.get("tags", [])
        else sum(
            "image/png" in (data := output.get("data", {})) or "<img " in data.get("text/html", "")
            for output in cell.outputs
        )
        for cell in code
    ]


def check_figures(lab: Lab, lesson: Path) -> None:
    """All figures that the lesson has stored are there: loaded, not too wide, on a ground of their own."""
    for _ in range(40):
        wrong = [
            f"{lesson.name}, code cell {number}: {what}"
            for number, (figures, stored) in enumerate(
                zip(lab.page.evaluate(FIGURES), stored_figures(lesson), strict=True), start=1
            )
            for what in wrong_with(figures, stored)
        ]
        if not wrong:
            return
        lab.page.wait_for_timeout(500)  # JupyterLab renders cells out of view when it has time
    pytest.fail("\n".join(wrong), pytrace=False)


def wrong_with(figures: list[dict], stored: int | None) -> list[str]:
    """What is wrong with the figures of a cell, `stored` of which its stored outputs have."""
    found = [f"{len(figures)} figures, {stored} stored"] if stored not in (None, len(figures)) else []
    for figure in figures:
        if not figure["loaded"]:
            found.append("a figure was not loaded")
        if not figure["opaque"]:
            found.append("a figure lets the theme's color through")
        if not figure["fits"]:
            found.append("a figure is wider than its cell")
    return found


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_lesson(lab, lesson, violations, screenshots):
    check_figures(lab, lesson)  # the stored ones, as GitHub shows them
    lab.choose("Run", "Run All Cells")
    lab.wait_until_done()
    notebook = lab.save()
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        kinds = {output.get("name", output.output_type) for output in cell.outputs}
        assert not kinds & {"error", "stderr"}, cell.source

    unreadable = []
    for theme in (LIGHT, DARK):
        lab.use_theme(theme)
        check_figures(lab, lesson)
        with lab.all_in_view():
            unreadable += [
                f"{theme}: {line}"
                for line in violations(
                    lab.page,
                    at_least=sum(cell.cell_type == "markdown" for cell in notebook.cells),
                    within={
                        "include": [".jp-RenderedMarkdown", ".jp-OutputArea-output"],
                        "exclude": [NOT_OURS],
                    },
                    runOnly=["color-contrast"],
                )
            ]
        lab.photograph(screenshots, theme)
    if unreadable:
        pytest.fail("\n".join([lesson.name, *unreadable]), pytrace=False)
    assert not lab.messages(), "JupyterLab said something to the learner"
    assert not lab.errors, "the browser's console has errors"
