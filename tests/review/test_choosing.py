"""Sentences that people should look at first: the order, and that it has variety."""

import numpy as np
import pytest

from ctl.data.corpus import Corpus
from ctl.errors import CTLError
from ctl.review.choosing import choose, of_sentences, urgency


def corpus(*sentences):
    words = [sentence.split() for sentence in sentences]
    offsets = np.cumsum([0, *map(len, words)])
    return Corpus("de/train", [word for sentence in words for word in sentence], offsets)


def test_a_sentence_counts_by_its_most_extreme_word():
    text = corpus("a b", "c", "d e f")
    assert of_sentences(np.array([0.1, 0.4, 0.2, 0.0, 0.3, 0.0], dtype=np.float32), text).tolist() == pytest.approx(
        [0.4, 0.2, 0.3]
    )


def test_urgency_is_the_mean_of_both_ranks():
    assert urgency(np.array([0.1, 0.9, 0.5]), np.array([2.0, 1.0, 0.0])).tolist() == [0.5, 0.75, 0.25]
    assert urgency(np.zeros(3), np.array([0.0, 1.0, 2.0])).tolist() == pytest.approx([0.25, 0.5, 0.75])
    assert urgency(np.zeros(1), np.zeros(1)).tolist() == [0.0]


def test_a_sentence_like_one_that_is_taken_comes_later():
    text = corpus("Ada liest viel", "Ada liest wenig", "Bo singt laut")
    assert choose(text, np.array([1.0, 0.9, 0.8]), 3) == [0, 2, 1]  # 0.9 (1 - 2/4) is less than 0.8
    assert choose(text, np.array([1.0, 0.9, 0.4]), 2) == [0, 1]


def test_a_copy_is_not_taken_again():
    text = corpus("Ada liest", "liest Ada liest", "Bo singt", "Ada liest")
    assert choose(text, np.array([1.0, 0.9, 0.1, 0.8]), 4) == [0, 2]


def test_there_is_nothing_to_look_at():
    with pytest.raises(CTLError, match="no sentences to look at"):
        choose(Corpus("de/train", [], np.array([0])), np.array([]), 3)
