"""Measures of how alike two languages' texts look: their scripts, and the subwords that they share."""

from __future__ import annotations

from collections.abc import Set
from typing import Literal, get_args

from ctl.data.survey.scripts import Shares

By = Literal["nearest", "learned", "cosine", "l1", "l2", "subwords", "script", "size"]  # a measure of candidates
MEASURES: tuple[By, ...] = get_args(By)


def script_overlap(one: Shares, other: Shares) -> float:
    """The share of letters that two texts have in the same scripts, 0..1: the sum of the smaller shares."""
    return sum(min(share, other.get(name, 0.0)) for name, share in one.items())


def overlap(one: Set[int], other: Set[int]) -> float:
    """Dice's coefficient of two sets, 0..1: twice what both have, over the sum of their sizes."""
    return 2 * len(one & other) / max(len(one) + len(other), 1)
