"""Entities by their characters, as other libraries give them, and distributions of the words that they cover."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import regex

from ctl.arrays import Floats
from ctl.data.sentences import UNSPACED, Place

NO_SPACE = regex.compile(rf"[{UNSPACED}]\p{{M}}*$"), regex.compile(rf"[{UNSPACED}]")
SPREAD = 0.05  # of each distribution over all tags, as an answer without a doubt excludes none


class Span(NamedTuple):
    """An entity of a text: ``text[start:end]``, the number of its type, and its probability."""

    start: int
    end: int
    kind: int
    score: float = 1.0


def join_words(words: Sequence[str]) -> tuple[str, list[Place]]:
    """Joins words to a text, and gives the place of each in it.

    Between two words stands a space, but none in scripts without spaces, Chinese, Japanese and Thai among them.
    """
    text, places = "", list[Place]()
    before, after = NO_SPACE
    for word in words:
        together = before.search(text[-3:]) and after.match(word)
        text += " " if text and not together else ""
        places.append((len(text), len(text) + len(word)))
        text += word
    return text, places


def spread_spans(spans: Iterable[Span], places: Sequence[Place], tags: int) -> tuple[Floats, int]:
    """Makes distributions of spans: ``B-`` of the first word and ``I-`` of the others have the span's probability.

    A span is read as all words that it touches. Of spans that share a word, the most probable is kept.

    Args:
        spans: of one text.
        places: of its words (W).
        tags: their number C.

    Returns:
        The distributions (W, C), and how many spans begin or end inside a word.
    """
    probs, cut = np.zeros((len(places), tags), dtype=np.float32), 0
    probs[:, 0] = 1
    taken = np.zeros(len(places), dtype=bool)
    for start, end, kind, score in sorted(spans, key=lambda span: -span.score):
        first = bisect_right(places, start, key=lambda place: place[1])
        last = bisect_left(places, end, key=lambda place: place[0])
        if first < last and not taken[first:last].any():
            cut += places[first][0] < start or places[last - 1][1] > end
            taken[first:last] = True
            probs[first:last, 0] = 1 - score
            probs[first, 2 * kind + 1] = score
            probs[first + 1 : last, 2 * kind + 2] = score
    return np.asarray((1 - SPREAD) * probs + SPREAD / tags, dtype=np.float32), cut
