import json

import pandas as pd
import pytest
from made_up_study import record, write_grid

from ctl.report import tables
from ctl.report.conclusions import compare
from ctl.report.findings import Findings
from ctl.thresholds.curve_file import ALL, CURVE, Point


def f1(name, n, target, seed, number):
    """Pooled gets ahead of the student between two sources and four."""
    return {"pooled": 50 + 4 * n, "student:learned": 60.0}.get(name, 40.0) + (-0.3, 0.1, 0.2)[seed]


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    root = tmp_path_factory.mktemp("tables")
    return Findings(root, write_grid(root, f1, ["direct", "pooled", "student:learned"], missing=[("t", 1, 2)]))


def test_scores_say_how_many_cells_they_rest_on(findings):
    table = tables.scaling_table(findings).set_index(["method", "sources"])
    row = table.loc["pooled", 6]
    assert row.f1 == pytest.approx(74 - 0.1, abs=0.1) and row.low < row.f1 < row.high
    assert (row.cells, row.planned, row.missing, row.seeds) == (2, 3, 1, 2)


def test_gains_are_for_one_source(findings):
    table = tables.marginal_table(findings).set_index(["method", "sources"])
    assert table.loc["pooled", 4].gain == pytest.approx(4, abs=0.05) and table.loc["pooled", 6].cells == 2
    assert table.loc["student:learned", 2].gain == pytest.approx(0, abs=0.05)


def test_overtaking_is_empty_where_it_is_not_shown(findings):
    table = tables.overtaking_table(findings, compare(findings)).set_index(["method", "rival"])
    assert table.loc[("pooled", "best direct"), "sources"] == 1
    assert pd.isna(table.loc[("student:learned", "pooled"), "sources"])
    assert table.loc[("student:learned", "pooled"), "share"] < 0.05


def test_curves_that_do_not_level_off_have_no_numbers(findings):
    table = tables.fits_table(findings).set_index("method")
    assert table.loc["pooled"].drop("sets").isna().all()  # a straight line


def test_bins_are_added_up_by_hand():
    one = record("pooled", ["en"], "de", 0, 50.0)
    other = json.loads(json.dumps(one))
    other["calibration"] = {"count": [0, 30, 10], "confidence": [0, 0.6, 0.8], "accuracy": [0, 0.2, 0.9], "ece": 20.0}
    table = tables.calibration_table([("pooled", one), ("pooled", other), ("old", {})])
    assert list(table["count"]) == [40, 100] and set(table.method) == {"pooled"} and set(table.ece) == {15.0}
    assert table.accuracy.iloc[0] == pytest.approx((10 * 0.4 + 30 * 0.2) / 40)


def test_types_are_means_over_records():
    records = [("pooled", record("pooled", ["en"], "de", seed, f1)) for seed, f1 in enumerate((50.0, 60.0))]
    assert list(tables.type_table(records).f1) == [55.0, 55.0]


def test_the_origin_of_a_score_names_the_commit_and_what_was_changed():
    one = record("pooled", ["en", "nl"], "de", 0, 50.0)
    one["provenance"]["git_commit"] = "0123456789abcdef+"
    row = tables.scored_model(one)
    assert row["commit"] == "0123456789+" and row["sources"] == "en+nl" and row["versions"] == "ctl 0"


# Like with like


def test_teachers_of_different_seeds_are_not_compared(tmp_path):
    """All teachers are equally good; that of s2 has only the good seed, so all are compared in it."""

    def good_and_bad(name, n, target, seed, number):
        return None if (name, seed) == ("direct:s2", 1) else (70.0, 30.0)[seed]

    findings = Findings(tmp_path, write_grid(tmp_path, good_and_bad, ["direct"], seeds=(0, 1), own_sources=True))
    table = tables.transfer_table(findings).set_index("source")
    assert list(table.f1) == [70, 70] and list(table.seeds) == [1, 1]


def test_types_of_a_study_are_of_the_same_cells(tmp_path):
    def hard_and_easy(name, n, target, seed, number):
        return None if (name, target) == ("pooled", "hard") else {"hard": 40.0, "easy": 80.0}[target]

    methods = ["pooled", "ensemble:uniform", "student:learned"]
    findings = Findings(tmp_path, write_grid(tmp_path, hard_and_easy, methods, targets=("hard", "easy")))
    table = tables.type_table(findings.alike_with_most)
    assert set(table.method) == {"ensemble:uniform", "student:learned"} and set(table.f1) == {60.0}
    assert set(table.cells) == {6}


def test_curves_are_means_of_tests_that_have_one():
    def scored(method, curve):
        return method, {CURVE: [Point(ALL, threshold, *[score] * 3) for threshold, score in curve.items()]}

    records = [
        scored("pooled", {None: 50.0, 0.4: 60.0}), scored("pooled", {None: 70.0, 0.4: 61.0}),
        scored("student:learned", {None: 1.0}), scored("student:learned", {}), ("direct:en", {}),
    ]  # fmt: skip
    table = tables.curve_table(records)
    assert table.columns.tolist() == ["method", "threshold", "precision", "recall", "f1"]
    assert set(table.method) == {"pooled"} and table.threshold.isna().tolist() == [True, False]
    assert table.f1.tolist() == [60.0, 60.5]
    assert tables.curve_table([]).empty
