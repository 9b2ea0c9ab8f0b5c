import numpy as np
import pytest

from ctl.data.corpus import Corpus
from ctl.system.files import fingerprint
from ctl.transfer.planner import Planner, Split, subset_name
from ctl.transfer.settings import Length, TransferSettings

SPLITS = {name: Split(10, name) for name in ("en/train", "en/validation", "de/train", "de/test", "de/text")}


def planner(folder, **more):
    settings = TransferSettings(backbone="encoder", sources=["en"], target="de", seed=3, output=str(folder / "run"))
    return Planner(settings, "context", SPLITS, **more)


def add(plans, name, command="fit", **more):
    data = {"sources": ["en"], "predict_splits": ["train"], "target": "de", **more}
    return plans.add(title=name, folder=name, command=command, model={}, data=data, outputs=("x",))


def test_a_stage_is_there_once(tmp_path):
    plans = planner(tmp_path)
    assert add(plans, "a") is add(plans, "a") and len(plans.stages) == 1
    other = planner(tmp_path, known=plans.known)
    assert add(other, "a") is add(plans, "a") and len(other.stages) == 1


def test_a_stage_has_the_run_s_seed_folder_and_backbone(tmp_path):
    stage = add(planner(tmp_path), "a", text=["de"])
    assert stage.config["seed_everything"] == 3 and stage.config["data"]["backbone"] == "encoder"
    assert stage.config["trainer"]["default_root_dir"] == str(tmp_path / "run" / "a") == str(stage.folder)


@pytest.mark.parametrize(
    ("command", "more", "names"),
    [
        ("fit", {}, ["en/train", "en/validation"]),
        ("fit", {"text": ["de"]}, ["en/train", "en/validation", "de/text"]),
        ("fit", {"sources": [], "soft_labels": "x"}, ["de/train"]),
        ("test", {}, ["de/test"]),
        ("predict", {"predict_splits": ["train", "test"]}, ["de/train", "de/test"]),
    ],
)
def test_a_key_depends_on_what_the_stage_reads(command, more, names, tmp_path):
    stage = add(planner(tmp_path), "a", command, **more)
    assert stage.context == " ".join(["context", *(f"{name} {name}" for name in names)])


def test_folders_of_a_study_are_named_by_the_target(tmp_path):
    alone, shared = planner(tmp_path), planner(tmp_path, shared=tmp_path / "shared")
    assert alone.named_in_study("de").parts == () and shared.named_in_study("de").parts == ("de",)
    own = add(shared, "students/uniform")
    assert shared.folder_for_target(own.folder) == own.folder  # of this target alone
    teacher = shared.add(
        title="t", folder=tmp_path / "shared" / "en", command="fit", model={}, data={"sources": []}, outputs=("x",)
    )
    assert shared.folder_for_target(teacher.folder) == tmp_path / "shared" / "en" / "de"


def test_states_that_are_kept(tmp_path):
    plans = planner(tmp_path)
    last, best = plans.keep_last("a"), plans.keep_best("a", Length(100, epochs=3))
    assert [entry["class_path"] for entry in last] == ["ModelCheckpoint", "WeightsOnly"]
    assert [entry["class_path"] for entry in best] == ["ModelCheckpoint", "EarlyStopping", "WeightsOnly"]
    assert best[-1]["init_args"]["path"] == str(tmp_path / "run" / "a" / "checkpoints" / "best.ckpt")
    by_steps = plans.keep_best("a", Length(99))
    assert by_steps[0] == {
        "class_path": "ValidateBySteps",
        "init_args": {"every": 25},
    }  # four times in all


def test_names_of_sets_of_sources():
    assert subset_name(["en", "nl"]) == "en+nl"
    many = [f"language{number}" for number in range(20)]
    assert subset_name(many) == f"20-{fingerprint('+'.join(many))[:12]}"


def corpus(words, tags):
    return Corpus("en/train", words, np.array([0, len(words)]), None if tags is None else np.array(tags, np.uint8))


def test_a_split_is_told_by_its_words_and_by_tags_that_it_shows():
    plain, tagged = Split.of(corpus(["Ada", "sang"], None)), Split.of(corpus(["Ada", "sang"], [1, 0]))
    assert plain.sentences == tagged.sentences == 1
    others = {Split.of(corpus(["Ada", "rang"], None)), Split.of(corpus(["Ada", "sang"], [2, 0])), plain, tagged}
    assert len(others) == 4
