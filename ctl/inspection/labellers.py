"""Labellers of a text, teachers, mixtures and students, and measures of their distributions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, get_args

import numpy as np

from ctl.arrays import Bools, Floats
from ctl.data.corpus import Corpus
from ctl.data.soft_labels import SoftLabelStore
from ctl.data.tags import TagIds
from ctl.errors import CTLError
from ctl.inspection.stores import Role, role_of, sentence_weights

MEAN = "mean of teachers"


@dataclass(frozen=True)
class Labels:
    """The soft labels of one labeller.

    Attributes:
        name: as in results: ``direct:en``, ``ensemble:learned``, ``student:learned``.
        role: teacher, mixture or student.
        probs: distributions (W, C), each summing to one.
        identity: what the manifest of its store says of it.
        weights: of a mixture, for the sources in its identity: one row (1, K), or one for each sentence (S, K).
        labelled: tells which words it labels (W); ``None`` where it labels all. The rows of the others say nothing.
    """

    name: str
    role: Role
    probs: Floats
    identity: Mapping[str, Any]
    weights: Floats | None = None
    labelled: Bools | None = None

    @cached_property
    def answered(self) -> Bools:
        """Tells on which words it gave an answer (W)."""
        return np.ones(len(self.probs), dtype=bool) if self.labelled is None else self.labelled

    @cached_property
    def tags(self) -> TagIds:
        """The most probable tags (W); O where it gave no answer."""
        return np.asarray(np.where(self.answered, self.probs.argmax(-1), 0))

    @cached_property
    def entropy(self) -> Floats:
        """Entropy of each distribution in nats (W): 0 where one tag is certain, log C where all are equally likely.

        It is not a number (NaN) where it gave no answer.
        """
        return np.asarray(np.where(self.answered, entropy(self.probs), np.nan), dtype=np.float32)

    def rows(self, words: slice) -> Floats:
        """The distributions of some words (n, C); NaN where it gave no answer."""
        return np.asarray(np.where(self.answered[words, None], self.probs[words], np.nan), dtype=np.float32)


def entropy(probs: Floats) -> Floats:
    """Entropy of distributions (..., C) in nats (...)."""
    return np.asarray(-(probs * np.log(np.clip(probs, 1e-12, None))).sum(-1), dtype=np.float32)


def spread(distributions: Sequence[Floats], answered: Sequence[Bools] = ()) -> Floats:
    r"""Jensen-Shannon divergence of K distributions in nats, :math:`H(\bar p) - \frac1K \sum_k H(p_k)` (W).

    Lin, IEEE Trans. Inf. Theory 1991 (doi 10.1109/18.61115). It is at most log K, and zero for one labeller alone.
    A labeller counts on the words on which it gave an answer.

    Args:
        distributions: of K labellers, each (W, C).
        answered: tells on which words each gave an answer, each (W); on all by default.

    Raises:
        CTLError: there are none.
    """
    if not distributions:
        raise CTLError("no soft labels of teachers here: a disagreement needs some")
    shares = _shares(answered or [np.ones(len(probs), dtype=bool) for probs in distributions])
    within = np.sum([own * entropy(probs) for own, probs in zip(shares, distributions, strict=True)], axis=0)
    return np.asarray(np.maximum(entropy(_mean(distributions, shares)) - within, 0), dtype=np.float32)


def divergence(labellers: Sequence[Labels]) -> Floats:
    """The `spread` of K labellers on every word in nats (W)."""
    return spread([labels.probs for labels in labellers], [labels.answered for labels in labellers])


def _shares(answered: Sequence[Bools], weights: Floats | None = None) -> Floats:
    """The shares of K labellers in a mean, word by word (K, W): by weights (K), among those who gave an answer."""
    given = np.array(answered, dtype=np.float32)
    given = given if weights is None else given * weights[:, None]
    return np.asarray(given / np.maximum(given.sum(0), 1e-12))


def _mean(distributions: Sequence[Floats], shares: Floats) -> Floats:
    """The mean of distributions (W, C) with these shares (K, W); zero where nobody gave an answer."""
    weighed = [own[:, None] * probs for own, probs in zip(shares, distributions, strict=True)]
    return np.asarray(np.sum(weighed, axis=0), dtype=np.float32)


def read_labellers(stores: Sequence[SoftLabelStore], corpus: Corpus, limit: int | None) -> dict[str, Labels]:
    """Reads labellers by name: teachers, then mixtures, then students.

    Args:
        stores: of one text.
        corpus: the text.
        limit: only so many of its first sentences.
    """
    labellers = [_labels(store, corpus, limit) for store in stores]
    return _by_name(sorted(labellers, key=lambda labels: get_args(Role).index(labels.role)))


def _labels(store: SoftLabelStore, corpus: Corpus, limit: int | None) -> Labels:
    identity, weights = store.manifest["teacher"], None
    if "weights" in identity:
        by_sentence = sentence_weights(store, corpus)
        weights = np.array([identity["weights"]], dtype=np.float32) if by_sentence is None else by_sentence[:limit]
    words = slice(0, len(corpus.head(limit).words))
    labelled = None if store.labelled is None or store.labelled[words].all() else np.array(store.labelled[words])
    return Labels(identity["method"], role_of(identity), store.rows(words), identity, weights, labelled)


def of_role(labellers: Iterable[Labels], role: str) -> list[Labels]:
    """Picks the labellers of a role."""
    return [labeller for labeller in labellers if labeller.role == role]


def _by_name(labellers: Sequence[Labels]) -> dict[str, Labels]:
    """Gives labellers by name; those of one name, from several runs, are numbered."""
    named: dict[str, Labels] = {}
    for labels in labellers:
        same = sum(other.name.partition(" (")[0] == labels.name for other in named.values())
        name = f"{labels.name} ({same + 1})" if same else labels.name
        named[name] = replace(labels, name=name)
    return named


def with_mean(labellers: dict[str, Labels]) -> dict[str, Labels]:
    """Adds the teachers' mean, if there are several teachers and no mixture."""
    teachers = of_role(labellers.values(), "teacher")
    if len(teachers) < 2 or of_role(labellers.values(), "mixture"):
        return labellers
    students = {student.name: student for student in of_role(labellers.values(), "student")}
    return {**{teacher.name: teacher for teacher in teachers}, MEAN: mean_of(teachers), **students}


def mean_of(teachers: Sequence[Labels]) -> Labels:
    """Mixes teachers evenly; on each word those count that gave an answer."""
    sources = [",".join(teacher.identity["sources"]) for teacher in teachers]
    weights = np.full((1, len(teachers)), 1 / len(teachers), dtype=np.float32)
    prints = [teacher.identity["fingerprint"] for teacher in teachers]
    identity = {"method": MEAN, "sources": sources, "teachers": prints, "weights": weights[0].tolist()}
    return mix(teachers, weights, identity)


def mix(teachers: Sequence[Labels], weights: Floats, identity: Mapping[str, Any]) -> Labels:
    """Mixes teachers; on each word those count that gave an answer.

    Args:
        teachers: K of them.
        weights: one for each (1, K).
        identity: of the mixture.
    """
    shares = _shares([teacher.answered for teacher in teachers], weights[0])
    labelled = np.asarray(shares.any(0))
    probs = _mean([teacher.probs for teacher in teachers], shares)
    probs[~labelled] = 1 / probs.shape[-1]
    return Labels(identity["method"], "mixture", probs, identity, weights, None if labelled.all() else labelled)
