"""A chain of tags: how likely each tag follows another, and what is known of a word once its sentence is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ctl.arrays import Bools, Doubles, Ints
from ctl.data.tags import is_legal

Places = Ints  # of words: one word of each sentence that is long enough


class Smoothed(NamedTuple):
    """Holds what a chain says of some sentences, given what was seen at their words.

    Attributes:
        tags: the probabilities of each word's tags (N, C).
        first: how many sentences begin with each tag, expected (C).
        steps: how often each tag (row) is followed by each (column), expected (C, C).
        log_likelihood: of all that was seen, in nats.
    """

    tags: Doubles
    first: Doubles
    steps: Doubles
    log_likelihood: float


@dataclass(frozen=True)
class Chain:
    """A Markov chain over the C tags of a sentence.

    Attributes:
        first: the probabilities of a sentence's first tag (C).
        steps: the probabilities of the next tag (column) after each tag (row) (C, C).
    """

    first: Doubles
    steps: Doubles

    def smooth(self, evidence: Doubles, lengths: Ints) -> Smoothed:
        """Finds the tags of words, each from its whole sentence, by the forward-backward algorithm.

        Rabiner, Proceedings of the IEEE 1989 (doi 10.1109/5.18626). Evidence is added in logarithms and scaled at every
        word, so nothing underflows in long sentences or with many teachers. All sentences take a step together.

        Args:
            evidence: for every word and tag, the log-likelihood of what was seen there if that were the tag (N, C).
            lengths: the number of words of each sentence (S); they sum to N.
        """
        predicted, filtered = np.empty_like(evidence), np.empty_like(evidence)
        log_likelihood = 0.0
        for step, words in enumerate(_steps(lengths)):
            predicted[words] = filtered[words - 1] @ self.steps if step else self.first
            with np.errstate(divide="ignore"):  # an impossible tag has the logarithm minus infinity
                joint = np.log(predicted[words]) + evidence[words]
            filtered[words], scales = _normalised(joint)
            log_likelihood += float(scales.sum())
        smoothed, pairs = filtered.copy(), np.zeros_like(self.steps)
        for words in reversed(list(_steps(lengths))[1:]):
            gains = np.divide(smoothed[words], predicted[words], out=np.zeros((len(words), len(pairs))),
                              where=predicted[words] > 0)  # fmt: skip
            pairs += filtered[words - 1].T @ gains
            smoothed[words - 1] = filtered[words - 1] * (gains @ self.steps.T)
        return Smoothed(smoothed, smoothed[beginnings(lengths)].sum(0), self.steps * pairs, log_likelihood)


def legal_steps(tags: int) -> tuple[Bools, Bools]:
    """Tells which tags BIO2 allows at the beginning of a sentence (C), and which (column) after each (row) (C, C)."""
    steps = np.array([[is_legal(before, tag) for tag in range(tags)] for before in range(tags)])
    return steps[0], steps  # a sentence begins as if after an O


def beginnings(lengths: Ints) -> Places:
    """Gives the place of the first word of each sentence that has one."""
    return (np.cumsum(lengths) - lengths)[lengths > 0]


def _steps(lengths: Ints) -> Iterator[Places]:
    """Gives the places of all first words, of all second words, and so on, the longest sentence's first."""
    order = np.argsort(-lengths, kind="stable")
    begins, falling = (np.cumsum(lengths) - lengths)[order], -lengths[order]
    for step in range(int(lengths.max(initial=0))):
        yield begins[: np.searchsorted(falling, -step)] + step


def _normalised(logs: Doubles) -> tuple[Doubles, Doubles]:
    """Gives distributions in proportion to the exponentials of these (n, C), and the logarithms of their sums (n)."""
    top = logs.max(-1, keepdims=True)
    odds = np.exp(logs - top)
    total = odds.sum(-1, keepdims=True)
    return odds / total, (top + np.log(total))[:, 0]
