"""What does TensorFlow compute with on this machine, and what is in a GPU's way? Taught in lesson 01.

Facts are kept apart from judgment: `collect_findings` asks the machine, `check` judges what it found. So the
judgment can also be tried on machines that one does not have (`EXAMPLES`).
"""

import contextlib
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

OK = "ok"
NOT_FOUND = "not found"
PROBE = (sys.executable, "-m", "helpers.gpu")


@dataclass(frozen=True)
class Findings:
    """Facts about a machine, without judgment; `dataclasses.asdict` makes them ready for JSON."""

    python: str  # "3.11.9"
    system: str  # "Linux", "Windows" or "Darwin", which is macOS
    wsl: bool  # Linux inside Windows
    card_on_bus: bool  # Linux sees an NVIDIA card, with or without a driver
    driver: str  # NVIDIA's driver, "550.54.14"; "" if nvidia-smi told none
    cards: tuple[str, ...]  # the names of the cards by nvidia-smi
    nvidia_smi: str  # OK, NOT_FOUND or the reason why it failed
    visible_devices: str | None  # CUDA_VISIBLE_DEVICES; None if it is not set
    tensorflow: str = ""  # "2.21.0"; "" if it could not be imported
    cuda_build: bool = False  # this TensorFlow can use NVIDIA cards at all
    cuda: str = ""  # CUDA and cuDNN that it was built against
    cudnn: str = ""
    devices: tuple[str, ...] = ()  # ("CPU:0", "GPU:0")
    first_operation: str = ""  # OK or the error of a matrix product and one step of training
    complaints: tuple[str, ...] = ()  # what TensorFlow's log says about CUDA

    @property
    def gpus(self) -> tuple[str, ...]:
        return tuple(device for device in self.devices if device.startswith("GPU"))

    @property
    def has_card(self) -> bool:
        return bool(self.cards or self.gpus) or self.card_on_bus


@dataclass(frozen=True)
class Check:
    """One line of the table: what was found, and what to do where it fails."""

    name: str
    passed: bool | None  # None: it does not matter here
    finding: str
    remedy: str = ""


# --- Facts -----------------------------------------------------------------------------------------


def collect_findings(probe: Sequence[str] = PROBE, seconds: float = 180) -> Findings:
    """Ask this machine. Takes a little longer than TensorFlow takes to start.

    TensorFlow is tried in a process of its own, the command `probe`, which is ended after `seconds`: a GPU
    that fails can take its process down. That, too, is a finding: nothing is raised.
    """
    wsl = "microsoft" in platform.release().lower()
    return Findings(
        python=platform.python_version(),
        system=platform.system(),
        wsl=wsl,
        card_on_bus=_card_on_bus(),
        visible_devices=os.environ.get("CUDA_VISIBLE_DEVICES"),
        **_ask_nvidia_smi(),
        **_ask_tensorflow(probe, seconds),
    )


def _card_on_bus() -> bool:
    """Does Linux list a display controller (class 03) by NVIDIA (vendor 10de), even one without a driver?"""
    for device in Path("/sys/bus/pci/devices").glob("*"):
        with contextlib.suppress(OSError):
            vendor, kind = (device / "vendor").read_text(), (device / "class").read_text()
            if vendor.startswith("0x10de") and kind.startswith("0x03"):
                return True
    return False


def _ask_nvidia_smi(seconds: float = 30) -> dict:
    # In WSL it has a folder of its own, which not every shell has on its path.
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/lib/wsl/lib"])
    program = shutil.which("nvidia-smi", path=path)
    if program is None:
        return {"driver": "", "cards": (), "nvidia_smi": NOT_FOUND}
    query = [program, "--query-gpu=driver_version,name", "--format=csv,noheader"]
    status, output, errors = _run(query, seconds)
    rows = [line.split(", ", 1) for line in output.splitlines() if ", " in line]
    if status == 0 and rows:
        return {"driver": rows[0][0], "cards": tuple(name for _, name in rows), "nvidia_smi": OK}
    reason = " ".join((output + errors).split()) or _ending(status, seconds)
    return {"driver": "", "cards": (), "nvidia_smi": reason}


