import math

import numpy as np
import pytest
from scipy import stats

from ctl.report.statistics.means import Cell, Mean, common, draw_jointly

RNG = np.random.default_rng(0)


def scores(by_seed, noise=0.0, target="t", sources=("a",)):
    """Scores of one value a seed, with sentences that move all seeds alike."""
    sentences = np.concatenate([[0.0], RNG.normal(scale=noise, size=2000)]) if noise else np.zeros(2001)
    return {Cell(target, sources, seed): value + sentences for seed, value in enumerate(by_seed)}


def test_seeds_alone_give_students_t():
    found = Mean.of(scores([60.0, 70.0, 80.0])).estimate
    known = stats.t.interval(0.95, 2, loc=70, scale=10 / math.sqrt(3))
    assert found.value == 70 and (found.low, min(found.high, 100)) == pytest.approx((known[0], min(known[1], 100)))
    assert (found.cells, found.seeds) == (3, 3)


def test_the_p_value_of_a_difference_is_that_of_the_paired_t_test():
    ours, theirs = [61.0, 63.5, 60.0, 64.0], [58.0, 61.0, 59.5, 60.0]
    found = (Mean.of(scores(ours)) - Mean.of(scores(theirs))).estimate
    assert found.p == pytest.approx(stats.ttest_rel(ours, theirs).pvalue, rel=1e-6)
    assert found.value == pytest.approx(2.5)


def test_sentences_alone_give_the_normal_interval():
    found = Mean.of(scores([70.0, 70.0, 70.0], noise=2.0)).estimate
    assert found.high - found.low == pytest.approx(2 * 1.96 * 2, rel=0.05)
    assert Mean.of(scores([70.0], noise=2.0)).estimate.high == pytest.approx(found.high, abs=0.3)  # one seed: no more


def test_no_score_is_below_0_or_above_100():
    assert Mean.of(scores([0.0, 1.0])).estimate.low == 0 and Mean.of(scores([99.0, 100.0])).estimate.high == 100
    assert (Mean.of(scores([0.0, 1.0])) - Mean.of(scores([1.0, 0.0]))).estimate.low < 0


def test_targets_count_alike_and_share_their_seeds():
    found = Mean.of({**scores([40.0, 42.0], target="hard"), **scores([80.0, 82.0, 84.0], target="easy")}).estimate
    assert found.value == pytest.approx((41 + 82) / 2) and (found.cells, found.seeds) == (5, 2)
    both = Mean.of({**scores([40.0, 42.0, 44.0], target="hard"), **scores([80.0, 82.0, 84.0], target="easy")}).estimate
    known = stats.t.interval(0.95, 2, loc=62, scale=2 / math.sqrt(3))
    assert (both.low, both.high) == pytest.approx(known)  # a seed that is good for one target is good for both


def test_sets_widen_the_interval_where_they_were_drawn():
    both = {**scores([75.0, 75.0], sources=("a", "b")), **scores([55.0, 55.0], sources=("c", "d"))}
    drawn, fixed = Mean.of(both, drawn=True).estimate, Mean.of(both).estimate
    assert (fixed.low, fixed.high) == (65, 65)
    known = stats.t.interval(0.95, 1, loc=65, scale=10)
    assert (drawn.low, drawn.high) == (pytest.approx(max(known[0], 0)), pytest.approx(min(known[1], 100)))


def test_a_difference_of_the_same_sets_does_not_pay_for_their_spread():
    ours = {**scores([75.0, 75.0], sources=("a", "b")), **scores([55.0, 55.0], sources=("c", "d"))}
    theirs = {cell: samples - 3 for cell, samples in ours.items()}
    found = (Mean.of(ours, drawn=True) - Mean.of(theirs, drawn=True)).estimate
    assert (found.low, found.high) == (pytest.approx(3), pytest.approx(3))


