"""Exports of label-studio: raw JSON as https://labelstud.io/guide/task_format has it, and JSON_MIN."""

import json
from collections import Counter

import pytest

from ctl.data.reading.form import USUAL
from ctl.errors import CTLError
from ctl.importing.exports import REJECTED, UNSEEN, read_exports

TEXT = "Ada Lovelace in London"
PER, LOC = (0, 12, "PER"), (16, 22, "LOC")


def read(tmp_path, *records, notes=None):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(records))
    return list(read_exports(path, USUAL, Counter() if notes is None else notes))


def plain(document):
    return [[(entity.start, entity.end, entity.type) for entity in opinion.entities] for opinion in document.opinions]


def region(begin, end, kind, **more):
    value = {"start": begin, "end": end, "text": TEXT[begin:end], "labels": [kind]}
    return {"id": "a", "from_name": "label", "to_name": "text", "type": "labels", "value": value, **more}


def test_what_people_say_is_read_and_what_they_skip_is_not(tmp_path):
    """Two annotators, a third who cancelled, and a relation; then a task that was skipped, and one left over."""
    task = {"id": 1, "data": {"text": TEXT}, "predictions": []}
    results = [[region(*PER), {"type": "relation", "from_id": "a"}], [region(*PER), region(*LOC)]]
    annotated = [{"id": 1, "was_cancelled": False, "result": result} for result in results]
    cancelled = {"id": 3, "was_cancelled": True, "result": [region(13, 15, "ORG")]}
    predicted = {"model_version": "one", "score": 0.5, "result": [region(*LOC, score=0.8)]}
    alone, notes = {**task, "annotations": [], "predictions": [predicted]}, Counter()
    skipped = {**task, "annotations": [cancelled], "predictions": [predicted]}
    (document,) = read(tmp_path, {**task, "annotations": [*annotated, cancelled]}, skipped, alone, notes=notes)
    assert plain(document) == [[PER], [PER, LOC]] and document.opinions[0].scores is None
    assert notes == {REJECTED: 1, UNSEEN: 1}  # what the model says is not what people say
    (document,) = read(tmp_path, alone)  # an export of predictions
    assert plain(document) == [[LOC]] and document.opinions[0].scores == [0.8]
    short = {"id": 1, "text": TEXT, "label": [{"start": 0, "end": 12, "text": "Ada Lovelace", "labels": ["PER"]}]}
    assert plain(read(tmp_path, short)[0]) == [[PER]]  # JSON_MIN


def test_a_task_that_nobody_answers_says_nothing(tmp_path):
    notes = Counter()
    assert read(tmp_path, {"id": 1, "data": {"text": TEXT}}, notes=notes) == [] and notes == {UNSEEN: 1}


def task(*regions, kind="labels"):
    result = [{"type": kind, "value": value} for value in regions]
    return {"id": 1, "data": {"text": TEXT}, "annotations": [{"id": 1, "result": result}]}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"data": {"text": TEXT}, "annotations": [{"id": 1}]}, "without a result"),
        ({"data": {"image": 3}, "annotations": []}, "without a text"),
        (task({"startOffset": 1, "endOffset": 2, "labels": ["PER"]}), "label-studio's HyperText"),
        (task({"start": "/p", "hypertextlabels": ["PER"]}, kind="hypertextlabels"), "label-studio's hypertextlabels"),
        (task({"x": 1, "rectanglelabels": ["PER"]}, kind="rectanglelabels"), "label-studio's rectanglelabels"),
        (task({"start": 0, "end": 3, "labels": ["PER", "ORG"]}), r"a region with 2 labels \(PER, ORG\), one is needed"),
        (task({"start": 0, "end": 3}), r"a region with 0 labels \(none\), one is needed"),
        (task({"start": 0, "end": 99, "labels": ["PER"]}), "from 0 to 99 is outside the text"),
    ],
)
def test_what_is_no_text_with_labels_is_refused(tmp_path, record, message):
    with pytest.raises(CTLError, match=message) as error:
        read(tmp_path, record)
    assert "export.json: object 1: " in str(error.value) and "\n" not in str(error.value)
