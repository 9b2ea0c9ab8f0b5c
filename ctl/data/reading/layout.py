"""The layout of a file of one word a line: which of its columns are words and which are tags."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from ctl.data.reading.form import Form
from ctl.data.reading.lines import NUL
from ctl.data.tag_schemes import is_tag
from ctl.errors import CTLError

Columns = list[str]
SAMPLE = 5000  # lines that a layout is found in
NUMBERED = (".conllu", ".conllup", ".iob2")  # endings of files whose first column counts the words
RANGE = re.compile(r"\d+[-.]\d+")
NAMED = re.compile(r"(?:^|\|)(?:(?:NER|NE|Named_?Entity)=([^|]+)|(?:name|Entity)=(O|[BIESLUM]-[^|]+))", re.IGNORECASE)
IN_BRACKETS = re.compile(r"(?:^|\|)Entity=([^|]*[()][^|]*)")
COLUMN_NAMES = re.compile(r"#\s*global\.columns\s*=\s*(\S.*)")
MARKER = re.compile(r"[\"'#]?-*DOCSTART(?:-.*)?[\"']?")
WORDS = re.compile(r"tokens?|words?|forms?|text", re.IGNORECASE)
TAGS = re.compile(  # NE-COARSE, ner_tags, Tag, but not pos_tags
    r"(?:ner|nes?|io|iob[12]?|bio[12]?|bioes|bilou|entity|entities|named.entit(?:y|ies))(?:[-_ .].*)?"
    r"|(?!.?pos|chunk|dep)(?:.*[-_ .])?(?:tags?|labels?)",
    re.IGNORECASE,
)
CHUNKS = frozenset(  # types of phrases, and none
    ["", "NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "CONJP", "PRT", "INTJ", "LST", "UCP", "NC", "VC", "PC"]
)
SENTENCE = re.compile(r"sent(ence)?s?[-_ .]*(#|ids?|no|num|number|idx|index)?\.?", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """The columns of a file.

    Attributes:
        path: the file, for messages.
        columns: how many there are, or at least are.
        exact: no line has more columns.
        word: the column of words.
        tag: the column of tags; ``None`` in raw text.
        indexed: the first column counts the words of a sentence.
        named: the tag stands in its column as ``NER=...`` among others.
        sentence: the column that numbers sentences; ``None`` where empty lines end them.
        header: the line of the columns' names; empty if there is none.
        tabbed: tabs stand between the columns of every line.
        known: what was seen in the column of tags.
        unclear: why it is not clear which column is that of tags.
        hint: what to do where tags are unknown.
        no_words: why the column of words can't be that.
        note: which other column looks like tags, too.
    """

    path: Path
    columns: int
    exact: bool = True
    word: int = 0
    tag: int | None = None
    indexed: bool = False
    named: bool = False
    sentence: int | None = None
    header: str = ""
    tabbed: bool = False
    known: frozenset[str] = frozenset()
    unclear: str = ""
    hint: str = ""
    no_words: str = ""
    note: str = ""

    def is_comment(self, line: str, columns: Columns, at_head: bool) -> bool:
        """Tells whether a line is a comment: it begins with ``#``, and stands in an indexed file or at the head.

        At the head of a sentence ``#lyon B-LOC`` is a word: it has as many columns as others, and a tag among them.
        """
        if not line.startswith("#"):
            return False
        if self.indexed or not at_head:
            return self.indexed
        if len(columns) < self.columns or (len(columns) > self.columns and self.exact):
            return True
        if self.tabbed and "\t" not in line:
            return len(columns) > 1
        return self.tag is not None and not (is_tag(columns[self.tag]) or columns[self.tag] in self.known)

    def read(self, number: int, columns: Columns) -> tuple[str, str] | None:
        """Word and tag of a line; ``None`` for the ranges and empty nodes of CoNLL-U.

        Raises:
            CTLError: a column is missing, or there is one more.
        """
        if self.indexed and not columns[0].isdecimal():
            if RANGE.fullmatch(columns[0]):
                return None
            raise self._error(number, f"{columns[0]!r} is no word number, as every other line begins with one")
        if len(columns) < self.columns or (len(columns) > self.columns and self.exact):
            wanted = f"{self.columns} column{'s' if self.columns > 1 else ''}"
            raise self._error(number, f"{len(columns)} of {wanted} ({' '.join(columns)!r}); one word a line")
        word = columns[self.word]
        if not word:
            raise self._error(number, "no word before the tag; remove the line or write a word")
        if "\0" in word:
            raise self._error(number, NUL)
        if self.tag is None:
            return word, "O"
        return word, _named_tag(columns[self.tag]) if self.named else columns[self.tag]

    def _error(self, number: int, message: str) -> CTLError:
        return CTLError(f"{self.path}:{number}: {message}")


def split(line: str) -> Columns | None:
    """The columns of a line, between tabs or, in a line without one, spaces; ``None`` for an empty line."""
    if "\t" not in line:
        columns = line.split(" ")
        return columns if "" not in columns else [column for column in columns if column] or None
    columns = line.rstrip(" \t").split("\t")
    if " " in line:
        columns = [column.strip(" ") or column for column in columns]
    return columns if columns[-1].strip(" ") else None


def is_marker(columns: Columns) -> bool:
    """Tells whether a line marks the head of a document, ``-DOCSTART-``, beside a number of the word or not."""
    return any("DOCSTART" in column and MARKER.fullmatch(column) for column in columns[:2])


def find_layout(path: Path, lines: Sequence[str], form: Form, more: Callable[[], Iterable[str]]) -> Layout | None:
    """Finds the layout in the first lines of a file; the ending of its name helps.

    Args:
        path: the file.
        lines: the first ones.
        form: which columns are words and tags, where that was said.
        more: all lines.

    Returns:
        The layout; ``None`` where there is no word.
    """
    rows = [split(line) for line in lines]
    rows = [None if row and is_marker(row) else row for row in rows]
    header = _header(lines, rows, form)
    names = header.row if header else []
    body = [row for row in rows if row and row is not names]
    body = [row for row in body if not row[0].startswith("#")] or body
    if not body:
        return None
    width = len(body[0])
    tabbed = all("\t" in line for line, row in zip(lines, rows, strict=True) if row and not row[0].startswith("#"))
    layout = Layout(path, width, tabbed=tabbed, header=header.line if header else "")
    if all(len(row) == 1 for row in body):
        return layout
    if _counts_words(path, [row for row in rows if row is not names], body):
        layout = replace(layout, indexed=True, exact=False, word=1, columns=min(width, 3))
        layout = _indexed_tag(layout, body, more)
    elif width > 1:
        layout = replace(layout, tag=width - 1)
    if names or form.word_column is not None or form.tag_column is not None:
        layout = _chosen(layout, names, form)
    elif not layout.indexed and width > 2:
        layout = replace(layout, no_words=_no_words(path, rows))
    elif layout.indexed and layout.tag is None and width > 10:
        which = f"{path}: which of its {width} columns holds the tags? --data.tag_column says it"
        layout = replace(layout, unclear=layout.unclear or which)
    return _with_hint(layout, body)


def _no_words(path: Path, rows: Sequence[Columns | None]) -> str:
    """Tells why the first column can't be words: each holds a number, or all of a sentence are the same."""
    sentences = [sentence for sentence in _first_columns(rows) if sentence]
    first = list(chain.from_iterable(sentences))
    numbers = all(re.search(r"\d", word) for word in first)
    names = any(len(sentence) > 2 for sentence in sentences) and all(len(set(each)) == 1 for each in sentences)
    if len(first) < 3 or not (numbers or names):
        return ""
    return (
        f"{path}: which column holds the words? The first, {first[0]} and so on, does not: --data.word_column says it"
    )


