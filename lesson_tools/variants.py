"""Variants of a homework: the same tasks with other numbers, drawn by the name of a class.

The source of a homework is a whole homework, with the numbers that everybody gets without a variant. A raw
cell in it, tagged `variant`, says what a variant changes, in two parts with a line --- between them: Python,
in which `width = draw(64, 80)` names a number and its choices, the first that of the source; and the phrases
in which the numbers stand, such as `each {width} pixels wide`, a line each. A phrase filled with the
first choices is looked for in text and code, and replaced by the same phrase filled with what was drawn.
"""

import copy
import random
import re

from helpers.errors import UserError, one_line

from nbformat import NotebookNode

TAG = "variant"
TITLE = re.compile(r"^# Homework (?P<number>\d+)(, variant (?P<variant>\w+))?: ", re.MULTILINE)


def check_variant(text: str) -> str:
    """The name of a variant as folders and titles have it. Raises `UserError` for one that can't be used."""
    if not re.fullmatch(r"[A-Za-z0-9]{1,12}", text):
        raise UserError(
            f"A variant is named by 1 to 12 letters A to Z and digits, such as 7A, not by {one_line(text)!r}."
        )
    return text.upper()  # some file systems take 7a and 7A for one folder


def variant_of(notebook: NotebookNode) -> str | None:
    """Which variant a notebook is, by its title: empty for none, and None where the title is missing."""
    titles = (TITLE.search(cell.source) for cell in notebook.cells if cell.cell_type == "markdown")
    title = next(filter(None, titles), None)
    return (title["variant"] or "") if title else None


def draw_numbers(code: str, seed: str = "") -> dict:
    """The names that the first part of a `variant` cell gives values to, drawn by `seed`, or without it.

    The same on every machine and with every Python: `random.Random` takes a text by its SHA-512, and
    promises of `random()`, though not of `choice`, that it gives the same numbers in every version.
    """
    chance = random.Random(seed)

    def draw(*choices):
        return choices[1 + int(chance.random() * (len(choices) - 1))] if seed else choices[0]

    names = {"draw": draw}
    exec(code, names)
    return names


def phrases(cell: NotebookNode, seed: str) -> dict[str, str]:
    """What the `variant` cell of a source replaces for `seed`, and by what.

    Raises `UserError` for two phrases that are the same in the source, and not in the variant.
    """
    code, _, lines = cell.source.partition("\n---\n")
    before, after = draw_numbers(code), draw_numbers(code, seed)
    found = {}
    for line in lines.splitlines():
        old, new = line.format_map(before), line.format_map(after)
        if found.setdefault(old, new) != new:
            raise UserError(f"Two phrases of the variant cell are both {old!r}: make them longer.")
    return found


def _alone(text: str) -> str:
    """A pattern that finds a text, but not as a part of a longer word or number."""
    before, after = re.match(r"\w", text), re.search(r"\w$", text)
    return (r"(?<!\w)(?<!\d\.)" if before else "") + re.escape(text) + (r"(?!\w)" if after else "")


def make_variant(source: NotebookNode, name: str) -> NotebookNode:
    """The source of a variant, such as homework_03-7A, from that of the homework.

    Raises `UserError` as `phrases` does, and when a phrase is nowhere in the source.
    """
    notebook = copy.deepcopy(source)
    [numbers] = [cell for cell in notebook.cells if TAG in cell.metadata.get("tags", [])]
    notebook.cells = [cell for cell in notebook.cells if cell is not numbers]
    replaced = phrases(numbers, seed=name)
    pattern = re.compile("|".join(_alone(old) for old in sorted(replaced, key=len, reverse=True)))
    found = set()

    def replace(match: re.Match) -> str:
        found.add(match[0])
        return replaced[match[0]]

    for cell in notebook.cells:
        cell.source = pattern.sub(replace, cell.source)
    if missing := sorted(replaced.keys() - found):
        raise UserError(
            f"{name.partition('-')[0]} has no longer the text {missing[0]!r} of its variant cell."
        )
    title = TITLE.match(notebook.cells[0].source)
    own = f"# Homework {title['number']}, variant {name.partition('-')[2]}: "
    notebook.cells[0].source = own + notebook.cells[0].source[title.end() :]
    return notebook
