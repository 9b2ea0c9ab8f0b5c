"""JSON lines: which keys hold words, tags, texts and entities."""

import pytest
from reading import read, sentences

from ctl.data.reading.form import Form
from ctl.errors import CTLError


def test_keys_of_json_by_name(tmp_path):
    text = '{"satz": ["Ida"], "gold": ["B-PER"], "tags": ["O"]}'
    assert sentences(read(tmp_path, {".jsonl": text}, Form(word_column="satz", tag_column="gold"))) == [
        [["Ida", "B-PER"]]
    ]


def test_objects_in_a_list_are_read_as_those_a_line(tmp_path):
    lines = ['{"tokens": ["Ida"], "ner_tags": ["B-PER"]}', '{"tokens": ["sang"], "ner_tags": ["O"]}']
    corpora = []
    for folder, files in (("a", {".jsonl": "\n".join(lines)}), ("b", {".json": f"[{', '.join(lines)}]"})):
        (tmp_path / folder).mkdir()
        corpora.append(read(tmp_path / folder, files))
    assert sentences(corpora[0]) == sentences(corpora[1]) == [[["Ida", "B-PER"]], [["sang", "O"]]]


def test_a_task_of_label_studio_is_named(tmp_path):
    with pytest.raises(CTLError, match=r"train\.jsonl:1: a task of label-studio: `ctl import` reads it"):
        read(tmp_path, {".jsonl": '{"id": 1, "data": {"text": "Ida sang"}, "annotations": []}'})


def test_a_word_with_a_nul_is_refused_with_its_line(tmp_path):
    with pytest.raises(CTLError, match=r"train\.jsonl:2: a nul"):
        read(tmp_path, {".jsonl": '{"tokens": ["a"]}\n{"tokens": ["a\\u0000"]}'}, tags=False)
