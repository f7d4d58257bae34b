"""Facts about this machine and its GPU, without judgment, which is helpers.gpu's. Taught in lesson 01."""

import contextlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

OK = "ok"
PROBE = (sys.executable, "-m", "helpers.gpu_facts")


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
    text = {"encoding": "utf-8", "errors": "replace"}
    try:
        process = subprocess.Popen(command, env=os.environ | environment, **streams, **text)
    except OSError as error:
        return "not found" if isinstance(error, FileNotFoundError) else str(error), "", ""
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        output = errors = ""
        with contextlib.suppress(subprocess.TimeoutExpired):  # a hanging driver can hold it even then
            output, errors = process.communicate(timeout=5)
        return f"no answer within {seconds:g} s", output, errors
    status = process.returncode
    if status == 0:
        return OK, output, errors
    words = (
        f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
    )
    return f"the process {words}", output, errors


def _probe() -> None:
    """Try TensorFlow and print what is found, a line as soon as it is known: the next step may crash."""
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


if __name__ == "__main__":  # the command PROBE, a process of this module's own
    _probe()
