"""The checks of lesson 01, tried on machines that nobody has here, and the questions put to this one."""

import json
import os
import sys
from dataclasses import asdict, replace

from helpers import gpu

import pytest

WORKING = gpu.EXAMPLES["Linux, working GPU"]
NO_CARD = gpu.EXAMPLES["CUDA build, no card"]
INSTALL = 'pip install -e ".[gpu]" -c requirements.txt'

# Of each machine: the symbols of its checks in order, the first that fails, and what its one remedy and its
# verdict must say.
EXPECTED = {
    "Linux, working GPU": ("✓✓✓✓✓✓✓", None, [], ["GPU (NVIDIA GeForce RTX 3070)"]),
    "CUDA build, no card": ("✓–✓––✓✓", None, [], ["No GPU", "CPU"]),
    "CPU build, no card": ("✓––––✓✓", None, [], ["No GPU", "CPU"]),
    "macOS": ("✓––––✓✓", None, [], ["No GPU", "CPU", "tensorflow-metal"]),
    "Windows with a card": ("✗✓–✓––✓", "Python and system", ["WSL 2", "2.10"], ["on the CPU"]),
    "WSL, working GPU": ("✓✓✓✓✓✓✓", None, [], ["GPU (NVIDIA GeForce RTX 3070)"]),
    "WSL, no driver": ("✓–✓––✓✓", None, ["If the computer has", "driver in Windows"], ["No GPU", "CPU"]),
    "card without a driver": ("✓✗✓✓––✓", "driver and card", ["Install NVIDIA's driver"], ["on the CPU"]),
    "CPU build with a card": ("✓✓✗✓––✓", "built with CUDA", [INSTALL, "tensorflow-cpu"], ["on the CPU"]),
    "hidden card": ("✓✓✓✗––✓", "CUDA_VISIBLE_DEVICES", ["Remove `CUDA_VISIBLE_DEVICES`"], ["on the CPU"]),
    "card without libraries": ("✓✓✓✓✗–✓", "GPU libraries", [INSTALL, "LD_LIBRARY_PATH"], ["on the CPU"]),
    "card too new": ("✓✓✓✓✓✓✗", "first operation", ["newer", "container", '"-1"'], ["a GPU that fails"]),
}


def judged(findings):
    """The symbols of the checks and the first that fails."""
    checks = gpu.check(findings)
    return "".join(gpu.SYMBOLS[check.passed] for check in checks), gpu.first_failure(checks)


@pytest.mark.parametrize("machine", gpu.EXAMPLES)
def test_machine(machine):
    findings = gpu.EXAMPLES[machine]
    symbols, failure, of_remedy, of_verdict = EXPECTED[machine]
    found, failed = judged(findings)
    assert found == symbols
    assert (failed.name if failed else None) == failure
    remedies = [check.remedy for check in gpu.check(findings) if check.remedy]
    assert len(remedies) == bool(of_remedy), "one thing to mend at a time"
    assert all(words in remedies[0] for words in of_remedy)
    assert all(words in gpu.verdict(findings) for words in [*of_verdict, failure or ""])


@pytest.mark.parametrize(
    "driver, wsl, old", [("525.60", 0, 0), ("524.9", 0, 1), ("528.3", 1, 0), ("527", 1, 1), ("[N/A]", 0, 0)]
)
def test_driver_too_old(driver, wsl, old):
    findings = replace(gpu.EXAMPLES["card without libraries"], driver=driver, wsl=bool(wsl))
    failed = judged(findings)[1]
    assert failed.name == ("driver and card" if old else "GPU libraries")
    if old:
        assert ("528" if wsl else "525") in failed.remedy
        assert ("in Windows" in failed.remedy) == bool(wsl)


@pytest.mark.parametrize(
    "version, symbol", [("3.10.4", "✗"), ("3.11.0", "✓"), ("3.13.9rc1", "✓"), ("3.14.0", "✗")]
)
def test_python_version(version, symbol):
    assert judged(replace(WORKING, python=version))[0][0] == symbol


def test_visible_devices():
    unlisted = replace(WORKING, devices=["CPU:0"])  # of its one card
    for value, symbol in {
        None: "✓", "0": "✓", "0,7": "✓", "GPU-8932f937": "✓", "-1": "✗", "": "✗", "1": "✗", "a": "✗",
    }.items():  # fmt: skip
        assert judged(replace(unlisted, visible_devices=value))[0][3] == symbol, value
    assert judged(replace(NO_CARD, visible_devices="-1"))[0] == "✓–✓––✓✓"


def test_card_that_is_not_listed_for_no_known_reason():
    complaint = "failed call to cuInit: UNKNOWN"
    symbols, failed = judged(replace(WORKING, devices=["CPU:0"], complaints=[complaint]))
    assert symbols == "✓✓✓✓–✗✓" and complaint in failed.remedy


@pytest.mark.parametrize(
    "error, complaint, words",
    [
        ("InternalError: launch failed", "CUDA_ERROR_INVALID_PTX", "newer"),
        ("no answer within 180 s", "", "newer"),
        ("ResourceExhaustedError: OOM", "CUDA_ERROR_OUT_OF_MEMORY: out of memory", "nvidia-smi"),
        ("FailedPreconditionError: DNN library initialization failed.", "", INSTALL),
        ("the process was ended by SIGSEGV", "Loaded cuDNN version 90300", "TensorFlow's issues"),
    ],
)
def test_remedy_of_the_first_operation(error, complaint, words):
    failed = judged(replace(WORKING, first_operation=error, complaints=[complaint]))[1]
    assert failed.name == "first operation" and words in failed.remedy
    assert error in failed.finding
    if complaint.startswith("CUDA_ERROR"):
        assert complaint.split(":")[0] in failed.finding


