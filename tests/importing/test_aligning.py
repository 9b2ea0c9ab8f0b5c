"""Texts on the words of a corpus, by hand."""

from collections import Counter

import numpy as np
import pytest

from ctl.data.corpus import Corpus
from ctl.importing.aligning import EXACT, MISSING, NEARLY, NOWHERE, OTHER, Aligner, alignment_lines, spelled

SENTENCES = ["Ada Lovelace wrote it .", "In London .", "Ja .", "Berlin 's wall fell , we think .", "Ja ."]


def corpus(sentences=SENTENCES):
    words = [sentence.split() for sentence in sentences]
    offsets = np.cumsum([0, *map(len, words)])
    return Corpus("xx/train", [word for sentence in words for word in sentence], offsets)


def found(aligner, text):
    match = aligner.find(text, "f:1")
    pairs = zip(match.words, match.places, strict=True)
    return [(aligner.corpus.words[word], text[begin:end]) for word, (begin, end) in pairs]


def test_words_are_found_though_they_are_cut_otherwise():
    aligner = Aligner(corpus())
    text = "Ada Lovelace wrote it. In London."
    assert found(aligner, text) == [
        ("Ada", "Ada"), ("Lovelace", "Lovelace"), ("wrote", "wrote"), ("it", "it"), (".", "."),
        ("In", "In"), ("London", "London"), (".", "."),
    ]  # fmt: skip
    assert aligner.bounds(Aligner(corpus()).find(text, "f:1")) == [0, 5]
    assert found(aligner, "Berlin's wall fell, we think.")[:3] == [("Berlin", "Berlin"), ("'s", "'s"), ("wall", "wall")]
    assert aligner.counts == {EXACT: 2}


def test_a_text_that_is_there_twice_is_found_in_order():
    aligner = Aligner(corpus())
    assert [aligner.find("Ja.", "f:1").words for _ in range(3)] == [[8, 9], [18, 19], [8, 9]]


def test_a_whole_sentence_goes_before_a_part_of_one():
    """Texts may come in any order, the most urgent first say: a sentence is not taken for the head of a longer one."""
    aligner = Aligner(corpus(["Ada liest", "Bo kam", "Ada liest viel"]))
    assert [aligner.find(text, "f:1").words for text in ("Bo kam", "Ada liest")] == [[2, 3], [0, 1]]
    assert aligner.find("Ada liest viel", "f:1").words == [4, 5, 6]


def test_letters_in_parts_are_those_of_the_corpus():
    aligner = Aligner(corpus(["Köln am Rhein ."]))
    text = "Ko\u0308ln am Rhein."
    assert found(aligner, text)[0] == ("Köln", "Ko\u0308ln")
    assert spelled("a\u00adb é", "NFC") == ("abé", [(0, 1), (2, 3), (4, 5)])


def test_a_word_that_is_another_is_counted_and_takes_its_neighbours_label():
    aligner = Aligner(corpus())
    assert found(aligner, "Ada Lovelace wrote that.")[3] == ("it", "that")
    assert aligner.counts == Counter({NEARLY: 1, OTHER: 1}) and not aligner.lost


def test_a_word_that_is_missing_has_no_label():
    aligner = Aligner(corpus())
    words = [ours for ours, _ in found(aligner, "Ada wrote it.")]
    assert words == ["Ada", "wrote", "it", "."] and aligner.counts == Counter({NEARLY: 1, MISSING: 1})


def test_what_stands_nowhere_is_named():
    aligner = Aligner(corpus())
    assert not aligner.find("Quite something else here", "f:7").words
    assert aligner.counts == {NOWHERE: 1} and aligner.lost == ["f:7"]
    said = np.array([True] * 5 + [False] * 15)
    lines = alignment_lines("xx/train", aligner.counts, aligner.lost, said)
    assert lines == [
        "of 1 texts for xx/train, 1 stand nowhere in it",
        "most of them stand nowhere in it: is the file for another split or language?",
        "not found, whole or in part: the text at f:7",
        "5 of 20 words of xx/train have a label (25.0%)",
    ]


@pytest.mark.parametrize("text", ["", " \n ", "a"])
def test_a_text_inside_a_word_is_none(text):
    assert not Aligner(corpus()).find(text, "f:1").words


def test_many_texts_are_found_in_time_that_is_linear():
    """20,000 sentences in order: each is looked for where the one before it ends."""
    sentences = [f"Satz {number} hier ." for number in range(20_000)]
    aligner = Aligner(corpus(sentences))
    words = [aligner.find(sentence, "f:1").words[0] for sentence in sentences]
    assert words == list(range(0, 80_000, 4)) and aligner.counts == Counter({EXACT: 20_000})
