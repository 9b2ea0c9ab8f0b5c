r"""Means of scores over cells, their differences, and intervals that cover what other sentences and seeds would give.

A score has three sources of chance: the test sentences, the seed, and, where sets of source languages were drawn at
random, the set. The variance of a mean is estimated from each on its own:

* sentences, with the models fixed: from the draws of `ctl.report.statistics.resampling`, alike for all models;
* seeds: $s^2 / m$ from the m seeds' means, all targets together, as the models of a seed share what they learned from;
* sets: $s^2 / k$ from the k sets of a size, target by target.

The half-widths of the three intervals, each with its own quantile of Student's t, are added up in squares:
$\sqrt{z^2 V_{sentences} + t_{m-1}^2 V_{seeds} + t_\nu^2 V_{sets}}$ (Howe, JASA 1974; Zou and Donner, Statistics in
Medicine 2008, call it MOVER). A single t with Satterthwaite's degrees of freedom is shorter, and covers less than it
says where seeds matter more than sentences; ``tests/benchmarks/coverage.py`` measures both. The targets are those that
were asked for and are not drawn: an interval says nothing about other languages.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from scipy import optimize, stats

from ctl.report.statistics.resampling import Samples

LEVEL = 0.05  # 95 % intervals


class Cell(NamedTuple):
    """One transfer of a study."""

    target: str
    sources: tuple[str, ...]
    seed: int

    def __str__(self) -> str:
        return f"{', '.join(self.sources)} -> {self.target}, seed {self.seed}"


Scores = Mapping[Cell, Samples]  # F1 of one contender (R) by cell


class Part(NamedTuple):
    """One source of chance: its share of a mean's variance, and the degrees of freedom that this is known with."""

    variance: float
    freedom: float


@dataclass(frozen=True)
class Estimate:
    """A mean or a difference of means, in points of F1.

    Attributes:
        value: what was observed.
        parts: the sources of chance.
        cells: the number of cells that it rests on.
        seeds: the number of seeds; where there is one, the interval says nothing about others.
        least: the smallest number that there can be.
    """

    value: float
    parts: tuple[Part, ...]
    cells: int
    seeds: int
    least: float = -100.0

    @property
    def low(self) -> float:
        """The lower end of the 95 % interval."""
        return max(self.value - self.half_width(LEVEL), self.least)

    @property
    def high(self) -> float:
        """The upper end of the 95 % interval."""
        return min(self.value + self.half_width(LEVEL), 100.0)

    @cached_property
    def p(self) -> float:
        """Two-sided: the level at which the interval ends at zero."""
        if self.half_width(1.0) >= abs(self.value):
            return 1.0
        if self.half_width(SMALLEST) <= abs(self.value):
            return SMALLEST if any(part.variance for part in self.parts) else 0.0
        root = optimize.brentq(lambda log: self.half_width(math.exp(log)) - abs(self.value), math.log(SMALLEST), 0)
        return math.exp(root)

    def half_width(self, level: float) -> float:
        """Half of the width of the interval that misses the truth with this probability."""
        return math.hypot(*(_quantile(level, part.freedom) * math.sqrt(part.variance) for part in self.parts))

    def __format__(self, spec: str) -> str:
        return f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"


@lru_cache(maxsize=4096)
def _quantile(level: float, freedom: float) -> float:
    """The quantile of Student's t for a two-sided level."""
    return float(stats.t.isf(level / 2, freedom))


SMALLEST = 1e-100  # p-values below are not told apart
SEEDS = ("seeds", 0)  # the group of all seeds; others are the sets of one size of one target


