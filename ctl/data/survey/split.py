"""The facts about one split: its size, its entities, and what stands in it twice or in another split as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ctl.arrays import Ints
from ctl.data.corpus import Corpus
from ctl.data.tags import TagSchema


@dataclass(frozen=True)
class SplitFacts:
    """Describes a split.

    Attributes:
        path: its file or folder.
        how: the way in which that is read.
        sentences: how many there are.
        words: how many there are.
        longest: words of the longest sentence.
        repaired: tags, entities and distinct words that were put right while reading.
        duplicates: sentences that are repeated in the split, word for word, without their first place.
        seen: sentences that stand in another split of the language, by that split; each pair is there once.
        entities: how many there are by type; ``None`` in raw text.
        notes: what was repaired or noticed while reading.
    """

    path: str
    how: str
    sentences: int
    words: int
    longest: int
    repaired: int
    duplicates: int
    seen: Mapping[str, int]
    entities: Mapping[str, int] | None
    notes: tuple[str, ...]

    @property
    def labelled(self) -> bool:
        """Tells whether there are tags, with an entity among them."""
        return bool(self.entities)


def describe(corpus: Corpus, path: str, how: str, sentences: Ints, before: Mapping[str, Ints]) -> SplitFacts:
    """Describes a split that was read.

    Args:
        corpus: the split.
        path: where it was read.
        how: the way in which it was read.
        sentences: the fingerprints of its sentences (S).
        before: those of the language's splits that come before it, by split.
    """
    return SplitFacts(
        path=path,
        how=how,
        sentences=len(corpus),
        words=len(corpus.words),
        longest=int(np.diff(corpus.offsets).max()),
        repaired=corpus.repaired,
        duplicates=len(sentences) - len(np.unique(sentences)),
        seen={split: int(np.isin(sentences, others).sum()) for split, others in before.items()},
        entities=count_entities(corpus),
        notes=corpus.notes,
    )


def fingerprints(corpus: Corpus) -> Ints:
    """Numbers that are the same for the same words (S), in one process."""
    return np.fromiter(map(hash, corpus.sentences()), dtype=np.int64, count=len(corpus))


def count_entities(corpus: Corpus) -> dict[str, int] | None:
    """Counts the entities of each type that there is; ``None`` for raw text."""
    if corpus.tags is None or corpus.schema is None:
        return None
    counts = np.bincount(corpus.tags, minlength=len(corpus.schema))
    by_type = {name: int(counts[TagSchema.begin(kind)]) for kind, name in enumerate(corpus.schema.types)}
    return {name: count for name, count in by_type.items() if count}
