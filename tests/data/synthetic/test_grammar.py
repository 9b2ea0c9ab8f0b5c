from dataclasses import replace

import numpy as np

from ctl.data.reading.splits import read_split
from ctl.data.synthetic.family import SyntheticFamily
from ctl.data.synthetic.grammar import Speaker
from ctl.data.synthetic.languages import english_words
from ctl.data.tag_schemes import to_bio2


def test_text(family):
    kinds = {}
    for split in ("train", "test"):
        corpus = read_split("a1", split, root=family)
        assert corpus.schema.types == ("LOC", "ORG", "PER") and not corpus.notes
        tags = [corpus.schema.tags[tag] for tag in corpus.tags]
        assert to_bio2(tags, corpus.offsets).notes == ()
        kinds[split] = {word for word, tag in zip(corpus.words, tags, strict=True) if tag != "O"}
    assert 0.2 < len(kinds["test"] - kinds["train"]) / len(kinds["test"]) < 0.8


def test_a_sentence_by_word_order():
    """A verb stands before or after what follows the subject, as the language says; nothing else changes."""
    language = SyntheticFamily(families=(1,)).grow()["a1"]
    turned = replace(language, first={**language.first, "verb": not language.first["verb"]})
    for seed in range(20):
        one, other = (
            Speaker(each, np.random.default_rng(seed), unseen=False).sentence() for each in (language, turned)
        )
        assert sorted(one) == sorted(other) and one[-1] == other[-1] == (".", "O")


def test_english_reads_as_english():
    """Sentences open with a capital, names have one, and a firm's kind stands after its name."""
    language = SyntheticFamily(families=(1,), readable=True).grow()["en"]
    sentences = [Speaker(language, np.random.default_rng(seed), unseen=False).sentence() for seed in range(200)]
    for sentence in sentences:
        assert sentence[0][0][0].isupper()
        for (word, tag), (_, before) in zip(sentence[1:], sentence, strict=False):
            assert word[0].isupper() == (tag != "O")
            if tag == "I-ORG":
                assert before == "B-ORG" and word.lower() in english_words()["firm"]
