"""Sentences that are true: made-up results that once made the report say what was not so."""

import json
import re

import numpy as np
import pytest
from made_up_study import write_grid

from ctl.report.conclusions import Contest, PairTest, compare, pairs_of, sentences
from ctl.report.contenders import Contender
from ctl.report.findings import Findings
from ctl.report.statistics.estimates import Estimate, Part

METHODS = ["direct", "pooled", "ensemble:uniform", "student:learned"]


def contender(name):
    pick, _, method = name.rpartition(" ")
    return Contender(Contender.of(method).method, pick)


def study(root, f1, methods=METHODS, **grid):
    """Findings of a made-up grid, where a score is moved a little by its seed."""
    design = write_grid(root, f1, methods, **grid)
    return Findings(root, design)


def said(findings):
    return sentences(findings, compare(findings))


def moved(seed, name=""):
    """The same small effect of a seed on all methods, and a smaller one on each."""
    return (-0.6, 0.1, 0.5)[seed % 3] + 0.1 * np.sin(len(name) + seed)


def level(name, n, target, seed, number):
    """All methods are equally good, whatever the number of sources."""
    return 60 + moved(seed, name)


# What was made is said


def test_what_was_made_different_is_told(made_up):
    findings = Findings(made_up, json.loads((made_up / "study.json").read_text()))
    tests = {(str(test.ours), str(test.theirs)): test for test in compare(findings)}
    assert tests["ensemble:learned", "ensemble:uniform"].estimate.value == pytest.approx(5, abs=1.5)
    assert tests["pooled", "best direct"].p < 0.05
    assert tests["student:learned", "ensemble:learned"].p > 0.05
    rise, winner, parts = said(findings)
    assert rise.startswith("On t, tt (3 seeds), pooled scores 8") and "over best direct" in winner
    assert re.search(r"student:learned [-+][\d.]+ \[.*\] \(not shown, p = [\d.]+\) against ensemble:learned", parts)


def test_a_winner_that_is_clear_is_called_one(tmp_path):
    def f1(name, n, target, seed, number):
        return 50 + 20 * (name == "student:learned") + 5 * (name == "pooled") + moved(seed, name)

    rise, winner, _ = said(study(tmp_path, f1))
    assert "student:learned is ahead of all others: +14.9" in winner and "over pooled, which comes next" in winner
    assert "ahead of pooled from 1 source on, in 100% of the draws" in winner
    assert "(not shown" in rise  # nothing depends on the number of sources


# Like with like (a grid of which a part is missing)


def test_a_hard_target_that_is_missing_with_most_sources_makes_no_gain(tmp_path):
    def f1(name, n, target, seed, number):
        return {"hard": 40, "easy": 80}[target] + moved(seed, name)

    missing = [("hard", 6, seed) for seed in range(3)]
    findings = study(tmp_path, f1, targets=("hard", "easy"), missing=missing)
    rise = said(findings)[0]
    assert rise.startswith("On easy (3 seeds)") and "(3 of 6 cells" in rise and "(not shown" in rise
    for curve in findings.curves.values():
        assert [len(cells) for cells in curve.cells] == [3] * 4
        assert abs(curve.gain(0, 3).value) < 1


def test_a_bad_seed_that_is_missing_with_most_sources_makes_no_gain(tmp_path):
    def f1(name, n, target, seed, number):
        return 30 if seed == 2 else 70 + moved(seed, name)

    findings = study(tmp_path, f1, missing=[("t", 6, 2)])
    gain = re.search(r", ([-+][\d.]+) \[", said(findings)[0])
    assert abs(float(gain[1])) < 1 and "(2 of 3 cells" in said(findings)[0]
    assert said(findings)[1].startswith("With 6 sources (2 of 3 cells) ")


def test_a_method_that_lacks_the_hard_target_does_not_win(tmp_path):
    def f1(name, n, target, seed, number):
        if (name, n, target) == ("student:learned", 6, "hard"):
            return None
        return {"hard": 40, "easy": 80}[target] + moved(seed, name)

    findings = study(tmp_path, f1, targets=("hard", "easy"))
    tests = {(str(test.ours), str(test.theirs)): test for test in compare(findings)}
    assert abs(tests["student:learned", "pooled"].estimate.value) < 1
    assert tests["student:learned", "pooled"].estimate.cells == 3
    text = " ".join(said(findings))
    assert "student:learned (3 of 6)" in text and "student:learned has the highest" not in text


