"""Which method is better and how it scales, given what all did on the same test sentences with the same seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import stats

RESAMPLES = 2000
Counts = npt.NDArray[np.int32]
Samples = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """How much better one method is than another, in points of F1.

    Attributes:
        points: the difference that was observed.
        low: lower end of its 95 % interval.
        high: upper end.
        p: two-sided; the chance of as large a difference if both were equally good.
    """

    points: float
    low: float
    high: float
    p: float


# Over seeds and sentences: everything that is reported comes from the same draws. Row 0 of every array of samples is
# what was observed, the other rows are what it would have been on other sentences and seeds.


@dataclass(frozen=True)
class Interval:
    """A number and the 95 % interval of its resamples."""

    value: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        return f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"


@lru_cache(maxsize=4)  # of 10,000 sentences they take 160 MB
def draw_weights(items: int, resamples: int = RESAMPLES, seed: int = 0) -> Samples:
    """How often each item is drawn (1 + resamples, items), all of them once in row 0; not to be written to."""
    drawn = np.random.default_rng([seed, items]).multinomial(items, np.full(items, 1 / items), size=resamples)
    weights = np.concatenate([np.ones((1, items)), drawn])
    weights.flags.writeable = False
    return weights


def resampled_f1(counts: Counts, weights: Samples) -> Samples:
    """Micro F1 (R), 0..100, of entities (S, 3) when sentences count as often as each row of weights (R, S) says."""
    hits, predicted, actual = (weights @ counts).T
    return np.asarray(200 * hits / np.maximum(predicted + actual, 1))


def over_seeds(samples: Sequence[Samples], weights: Samples) -> Samples:
    """The mean over seeds (R) of each seed's samples (R), when seeds count as often as the weights (R, seeds) say.

    Where some seeds are missing and none of the others was drawn, all of them count once.
    """
    weights = np.where(weights.sum(-1, keepdims=True) > 0, weights, 1)
    return np.asarray((np.stack(samples, axis=-1) * weights).sum(-1) / weights.sum(-1))


def interval(samples: Samples) -> Interval:
    """What was observed, and the percentile interval of the resamples."""
    low, high = np.percentile(samples[1:], [2.5, 97.5])
    return Interval(float(samples[0]), float(low), float(high))


def difference(ours: Samples, theirs: Samples) -> Difference:
    """How much better ours are, from samples (R) of the same draws, with a two-sided p-value.

    This is the paired bootstrap of Berg-Kirkpatrick et al., EMNLP 2012.
    """
    gap = ours - theirs
    found, count = interval(gap), len(gap)
    p = 2 * min(((gap[1:] <= 0).sum() + 1) / count, ((gap[1:] >= 0).sum() + 1) / count)
    return Difference(found.value, found.low, found.high, float(min(p, 1.0)))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm, 1979)."""
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(p_values, method="holm")[1]] if len(p_values) else []


@dataclass(frozen=True)
class Scaling:
    """A curve F1(n) = a - b n^-c over the number of sources n.

    Attributes:
        a: where it would end.
        b: what more sources can bring over one.
        c: how fast they do.
        samples: a, b and c of every resample (R, 3).
    """

    a: Interval
    b: Interval
    c: Interval
    samples: Samples

    def at(self, n: npt.ArrayLike) -> Samples:
        """The curve at these numbers of sources (N)."""
        return np.asarray(self.a.value - self.b.value * np.asarray(n, dtype=np.float64) ** -self.c.value)


LEAST_SIZES = 4  # three parameters go through three points whatever these are


def fit_scaling(sizes: Sequence[int], scores: Samples, resamples: int = 200) -> Scaling | None:
    """Fits a curve to scores (R, N) at numbers of sources (N), and to each of the first resamples.

    For a given c the curve is linear in a and b, so only c is searched for, between 0.1 and 5; a is at most 100.
    Returns ``None`` where there are fewer than four numbers of sources.
    """
    if len(set(sizes)) < LEAST_SIZES:
        return None
    n = np.asarray(sizes, dtype=np.float64)
    fits = np.array([_fit(n, row) for row in scores[: resamples + 1]])
    a, b, c = (interval(column) for column in fits.T)
    return Scaling(a, b, c, fits)


def _fit(n: Samples, scores: Samples) -> tuple[float, float, float]:
    from scipy.optimize import minimize_scalar

    def solve(log_c: float) -> tuple[Samples, float]:
        columns = np.stack([np.ones_like(n), -(n ** -np.exp(log_c))], axis=-1)
        parameters = np.linalg.lstsq(columns, scores)[0]
        if parameters[0] > 100:  # no F1 is
            parameters = np.array([100.0, columns[:, 1] @ (scores - 100) / np.square(columns[:, 1]).sum()])
        return parameters, float(np.square(columns @ parameters - scores).sum())

    found = minimize_scalar(lambda log_c: solve(log_c)[1], bounds=(np.log(0.1), np.log(5.0)), method="bounded")
    a, b = solve(found.x)[0]
    return float(a), float(b), float(np.exp(found.x))


@dataclass(frozen=True)
class Overtaking:
    """From how many sources on one method is ahead of another.

    Attributes:
        at: the number, of those that were tried; ``None`` where it is not ahead at the largest.
        certainty: share of the resamples in which it is ahead there and from there on.
    """

    at: int | None
    certainty: float


def overtaking(sizes: Sequence[int], ours: Samples, theirs: Samples) -> Overtaking:
    """Finds it from samples (R, N) at numbers of sources (N), in rising order."""
    ahead = np.logical_and.accumulate((ours > theirs)[:, ::-1], axis=-1)[:, ::-1]  # here and at all larger ones
    if not ahead[0, -1]:
        return Overtaking(None, float((~ahead[1:, -1]).mean()))
    place = int(ahead[0].argmax())
    return Overtaking(sizes[place], float(ahead[1:, place].mean()))


@dataclass(frozen=True)
class Trend:
    """How one thing goes with another.

    Attributes:
        slope: of the line of least squares, with its interval.
        intercept: of the line.
        rank: Spearman's correlation.
        p: of the correlation.
        count: points.
    """

    slope: Interval
    intercept: float
    rank: float
    p: float
    count: int


def trend(x: Sequence[float], y: Sequence[float]) -> Trend | None:
    """Spearman's correlation and a line of least squares; ``None`` where x has fewer than three values."""
    import statsmodels.api as sm

    if len(set(x)) < 3:
        return None
    line = sm.OLS(np.asarray(y), sm.add_constant(np.asarray(x, dtype=np.float64))).fit()
    low, high = line.conf_int()[1]
    rank = stats.spearmanr(x, y)
    slope = Interval(float(line.params[1]), float(low), float(high))
    return Trend(slope, float(line.params[0]), float(rank.statistic), float(rank.pvalue), len(x))
