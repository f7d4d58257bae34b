"""What does TensorFlow compute with on this machine, and what is in a GPU's way? Taught in lesson 01.

Facts are kept apart from judgment: `collect_findings` asks the machine, `check` judges what it found. So the
judgment can also be tried on machines that one does not have (`EXAMPLES`). Its texts are in gpu.toml.
"""

import re
import statistics
import timeit
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from helpers.gpu_facts import OK, Findings, collect_findings

__all__ = [
    "EXAMPLES",
    "EXERCISE",
    "OK",
    "Check",
    "Findings",
    "as_table",
    "check",
    "collect_findings",
    "first_failure",
    "time_convolution",
    "verdict",
]

SYMBOLS = {True: "✓", False: "✗", None: "–"}


@dataclass(frozen=True)
class Check:
    """One line of the table: what was found, and what to do where it fails."""

    name: str
    passed: bool | None  # None: it does not matter here
    finding: str
    remedy: str = ""


_DATA = tomllib.loads((Path(__file__).parent / "gpu.toml").read_text(encoding="utf-8"))
_FIRST = _DATA["machines"]["Linux, working GPU"]
EXAMPLES = {name: Findings(**_FIRST | differences) for name, differences in _DATA["machines"].items()}
# Three things are wrong with the machine of the exercise; they hide one another.
_WRONG = {"driver": "470.256.02", "visible_devices": "-1"}
EXERCISE = replace(EXAMPLES["card without libraries"], python="3.12.4", **_WRONG)


def check(findings: Findings) -> list[Check]:
    """Judge `findings`: the checks in the order in which to mend them.

    Only the first one that fails says False and has a remedy. A later one that would fail as well is None: it
    may be a mere consequence.
    """
    checks: list[Check] = []
    for name, cases in _cases(findings).items():
        result = next(Check(name, *outcome) for holds, *outcome in cases if holds)
        if result.passed is False and first_failure(checks):
            result = replace(result, passed=None, remedy="")
        checks.append(result)
    return checks


def _cases(f: Findings) -> dict[str, list[tuple]]:
    """Of each check its cases: whether it holds, passed, finding, remedy. The first that holds counts."""
    card = bool(f.cards or f.gpus or f.card_on_bus)
    unused = card and not f.gpus  # a card that TensorFlow does not list
    name = f.system.replace("Darwin", "macOS") + (" in WSL" if f.wsl else "")
    system = f"Python {f.python} on {name}"
    # What CUDA 12 needs, https://www.tensorflow.org/install/pip; in WSL it is the driver of Windows.
    oldest = 528 if f.wsl or f.system == "Windows" else 525
    version = re.match(r"\d+", f.driver)
    too_old = unused and version and int(version[0]) < oldest
    update = _say("old_driver", oldest=oldest, where=" in Windows" if f.wsl else "")
    driver, smi = f"driver {f.driver}: {', '.join(f.cards)}", f"nvidia-smi: {f.nvidia_smi}"
    no_cuda = f"TensorFlow {f.tensorflow or 'unknown'} without CUDA"
    # CUDA counts up to the first entry that names no card. Without nvidia-smi any number may name one.
    first = (f.visible_devices or "").split(",")[0].strip()
    counts = first.isdigit() and int(first) < (len(f.cards) or 1000)
    names_card = counts or first.startswith(("GPU-", "MIG-"))
    visible = "not set" if f.visible_devices is None else f'"{f.visible_devices}"'
    devices, log = ", ".join(f.devices), "\n".join(f.complaints)
    search = _say("not_listed", words=f" for “{f.complaints[0]}”" if f.complaints else "")
    operation = f"a matrix product and a step of training on {[*f.gpus, *f.devices, ''][0]}"
    codes = dict.fromkeys(re.findall(r"CUDA_ERROR_\w+", log))
    failure = "; ".join([f.first_operation, *(code for code in codes if code not in f.first_operation)])
    reasons = _DATA["reasons"].items()
    told = f"{f.first_operation}\n{log}"
    reason = next(text for pattern, text in reasons if re.search(pattern, told, re.IGNORECASE))
    return {
        "Python and system": [
            (not re.match(r"3\.1[123]\b", f.python), False, system, _say("python")),
            (f.system == "Windows" and f.cards, False, system, _say("windows")),
            (True, True, system),
        ],
        "driver and card": [
            (f.cards and too_old, False, driver, update),
            (f.cards, True, driver),
            (f.gpus, None, smi),
            (f.card_on_bus, False, f"an NVIDIA card, but no driver answers ({smi})", _say("no_driver")),
            (f.wsl, None, smi, _say("no_driver_in_wsl")),
            (True, None, f"no NVIDIA card ({smi})"),
        ],
        "built with CUDA": [
            (f.cuda_build, True, f"TensorFlow {f.tensorflow} with CUDA {f.cuda}, cuDNN {f.cudnn}"),
            (unused, False, no_cuda, _say("cpu_build")),
            (True, None, no_cuda),
        ],
        "CUDA_VISIBLE_DEVICES": [
            (not card, None, visible),
            (f.gpus or names_card or f.visible_devices is None, True, visible),
            (True, False, f"{visible}: hides every card", _say("hidden")),
        ],
        "GPU libraries": [
            (f.gpus, True, "found"),
            (not card, None, "not needed"),
            ("dlopen" in log, False, "“Cannot dlopen some GPU libraries”", _say("libraries")),
            (True, None, "no complaint"),
        ],
        "devices listed": [
            (not f.devices, False, f"none: {f.first_operation}", _say("reinstall")),
            (unused, False, f"{devices} alone", search),
            (True, True, devices),
        ],
        "first operation": [
            (f.first_operation == OK, True, operation),
            (not f.gpus, False, f.first_operation, _say("reinstall")),
            (True, False, failure, _say(reason)),
        ],
    }


