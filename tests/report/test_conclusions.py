import json
import re

import pytest

from ctl.report.conclusions import PairTest, compare, pairs_of, sentences
from ctl.report.contenders import Contender
from ctl.report.findings import Findings
from ctl.report.statistics import Difference


def contender(name):
    pick, _, method = name.rpartition(" ")
    return Contender(Contender.of(method).method, pick)


def test_what_was_made_different_is_told(made_up):
    findings = Findings(made_up, json.loads((made_up / "study.json").read_text()))
    tests = {(str(test.ours), str(test.theirs)): test for test in compare(findings)}
    assert tests["ensemble:learned", "ensemble:uniform"].difference.points == pytest.approx(5, abs=1.5)
    assert tests["ensemble:learned", "ensemble:uniform"].p < 0.05
    assert tests["student:learned", "ensemble:learned"].p > 0.05
    told = sentences(findings, compare(findings))
    assert len(told) == 3 and "pooled scores" in told[0] and "over best direct" in told[1]
    assert re.search(r"student:learned [-+][\d.]+ \[.*\] against ensemble:learned \(not shown, p = ", told[2])
    assert "what teachers make is best with 6 sources" in told[1]


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
    assert PairTest(contender(ours), contender(theirs), Difference(0, 0, 0, 1), 1).of_rivals == rivals
