"""JSON that annotation tools and taggers write: label-studio, doccano, prodigy, GLiNER, and others of their kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ctl.data.reading.form import Form
from ctl.data.reading.jsonl import ENTITIES, TEXT, WORDS, json_entity, json_records
from ctl.data.reading.lines import NUL
from ctl.data.reading.spans import Entity
from ctl.data.sentences import join_with_spaces
from ctl.data.tag_schemes import UnknownTag, to_bio2
from ctl.errors import CTLError
from ctl.importing.documents import Document, Opinion, entities_of

Record = Mapping[str, Any]
SCORES = ("score", "confidence", "probability")
REJECTED = "texts that the annotator rejected or skipped are left out"
UNSEEN = "texts that have predictions alone are left out, as people annotated others of the file"
TAGS = ("ner_tags", "tags", "labels")  # of words


def read_exports(path: Path, form: Form, notes: Counter[str]) -> Iterator[Document]:
    """Reads texts and entities from JSON lines, or from a list of objects.

    An object is a task of label-studio, with every annotation that was not cancelled, or its predictions where nobody
    annotated any task of the file; or a text with entities, as doccano, prodigy and GLiNER have them; or words with
    tags. The forms are those of

    * label-studio: https://labelstud.io/guide/task_format, and JSON_MIN of https://labelstud.io/guide/export, where
      cancelled annotations are exported, too;
    * doccano 1.8: ``TupledSpanFormatter`` and ``DictFormatter`` in ``backend/data_export/pipeline/formatters.py``;
    * prodigy: https://prodi.gy/docs/api-interfaces, ``answer`` among them.

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
            predicted = _has_no_annotation(path, form) if predicted is None else predicted
            if document := _of_label_studio(record, place, predicted):
                yield document
            else:
                notes[REJECTED if record.get("annotations") else UNSEEN] += 1
        elif record.get("answer") in ("reject", "ignore"):
            notes[REJECTED] += 1
        elif isinstance(record.get("tokenized_text"), list):
            yield _of_gliner(record, place)
        elif (words := _words(record)) is not None:
            yield _of_words(record, words, place)
        else:
            yield _of_text(record, place, form)


def _has_no_annotation(path: Path, form: Form) -> bool:
    """Tells whether all tasks of a file of label-studio have predictions alone."""
    return not any(record.get("annotations") for _, record in json_records(path, form.encoding))


def _of_label_studio(record: Record, place: str, predicted: bool) -> Document | None:
    """A task of label-studio, as its JSON export has it; ``None`` where nobody says anything of it.

    Args:
        record: the task.
        place: where it stands.
        predicted: predictions are read in place of annotations.
    """
    texts = [value for value in record["data"].values() if isinstance(value, str)]
    text = record["data"].get("text", texts[0] if texts else None)
    if not isinstance(text, str):
        raise CTLError(f"{place}: a task of label-studio without a text; its data has {', '.join(record['data'])}")
    said = record.get("predictions" if predicted else "annotations") or ()
    given = [each for each in said if isinstance(each, dict) and not each.get("was_cancelled")]
    opinions = [_of_result(each.get("result"), text, place) for each in given]
    return Document(_checked(text, place), place, opinions) if opinions or predicted else None


def _of_result(result: Any, text: str, place: str) -> Opinion:  # noqa: ANN401
    """Reads what one annotator of label-studio said: regions with labels; relations and choices are left out."""
    if not isinstance(result, list):
        raise CTLError(f"{place}: an annotation without a result: of another version of label-studio?")
    regions = [item for item in result if isinstance(item, dict) and item.get("type", "labels") == "labels"]
    for region in regions:
        value = region.get("value")
        if not isinstance(value, dict) or "startOffset" in value or "globalOffsets" in value:
            raise CTLError(f"{place}: regions of label-studio's HyperText; take a project whose texts are Text")
    return _opinion([{**region["value"], **_score_of(region)} for region in regions], text, place)


def _score_of(region: Record) -> Record:
    return {"score": region["score"]} if isinstance(region.get("score"), int | float) else {}


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
    return Document(text, place, [_opinion(spans, text, place)])


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
    if text is None:
        raise CTLError(
            f"{place}: no text; its keys are {', '.join(record) or 'none'}, expected are text and entities: "
            "--data.word_column and --data.tag_column name others"
        )
    keys = [form.tag_column] if isinstance(form.tag_column, str) else ENTITIES
    items: list[Any] = next((record[key] for key in keys if isinstance(record.get(key), list)), [])
    return Document(_checked(text, place), place, [_opinion(items, text, place)])


def _opinion(items: Sequence[Any], text: str, place: str) -> Opinion:
    """Reads entities; each may have a score, and the words that it is about."""
    entities = [_entity(item, text, place) for item in items]
    scores = [_score(item, place) for item in items]
    known = [score for score in scores if score is not None]
    return Opinion(entities, [1.0 if score is None else score for score in scores] if known else None)


def _entity(item: Any, text: str, place: str) -> Entity:  # noqa: ANN401
    kind = item.get("label", item.get("type")) if isinstance(item, dict) else None
    if isinstance(kind, int):
        raise CTLError(
            f"{place}: the label {kind} is a number, as in exports of doccano before version 1.5: export JSONL"
        )
    entity = json_entity(item, place)
    if not 0 <= entity.start < entity.end <= len(text):
        raise CTLError(
            f"{place}: an entity from {entity.start} to {entity.end} is outside the text, which has {len(text)} "
            "characters"
        )
    said = item.get("text") if isinstance(item, dict) else None
    there = text[entity.start : entity.end]
    if isinstance(said, str) and said.split() != there.split():
        raise CTLError(
            f"{place}: from {entity.start} to {entity.end} the text has {there[:60]!r}, not {said[:60]!r}: are these "
            "places counted in bytes or in UTF-16? They must be characters"
        )
    return entity


def _score(item: Any, place: str) -> float | None:  # noqa: ANN401
    given = item[3] if isinstance(item, list) and len(item) > 3 else None
    if isinstance(item, dict):
        given = next((item[key] for key in SCORES if item.get(key) is not None), None)
    if given is None:
        return None
    if not isinstance(given, int | float) or isinstance(given, bool) or not 0 <= given <= 1:
        raise CTLError(f"{place}: the score {given!r} is no probability, from 0 to 1")
    return float(given)


def _checked(text: str, place: str) -> str:
    if "\0" in text:
        raise CTLError(f"{place}: {NUL}")
    return text
