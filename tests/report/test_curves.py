import numpy as np
import pytest

from ctl.report.curves import Curve
from ctl.report.statistics.means import Cell


def scores(table):
    """F1 by (target, size, seed), without any chance from sentences."""
    return {
        Cell(target, tuple("abcdefgh"[:size]), seed): np.full(2001, float(value))
        for (target, size, seed), value in table.items()
    }


def test_every_point_rests_on_the_same_targets_and_seeds():
    full = {(target, size, seed): {"hard": 40, "easy": 80}[target] for target in ("hard", "easy")
            for size in (1, 2, 4) for seed in (0, 1)}  # fmt: skip
    assert [mean.samples[0] for mean in Curve.of(scores(full)).means] == [60, 60, 60]
    partial = {place: value for place, value in full.items() if place not in {("hard", 4, 0), ("hard", 4, 1)}}
    curve = Curve.of(scores(partial))
    assert [mean.samples[0] for mean in curve.means] == [80, 80, 80] and curve.gain(0, 2).value == 0
    assert {cell.target for cells in curve.cells for cell in cells} == {"easy"}


def test_a_size_that_shares_nothing_is_left_out():
    curve = Curve.of(scores({("t", 1, 0): 50, ("t", 2, 0): 60, ("t", 2, 1): 62, ("t", 1, 1): 52, ("t", 4, 2): 90}))
    assert curve.sizes == [1, 2] and curve.gain(0, 1).value == 10
    assert Curve.of({}) is None


def test_a_gain_pays_for_what_seeds_do_to_it_alone():
    """Seeds move all sizes by ten points alike, and the gain by nothing."""
    table = {("t", size, seed): 50 + 10 * seed + 5 * (size > 1) for size in (1, 2) for seed in range(3)}
    curve = Curve.of(scores(table))
    assert curve.at(1).high - curve.at(1).low > 40
    assert (curve.gain(0, 1).low, curve.gain(0, 1).high) == (pytest.approx(5), pytest.approx(5))
    assert np.ptp(curve.samples[:, 1] - curve.samples[:, 0]) == pytest.approx(0)


def test_the_difference_of_two_curves():
    ours = Curve.of(scores({("t", size, seed): 60 + size + seed for size in (1, 2) for seed in range(3)}))
    theirs = Curve.of(scores({("t", size, seed): 50 + seed for size in (1, 2) for seed in range(3)}))
    assert [mean.estimate.value for mean in (ours - theirs).means] == [11, 12]
    assert (ours - theirs).at(0).low == pytest.approx(11)


def test_a_seed_that_lacks_one_of_a_size_s_sets_is_left_out():
    """Good sets score 80, bad ones 20; seed 1 lacks the good one of two sources, which is no loss of F1."""
    full = {
        Cell("t", sources, seed): np.full(2001, 80.0 if sources[0] == "good" else 20.0)
        for sources in (("good",), ("bad",), ("good", "other"), ("bad", "other"))
        for seed in (0, 1, 2)
    }
    del full[Cell("t", ("good", "other"), 1)]
    curve = Curve.of(full, drawn=True)
    assert [mean.samples[0] for mean in curve.means] == [50, 50]
    assert {cell.seed for cells in curve.cells for cell in cells} == {0, 2}
