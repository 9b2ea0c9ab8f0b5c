"""The number of labelled sentences that a transfer is worth: so many does a model of these alone need to reach it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ctl.report.statistics.means import Mean, draw_jointly


@dataclass(frozen=True)
class Worth:
    """A number of labelled sentences, with its 95 % interval over seeds and test sentences.

    Attributes:
        value: the number; that of the fewest where these are enough, infinite where the most are not.
        low: the lower end of the interval.
        high: the upper end.
        least: the fewest that were tried.
        most: the most that were tried.
        seeds: the number of seeds; where it is one, the interval does not cover others.
    """

    value: float
    low: float
    high: float
    least: int
    most: int
    seeds: int

    def written(self, number: float) -> str:
        """A number as people read it: outside what was tried only a bound is known."""
        if math.isinf(number):
            return f"more than {self.most:,}"
        return f"at most {self.least:,}" if number <= self.least else f"{number:,.0f}"

    def __str__(self) -> str:
        if self.low == self.high:
            return self.written(self.value)
        return f"{self.written(self.value)} [{self.written(self.low)}, {self.written(self.high)}]"


def crossing(numbers: Sequence[int], scores: Sequence[float], level: float) -> float:
    """The number at which a curve first reaches a level, interpolated on the logarithm of the number.

    Args:
        numbers: from the smallest up (N).
        scores: at each (N).
        level: that is to be reached.

    Returns:
        The number; the smallest where the curve is there at once, infinity where it never is.
    """
    for index, score in enumerate(scores):
        if score >= level:
            if index == 0:
                return float(numbers[0])
            before, (left, right) = scores[index - 1], np.log(numbers[index - 1 : index + 1])
            return float(np.exp(left + (level - before) / (score - before) * (right - left)))
    return math.inf


def worth(numbers: Sequence[int], curve: Sequence[Mean], level: Mean) -> Worth:
    """The number of labelled sentences that a score is worth.

    Every draw of seeds and test sentences moves the curve and the level together, and gives a number; the interval is
    that of these numbers.

    Args:
        numbers: of labelled sentences, from the smallest up (N).
        curve: the scores of the model of these alone (N).
        level: the score of the transfer.
    """
    draws = draw_jointly([*curve, level])
    values = np.array([crossing(numbers, row[:-1].tolist(), float(row[-1])) for row in draws])
    low = float(np.quantile(values[1:], 0.025, method="lower"))
    high = float(np.quantile(values[1:], 0.975, method="higher"))
    seeds = min(mean.seeds for mean in (*curve, level))
    return Worth(float(values[0]), low, high, numbers[0], numbers[-1], seeds)