def test_a_method_of_one_seed_is_compared_over_that_seed_and_not_called_better(tmp_path):
    def f1(name, n, target, seed, number):
        if name == "student:learned":
            return 70 if seed == 0 else None
        return (70, 60, 50)[seed] + 0.1 * len(name)

    findings = study(tmp_path, f1)
    (test,) = [
        test for test in compare(findings) if str(test.ours) == "student:learned" and str(test.theirs) == "pooled"
    ]
    assert abs(test.estimate.value) < 1 and (test.estimate.cells, test.estimate.seeds) == (1, 1)
    assert str(test).endswith("(one seed)")
    assert "student:learned (1 of 3)" in " ".join(said(findings))


@pytest.mark.parametrize("keys", [True, False])
def test_cells_of_other_settings_count_as_missing_and_are_named(tmp_path, keys):
    design = write_grid(tmp_path, level, METHODS, keys=keys)
    stale = tmp_path / design["cells"][0]["folder"] / "cell.json"
    record = json.loads(stale.read_text())
    if keys:
        record["key"] = "of another learning rate"
    else:  # the design of an early version has none: its methods alone tell
        del record["methods"]["student:learned"]
    stale.write_text(json.dumps(record))
    findings = Findings(tmp_path, design)
    assert findings.missing == ["a0 -> t, seed 0 (there are results of other settings)"]
    assert all(score.cell.seed or len(score.cell.sources) > 1 for score in findings.scores)


# Curves only where they fit


@pytest.mark.parametrize(
    "scores",
    [
        {1: 50, 2: 70, 3: 65, 4: 60, 6: 50},  # a peak
        {1: 60, 2: 61, 3: 57, 4: 53, 6: 49},  # it falls
        {1: 42, 2: 45, 3: 48, 4: 51, 6: 56},  # a straight line
        {1: 0, 2: 0, 3: 0, 4: 0, 6: 0},
    ],
)
def test_no_end_is_told_of_a_curve_that_does_not_level_off(tmp_path, scores):
    findings = study(tmp_path, lambda name, n, target, seed, number: scores[n], sizes=tuple(scores))
    rise = said(findings)[0]
    assert "no curve that levels off fits" in rise and "ends at" not in rise


def test_the_end_of_a_curve_that_levels_off_is_told(tmp_path):
    def f1(name, n, target, seed, number):
        return 70 - 30 / n + moved(seed, name)

    rise = said(study(tmp_path, f1, sizes=(1, 2, 3, 4, 6, 8)))[0]
    end = re.search(r"F1\(n\) = [\d.]+ - [\d.]+ n\^-[\d.]+ ends at ([\d.]+) \[([\d.]+), ([\d.]+)\]", rise)
    assert float(end[2]) < float(end[1]) < float(end[3]) and float(end[1]) == pytest.approx(70, abs=1.5)


# Any number of tests


def test_thirty_points_are_shown_among_eighty_tests(tmp_path):
    options = ["hard", "kl", "ce", "filter", "entropy", "unanimous", "replace", "calibrated", "knn", "advpicker"]
    methods = ["direct", "pooled", "ensemble:uniform", "ensemble:learned", "student:uniform", "student:learned"]
    methods += [f"student:{weights}+{option}" for option in options for weights in ("uniform", "learned")]

    def f1(name, n, target, seed, number):
        return (50 if name.startswith("direct") else 80) + moved(seed, name)

    tests = compare(study(tmp_path, f1, methods, sizes=(6,)))
    ahead = [test for test in tests if str(test.theirs) == "best direct"]
    assert len(tests) > 80 and len(ahead) == 25
    assert all(test.p < 0.05 and "not shown" not in str(test) for test in ahead)
    others = [test for test in tests if test.ours.mixes and test.theirs.mixes]
    assert others and all(test.p > 0.05 for test in others)


# The winner, and whom it is ahead of


