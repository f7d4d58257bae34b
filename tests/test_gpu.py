"""The checks of lesson 01, tried on machines that nobody has here, and the questions put to this one."""

import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

from helpers import exercises, gpu

import pytest

NAMES = [
    "Python and system",
    "driver and card",
    "built with CUDA",
    "CUDA_VISIBLE_DEVICES",
    "GPU libraries",
    "devices listed",
    "first operation",
]
WORKING = gpu.EXAMPLES["Linux, working GPU"]
INSTALL = 'pip install -e ".[gpu]" -c requirements.txt'

# Of each machine: the symbols of its checks in order, what its one remedy and its verdict must say.
EXPECTED = {
    "Linux, working GPU": ("✓✓✓✓✓✓✓", [], ["GPU (NVIDIA GeForce RTX 3070)"]),
    "CUDA build, no card": ("✓–✓––✓✓", [], ["No GPU", "CPU"]),
    "CPU build, no card": ("✓––––✓✓", [], ["No GPU", "CPU"]),
    "macOS": ("✓––––✓✓", [], ["No GPU", "CPU", "tensorflow-metal"]),
    "Windows with a card": ("✗✓–✓––✓", ["WSL 2", "2.10"], ["on the CPU", "Python and system"]),
    "WSL, working GPU": ("✓✓✓✓✓✓✓", [], ["GPU (NVIDIA GeForce RTX 3070)"]),
    "WSL, no driver": ("✓–✓––✓✓", ["If the computer has", "driver in Windows"], ["No GPU", "CPU"]),
    "card without a driver": ("✓✗✓✓––✓", ["Install NVIDIA's driver"], ["on the CPU", "driver and card"]),
    "CPU build with a card": (
        "✓✓✗✓––✓",
        [INSTALL, "pip uninstall tensorflow-cpu"],
        ["on the CPU", "built with CUDA"],
    ),
    "hidden card": ("✓✓✓✗––✓", ["Remove `CUDA_VISIBLE_DEVICES`"], ["on the CPU", "CUDA_VISIBLE_DEVICES"]),
    "card without libraries": ("✓✓✓✓✗–✓", [INSTALL, "LD_LIBRARY_PATH"], ["on the CPU", "GPU libraries"]),
    "card too new": ("✓✓✓✓✓✓✗", ["newer", "container", '"-1"'], ["a GPU that fails", '"-1"']),
}
# Words of one remedy each: they must not turn up in another one.
OWN_WORDS = [
    "WSL 2",
    "driver in Windows",
    "Install NVIDIA's",
    "tensorflow-cpu",
    "Remove",
    "LD_LIBRARY",
    "newer",
]


def symbols(findings):
    return "".join(gpu.SYMBOLS[check.passed] for check in gpu.check(findings))


def remedy(findings):
    return gpu.first_failure(gpu.check(findings)).remedy


def test_every_example_is_tested():
    assert set(EXPECTED) == set(gpu.EXAMPLES)


@pytest.mark.parametrize("machine", EXPECTED)
def test_machine(machine):
    findings = gpu.EXAMPLES[machine]
    expected, of_remedy, of_verdict = EXPECTED[machine]
    checks = gpu.check(findings)
    assert [check.name for check in checks] == NAMES
    assert symbols(findings) == expected
    remedies = [check.remedy for check in checks if check.remedy]
    assert len(remedies) == bool(of_remedy), "one thing to mend at a time"
    text = " ".join(remedies)
    assert all(words in text for words in of_remedy), text
    others = [words for words in OWN_WORDS if not any(words in mine or mine in words for mine in of_remedy)]
    assert not [words for words in others if words in text], text
    assert all(check.remedy for check in checks if check.passed is False)
    assert all(words in gpu.verdict(findings) for words in of_verdict), gpu.verdict(findings)


@pytest.mark.parametrize(
    "driver, wsl, old", [("525.60", 0, 0), ("524.9", 0, 1), ("528.3", 1, 0), ("527", 1, 1)]
)
def test_driver_too_old(driver, wsl, old):
    findings = replace(gpu.EXAMPLES["card without libraries"], driver=driver, wsl=bool(wsl))
    failed = gpu.first_failure(gpu.check(findings))
    assert failed.name == ("driver and card" if old else "GPU libraries")
    if old:
        assert ("528" if wsl else "525") in failed.remedy
        assert ("in Windows" in failed.remedy) == bool(wsl)


def test_driver_without_a_number_is_no_error():
    assert symbols(replace(WORKING, driver="[N/A]", devices=("CPU:0",)))[1] == "✓"


