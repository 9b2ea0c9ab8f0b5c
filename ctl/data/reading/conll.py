"""CoNLL files to corpora: read line by line, in memory or to a folder, every line accounted for."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ctl.data.corpus import Corpus
from ctl.data.tags import TagIds, UnknownTag, codes_to_bio2, is_tag
from ctl.data.words import Column, WordsWriter
from ctl.errors import CTLError

Row = tuple[int, list[str] | None]
SPACES = re.compile(" +")
RANGE = re.compile(r"\d+[-.]\d+")
NAMED = re.compile(r"(?:^|\|)NER=([^|]+)", re.IGNORECASE)
LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]+)*:")


def read_conll(path: Path, name: str, encoding: str = "utf-8", folder: Path | None = None) -> Corpus:
    """Reads a file of one word a line and a blank line between sentences.

    Columns are separated by tabs, or by ASCII spaces in lines without one. The word is the first column and the tag
    the last; in files whose first column counts words (``.conllu``, ``.iob2``) the word is the second and the tag the
    third or, in ten columns, ``NER=`` of the last. Tags may be IOB1, BIO2, BIOES or BILOU. A file of words alone is
    raw text. ``-DOCSTART-`` lines, comments, and WikiANN's ``lang:`` before every word are left out.

    Args:
        path: the file.
        name: of the corpus.
        encoding: how it is written.
        folder: where the corpus is kept, memory-mapped; ``None`` for in memory.

    Raises:
        CTLError: ``path:line: what is wrong``.
    """
    layout = _layout_of(path, partial(_rows, path, encoding))
    words = WordsWriter(folder)
    codes, ends = Column(folder and folder / "codes", "i"), Column(folder and folder / "offsets", "q")
    names: dict[str, int] = {}
    ends.add(last := 0)
    for _, word, tag in _tagged(_rows(path, encoding), layout):
        if word is not None:
            words.add(word)
            codes.add(names.setdefault(tag, len(names)))
        elif len(words) > last:  # a blank line more is no sentence
            ends.add(last := len(words))
    if not last:
        raise CTLError(f"{path}: no sentences")
    prefix = _language_prefix(words.numbers)
    text, offsets, tags = words.close(skip=len(prefix)), ends.close(), codes.close()
    notes: tuple[str, ...] = (f"{name}: {prefix!r} before every word left out",) if prefix else ()
    if layout.tag is None:
        return Corpus(name, text, offsets, notes=notes)
    try:
        reading = codes_to_bio2(tags, list(names), offsets, partial(_room, folder))
    except UnknownTag as error:
        numbers = (number for number, word, _ in _tagged(_rows(path, encoding), layout) if word is not None)
        raise CTLError(f"{path}:{next(itertools.islice(numbers, error.word, None))}: {error}") from None
    notes += tuple(f"{name}: {note}" for note in reading.notes)
    return Corpus(name, text, offsets, reading.tags, reading.schema, notes)


def _room(folder: Path | None, count: int) -> TagIds:
    """Room for tags: in memory, or in a file."""
    return (
        np.zeros(count, dtype=np.int16) if folder is None else np.memmap(folder / "tags", np.int16, "w+", shape=count)
    )


def _tagged(rows: Iterable[Row], layout: _Layout) -> Iterator[tuple[int, str | None, str]]:
    """Line number, word and tag; no word where a sentence ends."""
    at_head = True
    for number, columns in rows:
        if columns is None:
            at_head = True
            yield number, None, "O"
        elif not layout.is_comment(columns, at_head):
            word, tag = layout.read(number, columns)
            if word is not None:
                at_head = False
                yield number, word, tag


def stream_conll(lines: Iterable[str], path: Path) -> Iterator[list[str]]:
    """Words of one sentence after another, as `read_conll` finds them, while the lines still come.

    Args:
        lines: of the file.
        path: its name, for messages.

    Raises:
        CTLError: ``path:line: what is wrong``.
    """
    rows: list[Row] = []
    layout: _Layout | None = None
    for number, columns in _in_columns(lines):
        rows.append((number, columns))
        if columns is not None or not _first_sentence(rows):
            continue
        layout = layout or _layout_of(path, lambda: rows)  # noqa: B023  (called at once)
        words = [word for _, word, _ in _tagged(rows, layout) if word is not None]
        prefix = len(_language_prefix(words)) if words else 0
        yield [word[prefix:] for word in words]
        rows = []


def _rows(path: Path, encoding: str) -> Iterator[Row]:
    """Line numbers and columns of a file."""
    return _in_columns(_lines(path, encoding))


def _in_columns(lines: Iterable[str]) -> Iterator[Row]:
    """Line numbers and columns; ``None`` for columns where a sentence ends."""
    number = 0
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r\n")
        if not line.strip(" \t"):
            yield number, None
        elif not line.startswith("-DOCSTART-"):
            yield number, line.rstrip(" ").split("\t") if "\t" in line else SPACES.split(line.strip(" "))
    yield number, None


def _lines(path: Path, encoding: str) -> Iterator[str]:
    """The lines of a file, which end at a line feed and nowhere else."""
    utf8 = encoding.lower() in ("utf-8", "utf8")
    try:
        with path.open(encoding="utf-8-sig" if utf8 else encoding, newline="\n") as file:
            yield from file
    except LookupError:
        raise CTLError(f"data.encoding {encoding!r} is unknown; try utf-8 or latin-1") from None
    except UnicodeError:
        raise _not_in(path, encoding) from None


def _not_in(path: Path, encoding: str) -> CTLError:
    """Says at which byte a file is not in its encoding."""
    data, position = path.read_bytes(), 0
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        position = error.start
    except UnicodeError:
        pass
    line = data.count(b"\n", 0, position) + 1
    return CTLError(f"{path}:{line}: not {encoding} (byte {position}); if it is, say, latin-1: --data.encoding latin-1")


@dataclass(frozen=True)
class _Layout:
    """The columns of a file: which are words and which are tags.

    Attributes:
        path: the file, for messages.
        columns: how many there are, or at least are.
        indexed: the first column counts the words of a sentence.
        tag: the column of tags; ``None`` in raw text.
        named: the tag stands in its column as ``NER=...`` among others.
    """

    path: Path
    columns: int
    indexed: bool = False
    tag: int | None = -1
    named: bool = False

    def is_comment(self, columns: list[str], at_head: bool) -> bool:
        """A line that begins with ``#``: anywhere in an indexed file, else before a sentence and without a tag."""
        if not columns[0].startswith("#"):
            return False
        return self.indexed or (at_head and len(columns) > 1 and not is_tag(columns[-1]))

    def read(self, number: int, columns: list[str]) -> tuple[str | None, str]:
        """Word and tag of a line; no word for the ranges and empty nodes of CoNLL-U."""
        if self.indexed and not columns[0].isdecimal():
            if RANGE.fullmatch(columns[0]):
                return None, "O"
            raise CTLError(
                f"{self.path}:{number}: {columns[0]!r} is no word number, as every other line begins with one"
            )
        if len(columns) < self.columns or (len(columns) > self.columns and not self.indexed):
            wanted = f"{self.columns} column{'s' if self.columns > 1 else ''}"
            raise CTLError(f"{self.path}:{number}: {len(columns)} of {wanted} ({' '.join(columns)!r}); one word a line")
        word = columns[1 if self.indexed else 0]
        if not word:
            raise CTLError(f"{self.path}:{number}: no word before the tag; remove the line or write a word")
        if self.tag is None:
            return word, "O"
        return word, _named_tag(columns[self.tag]) if self.named else columns[self.tag]


