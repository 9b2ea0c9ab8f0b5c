"""Opinions and names to distributions: the mean over all who said something of a word."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ctl.arrays import Bools, Floats, Ints
from ctl.data.reading.spans import tag_words
from ctl.data.tags import TagSchema
from ctl.importing.aligning import Match
from ctl.importing.documents import Document, Opinion


@dataclass
class Labels:
    """The sum of what is said of every word of a text.

    Attributes:
        schema: the tags of the task.
        words: how many the text has.
        type_map: other names for types; ``None`` reads a type as O.
        partial: where nobody marks an entity nothing is said, rather than O.
        repairs: entities that could not be read as they are, by what was done.
        outside: entities of types that the task does not have, by type.
        types: entities of the task's types.
    """

    schema: TagSchema
    words: int
    type_map: Mapping[str, str | None] = field(default_factory=dict)
    partial: bool = False
    repairs: Counter[str] = field(default_factory=Counter)
    outside: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._sums = np.zeros((self.words, len(self.schema)), dtype=np.float32)
        self._opinions = np.zeros(self.words, dtype=np.int32)

    @property
    def said(self) -> Bools:
        """Tells of which words something was said (W)."""
        return self._opinions > 0

    def add(self, document: Document, match: Match, bounds: Sequence[int]) -> None:
        """Adds the opinions on a document.

        Args:
            document: the text.
            match: the words of the corpus that stand in it.
            bounds: the places in the match at which sentences begin.
        """
        for opinion in document.opinions:
            tags, sure = self._tags(document.text, opinion, match, bounds)
            rows = np.zeros((len(tags), len(self.schema)), dtype=np.float32)
            rest = 1 - sure
            if opinion.sure:  # of a word's own probability the rest goes to all other tags alike
                rows += (rest / (len(self.schema) - 1))[:, None]
                rows[np.arange(len(tags)), tags] = sure
            else:
                rows[np.arange(len(tags)), tags] = sure
                rows[:, 0] += rest
            self._put(np.array(match.words, dtype=np.int64), rows, tags != 0)

    def _tags(self, text: str, opinion: Opinion, match: Match, bounds: Sequence[int]) -> tuple[Ints, Floats]:
        """The tags of the words of a match (n), and the probability of each (n)."""
        names, sure = ["O"] * len(match.words), np.ones(len(match.words), dtype=np.float32)
        scores = [1.0] * len(opinion.entities) if opinion.scores is None else opinion.scores
        for entity, score in sorted(
            zip(opinion.entities, scores, strict=True), key=lambda pair: (-pair[1], pair[0].start, -pair[0].end)
        ):
            kind = self._kind(entity.type)
            if kind is not None:
                words = tag_words(text, entity._replace(type=kind), match.places, names, self.repairs, bounds)
                sure[words.start : words.stop] = score
        for number, (begin, _) in enumerate(match.places if opinion.sure else ()):
            sure[number] = opinion.sure[_word_at(opinion, begin)]
        order = {tag: number for number, tag in enumerate(self.schema.tags)}
        return np.array([order[name] for name in names], dtype=np.int64), sure

    def _kind(self, name: str) -> str | None:
        """The task's type of an entity; ``None`` where it has none, which is counted."""
        kind = self.type_map.get(name, name)
        if kind in self.schema.types:
            self.types[str(kind)] += 1
            return kind
        if kind not in (None, "O"):
            self.outside[name] += 1
        return None

    def add_name(self, begin: int, end: int, kinds: Sequence[str]) -> None:
        """Adds a name of a gazetteer: its types are equally probable."""
        known = [kind for name in kinds if (kind := self._kind(name)) is not None]
        rows = np.zeros((end - begin, len(self.schema)), dtype=np.float32)
        for kind in known:
            number = self.schema.types.index(kind)
            rows[0, self.schema.begin(number)] += 1 / len(known)
            rows[1:, self.schema.inside(number)] += 1 / len(known)
        if known:
            self._put(np.arange(begin, end), rows, np.ones(end - begin, dtype=bool))

    def add_rest(self) -> None:
        """Says O of every word that nothing was said of, unless only entities are labelled."""
        if not self.partial:
            rest = np.flatnonzero(self._opinions == 0)
            self._sums[rest, 0], self._opinions[rest] = 1, 1

    def _put(self, words: Ints, rows: Floats, marked: Bools) -> None:
        kept = marked if self.partial else np.ones(len(words), dtype=bool)
        self._sums[words[kept]] += rows[kept]
        self._opinions[words[kept]] += 1

    def result(self) -> tuple[Floats, Bools]:
        """The mean of what was said of each word (W, C), uniform where nothing was, and where something was (W)."""
        said = self.said
        probs = np.full_like(self._sums, 1 / len(self.schema))
        probs[said] = self._sums[said] / self._opinions[said, None]
        return probs, said


def _word_at(opinion: Opinion, begin: int) -> int:
    """The word of an opinion at a letter of the text, or the next one."""
    first = bisect_right(opinion.words, begin, key=lambda place: place[1])
    return min(first, len(opinion.words) - 1)
