"""What the browser tests share (make test-browser): Chromium, a JupyterLab of its own, and axe-core.

Nothing of the tree or of the user's own Jupyter is touched: JupyterLab runs on a copy of the lessons, with
settings of its own. Only build/ is written: screenshots in build/browser/, axe-core in build/axe/.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

REPOSITORY = Path(__file__).parents[2]
AXE = "4.14.1"  # the version of axe-core
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")


def stop(sentence: str) -> None:
    """End all browser tests with one sentence: the others would fail for the same reason."""
    pytest.exit(sentence, returncode=1)


# --- Chromium --------------------------------------------------------------------------------------


def find_browser(playwright: Playwright) -> str:
    """The program of a Chromium: the one that CHROMIUM names, Playwright's own, or one on PATH."""
    named = os.environ.get("CHROMIUM")
    if named and not shutil.which(named):
        stop(f"The environment variable CHROMIUM names {named}, which is not a program that is there.")
    candidates = [named, playwright.chromium.executable_path, *BROWSERS]
    found = next((path for path in map(shutil.which, filter(None, candidates)) if path), None)
    if not found:
        stop(
            "make test-browser needs Chromium, and there is none: install it with `sudo apt install "
            "chromium` on Debian and Ubuntu, with `.venv/bin/playwright install chromium` elsewhere, or name "
            "the program in the environment variable CHROMIUM."
        )
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(playwright))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    folder = REPOSITORY / "build" / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# --- JupyterLab ------------------------------------------------------------------------------------


class Server:
    """A running JupyterLab: its address, its token, and `notebooks`, the folder that it shows."""

    def __init__(self, address: str, token: str, notebooks: Path, log: Path):
        self.address, self.token, self.notebooks, self.log = address, token, notebooks, log

    def page(self, name: str) -> str:
        """The address that opens a notebook, nothing else open."""
        return f"{self.address}lab/tree/{name}?token={self.token}&reset"


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    """JupyterLab as `make lab` starts it, on a copy of the lessons."""
    folder = tmp_path_factory.mktemp("jupyterlab")
    checkout = folder / "checkout"
    leftovers = shutil.ignore_patterns("runs", "__pycache__", ".ipynb_checkpoints")
    for name in ("notebooks", "helpers", "doodles", "lesson_tools"):
        shutil.copytree(REPOSITORY / name, checkout / name, ignore=leftovers)
    environment = os.environ | {
        "JUPYTER_CONFIG_PATH": str(REPOSITORY / "lesson_tools" / "templates" / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONPATH": str(checkout),  # its helpers, not those of the tree
    }
    command = [sys.executable, "-m", "jupyterlab", "notebooks", "--no-browser", "--ip=127.0.0.1", "--port=0"]
    command += ["--allow-root", "--expose-app-in-browser"]
    log = folder / "jupyterlab.log"
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=checkout, env=environment, stdout=file, stderr=file)
    try:
        facts = _wait_for_server(process, folder / "runtime", log)
        yield Server(facts["url"], facts["token"], checkout / "notebooks", log)
    finally:
        _end(process)


def _wait_for_server(process: subprocess.Popen, runtime: Path, log: Path) -> dict:
    """What JupyterLab writes down about itself once it listens."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            try:
                return json.loads(file.read_text())
            except ValueError:
                pass  # half written
        time.sleep(0.2)
    stop(f"JupyterLab did not start. It said:\n{log.read_text()[-2000:]}")


def _end(process: subprocess.Popen) -> None:
    """End the server and what it started: it ends its kernels itself, unless it hangs."""
    started = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    process.terminate()
    _, alive = psutil.wait_procs(started, timeout=30)
    for one in alive:
        one.kill()
    process.wait()


# --- axe-core --------------------------------------------------------------------------------------


# What axe judges without being sure ("incomplete") is for a person to look at, not for a test.
RUN_AXE = """async options => {
    const found = await axe.run(options.within || document, options);
    const nodes = kind => found[kind].flatMap(rule => rule.nodes.map(node => ({
        rule: rule.id, impact: rule.impact, where: node.target.flat().join(" "),
        html: node.html.slice(0, 120), why: node.failureSummary?.split("\\n").slice(1).join(" ").trim()
    })));
    return {violations: nodes("violations"), passes: nodes("passes").length};
}"""


@pytest.fixture(scope="session")
def violations() -> Callable[..., list[str]]:
    """A function of a page: what axe finds there of impact serious or critical, a line each.

    Its options are those of `axe.run`, and `within`: its context, the places to look at. It fails when axe
    passed fewer than `at_least` elements: then it didn't see the page.
    """
    script = _axe()

    def look(page: Page, at_least: int = 1, **options) -> list[str]:
        if not page.evaluate("'axe' in window"):
            page.add_script_tag(content=script)
        found = page.evaluate(RUN_AXE, options)
        assert found["passes"] >= at_least, f"axe judged only {found['passes']} elements"
        return [
            f"{one['rule']} ({one['impact']}) at {one['where']}: {one['html']} {one['why']}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]

    return look


def _axe() -> str:
    """The script of axe-core, fetched by npm once."""
    folder = REPOSITORY / "build" / "axe"
    package = folder / "node_modules" / "axe-core"
    if not _is_axe(package):
        npm = shutil.which("npm")
        if not npm:
            stop(
                "make test-browser needs npm, which fetches axe-core: install it (on Debian and Ubuntu: "
                "`sudo apt install npm`)."
            )
        folder.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(folder), "--no-save", "--ignore-scripts"]
        command += ["--fetch-retries=0"]  # otherwise it takes a minute to say that there is no network
        done = subprocess.run([*command, f"axe-core@{AXE}"], capture_output=True, text=True)
        if done.returncode or not _is_axe(package):
            reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[0]
            stop(
                f"npm could not fetch axe-core {AXE}, for which make test-browser needs a network "
                f"once: {reason}"
            )
    return (package / "axe.min.js").read_text(encoding="utf-8")


def _is_axe(package: Path) -> bool:
    file = package / "package.json"
    return file.exists() and json.loads(file.read_text())["version"] == AXE
