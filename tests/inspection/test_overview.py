"""A text at a glance, by hand."""

import numpy as np
import pytest
from made_up_run import SCHEMA

from ctl.data.corpus import Corpus
from ctl.inspection.frames import Inspection
from ctl.inspection.labellers import Labels
from ctl.inspection.overview import BINS, disputed, overview

NONE, B_PER, I_PER, B_LOC = 0, 1, 2, 5
WORDS = ["Ada", "Bonn", "sang", "Bonn", "=x"]


def labels(name, tags, labelled=None):
    probs = np.eye(len(SCHEMA), dtype=np.float32)[tags]
    return Labels(name, "teacher", probs, {"sources": [name]}, labelled=labelled)


@pytest.fixture
def inspection():
    corpus = Corpus("de/train", WORDS, np.array([0, 3, 5]), np.array([B_PER, NONE, NONE, B_LOC, NONE]))
    teachers = [
        labels("en", [B_PER, I_PER, NONE, B_LOC, NONE]),
        labels("nl", [B_PER, NONE, NONE, B_PER, NONE]),
        labels("es", [NONE, NONE, NONE, NONE, NONE], np.array([False, False, True, True, True])),
    ]
    return Inspection(corpus, SCHEMA, {each.name: each for each in teachers})


def test_agreement_is_of_words_that_either_takes_for_entities(inspection):
    """en and nl call three words a part of an entity, and one alike; es was not heard on the first two."""
    assert overview(inspection)["agreement"] == [[100, 33, 0], [33, 100, 0], [0, 0, 0]]


def test_entities_are_counted_by_type(inspection):
    seen = overview(inspection)
    assert seen["entities"] == [[1, 0, 1], [2, 0, 0], [0, 0, 0]] and seen["gold"] == [1, 0, 1]


def test_words_are_counted_by_entropy(inspection):
    assert overview(inspection)["entropy"] == [[5, *[0] * (BINS - 1)]] * 2 + [[3, *[0] * (BINS - 1)]]
    assert overview(inspection)["most"] == pytest.approx(np.log(7), abs=0.001)


def test_words_that_teachers_tag_differently(inspection):
    assert disputed(inspection).to_dict("records") == [
        {"word": "Bonn", "disputed": 2, "times": 2, "answers": {"PER": 2, "O": 2, "LOC": 1}}
    ]
    alone = Inspection(inspection.corpus, SCHEMA, {"en": inspection["en"]})
    assert disputed(alone).empty and overview(alone)["disputed"] == []
