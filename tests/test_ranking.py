import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from ctl.ranking import mean_scores, ndcg, rank_agreement, rank_scores, regret

SCORES = [70.0, 60.0, 50.0, 40.0]


def test_agreement_of_ranks_by_hand():
    """One pair of neighbours swapped in four: 1 - 6 * 2 / (4 * 15)."""
    assert rank_agreement([0.4, 0.3, 0.2, 0.1], SCORES) == pytest.approx(1)
    assert rank_agreement([0.3, 0.4, 0.2, 0.1], SCORES) == pytest.approx(0.8)
    assert rank_agreement([0.1, 0.2, 0.3, 0.4], SCORES) == pytest.approx(-1)
    assert rank_agreement([0.25] * 4, SCORES) is None and rank_agreement([0.4, 0.6], [5, 5]) is None


def test_discounted_gain_by_hand():
    """Gains 1023, 511, 255 at places 1, 2, 3, which are discounted by 1, log2 3 and 2."""
    best = 1023 + 511 / np.log2(3) + 255 / 2
    swapped = 511 + 1023 / np.log2(3) + 255 / 2
    assert ndcg([0.4, 0.3, 0.2, 0.1], SCORES) == pytest.approx(1)
    assert ndcg([0.3, 0.4, 0.2, 0.1], SCORES) == pytest.approx(swapped / best)
    assert ndcg([1, 2], [5, 9], first=1) == pytest.approx(1)
    equal = (1023 + 511 + 255 + 127) * (1 + 1 / np.log2(3) + 1 / 2) / 4
    assert ndcg([0.25] * 4, SCORES) == pytest.approx(equal / best)


def test_discounted_gain_as_scikit_learn_has_it():
    draw = np.random.default_rng(0)
    for _ in range(20):
        weights, order = draw.integers(0, 5, size=12).astype(float), draw.permutation(12)
        gains = 2.0 ** np.maximum(10 - order, 0) - 1
        expected = ndcg_score([gains], [weights], k=3)
        assert ndcg(weights, -order.astype(float)) == pytest.approx(expected)


def test_what_the_first_source_loses():
    assert regret([0.1, 0.5, 0.3, 0.1], SCORES) == 10
    assert regret([0.5, 0.1, 0.3, 0.1], SCORES) == 0
    assert regret([0.25] * 4, SCORES) == 70 - 55  # whichever is taken


def test_means_over_targets():
    first = rank_scores({"nl": 0.6, "en": 0.4}, {"en": 50, "nl": 60})
    flat = rank_scores({"nl": 0.5, "en": 0.5}, {"en": 50, "nl": 60})
    assert first["spearman"] == pytest.approx(1) and first["lost"] == 0 and flat["spearman"] is None
    means = mean_scores([first, flat])
    assert means["spearman"] == pytest.approx(1) and means["lost"] == 2.5
