"""CoNLL files and Hub datasets to corpora; published splits only."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import numpy as np

from ctl.data.corpus import Corpus
from ctl.data.labels import UnknownTag, is_tag, to_bio2
from ctl.errors import CTLError

SPLITS = {
    "train": ("train",),
    "validation": ("validation", "valid", "val", "dev", "testa"),
    "test": ("test", "testb"),
}
EXTENSIONS = (".txt", ".conll", ".conllu", ".iob2", ".bio", ".tsv")


@dataclass(frozen=True)
class HubDataset:
    """A dataset of the Hugging Face Hub, or a folder that has its form; ``{lang}`` stands for the language.

    Known to load without scripts: ``unimelb-nlp/wikiann`` (name ``{lang}``); ``google/xtreme`` (name
    ``PAN-X.{lang}``); ``lhoestq/conll2003``; and, with revision ``refs/convert/parquet`` and a data_dir,
    ``eriktks/conll2002`` (``es``, ``nl``), ``masakhane/masakhaner2`` (``{lang}``) and ``MultiCoNER/multiconer_v2``
    (``English (EN)``).

    Attributes:
        path: repository ``owner/name``, or a folder.
        name: the configuration.
        data_dir: the folder inside the repository; without it a converted repository mixes all its languages.
        revision: branch, tag or commit.
        tokens: the column of words.
        tags: the column of tags, class ids or strings.
    """

    path: str
    name: str | None = None
    data_dir: str | None = None
    revision: str | None = None
    tokens: str = "tokens"
    tags: str = "ner_tags"


def read_split(
    language: str,
    split: str,
    *,
    root: Path | None,
    hub: Mapping[str, HubDataset] | None = None,
    encoding: str = "utf-8",
) -> Corpus:
    """Reads one published split of one language.

    Args:
        language: a folder of ``root``, or a language of ``hub``.
        split: ``train``, ``validation`` or ``test``.
        root: a CoNLL tree.
        hub: datasets by language, ``"*"`` for all others; they go before ``root``.
        encoding: of CoNLL files.

    Raises:
        CTLError: names the file, the line and the remedy.
    """
    dataset = (hub or {}).get(language) or (hub or {}).get("*")
    if dataset is not None:
        return _read_hub(dataset, language, split)
    if root is None:
        raise CTLError(f"where is {language}? set data.root to a folder of CoNLL files, or data.hub to a dataset")
    path = find_split(root, language, split)
    stat = path.stat()
    return _read_file(path, f"{language}/{split}", encoding, stat.st_mtime_ns, stat.st_size)


def find_split(root: Path, language: str, split: str) -> Path:
    """The file of a split: ``ROOT/<lang>/<split>.txt`` or one of the other usual names.

    Raises:
        CTLError: there is no such folder or file, or more than one.
    """
    if not root.is_dir():
        raise CTLError(f"data.root {root}: no such folder")
    folder = root / language
    if not folder.is_dir():
        found = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
        close = get_close_matches(language, found, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise CTLError(f"unknown language {language}: {root} has {', '.join(found) or 'no folders'}{hint}")
    files = [folder / f"{name}{ext}" for name in SPLITS[split] for ext in EXTENSIONS]
    present = [path for path in files if path.is_file()]
    if not present:
        found = sorted(path.name for path in folder.iterdir())
        raise CTLError(
            f"{folder}: no {split} split (such as {files[0].name}); there is {', '.join(found) or 'nothing'}"
        )
    if len(present) > 1:
        raise CTLError(f"{folder}: which is the {split} split? {', '.join(path.name for path in present)}; keep one")
    return present[0]


@lru_cache(maxsize=256)
def _read_file(path: Path, name: str, encoding: str, mtime: int, size: int) -> Corpus:
    """Stages of one run share what was read; a file that changed is read again."""
    return read_conll(path, name, encoding)


def read_conll(path: Path, name: str, encoding: str = "utf-8") -> Corpus:
    """Reads a file of one word a line and a blank line between sentences.

    Columns are separated by tabs, or by ASCII spaces in lines without one. The word is the first column and the tag
    the last; in files whose first column counts words (``.conllu``, ``.iob2``) the word is the second and the tag the
    third or, in ten columns, ``NER=`` of the last. Tags may be IOB1, BIO2, BIOES or BILOU. A file of words alone is
    raw text. ``-DOCSTART-`` lines, comments, and WikiANN's ``lang:`` before every word are left out.

    Args:
        path: the file.
        name: of the corpus.
        encoding: how it is written.

    Raises:
        CTLError: ``path:line: what is wrong``.
    """
    rows = list(_rows(_decode(path, encoding).split("\n")))
    layout = _find_layout(path, rows)
    words: list[str] = []
    tags: list[str] = []
    numbers: list[int] = []
    ends = [0]
    for number, columns in rows:
        if columns is None:
            ends.append(len(words))
        elif not layout.is_comment(columns, at_head=ends[-1] == len(words)):
            word, tag = layout.read(number, columns)
            if word is not None:
                words.append(sys.intern(word))
                tags.append(tag)
                numbers.append(number)
    if not words:
        raise CTLError(f"{path}: no sentences")
    offsets = np.unique(np.array(ends, dtype=np.int64))  # a blank line more is no sentence
    notes: tuple[str, ...] = ()
    if prefix := _language_prefix(words):
        words = [sys.intern(word[len(prefix) :]) for word in words]
        notes = (f"{name}: {prefix!r} before every word left out",)
    if layout.tag is None:
        return Corpus(name, words, offsets, notes=notes)
    try:
        reading = to_bio2(tags, offsets)
    except UnknownTag as error:
        raise CTLError(f"{path}:{numbers[error.word]}: {error}") from None
    notes += tuple(f"{name}: {note}" for note in reading.notes)
    return Corpus(name, words, offsets, reading.tags, reading.schema, notes)


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
    for number, columns in _rows(lines):
        rows.append((number, columns))
        if columns is not None or not _first_sentence(rows):
            continue
        layout = layout or _find_layout(path, rows)
        words: list[str] = []
        for place, row in rows:
            if row is not None and not layout.is_comment(row, at_head=not words):
                word, _ = layout.read(place, row)
                words += [] if word is None else [word]
        prefix = len(_language_prefix(words)) if words else 0
        yield [word[prefix:] for word in words]
        rows = []


def _decode(path: Path, encoding: str) -> str:
    try:
        data = path.read_bytes()
        return data.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except LookupError:
        raise CTLError(f"data.encoding {encoding!r} is unknown; try utf-8 or latin-1") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CTLError(
            f"{path}:{line}: not {encoding} (byte {error.start}); if it is, say, latin-1: --data.encoding latin-1"
        ) from None


Row = tuple[int, list[str] | None]


def _rows(lines: Iterable[str]) -> Iterator[Row]:
    """Line numbers and columns; ``None`` for columns where a sentence ends."""
    number = 0
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r\n")
        if not line.strip(" \t"):
            yield number, None
        elif not line.startswith("-DOCSTART-"):
            yield number, line.rstrip(" ").split("\t") if "\t" in line else SPACES.split(line.strip(" "))
    yield number, None


@dataclass(frozen=True)
class _Layout:
    """Which columns of a file are words and tags.

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