def test_the_best_direct_teacher_may_come_next_or_first(tmp_path):
    def next_best(name, n, target, seed, number):
        return {"student:learned": 60, "direct:s1": 59}.get(name, 40) + moved(seed, name)

    winner = said(study(tmp_path / "next", next_best))[1]
    assert "not shown to be ahead of all others: +1.1 [" in winner and "over best direct, which comes next" in winner

    def first(name, n, target, seed, number):
        return {"student:learned": 60, "direct:s1": 70}.get(name, 40) + moved(seed, name)

    winner = said(study(tmp_path / "first", first))[1]
    assert "best direct, which the target's gold alone can choose, scores highest" in winner
    assert "student:learned has the highest F1 of 3 methods, -9.9 [" in winner and "is the best" not in winner


@pytest.mark.parametrize("percent", [0, 60])
def test_nobody_wins_a_tie(tmp_path, percent):
    findings = study(tmp_path, lambda name, n, target, seed, number: percent)
    contest = Contest.of(findings)
    assert not contest.is_shown
    winner = said(findings)[1]
    assert "is that of pooled, level with" in winner and "student:learned" in winner
    assert "ahead of" not in winner


def test_where_all_are_alike_nothing_is_claimed(tmp_path):
    text = " ".join(said(study(tmp_path, level)))
    differences, doubted = re.findall(r" [-+][\d.]+ \[", text), re.findall(r"\(not shown, p = [\d.]+\)", text)
    assert len(differences) == len(doubted) == 3
    assert "is ahead of" not in text and " on, in " not in text and "is best with" not in text


def test_overtaking_that_most_draws_deny_is_not_claimed(tmp_path):
    def f1(name, n, target, seed, number):
        bonus = {"student:learned": (0.4, -0.9, 1.1)[seed] if n > 2 else -1}.get(name, 0)
        return 60 + bonus + moved(seed, name) - 15 * name.startswith(("direct", "ensemble"))

    winner = said(study(tmp_path, f1))[1]
    assert "ahead of pooled from" not in winner and "not shown to be ahead" in winner


def test_a_method_without_the_largest_sets_is_named_and_not_compared(tmp_path):
    def f1(name, n, target, seed, number):
        if name == "student:learned" and n == 6:
            return None
        return 60 + 20 * (name == "student:learned") + moved(seed, name)

    findings = study(tmp_path, f1)
    text = " ".join(said(findings))
    assert "student:learned (0 of 3)" in text and "student:learned has" not in text
    assert not [test for test in compare(findings) if str(test.ours) == "student:learned"]


def test_one_seed_is_said_and_nothing_is_shown(tmp_path):
    def f1(name, n, target, seed, number):
        return 60 + 20 * (name == "student:learned")

    findings = study(tmp_path, f1, seeds=(0,))
    text = said(findings)
    assert text[0].startswith("There is one seed") and "+20.0" in text[2] and "(one seed)" in text[2]
    assert "is ahead of" not in " ".join(text)


def test_results_of_direct_transfer_alone_are_not_compared(tmp_path):
    assert len(said(study(tmp_path, level, ["direct"]))) == 1


# Pairs


def test_methods_are_compared_with_what_lacks_one_part_of_them():
    rivals = [
        "best direct", "best llm-direct", "pooled", "llm-pooled", "ensemble:learned", "student:uniform",
        "student:uniform+filter", "student:learned", "student:learned+filter", "llm-student:learned",
        "mixed-student:learned",
    ]  # fmt: skip
    pairs = [(str(ours), str(theirs)) for ours, theirs in pairs_of([contender(name) for name in rivals])]
    partners = {name: [theirs for ours, theirs in pairs if ours == name] for name in rivals}
    assert not partners["best direct"] and not partners["best llm-direct"]
    assert partners["pooled"] == ["best direct"] and partners["llm-pooled"] == ["pooled", "best llm-direct"]
    assert partners["student:learned+filter"] == [
        "student:uniform+filter", "ensemble:learned", "student:learned", "pooled", "best direct",
    ]  # fmt: skip
    assert partners["mixed-student:learned"] == [
        "student:learned", "llm-student:learned", "llm-pooled", "best llm-direct",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "theirs", "rivals"),
    [
        ("student:learned", "pooled", True),
        ("llm-pooled", "best llm-direct", True),
        ("llm-pooled", "pooled", False),
        ("pooled+adapted", "pooled", False),
        ("mixed-student:learned+hard", "mixed-ensemble:learned", False),
    ],
)
def test_a_rival_mixes_no_teachers_and_differs_in_more_than_one_part(ours, theirs, rivals):
    estimate = Estimate(0.0, (Part(1.0, 2.0),), cells=3, seeds=3)
    assert PairTest(contender(ours), contender(theirs), estimate, 1).of_rivals == rivals


