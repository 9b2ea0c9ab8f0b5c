"""Curves over the number of sources: where one levels off, and where one gets ahead of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctl.report.statistics.resampling import Samples

LEAST_SIZES = 4  # three parameters go through three points whatever these are
SLOWEST, FASTEST = 0.1, 5.0  # bounds of the exponent
MOST = 100.0  # no F1 is above
FLAT = 1e-6  # points; a curve that rises less does not rise
SURE = 0.95


@dataclass(frozen=True)
class Interval:
    """A number and the 95 % interval of its draws."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, draws: Samples, value: float) -> Interval:
        """The percentile interval of some draws."""
        low, high = np.percentile(draws, [2.5, 97.5])
        return cls(value, float(low), float(high))

    def __format__(self, spec: str) -> str:
        return f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"


@dataclass(frozen=True)
class Scaling:
    """A curve F1(n) = a - b n^-c over the number of sources n.

    Attributes:
        a: where the curve ends, if it levels off.
        b: how much more sources can bring over one.
        c: how fast they do.
        levels_off: whether the data look like this curve, so that its end means something: they rise, nothing is at a
            bound of the fit, the residuals are within the noise, and the last score is below the end.
    """

    a: Interval
    b: Interval
    c: Interval
    levels_off: bool

    def at(self, n: npt.ArrayLike) -> Samples:
        """The curve at these numbers of sources (N)."""
        return np.asarray(self.a.value - self.b.value * np.asarray(n, dtype=np.float64) ** -self.c.value)


def fit_scaling(sizes: Sequence[int], samples: Samples) -> Scaling | None:
    """Fits a curve to scores (R, N) at numbers of sources (N): to those observed (row 0) and to every other draw.

    For a given c the curve is linear in a and b, so only c is searched for, between 0.1 and 5; a is at most 100.
    Returns ``None`` where there are fewer than four numbers of sources.
    """
    if len(set(sizes)) < LEAST_SIZES:
        return None
    n = np.asarray(sizes, dtype=np.float64)
    (a, b, c), misfit = _fit(n, samples)
    curve = a[0] - b[0] * n ** -c[0]
    _, by_chance = _fit(n, curve + samples[1:] - samples[0])  # the same noise around the curve itself
    levels_off = (
        b[0] > FLAT
        and a[0] < MOST - 1e-6
        and SLOWEST * 1.02 < c[0] < FASTEST / 1.02
        and samples[0, -1] < a[0]
        and (misfit[0] < 1e-9 or float((by_chance >= misfit[0]).mean()) > 1 - SURE)
    )
    ends = Interval.of(np.clip(a[1:], 0, MOST), float(a[0]))
    return Scaling(ends, Interval.of(b[1:], float(b[0])), Interval.of(c[1:], float(c[0])), bool(levels_off))


def _fit(n: Samples, scores: Samples) -> tuple[tuple[Samples, Samples, Samples], Samples]:
    """Least squares of every row of scores (R, N): a, b and c (R each), and what is left of squares (R).

    The best exponent of a grid, then the golden section between its neighbours, all rows at once.
    """
    grid = np.geomspace(SLOWEST, FASTEST, 48)
    best = np.argmin([_solve(n, scores, np.full(len(scores), c))[2] for c in grid], axis=0)
    low, high = np.log(grid[np.maximum(best - 1, 0)]), np.log(grid[np.minimum(best + 1, len(grid) - 1)])
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(32):
        left, right = high - golden * (high - low), low + golden * (high - low)
        worse = _solve(n, scores, np.exp(left))[2] > _solve(n, scores, np.exp(right))[2]
        low, high = np.where(worse, left, low), np.where(worse, high, right)
    c = np.exp((low + high) / 2)
    a, b, misfit = _solve(n, scores, c)
    return (a, b, c), misfit


def _solve(n: Samples, scores: Samples, c: Samples) -> tuple[Samples, Samples, Samples]:
    """Finds a and b of every row for given c, with a at most 100, and the sum of squares that is left (R each)."""
    x = n ** -c[:, None]  # (R, N)
    from_mean = x - x.mean(-1, keepdims=True)
    b = -(from_mean * scores).sum(-1) / np.square(from_mean).sum(-1)
    a = scores.mean(-1) + b * x.mean(-1)
    bound = a > MOST
    b = np.where(bound, (x * (MOST - scores)).sum(-1) / np.square(x).sum(-1), b)
    a = np.where(bound, MOST, a)
    return a, b, np.square(a[:, None] - b[:, None] * x - scores).sum(-1)


@dataclass(frozen=True)
class Overtaking:
    """The number of sources from which on one contender is ahead of another.

    Attributes:
        at: the smallest number, of those that were tried, from which on it is ahead in at least 95 % of the draws;
            ``None`` where there is none.
        certainty: the share of draws in which it is ahead there and from there on; else at the largest number.
    """

    at: int | None
    certainty: float


def overtaking(sizes: Sequence[int], gaps: Samples) -> Overtaking:
    """Finds where a difference (R, N) at rising numbers of sources (N) stays above zero."""
    ahead = np.logical_and.accumulate((gaps > 0)[:, ::-1], axis=-1)[:, ::-1]  # here and at all larger ones
    certain = ahead[1:].mean(0)
    sure = np.flatnonzero((certain >= SURE) & ahead[0])
    if not len(sure):
        return Overtaking(None, float(certain[-1]))
    return Overtaking(sizes[sure[0]], float(certain[sure[0]]))
