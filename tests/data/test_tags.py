import numpy as np
import pytest
import torch

from ctl.data.tags import TagSchema, bracketed, is_legal, legalised, span_ends


@pytest.mark.parametrize("form", [np.array, torch.tensor, list])
def test_ids_by_hand(form):
    """O B-PER I-PER B-ORG I-ORG: as numbers, arrays and tensors."""
    ids, schema = [0, 1, 2, 3, 4], TagSchema(("PER", "ORG"))
    if form is list:
        types, begins = [schema.type_of(tag) for tag in ids], [schema.is_begin(tag) for tag in ids]
    else:
        types, begins = schema.type_of(form(ids)).tolist(), schema.is_begin(form(ids)).tolist()
    assert types == [-1, 0, 0, 1, 1] and begins == [False, True, False, True, False]
    assert [schema.tags[schema.begin(kind)] for kind in range(2)] == ["B-PER", "B-ORG"]
    assert [schema.tags[schema.inside(kind)] for kind in range(2)] == ["I-PER", "I-ORG"]


def test_an_inside_tag_only_continues_its_type():
    legal = [[is_legal(before, tag) for tag in range(5)] for before in range(5)]
    assert legal == [
        [True, True, False, True, False],  # after O
        [True, True, True, True, False],  # after B-PER
        [True, True, True, True, False],
        [True, True, False, True, True],  # after B-ORG
        [True, True, False, True, True],
    ]
    assert legalised([2, 2, 4, 0, 4, 1]) == [1, 2, 3, 0, 3, 1] and legalised([]) == []


def test_an_entity_does_not_cross_sentences():
    tags = torch.tensor([1, 2, 2])
    assert span_ends(tags, torch.tensor([2, 1])).tolist() == [2, -1, 3]
    assert span_ends(tags, torch.tensor([0, 2, 0, 1])).tolist() == [2, -1, 3]
    assert span_ends(tags, torch.tensor([2, 1]), strict=True).tolist() == [2, -1, -1]


def test_entities_stand_in_brackets():
    words, schema = ["Ada", "Lovelace", "saw", "London", "Zoo", "Rome"], TagSchema(("PER", "ORG", "LOC"))
    line = bracketed(words, np.array([1, 2, 0, 5, 6, 5]), schema)
    assert line == "[PER Ada Lovelace] saw [LOC London Zoo] [LOC Rome]"
    assert bracketed(words[:2], np.array([2, 4]), schema) == "[PER Ada] [ORG Lovelace]"


def test_types_that_texts_have_are_those_of_their_tags():
    schema = TagSchema(("PER", "ORG", "LOC"))
    assert schema.types_in([np.array([0, 4, 0], dtype=np.int16), np.array([5], dtype=np.int16)]) == ("ORG", "LOC")
    assert schema.types_in([]) == ()
