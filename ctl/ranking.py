"""Scores of a ranking of sources against how well each of them transfers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

Values = npt.NDArray[np.float64]
RELEVANT = 10  # grade of the best source; the next has one less (Lin et al., ACL 2019)


def rank_agreement(weights: Sequence[float], scores: Sequence[float]) -> float | None:
    """Spearman's correlation of weights (K) with scores (K); ``None`` where all weights, or all scores, are equal."""
    if np.ptp(weights) == 0 or np.ptp(scores) == 0:
        return None
    return float(stats.spearmanr(weights, scores).statistic)


def ndcg(weights: Sequence[float], scores: Sequence[float], first: int = 3) -> float:
    """Normalised discounted cumulative gain of the first sources of a ranking, 0..1.

    The gain of a source is :math:`2^g - 1`, with the grade g = 10 for the best by its score, 9 for the next, down to 0
    (Lin et al., ACL 2019, section 4.3). Sources of equal weight share the gains of their places.

    Args:
        weights: by which sources are ranked (K).
        scores: how well they transfer (K).
        first: how many places count.
    """
    grades = np.maximum(RELEVANT + 1 - stats.rankdata(-np.asarray(scores), method="min"), 0)
    gains = 2.0**grades - 1
    discounts = 1 / np.log2(np.arange(2, len(gains) + 2))
    discounts[first:] = 0
    return float(_gain(np.asarray(weights), gains, discounts) / (np.sort(gains)[::-1] * discounts).sum())


def _gain(weights: Values, gains: Values, discounts: Values) -> float:
    """The discounted gain in the order of the weights; sources of equal weight have the mean of their discounts."""
    places = discounts[stats.rankdata(-weights, method="ordinal").astype(int) - 1]
    shared = [places[weights == weight].mean() for weight in weights]
    return float((gains * shared).sum())


def regret(weights: Sequence[float], scores: Sequence[float]) -> float:
    """The score that is lost by taking the heaviest source in place of the best; of equal ones the mean counts."""
    heaviest = np.asarray(weights) == np.max(weights)
    return float(np.max(scores) - np.asarray(scores)[heaviest].mean())


def rank_scores(weights: Mapping[str, float], scores: Mapping[str, float]) -> dict[str, float | None]:
    """Gives ``spearman``, ``ndcg`` of the first three, and ``lost``, of weights and scores of the same sources."""
    pair = list(weights.values()), [scores[source] for source in weights]
    return {"spearman": rank_agreement(*pair), "ndcg": ndcg(*pair), "lost": regret(*pair)}


def mean_scores(scores: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """The means of `rank_scores` over several targets; a measure that a target does not have is left out of its."""
    means: dict[str, float | None] = {}
    for name in scores[0]:
        values = [value for each in scores if (value := each[name]) is not None]
        means[name] = float(np.mean(values)) if values else None
    return means
