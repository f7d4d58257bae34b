"""The cells of lesson 01 on machines that nobody has here: other programs and devices stand in for them."""

import json
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent
CELLS = {
    cell["id"]: "".join(cell["source"])
    for cell in json.loads((ROOT / "notebooks" / "01_check_your_gpu.ipynb").read_text(encoding="utf-8"))[
        "cells"
    ]
}
posix = pytest.mark.skipif(os.name != "posix", reason="shell scripts stand in for programs")


def ran(*names, **known) -> dict:
    """The variables after the cells `names`, with `known` before them."""
    for name in names:
        exec(CELLS[name], known)
    return known


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@posix
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'Driver Version: 550.54.14'", "550.54.14"),
        ("echo 'could not communicate with the driver'; exit 9", "could not communicate"),
        ("echo 'no permission' >&2; exit 4", "no permission"),
        (r"printf '\377 bytes of no encoding'", "bytes of no encoding"),
        ("exec sleep 60", "no answer within"),
        (None, "There is no nvidia-smi"),
    ],
)
def test_nvidia_smi(script, words, tmp_path, monkeypatch, capsys):
    if script:
        program(tmp_path, "nvidia-smi", script)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    else:
        monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(CELLS, "nvidia-smi", CELLS["nvidia-smi"].replace("timeout=30", "timeout=1"))
    ran("nvidia-smi", shutil=shutil, subprocess=subprocess)
    assert words in capsys.readouterr().out


@pytest.fixture
def run_in_new_process():
    return ran("new-process", os=os, subprocess=subprocess, sys=sys)["run_in_new_process"]


def test_new_process(run_in_new_process):
    tell = "import os, sys; print(os.environ['GIVEN']); print('log', file=sys.stderr)"
    assert run_in_new_process(tell, GIVEN="value") == ("value\n", "log\n", True)
    assert "GIVEN" not in os.environ


@posix
@pytest.mark.parametrize(
    ("program", "log"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", ""),  # a GPU that takes its process down
        ("import time; time.sleep(60)", "no answer within 2 seconds"),
        ("raise RuntimeError('CUDA_ERROR_INVALID_PTX')", "CUDA_ERROR_INVALID_PTX"),
    ],
)
def test_a_process_that_fails_raises_nothing(run_in_new_process, program, log):
    printed, logged, ended_well = run_in_new_process(program, seconds=2)
    assert (printed, ended_well) == ("", False) and log in logged


def test_what_is_shown_of_the_log(capsys):
    log = """
I0000 00:00:1 4500 port.cc:153] oneDNN custom operations are on. You may see round-off errors.
I0000 00:00:1 4500 cpu_feature_guard.cc:227] This TensorFlow binary is optimized
2026-01-01 10:00:00.1: W tensorflow/core/gpu_device.cc:2343] Cannot dlopen some GPU libraries.
2026-01-01 10:00:00.2: W tensorflow/core/gpu_device.cc:2343] Cannot dlopen some GPU libraries.
E0000 00:00:1 4500 cuda_platform.cc:52] failed call to cuInit: CUDA_ERROR_NO_DEVICE
tensorflow.python.framework.errors_impl.InternalError: launch failed
"""

    def failed(program, **environment):
        assert environment["TF_CPP_MIN_LOG_LEVEL"] == "0"
        return "[]\n", log, False

    ran("first-computation", re=re, run_in_new_process=failed)
    assert [line.split(":")[0] for line in capsys.readouterr().out.split("\n") if line] == [
        "The convolution failed.",
        "[]",
        "Cannot dlopen some GPU libraries.",
        "failed call to cuInit",
        "tensorflow.python.framework.errors_impl.InternalError",
    ]


def fake_tensorflow(calls):
    """What the cells on devices use of TensorFlow; `calls` gets what they set."""
    visible = ["CPU:0", "GPU:0"]

    def set_visible_devices(devices, kind):
        calls.append(("visible", devices, kind))
        visible[1:] = devices

    def get_visible_devices():
        return [types.SimpleNamespace(name=f"/physical_device:{name}") for name in visible]

    experimental = types.SimpleNamespace(set_memory_growth=lambda gpu, on: calls.append(("growth", gpu, on)))
    config = types.SimpleNamespace(
        experimental=experimental,
        set_visible_devices=set_visible_devices,
        get_visible_devices=get_visible_devices,
    )
    return types.SimpleNamespace(config=config, __version__="2.21.0")


@pytest.mark.parametrize(
    ("gpus", "computes", "calls", "processor"),
    [
        (["GPU:0"], True, [("growth", "GPU:0", True), ("visible", ["GPU:0"], "GPU")], "GPU"),
        (["GPU:0", "GPU:1"], True, [("growth", "GPU:0", True), ("visible", ["GPU:0"], "GPU")], "GPU"),
        (["GPU:0"], False, [("visible", [], "GPU")], "CPU"),  # too new, and hidden from this notebook
        ([], True, [("visible", [], "GPU")], "CPU"),
    ],
)
def test_devices(gpus, computes, calls, processor, capsys):
    ran("memory-growth", "headline", gpus=gpus, computes=computes, tf=fake_tensorflow(found := []))
    assert found == calls
    assert capsys.readouterr().out == f"TensorFlow 2.21 computes on: {processor}\n"


def test_figure_with_a_gpu():
    shown = []
    rates = pd.DataFrame({"CPU:0": [0.02, 1, 20], "GPU:0": [0.001, 0.1, 9000]}, index=[16, 256, 2048])
    ran(
        "rates-figure",
        plt=plt,
        rates=rates,
        sizes=list(rates.index),
        devices=list(rates),
        figures=types.SimpleNamespace(show=lambda figure, description: shown.append(figure)),
    )
    [axis] = shown[0].axes
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["CPU:0", "GPU:0"]
    low, high = axis.get_ylim()
    assert low < 0.001 and high > 9000
    plt.close(shown[0])


def test_the_lesson_speaks_of_the_tensorflow_that_is_installed():
    text = " ".join("\n".join(CELLS.values()).split())
    assert "TensorFlow 2.21, the version that the lessons use" in text
    assert "\ntensorflow==2.21." in (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert '".[gpu]" -c requirements.txt' in text
