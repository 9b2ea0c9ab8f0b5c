import numpy as np
import pytest

from ctl.statistics import f1, paired_bootstrap


def counts(sentences, hit_rate, seed):
    """Sentences with two gold entities each, two found, a share of them right."""
    hits = np.random.default_rng(seed).binomial(2, hit_rate, size=sentences)
    return np.stack([hits, np.full(sentences, 2), np.full(sentences, 2)], axis=-1).astype(np.int32)


def test_f1_by_hand():
    assert f1(np.array([[1, 2, 1], [1, 1, 3]])) == pytest.approx(200 * 2 / (3 + 4))
    assert f1(np.array([[0, 0, 0]])) == 0


def test_a_clear_difference_is_found_and_a_small_one_is_not():
    good, bad, equal = counts(500, 0.8, 0), counts(500, 0.6, 1), counts(500, 0.8, 2)
    clear = paired_bootstrap(good, bad)
    assert clear.low > 10 and clear.low < clear.points < clear.high and clear.p < 0.01
    assert paired_bootstrap(bad, good).points == pytest.approx(-clear.points)
    assert paired_bootstrap(good, equal).p > 0.05
    assert paired_bootstrap(good, good).p == 1


def test_the_interval_is_that_of_the_normal_approximation():
    """For per-sentence differences d of equal size, the standard error of their mean is sd(d) / sqrt(S)."""
    ours, theirs = counts(1000, 0.8, 3), counts(1000, 0.6, 4)
    d = 100 * (ours[:, 0] - theirs[:, 0]) / 2
    found = paired_bootstrap(ours, theirs)
    assert found.high - found.low == pytest.approx(2 * 1.96 * d.std() / np.sqrt(1000), rel=0.1)
