import json
from pathlib import Path

import pytest

from ctl.commands.transfer import parse
from ctl.transfer.plan import Plan
from ctl.transfer.planner import Planner, Split

# By method, the key of its test in a transfer and in a study, as the first version of ctl computed them. A key holds
# those of all stages before it. If these change, everything that users have trained is trained anew.
KEYS = {
    "direct:en": ("c877bf9dc07ae535", "6b1e0c29d988f227"),
    "direct:nl": ("d7be19b646beb53e", "242e67ea8b8990bf"),
    "pooled": ("9b4a090061e4cdae", "83074179393aa4c2"),
    "ensemble:agreement": ("8e8804ebdf81fe84", "90e1f9b9a796c3f8"),
    "ensemble:learned-sentence": ("aa2febd8d2cab4f7", "2543c66baca9cac5"),
    "ensemble:fixed": ("4925a30e264ab3ab", "aa8245638ae4269a"),
    "student:learned": ("e0b15bcee596386c", "5aad5978669229d3"),
    "student:uniform+adapted+calibrated+knn": ("d51c16dd26c51dda", "935a7d8e53047a02"),
    "student:l2+unanimous+kl+advpicker": ("c56da9bbf8d716a0", "a6454df61a2bf3cb"),
    "student:uniform+filter+rounds2": ("56926ded5baf1e66", "b0b81b4ab520baf9"),
    "llm-pooled": ("3a6918951841fedf", "4e2d6ccc847123e4"),
    "mixed-student:cosine": ("750ca7a3f4c0b852", "f8a8bbb599ba921d"),
}
EPOCHS = ["--teacher_epochs", "3", "--llm_teacher_epochs", "3", "--student_epochs", "3"]
SPLITS = [f"{name}/{split}" for name in ("en", "nl", "de") for split in ("train", "validation", "test", "text")]


def planned(*methods, more=(), shared=None):
    args = [
        "--backbone", "encoder", "--llm_backbone", "decoder", "--sources", "[en,nl]", "--target", "de", "--methods",
        json.dumps(methods), "--weights", "{en: 1, nl: 1}", "--pretrain_epochs", "1", "--trainer.precision", "32-true",
        "--trainer.accelerator", "cpu", "--data.root", "data", *more,
    ]  # fmt: skip
    transfer = parse(args)
    splits = {name: Split(100, name) for name in SPLITS}
    return Plan(transfer.methods, Planner(transfer.settings, "context", splits, shared))


@pytest.fixture(autouse=True)
def a_decoder(monkeypatch):
    monkeypatch.setattr("ctl.transfer.planner.fingerprint_backbone", lambda _: "d")


@pytest.mark.parametrize("in_study", [False, True])
def test_keys_stay_what_they_were(in_study):
    home = Path("runs/study/seed0")
    folder = ["--output", f"{home}/de/en+nl"] if in_study else []
    plan = planned(*KEYS, more=[*EPOCHS, *folder], shared=home if in_study else None)
    assert {name: test.key for name, test in zip(KEYS, plan.tests, strict=True)} == {
        name: keys[in_study] for name, keys in KEYS.items()
    }


def test_only_stages_that_read_the_test_split_know_that_duplicates_are_dropped():
    stages = list(planned(*KEYS, more=["--data.drop_test_duplicates", "true"]))
    for stage in stages:
        data = stage.config["data"]
        reads_test = stage.command == "test" or (stage.command == "predict" and "test" in data["predict_splits"])
        assert data.get("drop_test_duplicates", False) == reads_test
    before = {(stage.folder, stage.command): stage.key for stage in planned(*KEYS)}
    kept = {stage.title for stage in stages if before[stage.folder, stage.command] == stage.key}
    assert {"train teacher of en", "train teacher of en, nl", "train language identifier"} <= kept


def test_every_stage_comes_after_those_that_it_reads():
    plan = planned(*KEYS)
    seen = []
    for stage in plan:
        assert all(before in seen for before in stage.after)
        seen.append(stage)
    assert len({(stage.folder, stage.command) for stage in plan}) == len(plan) == 47


def test_methods_share_what_they_need():
    alone = {stage.folder for stage in planned("student:uniform")}
    both = {stage.folder for stage in planned("student:uniform", "student:learned", "ensemble:uniform")}
    assert alone < both
    assert {folder.name for folder in both - alone} == {"learned", "language_id"}  # its students, mixture and weights


def test_cells_of_a_study_share_what_does_not_depend_on_both_ends():
    home = Path("runs/study/seed0")
    plan = planned("pooled", "student:uniform", more=["--output", f"{home}/de/en+nl"], shared=home)
    own = {stage.folder for stage in plan if stage.folder.is_relative_to(home / "de")}
    shared = {str(stage.folder.relative_to(home)) for stage in plan if stage.folder not in own}
    assert shared == {
        "pretrained", "teachers/en", "teachers/nl", "teachers/en/de", "teachers/nl/de", "pooled/en+nl",
        "pooled/en+nl/de",
    }  # fmt: skip


def trainings(*methods, more=()):
    """The stages that train, by the names of their folders."""
    return {stage.folder.name: stage for stage in planned(*methods, more=more) if stage.command == "fit"}


def trainers(*methods, more=()):
    return {name: stage.config["trainer"] for name, stage in trainings(*methods, more=more).items()}


def test_everything_that_is_compared_takes_equally_many_steps():
    found = trainers("direct", "pooled", "student:uniform", "llm-pooled")
    for name in ("en", "nl", "pooled", "uniform"):
        assert (found[name]["max_steps"], found[name]["max_epochs"]) == (2000, -1)
    found = trainers("direct", "student:uniform", more=["--teacher_steps", "600", "--student_steps", "900"])
    assert found["en"]["max_steps"] == found["nl"]["max_steps"] == 600 and found["uniform"]["max_steps"] == 900
    every, keep, early, _ = (callback["init_args"] for callback in found["en"]["callbacks"])
    assert every == {"every": 150} and not keep["save_on_train_epoch_end"] and not early["check_on_train_epoch_end"]


def test_epochs_win_where_they_are_given():
    found = trainers("pooled", "student:uniform", more=["--teacher_epochs", "4", "--teacher_steps", "600"])
    assert (found["pooled"]["max_epochs"], found["pooled"]["max_steps"]) == (4, -1)
    assert found["uniform"]["max_steps"] == 2000


def test_no_training_is_longer_than_the_trainer_may_run():
    found = trainers("pooled", "student:uniform", more=["--trainer.max_steps", "10", "--student_steps", "7"])
    assert found["pooled"]["max_steps"] == 10 and found["uniform"]["max_steps"] == 7


@pytest.mark.parametrize(
    ("more", "teacher", "student"),
    [
        (
            ["--teacher_steps", "50", "--student_steps", "20", "--data.batch_size", "8", "--validations", "2"],
            3 * 50 * 8 + 2 * 200,
            3 * 20 * 8,
        ),
        (EPOCHS, 3 * (3 * 200 + 200), 3 * 3 * 100),
    ],
)
def test_work_is_what_is_read(more, teacher, student):
    """Three passes for each sentence that is trained on, one for each of validation; every split has 100."""
    found = trainings("pooled", "student:uniform", more=more)
    assert found["pooled"].work == teacher and found["uniform"].work == student
