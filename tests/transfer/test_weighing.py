from pathlib import Path

import pytest
from made_up_plan import planned


@pytest.fixture(autouse=True)
def a_decoder(monkeypatch):
    monkeypatch.setattr("ctl.transfer.planner.fingerprint_backbone", lambda _: "d")


def test_nearest_words_are_asked_without_training_and_depend_on_the_sources_text():
    plan = planned("ensemble:nearest", "student:nearest-sentence", "student:learned")
    stages = [stage for stage in plan if stage.config["model"]["class_path"] == "NearestLanguages"]
    assert [(stage.command, stage.folder.parts[-2:]) for stage in stages] == [
        ("predict", ("de-from-en-nl", "nearest")), ("predict", ("nearest", "sentences")),
    ]  # fmt: skip
    assert all("en/train" in stage.context and "nl/train" in stage.context for stage in stages)
    weights = plan.tests[0].config["model"]["init_args"]["weights"]
    assert weights == str(stages[0].folder / "weights.json")


def test_what_a_study_shares_has_a_folder_for_each_target():
    home = Path("runs/study/seed0")
    plan = planned("ensemble:nearest", "ensemble:l1", more=["--output", f"{home}/de/en+nl"], shared=home)
    files = [test.config["model"]["init_args"]["weights"] for test in plan.tests]
    assert files == [str(home / name / "en+nl/de/weights.json") for name in ("nearest", "language_id")]