@pytest.mark.parametrize(
    "findings, failure",
    [
        (replace(WORKING, tensorflow="", devices=[], first_operation="exit status 1"), "devices listed"),
        (
            replace(NO_CARD, first_operation="ended by SIGILL"),
            "first operation",
        ),  # a CPU, and not called a GPU
    ],
)
def test_tensorflow_that_does_not_work(findings, failure):
    failed = judged(findings)[1]
    assert failed.name == failure
    assert "make clean" in failed.remedy and "CUDA" not in failed.remedy
    assert "no lesson can run" in gpu.verdict(findings)


def test_gpu_of_another_maker_that_works():
    findings = replace(gpu.EXAMPLES["macOS"], devices=["CPU:0", "GPU:0"])
    assert judged(findings) == ("✓––✓✓✓✓", None)
    assert "on the GPU" in gpu.verdict(findings)


def test_table():
    assert gpu.as_table([gpu.Check("a|b", False, "found", "mend")]).splitlines() == [
        "| check |  | finding | remedy |",
        "| --- | --- | --- | --- |",
        r"| a\|b | ✗ | found | mend |",
    ]


# Asking a machine

LISTS_GPU = """echo '{"tensorflow": "2.21.0", "devices": ["CPU:0", "GPU:0"]}'; """
posix = pytest.mark.skipif(os.name != "posix", reason="shell scripts stand in for programs")


def test_this_machine():
    findings = gpu.collect_findings()
    assert json.loads(json.dumps(asdict(findings)))["python"] == ".".join(map(str, sys.version_info[:3]))
    assert findings.tensorflow.startswith("2.")
    assert findings.devices[0] == "CPU:0"
    assert findings.first_operation == gpu.OK or findings.gpus
    assert gpu.check(findings) and gpu.verdict(findings)


@posix
@pytest.mark.parametrize(
    "script, words",
    [
        ("kill -SEGV $$", "SIGSEGV"),
        ("exec sleep 60", "no answer within 1 s"),
        ("echo 'first line'; echo 'no module tensorflow' >&2; exit 1", "exit status 1: no module tensorflow"),
        ("""echo '{"first_operation": "InternalError: x"}'""", "InternalError: x"),
        ("echo '{broken'; echo 3; kill -ABRT $$", "SIGABRT"),
    ],
)
def test_probe_that_fails_is_a_finding(script, words):
    findings = gpu.collect_findings(["sh", "-c", LISTS_GPU + script], seconds=1)
    assert findings.devices == ["CPU:0", "GPU:0"], "what was told before the failure is kept"
    assert words in findings.first_operation
    assert judged(findings)[0][-1] == "✗"


def test_probe_that_cannot_be_started():
    findings = gpu.collect_findings(["there-is-no-such-program"])
    assert findings.first_operation == "not found"
    assert judged(findings)[1].name == "devices listed"


@posix
def test_what_the_log_says_about_cuda():
    log = """
2026-01-01 10:00:00.1: W tensorflow/core/gpu_device.cc:2343] Cannot dlopen some GPU libraries.
I0000 00:00:1 4500 cpu_feature_guard.cc:227] This TensorFlow binary is optimized
E0000 00:00:1 4500 cuda_platform.cc:52] failed call to cuInit: UNKNOWN
"""
    findings = gpu.collect_findings(["sh", "-c", f"echo '{log}' >&2"])
    assert findings.complaints == ["Cannot dlopen some GPU libraries.", "failed call to cuInit: UNKNOWN"]


@posix
@pytest.mark.parametrize(
    "script, driver, cards, words",
    [
        ("echo '550.54.14, NVIDIA A'; echo '550.54.14, NVIDIA B, 8 GB'", "550.54.14", 2, "ok"),
        ("echo 'could not communicate with the driver'; exit 9", "", 0, "could not communicate"),
        ("echo 'No devices were found'", "", 0, "No devices were found"),
        ("exit 3", "", 0, "exit status 3"),
        ("exec sleep 60", "", 0, "no answer within 1 s"),
    ],
)
def test_nvidia_smi(script, driver, cards, words, tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = gpu.ask_nvidia_smi(seconds=1)
    assert found["driver"] == driver and len(found["cards"]) == cards
    assert words in found["nvidia_smi"]


def test_time_of_a_convolution():
    assert gpu.time_convolution("CPU:0", batch_size=1, repeats=1) > 0
    with pytest.raises(ValueError, match="GPU:99"):
        gpu.time_convolution("GPU:99", 1)


def test_three_things_are_wrong_with_the_machine_of_the_exercise():
    mended, failures = gpu.EXERCISE, []
    for mend in (
        {"driver": "550.54.14"},
        {"visible_devices": None},
        {"complaints": (), "devices": WORKING.devices},
    ):
        failures.append(judged(mended)[1].name)
        mended = replace(mended, **mend)
    assert failures == ["driver and card", "CUDA_VISIBLE_DEVICES", "GPU libraries"]
    assert judged(mended)[1] is None
