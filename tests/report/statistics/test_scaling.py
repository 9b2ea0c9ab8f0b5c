import numpy as np
import pytest
from scipy.optimize import curve_fit

from ctl.report.statistics.scaling import fit_scaling, overtaking

SIZES = [1, 2, 3, 4, 6, 8, 12]
CURVE = 80 - 30 * np.array(SIZES) ** -0.7


def noisy(curve, scale=0.3, seed=0):
    samples = curve + np.random.default_rng(seed).normal(scale=scale, size=(2001, len(curve)))
    samples[0] = curve
    return samples


def test_a_scaling_curve_is_found_again():
    found = fit_scaling(SIZES, noisy(CURVE))
    assert (found.a.value, found.b.value, found.c.value) == pytest.approx((80, 30, 0.7), rel=1e-4)
    assert found.a.low < 80 < found.a.high < 83 and found.c.low < 0.7 < found.c.high
    assert found.levels_off
    np.testing.assert_allclose(found.at(SIZES), CURVE, rtol=1e-5)
    assert fit_scaling([1, 2, 3], noisy(CURVE[:3])) is None


def test_the_fit_is_scipy_s():
    scores = CURVE + np.array([0.4, -0.3, 0.2, -0.5, 0.1, 0.3, -0.2])
    found = fit_scaling(SIZES, noisy(scores, 0.5))
    known, _ = curve_fit(lambda n, a, b, c: a - b * n**-c, np.array(SIZES, float), scores, p0=(80, 30, 1))
    assert (found.a.value, found.b.value, found.c.value) == pytest.approx(known, rel=1e-3)


@pytest.mark.parametrize(
    "scores",
    [
        [50, 70, 65, 60, 50, 45, 40],  # a peak
        [60, 58, 55, 53, 50, 47, 44],  # it falls
        [40, 42, 44, 46, 50, 54, 62],  # a straight line
        [50, 60, 52, 63, 55, 64, 56],  # a saw, far outside of the noise
        [50, 50, 50, 50, 50, 50, 50],
    ],
)
def test_a_curve_that_does_not_look_like_one_is_not_read_beyond_the_data(scores):
    assert not fit_scaling(SIZES, noisy(np.array(scores, float))).levels_off


def test_the_end_stays_within_0_and_100():
    found = fit_scaling(SIZES, noisy(np.linspace(80, 99, 7), scale=3))
    assert 0 <= found.a.low <= found.a.high <= 100


def test_where_one_method_overtakes_another():
    gaps = np.tile([-2.0, 1.0, -1.0, 3.0], (2001, 1))  # ahead at 2, behind again at 3, ahead at 4
    assert overtaking([1, 2, 3, 4], gaps).at == 4 and overtaking([1, 2, 3, 4], gaps).certainty == 1
    assert overtaking([1, 2, 3, 4], -gaps).at is None
    gaps[1:501] -= 5  # a quarter of the draws denies it
    doubtful = overtaking([1, 2, 3, 4], gaps)
    assert doubtful.at is None and doubtful.certainty == pytest.approx(0.75)


def test_the_first_size_that_can_be_shown_is_told_not_the_first_that_was_seen():
    gaps = np.tile([1.0, 1.0, 1.0], (2001, 1))
    gaps[1:401, 0] = -1
    assert overtaking([1, 2, 3], gaps).at == 2