@pytest.mark.parametrize(
    "version, symbol", [("3.10.4", "✗"), ("3.11.0", "✓"), ("3.13.9rc1", "✓"), ("3.14.0", "✗")]
)
def test_python_version(version, symbol):
    assert symbols(replace(WORKING, python=version))[0] == symbol


@pytest.mark.parametrize(
    "value, symbol",
    [
        (None, "✓"),
        ("0", "✓"),
        ("0,7", "✓"),
        ("GPU-8932f937", "✓"),
        ("-1", "✗"),
        ("", "✗"),
        ("1", "✗"),
        ("a", "✗"),
    ],
)
def test_visible_devices_of_one_card_that_is_not_listed(value, symbol):
    assert symbols(replace(WORKING, visible_devices=value, devices=("CPU:0",)))[3] == symbol


def test_visible_devices_do_not_matter_without_a_card():
    assert symbols(replace(gpu.EXAMPLES["CUDA build, no card"], visible_devices="-1")) == "✓–✓––✓✓"


def test_card_that_is_not_listed_for_no_known_reason():
    findings = replace(WORKING, devices=("CPU:0",), complaints=("failed call to cuInit: UNKNOWN",))
    assert symbols(findings) == "✓✓✓✓–✗✓"
    assert "failed call to cuInit: UNKNOWN" in remedy(findings)


@pytest.mark.parametrize(
    "error, complaint, words",
    [
        ("InternalError: launch failed", "CUDA_ERROR_INVALID_PTX", "newer"),
        ("no answer within 180 s", "", "newer"),
        ("ResourceExhaustedError: OOM", "CUDA_ERROR_OUT_OF_MEMORY: out of memory", "nvidia-smi"),
        ("FailedPreconditionError: DNN library initialization failed.", "", INSTALL),
        ("the process was ended by SIGSEGV", "", "TensorFlow's issues"),
        ("the process was ended by SIGSEGV", "Loaded cuDNN version 90300", "TensorFlow's issues"),
    ],
)
def test_remedy_of_the_first_operation(error, complaint, words):
    findings = replace(WORKING, first_operation=error, complaints=(complaint,))
    failed = gpu.first_failure(gpu.check(findings))
    assert failed.name == "first operation" and words in failed.remedy
    assert error in failed.finding
    if complaint.startswith("CUDA_ERROR"):
        assert complaint.split(":")[0] in failed.finding


def test_tensorflow_that_does_not_start():
    findings = replace(WORKING, tensorflow="", cuda_build=True, devices=(), first_operation="exit status 1")
    assert gpu.first_failure(gpu.check(findings)).name == "devices listed"
    assert "make clean" in remedy(findings)
    assert "no lesson can run" in gpu.verdict(findings)


def test_failing_cpu_is_not_called_a_gpu():
    findings = replace(gpu.EXAMPLES["CUDA build, no card"], first_operation="ended by SIGILL")
    assert "no lesson can run" in gpu.verdict(findings)
    assert "make clean" in remedy(findings) and "CUDA" not in remedy(findings)


def test_gpu_of_another_maker_that_works():
    findings = replace(gpu.EXAMPLES["macOS"], devices=("CPU:0", "GPU:0"))
    assert symbols(findings) == "✓––✓✓✓✓"
    assert "on the GPU" in gpu.verdict(findings)


def test_table():
    lines = gpu.as_table([gpu.Check("a|b", False, "found", "mend")]).splitlines()
    assert lines == [
        "| check |  | finding | remedy |",
        "| --- | --- | --- | --- |",
        r"| a\|b | ✗ | found | mend |",
    ]


# --- Asking a machine ------------------------------------------------------------------------------

LISTS_GPU = (
    'import json; print(json.dumps({"tensorflow": "2.21.0", "devices": ["CPU:0", "GPU:0"]}), flush=True);'
)


def probe(program):
    return sys.executable, "-c", LISTS_GPU + program


def test_this_machine():
    findings = gpu.collect_findings()
    assert json.loads(json.dumps(asdict(findings)))["python"] == ".".join(map(str, sys.version_info[:3]))
    assert findings.tensorflow.startswith("2.21")
    assert findings.devices[0] == "CPU:0"
    assert findings.first_operation == gpu.OK or findings.gpus
    assert gpu.check(findings) and gpu.verdict(findings)


