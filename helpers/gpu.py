"""What does TensorFlow compute with on this machine, and what is in a GPU's way? Taught in lesson 01.

Facts are kept apart from judgment: `collect_findings` asks the machine, `check` judges what it found. So the
judgment can also be tried on machines that one does not have (`EXAMPLES`). Its texts are in gpu.toml.
"""

import json
import os
import platform
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

OK = "ok"
PROBE = (sys.executable, "-c", "from helpers import gpu; gpu.try_tensorflow()")
SYMBOLS = {True: "✓", False: "✗", None: "–"}


@dataclass(frozen=True)
class Findings:
    """Facts about a machine, without judgment; `dataclasses.asdict` makes them ready for JSON."""

    system: str  # "Linux", "WSL" (Linux inside Windows), "Windows" or "macOS"
    nvidia_smi: str  # OK or the reason why it failed
    driver: str = ""  # NVIDIA's driver, "550.54.14"
    cards: Sequence[str] = ()  # the names of the cards by nvidia-smi
    visible_devices: str | None = None  # CUDA_VISIBLE_DEVICES; None if it is not set
    tensorflow: str = ""  # "2.21.0"; "" if it could not be imported
    cuda: str = ""  # the CUDA it was built against; "" if it cannot use NVIDIA cards at all
    devices: Sequence[str] = ()  # ["CPU:0", "GPU:0"]
    first_operation: str = ""  # OK or the error of one step of training
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
EXAMPLES = {name: Findings(**_DATA["working"] | other) for name, other in _DATA["machines"].items()}
EXERCISE = replace(EXAMPLES["card without libraries"], **_DATA["exercise"])


def collect_findings(probe: Sequence[str] = PROBE, seconds: float = 180) -> Findings:
    """Ask this machine; TensorFlow in a process of its own, the command `probe`, ended after `seconds`.

    A GPU that fails can take its process down. That, too, is a finding: nothing is raised.
    """
    ending, output, errors = _run(probe, seconds, TF_CPP_MIN_LOG_LEVEL="0", TF_FORCE_GPU_ALLOW_GROWTH="true")
    # This stays if the process ended, or was ended, before it could tell.
    facts = {"first_operation": ": ".join([ending, *errors.strip().splitlines()[-1:]])}
    for line in re.findall(r'^\{".*\}$', output, re.MULTILINE):  # and no other output than the probe's
        facts |= json.loads(line)
    messages = [re.sub(r"^.*?\.cc:\d+\] ", "", line).strip() for line in errors.splitlines()]
    about_cuda = re.compile("dlopen|cuInit|CUDA_ERROR|cuDNN", re.IGNORECASE)
    in_wsl = "microsoft" in platform.release().lower()
    return Findings(
        system="WSL" if in_wsl else platform.system().replace("Darwin", "macOS"),
        visible_devices=os.environ.get("CUDA_VISIBLE_DEVICES"),
        complaints=list(dict.fromkeys(filter(about_cuda.search, messages))),
        **ask_nvidia_smi(),
        **facts,
    )


def ask_nvidia_smi(seconds: float = 30) -> dict:
    query = ["nvidia-smi", "--query-gpu=driver_version,name", "--format=csv,noheader"]
    # In WSL it has a folder of its own, which not every shell has on its path.
    path = os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/lib/wsl/lib"
    ending, output, errors = _run(query, seconds, PATH=path)
    cards = re.findall("^(.+?), (.+)$", output, re.MULTILINE) if ending == OK else []
    if not cards:
        return {"nvidia_smi": " ".join((output + errors).split()) or ending}
    return {"nvidia_smi": OK, "driver": cards[0][0], "cards": [name for _, name in cards]}


def _run(command: Sequence[str], seconds: float, **environment: str) -> tuple[str, str, str]:
    """Run a command: how it ended (OK or in words), its output and its errors."""
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, "timeout": seconds, "check": True}
    try:
        ended, how = subprocess.run(command, env=os.environ | environment, **options), OK
    except OSError as error:
        return error.strerror, "", ""
    except subprocess.SubprocessError as error:  # "Command '…' died with <Signals.SIGSEGV: 11>."
        ended, how = error, str(error).rpartition("' ")[2].rstrip(".")
    streams = ((stream or b"").decode(errors="replace") for stream in (ended.stdout, ended.stderr))
    return how, *("\n".join(stream.splitlines()) for stream in streams)


