import math

import pytest
from scipy import stats

from ctl.report.statistics.estimates import Estimate, Part, holm


def test_half_widths_are_added_in_squares():
    estimate = Estimate(0.0, (Part(4.0, math.inf), Part(9.0, 2.0)), cells=3, seeds=3)
    t = stats.t.isf(0.025, 2)
    assert estimate.high == pytest.approx(math.sqrt(1.96**2 * 4 + t**2 * 9), rel=1e-4)


def test_the_interval_ends_at_zero_where_p_is_the_level():
    parts = (Part(1.0, math.inf), Part(2.0, 2.0))
    half = Estimate(0.0, parts, 3, 3).high
    assert Estimate(half, parts, 3, 3).p == pytest.approx(0.05, rel=1e-6)
    assert Estimate(0.0, parts, 3, 3).p == 1


def test_a_large_difference_has_a_p_value_as_small_as_it_is():
    """With resamples alone none is below 2 / 2001, which eighty tests together take above 0.05."""
    assert Estimate(30.0, (Part(2.0, math.inf),), 3, 3).p < 1e-50
    assert Estimate(0.5, (Part(0.0, math.inf),), 3, 3).p == 0


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
