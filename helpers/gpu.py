"""What does TensorFlow compute with on this machine, and what is in a GPU's way? Taught in lesson 01.

Facts are kept apart from judgment: `collect_findings` asks the machine, `check` judges what it found. So the
judgment can also be tried on machines that one does not have (`EXAMPLES`). Its texts are in gpu.toml.
"""

import contextlib
import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import timeit
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

OK = "ok"
PROBE = (sys.executable, "-c", "from helpers import gpu; gpu.try_tensorflow()")
SYMBOLS = {True: "✓", False: "✗", None: "–"}


@dataclass(frozen=True)
class Findings:
    """Facts about a machine, without judgment; `dataclasses.asdict` makes them ready for JSON."""

    python: str  # "3.11.9"
    system: str  # "Linux", "Windows" or "Darwin", which is macOS
    wsl: bool  # Linux inside Windows
    card_on_bus: bool  # Linux sees an NVIDIA card, with or without a driver
    driver: str  # NVIDIA's driver, "550.54.14"; "" if nvidia-smi told none
    cards: Sequence[str]  # the names of the cards by nvidia-smi
    nvidia_smi: str  # OK or the reason why it failed
    visible_devices: str | None = None  # CUDA_VISIBLE_DEVICES; None if it is not set
    tensorflow: str = ""  # "2.21.0"; "" if it could not be imported
    cuda_build: bool = False  # this TensorFlow can use NVIDIA cards at all
    cuda: str = ""  # CUDA and cuDNN that it was built against
    cudnn: str = ""
    devices: Sequence[str] = ()  # ["CPU:0", "GPU:0"]
    first_operation: str = ""  # OK or the error of a matrix product and one step of training
    complaints: Sequence[str] = ()  # what TensorFlow's log says about CUDA

    @property
    def gpus(self) -> list[str]:
        return [device for device in self.devices if device.startswith("GPU")]


@dataclass(frozen=True)
class Check:
    """One line of the table: what was found, and what to do where it fails."""

    name: str
    passed: bool | None  # None: it does not matter here
    finding: str
    remedy: str = ""


_DATA = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_FIRST = _DATA["machines"]["Linux, working GPU"]
EXAMPLES = {name: Findings(**_FIRST | differences) for name, differences in _DATA["machines"].items()}
EXERCISE = replace(EXAMPLES["card without libraries"], **_DATA["exercise"])


def collect_findings(probe: Sequence[str] = PROBE, seconds: float = 180) -> Findings:
    """Ask this machine. Takes a little longer than TensorFlow takes to start.

    TensorFlow is tried in a process of its own, the command `probe`, which is ended after `seconds`: a GPU
    that fails can take its process down. That, too, is a finding: nothing is raised.
    """
    return Findings(
        python=platform.python_version(),
        system=platform.system(),
        wsl="microsoft" in platform.release().lower(),
        card_on_bus=_card_on_bus(),
        visible_devices=os.environ.get("CUDA_VISIBLE_DEVICES"),
        **ask_nvidia_smi(),
        **_ask_tensorflow(probe, seconds),
    )


def _card_on_bus() -> bool:
    """Does Linux list a display controller (class 03) by NVIDIA (vendor 10DE), even one without a driver?"""
    devices = Path("/sys/bus/pci/devices").glob("*/modalias")
    with contextlib.suppress(OSError):
        return any(re.match("pci:v000010DE.*bc03", device.read_text()) for device in devices)
    return False


def ask_nvidia_smi(seconds: float = 30) -> dict:
    query = ["nvidia-smi", "--query-gpu=driver_version,name", "--format=csv,noheader"]
    # In WSL it has a folder of its own, which not every shell has on its path.
    path = os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/lib/wsl/lib"
    ending, output, errors = _run(query, seconds, PATH=path)
    rows = [line.split(", ", 1) for line in output.splitlines() if ", " in line]
    if ending == OK and rows:
        return {"driver": rows[0][0], "cards": [name for _, name in rows], "nvidia_smi": OK}
    return {"driver": "", "cards": [], "nvidia_smi": " ".join((output + errors).split()) or ending}