def _find_layout(path: Path, rows: list[Row]) -> _Layout:
    """Finds the layout in a file's first sentence; the ending of its name helps."""
    head = _first_sentence(rows)
    if not head:
        raise CTLError(f"{path}: no sentences")
    width = len(head[0])
    counted = [row[0] for row in head if not RANGE.fullmatch(row[0])]
    runs = counted == [str(place) for place in range(1, len(counted) + 1)]
    if runs and width > 2 and (len(counted) > 1 or path.suffix in (".conllu", ".iob2")):
        if width < 10:
            return _Layout(path, 3, indexed=True, tag=2)
        has_tags = any(columns and len(columns) > 9 and NAMED.search(columns[9]) for _, columns in rows)
        return _Layout(path, 10, indexed=True, tag=9 if has_tags else None, named=has_tags)
    return _Layout(path, width, tag=-1 if width > 1 else None)


def _first_sentence(rows: list[Row]) -> list[list[str]]:
    sentence: list[list[str]] = []
    for _, columns in rows:
        if columns is None and sentence:
            break
        comment = columns and columns[0].startswith("#") and len(columns) > 1 and not is_tag(columns[-1])
        if columns is not None and not (comment and (not sentence or sentence[0][0].isdecimal())):
            sentence.append(columns)
    return sentence


def _named_tag(column: str) -> str:
    found = NAMED.search(column)
    return found[1] if found else "O"


def _language_prefix(words: list[str]) -> str:
    """``en:`` where every word begins with it, as in WikiANN's own files."""
    found = LANGUAGE.match(words[0])
    return found[0] if found and all(len(word) > len(found[0]) and word.startswith(found[0]) for word in words) else ""


SPACES = re.compile(" +")
RANGE = re.compile(r"\d+[-.]\d+")
NAMED = re.compile(r"(?:^|\|)NER=([^|]+)", re.IGNORECASE)
LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]+)*:")


def _read_hub(dataset: HubDataset, language: str, split: str) -> Corpus:
    """Reads a split of a dataset with its own tag order."""
    place = {
        key: value and value.format(lang=language)
        for key, value in (("name", dataset.name), ("data_dir", dataset.data_dir))
    }
    where = f"{dataset.path} ({', '.join(f'{key} {value}' for key, value in place.items() if value) or language})"
    return _load_hub(dataset, place["name"], place["data_dir"], where, f"{language}/{split}", split)


@lru_cache(maxsize=256)
def _load_hub(
    dataset: HubDataset, config: str | None, data_dir: str | None, where: str, name: str, split: str
) -> Corpus:
    import datasets

    datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(dataset.path, config, data_dir=data_dir, revision=dataset.revision)
    except Exception as error:  # whatever the Hub, the network or a file may answer
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CTLError(f"dataset {where}: {reason}") from error
    present = [candidate for candidate in SPLITS[split] if candidate in loaded]
    if not present:
        raise CTLError(f"dataset {where}: no {split} split; there is {', '.join(loaded)}")
    table = loaded[present[0]]
    for column in (dataset.tokens, dataset.tags):
        if column not in table.column_names:
            raise CTLError(f"dataset {where}: no column {column}; there is {', '.join(table.column_names)}")
    sentences = [words for words in table[dataset.tokens] if words]
    classes = getattr(getattr(table.features[dataset.tags], "feature", None), "names", None)
    tags = [classes[tag] if classes else str(tag) for row in table[dataset.tags] for tag in row]
    words = [sys.intern(str(word)) for sentence in sentences for word in sentence]
    if not words:
        raise CTLError(f"dataset {where}: its {split} split is empty")
    if len(words) != len(tags):
        raise CTLError(f"dataset {where}: {len(words)} words but {len(tags)} tags in its {split} split")
    offsets = np.cumsum([0, *map(len, sentences)], dtype=np.int64)
    try:
        reading = to_bio2(tags, offsets)
    except UnknownTag as error:
        sentence = int(np.searchsorted(offsets, error.word, side="right")) - 1
        raise CTLError(f"dataset {where}, {split} sentence {sentence}: {error}") from None
    notes = tuple(f"{name}: {note}" for note in reading.notes)
    return Corpus(name, words, offsets, reading.tags, reading.schema, notes)
