"""Files of predictions to stores, and what is said of them."""

import json

import numpy as np
import pytest

from ctl.data.corpus import Corpus
from ctl.data.reading.form import USUAL
from ctl.data.soft_labels import SoftLabelStore
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.importing.predictions import Predictions

SCHEMA = TagSchema(("PER", "LOC"))
WORDS = ["Ada", "sang", "in", "Bonn", ".", "Otto", "sang", "."]
CORPUS = Corpus("de/train", WORDS, np.array([0, 5, 8]))


def imported(path, name="crowd", type_map=None, **settings):
    predictions = Predictions(path, name, settings.pop("kind", None), USUAL, **settings)
    lines = predictions.write(CORPUS, SCHEMA, type_map or {}, path.parent / "soft_labels" / "train")
    return SoftLabelStore(path.parent / "soft_labels" / "train"), lines


def tags(store):
    return [SCHEMA.tags[tag] for tag in store.rows(slice(None)).argmax(-1)]


def test_votes_of_two_annotators_on_one_of_two_sentences(tmp_path):
    path = tmp_path / "votes.conll"
    path.write_text("Ada\tB-PER\tB-PER\nsang\tO\tO\nin\tO\tO\nBonn\tB-LOC\tO\n.\tO\tO\n")
    store, lines = imported(path)
    assert store.rows(slice(0, 4))[:, :4] == pytest.approx(
        np.array([[0, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0.5, 0, 0, 0.5]]), abs=1e-3
    )
    assert store.labelled.tolist() == [True] * 5 + [False] * 3
    store.check(CORPUS, SCHEMA)
    teacher = store.manifest["teacher"]
    assert (teacher["method"], teacher["sources"]) == ("direct:crowd", ["crowd"])
    assert lines == [
        "of 1 texts for de/train, 1 stand in it as they are",
        "5 of 8 words of de/train have a label (62.5%)",
        "entities: 2 PER, 1 LOC",
    ]


def test_json_of_other_types_with_a_map(tmp_path):
    path = tmp_path / "answers.jsonl"
    spans = [{"start": 0, "end": 3, "label": "person", "score": 0.75}, {"start": 12, "end": 16, "label": "event"}]
    path.write_text(json.dumps({"text": "Ada sang in Bonn.", "entities": spans}))
    store, lines = imported(path, type_map={"person": "PER"})
    assert store.rows(slice(0, 1))[0] == pytest.approx([0.25, 0.75, 0, 0, 0], abs=1e-3)
    assert "1 entities of type event, read as O" in lines
    with pytest.raises(
        CTLError, match=r"answers.jsonl: its entity types event, person are none of the task's, PER, LOC"
    ):
        imported(path)


def test_a_gazetteer_is_known_by_its_lines_and_labels_every_word(tmp_path):
    path = tmp_path / "names.tsv"
    path.write_text("Ada\tPER\nBonn\tLOC\nUlm\tLOC\n")
    store, lines = imported(path)
    assert tags(store) == ["B-PER", "O", "O", "B-LOC", "O", "O", "O", "O"] and store.labelled is None
    assert lines[0] == "2 of 3 names stand in de/train"
    store, _ = imported(path, partial=True)
    assert store.labelled.tolist() == [True, False, False, True, False, False, False, False]


def test_a_folder_of_brat(tmp_path):
    folder = tmp_path / "brat"
    folder.mkdir()
    (folder / "one.txt").write_text("Ada sang in Bonn.\nOtto sang.\n")
    (folder / "one.ann").write_text("T1\tPER 0 3\tAda\nT2\tPER 18 22\tOtto\n")
    store, _ = imported(folder)
    assert tags(store) == ["B-PER", "O", "O", "O", "O", "B-PER", "O", "O"]


def test_a_text_of_another_language_is_refused_with_its_line(tmp_path):
    path = tmp_path / "votes.conll"
    path.write_text("\nSomething\tB-PER\nelse\tO\nentirely\tO\n")
    with pytest.raises(
        CTLError, match=r"votes.conll:2: this text does not stand in de/train, and no other of the file"
    ):
        imported(path)
    with pytest.raises(CTLError, match="nowhere: no such file"):
        imported(tmp_path / "nowhere")


def test_names_that_stand_nowhere_are_refused(tmp_path):
    """They would make every word O."""
    path = tmp_path / "names.tsv"
    path.write_text("Ida\tPER\nAda Bonn\tPER\n")
    with pytest.raises(CTLError, match=r"names.tsv: none of its 2 names stands in de/train word for word"):
        imported(path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.jsonl",
            '{"text": "Ada sang in Bonn.", "ents": [[0, 3, "PER"]]}',
            "PER, LOC in it: are they under another key",
        ),
        ("a.conll", "Ada O\nsang O\n", "in it: are tags in another column"),
        (
            "a.json",
            '[{"data": {"text": "Otto sang."}, "annotations": [{"result": [{"type": "choices", "value": {}}]}]}]',
            "no entity",
        ),
    ],
)
def test_a_file_without_an_entity_is_refused(tmp_path, name, text, message):
    """It would make every word O."""
    (tmp_path / name).write_text(text)
    with pytest.raises(CTLError, match=message):
        imported(tmp_path / name)


@pytest.mark.parametrize("text", ["Bonn LOC\nNew York LOC\n", "Bonn LOC\nUlm LOC\n", "Bonn\nUlm\n", "Bonn\tLOC\t1\n"])
def test_a_list_of_names_without_tabs_is_told_the_form(tmp_path, text):
    (tmp_path / "names.tsv").write_text(text)
    with pytest.raises(CTLError, match=r"names.tsv.*; if it is a list of names: a line is a name, a tab and its type"):
        imported(tmp_path / "names.tsv")


def test_a_folder_without_brat_is_refused(tmp_path):
    with pytest.raises(CTLError, match=r"no text in it; of a folder, files of brat are read, .ann beside .txt"):
        imported(tmp_path)


def test_a_file_in_which_nothing_counts_says_why(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps({"text": "Ada sang in Bonn.", "spans": [], "answer": "reject"}))
    with pytest.raises(CTLError, match=r"no text in it; 1 texts that the annotator rejected or skipped are left out"):
        imported(path)
