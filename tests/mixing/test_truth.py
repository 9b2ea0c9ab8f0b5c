import json

import numpy as np
import pytest

from ctl.data.tags import TagSchema
from ctl.mixing.chain import Chain
from ctl.mixing.truth import Truth, reliability, reliability_lines, truth_record

SCHEMA = TagSchema(("PER",))
EYE = np.eye(3)
NOTHING = np.tile([1.0, 0.0, 0.0], (3, 1))  # says O everywhere
HALF = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.75, 0.0, 0.25]])


@pytest.fixture
def truth():
    """Three teachers: one always right, one that says O, one that misses half of B-PER and most of I-PER."""
    chain = Chain(np.array([0.5, 0.5, 0.0]), np.array([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5], [0.2, 0.3, 0.5]]))
    return Truth(chain, np.stack([EYE, NOTHING, HALF]), np.array([0.5, 0.3, 0.2]), 100, 7, -1.25)


def test_information_is_what_an_answer_tells_of_the_truth(truth):
    """All of its entropy, nothing, and by the definition p(t, a) log p(t, a) / (p(t) p(a))."""
    shares = truth.frequencies
    joint = shares[:, None] * HALF
    expected = sum(
        joint[t, a] * np.log(joint[t, a] / (shares[t] * joint[:, a].sum()))
        for t, a in zip(*np.nonzero(joint), strict=True)
    )
    information = truth.information()
    np.testing.assert_allclose(information, [-(shares * np.log(shares)).sum(), 0, expected], atol=1e-12)
    np.testing.assert_allclose(truth.shares(), information / information.sum(), rtol=1e-6)


def test_reliability_is_by_type(truth):
    """Of 0.3 B-PER and 0.2 I-PER the last teacher has 0.15 and 0.05 right: 0.2 of 0.5."""
    assert reliability(truth, SCHEMA, ["en", "nl", "es"]) == {
        "en": {"PER": 1.0}, "nl": {"PER": 0.0}, "es": {"PER": 0.4},
    }  # fmt: skip


def test_reliability_is_said_teacher_by_teacher():
    inferred = {"reliability": {"en": {"PER": 0.9, "LOC": 0.45}, "nl": {"PER": 0.5, "LOC": 1.0}}}
    assert reliability_lines("ensemble:truth", inferred) == [
        "ensemble:truth infers how often en is right  PER 0.90  LOC 0.45",
        "ensemble:truth infers how often nl is right  PER 0.50  LOC 1.00",
    ]
    assert reliability_lines("ensemble:uniform", {}) == []


def test_all_that_was_inferred_can_be_read_as_json(truth):
    record = json.loads(json.dumps(truth_record(truth, SCHEMA, ["en", "nl", "es"], np.array([False, True, True]))))
    assert list(record["teachers"]) == ["nl", "es"]
    assert record["words"] == 100 and record["rounds"] == 7 and record["log_likelihood_of_a_word"] == -1.25
    assert record["frequencies"] == {"O": 0.5, "B-PER": 0.3, "I-PER": 0.2}
    assert record["next_tag"]["B-PER"] == {"O": 0.2, "B-PER": 0.3, "I-PER": 0.5}
    assert record["teachers"]["es"]["answers_by_true_tag"]["I-PER"] == {"O": 0.75, "B-PER": 0.0, "I-PER": 0.25}
    assert record["teachers"]["es"]["right_by_type"] == {"PER": 0.4}
