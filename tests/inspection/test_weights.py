"""Weights of mixtures where teachers gave no answer, by hand."""

import numpy as np
from made_up_run import SCHEMA

from ctl.inspection.labellers import Labels
from ctl.inspection.weights import members, weights_heard

OFFSETS = np.array([0, 2, 3])


def test_weights_are_the_mixtures_where_all_label_all_words():
    weights = np.array([[0.75, 0.25]], dtype=np.float32)
    assert weights_heard(weights, [None, None], OFFSETS) is weights


def test_a_teacher_without_an_answer_has_no_weight_and_the_others_share_it():
    """The second teacher labels the first word alone: 0.25 there, 0 on the second, so 0.125 in the first sentence."""
    weights, marks = np.array([[0.75, 0.25]], dtype=np.float32), np.array([True, False, False])
    np.testing.assert_allclose(weights_heard(weights, [None, marks], OFFSETS), [[0.875, 0.125], [1, 0]])
    by_sentence = np.array([[0.5, 0.5], [0.1, 0.9]], dtype=np.float32)
    np.testing.assert_allclose(weights_heard(by_sentence, [None, marks], OFFSETS), [[0.75, 0.25], [1, 0]])


def test_a_word_that_nobody_labels_does_not_count():
    marks = np.array([True, False, False])
    found = weights_heard(np.array([[0.75, 0.25]], dtype=np.float32), [marks, marks], OFFSETS)
    np.testing.assert_allclose(found, [[0.75, 0.25], [np.nan, np.nan]])


def test_teachers_are_named_by_fingerprint_then_by_source_then_by_number():
    probs = np.ones((1, len(SCHEMA)), dtype=np.float32)
    en = Labels("direct:en", "teacher", probs, {"sources": ["en"], "fingerprint": "e"})
    by_print = {"sources": ["en", "nl"], "teachers": ["e", "n"], "weights": [0.5, 0.5]}
    assert members(Labels("m", "mixture", probs, by_print), [en]) == ["direct:en", "teacher 2"]
    by_source = {"sources": ["nl", "en"], "weights": [0.5, 0.5]}
    assert members(Labels("m", "mixture", probs, by_source), [en]) == ["teacher 1", "direct:en"]
