"""Precision, recall and F1 at every threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ctl.arrays import Floats, Ints
from ctl.metrics import SpanF1
from ctl.thresholds.curve_file import ALL, Point
from ctl.thresholds.decoding import decode, thresholds_of

GRID = np.round(np.arange(0.05, 1.0, 0.05), 2)


def curve(probabilities: Floats, lengths: Ints, gold: Ints, types: Sequence[str]) -> list[Point]:
    """Precision, recall and F1 without a threshold and at every one of the grid: of all entities, then of each type.

    Args:
        probabilities: P(tag | word) of all words (W, C).
        lengths: numbers of words of the sentences (S).
        gold: tag ids (W).
        types: the entity types.

    Returns:
        A point a type and threshold.
    """
    scores = {value: _scores(probabilities, lengths, gold, types, value) for value in (None, *GRID.tolist())}
    return [
        Point(kind or ALL, value, *(scores[value][f"{kind}/{name}" if kind else name] for name in Point._fields[2:]))
        for kind in ("", *types)
        for value in scores
    ]


def _scores(
    probabilities: Floats, lengths: Ints, gold: Ints, types: Sequence[str], threshold: float | None
) -> dict[str, float]:
    """The scores of `SpanF1` at a threshold; where there are several processes, the one that asks has all words."""
    metric = SpanF1(types, sync_on_compute=False)
    tags = decode(probabilities, lengths, thresholds_of(threshold, types))
    metric.update(torch.from_numpy(tags), torch.from_numpy(gold).long(), torch.from_numpy(lengths))
    return {name: float(value) for name, value in metric.compute().items()}
