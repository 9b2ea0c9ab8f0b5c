"""CoNLL files of predictions: a column of tags for each annotator, and perhaps one of probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ctl.data.reading.conll import sentences
from ctl.data.reading.form import Form
from ctl.data.reading.layout import SAMPLE, Layout, find_layout, split
from ctl.data.reading.lines import read_lines
from ctl.data.sentences import join_with_spaces
from ctl.data.tag_schemes import UnknownTag, is_tag, to_bio2
from ctl.errors import CTLError
from ctl.importing.documents import Document, Opinion, entities_of

Row = Sequence[str]


def read_columns(path: Path, form: Form) -> list[Document]:
    """Reads a CoNLL file whose columns after the words are tags of several annotators, or tags and a probability.

    Every column of nothing but tags is an annotator; a column of numbers from 0 to 1 holds the probability of the
    tags of the only one. With ``form.tag_column`` that column alone is read.

    Raises:
        CTLError: ``path:line: what is wrong``.
    """
    lines = list(read_lines(path, form.encoding))
    layout = find_layout(path, lines[:SAMPLE], form, lambda: lines)
    if layout is None:
        raise CTLError(f"{path}: no sentences")
    if layout.unclear and form.tag_column is not None:
        raise CTLError(layout.unclear)
    numbered = list(sentences(lines, layout, lambda number, word, tag: number))
    rows = [[split(lines[number - 1]) or [] for number in sentence] for sentence in numbered]
    if layout.named:
        raise CTLError(f"{path}: tags in the last column of CoNLL-U; write a column of tags alone")
    columns, sure = _columns(path, rows, layout, form)
    offsets = np.cumsum([0, *map(len, rows)])
    tags = [_tags(path, rows, column, offsets, numbered) for column in columns]
    return list(_documents(path, rows, numbered, offsets, tags, layout.word, sure))


def _columns(path: Path, rows: Sequence[Sequence[Row]], layout: Layout, form: Form) -> tuple[list[int], int | None]:
    """Finds the columns of tags, and that of probabilities.

    Raises:
        CTLError: there are no tags; or several annotators with one column of probabilities.
    """
    every = [row for sentence in rows for row in sentence]
    others = [column for column in range(int(layout.indexed), min(map(len, every))) if column != layout.word]
    tags = [column for column in others if all(is_tag(row[column]) for row in every)]
    if layout.tag is not None and (form.tag_column is not None or not tags):
        tags = [layout.tag]
    if not tags:
        raise CTLError(f"{path}: words alone, without a column of tags")
    values = {column: [_number(row[column]) for row in every] for column in others if column not in tags}
    numbers = {column: several for column, several in values.items() if None not in several}
    sure = [column for column, several in numbers.items() if column > max(tags) or all(map(_is_probability, several))]
    if sure and len(tags) > 1:
        raise CTLError(
            f"{path}: {len(tags)} columns of tags and one of probabilities: whose are they? Keep one of tags"
        )
    return tags, sure[-1] if sure else None


def _tags(
    path: Path,
    rows: Sequence[Sequence[Row]],
    column: int,
    offsets: npt.NDArray[np.int64],
    numbered: Sequence[Sequence[int]],
) -> list[str]:
    """Reads a column as BIO2 tags of all words."""
    try:
        reading = to_bio2([row[column] for sentence in rows for row in sentence], offsets)
    except UnknownTag as error:
        number = [number for sentence in numbered for number in sentence][error.word]
        raise CTLError(f"{path}:{number}: {error}; are tags in another column? --data.tag_column says which") from None
    return reading.names


def _documents(
    path: Path,
    rows: Sequence[Sequence[Row]],
    numbered: Sequence[Sequence[int]],
    offsets: npt.NDArray[np.int64],
    tags: Sequence[Sequence[str]],
    word: int,
    sure: int | None,
) -> Iterator[Document]:
    for sentence, numbers, (begin, end) in zip(rows, numbered, pairwise(offsets.tolist()), strict=True):
        text, places = join_with_spaces([row[word] for row in sentence])
        place = f"{path}:{numbers[0]}"
        lines = zip(sentence, numbers, strict=True)
        probabilities = [] if sure is None else [_probability(row[sure], f"{path}:{number}") for row, number in lines]
        yield Document(
            text,
            place,
            [
                Opinion(
                    entities_of(column[begin:end], places, place), None, places if probabilities else [], probabilities
                )
                for column in tags
            ],
        )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_probability(number: float | None) -> bool:
    return number is not None and 0 <= number <= 1


def _probability(text: str, place: str) -> float:
    """Reads a probability.

    Raises:
        CTLError: it is a number that is none, a percentage say.
    """
    if not _is_probability(number := float(text)):
        raise CTLError(f"{place}: {text} is no probability, from 0 to 1")
    return number
