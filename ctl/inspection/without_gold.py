"""Models on text without gold tags: what they find, how well they agree, and how that compares with the sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ctl.data.corpus import Corpus
from ctl.data.soft_labels import SoftLabelStore
from ctl.data.tags import TagIds, TagSchema, span_ends
from ctl.inspection.stores import Role, role_of
from ctl.mixing.answers import most_probable
from ctl.weighting import NO_ANSWER, agreement

Agreed = npt.NDArray[np.float64]  # (K, K)
THOUSAND = 1000  # words, for which entities are counted
MUCH = 2.0  # times as many entities as every source has, or as few
LEAST = 10  # entities that a difference must be of, to be more than chance


@dataclass(frozen=True)
class Findings:
    """The entities of a text, as a model found them or as its gold tags say.

    Attributes:
        name: of the model, ``student:learned``, or of the text, ``en/train``.
        role: teacher, mixture, student; or gold.
        words: how many the model has labelled, the others do not count.
        coverage: the share of the sentences with such words that have an entity.
        labelled: the share of the words of the text that the model has labelled.
        rates: entities of every type for a thousand words.
    """

    name: str
    role: Role | str
    words: int
    coverage: float
    labelled: float
    rates: dict[str, float]

    @classmethod
    def of(
        cls,
        name: str,
        role: Role | str,
        tags: TagIds,
        offsets: npt.NDArray[np.int64],
        schema: TagSchema,
    ) -> Findings:
        """Counts the entities of a text.

        Args:
            name: of the model or the text.
            role: of the model; gold for gold tags.
            tags: of all words (W); `NO_ANSWER` where the model gave none.
            offsets: the first word of every sentence, and W (S + 1).
            schema: of the tags.
        """
        answered = tags != NO_ANSWER
        tags = np.where(answered, tags, 0)
        words, sentences = int(answered.sum()), int(np.logical_or.reduceat(answered, offsets[:-1]).sum())
        ends = span_ends(torch.from_numpy(tags.astype(np.int64)), torch.from_numpy(np.diff(offsets))).numpy()  # (W)
        begins = np.flatnonzero(ends >= 0)
        counts = np.bincount(schema.type_of(tags[begins].astype(np.int64)), minlength=len(schema.types))
        covered = np.unique(np.searchsorted(offsets, begins, side="right"))
        rates = {
            kind: THOUSAND * float(count) / max(words, 1) for kind, count in zip(schema.types, counts, strict=True)
        }
        return cls(name, role, words, len(covered) / max(sentences, 1), words / len(tags), rates)

    @classmethod
    def of_store(cls, store: SoftLabelStore) -> Findings:
        """Counts the entities that the most probable tags of a store make."""
        identity = store.manifest["teacher"]
        tags = np.concatenate([part[0] for part in most_probable([store])])
        return cls.of(identity["method"], role_of(identity), tags, store.offsets, store.schema)

    @classmethod
    def of_gold(cls, corpus: Corpus) -> Findings:
        """Counts the entities of a labelled text."""
        assert corpus.tags is not None and corpus.schema is not None
        return cls.of(corpus.name, "gold", np.asarray(corpus.tags), corpus.offsets, corpus.schema)


def agreements(stores: Sequence[SoftLabelStore]) -> Agreed:
    """The agreement of every two of K stores of one text (K, K), see `ctl.weighting.agreement`."""
    return agreement(most_probable(stores))


def mean_agreement(agreed: Agreed, one: int, others: Sequence[int]) -> float | None:
    """The mean agreement of a model with others, itself left out; ``None`` where there are no others.

    Args:
        agreed: of every two models (K, K).
        one: the place of the model.
        others: their places.
    """
    rows = [float(agreed[one, other]) for other in others if other != one]
    return sum(rows) / len(rows) if rows else None


def differences(findings: Findings, sources: Sequence[Findings]) -> Iterator[str]:
    """Says where a model finds far more or far fewer entities of a type than the gold tags of every source have.

    Languages and kinds of text differ, so it takes twice as many, or half, and more than a few entities.
    """
    for kind, rate in findings.rates.items() if sources else ():
        known = [source.rates.get(kind, 0.0) for source in sources]
        least, most = min(known), max(known)
        far = rate > MUCH * most or rate < least / MUCH
        if far and max(rate, least) * findings.words / THOUSAND >= LEAST:
            yield (
                f"{findings.name} finds {rate:.1f} {kind} in a thousand words, where the sources have {_range(known)}: "
                "is it other text, or does the model fail on it? `ctl inspect` shows its sentences"
            )


def _range(values: Sequence[float]) -> str:
    least, most = f"{min(values):.1f}", f"{max(values):.1f}"
    return least if least == most else f"{least} to {most}"


def as_record(findings: Findings, agreed: Mapping[str, float]) -> dict[str, object]:
    """Findings and agreements as plain values, with the digits that matter."""
    return {
        "name": findings.name,
        "role": findings.role,
        "words": findings.words,
        "coverage": round(findings.coverage, 4),
        "labelled": round(findings.labelled, 4),
        "per_thousand_words": {kind: round(rate, 2) for kind, rate in findings.rates.items()},
        "agreement": {name: round(float(share), 4) for name, share in agreed.items()},
    }
