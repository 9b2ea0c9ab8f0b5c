"""Thresholds by hand: what a low one adds, and what a high one leaves."""

import math

import numpy as np
import pytest
import torch
from made_up_words import WORDS

from ctl.data.tags import TagSchema, span_ends
from ctl.errors import CTLError
from ctl.thresholds.decoding import decode, masses, option_of, thresholds_of

NAN = math.nan


def tags(*thresholds, words=WORDS, lengths=None):
    return decode(words, lengths or [len(words)], np.array(thresholds)).tolist()


def test_the_mass_of_a_type_is_that_of_both_its_tags():
    np.testing.assert_allclose(masses(WORDS), [[0.8, 0.0], [0.7, 0.0], [0.1, 0.3], [0.6, 0.0]])


@pytest.mark.parametrize(
    ("thresholds", "expected"),
    [
        ((NAN, NAN), [1, 2, 0, 0]),  # the most probable tags
        ((0.5, 0.5), [1, 2, 0, 1]),  # the last word has 0.6 of a person
        ((0.6, 0.6), [1, 2, 0, 1]),  # reached exactly
        ((0.65, 0.65), [1, 2, 0, 0]),
        ((0.75, 0.75), [1, 2, 0, 0]),  # the score of the person is (0.8 + 0.7) / 2
        ((0.76, 0.76), [0, 0, 0, 0]),
        ((NAN, 0.3), [1, 2, 3, 0]),  # a place alone
        ((0.9, NAN), [0, 0, 0, 0]),  # persons alone
        ((0.05, 0.3), [1, 2, 1, 2]),  # 0.1 is farther above 0.05 than 0.3 above 0.3; the last word goes on
    ],
)
def test_tags_by_hand(thresholds, expected):
    assert tags(*thresholds) == expected


def test_entities_end_with_their_sentence():
    """Two words of one type in two sentences are two entities: each has a score of its own."""
    words = np.array([[0.1, 0.9, 0.0], [0.4, 0.0, 0.6]])
    assert tags(0.7, words=words, lengths=[2]) == [1, 2]  # mean 0.75
    assert tags(0.7, words=words, lengths=[1, 1]) == [1, 0]


def test_entities_that_are_there_are_not_made_longer():
    """The first word is O but nearly a person, as is the last; those between are one that opens with I-."""
    words = np.array([[0.5, 0.2, 0.3], [0.1, 0.1, 0.8], [0.1, 0.0, 0.9], [0.5, 0.1, 0.4]])
    assert tags(0.4, words=words) == [1, 1, 2, 1]
    assert tags(NAN, words=words) == [0, 2, 2, 0]


def test_a_low_threshold_keeps_all_that_was_found_and_a_high_one_adds_nothing():
    words = np.random.default_rng(0).dirichlet([1.0, 0.4, 0.4, 0.4, 0.4], 400)
    found = {value: entities(tags(value, value, words=words, lengths=[100] * 4)) for value in (NAN, 0.01, 0.7, 0.9)}
    assert found[0.01] > found[NAN] > found[0.7] > found[0.9]


def entities(ids):
    """Types and places of the entities of four sentences of 100 words."""
    ends = span_ends(torch.tensor(ids), torch.tensor([100] * 4)).tolist()
    return {(TagSchema.type_of(ids[word]), word, end) for word, end in enumerate(ends) if end >= 0}


def test_nothing_is_an_answer_too():
    assert tags(0.5, 0.5, words=WORDS[:0], lengths=[0]) == []


def test_thresholds_by_type():
    np.testing.assert_array_equal(thresholds_of(0.4, ["PER", "LOC"]), [0.4, 0.4])
    np.testing.assert_array_equal(thresholds_of({"LOC": 0.4}, ["PER", "LOC"]), [NAN, 0.4])
    np.testing.assert_array_equal(thresholds_of(None, ["PER", "LOC"]), [NAN, NAN])


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, NAN, {"PER": 2.0}, {"PER": "0.4"}, True, "high"])
def test_numbers_that_are_no_threshold(value):
    with pytest.raises(CTLError, match="a number between 0 and 1 is needed"):
        thresholds_of(value, ["PER"])


def test_a_type_that_the_model_lacks_is_named():
    with pytest.raises(CTLError, match="there is no type MISC; this model knows PER"):
        thresholds_of({"MISC": 0.5}, ["PER"])


def test_thresholds_as_an_option():
    assert option_of({}, ["PER", "LOC"]) == ""
    assert option_of({"PER": 0.4, "LOC": 0.4}, ["PER", "LOC"]) == "0.4"
    assert option_of({"PER": 0.4}, ["PER", "LOC"]) == "'{PER: 0.4}'"
    assert option_of({"PER": 0.4, "LOC": 0.25}, ["PER", "LOC"]) == "'{PER: 0.4, LOC: 0.25}'"
