"""Files for annotation tools, against what the tools document, and read back by `ctl import`."""

import json
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest

from ctl.data.reading.form import USUAL
from ctl.data.tags import TagSchema
from ctl.importing.columns import read_columns
from ctl.importing.exports import read_exports
from ctl.review.forms import ENDINGS, Sentence, Span, labelling_config, spans_of, write

WORDS = ["Ada", "Lovelace", "kam", "aus", "😀", "London"]
SENTENCES = [
    Sentence(7, WORDS, [Span(0, 2, "PER", 0.9), Span(5, 6, "LOC", 0.5)], 1.0),
    Sentence(2, ["nichts"], [], 0.25),
]  # fmt: skip


def test_entities_by_conllevals_rule_with_their_least_probability():
    schema, sure = TagSchema(("PER", "LOC")), np.array([0.9, 0.8, 1.0, 0.7, 0.6], dtype=np.float32)
    spans = spans_of(np.array([1, 2, 0, 4, 3]), sure, schema)  # B-PER I-PER O I-LOC B-LOC
    assert spans == [Span(0, 2, "PER", 0.8), Span(3, 4, "LOC", 0.7), Span(4, 5, "LOC", 0.6)]


def test_label_studio_has_tasks_with_predictions():
    first, second = json.loads(write("label-studio", SENTENCES, "student:truth"))
    assert first.keys() == {"data", "predictions"} and first["data"]["text"] == "Ada Lovelace kam aus 😀 London"
    (prediction,) = first["predictions"]
    assert prediction["model_version"] == "student:truth"
    region = prediction["result"][1]
    assert region["value"] == {"start": 23, "end": 29, "text": "London", "labels": ["LOC"]} and region["score"] == 0.5
    config = ElementTree.fromstring(labelling_config(["PER", "A&B"]))
    labels, text = config.find("Labels"), config.find("Text")
    assert (region["from_name"], region["to_name"], region["type"]) == (
        labels.get("name"),
        labels.get("toName"),
        "labels",
    )
    assert text.get("name") == region["to_name"] and text.get("value") == "$text"
    assert [label.get("value") for label in labels] == ["PER", "A&B"]
    assert len({item["id"] for item in prediction["result"]}) == 2 and second["predictions"][0]["result"] == []


def test_doccano_has_a_text_and_labels_by_characters():
    first, second = map(json.loads, write("doccano", SENTENCES, "m").splitlines())
    assert first["label"] == [[0, 12, "PER"], [23, 29, "LOC"]] and second["label"] == []
    assert first["text"][23:29] == "London" and first["sentence"] == 7


def test_prodigy_has_tokens_and_spans_whose_last_token_is_in_them():
    first, _ = map(json.loads, write("prodigy", SENTENCES, "m").splitlines())
    tokens, (person, place) = first["tokens"], first["spans"]
    assert person == {"start": 0, "end": 12, "token_start": 0, "token_end": 1, "label": "PER"}
    assert (tokens[place["token_start"]]["start"], tokens[place["token_end"]]["end"]) == (place["start"], place["end"])
    assert [token["id"] for token in tokens] == list(range(6))
    assert "".join(token["text"] + " " * token["ws"] for token in tokens) == first["text"]


def test_conll_has_a_word_a_tab_and_a_tag():
    text = write("conll", SENTENCES, "m")
    assert text.startswith("Ada\tB-PER\nLovelace\tI-PER\nkam\tO\n") and text.endswith("London\tB-LOC\n\nnichts\tO\n\n")


def test_a_model_that_gave_no_answer_is_not_one_that_found_nothing():
    partly, silent = Sentence(7, WORDS, [Span(0, 2, "PER", 0.9)], 1.0, 4), Sentence(2, ["nichts"], [], 0.25, 1)
    first, second = json.loads(write("label-studio", [partly, silent], "m"))
    assert first["data"]["no_answer"] == 4 and len(first["predictions"]) == 1
    assert second["data"]["no_answer"] == 1 and second["predictions"] == []
    assert json.loads(write("prodigy", [silent], "m"))["meta"] == {"sentence": 2, "urgency": 0.25, "no_answer": 1}
    assert json.loads(write("doccano", [silent], "m"))["no_answer"] == 1


@pytest.mark.parametrize("form", ENDINGS)
def test_all_are_read_back_as_they_were(form, tmp_path):
    path = tmp_path / f"review.{ENDINGS[form]}"
    path.write_text(write(form, SENTENCES, "m"), encoding="utf-8")
    read = list(read_columns(path, USUAL) if form == "conll" else read_exports(path, USUAL, Counter()))
    assert [document.text for document in read] == ["Ada Lovelace kam aus 😀 London", "nichts"]
    entities = [[(e.start, e.end, e.type) for e in document.opinions[0].entities] for document in read]
    assert entities == [[(0, 12, "PER"), (23, 29, "LOC")], []]
