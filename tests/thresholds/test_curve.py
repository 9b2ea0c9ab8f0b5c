"""Curves by hand, and beside the metric of a test."""

import numpy as np
import pytest
import torch
from made_up_words import WORDS

from ctl.metrics import SpanF1
from ctl.thresholds.curve import GRID, curve
from ctl.thresholds.curve_file import ALL


def test_a_curve_by_hand():
    """The gold tags are a person (0, 1), a place (2) and a person (3); see `WORDS`."""
    points = curve(WORDS, np.array([4]), np.array([1, 2, 3, 1]), ["PER", "LOC"])
    assert [point.type for point in points] == [kind for kind in (ALL, "PER", "LOC") for _ in range(1 + len(GRID))]
    scores = {(point.type, point.threshold): pytest.approx(tuple(point[2:]), abs=0.1) for point in points}
    assert scores[ALL, None] == (100, 33.3, 50) and scores[ALL, 0.5] == (100, 66.7, 80) == scores[ALL, 0.6]
    assert scores[ALL, 0.3] == (100, 100, 100) and scores[ALL, 0.8] == (0, 0, 0)
    assert scores["PER", None] == (100, 50, 66.7)
    assert scores["LOC", 0.3] == (100, 100, 100) and scores["LOC", 0.5] == (0, 0, 0)


def test_a_curve_begins_with_the_scores_of_a_test():
    """Without a threshold they are those of the metric; no threshold below all scores lowers recall."""
    rng = np.random.default_rng(0)
    words, gold = rng.dirichlet([2.0, 0.5, 0.5, 0.5, 0.5], 300), rng.integers(0, 5, 300)
    lengths = np.full(30, 10)
    metric = SpanF1(["PER", "LOC"])
    metric.update(torch.tensor(words.argmax(-1)), torch.tensor(gold), torch.tensor(lengths))
    first, low, *_ = curve(words, lengths, gold, ["PER", "LOC"])
    assert first[2:] == tuple(float(metric.compute()[name]) for name in ("precision", "recall", "f1"))
    assert low.threshold == 0.05 and low.recall >= first.recall
