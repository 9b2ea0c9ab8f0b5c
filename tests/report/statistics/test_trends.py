import itertools
import math

import numpy as np
import pytest
from scipy import stats

from ctl.report.statistics.trends import spearman, trend


def test_a_trend_by_hand():
    found = trend([1, 2, 3, 4], [8.0, 6.5, 4.0, 1.5])
    assert found.slope.value == pytest.approx(-2.2) and found.intercept == pytest.approx(10.5)
    assert found.rank == -1 and found.slope.low < -2.2 < found.slope.high
    assert trend([1, 1, 2], [1, 2, 3]) is None and trend([1, 2, 3], [5, 5, 5]) is None


@pytest.mark.parametrize("count", [3, 4, 6])
def test_a_perfect_order_of_few_points_is_as_rare_as_it_is(count):
    """Two of all orders are perfect: one rises and one falls."""
    rank, p = spearman(list(range(count)), list(range(count)))
    assert rank == pytest.approx(1) and p == pytest.approx(2 / math.factorial(count))


def test_with_ties_it_is_the_share_of_all_orders_that_are_as_strong():
    x, y = [1, 2, 2, 3, 5], [2, 1, 4, 4, 3]
    observed = stats.spearmanr(x, y).statistic
    every = [stats.spearmanr(x, order).statistic for order in itertools.permutations(y)]
    rank, p = spearman(x, y)
    assert rank == pytest.approx(observed) and p == np.mean(np.abs(every) >= abs(observed) - 1e-9)


def test_many_points_are_scipy_s():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=30), rng.normal(size=30)
    known = stats.spearmanr(x, y)
    assert spearman(list(x), list(y)) == (pytest.approx(known.statistic), pytest.approx(known.pvalue))