def _ask_tensorflow(probe: Sequence[str], seconds: float) -> dict:
    status, output, errors = _run(probe, seconds, os.environ | {"TF_CPP_MIN_LOG_LEVEL": "0"})
    facts = {"first_operation": ""}
    for line in output.splitlines():
        with contextlib.suppress(ValueError, TypeError):  # other output than the probe's
            facts |= json.loads(line, object_hook=_with_tuples)
    if not facts["first_operation"]:  # the process ended, or was ended, before it could tell
        last_line = errors.strip().splitlines()[-1:]
        facts["first_operation"] = ": ".join([_ending(status, seconds), *last_line])
    about_cuda = re.compile("dlopen|cuInit|CUDA_ERROR|cuDNN", re.IGNORECASE)
    messages = (re.sub(r"^.*?\.cc:\d+\] ", "", line).strip() for line in errors.splitlines())
    return facts | {"complaints": tuple(dict.fromkeys(filter(about_cuda.search, messages)))}


def _with_tuples(facts: dict) -> dict:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}


def _run(command: Sequence[str], seconds: float, env: dict | None = None) -> tuple[int | None, str, str]:
    """Exit status (None if it had to be ended), output and errors of a command."""
    # Files instead of pipes: a reader of pipes would wait for what the command itself has started.
    text = {"mode": "w+", "encoding": "utf-8", "errors": "replace"}
    with tempfile.TemporaryFile(**text) as output, tempfile.TemporaryFile(**text) as errors:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env=env
            )
        except OSError as error:
            return 1, "", str(error)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
            process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):  # a hanging driver can hold it even then
                process.wait(5)
        output.seek(0)
        errors.seek(0)
        return status, output.read(), errors.read()


def _ending(status: int | None, seconds: float) -> str:
    if status is None:
        return f"no answer within {seconds:g} s"
    if status < 0:
        return f"the process was ended by {signal.Signals(-status).name}"
    return f"the process ended with exit status {status}"


def _probe() -> None:
    """Try TensorFlow and print what is found, a line as soon as it is known: the next step may crash."""
    import keras
    import numpy as np
    import tensorflow as tf

    def tell(**facts) -> None:
        print(json.dumps(facts), flush=True)

    build = tf.sysconfig.get_build_info()
    tell(
        tensorflow=tf.__version__,
        cuda_build=build["is_cuda_build"],
        cuda=build.get("cuda_version", ""),
        cudnn=build.get("cudnn_version", ""),
    )
    devices = [device.name.split(":", 1)[1] for device in tf.config.list_physical_devices()]
    tell(devices=devices)
    try:
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)  # leave memory to others
        tf.matmul(tf.ones((64, 64)), tf.ones((64, 64))).numpy()
        model = keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(1)])
        model.compile(loss="mse")
        model.train_on_batch(np.zeros((2, 8, 8, 3)), np.zeros((2, 1)))
        tell(first_operation=OK)
    except Exception as error:
        tell(first_operation=f"{type(error).__name__}: {error}".splitlines()[0])


# --- Judgment -------------------------------------------------------------------------------------

SYMBOLS = {True: "✓", False: "✗", None: "–"}
INSTALL = 'in the project\'s folder and environment, run `pip install -e ".[gpu]" -c requirements.txt`'
USE_CPU = 'run the lessons on the CPU: set `CUDA_VISIBLE_DEVICES` to "-1" before TensorFlow is imported'
REINSTALL = "TensorFlow does not work: install the lessons' packages anew, `make clean`, then `make lab`."

