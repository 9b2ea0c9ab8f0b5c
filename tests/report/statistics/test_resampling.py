import numpy as np
import pytest
from scipy import stats

from ctl.report.statistics.resampling import draw_weights, resampled_f1


def f1(counts):
    """Micro F1, 0..100, of entities (S, 3), as it was observed."""
    return resampled_f1(counts, np.ones((1, len(counts))))[0]


def counts(sentences, hit_rate, seed):
    """Sentences with two gold entities each, two found, a share of them right."""
    hits = np.random.default_rng(seed).binomial(2, hit_rate, size=sentences)
    return np.stack([hits, np.full(sentences, 2), np.full(sentences, 2)], axis=-1).astype(np.int32)


def test_f1_by_hand():
    assert f1(np.array([[1, 2, 1], [1, 1, 3]])) == pytest.approx(200 * 2 / (3 + 4))
    assert f1(np.array([[0, 0, 0]])) == 0


def test_every_draw_is_of_so_many_sentences_and_row_0_is_what_was_observed():
    weights = draw_weights(30, resamples=50)
    assert weights.shape == (51, 30) and (weights[0] == 1).all() and (weights.sum(-1) == 30).all()
    assert draw_weights(30, resamples=50) is weights  # alike for all that was scored on these sentences
    found = counts(30, 0.5, 0)
    assert resampled_f1(found, weights)[0] == pytest.approx(float(f1(found)))
    drawn = np.repeat(found, weights[7].astype(int), axis=0)
    assert resampled_f1(found, weights)[7] == pytest.approx(float(f1(drawn)))


def test_the_spread_agrees_with_scipy():
    found = counts(400, 0.7, 5)
    known = stats.bootstrap(
        (np.arange(400),),
        lambda rows, axis: np.apply_along_axis(lambda drawn: f1(found[drawn]), axis, rows),
        n_resamples=1000,
        method="percentile",
        rng=0,
    )
    assert resampled_f1(found)[1:].std() == pytest.approx(known.standard_error, rel=0.1)


def test_the_spread_is_that_of_the_normal_approximation():
    """For per-sentence differences d of equal size, the standard error of their mean is sd(d) / sqrt(S)."""
    ours, theirs = counts(1000, 0.8, 3), counts(1000, 0.6, 4)
    d = 100 * (ours[:, 0] - theirs[:, 0]) / 2
    gaps = resampled_f1(ours) - resampled_f1(theirs)
    assert gaps[1:].std() == pytest.approx(d.std() / np.sqrt(1000), rel=0.05)
