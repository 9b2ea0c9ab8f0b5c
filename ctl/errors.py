"""The one exception that a user's mistake raises, shown without a traceback; and errors in one line."""


class CTLError(Exception):
    """Something that the user can mend: the message names what, where and the remedy."""


def first_line(error: BaseException) -> str:
    """The first line of what an error says; its class's name where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
