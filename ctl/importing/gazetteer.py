"""Gazetteers: lists of names with their types, found in a text word by word, the longest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ctl.data.corpus import Corpus
from ctl.data.reading.form import Form
from ctl.data.reading.jsonl import json_records
from ctl.data.reading.layout import split
from ctl.data.reading.lines import read_lines
from ctl.data.sentences import split_lines_of_text
from ctl.data.words import plain
from ctl.errors import CTLError

Names = Mapping[tuple[str, ...], list[str]]  # types by name, whose words are those of the splitter
NAMES, TYPES = ("pattern", "name", "text", "word"), ("label", "type", "tag")


def read_gazetteer(path: Path, form: Form) -> Names:
    """Reads names with types: two columns with a tab between them (commas in ``.csv``), or JSON objects.

    Objects have a ``pattern`` and a ``label``, as spaCy's patterns have, or a ``name`` and a ``type``. Lines that begin
    with ``#`` are comments.

    Raises:
        CTLError: ``path:line: what is wrong``.
    """
    names: dict[tuple[str, ...], list[str]] = {}
    for place, name, kind in _objects(path, form) if path.suffix in (".json", ".jsonl") else _lines(path, form):
        words = tuple(plain(name[begin:end], form.normalization) for s in split_lines_of_text(name) for begin, end in s)
        if not words or not kind:
            raise CTLError(f"{place}: a name without a word or a type; a line is a name, a tab and its type")
        kinds = names.setdefault(words, [])
        kinds += [kind] if kind not in kinds else []
    if not names:
        raise CTLError(f"{path}: no names")
    return names


def _lines(path: Path, form: Form) -> Iterator[tuple[str, str, str]]:
    for number, line in enumerate(read_lines(path, form.encoding), 1):
        if not line.strip() or line.startswith("#"):
            continue
        columns = split(line) or []
        if "\t" not in line or len(columns) != 2:
            raise CTLError(f"{path}:{number}: {len(columns)} columns; a line is a name, a tab and its type")
        name, kind = columns
        yield f"{path}:{number}", name, kind


def _objects(path: Path, form: Form) -> Iterator[tuple[str, str, str]]:
    for place, record in json_records(path, form.encoding):
        name, kind = (next((record[key] for key in keys if key in record), None) for keys in (NAMES, TYPES))
        if isinstance(name, list):  # spaCy's patterns of words
            name = " ".join(str(_word(token, place)) for token in name)
        if not isinstance(name, str) or not isinstance(kind, str):
            raise CTLError(f"{place}: no name with its type, as in " + '{"pattern": "New York", "label": "LOC"}')
        yield place, name, kind


def _word(token: Any, place: str) -> str:  # noqa: ANN401
    words = [token.get(key) for key in ("TEXT", "ORTH")] if isinstance(token, dict) and len(token) == 1 else []
    if not any(isinstance(word, str) for word in words):
        raise CTLError(
            f"{place}: a pattern of {token!r}: only words as they are written (TEXT, ORTH) can be looked for"
        )
    return next(word for word in words if isinstance(word, str))


def find_names(corpus: Corpus, names: Names) -> Iterator[tuple[int, int, list[str]]]:
    """Finds names in every sentence, from the left, at each word the longest.

    Yields:
        The first word of a name, the word after its last, and its types.
    """
    lengths: dict[str, set[int]] = {}
    for words in names:
        lengths.setdefault(words[0], set()).add(len(words))
    for sentence, offset in zip(corpus.sentences(), corpus.offsets.tolist(), strict=False):
        begin = 0
        while begin < len(sentence):
            fits = (n for n in sorted(lengths.get(sentence[begin], ()), reverse=True))
            length = next((n for n in fits if sentence[begin : begin + n] in names), 0)
            if length:
                yield offset + begin, offset + begin + length, names[sentence[begin : begin + length]]
            begin += length or 1
