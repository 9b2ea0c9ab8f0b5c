"""JSON that annotation tools and taggers write: label-studio, doccano, prodigy, GLiNER, and others of their kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ctl.data.reading.form import Form
from ctl.data.reading.jsonl import ENTITIES, TEXT, WORDS, json_records
from ctl.data.sentences import join_with_spaces
from ctl.data.tag_schemes import UnknownTag, to_bio2
from ctl.errors import CTLError
from ctl.importing.documents import Document, Opinion, entities_of
from ctl.importing.label_studio import annotated, read_task
from ctl.importing.opinions import checked_text, read_opinion

Record = Mapping[str, Any]
REJECTED = "texts that the annotator rejected or skipped are left out"
UNSEEN = "texts that nobody annotated are left out"
TAGS = ("ner_tags", "tags", "labels")  # of words


def read_exports(path: Path, form: Form, notes: Counter[str]) -> Iterator[Document]:
    """Reads texts and entities from JSON lines, or from a list of objects.

    An object is a task of label-studio, with every annotation that was not cancelled, or its predictions where nobody
    annotated any task of the file; or a text with entities, as doccano, prodigy and GLiNER have them; or words with
    tags. The forms are those of

    * doccano 1.8: ``TupledSpanFormatter`` and ``DictFormatter`` in ``backend/data_export/pipeline/formatters.py``;
    * prodigy: https://prodi.gy/docs/api-interfaces, ``answer`` among them;
    * label-studio: `ctl.importing.label_studio`.

    Args:
        path: the file.
        form: its encoding, and the keys of text and entities where they are not the usual ones.
        notes: counts what was left out.

    Raises:
        CTLError: ``path:line: what is wrong``.
    """
    predicted: bool | None = None
    for place, record in json_records(path, form.encoding):
        if "completions" in record:
            raise CTLError(f"{place}: an export of label-studio before version 1; export it with a later version")
        if isinstance(record.get("data"), dict):
            predicted = not annotated(path, form) if predicted is None else predicted
            if document := read_task(record, place, predicted):
                yield document
            else:
                notes[REJECTED if record.get("annotations") else UNSEEN] += 1
        elif record.get("answer") in ("reject", "ignore"):
            notes[REJECTED] += 1
        elif "options" in record and not {"spans", "tokens"} & record.keys():
            raise CTLError(f"{place}: a task of prodigy with choices (options) and no spans; export one of ner.manual")
        elif isinstance(record.get("tokenized_text"), list):
            yield _of_gliner(record, place)
        elif (words := _words(record)) is not None:
            yield _of_words(record, words, place)
        else:
            yield _of_text(record, place, form)


def _of_gliner(record: Record, place: str) -> Document:
    """Words, and entities by their first and last word, as GLiNER's data has them."""
    words, entities = record["tokenized_text"], record.get("ner", [])
    if not all(isinstance(word, str) and word for word in words) or not isinstance(entities, list):
        raise CTLError(f"{place}: tokenized_text and ner are not what GLiNER has, words and [first, last, type]")
    text, places = join_with_spaces(words)
    spans = []
    for item in entities:
        whole = isinstance(item, list) and len(item) > 2 and all(isinstance(end, int) for end in item[:2])
        if not whole or not 0 <= item[0] <= item[1] < len(words):
            raise CTLError(f"{place}: {item!r} is no entity of {len(words)} words, as [first, last, type] is")
        spans.append([places[item[0]][0], places[item[1]][1], item[2]])
    return Document(text, place, [read_opinion(spans, text, place)])


def _words(record: Record) -> list[str] | None:
    """The words of an object of words with tags; the tokens of prodigy are objects, and stand beside a text."""
    words = next((record[key] for key in WORDS if key in record), None)
    return (
        words if isinstance(words, list) and words and all(isinstance(word, str) and word for word in words) else None
    )


def _of_words(record: Record, words: list[str], place: str) -> Document:
    tags = next((record[key] for key in TAGS if isinstance(record.get(key), list)), None)
    if tags is None or len(tags) != len(words) or not all(isinstance(tag, str) for tag in tags):
        raise CTLError(f"{place}: {len(words)} words, but no tag as text for each, under one of {', '.join(TAGS)}")
    text, places = join_with_spaces(words)
    try:
        reading = to_bio2(tags, np.array([0, len(words)]))
    except UnknownTag as error:
        raise CTLError(f"{place}: {error}") from None
    return Document(text, place, [Opinion(entities_of(reading.names, places, place))])


def _of_text(record: Record, place: str, form: Form) -> Document:
    """A text with entities by their characters: doccano, prodigy, GLiNER's answers, label-studio's short form."""
    keys: Sequence[str] = [form.word_column] if isinstance(form.word_column, str) else TEXT
    text = next((record[key] for key in keys if isinstance(record.get(key), str)), None)
    if text is None and "pattern" in record:
        raise CTLError(f"{place}: a pattern, as a list of names has it: --form gazetteer reads it")
    if text is None:
        raise CTLError(
            f"{place}: no text; its keys are {', '.join(record) or 'none'}, expected are text and entities: "
            "--data.word_column and --data.tag_column name others"
        )
    keys = [form.tag_column] if isinstance(form.tag_column, str) else ENTITIES
    items: list[Any] = next((record[key] for key in keys if isinstance(record.get(key), list)), [])
    return Document(checked_text(text, place), place, [read_opinion(items, text, place)])
