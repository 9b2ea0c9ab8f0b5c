"""Distributions by hand: O B-PER I-PER B-LOC I-LOC."""

import numpy as np
import pytest

from ctl.data.reading.spans import Entity
from ctl.data.tags import TagSchema
from ctl.importing.aligning import Match
from ctl.importing.documents import Document, Opinion
from ctl.importing.labels import Labels

SCHEMA = TagSchema(("PER", "LOC"))
TEXT = "Ada Lovelace in London"
MATCH = Match([1, 2, 3, 4], [(0, 3), (4, 12), (13, 15), (16, 22)])  # of six words the second and those after it


def entity(begin, end, kind):
    return Entity(begin, end, kind, "f:1")


def labels(*opinions, **settings):
    result = Labels(SCHEMA, 6, **settings)
    result.add(Document(TEXT, "f:1", opinions), MATCH, [0])
    return result


def test_an_entity_without_a_score_is_certain_and_what_is_not_said_is_uniform():
    probs, said = labels(Opinion([entity(0, 12, "PER")])).result()
    assert said.tolist() == [False, True, True, True, True, False]
    assert probs[0] == pytest.approx(np.full(5, 0.2))
    assert probs[1:5].tolist() == [[0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0]]


def test_the_rest_of_a_score_is_no_entity_and_the_surest_of_overlapping_ones_is_kept():
    made = labels(Opinion([entity(0, 3, "LOC"), entity(0, 12, "PER"), entity(16, 22, "LOC")], [0.4, 0.7, 0.9]))
    probs, _ = made.result()
    assert probs[1:5] == pytest.approx(
        np.array([[0.3, 0.7, 0, 0, 0], [0.3, 0, 0.7, 0, 0], [1, 0, 0, 0, 0], [0.1, 0, 0, 0.9, 0]])
    )
    assert sum(made.repairs.values()) == 1


def test_annotators_vote():
    probs, _ = labels(Opinion([entity(16, 22, "LOC")]), Opinion([entity(16, 22, "PER")]), Opinion()).result()
    assert probs[4] == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3, 0])
    assert probs[3] == pytest.approx([1, 0, 0, 0, 0])


def test_a_tag_with_a_probability_of_its_own():
    words = MATCH.places
    probs, _ = labels(Opinion([entity(0, 12, "PER")], None, words, [0.8, 0.6, 0.92, 1.0])).result()
    assert probs[1] == pytest.approx([0.05, 0.8, 0.05, 0.05, 0.05])
    assert probs[2] == pytest.approx([0.1, 0.1, 0.6, 0.1, 0.1])
    assert probs[3] == pytest.approx([0.92, 0.02, 0.02, 0.02, 0.02])
    assert probs[4] == pytest.approx([1, 0, 0, 0, 0])


def test_types_are_renamed_and_others_are_counted():
    opinion = Opinion([entity(0, 12, "person"), entity(16, 22, "CITY"), entity(13, 15, "DATE")])
    made = labels(opinion, type_map={"person": "PER", "DATE": None})
    assert made.types == {"PER": 1} and made.outside == {"CITY": 1}
    assert made.result()[0][1:5].argmax(-1).tolist() == [1, 2, 0, 0]


def test_partial_labels_say_nothing_of_other_words():
    _, said = labels(Opinion([entity(0, 12, "PER")]), partial=True).result()
    assert said.tolist() == [False, True, True, False, False, False]


def test_a_name_of_two_types_is_either():
    made = Labels(SCHEMA, 3)
    made.add_name(0, 2, ["PER", "LOC"])
    made.add_rest()
    probs, said = made.result()
    assert said.all() and probs.tolist() == [[0, 0.5, 0, 0.5, 0], [0, 0, 0.5, 0, 0.5], [1, 0, 0, 0, 0]]
