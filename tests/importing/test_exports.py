"""Exports of tools, each as the tool writes it."""

import json
from collections import Counter

import pytest

from ctl.data.reading.form import USUAL
from ctl.errors import CTLError
from ctl.importing.exports import REJECTED, read_exports

TEXT = "Ada Lovelace in London"
PER, LOC = (0, 12, "PER"), (16, 22, "LOC")


def read(tmp_path, *records, notes=None):
    path = tmp_path / "export.jsonl"
    lines = [json.dumps(record) for record in records]
    path.write_text("\n".join(lines))
    return list(read_exports(path, USUAL, Counter() if notes is None else notes))


def plain(document):
    return [[(entity.start, entity.end, entity.type) for entity in opinion.entities] for opinion in document.opinions]


@pytest.mark.parametrize(
    "record",
    [
        {"id": 1, "text": TEXT, "label": [[0, 12, "PER"], [16, 22, "LOC"]]},
        {
            "id": 1,
            "text": TEXT,
            "entities": [
                {"id": 7, "label": "PER", "start_offset": 0, "end_offset": 12},
                {"id": 8, "label": "LOC", "start_offset": 16, "end_offset": 22},
            ],
            "relations": [],
        },
        {
            "text": TEXT,
            "tokens": [{"text": "Ada", "start": 0, "end": 3, "id": 0}],
            "spans": [
                {"start": 0, "end": 12, "label": "PER", "token_start": 0, "token_end": 1},
                {"start": 16, "end": 22, "label": "LOC"},
            ],
            "answer": "accept",
        },
        {
            "text": TEXT,
            "entities": [
                {"start": 0, "end": 12, "text": "Ada Lovelace", "label": "PER", "score": 1.0},
                {"start": 16, "end": 22, "text": "London", "label": "LOC", "score": 0.5},
            ],
        },
        {"tokenized_text": TEXT.split(), "ner": [[0, 1, "PER"], [3, 3, "LOC"]]},
        {"tokens": TEXT.split(), "ner_tags": ["B-PER", "I-PER", "O", "B-LOC"]},
    ],
    ids=["doccano", "doccano with relations", "prodigy", "GLiNER's answer", "GLiNER's data", "words"],
)
def test_the_same_from_every_tool(tmp_path, record):
    (document,) = read(tmp_path, record)
    assert document.text == TEXT and plain(document) == [[PER, LOC]]


def test_what_was_rejected_is_left_out_and_counted(tmp_path):
    notes = Counter()
    accepted = {"text": TEXT, "spans": [], "answer": "accept"}
    assert len(read(tmp_path, accepted, {**accepted, "answer": "reject"}, notes=notes)) == 1
    assert notes == {REJECTED: 1}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"text": TEXT, "label": [[0, 99, "PER"]]}, "from 0 to 99 is outside the text, which has 22 characters"),
        ({"text": TEXT, "label": [[5, 5, "PER"]]}, "from 5 to 5 is outside the text"),
        (
            {"text": TEXT, "spans": [{"start": 1, "end": 4, "label": "PER", "text": "Ada"}]},
            "in bytes or in UTF-16",
        ),
        ({"text": TEXT, "spans": [{"start": 0, "end": 3, "label": "PER", "score": 97}]}, "97 is no probability"),
        (
            {"text": TEXT, "annotations": [{"label": 3, "start_offset": 0, "end_offset": 3}]},
            "doccano before version",
        ),
        ({"data": {"text": TEXT}, "completions": []}, "label-studio before version 1"),
        ({"text": TEXT, "options": [{"id": "A"}], "accept": ["A"], "answer": "accept"}, "prodigy with choices"),
        ({"tokenized_text": ["Ada"], "ner": [[0, 1, "PER"]]}, "no entity of 1 words"),
        ({"body": TEXT}, "no text; its keys are body"),
        ({"pattern": "Bonn", "label": "LOC"}, "--form gazetteer reads it"),
        ({"tokens": ["Ada"], "ner_tags": [3]}, "no tag as text for each"),
        ([TEXT], "no JSON object"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_its_line(tmp_path, record, message):
    with pytest.raises(CTLError, match=message) as error:
        read(tmp_path, {"text": TEXT, "label": []}, record)
    assert "export.jsonl:2: " in str(error.value) and "\n" not in str(error.value)
