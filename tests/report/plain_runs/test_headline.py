"""The answer of plain runs in sentences."""

import numpy as np
import pytest
from made_up_study import exact_counts, record

from ctl.report.plain_runs.comparison import Comparison
from ctl.report.plain_runs.headline import contests, headline
from ctl.report.plain_runs.reading import Run
from ctl.report.statistics.resampling import resampled_f1


def run(method, percent, seed=0, lr=1):
    made = record(method, ["en", "nl"], "de", seed, percent)
    made["provenance"] |= {"model": f"{method}{percent}", "transfer": {"lr": lr}}
    return Run(made, resampled_f1(exact_counts(percent, [seed, int(percent)], sentences=200)))


def said(*runs):
    answers = contests(Comparison.of(runs))
    return answers, list(headline(answers))


def test_one_seed_is_said_before_all_else():
    answers, sentences = said(run("direct:en", 40), run("direct:nl", 60), run("pooled", 50), run("student:uniform", 80))
    assert sentences[0].startswith("There is one seed")
    assert sentences[1].startswith("On de (1 seed): student:uniform has the highest F1 of 2 methods, but is not shown")
    assert "over direct:nl, which comes next (one seed). student:uniform scores 80.0 [" in sentences[1]
    assert list(map(str, answers["de"].rivals)) == ["direct:nl", "pooled"]  # of single teachers, the best


def test_settings_contend_with_one_another_and_labels_of_the_target_do_not():
    runs = [run("student:uniform", percent, seed, lr) for seed in (0, 1, 2) for lr, percent in ((1, 50), (2, 90))]
    answers, (sentence,) = said(*runs, *(run("supervised", 99, seed, 1) for seed in (0, 1, 2)))
    assert sentence.startswith("On de (3 seeds): student:uniform (lr 2) is ahead of all others: +40.0 [")
    answer = answers["de"].answer()
    assert answer["best"] == "student:uniform (lr 2)" and answer["is_shown"] and answer["f1"] == 90
    (rival,) = answer["ahead_of"]
    assert rival["method"] == "student:uniform (lr 1)" and rival["points"] == 40 and rival["p"] < 0.05


def test_a_method_that_lacks_a_seed_is_named():
    _, sentences = said(run("pooled", 50), run("pooled", 51, 1), run("student:uniform", 80))
    assert sentences[-1] == "Not compared on de, as they were not run with all of these seeds: student:uniform."


@pytest.mark.parametrize("methods", [["direct:en"], ["direct:en", "direct:nl"]])
def test_teachers_alone_have_nothing_to_compare(methods):
    _, sentences = said(*(run(method, 50.0 + place) for place, method in enumerate(methods)))
    assert sentences == ["There are results of direct transfer alone, so there is nothing to compare."]
    assert not np.isnan(Comparison.of([run("direct:en", 50.0)]).table().f1).any()
