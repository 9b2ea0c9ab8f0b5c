"""Entities by their characters as distributions of words; numbers by hand."""

import numpy as np
import pytest

from ctl.modules.ready.spans import SPREAD, Span, join_words, spread_spans


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["Anna", "lives", "here", "."], "Anna lives here ."),
        (["東", "京", "に", "Anna", "が", "。"], "東京に Anna が 。"),
        ([], ""),
    ],
)
def test_words_are_joined_as_their_script_is_written(words, text):
    joined, places = join_words(words)
    assert joined == text and [joined[slice(*place)] for place in places] == words


def test_the_words_of_a_span_have_its_score():
    """Words 0-4 6-8 9-11; a LOC of the last two with 0.8, one that overlaps it with 0.6, a PER of the first."""
    places = [(0, 4), (6, 8), (9, 11)]
    spans = [Span(0, 8, 0, 0.6), Span(6, 11, 1, 0.8), Span(0, 4, 0, 0.9)]
    probs, cut = spread_spans(spans, places, tags=5)
    wanted = np.array([[0.1, 0.9, 0, 0, 0], [0.2, 0, 0, 0.8, 0], [0.2, 0, 0, 0, 0.8]])
    assert np.allclose(probs, (1 - SPREAD) * wanted + SPREAD / 5) and cut == 0


def test_a_span_inside_a_word_is_read_as_all_of_it():
    probs, cut = spread_spans([Span(2, 7, 0), Span(4, 5, 0)], [(0, 4), (5, 9)], tags=3)
    assert probs.argmax(-1).tolist() == [1, 2] and cut == 1  # the second span holds no word


def test_without_spans_all_is_outside():
    probs, cut = spread_spans([], [(0, 4)], tags=3)
    assert np.allclose(probs, [[1 - SPREAD + SPREAD / 3, SPREAD / 3, SPREAD / 3]]) and cut == 0
