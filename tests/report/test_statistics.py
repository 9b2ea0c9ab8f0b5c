import numpy as np
import pytest
from scipy import stats

from ctl.report.statistics import (
    Interval,
    difference,
    draw_weights,
    fit_scaling,
    holm,
    interval,
    over_seeds,
    overtaking,
    resampled_f1,
    trend,
)


def counts(sentences, hit_rate, seed):
    """Sentences with two gold entities each, two found, a share of them right."""
    hits = np.random.default_rng(seed).binomial(2, hit_rate, size=sentences)
    return np.stack([hits, np.full(sentences, 2), np.full(sentences, 2)], axis=-1).astype(np.int32)


def compare(ours, theirs):
    """By the same draws of sentences."""
    return difference(*(resampled_f1(found, draw_weights(len(found))) for found in (ours, theirs)))


def f1(counts):
    """Micro F1, 0..100, of entities (S, 3)."""
    return resampled_f1(counts, np.ones((1, len(counts))))[0]


def test_f1_by_hand():
    assert f1(np.array([[1, 2, 1], [1, 1, 3]])) == pytest.approx(200 * 2 / (3 + 4))
    assert f1(np.array([[0, 0, 0]])) == 0


def test_a_clear_difference_is_found_and_a_small_one_is_not():
    good, bad, equal = counts(500, 0.8, 0), counts(500, 0.6, 1), counts(500, 0.8, 2)
    clear = compare(good, bad)
    assert clear.low > 10 and clear.low < clear.points < clear.high and clear.p < 0.01
    assert compare(bad, good).points == pytest.approx(-clear.points)
    assert compare(good, equal).p > 0.05
    assert compare(good, good).p == 1


def test_the_interval_is_that_of_the_normal_approximation():
    """For per-sentence differences d of equal size, the standard error of their mean is sd(d) / sqrt(S)."""
    ours, theirs = counts(1000, 0.8, 3), counts(1000, 0.6, 4)
    d = 100 * (ours[:, 0] - theirs[:, 0]) / 2
    found = compare(ours, theirs)
    assert found.high - found.low == pytest.approx(2 * 1.96 * d.std() / np.sqrt(1000), rel=0.1)


def test_row_0_is_what_was_observed_and_the_rest_agrees_with_scipy():
    found = counts(400, 0.7, 5)
    samples = resampled_f1(found, draw_weights(400))
    assert samples[0] == pytest.approx(float(f1(found)))
    known = stats.bootstrap(
        (np.arange(400),),
        lambda drawn, axis: np.apply_along_axis(lambda rows: f1(found[rows]), axis, drawn),
        n_resamples=2000,
        method="percentile",
        rng=0,
    ).confidence_interval
    ours = interval(samples)
    assert (ours.low, ours.high) == (pytest.approx(known.low, abs=0.5), pytest.approx(known.high, abs=0.5))


def test_seeds_widen_the_interval():
    """Three equal seeds add nothing; seeds that lie apart by far more than sentences do set its width."""
    flat = [np.full(501, 70.0)] * 3
    apart = [np.full(501, value) for value in (60.0, 70.0, 80.0)]
    seeds = draw_weights(3, 500)
    assert interval(over_seeds(flat, seeds)) == Interval(70.0, 70.0, 70.0)
    found = interval(over_seeds(apart, seeds))
    assert found.value == pytest.approx(70) and found.low == pytest.approx(60) and found.high == pytest.approx(80)


def test_a_difference_that_all_draws_share_is_certain():
    rng = np.random.default_rng(0)
    theirs = 60 + rng.normal(size=1001)
    found = difference(theirs + 0.5, theirs)
    assert found.points == pytest.approx(0.5) and found.p == pytest.approx(2 / 1001)
    assert difference(theirs, theirs[::-1].copy()).p > 0.05


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_a_scaling_curve_is_found_again():
    sizes = [1, 2, 3, 4, 6, 8, 12]
    curve = 80 - 30 * np.array(sizes) ** -0.7
    rng = np.random.default_rng(0)
    scores = curve + rng.normal(scale=0.3, size=(201, len(sizes)))
    scores[0] = curve
    found = fit_scaling(sizes, scores)
    assert (found.a.value, found.b.value, found.c.value) == pytest.approx((80, 30, 0.7), rel=1e-3)
    assert found.a.low < 80 < found.a.high < 83 and found.c.low < 0.7 < found.c.high
    np.testing.assert_allclose(found.at(sizes), curve, rtol=1e-4)
    assert fit_scaling([1, 2, 3], scores[:, :3]) is None


def test_where_one_method_overtakes_another():
    theirs = np.tile([50.0, 55.0, 58.0, 60.0], (101, 1))
    ours = theirs + np.array([-2.0, 1.0, -1.0, 3.0])  # ahead at 2, behind again at 3, ahead at 4
    ours[1:26] -= 5
    found = overtaking([1, 2, 3, 4], ours, theirs)
    assert found.at == 4 and found.certainty == pytest.approx(0.75)
    assert overtaking([1, 2, 3, 4], theirs, ours).at is None


def test_a_trend_by_hand():
    found = trend([1, 2, 3, 4], [8.0, 6.5, 4.0, 1.5])
    assert found.slope.value == pytest.approx(-2.2) and found.intercept == pytest.approx(10.5)
    assert found.rank == -1 and found.slope.low < -2.2 < found.slope.high
    assert trend([1, 1, 2], [1, 2, 3]) is None
