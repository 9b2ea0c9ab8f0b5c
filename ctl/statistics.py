"""Whether one method is better than another, given what both did on the same test sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Counts = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Difference:
    """How much better one method is than another, in points of F1.

    Attributes:
        points: the difference on the sentences that were tested.
        low: lower end of its 95 % interval.
        high: upper end.
        p: two-sided; the chance of as large a difference if both were equally good.
    """

    points: float
    low: float
    high: float
    p: float


def f1(counts: Counts) -> npt.NDArray[np.float64]:
    """Micro F1, 0..100, from entities (..., S, 3): found and right, found, of the gold tags."""
    hits, predicted, actual = np.moveaxis(counts.sum(-2, dtype=np.float64), -1, 0)
    return np.asarray(200 * hits / np.maximum(predicted + actual, 1))


def paired_bootstrap(ours: Counts, theirs: Counts, resamples: int = 2000, seed: int = 0) -> Difference:
    """Compares two methods by drawing sentences anew (Berg-Kirkpatrick et al., EMNLP 2012).

    Args:
        ours: entities of each sentence (S, 3), see `ctl.metrics.span_counts`; for several seeds, their sum.
        theirs: the same of the other method.
        resamples: how often sentences are drawn.
        seed: of the draws.
    """

    def difference(sentences: npt.NDArray[np.int64], axis: int = -1) -> npt.NDArray[np.float64]:
        return f1(ours[sentences]) - f1(theirs[sentences])

    sentences = np.arange(len(ours))
    points = float(difference(sentences))
    if (ours == theirs).all():
        return Difference(0.0, 0.0, 0.0, 1.0)
    result = stats.bootstrap(
        (sentences,),
        difference,
        n_resamples=resamples,
        batch=100,
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    drawn, interval = result.bootstrap_distribution, result.confidence_interval
    p = 2 * min(((drawn <= 0).sum() + 1) / (resamples + 1), ((drawn >= 0).sum() + 1) / (resamples + 1))
    return Difference(points, float(interval.low), float(interval.high), float(min(p, 1.0)))