def _say(text: str, **words: object) -> str:
    return _DATA["texts"][text].format(**_DATA["texts"], **words)


def first_failure(checks: Sequence[Check]) -> Check | None:
    """The check to mend first; None if none fails."""
    return next((check for check in checks if check.passed is False), None)


def verdict(findings: Findings) -> str:
    """What the findings mean for the lessons, in a sentence or two."""
    failed, works = first_failure(check(findings)), findings.first_operation == OK
    cases = {
        "nothing_works": not findings.devices or not (works or findings.gpus),
        "gpu_fails": not works,
        "mend_first": failed,
        "gpu_works": findings.gpus,
        "no_gpu_on_macos": findings.system == "Darwin",
        "no_gpu": True,
    }
    cards = f" ({', '.join(findings.cards)})" if findings.cards else ""
    processor = f"GPU{cards}" if findings.gpus else "CPU"
    text = next(text for text, holds in cases.items() if holds)
    return _say(text, failed=failed and failed.name, processor=processor)


def as_table(checks: Sequence[Check]) -> str:
    """The checks as a table in Markdown: ✓ passed, ✗ failed, – does not matter here."""
    rows = [("check", "", "finding", "remedy"), ("---",) * 4]
    rows += [(c.name, SYMBOLS[c.passed], c.finding, c.remedy) for c in checks]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows)


def time_convolution(device: str, batch_size: int = 64, repeats: int = 10, seed: int = 0) -> float:
    """The median of `repeats` times, in seconds, that `device` takes for one convolution.

    device: as TensorFlow lists it, "CPU:0" or "GPU:0". The convolution: `batch_size` images of 32×32 with
    32 channels, 64 kernels of 3×3. Raises ValueError if there is no such device.
    """
    import tensorflow as tf

    devices = [known.name.removeprefix("/device:") for known in tf.config.list_logical_devices()]
    if device not in devices:  # TensorFlow itself would silently take another one
        raise ValueError(f"There is no device {device!r} here; there are {', '.join(devices)}.")
    with tf.device(device):
        images = tf.random.stateless_uniform((batch_size, 32, 32, 32), seed=(seed, 0))
        kernels = tf.random.stateless_uniform((3, 3, 32, 64), seed=(seed, 1))
        # A GPU works in the background: fetching a number made of the result waits for it.
        times = timeit.repeat(
            lambda: tf.reduce_sum(tf.nn.conv2d(images, kernels, strides=1, padding="VALID")).numpy(),
            number=1,
            repeat=1 + repeats,
        )
    return statistics.median(times[1:])  # the first time also loads and chooses the kernel code
