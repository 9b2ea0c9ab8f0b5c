"""``ctl review``: from a run to a file of an annotation tool and back, as gold of a few sentences."""

import json

import numpy as np
import pytest

from ctl.commands.review import first_sentences
from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.data.soft_labels import StoreWriter
from ctl.data.tags import TagSchema
from ctl.inspection.frames import Inspection
from ctl.inspection.labellers import Labels
from ctl.main import main

SCHEMA = TagSchema(("PER", "LOC"))
SENTENCES = ["Ada liest", "Bo kam aus Rom", "es regnet", "Ada liest viel"]


@pytest.fixture
def run(tmp_path):
    """Two teachers that differ on Rom, and an ensemble of them; the text is beside the run."""
    (tmp_path / "data" / "de").mkdir(parents=True)
    lines = [f"{word} O\n" if word else "\n" for sentence in SENTENCES for word in [*sentence.split(), ""]]
    (tmp_path / "data" / "de" / "train.txt").write_text("".join(lines))
    corpus = NERDataModule(target="de", root=str(tmp_path / "data"), types=SCHEMA.types).raw_text("de", "train")
    tags = {"direct:en": [1, 0, 1, 0, 0, 3, 0, 0, 1, 0, 0], "direct:nl": [1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0]}
    says = {name: np.eye(5)[given] for name, given in tags.items()}
    says["ensemble:uniform"] = np.mean(list(says.values()), axis=0)
    for number, (name, probs) in enumerate(says.items()):
        store = tmp_path / "run" / name.replace(":", "-") / "soft_labels" / "train"
        writer = StoreWriter(store)
        writer.add(np.arange(11), probs.astype(np.float32))
        writer.close()
        teacher = {"method": name, "sources": [name[-2:]], "fingerprint": str(number)}
        StoreWriter.join(store, corpus, SCHEMA, teacher)
    return tmp_path


def review(run, *more):
    return main(["review", str(run / "run"), "--data.root", str(run / "data"), *more])


def test_what_people_correct_comes_back_as_gold(run, capsys):
    output = run / "review.json"
    assert review(run, "--sentences", "2", "--output", str(output)) == 0, capsys.readouterr().err
    tasks = json.loads(output.read_text())
    assert tasks[0]["data"]["text"] == "Bo kam aus Rom" and '<Label value="LOC"/>' in (run / "review.xml").read_text()
    for task in tasks:  # people take the predictions over, and add what is missing
        (prediction,) = task.pop("predictions")
        task["annotations"] = [{"result": prediction["result"], "was_cancelled": False}]
    region = {"from_name": "label", "to_name": "text", "type": "labels"}
    tasks[0]["annotations"][0]["result"] = [
        {**region, "id": "a", "value": {"start": 0, "end": 2, "text": "Bo", "labels": ["PER"]}},
        {**region, "id": "b", "value": {"start": 11, "end": 14, "text": "Rom", "labels": ["LOC"]}},
    ]
    (run / "labelled.json").write_text(json.dumps(tasks))
    data = ["--data.root", str(run / "data"), "--data.types", "[PER,LOC]", "--language", "de", "--as", "people"]
    assert main(["import", str(run / "labelled.json"), *data, "--output", str(run / "people")]) == 0
    few = NERDataModule(target="de", root=str(run / "data"), types=SCHEMA.types, few=str(run / "people"))
    gold = few.gold("de", "few")
    sentences = [" ".join(words) for words in gold.sentences()]
    assert len(gold) == 2 and sentences.index("Bo kam aus Rom") >= 0
    begin = int(gold.offsets[sentences.index("Bo kam aus Rom")])
    assert gold.tags[begin : begin + 4].tolist() == [1, 0, 0, 3]


def test_a_file_that_is_there_is_kept(run, capsys):
    output = run / "review.conll"
    assert review(run, "--form", "conll", "--output", str(output), "--by", "direct:en") == 0
    assert "Rom\tB-LOC\n" in output.read_text()
    assert review(run, "--form", "conll", "--output", str(output)) == 2
    assert "there is such a file" in capsys.readouterr().err
    output.with_suffix(".xml").touch()  # of label-studio alone
    output.unlink()
    assert review(run, "--form", "conll", "--output", str(output), "--by", "direct:nl") == 0
    assert review(run, "--form", "conll", "--output", str(output), "--overwrite", "--by", "direct:nl") == 0
    assert "Rom\tO\n" in output.read_text()


def test_a_model_that_is_not_there(run, capsys):
    assert review(run, "--by", "student:best", "--output", str(run / "x.json")) == 2
    assert "no soft labels of student:best: there are those of direct:en" in capsys.readouterr().err


def test_where_there_is_no_answer_there_is_no_doubt():
    """The second teacher gave no answer on the second sentence, where its row is uniform, the most unsure of all."""
    corpus = Corpus("de/train", ["Ada", "liest", "Bo", "singt"], np.array([0, 2, 4]))
    sure, unsure, uniform = (np.array([row] * 2) for row in ([1, 0, 0, 0, 0], [0.9, 0.1, 0, 0, 0], [0.2] * 5))
    says = {"direct:en": [unsure, sure], "direct:nl": [sure, uniform]}
    marks = {"direct:nl": np.array([True, True, False, False])}
    labellers = {
        name: Labels(name, "teacher", np.concatenate(rows).astype(np.float32), {}, None, marks.get(name))
        for name, rows in says.items()
    }
    first, second = first_sentences(Inspection(corpus, SCHEMA, labellers), "direct:nl", 2)
    assert (first.number, first.silent) == (0, 0) and (second.number, second.silent) == (1, 2)
