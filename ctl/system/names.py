"""Names of languages and of methods, which become names of folders and files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from ctl.errors import CTLError, NoGoldError

LONGEST = 64
SHOWN = 12  # names in a message
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


def language_folder(root: Path, language: str) -> Path:
    """The folder of a language.

    Raises:
        NoGoldError: there is none.
        CTLError: there is no such root.
    """
    folder = root / language
    if not folder.is_dir():
        folders = languages_in(root)
        close = get_close_matches(language, folders, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise NoGoldError(f"unknown language {language}: {root} has {some(folders) or 'no folders'}{hint}")
    return folder


def languages_in(root: Path) -> list[str]:
    """Lists the folders of a root, one for each language.

    Raises:
        CTLError: there is no such root.
    """
    if not root.is_dir():
        raise CTLError(f"data.root {root}: no such folder")
    return sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def some(names: Sequence[str], most: int = SHOWN) -> str:
    """Names the first of many, and says how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def no_formula(name: str) -> str:
    """Puts ``'`` before a name that a spreadsheet would read as a formula (OWASP, CSV injection)."""
    return f"'{name}" if re.match(r"[=+\-@\t\r]", name) and len(name) > 1 else name
