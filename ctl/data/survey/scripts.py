"""The scripts that words are written in."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

Shares = Mapping[str, float]  # of the letters of a text by script; they sum to one


def scripts(words: Iterable[str]) -> Shares:
    """Counts the scripts of a text: the shares of its letters by script, the largest first.

    A letter's script is the first word of its name in Unicode: ``LATIN``, ``CYRILLIC``, ``CJK``.
    """
    letters = Counter(letter for word in words for letter in word if letter.isalpha())
    counts: Counter[str] = Counter()
    for letter, count in letters.items():
        counts[_script(letter)] += count
    return {name: count / counts.total() for name, count in counts.most_common()}


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split()[0].partition("-")[0]