def _indexed_tag(layout: Layout, body: Sequence[Columns], more: Callable[[], Iterable[str]]) -> Layout:
    """Finds the tags of a file whose first column counts words."""
    width = min(map(len, body))
    if width >= 10:
        return _tag_of_conllu(replace(layout, columns=10), body, width, more)
    columns = range(2, width)
    likely = [c for c in columns if _are_tags(body, c)] or [c for c in columns if any(row[c] == "O" for row in body)]
    tag = (likely or [width - 1])[0] if width > 2 else None
    return replace(layout, tag=tag, columns=max(layout.columns, (tag or 0) + 1))


def _tag_of_conllu(layout: Layout, body: Sequence[Columns], width: int, more: Callable[[], Iterable[str]]) -> Layout:
    """Finds the tags of ten columns or more: in the tenth among others, or alone in it or in one after it."""
    if any(map(_has_named_tag, more())):
        return replace(layout, tag=9, named=True)
    for column in range(9, width):
        if _are_tags([row for row in body if row[column] != "_"], column) and any(row[column] != "_" for row in body):
            return replace(layout, tag=column, columns=column + 1)
    if brackets := next(filter(None, (IN_BRACKETS.search(row[9]) for row in body)), None):
        said = f"{brackets[0].strip('|')!r}: entities in brackets may stand in one another and are not read"
        return replace(layout, unclear=f"{layout.path}: {said}; write tags in the last column, NER=B-PER and NER=I-PER")
    return layout


