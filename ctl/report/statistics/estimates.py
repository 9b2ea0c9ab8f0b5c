"""Numbers with their 95 % intervals and p-values, from the variance of every source of chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple, Protocol

from scipy import optimize, stats

LEVEL = 0.05  # 95 % intervals


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
        seeds: the number of seeds, of the target that has fewest; where it is one, the interval does not cover others.
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


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm, 1979)."""
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(p_values, method="holm")[1]] if len(p_values) else []


class Bounded(Protocol):
    """A number with an interval."""

    @property
    def value(self) -> float:
        """The number."""

    @property
    def low(self) -> float:
        """The lower end."""

    @property
    def high(self) -> float:
        """The upper end."""


def bounds(name: str, number: Bounded) -> dict[str, float]:
    """A number and its interval as columns of a table."""
    return {name: round(number.value, 2), "low": round(number.low, 2), "high": round(number.high, 2)}
