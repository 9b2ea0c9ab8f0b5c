"""The one exception that a user's mistake raises: shown as a message, without a traceback."""


class CTLError(Exception):
    """Something that the user can mend: the message names what, where and the remedy."""
