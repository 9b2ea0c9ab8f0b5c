"""Names of languages and of methods, which become names of folders and files."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ctl.errors import CTLError

LONGEST = 64
LANGUAGE = re.compile(rf"[\w.-]{{1,{LONGEST}}}")
METHOD = re.compile(r"[\w.:+-]{1,200}")


def check_languages(names: Iterable[str], setting: str) -> None:
    """Refuses names of languages that could lead out of their folder.

    Args:
        names: the languages.
        setting: where they were given, for the message.

    Raises:
        CTLError: names the first that can't be used.
    """
    for name in names:
        if not LANGUAGE.fullmatch(name) or name in (".", ".."):
            raise CTLError(
                f"{setting}: {name!r} can't be the name of a language: use letters, digits and -_. alone, at most "
                f"{LONGEST}; a language is a folder of data.root, not a path"
            )


def check_method(name: str) -> str:
    """Gives the name of a method back, or refuses one that could lead out of its folder.

    Raises:
        CTLError: it can't be used.
    """
    if not METHOD.fullmatch(name) or name in (".", ".."):
        raise CTLError(f"{name!r} can't be the name of a method or a variant: use letters, digits and -_.+: alone")
    return name