def try_tensorflow() -> None:
    """Print what is found, a line of JSON as soon as it is known: the next step may crash. PROBE runs it."""
    import keras
    import tensorflow as tf

    keras.config.set_image_data_format("channels_last")  # whatever a user's keras.json says

    def tell(**facts) -> None:
        print(json.dumps(facts), flush=True)

    tell(tensorflow=tf.__version__, cuda=tf.sysconfig.get_build_info().get("cuda_version", ""))
    tell(devices=[device.name.split(":", 1)[1] for device in tf.config.list_physical_devices()])
    try:
        model = keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(1)])
        model.compile(loss="mse")
        model.train_on_batch(tf.zeros((2, 8, 8, 3)), tf.zeros((2, 1)))
        tell(first_operation=OK)
    except Exception as error:
        tell(first_operation=f"{type(error).__name__}: {error}".splitlines()[0])


def check(findings: Findings) -> list[Check]:
    """Judge `findings`: the checks in the order in which to fix them.

    Only the first that fails is False and has a remedy; a later one may be its consequence, and is None.
    """
    checks, facts = [], json.dumps(asdict(findings))
    words = {"complaint": [*findings.complaints, "GPU not listed"][0], **_DATA["parts"]}
    for name, matters, passed, finding in _judge(findings):
        if matters and not passed and not first_failure(checks):
            remedies = _DATA["remedies"][name].items()
            remedy = next(text for pattern, text in remedies if re.search(pattern, facts))
            checks.append(Check(name, False, finding, remedy.format(**words)))
        else:
            checks.append(Check(name, True if matters and passed else None, finding))
    return checks


def _judge(f: Findings) -> list[tuple]:
    """Of each check: its name, whether it matters here, whether it passes, and what was found."""
    unused = f.cards and not f.gpus  # a card that TensorFlow does not list
    card = f"driver {f.driver}: {', '.join(f.cards)}" if f.cards else f"none (nvidia-smi: {f.nvidia_smi})"
    build = f"TensorFlow {f.tensorflow or 'unknown'}, CUDA {f.cuda or 'none'}"
    version = re.match(r"\d+", f.driver)
    # What CUDA 12 needs, https://www.tensorflow.org/install/pip; in WSL it is the driver of Windows.
    too_old = unused and version and int(version[0]) < (525 if f.system == "Linux" else 528)
    # CUDA counts up to the first entry that names no card.
    value = f.visible_devices
    first = "0" if value is None else value.split(",")[0].strip()
    shown = first in map(str, range(len(f.cards))) or first.startswith(("GPU-", "MIG-"))
    missing = "; ".join(complaint for complaint in f.complaints if "dlopen" in complaint)
    operation = f"a step of training on {[*f.gpus, *f.devices, 'no device'][0]}: {f.first_operation}"
    return [
        ("system", True, f.system != "Windows" or not f.cards, f.system),
        ("driver and card", f.cards, not too_old, card),
        ("built with CUDA", f.cuda or (unused and f.tensorflow), f.cuda, build),
        ("CUDA_VISIBLE_DEVICES", f.cards, f.gpus or shown, "not set" if value is None else f'"{value}"'),
        ("GPU libraries", f.gpus or missing, f.gpus, "found" if f.gpus else missing or "no complaint"),
        ("devices listed", True, f.devices and not unused, ", ".join(f.devices) or "none"),
        ("first operation", True, f.first_operation == OK, operation),
    ]


def first_failure(checks: Iterable[Check]) -> Check | None:
    """The check to fix first; None if none fails."""
    return next((check for check in checks if check.passed is False), None)


def verdict(findings: Findings) -> str:
    """What the findings mean for the lessons, in a sentence or two."""
    failed, works = first_failure(check(findings)), findings.first_operation == OK
    cases = {
        "nothing_works": not findings.devices or not (works or findings.gpus),
        "gpu_fails": not works,
        "fix_first": failed,
        "gpu_works": findings.gpus,
        findings.system: True,
    }
    text = next(_DATA["verdicts"].get(name, "") for name, holds in cases.items() if holds)
    return text.format(failed=failed and failed.name, **_DATA["parts"])


def as_table(checks: Sequence[Check]) -> str:
    """The checks as a table in Markdown: ✓ passed, ✗ failed, – does not matter here."""
    rows = [("check", "", "finding", "remedy"), ("---",) * 4]
    findings = [re.sub(r"[\\`*<$]", r"\\\g<0>", c.finding) for c in checks]  # text of others, no Markdown
    rows += [(c.name, SYMBOLS[c.passed], f, c.remedy) for c, f in zip(checks, findings, strict=True)]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows)
