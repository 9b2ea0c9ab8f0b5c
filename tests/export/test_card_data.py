"""The head of a model card is what the Hub reads: found by language, base and data, with scores."""

import yaml
from huggingface_hub import ModelCardData

from ctl.export.card_data import card_data, hub_of, origin_of


def record(**data):
    return {"target": "de", "precision": 71.0, "recall": 62.0, "f1": 66.2, "provenance": {"config": {"data": data}}}


def test_data_of_the_hub():
    scored = record(
        hub={"*": {"path": "unimelb-nlp/wikiann", "name": "{lang}"}, "nl": {"path": "x/conll", "name": None}}
    )
    head = yaml.safe_load(card_data("Names in de", "xlm-roberta-base", "de", scored))
    assert head["language"] == ["de"] and head["base_model"] == "xlm-roberta-base" and "license" not in head
    assert head["datasets"] == ["unimelb-nlp/wikiann", "x/conll"] and head["metrics"] == ["precision", "recall", "f1"]
    (model,) = head["model-index"]
    (result,) = model["results"]
    assert result["dataset"]["config"] == "de" and result["dataset"]["type"] == "unimelb-nlp/wikiann"
    assert {each["type"]: each["value"] for each in result["metrics"]} == {
        "precision": 71.0,
        "recall": 62.0,
        "f1": 66.2,
    }
    assert len(ModelCardData(**head).eval_results) == 3  # as the Hub reads it


def test_files_and_folders_are_not_named(tmp_path):
    """A path of this machine is nobody's business; a name that is no code of a language stands nowhere."""
    scored = record(hub={"*": {"path": str(tmp_path)}})
    head = card_data("Names", None, "north-frisian", scored)
    assert str(tmp_path) not in head and hub_of(scored) == {} and origin_of(scored) == "files"
    assert not yaml.safe_load(head).keys() & {"language", "base_model", "datasets"}
    assert origin_of(record(synthetic={"train": 3})) == "artificial languages"
    assert "model-index" not in yaml.safe_load(card_data("Names", None, None, None))
