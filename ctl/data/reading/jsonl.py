"""JSON lines to corpora: words with tags, or text with entities by their characters."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctl.data.corpus import Corpus
from ctl.data.reading.form import USUAL, Form
from ctl.data.reading.lines import NUL, read_lines, read_text
from ctl.data.reading.spans import Entity, Tagged, tagged_sentences
from ctl.data.reading.writer import CorpusWriter
from ctl.errors import CTLError

WORDS = ("tokens", "words", "token", "tokenized_text")
TAGS = ("ner_tags", "tags", "labels", "ner", "label", "entities")
TEXT = ("text", "sentence", "content")
ENTITIES = ("label", "labels", "entities", "spans", "ner", "annotations")
START, END, TYPE = ("start", "start_offset", "begin"), ("end", "end_offset", "stop"), ("label", "type", "tag", "entity")


def read_jsonl(path: Path, name: str, form: Form = USUAL, folder: Path | None = None, tags: bool = True) -> Corpus:
    """Reads JSON objects, one a line or in a list, as doccano, Prodigy and the Hub write them.

    An object holds ``tokens`` and ``ner_tags``, a sentence with its tags, or ``text`` and ``label``, a text with
    entities: ``[start, end, type]`` or ``{"start": ..., "end": ..., "label": ...}``, in characters. Other usual
    names of these are known; ``form`` names others.

    Args:
        path: the file.
        name: of the corpus.
        form: its encoding and keys.
        folder: where the corpus is kept, memory-mapped; ``None`` for in memory.
        tags: whether tags are read.

    Raises:
        CTLError: ``path:line: what is wrong``.
    """
    reader = _Reader(form, tags)
    writer = CorpusWriter(name, form, folder)
    for place, record in json_records(path, form.encoding):
        for words, their_tags in reader.sentences(record, place):
            writer.add(words, their_tags if reader.annotated else None, place)
    return writer.close(path, repairs=reader.repairs)


def json_records(path: Path, encoding: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Reads the objects of a file, one a line or in a list, each with its place, ``path:line``.

    Raises:
        CTLError: something is no object.
    """
    lines = ((number, line) for number, line in enumerate(read_lines(path, encoding), 1) if line.strip())
    is_first = True
    for number, line in lines:
        if is_first and line.lstrip().startswith("["):
            yield from _listed(path, encoding)
            return
        is_first = False
        yield f"{path}:{number}", _object(line, f"{path}:{number}")


