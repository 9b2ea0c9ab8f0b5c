"""What is written of a run without scores, from stores that are made up."""

import json

import pytest
from made_up_run import SCHEMA

from ctl.data.reading.conll import read_conll
from ctl.inspection.unscored import report_unscored

ABOUT = {"target": "xx", "sources": ["en"], "seed": 0, "models": {"student:learned": "students/learned/last.ckpt"}}


@pytest.fixture
def record(run, tmp_path, capsys):
    labels = [path.parent for path in sorted(run.rglob("soft_labels/train/manifest.json"), reverse=True)]
    gold = read_conll(run / "data" / "xx" / "train.txt", "en/train").project(SCHEMA)
    report_unscored(tmp_path, ABOUT, [*labels, labels[0]], [gold])
    assert "nothing is scored" in capsys.readouterr().out
    return json.loads((tmp_path / "unscored.json").read_text())


def test_teachers_come_first_and_each_model_once(record, tmp_path):
    roles = [each["role"] for each in record["findings"]]
    assert roles == ["teacher"] * 3 + ["mixture", "student"] and {**record, **ABOUT} == record
    for each in record["findings"]:
        assert list(each["agreement"]) == [other["name"] for other in record["findings"]]
        assert each["agreement"][each["name"]] == 1 and each["labelled"] == 1
    assert record["gold_of_sources"][0]["name"] == "en/train"
    assert len((tmp_path / "unscored.md").read_text().splitlines()) == 2 + 5 + 1


def test_the_noisier_a_teacher_the_less_it_agrees(record):
    """The noise of en is 1.5, of nl 2, of es 3, around the same tags."""
    means = {
        each["name"]: sum(each["agreement"][f"direct:{other}"] for other in ("en", "nl", "es"))
        for each in record["findings"]
    }
    assert means["direct:en"] > means["direct:nl"] > means["direct:es"]