# What tells the reason why the first operation failed, and its remedy; the first that fits counts.
FIRST_OPERATION_REMEDIES = (
    (
        r"INVALID_PTX|INVALID_HANDLE|no kernel image|no answer within",
        "The card may be newer than this TensorFlow knows. Use a newer TensorFlow or NVIDIA's TensorFlow "
        f"container; until then, {USE_CPU}.",
    ),
    (
        r"OUT_OF_MEMORY|ResourceExhausted",
        "Another program holds the card's memory: `nvidia-smi` names it. End it, then restart the kernel.",
    ),
    (r"CUDNN_STATUS|DNN library", f"The installed cuDNN does not fit this TensorFlow: {INSTALL}."),
    ("", f"Search TensorFlow's issues for this error; until then, {USE_CPU}."),
)


def check(findings: Findings) -> list[Check]:
    """Judge `findings`: the checks in the order in which to mend them.

    Only the first one that fails says False and has a remedy. A later one that would fail as well is None: it
    may be a mere consequence.
    """
    checks, failed = [], False
    for judge in (_system, _driver, _cuda_build, _visible_devices, _libraries, _devices, _first_operation):
        result = judge(findings)
        if failed and result.passed is False:
            result = replace(result, passed=None, remedy="")
        failed = failed or result.passed is False
        checks.append(result)
    return checks


def first_failure(checks: Sequence[Check]) -> Check | None:
    """The check to mend first; None if none fails."""
    return next((check for check in checks if check.passed is False), None)


def verdict(findings: Findings) -> str:
    """What the findings mean for the lessons, in a sentence or two."""
    failed = first_failure(check(findings))
    if not findings.devices or (findings.first_operation != OK and not findings.gpus):
        return f"TensorFlow does not work here: no lesson can run until “{failed.name}” is mended."
    if findings.gpus and findings.first_operation != OK:
        return f"TensorFlow would use a GPU that fails. Until “{failed.name}” is mended, {USE_CPU}."
    if failed:
        return f"For now the lessons run on the {_processor(findings)}. Mend this first: “{failed.name}”."
    if findings.gpus:
        return f"TensorFlow finds a GPU, and it works: the lessons run on the {_processor(findings)}."
    sentences = (
        "No GPU: the lessons run on the CPU, and every lesson is laid out for that. “What you need” in each "
        "gives its time on a CPU; a GPU would shorten the training, most of all in the long experiments."
    )
    if findings.system == "Darwin":
        sentences += " On macOS leave it at that: tensorflow-metal's last release broke with TensorFlow 2.18."
    return sentences


def as_table(checks: Sequence[Check]) -> str:
    """The checks as a table in Markdown: ✓ passed, ✗ failed, – does not matter here."""
    rows = [("check", "", "finding", "remedy"), ("---",) * 4]
    rows += [(c.name, SYMBOLS[c.passed], c.finding, c.remedy) for c in checks]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows)


def _processor(findings: Findings) -> str:
    if not findings.gpus:
        return "CPU"
    return f"GPU ({', '.join(findings.cards)})" if findings.cards else "GPU"


def _system(findings: Findings) -> Check:
    system = {"Darwin": "macOS"}.get(findings.system, findings.system) + (" in WSL" if findings.wsl else "")
    finding = f"Python {findings.python} on {system}"
    version = tuple(int(part) for part in re.findall(r"\d+", findings.python)[:2])
    passed, remedy = True, ""
    if not (3, 11) <= version <= (3, 13):
        passed, remedy = False, "Make the environment with Python 3.11, 3.12 or 3.13."
    elif findings.system == "Windows" and findings.cards:
        passed = False
        remedy = "On Windows itself TensorFlow after 2.10 uses no GPU: set the lessons up in WSL 2."
    return Check("Python and system", passed, finding, remedy)


