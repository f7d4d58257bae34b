"""What goes wrong because of something that a user can change."""


class UserError(Exception):
    """The message is a sentence or two: what was wrong, and what is accepted or what to do.

    The command `lessons` prints it in place of a traceback and ends with exit status 1.
    """
