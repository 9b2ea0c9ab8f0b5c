import numpy as np

from ctl.data.corpus import Corpus
from ctl.data.survey.split import count_entities, describe, fingerprints
from ctl.data.tags import TagSchema

SENTENCES = (["Anna", "sang"], ["in", "Bern", "."], ["Anna", "sang"], ["Anna", "sang"])


def corpus(sentences, tags=None):
    words = [word for sentence in sentences for word in sentence]
    offsets = np.cumsum([0, *map(len, sentences)])
    schema = None if tags is None else TagSchema(("LOC", "ORG", "PER"))
    return Corpus("de/test", words, offsets, None if tags is None else np.array(tags, dtype=np.int16), schema)


def test_facts_by_hand():
    """Two of four sentences stand before; one of the two of the train split is here three times."""
    train = fingerprints(corpus([["Anna", "sang"], ["Bern", "."]]))
    text = corpus(SENTENCES, tags=[5, 0, 0, 1, 0, 5, 6, 0, 0])
    facts = describe(text, "de/test.txt", "as it is", fingerprints(text), {"train": train})
    assert (facts.sentences, facts.words, facts.longest, facts.duplicates) == (4, 9, 3, 2)
    assert facts.seen == {"train": 3} and facts.entities == {"LOC": 1, "PER": 2} and facts.labelled


def test_no_tags_and_no_entities_are_told_apart():
    assert count_entities(corpus(SENTENCES)) is None
    assert count_entities(corpus(SENTENCES, tags=[0] * 9)) == {}
    text = corpus(SENTENCES, tags=[0] * 9)
    assert not describe(text, "", "", fingerprints(text), {}).labelled


def test_words_are_not_run_together():
    one, other = fingerprints(corpus([["a", "bc"]])), fingerprints(corpus([["ab", "c"]]))
    assert one != other