def test_cells_that_both_have():
    ours, theirs = common(scores([1.0, 2.0, 3.0]), scores([1.0, 2.0]))
    assert list(ours) == list(theirs) == [Cell("t", ("a",), 0), Cell("t", ("a",), 1)]


def test_joint_draws_spread_as_the_intervals_say_and_keep_what_is_shared():
    first = Mean.of(scores([60.0, 62.0, 64.0, 61.0, 63.0], noise=1.0))
    second = Mean.of({cell: samples + 5 for cell, samples in scores([60.0, 62.0, 64.0, 61.0, 63.0]).items()})
    draws = draw_jointly([first, second])
    assert draws[0] == pytest.approx([62, 67])
    low, high = np.percentile(draws[1:, 1], [2.5, 97.5])
    known = second.estimate
    assert (low, high) == (pytest.approx(known.low, abs=0.4), pytest.approx(known.high, abs=0.4))
    assert np.std(draws[1:, 1] - draws[1:, 0]) < 1.1  # the seeds move both alike; one row's sentences are left


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("spread", [0.0, 1.0, 3.0, 5.0])
def test_intervals_cover(seeds, spread):
    """Scores with an error of 1 from the sentences and of ``spread`` from each seed; the truth is 50."""
    rng = np.random.default_rng([seeds, int(spread)])
    draws = np.concatenate([[0.0], stats.norm.ppf((np.arange(400) + 0.5) / 400)])
    covered = []
    for _ in range(600):
        shared, own, seed = rng.normal(), rng.normal(size=seeds), rng.normal(size=seeds) * spread
        by_seed = 50 + (shared + own) / math.sqrt(2) + seed
        error = math.sqrt((1 + 1 / seeds) / 2)  # of the mean, from sentences
        mean = Mean.of({Cell("t", ("a",), k): value + error * draws for k, value in enumerate(by_seed)}).estimate
        covered.append(mean.low <= 50 <= mean.high)
    assert np.mean(covered) >= 0.93


# Targets that do not have the same seeds


def test_seeds_that_no_target_has_twice_are_no_seeds():
    """The spread of seeds is not known where every target has one, even if these are different seeds."""
    found = Mean.of({Cell("hard", ("a",), 0): np.full(2001, 40.0), Cell("easy", ("a",), 1): np.full(2001, 80.0)})
    assert found.estimate.value == 60 and found.estimate.seeds == 1
    assert Mean.of({**scores([40.0], target="hard"), **scores([80.0, 82.0], target="easy")}).estimate.seeds == 1


def test_the_variance_of_targets_with_different_numbers_of_seeds_by_hand():
    """Hard: seeds 0, 1 move by -2, 2 of two, so -1, 1 of the mean; easy: -1, 0, 1 of three; half of each counts."""
    found = Mean.of({**scores([40.0, 44.0], target="hard"), **scores([79.0, 80.0, 81.0], target="easy")}).estimate
    hard, easy = math.sqrt(2 / 1) * 1.0, math.sqrt(3 / 2) / 3
    (_, seeds) = found.parts
    assert seeds.variance == pytest.approx(((hard + easy) ** 2 + hard**2 + easy**2) / 4)
    assert seeds.freedom == 1.5 and found.seeds == 2


@pytest.mark.parametrize("numbers", [(3, 2), (3, 3, 3, 2), (5, 2)])
def test_intervals_cover_where_cells_are_missing(numbers):
    """Seeds that move all targets alike, and each of them on its own, as much; the truth is 50."""
    rng = np.random.default_rng(numbers)
    covered = []
    for _ in range(1500):
        shared = rng.normal(size=max(numbers))
        cells = {
            Cell(str(target), ("a",), int(seed)): np.full(3, 50 + shared[seed] + rng.normal())
            for target, number in enumerate(numbers)
            for seed in rng.permutation(max(numbers))[:number]
        }
        mean = Mean.of(cells).estimate
        covered.append(mean.low <= 50 <= mean.high)
    assert np.mean(covered) >= 0.93
