import numpy as np
import pytest

from ctl.data.corpus import Corpus
from ctl.data.soft_labels import StoreWriter
from ctl.data.tags import TagSchema
from ctl.inspection.without_gold import Findings, agreements, differences, mean_agreement

SCHEMA = TagSchema(("PER", "LOC"))  # O, B-PER, I-PER, B-LOC, I-LOC
OFFSETS = np.array([0, 3, 5, 9])
WORDS = list("abcdefghi")
TAGS = {
    "direct:en": [0, 1, 2, 0, 0, 3, 0, 1, 0],
    "direct:nl": [0, 1, 2, 0, 0, 3, 4, 0, 0],
    "student:uniform": [0, 1, 0, 0, 0, 0, 0, 0, 0],
}


def store(folder, name, labelled=None):
    probs = np.full((9, 5), 0.1, dtype=np.float32)
    probs[np.arange(9), TAGS[name]] = 0.6
    writer = StoreWriter(folder / name)
    marks = {} if labelled is None else {"labelled": np.array(labelled, dtype=bool)}
    writer.add(np.arange(9), probs, **marks)
    writer.close()
    identity = {"method": name, "sources": ["en"], "fingerprint": name}
    return StoreWriter.join(folder / name, Corpus("de/train", WORDS, OFFSETS), SCHEMA, identity)


def test_entities_are_counted_by_hand(tmp_path):
    """Nine words in three sentences; the teacher finds two persons and a place, in the first and the third."""
    found = Findings.of_store(store(tmp_path, "direct:en"))
    assert (found.name, found.role, found.words, found.labelled) == ("direct:en", "teacher", 9, 1.0)
    assert found.coverage == pytest.approx(2 / 3)
    assert found.rates == pytest.approx({"PER": 2000 / 9, "LOC": 1000 / 9})


def test_words_without_a_label_do_not_count(tmp_path):
    """Two of the three words of the first sentence have none, and neither word of the second."""
    found = Findings.of_store(store(tmp_path, "direct:en", labelled=[1, 0, 0, 0, 0, 1, 1, 1, 1]))
    assert found.words == 5 and found.labelled == pytest.approx(5 / 9) and found.coverage == pytest.approx(1 / 2)
    assert found.rates == pytest.approx({"PER": 1000 / 5, "LOC": 1000 / 5})
    nothing = Findings.of_store(store(tmp_path, "direct:nl", labelled=[0] * 9))
    assert (nothing.words, nothing.labelled, nothing.coverage, nothing.rates["PER"]) == (0, 0.0, 0.0, 0.0)


def test_two_models_agree_on_words_that_both_label(tmp_path):
    """Without the words of index 1, 6 and 7 for en, two are left that either takes for a part; both are the same."""
    en = store(tmp_path, "direct:en", labelled=[1, 0, 1, 1, 1, 1, 0, 0, 1])
    agreed = agreements([en, store(tmp_path, "direct:nl")])
    assert agreed == pytest.approx(np.array([[1, 1], [1, 1]]))


def test_gold_tags_are_counted_alike():
    corpus = Corpus("en/train", WORDS, OFFSETS, np.array(TAGS["direct:nl"], dtype=np.int16), SCHEMA)
    found = Findings.of_gold(corpus)
    assert (found.name, found.role) == ("en/train", "gold")
    assert found.rates == pytest.approx({"PER": 1000 / 9, "LOC": 1000 / 9})


def test_agreement_by_hand(tmp_path):
    """Of words that either takes for a part: en and nl agree on 3 of 5, the student with them on 1 of 4 and of 4."""
    agreed = agreements([store(tmp_path, name) for name in TAGS])
    assert agreed == pytest.approx(np.array([[1, 3 / 5, 1 / 4], [3 / 5, 1, 1 / 4], [1 / 4, 1 / 4, 1]]))
    assert mean_agreement(agreed, 2, [0, 1]) == pytest.approx(1 / 4)
    assert mean_agreement(agreed, 0, [0, 1]) == pytest.approx(3 / 5)
    assert mean_agreement(agreed, 0, [0]) is None


@pytest.mark.parametrize(
    ("words", "rate", "warns"),
    [(10_000, 19.0, False), (10_000, 41.0, True), (10_000, 4.0, True), (10_000, 6.0, False), (100, 41.0, False)],
)
def test_only_differences_that_are_large_and_no_chance_are_told(words, rate, warns):
    sources = [Findings("en/train", "gold", 9, 0.5, 1.0, {"PER": each}) for each in (10.0, 20.0)]
    (*lines,) = differences(Findings("student:uniform", "student", words, 0.5, 1.0, {"PER": rate}), sources)
    assert len(lines) == warns
    if warns:
        assert lines[0].startswith(
            f"student:uniform finds {rate} PER in a thousand words, where the sources have 10.0 to"
        )
