"""Entities by their characters to tags of words, by hand."""

from collections import Counter

import pytest

from ctl.data.reading.spans import CROSSING, EMPTY, INSIDE, NESTED, Entity, repair_notes, tagged_sentences
from ctl.errors import CTLError

TEXT = "Ida Noor sang.\nIn Oslo."  # Ida is at 0, Noor at 4, Oslo at 18


def tags(*entities, repairs=None):
    given = [Entity(*entity, "x:1") for entity in entities]
    return [sentence.tags for sentence in tagged_sentences(TEXT, given, Counter() if repairs is None else repairs)]


def test_an_entity_is_all_words_that_it_touches():
    repairs = Counter()
    assert tags((0, 8, "PER"), (19, 21, "LOC"), repairs=repairs) == [
        ["B-PER", "I-PER", "O", "O"], ["O", "B-LOC", "O"],
    ]  # fmt: skip
    assert repairs == {INSIDE: 1}


def test_the_first_and_longest_of_overlapping_entities_is_kept():
    repairs = Counter()
    assert tags((4, 8, "ORG"), (0, 3, "LOC"), (0, 8, "PER"), repairs=repairs)[0] == ["B-PER", "I-PER", "O", "O"]
    assert repairs == {NESTED: 2} and repair_notes(repairs) == [f"2 entities {NESTED}"]


def test_an_entity_begins_anew_in_another_sentence_and_one_of_spaces_is_none():
    repairs = Counter()
    assert tags((9, 17, "ORG"), (3, 4, "PER"), repairs=repairs) == [["O", "O", "B-ORG", "I-ORG"], ["B-ORG", "O", "O"]]
    assert repairs == {CROSSING: 1, EMPTY: 1}


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 3), (5, 4), (0, len(TEXT) + 1)])
def test_what_is_outside_the_text_is_named(start, end):
    with pytest.raises(CTLError, match=f"x:1: an entity from {start} to {end} is outside"):
        tags((start, end, "PER"))
