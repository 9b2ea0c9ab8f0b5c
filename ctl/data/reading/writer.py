"""Sentences to a corpus, in memory or in a folder, whatever file they come from."""

from __future__ import annotations

import re
from codecs import lookup
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ctl.data.corpus import Corpus
from ctl.data.reading.form import Form
from ctl.data.reading.spans import repair_notes
from ctl.data.tag_schemes import UnknownTag, codes_to_bio2
from ctl.data.tags import TagIds
from ctl.data.words import Column, WordsWriter
from ctl.errors import CTLError
from ctl.system.files import reserve

Place = int | str  # a line of the file, or what a message calls it
LONG = 500  # words that no sentence has
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
UNSEEN = re.compile("[\u200b\u2060\ufeff]")  # spaces without a width; joiners, which change letters, are none


class CorpusWriter:
    """Makes a corpus of sentences as they come; only its distinct words are in memory, where there is a folder.

    Args:
        name: of the corpus.
        form: how words are written.
        folder: where the corpus is kept, memory-mapped; ``None`` for in memory.
        sentence_end: what may be missing in the file where a sentence is very long.
    """

    def __init__(
        self, name: str, form: Form, folder: Path | None, sentence_end: str = "empty line after sentences"
    ) -> None:
        self.name = name
        self.form = form
        self.folder = folder
        self.sentence_end = sentence_end
        self.words = WordsWriter(folder, form.normalization)
        self._names: dict[str, int] = {}
        self._seen: dict[str, Place] = {}  # where each tag was seen first
        self._codes, self._ends = Column(folder and folder / "codes", "i"), Column(folder and folder / "offsets", "q")
        self._ends.add((0,))
        self._longest = 0

    def code(self, tag: str, place: Place) -> int:
        """The number of a tag, which is seen at this place."""
        if (code := self._names.get(tag)) is None:
            code = self._names[tag] = len(self._names)
            self._seen[tag] = place
        return code

    def add(self, words: Sequence[str], tags: Sequence[str] | None, place: Place) -> None:
        """Appends a sentence of one word or more, with the tags of its words where it has some."""
        self.add_numbers(list(map(self.words.number, words)), [self.code(tag, place) for tag in tags or ()])

    def add_numbers(self, words: Sequence[int], codes: Sequence[int]) -> None:
        """Appends a sentence whose words and tags are numbers already."""
        self.words.add(words)
        self._codes.add(codes)
        self._ends.add((len(self.words),))
        self._longest = max(self._longest, len(words))

    def close(
        self,
        source: object,
        notes: Sequence[str] = (),
        skip: int = 0,
        hint: str = "",
        repairs: Counter[str] | None = None,
    ) -> Corpus:
        """Gives the corpus.

        Args:
            source: the file, for messages.
            notes: what was noticed while it was read.
            skip: letters at the head of every word that are left out.
            hint: what to do where a tag is none.
            repairs: entities that could not be read as they are, by what was done.

        Raises:
            CTLError: there is no sentence, or a tag is none.
        """
        if not len(self.words):
            raise CTLError(f"{source}: no sentences")
        repairs = repairs or Counter()
        notes = [*notes, *repair_notes(repairs), *self._notes()]
        repaired = repairs.total() + len(self.words.respelled)
        text, offsets, codes = self.words.close(skip), self._ends.close(), self._codes.close()
        if not len(codes):
            return Corpus(self.name, text, offsets, notes=self._named(notes), repaired=repaired)
        try:
            reading = codes_to_bio2(codes, list(self._names), offsets, partial(_room, self.folder))
        except UnknownTag as error:
            place = self._seen[error.tag]
            raise CTLError(f"{f'{source}:{place}' if isinstance(place, int) else place}: {error}{hint}") from None
        named = self._named([*notes, *reading.notes])
        repaired += reading.repaired
        return Corpus(self.name, text, offsets, reading.tags, reading.schema, named, repaired=repaired)

    def _notes(self) -> list[str]:
        notes = []
        if respelled := len(self.words.respelled):
            notes.append(
                f"letters in parts composed and soft hyphens left out ({self.form.normalization}) in {respelled:,} "
                f"distinct word{'s' if respelled > 1 else ''}"
            )
        notes += unusual(self.words.numbers, self.form.encoding)
        if self._longest > LONG:
            notes.append(
                f"a sentence of {self._longest:,} words: is there no {self.sentence_end}? It is cut into "
                "windows for training"
            )
        return notes

    def _named(self, notes: Sequence[str]) -> tuple[str, ...]:
        return tuple(f"{self.name}: {note}" for note in notes)


def unusual(words: Iterable[str], encoding: str) -> Iterator[str]:
    """Says what in words is hardly meant: letters of another encoding, control characters, unseen characters.

    Args:
        words: distinct ones.
        encoding: in which they were read.
    """
    if lookup(encoding).name != "utf-8" and _are_utf8(words, encoding):
        yield f"all letters would be UTF-8, too: is {encoding} the encoding of this file?"
    odd = [word for word in words if not word.isprintable()]
    for characters, kind, advice in ((CONTROL, "control", "is the encoding another?"), (UNSEEN, "unseen", "they stay")):
        if several := [word for word in odd if characters.search(word)]:
            yield f"{kind} characters in {len(several):,} distinct words, {several[0]!a} say: {advice}"


def _are_utf8(words: Iterable[str], encoding: str) -> bool:
    """Tells whether all words with other letters than those of ASCII, of which there are some, are UTF-8 as well."""
    others = [word for word in words if not word.isascii()]
    try:
        return bool(others) and all(word.encode(encoding).decode("utf-8") for word in others)
    except UnicodeError:
        return False


def _room(folder: Path | None, count: int) -> TagIds:
    """Room for tags: in memory, or in a file."""
    if folder is None:
        return np.zeros(count, dtype=np.int16)
    tags = np.memmap(folder / "tags", np.int16, "w+", shape=count)
    reserve(folder / "tags")  # a map of a full disk would end the process
    return tags