def _driver(findings: Findings) -> Check:
    name = "driver and card"
    if findings.cards:
        finding = f"driver {findings.driver}: {', '.join(findings.cards)}"
        # What CUDA 12 needs, https://www.tensorflow.org/install/pip; in WSL it is the driver of Windows.
        oldest = 528 if findings.wsl or findings.system == "Windows" else 525
        number = re.match(r"\d+", findings.driver)
        if findings.gpus or number is None or int(number[0]) >= oldest:
            return Check(name, True, finding)
        where = " in Windows" if findings.wsl else ""
        remedy = f"CUDA 12 needs driver {oldest} or later: install NVIDIA's current driver{where}."
        return Check(name, False, finding, remedy)
    finding = f"nvidia-smi: {findings.nvidia_smi}"
    if findings.gpus:
        return Check(name, None, finding)
    if findings.card_on_bus:
        return Check(
            name,
            False,
            f"an NVIDIA card, but no driver answers ({finding})",
            "Install NVIDIA's driver and restart the computer; start a container with `--gpus all`.",
        )
    if findings.wsl:
        return Check(
            name,
            None,
            finding,
            "If the computer has an NVIDIA card: install NVIDIA's driver in Windows, none in WSL; see that "
            "`wsl -l -v` says version 2; then `wsl --shutdown` and start WSL anew.",
        )
    return Check(name, None, f"no NVIDIA card ({finding})")


def _cuda_build(findings: Findings) -> Check:
    name = "built with CUDA"
    if findings.cuda_build:
        versions = f"CUDA {findings.cuda}, cuDNN {findings.cudnn}"
        return Check(name, True, f"TensorFlow {findings.tensorflow} with {versions}")
    finding = f"TensorFlow {findings.tensorflow or 'unknown'} without CUDA"
    if findings.gpus or not findings.has_card:
        return Check(name, None, finding)
    remedy = f"This TensorFlow is for the CPU: `pip uninstall tensorflow-cpu`, then {INSTALL}."
    return Check(name, False, finding, remedy)


def _visible_devices(findings: Findings) -> Check:
    name, value = "CUDA_VISIBLE_DEVICES", findings.visible_devices
    finding = "not set" if value is None else f'"{value}"'
    if not findings.has_card:
        return Check(name, None, finding)
    if value is None or findings.gpus:
        return Check(name, True, finding)
    # CUDA counts up to the first entry that names no card. Without nvidia-smi any number may name one.
    first = value.split(",")[0].strip()
    names_card = first.isdigit() and int(first) < (len(findings.cards) or 1000)
    if names_card or first.startswith(("GPU-", "MIG-")):
        return Check(name, True, finding)
    return Check(
        name,
        False,
        finding + ": hides every card",
        "Remove `CUDA_VISIBLE_DEVICES` from the environment and restart the kernel, unless you want the CPU.",
    )


def _libraries(findings: Findings) -> Check:
    name = "GPU libraries"
    if findings.gpus:
        return Check(name, True, "found")
    if not findings.has_card:
        return Check(name, None, "not needed")
    if any("dlopen" in complaint for complaint in findings.complaints):
        remedy = (
            f"NVIDIA's libraries are missing: {INSTALL}, then restart the kernel. If they are there, unset "
            "`LD_LIBRARY_PATH`, which can lead to others."
        )
        return Check(name, False, "“Cannot dlopen some GPU libraries”", remedy)
    return Check(name, None, "no complaint")


def _devices(findings: Findings) -> Check:
    name, finding = "devices listed", ", ".join(findings.devices)
    if not findings.devices:
        return Check(
            name,
            False,
            f"none: {findings.first_operation}",
            REINSTALL,
        )
    if findings.gpus or not findings.has_card:
        return Check(name, True, finding)
    words = f" for “{findings.complaints[0]}”" if findings.complaints else ""
    remedy = f"Restart the computer. If that does not help, search TensorFlow's issues{words}."
    return Check(name, False, f"{finding} alone", remedy)