def _has_named_tag(line: str) -> bool:
    if "=" not in line or not line[:1].isdigit():
        return False
    return bool(NAMED.search("".join(line.split("\t", 10)[9:10])))


def _counts_words(path: Path, rows: Sequence[Columns | None], body: Sequence[Columns]) -> bool:
    """Tells whether the first column counts the words of each sentence, from 0 or 1, or those of the whole file."""
    width = min(map(len, body))
    if width < 2 or (width == 2 and (_are_tags(body, 1) or any(row[1] == "O" for row in body))):
        return False
    if path.suffix in NUMBERED and all(row[0].isdecimal() or RANGE.fullmatch(row[0]) for row in body):
        return True
    sentences = list(_first_columns(rows))
    right = list(_counting(sentences))
    if width == 2 or all(len(counted) == 1 for counted in sentences):
        return all(right) and sum(map(len, sentences)) > 1
    return 2 * sum(right) >= len(sentences) > 0  # a line of another form is a mistake, and its reader says so


def _counting(sentences: Iterable[Sequence[str]]) -> Iterator[bool]:
    """Tells of each sentence whether its first column counts on by one from 0, from 1, or from the sentence before."""
    last = -1
    for counted in sentences:
        first = int(counted[0]) if re.fullmatch("[0-9]{1,9}", counted[0]) else -1
        yield first in (0, 1, last + 1) and list(counted) == [str(first + place) for place in range(len(counted))]
        last = first + len(counted) - 1


def _first_columns(rows: Sequence[Columns | None]) -> Iterator[list[str]]:
    """The first columns of every sentence, without comments and the ranges and empty nodes of CoNLL-U."""
    counted: list[str] = []
    for row in [*rows, None]:
        if row is None:
            if counted:
                yield counted
            counted = []
        elif not row[0].startswith("#") and not RANGE.fullmatch(row[0]):
            counted.append(row[0])


class _Header(NamedTuple):
    """The line of the names of columns: as it is, and cut."""

    line: str
    row: Columns


def _header(lines: Sequence[str], rows: Sequence[Columns | None], form: Form) -> _Header | None:
    """Finds the names of columns, in a comment of CoNLL-U Plus or in the first line.

    A first line has those that were given, or one for words and one for tags.
    """
    wanted = [name for name in (form.word_column, form.tag_column) if isinstance(name, str)]
    for line, row in zip(lines, rows, strict=True):
        if names := COLUMN_NAMES.match(line):
            return _Header(line, names[1].split())
        if row and not row[0].startswith("#"):
            named = any(map(WORDS.fullmatch, row)) and any(map(_names_tags, row))
            return _Header(line, row) if named or any(name in row for name in wanted) else None
    return None


