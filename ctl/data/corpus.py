"""A corpus: words in one flat sequence, so that a word's index is its address in tags and soft labels alike."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ctl.data.tags import TagIds, TagSchema
from ctl.data.words import Words
from ctl.errors import CTLError
from ctl.system.files import fingerprint, fingerprint_stream


@dataclass(frozen=True)
class Corpus:
    """Sentences of one language and split, laid end to end.

    Attributes:
        name: where it comes from, e.g. ``"de/test"``; it names the corpus in messages.
        words: all words of all sentences, in order (W); a list, or on disk.
        offsets: first word of every sentence, and W as the last entry (S + 1).
        tags: BIO2 tag ids under ``schema`` (W), or ``None`` for raw text.
        schema: the entity types of ``tags``.
        notes: what was repaired or noticed while reading, one line each.
        left_out: sentences that were left out, as they stand in other text.
        repaired: tags, entities and distinct words that were put right while reading.
    """

    name: str
    words: Sequence[str]
    offsets: npt.NDArray[np.int64]
    tags: TagIds | None = None
    schema: TagSchema | None = None
    notes: tuple[str, ...] = field(default=())
    left_out: int = 0
    repaired: int = 0

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __repr__(self) -> str:
        tags = "raw text" if self.schema is None else f"tags of {', '.join(self.schema.types) or 'no type'}"
        return f"Corpus({self.name}: {len(self):,} sentences, {len(self.words):,} words, {tags})"

    @property
    def language(self) -> str:
        """The language, the part of the name before the split."""
        return self.name.rpartition("/")[0]

    def sentence(self, index: int) -> list[str]:
        """The words of one sentence."""
        return list(self.words[int(self.offsets[index]) : int(self.offsets[index + 1])])

    @cached_property
    def numbered(self) -> Words:
        """The words as numbers of distinct words."""
        return self.words if isinstance(self.words, Words) else Words.of(self.words)

    def raw(self) -> Corpus:
        """Returns this text without tags: all that training may see of the target's train and validation splits."""
        return replace(self, tags=None, schema=None)

    def head(self, limit: int | None) -> Corpus:
        """The first ``limit`` sentences."""
        if limit is None or limit >= len(self):
            return self
        end = int(self.offsets[limit])
        tags = None if self.tags is None else self.tags[:end]
        return replace(self, words=self.numbered.head(end), offsets=self.offsets[: limit + 1], tags=tags)

    def sentences(self) -> Iterator[tuple[str, ...]]:
        """Gives the words of every sentence."""
        words = iter(self.words)
        for length in np.diff(self.offsets).tolist():
            yield tuple(itertools.islice(words, length))

    def without(self, other: Corpus) -> Corpus:
        """Leaves out the sentences that stand word for word in other text; a note says how many.

        Raises:
            CTLError: none is left.
        """
        mine = list(self.sentences())
        shared = set(mine).intersection(other.sentences())
        kept = np.array([sentence not in shared for sentence in mine])
        left_out = len(mine) - int(kept.sum())
        note = f"{self.name}: {left_out:,} of {len(mine):,} sentences stand word for word in {other.name}: left out"
        if left_out == len(mine):
            raise CTLError(note)
        return replace(self.only(kept), notes=(*self.notes, note), left_out=left_out)

    def draw(self, count: int, seed: int | None = None) -> Corpus:
        """Draws some of the sentences, in the order of the text; its name decides which, and a seed where one is given.

        A smaller draw is part of a larger one.
        """
        kept = np.zeros(len(self), dtype=bool)
        decides = [*([] if seed is None else [seed]), *self.name.encode()]
        kept[np.random.default_rng(decides).permutation(len(self))[:count]] = True
        return self.only(kept)

    def only(self, kept: npt.NDArray[np.bool_]) -> Corpus:
        """The sentences that are marked (S)."""
        lengths = np.diff(self.offsets)
        words = np.repeat(kept, lengths)  # (W)
        return replace(
            self,
            words=Words.of(itertools.compress(self.words, words)),
            offsets=np.concatenate([[0], np.cumsum(lengths[kept])]).astype(np.int64),
            tags=None if self.tags is None else self.tags[words],
        )

    def project(self, schema: TagSchema, type_map: Mapping[str, str | None] | None = None) -> Corpus:
        """Returns this text with its tags under another schema; types are matched by name.

        Args:
            schema: the task's types. A type outside it becomes O, which a note reports.
            type_map: other names for this corpus's types; ``None`` or ``"O"`` makes a type O on purpose.

        Raises:
            CTLError: there are entities here, and not one of their types is the task's.
        """
        if self.tags is None or self.schema is None:
            return self
        renamed = {kind: (type_map or {}).get(kind, kind) for kind in self.schema.types}
        indices = {kind: schema.types.index(new) if new in schema.types else None for kind, new in renamed.items()}
        if self.schema.types and all(index is None for index in indices.values()):
            raise CTLError(
                f"{self.name}: its entity types {list(self.schema.types)} and the task's {list(schema.types)} have "
                "none in common: set data.types to the task's, or name their counterparts in data.type_map"
            )
        table = np.zeros(len(self.schema), dtype=np.int16)
        notes = []
        for old, (kind, index) in enumerate(indices.items()):
            if index is not None:
                table[[schema.begin(old), schema.inside(old)]] = schema.begin(index), schema.inside(index)
            count = int((self.tags == schema.begin(old)).sum())
            if index is None and renamed[kind] not in (None, "O"):
                notes.append(f"{self.name}: type {kind} ({count:,} entities) is outside the task's types and read as O")
            elif renamed[kind] != kind:
                notes.append(f"{self.name}: type {kind} ({count:,} entities) read as {renamed[kind] or 'O'}")
        lacking = [kind for kind in schema.types if kind not in renamed.values()]
        if lacking:
            notes.append(f"{self.name}: has no entities of type {', '.join(lacking)}")
        same = self.schema == schema and (table == np.arange(len(table))).all()
        tags = self.tags if same else table[self.tags]  # what is the same stays on disk
        return replace(self, tags=tags, schema=schema, notes=(*self.notes, *notes))

    @cached_property
    def fingerprint_with_tags(self) -> str:
        """The fingerprint of words, sentence boundaries and tags, where there are some."""
        return fingerprint(self.fingerprint, b"" if self.tags is None else self.tags.tobytes())

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (16 hex digits) of words and sentence boundaries; tags do not enter."""
        offsets = np.ascontiguousarray(self.offsets, dtype=np.int64)
        return fingerprint_stream((offsets.data, *self.numbered.parts()))


def draw_evenly(corpora: Sequence[Corpus]) -> list[Corpus]:
    """Draws as many sentences in all as the smallest of these texts has, from each the same number.

    What can't be shared out goes to the first texts, one sentence each. Every text has an order of its own, which its
    name alone decides: a draw is the same in every run, and a smaller one is part of a larger one.

    Raises:
        CTLError: the smallest text has fewer sentences than there are texts.
    """
    smallest = min(corpora, key=len)
    if len(smallest) < len(corpora):
        raise CTLError(f"{smallest.name}: {len(smallest)} sentences, too few to draw as many from {len(corpora)} texts")
    share, rest = divmod(len(smallest), len(corpora))
    return [corpus.draw(share + (number < rest)) for number, corpus in enumerate(corpora)]


def draw_at_most(corpora: Sequence[Corpus], most: int) -> list[Corpus]:
    """Draws about ``most`` sentences in all where these texts have more, from each the same share, at least one."""
    total = sum(map(len, corpora))
    return list(corpora) if total <= most else [corpus.draw(max(1, len(corpus) * most // total)) for corpus in corpora]
