"""Truth inference: how reliable each teacher is, tag by tag, from nothing but their answers on raw text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ctl.arrays import Bools, Doubles, Floats
from ctl.data.tags import TagSchema
from ctl.mixing.answers import Answers
from ctl.mixing.chain import Chain

IMPOSSIBLE = 1e-300  # in place of a probability of zero, whose logarithm is no number


@dataclass(frozen=True)
class Truth:
    """A model of the true tags of a text and of the teachers that answer for its words.

    The true tags are a Markov chain. Each teacher has a confusion matrix: the probabilities of its answers given the
    true tag. Given the true tags, teachers and words are independent (Dawid and Skene, Applied Statistics 1979, doi
    10.2307/2346806; for the transfer between languages Rahimi et al., ACL 2019, doi 10.18653/v1/P19-1015).

    An answer is a distribution, and it counts as so many parts of each tag: its log-likelihood under a true tag is the
    mean of the logarithms of the confusion matrix's row. So a sure answer is what a hard tag is in Dawid and Skene, a
    teacher that is unsure says little, and EM still never lowers its objective.

    Attributes:
        chain: of the true tags.
        confusions: each teacher's answers (column) by the true tag (row) (K, C, C); every row sums to one.
        frequencies: the share of each true tag among the words that it was fitted to (C).
        words: the number of these words.
        rounds: of EM.
        log_likelihood: of the answers, in nats a word.
    """

    chain: Chain
    confusions: Doubles
    frequencies: Doubles
    words: int
    rounds: int
    log_likelihood: float

    def posterior(self, answers: Answers) -> Doubles:
        """Gives the probabilities of the true tags of each word, from its whole sentence (N, C)."""
        return self.chain.smooth(evidence_of(self.confusions, answers.each), answers.lengths).tags

    def recall(self) -> Doubles:
        """Gives the mean probability with which each teacher answers right, by the true tag (K, C)."""
        return np.asarray(np.diagonal(self.confusions, axis1=1, axis2=2))

    def recall_of_types(self) -> Doubles:
        """Gives the mean probability with which each teacher answers right, by the true type (K, types)."""
        right, every = self.recall()[:, 1:] * self.frequencies[1:], np.maximum(self.frequencies[1:], IMPOSSIBLE)
        return np.asarray((right[:, ::2] + right[:, 1::2]) / (every[::2] + every[1::2]))

    def information(self) -> Doubles:
        """Gives the mutual information of the true tag and each teacher's answer, in nats (K).

        It is zero for a teacher whose answers do not depend on the truth, also for one that says O everywhere.
        """
        joint = self.frequencies[:, None] * self.confusions  # (K, C, C)
        apart = self.frequencies[:, None] * joint.sum(1, keepdims=True)
        logs = np.log(np.maximum(joint, IMPOSSIBLE) / np.maximum(apart, IMPOSSIBLE))
        return np.asarray(np.maximum(np.where(joint > 0, joint * logs, 0).sum((1, 2)), 0))

    def shares(self) -> Floats:
        """Gives each teacher's share in all that they say about the truth (K), for tables that show weights."""
        information = self.information()
        total = information.sum()
        shares = information / total if total > 0 else np.full(len(information), 1 / len(information))
        return np.asarray(shares, dtype=np.float32)


def reliability(truth: Truth, schema: TagSchema, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Gives the mean probability of a right answer by names of teachers and types."""
    return {name: _named(row, schema.types) for name, row in zip(names, truth.recall_of_types(), strict=True)}


def reliability_lines(method: str, identity: Mapping[str, Any]) -> list[str]:
    """Says how probably every teacher gives the right tag, type by type, where a mixture has inferred that.

    Args:
        method: the mixture's name.
        identity: what its record or the manifest of its soft labels says of it.
    """
    return [
        f"{method} infers how often {teacher} is right  "
        + "  ".join(f"{kind} {share:.2f}" for kind, share in shares.items())
        for teacher, shares in (identity.get("reliability") or {}).items()
    ]


def truth_record(truth: Truth, schema: TagSchema, names: Sequence[str], kept: Bools) -> dict[str, Any]:
    """Gives all that was inferred of the teachers that are kept (K), numbers by the names of tags, for JSON."""
    right, tags = reliability(truth, schema, names), schema.tags
    tables = [{tag: _named(row, tags) for tag, row in zip(tags, table, strict=True)} for table in truth.confusions]
    facts = zip(names, truth.shares(), truth.information(), tables, kept, strict=True)
    return {
        "words": truth.words,
        "rounds": truth.rounds,
        "log_likelihood_of_a_word": round(truth.log_likelihood, 4),
        "frequencies": _named(truth.frequencies, tags),
        "first_tag": _named(truth.chain.first, tags),
        "next_tag": {tag: _named(row, tags) for tag, row in zip(tags, truth.chain.steps, strict=True)},
        "teachers": {
            name: {
                "share_of_information": round(float(share), 4),
                "information": round(float(nats), 4),
                "right_by_type": right[name],
                "answers_by_true_tag": table,
            }
            for name, share, nats, table, keep in facts
            if keep
        },
    }


def _named(row: Doubles, names: Sequence[str]) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in zip(names, row, strict=True)}


def evidence_of(confusions: Doubles, each: Floats | Doubles) -> Doubles:
    """Gives the log-likelihood of the teachers' answers (K, N, C) for every word and true tag (N, C)."""
    logs = np.log(np.maximum(confusions, IMPOSSIBLE))  # (K, C, C)
    return np.asarray(sum(own @ log.T for own, log in zip(each.astype(np.float64), logs, strict=True)))