def _chosen(layout: Layout, names: Columns, form: Form) -> Layout:
    """Takes the columns that were asked for, or those that the header names.

    Raises:
        CTLError: there is no such column of words.
    """
    word = next((place for place, name in enumerate(names) if WORDS.fullmatch(name)), layout.word)
    if form.word_column is not None:
        word = _place("word_column", form.word_column, names, layout.path)
    sentence = next((place for place, name in enumerate(names) if SENTENCE.fullmatch(name) and place != word), None)
    layout = _chosen_tag(replace(layout, word=word, sentence=sentence, exact=False), names, form)
    return replace(layout, columns=max(word, layout.tag or 0, sentence or 0) + 1)


def _chosen_tag(layout: Layout, names: Columns, form: Form) -> Layout:
    """Takes the column of tags that was asked for, or the one that the header names; it may be unclear."""
    if form.tag_column is not None:
        try:
            tag = _place("tag_column", form.tag_column, names, layout.path)
        except CTLError as error:
            return replace(layout, tag=None, unclear=str(error))
        return replace(layout, tag=tag, named=layout.named and tag == layout.tag, unclear="")
    taken = (layout.word, layout.sentence)
    tags = [place for place, name in enumerate(names) if _names_tags(name) and place not in taken]
    if len(tags) > 1:
        several = ", ".join(names[place] for place in tags)
        message = f"{layout.path}: which column holds the tags, {several}? Say, --data.tag_column {names[tags[0]]}"
        return replace(layout, tag=None, unclear=message)
    return replace(layout, tag=tags[0], named=False, unclear="") if tags else layout


def _names_tags(name: str) -> bool:
    """Tells whether a column of this name holds tags; ``PARSEME:NE`` is named by whom it is from, too."""
    return bool(TAGS.fullmatch(name.rpartition(":")[2]))


def _place(option: str, column: int | str, names: Columns, path: Path) -> int:
    """The place of a column that was given by its number or name."""
    if isinstance(column, int):
        if column < 1:
            raise CTLError(f"data.{option} {column}: columns count from 1")
        return column - 1
    if column not in names:
        there = f"its columns are {', '.join(names)}" if names else "it has no line of names; give the column's number"
        raise CTLError(f"{path}: no column {column!r} (data.{option}); {there}")
    return names.index(column)


def _with_hint(layout: Layout, body: Sequence[Columns]) -> Layout:
    """Adds what is known of the tags."""
    if layout.tag is None:
        return layout
    width = min(map(len, body))
    known = frozenset(row[layout.tag] for row in body if len(row) > layout.tag)
    likely = [column + 1 for column in range(width) if column != layout.tag and _are_tags(body, column)]
    if likely:
        hint = f"; column {likely[0]} looks like tags: --data.tag_column {likely[0]}"
    else:
        hint = "; are tags in another column? --data.tag_column says which" if width > 2 else ""
    others = [column for column in likely if not _are_chunks(body, column - 1)]
    note = f"column {layout.tag + 1} is read as tags, and column {others[0]} looks like tags, too" if others else ""
    return replace(layout, known=known, hint=hint, note=note)


def _are_chunks(body: Iterable[Columns], column: int) -> bool:
    """Tells whether the tags of a column are of phrases, as in CoNLL-2003, or none."""
    return {row[column].partition("-")[2] for row in body} <= CHUNKS


def _are_tags(body: Iterable[Columns], column: int) -> bool:
    """Tells whether a column holds nothing but tags with prefixes, and O."""
    return all(len(row) > column and is_tag(row[column]) for row in body)


def _named_tag(column: str) -> str:
    match = NAMED.search(column)
    return (match[1] or match[2]) if match else "O"
