import pytest
from made_up_plan import planned


@pytest.fixture(autouse=True)
def a_decoder(monkeypatch):
    monkeypatch.setattr("ctl.transfer.planner.fingerprint_backbone", lambda _: "d")


def test_weightings_are_tried_on_the_sources_where_that_is_asked_for():
    """Three teachers label two validation splits each; every source is weighed for by the two others."""
    three = ["--sources", "[en,nl,de]", "--target", "es", "--pretrain_epochs", "0"]
    plan = planned("student:learned+sharp", "ensemble:nearest+sharp", more=three)
    (trial,) = plan.trials
    home = trial.folder
    assert home.name == "left_out" and trial.outputs == ("leave_one_out.json",)
    assert trial.config["data"]["predict_splits"] == ["en/validation", "nl/validation", "de/validation"]
    teachers = {stage.folder.name: stage for stage in trial.after if stage.folder.parent == home / "teachers"}
    assert {name: stage.config["data"]["predict_splits"] for name, stage in teachers.items()} == {
        "en": ["nl/validation", "de/validation"],
        "nl": ["en/validation", "de/validation"],
        "de": ["en/validation", "nl/validation"],
    }
    weighed = trial.config["model"]["init_args"]["weights"]["nl"]
    assert weighed == [str(home / "sources" / "nl" / name / "weights.json") for name in ("language_id", "nearest")]
    identifier = next(stage for stage in plan if stage.folder == home / "sources/nl/language_id")
    assert identifier.config["data"]["sources"] == ["en", "de"]
    mixture = plan.tests[1].config["model"]["init_args"]
    assert mixture["sharpness"] == str(trial.output) and trial in plan.tests[1].after
    assert not any(stage.config["data"].get("target") for stage in (trial, *teachers.values()))
    assert all("es/" not in stage.context for stage in (trial, *trial.after))  # nothing of the target is read


def test_weightings_are_not_tried_for_nothing():
    three = ["--sources", "[en,nl,de]", "--target", "es"]
    assert planned("student:learned", more=three).trials == []
    (trial,) = planned("pooled", "student:learned", more=[*three, "--leave_one_out", "true"]).trials
    assert trial.folder.name == "left_out"
    assert planned("student:learned", more=["--leave_one_out", "true"]).trials == []  # of two sources none is left out
    decoders = planned("llm-ensemble:learned+sharp", "ensemble:l2+calibrated+sharp", more=three).trials
    assert {trial.folder.name for trial in decoders} == {"llm", "calibrated"}
