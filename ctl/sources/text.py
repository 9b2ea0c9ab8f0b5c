"""Measures of how alike two languages' texts look: their scripts, and the subwords that they share."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from functools import cache
from typing import Literal, get_args

By = Literal["nearest", "learned", "cosine", "l1", "l2", "subwords", "script", "size"]  # a measure of candidates
MEASURES: tuple[By, ...] = get_args(By)
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


def script_overlap(one: Shares, other: Shares) -> float:
    """The share of letters that two texts have in the same scripts, 0..1: the sum of the smaller shares."""
    return sum(min(share, other.get(name, 0.0)) for name, share in one.items())


def overlap(one: Set[int], other: Set[int]) -> float:
    """Dice's coefficient of two sets, 0..1: twice what both have, over the sum of their sizes."""
    return 2 * len(one & other) / max(len(one) + len(other), 1)