@dataclass(frozen=True)
class Mean:
    """The mean of a contender's scores over cells, every target with the same weight; or a difference of two means.

    Attributes:
        samples: the mean (R) with seeds and sets fixed, row 0 as observed, the others on other draws of sentences.
        groups: by group (the seeds; the sets of one size of a target), how far each member moves the mean.
        cells: the number of cells.
        least: the smallest number that there can be.
    """

    samples: Samples
    groups: Mapping[tuple[str, int], Mapping[object, float]]
    cells: int
    least: float = 0.0

    @classmethod
    def of(cls, scores: Scores, drawn: bool = False) -> Mean:
        """The mean of some cells' scores.

        Args:
            scores: F1 by cell; at least one.
            drawn: whether sets of sources were drawn at random, so that others might have been.
        """
        by_target: dict[str, list[Cell]] = defaultdict(list)
        for cell in scores:
            by_target[cell.target].append(cell)
        groups: dict[tuple[str, int], dict[object, float]] = defaultdict(lambda: defaultdict(float))
        means = []
        for target, cells in by_target.items():
            mean = np.mean([scores[cell] for cell in cells], axis=0)
            means.append(mean)
            for cell in cells:
                share = float(scores[cell][0] - mean[0]) / len(cells) / len(by_target)
                groups[SEEDS][cell.seed] += share
                if drawn:
                    groups[target, len(cell.sources)][cell.sources] += share
        return cls(np.asarray(np.mean(means, axis=0)), groups, len(scores))

    def __sub__(self, other: Mean) -> Mean:
        """The difference of two means, cell by cell where they are of the same cells."""
        groups = {
            group: {
                member: self.groups.get(group, {}).get(member, 0.0) - other.groups.get(group, {}).get(member, 0.0)
                for member in {**self.groups.get(group, {}), **other.groups.get(group, {})}
            }
            for group in {**self.groups, **other.groups}
        }
        return Mean(self.samples - other.samples, groups, min(self.cells, other.cells), least=-100.0)

    @property
    def estimate(self) -> Estimate:
        """The mean with its interval."""
        parts = [Part(float(np.var(self.samples[1:], ddof=1)), math.inf)]
        parts += _pooled([self._part(group) for group in self.groups if group == SEEDS])
        parts += _pooled([self._part(group) for group in self.groups if group != SEEDS])
        seeds = len(self.groups[SEEDS])
        return Estimate(float(self.samples[0]), tuple(parts), self.cells, seeds, self.least)

    def _part(self, group: tuple[str, int]) -> Part:
        moves = np.array(list(self.groups[group].values()))
        freedom = len(moves) - 1
        return Part(float(np.square(moves).sum() * len(moves) / max(freedom, 1)), freedom)


def _pooled(parts: Sequence[Part]) -> list[Part]:
    """Adds up independent variances, with Satterthwaite's degrees of freedom (Biometrics Bulletin, 1946)."""
    parts = [part for part in parts if part.freedom and part.variance > 0]
    if not parts:
        return []
    variance = sum(part.variance for part in parts)
    return [Part(variance, variance**2 / sum(part.variance**2 / part.freedom for part in parts))]


def common(*scores: Scores) -> tuple[Scores, ...]:
    """The scores of those cells alone that all contenders have."""
    cells = [cell for cell in scores[0] if all(cell in others for others in scores)]
    return tuple({cell: each[cell] for cell in cells} for each in scores)


def draw_jointly(means: Sequence[Mean]) -> Samples:
    """Draws sentences, seeds and sets anew for several means together (R, N), row 0 as observed.

    Seeds and sets are drawn from the multivariate t distribution that their own spread gives, so what moves all means
    alike moves them alike in every draw.
    """
    samples = np.stack([mean.samples for mean in means], axis=-1)
    rng = np.random.default_rng(0)
    for group in sorted({group for mean in means for group in mean.groups}):
        members = list(dict.fromkeys(member for mean in means for member in mean.groups.get(group, {})))
        freedom = len(members) - 1
        if not freedom:
            continue
        moves = np.array([[mean.groups.get(group, {}).get(member, 0.0) for mean in means] for member in members])
        normal = rng.normal(size=(len(samples) - 1, len(members)))
        scale = np.sqrt(len(members) / rng.chisquare(freedom, size=(len(samples) - 1, 1)))
        samples[1:] += scale * (normal @ moves)
    return samples


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm, 1979)."""
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(p_values, method="holm")[1]] if len(p_values) else []
