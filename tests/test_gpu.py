"""The checks of lesson 01, tried on machines that nobody has here, and the questions put to this one."""

import json
import os
from dataclasses import asdict, replace

from helpers import gpu

import pytest

WORKING = gpu.EXAMPLES["Colab or Kaggle with a GPU"]
NO_CARD = gpu.EXAMPLES["laptop without a card"]
INSTALL = 'pip install -e ".[gpu]" -c requirements.txt'

# Of each machine: the symbols of its checks in order, the first that fails, and what its one remedy and its
# verdict must say.
EXPECTED = {
    "laptop without a card": ("✓–✓––✓✓", None, [], ["No GPU", "CPU", "Colab", "NVIDIA's driver"]),
    "Mac with Apple silicon": ("✓––––✓✓", None, [], ["No GPU", "CPU", "tensorflow-metal"]),
    "Colab or Kaggle with a GPU": ("✓✓✓✓✓✓✓", None, [], ["on the GPU"]),
    "Windows with a card": ("✗✓–✓––✓", "system", ["WSL 2", "2.10"], ["on the CPU"]),
    "WSL 2, old driver": ("✓✗✓✓––✓", "driver and card", ["528", "in Windows"], ["on the CPU"]),
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
    assert len(remedies) == bool(of_remedy), "one thing to fix at a time"
    assert all(words in remedies[0] for words in of_remedy)
    assert all(words in gpu.verdict(findings) for words in [*of_verdict, failure or ""])


@pytest.mark.parametrize(
    "driver, system, oldest",
    [
        ("525.60", "Linux", ""),
        ("524.9", "Linux", "525"),
        ("528.3", "WSL", ""),
        ("527", "WSL", "528"),
        ("[N/A]", "Linux", ""),
    ],
)
def test_driver_too_old(driver, system, oldest):
    findings = replace(gpu.EXAMPLES["card without libraries"], driver=driver, system=system)
    failed = judged(findings)[1]
    assert failed.name == ("driver and card" if oldest else "GPU libraries")
    assert oldest in failed.remedy and ("in Windows" in failed.remedy) == (oldest == "528")


def test_build_without_cuda():
    symbols, failed = judged(replace(WORKING, cuda="", devices=["CPU:0"]))
    assert symbols == "✓✓✗✓––✓" and INSTALL in failed.remedy and "tensorflow-cpu" in failed.remedy


def test_the_driver_of_wsl_is_that_of_windows():
    assert "in Windows, none in WSL" in gpu.verdict(replace(NO_CARD, system="WSL"))


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
        ("timed out after 180 seconds", "", "newer"),
        ("ResourceExhaustedError: OOM", "CUDA_ERROR_OUT_OF_MEMORY: out of memory", "nvidia-smi"),
        ("FailedPreconditionError: DNN library initialization failed.", "", INSTALL),
        ("died with <Signals.SIGSEGV: 11>.", "Loaded cuDNN version 90300", "TensorFlow's issues"),
    ],
)
def test_remedy_of_the_first_operation(error, complaint, words):
    failed = judged(replace(WORKING, first_operation=error, complaints=[complaint]))[1]
    assert failed.name == "first operation" and words in failed.remedy
    assert error in failed.finding


@pytest.mark.parametrize(
    "findings, failure",
    [
        (
            replace(WORKING, tensorflow="", cuda="", devices=[], first_operation="exit status 1"),
            "devices listed",
        ),
        # A CPU, and not called a GPU.
        (replace(NO_CARD, first_operation="died with <Signals.SIGILL: 4>."), "first operation"),
    ],
)
def test_tensorflow_that_does_not_work(findings, failure):
    failed = judged(findings)[1]
    assert failed.name == failure
    assert "make clean" in failed.remedy and "CUDA" not in failed.remedy
    assert "no lesson can run" in gpu.verdict(findings)


def test_gpu_of_another_maker_that_works():
    findings = replace(gpu.EXAMPLES["Mac with Apple silicon"], devices=["CPU:0", "GPU:0"])
    assert judged(findings) == ("✓–––✓✓✓", None)
    assert "on the GPU" in gpu.verdict(findings)


def test_table():
    assert gpu.as_table([gpu.Check("a|b", False, "died with <Signals>", "fix")]).splitlines() == [
        "| check |  | finding | remedy |",
        "| --- | --- | --- | --- |",
        r"| a\|b | ✗ | died with \<Signals> | fix |",
    ]
    # A finding is text of other programs, in which nothing is meant as Markdown; a remedy is ours.
    table = gpu.as_table([gpu.Check("a", False, "<b> *$x$*", "`fix`")])
    assert table.splitlines()[-1] == r"| a | ✗ | \<b> \*\$x\$\* | `fix` |"


# Asking a machine

LISTS_GPU = """echo '{"tensorflow": "2.21.0", "devices": ["CPU:0", "GPU:0"]}'; """
posix = pytest.mark.skipif(os.name != "posix", reason="shell scripts stand in for programs")


def test_this_machine():
    findings = gpu.collect_findings()
    assert json.loads(json.dumps(asdict(findings)))["system"] in ("Linux", "WSL", "Windows", "macOS")
    assert findings.tensorflow.startswith("2.")
    assert findings.devices[0] == "CPU:0"
    assert findings.first_operation == gpu.OK or findings.gpus
    assert gpu.check(findings) and gpu.verdict(findings)


@posix
@pytest.mark.parametrize(
    "script, words",
    [
        ("kill -SEGV $$", "SIGSEGV"),
        ("exec sleep 60", "timed out after 1 seconds"),
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
    assert findings.first_operation == "No such file or directory"
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
        ("exec sleep 60", "", 0, "timed out after 1 seconds"),
    ],
)
def test_nvidia_smi(script, driver, cards, words, tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = gpu.ask_nvidia_smi(seconds=1)
    assert found.get("driver", "") == driver and len(found.get("cards", ())) == cards
    assert words in found["nvidia_smi"]


def test_three_things_are_wrong_with_the_machine_of_the_exercise():
    fixed, failures = gpu.EXERCISE, []
    for fix in (
        {"driver": "550.54.14"},
        {"visible_devices": None},
        {"complaints": (), "devices": WORKING.devices},
    ):
        failures.append(judged(fixed)[1].name)
        fixed = replace(fixed, **fix)
    assert failures == ["driver and card", "CUDA_VISIBLE_DEVICES", "GPU libraries"]
    assert judged(fixed)[1] is None
