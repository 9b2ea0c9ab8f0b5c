"""CoNLL files to corpora: read line by line, in memory or to a folder, every line accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from re import compile as pattern
from typing import TypeVar

from ctl.data.corpus import Corpus
from ctl.data.reading.form import USUAL, Form
from ctl.data.reading.layout import SAMPLE, Layout, find_layout, is_marker, split
from ctl.data.reading.lines import read_lines, split_lines
from ctl.data.reading.writer import LONG, CorpusWriter
from ctl.errors import CTLError

LANGUAGE = pattern(r"[a-z]{2,3}(-[a-z]+)*:")
REMEMBERED = 1 << 17  # different lines that are cut only once
ENDS = (".", "!", "?", "\u3002", "\u0964", "\u061f")  # marks that end a sentence, full stops of Chinese and Hindi too
USUAL_WORDS = 60  # few sentences are longer


Item = TypeVar("Item")


def read_conll(path: Path, name: str, form: Form = USUAL, folder: Path | None = None, tags: bool = True) -> Corpus:
    """Reads a file of one word a line and an empty line between sentences.

    Columns are separated by tabs, or by ASCII spaces in lines without one; in ``.csv`` by commas. The word is the first
    column and the tag the last. In files whose first column counts words, from 0 or 1, the word is the second and the
    tag the first column of tags after it or, in ten columns, ``NER=`` or ``name=`` of the last. A line of names of
    columns says itself which is which, and so does ``form``. Tags may be IOB1, BIO2, BIOES, BMES, BILOU or IO. A file
    of words alone is raw text. ``-DOCSTART-`` lines, comments, and WikiANN's ``lang:`` before every word are left out.

    Args:
        path: the file.
        name: of the corpus.
        form: its encoding and columns.
        folder: where the corpus is kept, memory-mapped; ``None`` for in memory.
        tags: whether tags are read.

    Raises:
        CTLError: ``path:line: what is wrong``.
    """
    lines = partial(read_lines, path, form.encoding)
    layout = find_layout(path, list(islice(lines(), SAMPLE)), form, lines)
    if layout is None:
        raise CTLError(f"{path}: no sentences")
    if message := layout.no_words or (layout.unclear if tags else ""):
        raise CTLError(message)
    writer, has_tags = CorpusWriter(name, form, folder), tags and layout.tag is not None

    def numbers(number: int, word: str, tag: str) -> tuple[int, int]:
        return writer.words.number(word), writer.code(tag, number) if has_tags else 0

    first: tuple[int, ...] = ()
    alone = True
    for sentence in sentences(lines(), layout, numbers):
        words, codes = zip(*sentence, strict=True)
        writer.add_numbers(words, codes if has_tags else ())
        first, alone = first or words, not first
    prefix = _language_prefix(writer.words.numbers)
    notes = [f"{prefix!r} before every word left out"] if prefix else []
    notes += (
        [f"{layout.note}: --data.tag_column chooses"] if has_tags and layout.note and form.tag_column is None else []
    )
    if alone and _is_several(first, writer.words.numbers):
        notes.append(f"the file is one sentence of {len(first):,} words: is there no empty line after sentences?")
    return writer.close(path, notes, skip=len(prefix), hint=layout.hint)


def stream_conll(lines: Iterable[str], path: Path) -> Iterator[list[str]]:
    """Words of one sentence after another, as `read_conll` finds them, while the lines still come.

    Args:
        lines: of the file.
        path: its name, for messages.

    Raises:
        CTLError: ``path:line: what is wrong``.
    """
    lines = iter(split_lines(lines))
    head = _head(lines)
    layout = find_layout(path, head, USUAL, lambda: head)
    if layout is None:
        return
    prefix = _language_prefix(chain.from_iterable(sentences(head, layout, _word)))
    for words in sentences(chain(head, lines), layout, _word):
        skip = len(prefix) if all(word.startswith(prefix) and len(word) > len(prefix) for word in words) else 0
        yield [word[skip:] for word in words]


def _word(number: int, word: str, tag: str) -> str:
    return word


def _head(lines: Iterator[str]) -> list[str]:
    """Takes lines up to the end of the first sentence of two words or more: of one word alone a layout is not known."""
    head: list[str] = []
    words = 0
    for line in islice(lines, SAMPLE):
        head.append(line)
        columns = split(line)
        if columns and not columns[0].startswith("#") and not is_marker(columns):
            words += 1
        elif columns is None and words > 1:
            break
        elif columns is None:
            words = 0
    return head


def sentences(lines: Iterable[str], layout: Layout, make: Callable[[int, str, str], Item]) -> Iterator[list[Item]]:
    """Cuts lines into sentences of what is made of each word.

    Args:
        lines: of the file.
        layout: their columns.
        make: takes the number of a line, its word and tag; lines that are the same are made only once.

    Raises:
        CTLError: ``path:line: what is wrong``.
    """
    known: dict[str, Item] = {}
    sentence: list[Item] = []
    numbered = ""
    for number, line in enumerate(lines, 1):
        if (item := known.get(line)) is not None:
            sentence.append(item)
            continue
        columns = split(line)
        is_end = columns is None or is_marker(columns)
        pair = None
        if columns and not (is_end or layout.is_comment(line, columns, at_head=not sentence)):
            pair = layout.read(number, columns) if line != layout.header else None
        if columns and pair and layout.sentence is not None:
            is_end = columns[layout.sentence] not in ("", numbered)
            numbered = columns[layout.sentence] or numbered
        if is_end and sentence:
            yield sentence
            sentence = []
        if pair:
            sentence.append(item := make(number, *pair))
            if layout.sentence is None and line[0] != "#" and len(known) < REMEMBERED:
                known[line] = item
    if sentence:
        yield sentence


def _is_several(words: Sequence[int], numbers: Mapping[str, int]) -> bool:
    """Tells whether the only sentence of a file may be several: it is long, or a mark that ends one is inside it.

    `CorpusWriter` says of every file that a sentence is longer than any should be.
    """
    marks = {numbers[mark] for mark in ENDS if mark in numbers}
    return len(words) <= LONG and (len(words) > USUAL_WORDS or not marks.isdisjoint(words[:-1]))


def _language_prefix(words: Iterable[str]) -> str:
    """``en:`` where every word begins with it, as in WikiANN's own files."""
    words = iter(words)
    first = next(words, "")
    match = LANGUAGE.match(first)
    if not match or len(first) == len(match[0]):
        return ""
    prefix = match[0]
    return prefix if all(len(word) > len(prefix) and word.startswith(prefix) for word in words) else ""
