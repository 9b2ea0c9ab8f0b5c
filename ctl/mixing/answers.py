"""The teachers' answers for a text, read from their soft labels part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ctl.arrays import Bools, Floats, Ints
from ctl.data.soft_labels import CHUNK, SoftLabelStore
from ctl.weighting import NO_ANSWER

WORDS = 1 << 14  # of a part, at least, as it has whole sentences


class Answers(NamedTuple):
    """Holds what the teachers say of some whole sentences.

    Attributes:
        each: their distributions (K, N, C); a teacher's row is zero where it does not label the word.
        lengths: the number of words of each sentence (S); they sum to N.
    """

    each: Floats
    lengths: Ints

    def of_teachers(self, kept: Bools) -> Answers:
        """Leaves out what the other teachers say: theirs are as words that they do not label.

        Args:
            kept: tells which teachers are kept (K).
        """
        return Answers(self.each * kept[:, None, None], self.lengths)


def read_answers(stores: Sequence[SoftLabelStore], words: int = WORDS) -> Iterator[Answers]:
    """Reads soft labels of one text part by part, so that memory does not grow with the text.

    Args:
        stores: of the teachers, in their order.
        words: the least number of words in a part but the last.
    """
    offsets = stores[0].offsets
    begin = 0
    while begin < len(offsets) - 1:
        end = min(int(np.searchsorted(offsets, offsets[begin] + words)), len(offsets) - 1)
        part = slice(int(offsets[begin]), int(offsets[end]))
        yield Answers(np.stack([_rows(store, part) for store in stores]), np.diff(offsets[begin : end + 1]))
        begin = end


def most_probable(stores: Sequence[SoftLabelStore]) -> Iterator[Ints]:
    """Gives the most probable tags of K stores of one text (K, n), part by part; `NO_ANSWER` without a label."""
    for begin in range(0, len(stores[0]), CHUNK):
        part = slice(begin, begin + CHUNK)
        tags = np.stack([store.probs[part].argmax(-1) for store in stores]).astype(np.int64)
        for row, store in zip(tags, stores, strict=True):
            if store.labelled is not None:
                row[~store.labelled[part]] = NO_ANSWER
        yield tags


def _rows(store: SoftLabelStore, part: slice) -> Floats:
    rows = store.rows(part)
    return rows if store.labelled is None else rows * store.labelled[part, None]
