"""The number of labelled sentences that a score is worth, beside what a pencil gives."""

import math

import numpy as np
import pytest

from ctl.report.statistics.means import Cell, Mean
from ctl.report.statistics.worth import Worth, crossing, worth


@pytest.mark.parametrize(("level", "number"), [
    (60.0, math.sqrt(50 * 100)), (55.0, 50.0), (40.0, 10.0), (20.0, 10.0), (76.0, math.inf),
])  # fmt: skip
def test_the_first_crossing_on_the_logarithm(level, number):
    assert crossing([10, 50, 100, 500], [40, 55, 65, 75], level) == pytest.approx(number)


def test_a_curve_that_falls_again_counts_where_it_first_was_there():
    assert crossing([10, 100, 1000], [0, 80, 10], 40) == pytest.approx(math.sqrt(10 * 100))


def mean(values, noise, seed):
    """The mean over seeds, whose draws of sentences are noisy."""
    rng = np.random.default_rng(seed)
    cells = {Cell("t", ("s",), number): np.array([f1, *(f1 + noise * rng.normal(size=200))])
             for number, f1 in enumerate(values)}  # fmt: skip
    return Mean.of(cells)


def test_seeds_that_differ_widen_the_interval():
    level, numbers = mean([60, 60, 60], 0.1, 0), [10, 50, 100]
    close = worth(numbers, [mean([40, 40, 40], 0.1, 1), mean([55, 55, 55], 0.1, 2), mean([65, 65, 65], 0.1, 3)], level)
    wide = worth(numbers, [mean([38, 40, 42], 0.1, 1), mean([50, 55, 60], 0.1, 2), mean([62, 65, 68], 0.1, 3)], level)
    assert close.value == wide.value == pytest.approx(math.sqrt(50 * 100))
    assert 50 < close.low < close.value < close.high < 100 and close.seeds == 3
    assert wide.low < close.low and close.high < wide.high


def test_what_lies_outside_of_what_was_tried_is_a_bound():
    assert str(Worth(70.7, 10.0, math.inf, 10, 500, 3)) == "71 [at most 10, more than 500]"
    assert str(Worth(math.inf, math.inf, math.inf, 10, 500, 1)) == "more than 500"
