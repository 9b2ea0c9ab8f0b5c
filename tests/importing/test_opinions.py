"""Entities of one annotator, as JSON has them."""

import pytest

from ctl.errors import CTLError
from ctl.importing.opinions import checked_text, read_opinion

TEXT = "Ada Lovelace in London"


def test_scores_are_there_for_all_or_for_none():
    opinion = read_opinion([[0, 3, "PER", 0.5], [16, 22, "LOC"]], TEXT, "x:1")
    assert [(entity.start, entity.end, entity.type) for entity in opinion.entities] == [(0, 3, "PER"), (16, 22, "LOC")]
    assert opinion.scores == [0.5, 1.0] and read_opinion([[0, 3, "PER"]], TEXT, "x:1").scores is None
    assert read_opinion([{"start": 0, "end": 3, "label": "PER", "confidence": 0.25}], TEXT, "x:1").scores == [0.25]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ([3, 99, "PER"], "x:1: an entity from 3 to 99 is outside the text, which has 22 characters"),
        ([-1, 2, "PER"], "from -1 to 2 is outside"),
        ({"start": 0, "end": 3, "label": "PER", "text": "Ida"}, "the text has 'Ada', not 'Ida'"),
        ({"start": 0, "end": 3, "label": 4}, "the label 4 is a number"),
        ({"start": 0, "end": 3, "label": "PER", "score": 2}, "the score 2 is no probability"),
    ],
)
def test_what_can_not_be_is_refused(item, message):
    with pytest.raises(CTLError, match=message):
        read_opinion([item], TEXT, "x:1")


def test_a_text_has_no_nul():
    assert checked_text(TEXT, "x:1") == TEXT
    with pytest.raises(CTLError, match="x:1: a nul"):
        checked_text("a\0", "x:1")
