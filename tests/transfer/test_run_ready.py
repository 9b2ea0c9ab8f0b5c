"""The commands of docs/how-to/models.md, run on tiny taggers and artificial languages."""

import json
import re
import shlex

import pytest

from ctl.data.soft_labels import SoftLabelStore
from ctl.main import main
from ctl.system.configs import ROOT

PAGE = (ROOT / "docs" / "how-to" / "models.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```sh\n(ctl transfer.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
QUICK = [
    "--data.limit", "20", "--teacher_steps", "4", "--student_steps", "4", "--trainer.accelerator", "cpu",
    "--trainer.precision", "32-true",
]  # fmt: skip


@pytest.fixture(scope="module")
def names(family, write_classifier):
    """What the names of the page stand for here."""
    ontonotes = write_classifier("O", "B-PERSON", "I-PERSON", "B-GPE", "I-GPE", "B-DATE", "I-DATE")
    numbers = write_classifier("LABEL_0", "LABEL_1", "LABEL_2")
    return {
        "ENCODER": family / "encoder", "ROOT": family, "dslim/bert-base-NER": ontonotes, "./my-model": ontonotes,
        "./numbers": numbers, "spacy:fr_core_news_sm": ontonotes, "--target de": "--target a1", "fr:": "a2:",
        "[nl]": "[a3]",
    }  # fmt: skip


def run(command, names, output, *more):
    for name, here in names.items():
        command = command.replace(name, str(here))
    arguments = shlex.split(command.replace("\\\n", " "))[1:]
    assert main([*arguments, *QUICK, *more, "--output", str(output)]) == 0
    return {record["method"]: record for record in json.loads((output / "results.json").read_text())}


def test_models_alone(names, tmp_path, capsys):
    records = run(COMMANDS[0], names, tmp_path, "--methods", '["direct:en", "student:uniform"]')
    assert list(records) == ["direct:en", "student:uniform"]
    student = records["student:uniform"]
    assert student["sources"] == ["en", "es"] and "silver" not in student
    fits = student["provenance"]["taught_by"]["fits"]
    assert fits["direct:en"]["types"] == {"PERSON": "PER", "GPE": "LOC", "DATE": None}
    assert "PERSON read as PER; GPE read as LOC; DATE read as O; it knows no ORG" in capsys.readouterr().err
    assert not (tmp_path / "teachers" / "en" / "checkpoints").exists()


def test_a_map_of_types(names, tmp_path):
    record = run(COMMANDS[1], names, tmp_path)["ensemble:uniform+abstain"]
    types = {name: fit["types"] for name, fit in record["provenance"]["fits"].items()}
    assert types["direct:en"] == {"PERSON": "PER", "GPE": None, "DATE": "LOC"}
    assert types["direct:es"] == {"LABEL_0": None, "LABEL_1": "PER", "LABEL_2": "PER"}


def test_silver_labels(names, tmp_path):
    records = run(COMMANDS[2], names, tmp_path, "--methods", '["direct:a2", "direct:a3", "pooled"]')
    assert {name: record.get("silver") for name, record in records.items()} == {
        "direct:a2": ["a2"], "direct:a3": None, "pooled": ["a2"]
    }  # fmt: skip
    assert "| direct:a2 (silver a2) |" in (tmp_path / "results.md").read_text()
    store = SoftLabelStore(tmp_path / "silver" / "a2" / "soft_labels" / "train")
    assert store.manifest["corpus"]["name"] == "a2/train" and store.manifest["teacher"]["fit"]["tagger"]
    tags = {tag for tag in store.probs.argmax(-1).tolist()}
    assert records["direct:a2"]["provenance"]["source_types"] == [
        kind for number, kind in enumerate(["PER", "ORG", "LOC"]) if {2 * number + 1, 2 * number + 2} & tags
    ]