@pytest.mark.parametrize(
    "program, words",
    [
        ("import os; os.abort()", "SIGABRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("import time; time.sleep(60)", "no answer within 1 s"),
        ("import sys; sys.exit('no module tensorflow')", "exit status 1: no module tensorflow"),
        ("print(json.dumps({'first_operation': 'InternalError: x'}))", "InternalError: x"),
        ("print('{broken'); print(3); import os; os.abort()", "SIGABRT"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_probe_that_fails_is_a_finding(program, words):
    findings = gpu.collect_findings(probe(program), seconds=1)
    assert findings.devices == ("CPU:0", "GPU:0"), "what was told before the failure is kept"
    assert words in findings.first_operation
    assert symbols(findings)[-1] == "✗"


def test_probe_that_cannot_be_started():
    findings = gpu.collect_findings(["there-is-no-such-program"])
    assert findings.devices == () and "exit status 1" in findings.first_operation
    assert gpu.first_failure(gpu.check(findings)).name == "devices listed"


def test_what_the_log_says_about_cuda():
    lines = [
        "2026-01-01 10:00:00.1: W tensorflow/core/gpu_device.cc:2343] Cannot dlopen some GPU libraries.",
        "I0000 00:00:1 4500 cpu_feature_guard.cc:227] This TensorFlow binary is optimized",
        "E0000 00:00:1 4500 cuda_platform.cc:52] failed call to cuInit: UNKNOWN",
    ]
    findings = gpu.collect_findings(probe(f"import sys; print({chr(10).join(lines)!r}, file=sys.stderr)"))
    assert findings.complaints == ("Cannot dlopen some GPU libraries.", "failed call to cuInit: UNKNOWN")


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for nvidia-smi")
@pytest.mark.parametrize(
    "script, driver, cards, words",
    [
        ("echo '550.54.14, NVIDIA A'; echo '550.54.14, NVIDIA B, 8 GB'", "550.54.14", 2, "ok"),
        ("echo 'could not communicate with the driver'; exit 9", "", 0, "could not communicate"),
        ("echo 'No devices were found'", "", 0, "No devices were found"),
        ("exit 3", "", 0, "exit status 3"),
        ("sleep 60", "", 0, "no answer within 0.5 s"),
    ],
)
def test_nvidia_smi(script, driver, cards, words, tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script.replace('sleep', 'exec sleep')}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = gpu._ask_nvidia_smi(seconds=0.5)
    assert found["driver"] == driver and len(found["cards"]) == cards
    assert words in found["nvidia_smi"]


def test_no_nvidia_smi(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    if not Path("/usr/lib/wsl/lib/nvidia-smi").exists():
        assert gpu._ask_nvidia_smi()["nvidia_smi"] == gpu.NOT_FOUND


# --- Time ------------------------------------------------------------------------------------------


def test_convolution_takes_time_and_more_images_take_longer():
    few, many = (gpu.time_convolution("CPU:0", batch_size, repeats=3) for batch_size in (1, 64))
    assert 0 < few < many < 30


def test_no_such_device():
    with pytest.raises(ValueError, match="GPU:99"):
        gpu.time_convolution("GPU:99", 1)


# --- Exercises -------------------------------------------------------------------------------------


def said(check, answer, capsys):
    check(answer)
    return capsys.readouterr().out


@pytest.mark.parametrize("answer", NAMES)
def test_check_first_failure(answer, capsys):
    text = said(exercises.check_first_failure, answer, capsys)
    assert text.startswith("Right." if answer == "driver and card" else "Not yet.")
    assert answer == "driver and card" or "driver and card" not in text, "the answer is not given away"


def test_three_things_are_wrong_with_the_machine_of_the_exercise():
    mended, failures = gpu.EXERCISE, []
    for mend in (
        {"driver": "550.54.14"},
        {"visible_devices": None},
        {"complaints": (), "devices": WORKING.devices},
    ):
        failures.append(gpu.first_failure(gpu.check(mended)).name)
        mended = replace(mended, **mend)
    assert failures == ["driver and card", "CUDA_VISIBLE_DEVICES", "GPU libraries"]
    assert gpu.first_failure(gpu.check(mended)) is None


@pytest.mark.parametrize(
    "answer, words",
    [
        ("CADB", "Right."),
        ("ACDB", "CUDA_VISIBLE_DEVICES"),
        ("CABD", "Memory growth"),
        ("CDAB", "before TensorFlow is imported"),
        ("BCAD", "before TensorFlow is imported"),
        ("ABD", "each of the letters"),
        ("AABC", "each of the letters"),
    ],
)
def test_check_order(answer, words, capsys):
    text = said(exercises.check_order, answer, capsys)
    assert words in text and text.startswith("Right." if words == "Right." else "Not yet.")


@pytest.mark.parametrize("check", [exercises.check_first_failure, exercises.check_order])
def test_unanswered_and_answers_of_another_kind(check, capsys):
    assert said(check, None, capsys).startswith("Not answered yet")
    for answer in (3, "", ["A", "B", "C", "D"], "driver"):
        assert said(check, answer, capsys).startswith("Not yet.")
