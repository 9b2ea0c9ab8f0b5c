"""Alignment of what a language model wrote freely with the words that it was given."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher


def align(found: Sequence[str], words: Sequence[str]) -> list[int | None]:
    """For each word the place of its like in an answer, ``None`` where the answer leaves it out.

    A longest run of equal words is matched first, then what is before and after it; between two matches as many
    other words as there should be are taken for misspelt.
    """
    places: list[int | None] = [None] * len(words)
    for kind, begin, end, other, stop in SequenceMatcher(None, words, found, autojunk=False).get_opcodes():
        if kind == "equal" or (kind == "replace" and end - begin == stop - other):
            places[begin:end] = range(other, stop)
    return places


def occurrence(mention: str, words: Sequence[str], begin: int = 0) -> tuple[int, int] | None:
    """First and last + 1 of the words that a mention consists of, spaces and case aside, from ``begin`` on."""
    wanted = "".join(mention.split()).casefold()
    for first in range(begin, len(words) if wanted else begin):
        joined, last = "", first
        while last < len(words) and len(joined) < len(wanted):
            joined, last = joined + words[last].casefold(), last + 1
        if joined == wanted and words[first]:
            return first, last
    return None
