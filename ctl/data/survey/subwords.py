"""A measure of how well a tokenizer knows a text: subwords to a word, and the share of those that it does not know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctl.data.corpus import Corpus
from ctl.data.encoding import WordEncoder


@dataclass(frozen=True)
class Subwords:
    """Describes how words are cut.

    Attributes:
        per_word: subwords of a word in running text, the mean.
        unknown: the share of the unknown token among them, 0..1, each word cut by itself.
    """

    per_word: float
    unknown: float


def count_subwords(encoder: WordEncoder, corpus: Corpus) -> Subwords:
    """Cuts a text, and counts.

    Args:
        encoder: with the backbone's tokenizer.
        corpus: the text.
    """
    encoded = encoder.encode(corpus, keep=False)
    sizes = np.diff(encoded.piece_offsets)  # of every distinct word
    upto = np.concatenate([[0], np.cumsum(encoded.pieces == encoder.running.unknown_id)])
    unknown = np.diff(upto[encoded.piece_offsets])
    share = unknown[encoded.types].sum() / sizes[encoded.types].sum()
    return Subwords(float(encoded.lengths.sum() / len(corpus.words)), float(share))