def _listed(path: Path, encoding: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    values = _parsed(read_text(path, encoding), str(path))
    for number, value in enumerate(values, 1):
        yield f"{path}: object {number}", _checked(value, f"{path}: object {number}")


def _object(line: str, place: str) -> Mapping[str, Any]:
    return _checked(_parsed(line, place), place)


def _checked(value: Any, place: str) -> Mapping[str, Any]:  # noqa: ANN401
    if not isinstance(value, dict):
        raise CTLError(f"{place}: no JSON object; one object a line, or a list of them")
    return value


def _parsed(text: str, place: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CTLError(f"{place}: not JSON ({str(error) or 'nested too deeply'}); one object a line") from None


@dataclass
class _Reader:
    """Reads objects of one file, which are all alike.

    Attributes:
        form: names keys.
        tags: whether tags are read.
        repairs: entities that could not be read as they are, by what was done.
        annotated: whether the file has tags; the first object tells.
    """

    form: Form
    tags: bool
    repairs: Counter[str] = field(default_factory=Counter)
    annotated: bool = False
    _started: bool = False

    def sentences(self, record: Mapping[str, Any], place: str) -> Iterator[Tagged]:
        """The sentences of an object."""
        if (key := self._key(record, self.form.word_column, WORDS, _is_words)) is not None:
            words = [_word(word, place) for word in record[key]]
            tags = self._annotation(record, TAGS, place)
            yield from [Tagged(words, _tags(tags, words, place) if self.annotated else [])] if words else []
        elif (key := self._key(record, self.form.word_column, TEXT, lambda value: isinstance(value, str))) is not None:
            if "\0" in record[key]:
                raise CTLError(f"{place}: {NUL}")
            entities = [json_entity(item, place) for item in self._annotation(record, ENTITIES, place)]
            yield from tagged_sentences(record[key], entities, self.repairs)
        elif isinstance(record.get("data"), dict):
            raise CTLError(f"{place}: a task of label-studio: `ctl import` reads it, and writes what --data.few takes")
        else:
            raise CTLError(
                f"{place}: no words and no text; its keys are {', '.join(record) or 'none'}, expected are tokens and "
                "ner_tags, or text and label: --data.word_column and --data.tag_column name others"
            )

    def _key(self, record: Mapping[str, Any], given: int | str | None, usual: Sequence[str], fits: Any) -> str | None:  # noqa: ANN401
        keys = [given] if isinstance(given, str) else usual
        return next((key for key in keys if key in record and fits(record[key])), None)

    def _annotation(self, record: Mapping[str, Any], usual: Sequence[str], place: str) -> Sequence[Any]:
        """The tags or entities of an object; none where they are not read.

        Raises:
            CTLError: the objects before had some, or had none.
        """
        key = self._key(record, self.form.tag_column, usual, lambda value: isinstance(value, list))
        if not self._started:
            self._started, self.annotated = True, self.tags and key is not None
        if self.annotated and key is None:
            raise CTLError(f"{place}: no tags, which the objects before have; its keys are {', '.join(record)}")
        if self.tags and not self.annotated and key is not None:
            raise CTLError(
                f"{place}: tags ({key}), which the objects before do not have; write [] where there are none"
            )
        return record[key] if self.annotated and key is not None else []


def _is_words(value: Any) -> bool:  # noqa: ANN401
    """Tells whether this is a list of words; that of Prodigy, whose tokens are objects, stands beside a text."""
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _word(word: str, place: str) -> str:
    if not word or "\0" in word:
        raise CTLError(f"{place}: {NUL if word else 'an empty word'}")
    return word


def _tags(tags: Sequence[Any], words: Sequence[str], place: str) -> list[str]:
    """Checks the tags of a sentence."""
    if len(tags) != len(words):
        raise CTLError(f"{place}: {len(words)} words but {len(tags)} tags")
    if not all(isinstance(tag, str) for tag in tags):
        wrong = next(tag for tag in tags if not isinstance(tag, str))
        raise CTLError(f"{place}: {wrong!r} for a tag; write tags as text, B-PER, as numbers have no names here")
    return list(tags)


def json_entity(item: Any, place: str) -> Entity:  # noqa: ANN401
    """Makes an entity of what stands for it: a list of start, end and type, or an object with these.

    Args:
        item: the list or the object.
        place: where it stands, for messages.

    Raises:
        CTLError: it is neither.
    """
    if isinstance(item, dict):
        span, labels = item.get("span"), item.get("labels")
        span = span if isinstance(span, list) and len(span) == 2 else [_first(item, START), _first(item, END)]
        item = [*span, labels[0] if isinstance(labels, list) and len(labels) == 1 else _first(item, TYPE)]
    if not isinstance(item, list) or len(item) < 3:
        raise CTLError(f'{place}: {item!r} is no entity, as [0, 4, "PER"] is')
    start, end, kind = item[:3]
    if not (_is_number(start) and _is_number(end) and isinstance(kind, str) and kind):
        raise CTLError(f'{place}: {item!r} is no entity, as [0, 4, "PER"] is: start, end and type')
    return Entity(start, end, kind, place)


def _is_number(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int) and not isinstance(value, bool)


def _first(item: Mapping[str, Any], keys: Sequence[str]) -> Any:  # noqa: ANN401
    return next((item[key] for key in keys if key in item), None)