def _layout_of(path: Path, rows: Callable[[], Iterable[Row]]) -> _Layout:
    """Finds the layout in a file's first sentence; the ending of its name helps."""
    head = _first_sentence(rows())
    if not head:
        raise CTLError(f"{path}: no sentences")
    width = len(head[0])
    counted = [row[0] for row in head if not RANGE.fullmatch(row[0])]
    runs = counted == [str(number) for number in range(1, len(counted) + 1)]
    if runs and width > 2 and (len(counted) > 1 or path.suffix in (".conllu", ".iob2")):
        if width < 10:
            return _Layout(path, 3, indexed=True, tag=2)
        has_tags = any(columns and len(columns) > 9 and NAMED.search(columns[9]) for _, columns in rows())
        return _Layout(path, 10, indexed=True, tag=9 if has_tags else None, named=has_tags)
    return _Layout(path, width, tag=-1 if width > 1 else None)


def _first_sentence(rows: Iterable[Row]) -> list[list[str]]:
    sentence: list[list[str]] = []
    for _, columns in rows:
        if columns is None and sentence:
            break
        comment = columns and columns[0].startswith("#") and len(columns) > 1 and not is_tag(columns[-1])
        if columns is not None and not (comment and (not sentence or sentence[0][0].isdecimal())):
            sentence.append(columns)
    return sentence


def _named_tag(column: str) -> str:
    match = NAMED.search(column)
    return match[1] if match else "O"


def _language_prefix(words: Iterable[str]) -> str:
    """``en:`` where every word begins with it, as in WikiANN's own files."""
    words = iter(words)
    first = next(words)
    match = LANGUAGE.match(first)
    if not match or len(first) == len(match[0]):
        return ""
    prefix = match[0]
    return prefix if all(len(word) > len(prefix) and word.startswith(prefix) for word in words) else ""
