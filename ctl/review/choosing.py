"""The sentences that people should look at first: where teachers differ, where the student is unsure, and of all kinds.

A sentence counts by its most extreme word, as in ``ctl inspect``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_matrix
from scipy.stats import rankdata

from ctl.arrays import Doubles, Floats, Ints
from ctl.data.corpus import Corpus
from ctl.errors import CTLError


def of_sentences(words: Floats, corpus: Corpus) -> Floats:
    """The largest of a measure's values on the words (W) of each sentence (S)."""
    return np.asarray(np.maximum.reduceat(words, corpus.offsets[:-1]))


def urgency(disagreement: Floats, entropy: Floats) -> Doubles:
    """Says how much a look at each sentence promises (S), 0..1: the mean of its ranks by both measures.

    Ranks, as nats of one are not nats of the other; where all sentences are alike by a measure it does not matter.

    Args:
        disagreement: of the teachers, Jensen-Shannon divergence in nats (S).
        entropy: of the student, in nats (S).
    """
    ranks = [(rankdata(measure) - 1) / max(len(measure) - 1, 1) for measure in (disagreement, entropy)]
    return np.asarray(np.mean(ranks, axis=0))


def choose(corpus: Corpus, urgencies: Doubles, count: int) -> list[int]:
    """Chooses sentences, the first to be looked at first.

    One by one, the sentence is taken whose urgency, times one minus its likeness to the most similar sentence that is
    taken already, is highest: maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998). Likeness is Jaccard's,
    of the sets of words. A sentence that was taken is not taken again in another place of the text.

    Args:
        corpus: the text.
        urgencies: of its sentences (S).
        count: how many.

    Raises:
        CTLError: there are no sentences.
    """
    if not len(corpus):
        raise CTLError(f"{corpus.name}: there are no sentences to look at")
    return [index for index, _ in zip(_in_turn(_sets(corpus), urgencies), range(count), strict=False)]


def _in_turn(sets: csr_matrix, urgencies: Doubles) -> Iterator[int]:
    """Gives sentences in their order, until all that are left are copies of others."""
    sizes, likeness, left = _sizes(sets), np.zeros(len(urgencies)), np.ones(len(urgencies), dtype=bool)
    while left.any():
        values = np.where(left, (urgencies + 1e-9) * (1 - likeness), -1.0)
        index = int(values.argmax())
        yield index
        shared = np.asarray((sets @ sets[index].T).todense()).ravel()
        jaccard = shared / np.maximum(sizes + sizes[index] - shared, 1)
        likeness = np.maximum(likeness, jaccard)
        left &= jaccard < 1
        left[index] = False


def _sets(corpus: Corpus) -> csr_matrix:
    """The words of each sentence, each once (S, V)."""
    numbers: dict[str, int] = {}
    rows = [sorted({numbers.setdefault(word, len(numbers)) for word in words}) for words in corpus.sentences()]
    ends = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    columns = np.concatenate([np.array(row, dtype=np.int64) for row in rows])
    return csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(rows), len(numbers)))


def _sizes(sets: csr_matrix) -> Ints:
    return np.asarray(np.diff(sets.indptr), dtype=np.int64)
