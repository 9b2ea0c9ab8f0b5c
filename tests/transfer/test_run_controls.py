"""A transfer with controls, averaged weights and students of the pooled model, from beginning to end."""

import json

import pytest

from ctl.main import main
from ctl.tagging.trained import load_trained

METHODS = ["direct:a2", "pooled+equal", "merged:uniform", "seeds:a2", "student:pooled", "ensemble:agreement+joint",
           "supervised"]  # fmt: skip


@pytest.fixture(scope="module")
def records(family, tmp_path_factory):
    """The run's folder, and its records by method."""
    output = tmp_path_factory.mktemp("controls")
    assert main([
        "transfer", "--data.root", str(family), "--backbone", str(family / "encoder"), "--sources", "[a2,b1]",
        "--target", "a1", "--output", str(output), "--teacher_epochs", "1", "--student_epochs", "1", "--methods",
        json.dumps(METHODS), "--trainer.accelerator", "cpu",
    ]) == 0  # fmt: skip
    return output, {record["method"]: record for record in json.loads((output / "results.json").read_text())}


def test_every_control_is_scored_under_its_name(records):
    output, by_method = records
    assert list(by_method) == METHODS
    assert "supervised (upper bound: target's gold)" in (output / "results.md").read_text()


def test_only_the_upper_bound_is_marked_and_learned_from_the_target(records):
    _, by_method = records
    assert [name for name, record in by_method.items() if record.get("upper_bound")] == ["supervised"]
    assert by_method["supervised"]["sources"] == ["a1"]
    assert list(by_method["supervised"]["provenance"]["fit"]["splits"]) == ["a1/train"]


def test_weights_are_those_of_every_teacher(records):
    _, by_method = records
    provenance = {name: record["provenance"] for name, record in by_method.items()}
    weights = {name: facts["weights"] for name, facts in provenance.items() if "weights" in facts}
    assert weights["merged:uniform"] == weights["seeds:a2"] == [0.5, 0.5]
    assert len(weights["ensemble:agreement+joint"]) == 3
    assert by_method["seeds:a2"]["sources"] == ["a2"] and by_method["merged:uniform"]["sources"] == ["a2", "b1"]
    first, second = by_method["seeds:a2"]["provenance"]["teachers"]
    assert first == by_method["direct:a2"]["provenance"]["model"] != second


def test_a_student_of_the_pooled_model_and_a_merged_model_can_be_used(records):
    output, by_method = records
    taught_by = by_method["student:pooled"]["provenance"]["taught_by"]
    assert taught_by["method"] == "pooled" and taught_by["sources"] == ["a2", "b1"]
    assert load_trained(output).method == "student:pooled"
    merged = load_trained(output, "merged:uniform")
    assert merged.method == "merged:uniform" and merged.record()["f1"] == by_method["merged:uniform"]["f1"]
