import random

import numpy as np
import pytest
import torch
from seqeval.metrics.sequence_labeling import get_entities

from ctl.data.tags import TagSchema, UnknownTag, bracketed, is_legal, legalised, span_ends, to_bio2


def read(line: str):
    """Tags of sentences that are separated by a bar."""
    sentences = [part.split() for part in line.split("|")]
    return to_bio2([tag for s in sentences for tag in s], np.cumsum([0, *map(len, sentences)]))


@pytest.mark.parametrize(
    ("given", "expected", "note"),
    [
        ("B-PER I-PER O B-LOC", "B-PER I-PER O B-LOC", None),
        ("I-PER I-PER O I-LOC B-LOC", "B-PER I-PER O B-LOC B-LOC", "IOB1 tags read as BIO2 (3 entities)"),
        ("I-PER | I-PER I-LOC", "B-PER B-PER B-LOC", "IOB1 tags read as BIO2 (3 entities)"),
        ("B-PER O I-LOC I-LOC", "B-PER O B-LOC I-LOC", "1 stray I- tags that open an entity read as B-"),
        ("S-PER B-LOC I-LOC E-LOC O", "B-PER B-LOC I-LOC I-LOC O", "BIOES tags read as BIO2 (2 entities)"),
        ("S-PER S-PER B-LOC E-LOC", "B-PER B-PER B-LOC I-LOC", "BIOES tags read as BIO2 (3 entities)"),
        ("U-PER B-LOC L-LOC O", "B-PER B-LOC I-LOC O", "BILOU tags read as BIO2 (2 entities)"),
        ("O O", "O O", None),
    ],
)
def test_schemes(given, expected, note):
    reading = read(given)
    assert [reading.schema.tags[tag] for tag in reading.tags] == expected.split()
    assert reading.notes == (() if note is None else (note,))


def test_types_are_sorted_and_ids_follow():
    reading = read("B-PER O B-LOC I-LOC")
    assert reading.schema == TagSchema(("LOC", "PER"))
    assert reading.schema.tags == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    assert reading.tags.tolist() == [3, 0, 1, 2]
    assert len(reading.schema) == 5


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


@pytest.mark.parametrize("tag", ["PER", "X-PER", "B-", "B", "", "b-PER", "O-PER", "BI-PER"])
def test_unknown_tags_say_where(tag):
    with pytest.raises(UnknownTag, match="unknown tag") as caught:
        to_bio2(["O", "B-PER", tag], np.array([0, 3]))
    assert caught.value.word == 2


def test_entities_equal_seqevals_on_random_tags():
    rng = random.Random(0)
    for prefixes in ("BI", "BIES"):
        for _ in range(1500):
            tags = [
                rng.choice(["O", *(f"{p}-{t}" for p in prefixes for t in ("A", "B"))])
                for _ in range(rng.randrange(1, 10))
            ]
            reading = to_bio2(tags, np.array([0, len(tags)]))
            again = [reading.schema.tags[tag] for tag in reading.tags]
            assert get_entities(again) == get_entities(tags)
