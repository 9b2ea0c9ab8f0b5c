import random

import numpy as np
import pytest
from seqeval.metrics.sequence_labeling import get_entities

from ctl.data.tag_schemes import UnknownTag, to_bio2
from ctl.data.tags import TagSchema


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
    assert [reading.schema.tags[tag] for tag in reading.tags] == expected.split() == reading.names
    assert reading.notes == (() if note is None else (note,))


def test_types_are_sorted_and_ids_follow():
    reading = read("B-PER O B-LOC I-LOC")
    assert reading.schema == TagSchema(("LOC", "PER"))
    assert reading.schema.tags == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    assert reading.tags.tolist() == [3, 0, 1, 2]
    assert len(reading.schema) == 5


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
