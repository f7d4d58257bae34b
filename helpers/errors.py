"""What goes wrong because of something that a user can change."""

import re


class UserError(Exception):
    """The message is a sentence or two: what was wrong, and what is accepted or what to do.

    The command `lessons` prints it in place of a traceback and ends with exit status 1.
    """


def one_line(text: object, length: int = 200) -> str:
    """Text from elsewhere, fit for a sentence: printable, without passwords, at most `length` long."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(text)[: 10 * length])
    text = re.sub(r"(\w\w:/+)[^/\s@]*@", r"\1", " ".join(text.split()))
    return text if len(text) <= length else f"{text[: length - 1]}…"
