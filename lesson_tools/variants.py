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

    Raises `UserError` for two phrases that are the same in the source, and not in the variant, and for a cell
    with a mistake in it.
    """
    code, _, lines = cell.source.partition("\n---\n")
    try:
        before, after = draw_numbers(code), draw_numbers(code, seed)
        filled = [(line.format_map(before), line.format_map(after)) for line in lines.splitlines()]
    except Exception as error:  # whatever somebody wrote there
        raise UserError(f"There is a mistake in the variant cell: {one_line(repr(error))}.") from None
    found = {}
    for old, new in filled:
        if found.setdefault(old, new) != new:
            raise UserError(f"Two phrases of the variant cell are both {old!r}: make them longer.")
    return found


def _alone(text: str) -> str:
    """A pattern that finds a text, but not as a part of a longer word or number."""
    before, after = re.match(r"\w", text), re.search(r"\w$", text)
    return (r"(?<!\w)(?<!\d\.)" if before else "") + re.escape(text) + (r"(?!\w)" if after else "")


def make_variant(source: NotebookNode, name: str) -> NotebookNode:
    """The source of a variant, such as homework_03-7A, from that of the homework.

    Raises `UserError` as `phrases` does, when there is no `variant` cell, and when a phrase is nowhere in the
    source.
    """
    homework, _, variant = name.partition("-")
    numbers = next((cell for cell in source.cells if TAG in cell.metadata.get("tags", [])), None)
    if not numbers:
        raise UserError(f"{homework} has no variants: none of its cells has the tag {TAG}.")
    replaced, found = phrases(numbers, seed=name), set()
    # Of two phrases that begin at the same place, the longer one counts.
    pattern = re.compile("|".join(_alone(old) for old in sorted(replaced, key=len, reverse=True)))

    def replace(match: re.Match) -> str:
        found.add(match[0])
        return replaced[match[0]]

    notebook = copy.deepcopy(source)
    notebook.cells = [cell for cell in notebook.cells if cell.id != numbers.id]
    for cell in notebook.cells:
        cell.source = pattern.sub(replace, cell.source)
    if missing := sorted(replaced.keys() - found):
        raise UserError(f"{homework} has no longer the text {missing[0]!r} of its variant cell.")
    title = notebook.cells[0]
    title.source = TITLE.sub(rf"# Homework \g<number>, variant {variant}: ", title.source, count=1)
    return notebook
