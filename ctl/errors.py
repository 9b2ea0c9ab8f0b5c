"""The one exception that a user's mistake raises, shown without a traceback; and errors in one line."""


class CTLError(Exception):
    """Something that the user can mend: the message names what, where and the remedy.

    Attributes:
        status: the exit status of a command that ends with it.
    """

    status = 2


class NotFiniteError(CTLError):
    """A training whose loss or weights are no numbers any more: nothing of it is worth keeping."""


class NoGoldError(CTLError):
    """A split with gold tags that is not there; what needs none may go on without it."""


class UnlikeOriginalError(CTLError):
    """An exported model that disagrees with the model as trained; no setting of the user mends that."""

    status = 1


def first_line(error: BaseException) -> str:
    """The first line of what an error says; its class's name where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