def _ask_tensorflow(probe: Sequence[str], seconds: float) -> dict:
    ending, output, errors = _run(probe, seconds, TF_CPP_MIN_LOG_LEVEL="0")
    # This stays if the process ended, or was ended, before it could tell.
    facts = {"first_operation": ": ".join([ending, *errors.strip().splitlines()[-1:]])}
    for line in output.splitlines():
        with contextlib.suppress(ValueError, TypeError):  # other output than the probe's
            facts |= json.loads(line)
    messages = [re.sub(r"^.*?\.cc:\d+\] ", "", line).strip() for line in errors.splitlines()]
    about_cuda = re.compile("dlopen|cuInit|CUDA_ERROR|cuDNN", re.IGNORECASE)
    return facts | {"complaints": list(dict.fromkeys(filter(about_cuda.search, messages)))}


def _run(command: Sequence[str], seconds: float, **environment: str) -> tuple[str, str, str]:
    """Run a command: how it ended (OK or in words), its output and its errors."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        process = subprocess.Popen(command, env=os.environ | environment, errors="replace", **streams)
        output, errors = process.communicate(timeout=seconds)
    except OSError as error:
        return "not found" if isinstance(error, FileNotFoundError) else str(error), "", ""
    except subprocess.TimeoutExpired:
        process.kill()
        output = errors = ""
        # A hanging driver can hold the process even now, and subprocess.run would wait for it.
        with contextlib.suppress(subprocess.TimeoutExpired):
            output, errors = process.communicate(timeout=5)
        return f"no answer within {seconds:g} s", output, errors
    code = process.returncode
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"
    return f"the process {how}" if code else OK, output, errors


def try_tensorflow() -> None:
    """Print what is found, a line of JSON as soon as it is known: the next step may crash. PROBE runs it."""
    import keras
    import tensorflow as tf

    def tell(**facts) -> None:
        print(json.dumps(facts), flush=True)

    build = tf.sysconfig.get_build_info()
    versions = {"cuda": build.get("cuda_version", ""), "cudnn": build.get("cudnn_version", "")}
    tell(tensorflow=tf.__version__, cuda_build=build["is_cuda_build"], **versions)
    tell(devices=[device.name.split(":", 1)[1] for device in tf.config.list_physical_devices()])
    try:
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)  # leave memory to others
        tf.matmul(tf.ones((64, 64)), tf.ones((64, 64))).numpy()
        model = keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(1)])
        model.compile(loss="mse")
        model.train_on_batch(tf.zeros((2, 8, 8, 3)), tf.zeros((2, 1)))
        tell(first_operation=OK)
    except Exception as error:
        tell(first_operation=f"{type(error).__name__}: {error}".splitlines()[0])


def check(findings: Findings) -> list[Check]:
    """Judge `findings`: the checks in the order in which to mend them.

    Only the first one that fails says False and has a remedy. A later one that would fail as well is None: it
    may be a mere consequence.
    """
    checks: dict[str, Check] = {}
    for name, holds, passed, finding, *remedy in _cases(findings):
        if holds and name not in checks:
            if passed is False and first_failure(checks.values()):
                passed, remedy = None, []
            checks[name] = Check(name, passed, finding, *remedy)
    return list(checks.values())


def _cases(f: Findings) -> list[tuple]:
    """Check, whether the case holds, passed, finding, remedy. A check's first case that holds counts."""
    card = bool(f.cards or f.gpus or f.card_on_bus)
    unused = card and not f.gpus  # a card that TensorFlow does not list
    system = f"Python {f.python} on {f.system.replace('Darwin', 'macOS')}{' in WSL' if f.wsl else ''}"
    # What CUDA 12 needs, https://www.tensorflow.org/install/pip; in WSL it is the driver of Windows.
    oldest = 528 if f.wsl or f.system == "Windows" else 525
    version = re.match(r"\d+", f.driver)
    too_old = unused and version and int(version[0]) < oldest
    update = _say("old_driver", oldest=oldest, where=" in Windows" if f.wsl else "")
    driver, smi = f"driver {f.driver}: {', '.join(f.cards)}", f"nvidia-smi: {f.nvidia_smi}"
    no_driver = f"an NVIDIA card, but no driver answers ({smi})"
    with_cuda = f"TensorFlow {f.tensorflow} with CUDA {f.cuda}, cuDNN {f.cudnn}"
    no_cuda = f"TensorFlow {f.tensorflow or 'unknown'} without CUDA"
    # CUDA counts up to the first entry that names no card. Without nvidia-smi any number may name one.
    first = (f.visible_devices or "").split(",")[0].strip()
    counts = first.isdigit() and int(first) < (len(f.cards) or 1000)
    names_card = f.visible_devices is None or counts or first.startswith(("GPU-", "MIG-"))
    visible = "not set" if f.visible_devices is None else f'"{f.visible_devices}"'
    devices, log = ", ".join(f.devices), "\n".join(f.complaints)
    search = _say("not_listed", words=f" for “{f.complaints[0]}”" if f.complaints else "")
    operation = f"a matrix product and a step of training on {[*f.gpus, *f.devices, ''][0]}"
    codes = dict.fromkeys(re.findall(r"CUDA_ERROR_\w+", log))
    failure = "; ".join([f.first_operation, *(code for code in codes if code not in f.first_operation)])
    told = f"{f.first_operation}\n{log}"
    reason = next(text for pattern, text in _DATA["reasons"].items() if re.search(pattern, told))
    return [
        ("Python and system", not re.match(r"3\.1[123]\b", f.python), False, system, _say("python")),
        ("Python and system", f.system == "Windows" and f.cards, False, system, _say("windows")),
        ("Python and system", True, True, system),
        ("driver and card", f.cards and too_old, False, driver, update),
        ("driver and card", f.cards, True, driver),
        ("driver and card", f.gpus, None, smi),
        ("driver and card", f.card_on_bus, False, no_driver, _say("no_driver")),
        ("driver and card", f.wsl, None, smi, _say("no_driver_in_wsl")),
        ("driver and card", True, None, f"no NVIDIA card ({smi})"),
        ("built with CUDA", f.cuda_build, True, with_cuda),
        ("built with CUDA", unused, False, no_cuda, _say("cpu_build")),
        ("built with CUDA", True, None, no_cuda),
        ("CUDA_VISIBLE_DEVICES", not card, None, visible),
        ("CUDA_VISIBLE_DEVICES", f.gpus or names_card, True, visible),
        ("CUDA_VISIBLE_DEVICES", True, False, f"{visible}: hides every card", _say("hidden")),
        ("GPU libraries", f.gpus, True, "found"),
        ("GPU libraries", not card, None, "not needed"),
        ("GPU libraries", "dlopen" in log, False, "“Cannot dlopen some GPU libraries”", _say("libraries")),
        ("GPU libraries", True, None, "no complaint"),
        ("devices listed", not f.devices, False, f"none: {f.first_operation}", _say("reinstall")),
        ("devices listed", unused, False, f"{devices} alone", search),
        ("devices listed", True, True, devices),
        ("first operation", f.first_operation == OK, True, operation),
        ("first operation", not f.gpus, False, f.first_operation, _say("reinstall")),
        ("first operation", True, False, failure, _say(reason)),
    ]


def _say(text: str, **words: object) -> str:
    return _DATA["texts"][text].format(**_DATA["texts"], **words)


def first_failure(checks: Iterable[Check]) -> Check | None:
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
    words = {"failed": failed and failed.name, "processor": processor}
    return next(_say(text, **words) for text, holds in cases.items() if holds)


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
            lambda: tf.reduce_sum(tf.nn.convolution(images, kernels)).numpy(), number=1, repeat=1 + repeats
        )
    return statistics.median(times[1:])  # the first time also loads and chooses the kernel code
