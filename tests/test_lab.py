"""JupyterLab as setup_venv.sh sets it up: without what only puzzles learners."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.request

from lesson_tools.folders import ROOT

import nbformat
import websocket  # of jupyter_server

HEADER = {"msg_id": "1", "session": "1", "username": "", "msg_type": "execute_request", "version": "5.3"}
QUESTION = {"header": HEADER, "parent_header": {}, "metadata": {}, "channel": "shell"}
QUESTION |= {"content": {"code": "6 * 7", "silent": False}}
CONFIG = ROOT / "lesson_tools" / "templates" / "etc"


def test_no_news_no_updates_no_create_assignment_and_no_warning_of_the_kernel(tmp_path):
    own = {"JUPYTER_CONFIG_DIR": tmp_path, "JUPYTER_RUNTIME_DIR": tmp_path}
    own["JUPYTER_CONFIG_PATH"] = CONFIG / "jupyter"
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--ip=127.0.0.1",
        "--port=0",
        "--allow-root",
    ]
    log = tmp_path / "log"

    def ask(address, data=None):
        headers = {"Authorization": f"token {facts['token']}"}
        request = urllib.request.Request(f"{facts['url']}{address}", data, headers)
        return urllib.request.urlopen(request, timeout=60).read().decode()

    environment = os.environ | {name: str(path) for name, path in own.items()}
    with (
        log.open("w") as lines,
        subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=lines, stderr=lines) as lab,
    ):
        try:
            facts = None
            while not facts:  # which it writes down once it listens
                assert lab.poll() is None, log.read_text()
                time.sleep(0.2)
                for file in tmp_path.glob("jpserver-*.json"):
                    with contextlib.suppress(ValueError):  # half written
                        facts = json.loads(file.read_text())
            page = json.loads(re.search(r'id="jupyter-config-data"[^>]*>(.+?)</script>', ask("lab"), re.S)[1])
            kernel = json.loads(ask("api/kernels", b"{}"))["id"]
            address = f"{facts['url']}api/kernels/{kernel}/channels?token={facts['token']}"
            with contextlib.closing(
                websocket.create_connection(address.replace("http", "ws", 1), timeout=60)
            ) as channels:
                channels.send(json.dumps(QUESTION))
                while json.loads(answer := channels.recv())["msg_type"] != "execute_result":
                    pass
            update = json.loads(ask("lab/api/update"))
            asked = json.loads(ask("lab/api/settings/@jupyterlab/apputils-extension:notification"))
        finally:
            lab.terminate()
    assert json.loads(answer)["content"]["data"]["text/plain"] == "42"
    assert page["news"] == {"disabled": True}
    # "none", the default of JupyterLab, lets the page ask whether one would like to have news.
    assert asked["schema"]["properties"]["fetchNews"]["default"] == "false"
    assert "@jupyter/nbgrader:create-assignment" in page["disabledExtensions"]
    assert "@jupyter/nbgrader:formgrader" not in page["disabledExtensions"]
    assert update["notification"] is None
    assert "without encryption" not in log.read_text()


def test_a_kernel_that_papermill_starts_does_not_warn(tmp_path):
    """With our settings; with IPython's own level it does. A profile overrides what setup_venv.sh copied."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("6 * 7")])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "in.ipynb")
    ours = (CONFIG / "ipython" / "ipython_kernel_config.json").read_text()
    command = [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", "--no-progress-bar"]
    warns = {}
    for level, settings in {"ours": ours, "IPython's": '{"IPKernelApp": {"log_level": 30}}'}.items():
        profile = tmp_path / level / "profile_default"
        profile.mkdir(parents=True)
        (profile / "ipython_kernel_config.json").write_text(settings)
        own = os.environ | {"IPYTHONDIR": str(tmp_path / level)}
        done = subprocess.run(command, cwd=tmp_path, env=own, capture_output=True, text=True, check=True)
        warns[level] = "WARNING" in done.stderr
    assert warns == {"ours": False, "IPython's": True}
