"""Inference of the truth: expectation and maximisation over the answers of several teachers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from ctl.arrays import Bools, Doubles
from ctl.mixing.answers import Answers
from ctl.mixing.chain import Chain, beginnings, legal_steps
from ctl.mixing.truth import IMPOSSIBLE, Truth, evidence_of

PRIOR = 1.0  # counts that every cell of every table has before any text is read (Rahimi et al.: a flat Dirichlet)
ROUNDS = 200  # of EM, at most
TOLERANCE = 1e-6  # in nats a word: EM ends where a round gains less


class Counts(NamedTuple):
    """Holds expected counts over a text.

    Attributes:
        first: sentences that begin with each tag (C).
        steps: pairs of a tag (row) and the next (column) (C, C).
        confusions: each teacher's answers (column) by the true tag (row) (K, C, C).
        tags: words with each true tag (C).
        log_likelihood: of the answers, in nats.
    """

    first: Doubles
    steps: Doubles
    confusions: Doubles
    tags: Doubles
    log_likelihood: float

    def plus(self, other: Counts) -> Counts:
        """Adds the counts of more text."""
        return Counts(
            self.first + other.first,
            self.steps + other.steps,
            self.confusions + other.confusions,
            self.tags + other.tags,
            self.log_likelihood + other.log_likelihood,
        )

    def fitted(self, prior: float, legal: tuple[Bools, Bools], rounds: int) -> Truth:
        """Gives the model in which these counts are most likely, every possible cell seen ``prior`` times more."""
        words = max(float(self.tags.sum()), 1.0)
        return Truth(
            chain=Chain(_rows(self.first + prior * legal[0]), _rows(self.steps + prior * legal[1])),
            confusions=_rows(self.confusions + prior),
            frequencies=_rows(self.tags),
            words=round(self.tags.sum()),
            rounds=rounds,
            log_likelihood=self.log_likelihood / words,
        )


def fit_truth(
    read: Callable[[], Iterable[Answers]],
    *,
    prior: float = PRIOR,
    rounds: Iterable[int] = range(1, ROUNDS + 1),
    tolerance: float = TOLERANCE,
    follow: Callable[[int, float], None] = lambda done, objective: None,
) -> Truth:
    """Fits a model of the truth to the answers of several teachers, by expectation and maximisation.

    It begins where all teachers are believed alike: the truth is the mean of their distributions. The prior is a
    Dirichlet distribution on every row of every table, with ``prior`` counts in each cell that BIO2 allows.

    Args:
        read: gives all answers, part by part, whole sentences in each; it is called once a round, so that the text
            need not be in memory.
        prior: counts in every cell before any text; 0 for maximum likelihood.
        rounds: their numbers, at most so many are taken.
        tolerance: the gain of a round in nats a word below which it is the last.
        follow: is told the number of each round, and what it has reached: log-likelihood and log-prior, in nats.

    Raises:
        ValueError: there are no answers.
    """
    counts = _total(_of_mean(part) for part in read())
    legal = legal_steps(len(counts.tags))
    reached = -np.inf
    for done in rounds:
        model = counts.fitted(prior, legal, done)
        counts = _total(_expected(model, part) for part in read())
        objective = counts.log_likelihood + _log_prior(model, prior, legal)
        follow(done, objective)
        if objective - reached < tolerance * counts.tags.sum():
            break
        reached = objective
    return counts.fitted(prior, legal, done)


def _of_mean(answers: Answers) -> Counts:
    """Counts as if the truth of each word were the mean of its teachers' answers, whatever its neighbours are."""
    each, lengths = answers.each.astype(np.float64), answers.lengths
    tags = _rows(each.sum(0))
    begins = beginnings(lengths)
    follows = np.ones(len(tags), dtype=bool)
    follows[begins] = False
    before = tags[np.flatnonzero(follows) - 1]
    first, steps = legal_steps(tags.shape[1])
    return Counts(tags[begins].sum(0) * first, (before.T @ tags[follows]) * steps, tags.T @ each, tags.sum(0), 0.0)


def _expected(model: Truth, answers: Answers) -> Counts:
    """Counts of what the model expects the truth to be."""
    each = answers.each.astype(np.float64)
    tags, first, steps, log_likelihood = model.chain.smooth(evidence_of(model.confusions, each), answers.lengths)
    return Counts(first, steps, tags.T @ each, tags.sum(0), log_likelihood)


def _total(parts: Iterable[Counts]) -> Counts:
    total: Counts | None = None
    for part in parts:
        total = part if total is None else total.plus(part)
    if total is None:
        raise ValueError("the truth can't be inferred from no text")
    return total


def _log_prior(model: Truth, prior: float, legal: tuple[Bools, Bools]) -> float:
    """Gives the logarithm of the prior of a model, less what is the same for all models."""
    if not prior:
        return 0.0
    cells = (model.chain.first[legal[0]], model.chain.steps[legal[1]], model.confusions)
    return prior * float(sum(np.log(np.maximum(values, IMPOSSIBLE)).sum() for values in cells))


def _rows(counts: Doubles) -> Doubles:
    """Scales rows (..., C) to sum to one; a row without counts is even."""
    total = counts.sum(-1, keepdims=True)
    even = np.full_like(counts, 1 / counts.shape[-1])
    return np.asarray(np.divide(counts, total, out=even, where=total > 0))
