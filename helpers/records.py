"""Results of long experiments, run once and kept in `helpers/recorded/`, each file saying how it was made.

An experiment is a number of training runs, each a lesson executed with other parameters. This collects them:

    python -m helpers.records NAME --what TEXT --images TEXT --command TEXT RUN_DIR [RUN_DIR ...]
"""

import argparse
import io
import json
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

RECORDED = Path(__file__).parent / "recorded"
COLUMNS = ["train_size", "epochs", "batch_size", "learning_rate", "seed", "parameters"]
COLUMNS += ["validation_accuracy", "test_accuracy", "train_seconds"]
# Taken over where the runs have them: each lesson has settings of its own.
MORE_COLUMNS = [
    "optimizer",
    "normalization",
    "pooling",
    "network",
    "remedies",
    "epochs_trained",
    "cpu_seconds",
]
# What the fast networks of lesson 09 have beyond that; empty for the reference network beside them.
FAST_COLUMNS = ["recipe", "width", "without", "precision", "operations", "flip_accuracy", "peak_memory_mb"]
# Columns of history.csv; the test accuracy of an epoch is there only if it was watched.
CURVES = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "epoch_test_accuracy"]
CURVES += ["epoch_cpu_seconds"]
ABOUT = ("what", "images", "command", "versions", "seeds")  # the lines that begin each file


@dataclass(frozen=True)
class Record:
    """A recorded experiment: `about` says how it was made, `table` has a row a run, or a row an epoch."""

    about: dict[str, str]
    table: pd.DataFrame

    def __str__(self) -> str:
        """What a lesson says about a record before it draws it: a line each."""
        lines = (f"{name}: {self.about[name]}" for name in ("what", "images", "seeds"))
        return "\n".join(textwrap.fill(line, 100, subsequent_indent="  ") for line in lines)


def load_record(name: str) -> Record:
    """Read a record. Raises FileNotFoundError naming the ones there are, when there is none of this name."""
    path = RECORDED / f"{name}.csv"
    if not path.exists():
        there = ", ".join(sorted(path.stem for path in RECORDED.glob("*.csv")))
        raise FileNotFoundError(f"There is no record {name}; there are {there}.")
    text = path.read_text(encoding="utf-8")
    head = [line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("# ")]
    return Record(dict(head), pd.read_csv(io.StringIO(text), comment="#"))


def collect(run_dirs: Iterable[str | Path], curves: bool = False) -> tuple[pd.DataFrame, str]:
    """The results of finished runs, a row a run or with `curves` a row an epoch, and their versions.

    Raises ValueError when a folder holds no finished run or one of an older kind, and when the versions are
    not the same for all.
    """
    finished = {}
    for folder in map(Path, run_dirs):
        path = folder / "metrics.json"
        if not path.exists():
            raise ValueError(f"There is no finished run in {folder}.")
        finished[folder] = json.loads(path.read_text())
    more = [name for name in MORE_COLUMNS if any(name in metrics for metrics in finished.values())]
    fast = []
    if any("recipe" in metrics for metrics in finished.values()):
        more, fast = ["epochs_trained", "cpu_seconds"], FAST_COLUMNS
    rows, versions = [], set()
    for folder, metrics in finished.items():
        missing = [name for name in COLUMNS + more if name not in metrics]
        if missing:
            raise ValueError(f"The run in {folder} does not say its {', '.join(missing)}: train it anew.")
        row = {name: metrics[name] for name in COLUMNS + more} | {name: metrics.get(name) for name in fast}
        if curves:
            history = pd.read_csv(folder / "history.csv")
            history["epoch"] += 1  # counted from 1, as people do
            # Not those of the whole run.
            history = history.rename(
                columns={"test_accuracy": "epoch_test_accuracy", "cpu_seconds": "epoch_cpu_seconds"}
            )
            known = [name for name in CURVES if name in history]
            rows += [row | epoch for epoch in history[known].round(4).to_dict("records")]
        else:
            rows.append(row)
        versions.add(", ".join(f"{name} {number}" for name, number in metrics["versions"].items()))
    if len(versions) != 1:
        raise ValueError(f"The runs were made with {len(versions)} sets of versions; a record has one.")
    return pd.DataFrame(rows), versions.pop()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m helpers.records", description="Record an experiment.")
    parser.add_argument("name", metavar="NAME", help="of the file in helpers/recorded, without .csv")
    parser.add_argument("--what", required=True, help="what was compared, in a sentence")
    parser.add_argument("--images", required=True, help="on which images")
    parser.add_argument("--command", required=True, help="the command that made the runs")
    parser.add_argument("--curves", action="store_true", help="a row for each epoch, with loss and accuracy")
    parser.add_argument("run_dirs", nargs="+", metavar="RUN_DIR", help="folders of finished runs")
    options = parser.parse_args(arguments)
    try:
        table, versions = collect(options.run_dirs, options.curves)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    seeds = ", ".join(str(seed) for seed in sorted(table["seed"].unique()))
    about = {name: getattr(options, name) for name in ("what", "images", "command")}
    about |= {"versions": versions, "seeds": seeds}
    head = "".join(f"# {name}: {about[name]}\n" for name in ABOUT)
    RECORDED.mkdir(exist_ok=True)
    (RECORDED / f"{options.name}.csv").write_text(head + table.to_csv(index=False), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