def _first_operation(findings: Findings) -> Check:
    name, result = "first operation", findings.first_operation
    if result == OK:
        device = (findings.gpus or findings.devices)[0]
        return Check(name, True, f"a matrix product and a step of training on {device}")
    if not findings.gpus:
        return Check(name, False, result, REINSTALL)
    reasons = "\n".join([result, *findings.complaints])
    remedy = next(
        text for pattern, text in FIRST_OPERATION_REMEDIES if re.search(pattern, reasons, re.IGNORECASE)
    )
    codes = dict.fromkeys(re.findall(r"CUDA_ERROR_\w+", "\n".join(findings.complaints)))
    return Check(name, False, "; ".join([result, *(code for code in codes if code not in result)]), remedy)


# --- Time ------------------------------------------------------------------------------------------


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

        def convolve() -> None:
            feature_maps = tf.nn.conv2d(images, kernels, strides=1, padding="VALID")
            # A GPU works in the background: fetching a number made of the result waits for it.
            tf.reduce_sum(feature_maps).numpy()

        convolve()  # the first time also loads and chooses the kernel code
        times = []
        for _ in range(repeats):
            begin = time.perf_counter()
            convolve()
            times.append(time.perf_counter() - begin)
    return statistics.median(times)


# --- Machines to learn from ------------------------------------------------------------------------

_LINUX_GPU = Findings(
    python="3.11.9",
    system="Linux",
    wsl=False,
    card_on_bus=True,
    driver="550.54.14",
    cards=("NVIDIA GeForce RTX 3070",),
    nvidia_smi=OK,
    visible_devices=None,
    tensorflow="2.21.0",
    cuda_build=True,
    cuda="12.5.1",
    cudnn="9",
    devices=("CPU:0", "GPU:0"),
    first_operation=OK,
)
_NO_CARD = replace(
    _LINUX_GPU,
    card_on_bus=False,
    driver="",
    cards=(),
    nvidia_smi=NOT_FOUND,
    devices=("CPU:0",),
    complaints=("failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)",),
)
_NO_CUDA = {"cuda_build": False, "cuda": "", "cudnn": "", "complaints": ()}

# “CUDA build, no card” was recorded. The others were set down after TensorFlow's installation page and the
# issues tensorflow#63362 (libraries), #89272 and #101746 (RTX 50xx).
EXAMPLES: dict[str, Findings] = {
    "Linux, working GPU": _LINUX_GPU,
    "CUDA build, no card": _NO_CARD,
    "CPU build, no card": replace(_NO_CARD, **_NO_CUDA),
    "macOS": replace(_NO_CARD, system="Darwin", **_NO_CUDA),
    "Windows with a card": replace(
        _LINUX_GPU, system="Windows", card_on_bus=False, driver="566.36", devices=("CPU:0",), **_NO_CUDA
    ),
    "WSL, working GPU": replace(_LINUX_GPU, wsl=True, card_on_bus=False, driver="566.36"),
    "WSL, no driver": replace(_NO_CARD, wsl=True),
    "card without a driver": replace(_NO_CARD, card_on_bus=True),
    "CPU build with a card": replace(_LINUX_GPU, devices=("CPU:0",), **_NO_CUDA),
    "hidden card": replace(
        _LINUX_GPU,
        visible_devices="-1",
        devices=("CPU:0",),
        complaints=("failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected",),
    ),
    "card without libraries": replace(
        _LINUX_GPU,
        devices=("CPU:0",),
        complaints=(
            "Cannot dlopen some GPU libraries. Please make sure the missing libraries mentioned above are "
            "installed properly if you would like to use GPU.",
        ),
    ),
    "card too new": replace(
        _LINUX_GPU,
        driver="581.29",
        cards=("NVIDIA GeForce RTX 5080",),
        first_operation="InternalError: 'cuLaunchKernel' failed with 'CUDA_ERROR_INVALID_HANDLE'",
        complaints=("failed to load PTX text as a module: CUDA_ERROR_INVALID_PTX",),
    ),
}

# --- Exercises -------------------------------------------------------------------------------------

# Three things are wrong with it; they hide one another.
EXERCISE = replace(
    EXAMPLES["card without libraries"], driver="470.256.02", visible_devices="-1", python="3.12.4"
)


if __name__ == "__main__":
    _probe()
