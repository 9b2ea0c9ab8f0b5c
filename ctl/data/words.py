"""Words as numbers: each distinct word is kept once, so that a corpus can stay on disk and be read where it lies."""

from __future__ import annotations

import itertools
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

UnicodeForm = Literal["NFC", "NFKC", "none"]
SOFT_HYPHEN = "\u00ad"  # a place where a word may be broken; it is not seen
AT_ONCE = 1 << 16  # values that are kept before they go to the disk, and distinct words that are decoded together


class Words(Sequence[str]):
    """The words of a text, in memory or memory-mapped; it reads as a list of strings.

    Args:
        ids: which distinct word each word is, numbered by first appearance (W).
        letters: the distinct words end to end, in UTF-8 (surrogates pass).
        ends: where each distinct word ends in ``letters`` (V).
    """

    def __init__(self, ids: npt.NDArray[np.int32], letters: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> None:
        self.ids = ids
        self.letters = letters
        self.ends = ends

    @classmethod
    def of(cls, words: Iterable[str]) -> Words:
        """Makes words of strings, in memory."""
        numbers: dict[str, int] = {}
        ids = array("i", (numbers.setdefault(word, len(numbers)) for word in words))
        return cls.put_together(np.array(ids, dtype=np.int32), map(to_bytes, numbers))

    @classmethod
    def put_together(cls, ids: npt.NDArray[np.int32], distinct: Iterable[bytes]) -> Words:
        """Makes words of their numbers and the distinct words in UTF-8, in memory."""
        distinct = list(distinct)
        ends = np.cumsum([len(word) for word in distinct], dtype=np.int64)
        return cls(ids, np.frombuffer(b"".join(distinct), dtype=np.uint8), ends)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        first = ", ".join([*map(repr, self[:8]), *(["..."] if len(self) > 8 else [])])
        return f"Words({len(self):,} words, {len(self.ends):,} distinct: {first})"

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self.distinct(number) for number in self.ids[index].tolist()]
        return self.distinct(int(self.ids[index]))

    def __iter__(self) -> Iterator[str]:
        distinct = list(itertools.chain.from_iterable(self.vocabulary()))
        for begin in range(0, len(self), AT_ONCE):
            yield from (distinct[number] for number in self.ids[begin : begin + AT_ONCE].tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(str.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    def distinct(self, number: int) -> str:
        """A distinct word by its number."""
        begin = int(self.ends[number - 1]) if number else 0
        return to_text(self.letters[begin : int(self.ends[number])].tobytes())

    def vocabulary(self) -> Iterator[list[str]]:
        """All distinct words, by first appearance, some at a time."""
        begin = 0
        for first in range(0, len(self.ends), AT_ONCE):
            ends = [begin, *self.ends[first : first + AT_ONCE].tolist()]
            letters = self.letters[begin : ends[-1]].tobytes()
            yield [to_text(letters[start - begin : end - begin]) for start, end in itertools.pairwise(ends)]
            begin = ends[-1]

    def head(self, count: int) -> Words:
        """The first words; distinct words that are not among them are left out."""
        ids = np.asarray(self.ids[:count])
        distinct = int(ids.max()) + 1 if len(ids) else 0  # they are numbered by first appearance
        ends = np.asarray(self.ends[:distinct])
        return Words(ids, np.asarray(self.letters[: ends[-1] if distinct else 0]), ends)

    def parts(self) -> Iterator[bytes]:
        """All that they are, as bytes."""
        for values in (self.ids, self.ends, self.letters):
            for begin in range(0, len(values), 16 * AT_ONCE):
                yield np.ascontiguousarray(values[begin : begin + 16 * AT_ONCE]).tobytes()


def plain(word: str, form: UnicodeForm = "NFC") -> str:
    """Writes a word as most texts do: its letters composed, without soft hyphens; ``none`` leaves it as it is."""
    if form == "none" or word.isascii():
        return word
    return unicodedata.normalize(form, word.replace(SOFT_HYPHEN, "")) or word


def to_bytes(word: str) -> bytes:
    """UTF-8; lone surrogates, which UTF-8 has no place for, survive."""
    return word.encode("utf-8", "surrogatepass")


def to_text(letters: bytes) -> str:
    """The reverse of `to_bytes`."""
    return letters.decode("utf-8", "surrogatepass")


class Column:
    """Numbers that come some at a time and go to a file; `close` gives them back.

    Args:
        path: the file; ``None`` to keep them in memory.
        kind: ``i`` for 32 bits, ``q`` for 64.
    """

    def __init__(self, path: Path | None, kind: str) -> None:
        self.path = path
        self.count = 0
        self._file = path.open("wb") if path else None
        self._kept = array(kind)

    def add(self, values: Sequence[int]) -> None:
        """Appends numbers."""
        self._kept.extend(values)
        self.count += len(values)
        if self._file and len(self._kept) >= AT_ONCE:
            self._kept.tofile(self._file)
            del self._kept[:]

    def close(self) -> npt.NDArray[Any]:
        """All numbers; those of a file are memory-mapped."""
        if self._file is None or self.path is None:
            return np.array(self._kept, dtype=self._kept.typecode)
        self._kept.tofile(self._file)
        self._file.close()
        return open_column(self.path, self._kept.typecode)


def open_column(path: Path, kind: str) -> npt.NDArray[Any]:
    """A file of numbers, memory-mapped; a plain array, as slices of `numpy.memmap` are slow to make."""
    return np.asarray(np.memmap(path, dtype=kind, mode="r")) if path.stat().st_size else np.empty(0, dtype=kind)


class WordsWriter:
    """Writes words to a folder as they come; only the distinct ones are in memory meanwhile.

    Args:
        folder: where ``ids``, ``ends`` and ``letters`` are written; ``None`` to keep all in memory.
        form: how words are written (`plain`).

    Attributes:
        numbers: the distinct words as they are written, with their numbers.
        respelled: the distinct words that were written otherwise when they came, with their numbers.
    """

    def __init__(self, folder: Path | None, form: UnicodeForm = "none") -> None:
        self.folder = folder
        self.form = form
        self.numbers: dict[str, int] = {}
        self.respelled: dict[str, int] = {}
        self._ids = Column(folder and folder / "ids", "i")

    def __len__(self) -> int:
        return self._ids.count

    def add(self, numbers: Sequence[int]) -> None:
        """Appends words by their numbers."""
        self._ids.add(numbers)

    def number(self, word: str) -> int:
        """The number of a word, a new one where it is new."""
        number = self.numbers.get(word)
        if number is None and (number := self.respelled.get(word)) is None:
            written = plain(word, self.form)
            number = self.numbers.setdefault(written, len(self.numbers))
            if written != word:
                self.respelled[word] = number
        return number

    def close(self, skip: int = 0) -> Words:
        """All words, each without its first ``skip`` letters."""
        ids = self._ids.close()
        encoded = (to_bytes(word[skip:]) for word in self.numbers)
        if self.folder is None:
            return Words.put_together(ids, encoded)
        ends, end = Column(self.folder / "ends", "q"), 0
        with (self.folder / "letters").open("wb") as file:
            for word in encoded:
                end += file.write(word)
                ends.add((end,))
        ends.close()
        return open_words(self.folder)


def open_words(folder: Path) -> Words:
    """Opens the files of a `WordsWriter`, memory-mapped."""
    return Words(*(open_column(folder / name, kind) for name, kind in (("ids", "i"), ("letters", "B"), ("ends", "q"))))
