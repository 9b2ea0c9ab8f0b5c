"""The model card says what is known, and leaves the rest to its owner."""

import json
from dataclasses import replace

import pytest
import yaml
from made_up_tagger import make_checkpoint

from ctl.export.check import Compared
from ctl.export.model_card import _rivals, _teachers, _training, write_card
from ctl.export.write import export
from ctl.tagging.trained import load_trained


def test_the_training_in_a_line():
    fit = {"steps": 1600, "epochs": 2.56, "batch_size": 16, "accumulate_grad_batches": 2, "processes": 1}
    fit |= {"arguments": {"lr": 3e-4}, "precision": "32-true", "splits": {"en/train": "ab", "nl/train": "cd"}}
    assert _training(fit) == (
        "1,600 steps (2.56 epochs) of 32 sentences at most, learning rate 0.0003, 32-true; fingerprints of the text: "
        "en/train ab, nl/train cd"
    )
    assert _training(None) == _training({}) == ""  # of a checkpoint that an earlier version wrote


def test_the_training_of_teachers_in_a_line():
    fits = {"direct:en": {"steps": 1600, "arguments": {"lr": 3e-4}}, "direct:nl": {"steps": 9, "arguments": {"lr": 1}}}
    assert _teachers(fits) == "direct:en 1,600 steps, learning rate 0.0003; direct:nl 9 steps, learning rate 1"
    assert _teachers({"direct:en": {}}) == _teachers({}) == ""


def test_direct_transfer_and_pooled_stand_beside_a_student(tmp_path):
    """Those of the same run, target and seed; a stage that stands alone has none."""
    score = {"precision": 1.0, "recall": 1.0, "f1": 1.0, "per_type": {}, "train_seconds": 1.0, "provenance": {}}
    names = ("direct:en", "pooled", "ensemble:learned", "student:learned")
    records = [
        {"method": name, "sources": ["en"], "target": "de", "seed": 0, "split": "test", **score} for name in names
    ]
    student = records[-1]
    assert _rivals(tmp_path / "students" / "learned", student) == []
    (tmp_path / "results.json").write_text(json.dumps([*records, {**records[0], "seed": 1}]))
    assert _rivals(tmp_path / "students" / "learned", student) == records[:2]
    assert _rivals(tmp_path / "pooled", records[1]) == records[:1]


def test_the_card_says_what_is_known(family, tmp_path):
    make_checkpoint(tmp_path, family, "bert")
    score = {"precision": 71.0, "recall": 62.0, "f1": 66.2}
    record = {
        "method": "direct:a2", "sources": ["a2"], "target": "de", "seed": 7, "split": "test", **score,
        "per_type": {"PER": score}, "train_seconds": 1.0,
        "provenance": {
            "versions": {"ctl": "0", "torch": "1", "transformers": "2"}, "git_commit": "abc",
            "data": {"de/test": "f00"}, "config": {"data": {"hub": {"*": {"path": "unimelb-nlp/wikiann"}}}},
        },
    }  # fmt: skip
    (tmp_path / "results.json").write_text(json.dumps([record]))
    export(tmp_path, tmp_path / "exported")
    _, head, body = (tmp_path / "exported" / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(head)["language"] == ["de"] and "license" not in yaml.safe_load(head)
    assert "| all | 71.0 | 62.0 | **66.2** |" in body and "Seed: 7" in body and "Licence of this model" in body
    assert "unimelb-nlp/wikiann; fingerprint of the scored text: de/test f00" in body
    assert str(tmp_path) not in body and 'find("Anna wohnt in Berlin .")' in body


@pytest.mark.parametrize(
    ("method", "says", "not_says"),
    [
        ("student:pooled", "A model of several source languages together labelled raw text", "from their mixture"),
        ("mixed-student:pooled", "learned from their mixture", "together labelled raw text"),
        ("merged:uniform", "a mean that was never trained", "Wu et al."),
        ("supervised", "it saw gold labels of the target language", "raw text only"),
        ("few", "learned from a few labelled sentences of the target language alone", "raw text only"),
        ("student:uniform+few", "and then from a few labelled sentences of the target", "raw text only"),
        (
            "student:few",
            "a few labelled sentences of the target language weighed",
            "no gold label of the target",
        ),
    ],
)
def test_every_kind_of_model_has_its_own_story(family, tmp_path, method, says, not_says):
    make_checkpoint(tmp_path, family, "bert")
    (tmp_path / "tokenizer_config.json").write_text('{"model_max_length": 77}')
    write_card(tmp_path / "README.md", replace(load_trained(tmp_path), method=method), "bert", {})
    card = (tmp_path / "README.md").read_text()
    assert f"({method})" in card and says in card and not_says not in card
    assert ("Wu et al." in card) == ("student" in method)


def test_networks_are_a_table_and_html_is_left_as_it_is(family, tmp_path):
    """Nothing is escaped as in HTML; blank lines stand alone, so that tables are read as tables."""
    make_checkpoint(tmp_path, family, "bert")
    (tmp_path / "tokenizer_config.json").write_text('{"model_max_length": 77}')
    networks = {"model.onnx": Compared(1.25, 12345.6, 2e-6, 0.015)}
    write_card(tmp_path / "README.md", load_trained(tmp_path), "owner/a<b", networks)
    card = (tmp_path / "README.md").read_text()
    assert "\n\n| file | MB |" in card and "| model.onnx | 1.2 | 12,346 | 2.0e-06 | 1.50% | - |\n\n" in card
    assert "* Backbone: `owner/a<b`" in card and "base_model: owner/a<b" in card and "more than 77 pieces" in card
    assert "\n\n\n" not in card and "It was not scored." in card and card.endswith(":\n")
