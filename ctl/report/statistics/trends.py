"""Trends of one quantity with another: rank correlation and a line of least squares."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ctl.report.statistics.resampling import Samples
from ctl.report.statistics.scaling import Interval

FEW = 8  # points whose orders (40,320) are all tried


@dataclass(frozen=True)
class Trend:
    """A trend of y with x.

    Attributes:
        slope: the slope of the line of least squares, with its interval.
        intercept: of the line, where x is 0.
        rank: Spearman's correlation.
        p: the chance of as strong a correlation, either way, if all orders were equally likely.
        count: the number of points.
    """

    slope: Interval
    intercept: float
    rank: float
    p: float
    count: int


def trend(x: Sequence[float], y: Sequence[float]) -> Trend | None:
    """Finds the trend of y with x; ``None`` where x has fewer than three values, or y has one alone."""
    import statsmodels.api as sm

    if len(set(x)) < 3 or len(set(y)) < 2:
        return None
    line = sm.OLS(np.asarray(y), sm.add_constant(np.asarray(x, dtype=np.float64))).fit()
    low, high = line.conf_int()[1]
    slope = Interval(float(line.params[1]), float(low), float(high))
    rank, p = spearman(x, y)
    return Trend(slope, float(line.params[0]), rank, p, len(x))


def spearman(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Spearman's correlation and its two-sided p-value, exact for up to eight points, by Student's t for more."""
    result = stats.spearmanr(x, y)
    if len(x) > FEW:
        return float(result.statistic), float(result.pvalue)
    ours, theirs = _standardised(x), _standardised(y)
    orders = np.array(list(itertools.permutations(theirs)))  # (len!, len)
    as_strong = np.abs(orders @ ours) >= abs(float(ours @ theirs)) - 1e-9
    return float(ours @ theirs), float(as_strong.mean())


def _standardised(values: Sequence[float]) -> Samples:
    ranks = stats.rankdata(values) - (len(values) + 1) / 2
    return np.asarray(ranks / np.linalg.norm(ranks))