# Cells that not all have


def test_targets_of_one_seed_each_show_nothing(tmp_path):
    """Two seeds in all, but no target has two of them: nothing is known of how far seeds move a score."""

    def f1(name, n, target, seed, number):
        return 50 + 20 * (name == "student:learned") + moved(seed, name)

    missing = [("hard", n, 1) for n in (1, 2, 4, 6)] + [("easy", n, 0) for n in (1, 2, 4, 6)]
    findings = study(tmp_path, f1, targets=("hard", "easy"), seeds=(0, 1), missing=missing)
    text = " ".join(said(findings))
    assert "is ahead of" not in text and " on, in " not in text and "(one seed)" in text
    assert text.startswith("There is one seed")


def test_methods_that_each_lack_another_cell_are_still_compared(tmp_path):
    """Direct transfer has all cells; it alone having them does not make the others no results."""

    def f1(name, n, target, seed, number):
        lacking = {"pooled": 0, "ensemble:uniform": 1, "student:learned": 2}
        return None if n == 6 and lacking.get(name) == seed else 60 + 20 * (name == "pooled") + moved(seed, name)

    findings = study(tmp_path, f1)
    text = said(findings)
    assert "direct transfer alone" not in " ".join(text) and "(2 of 3 cells" in text[1]
    contest = Contest.of(findings)
    assert len(contest.cells) == 2 and set(contest.left_out.values()) <= {0, 1}


def test_a_winner_is_not_ahead_of_methods_that_it_was_not_compared_with(tmp_path):
    def f1(name, n, target, seed, number):
        if name == "ensemble:uniform" and n == 6 and seed == 1:
            return None
        return 50 + 20 * (name == "student:learned") + 30 * (name == "ensemble:uniform") + moved(seed, name)

    winner = said(study(tmp_path, f1))[1]
    assert "ahead of all others" not in winner and "student:learned is ahead of all that have these cells" in winner


def test_the_winner_is_compared_over_the_cells_of_the_contest(tmp_path):
    """Two methods have a cell more than the rest, in which the winner is far ahead: it counts for nobody."""
    findings = study(tmp_path, lambda name, n, target, seed, number: None if (name, n, seed) == ("direct:s1", 6, 0)
                     else 60 + moved(seed, name) + 30 * (name == "student:learned" and seed == 0))  # fmt: skip
    contest = Contest.of(findings)
    assert all(each.cells == len(contest.cells) for each in contest.rivals.values())


def test_a_method_that_falls_back_with_most_sources_stays_ahead_nowhere(tmp_path):
    """No target and seed has all sizes, so the curve loses one: what is said must be of the largest."""

    def f1(name, n, target, seed, number):
        if name == "student:learned" and (n == 6) == (seed < 2):
            return None  # 1, 2 and 4 sources with seeds 0 and 1; six with seed 2, 3 and 4
        return 60 + (15 if n < 6 else 0.2) * (name == "student:learned") + moved(seed, name) - 9 * (name != "pooled")

    text = " ".join(said(study(tmp_path, f1, seeds=(0, 1, 2, 3))))
    assert "ahead of pooled from" not in text


def test_controls_are_compared_with_what_they_control():
    names = ["ensemble:uniform", "ensemble:learned", "pooled", "pooled+equal", "seeds:en", "llm-seeds:en",
             "merged:uniform", "merged:learned", "student:pooled", "supervised"]  # fmt: skip
    pairs = {(str(ours), str(theirs)) for ours, theirs in pairs_of([Contender.of(name) for name in names])}
    assert {
        ("ensemble:uniform", "seeds:en"), ("pooled+equal", "pooled"), ("merged:uniform", "ensemble:uniform"),
        ("merged:learned", "merged:uniform"), ("merged:learned", "ensemble:learned"), ("student:pooled", "pooled"),
    } <= pairs  # fmt: skip
    assert not any("supervised" in ours + theirs for ours, theirs in pairs)
    assert ("ensemble:uniform", "llm-seeds:en") not in pairs
