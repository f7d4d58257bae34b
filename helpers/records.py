"""Results of long experiments, run once and kept in `helpers/recorded/`, each file saying how it was made.

Commands stand there as they were typed then; docs/results.md has today's names.
"""

import textwrap
from dataclasses import dataclass
from pathlib import Path

from helpers.errors import UserError

import pandas as pd

RECORDED = Path(__file__).parent / "recorded"
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
    """Read a record. Raises `UserError` naming the ones there are, when there is none of this name."""
    path = RECORDED / f"{name}.csv"
    if not path.exists():
        there = ", ".join(sorted(path.stem for path in RECORDED.glob("*.csv")))
        raise UserError(f"There is no record {name}; there are {there}.")
    lines = path.read_text(encoding="utf-8").splitlines()[: len(ABOUT)]
    return Record(dict(line[2:].split(": ", 1) for line in lines), pd.read_csv(path, comment="#"))
