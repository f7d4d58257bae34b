"""The tables in docs/parameters.md, made from the table of parameters, the lessons and the profiles."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from helpers.parameters import PARAMETERS
from lesson_tools.run import PROFILES, find_lessons, lesson_parameters

PAGE = Path(__file__).parent.parent / "docs" / "parameters.md"


def with_tables(text: str) -> str:
    """The page `text` with its tables, each between its comment and <!-- end -->, made anew."""
    for name, table in (("parameters", _parameters()), ("profiles", _profiles())):
        pattern = rf"(<!-- {name}: .*? -->\n).*?(<!-- end -->)"
        text = re.sub(pattern, lambda parts, table=table: parts[1] + table + parts[2], text, flags=re.S)
    return text


def _parameters() -> str:
    lessons = {lesson.name[:2]: lesson_parameters(lesson) for lesson in find_lessons()}
    rows = []
    for name, parameter in PARAMETERS.items():
        numbers: dict[str, list[str]] = {}  # of the lessons, by default value
        for number in (number for number, given in lessons.items() if name in given):
            numbers.setdefault(_code(lessons[number][name]), []).append(number)
        defaults = "; ".join(f"{', '.join(those)}: {default}" for default, those in numbers.items())
        rows.append((f"`{name}`", parameter.meaning, parameter.accepted, defaults))
    return _table(("parameter", "means", "accepts", "default, by lesson"), rows)


def _profiles() -> str:
    rows = [
        (f"`{name}`", ", ".join(f"`{key}` {_code(value)}" for key, value in given.items()))
        for name, given in PROFILES.items()
    ]
    return _table(("profile", "gives"), rows)


def _code(value) -> str:
    return f"`{value}`" if value != "" else "empty"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
