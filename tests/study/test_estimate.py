from types import SimpleNamespace

import pytest

from ctl.errors import CTLError
from ctl.study.estimate import (
    Assumed,
    assumed_splits,
    device_seconds,
    kind_of,
    measured_rates,
    origins_of,
    seconds_left,
)


def stage(name="Teacher", command="fit", sources=("en",), work=100.0, done=False, seconds=0.0):
    config = {"model": {"class_path": name}, "data": {"sources": list(sources), "backbone": "b"}}
    return SimpleNamespace(config=config, command=command, work=work, done=lambda: done, seconds=lambda: seconds)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (stage(), "train teachers"), (stage(sources=("en", "nl")), "train pooled models"),
        (stage(command="test"), "tests of teachers"), (stage("Ensemble", "predict"), "answers of ensembles"),
        (stage("LanguageIdentifier"), "train language identifiers"), (stage("Adaptation"), "train adapted backbones"),
        (stage("Student", sources=()), "train students"), (stage("Merged", "test"), "tests of merged models"),
    ],
)  # fmt: skip
def test_kinds_of_stages(given, kind):
    assert kind_of(given) == kind


def test_a_pace_is_measured_where_something_is_done():
    stages = [stage(work=100, done=True, seconds=5), stage(work=300, done=True, seconds=15), stage(work=50)]
    assert measured_rates({"a": stages, "b": [stage()]}) == {"a": 0.05}


def test_the_time_left_is_that_of_each_kind():
    """Tests are quick and trainings slow, so that a run that goes on after tests alone is not thought to be slow."""
    teacher, test = (stage(work=100, done=True, seconds=50), stage(command="test", work=10, done=True, seconds=1))
    assert seconds_left([teacher, test, stage(work=200), stage(command="test", work=20)]) == 100 + 2
    assert seconds_left([teacher, test, stage("Student", work=110)]) == 51  # the pace of all that is done
    assert seconds_left([teacher, test]) == 0
    assert seconds_left([stage()]) is None


def test_seconds_on_a_device():
    assumed = Assumed(parameters={"b": 1e6}, flops=1e9, utilisation=0.5, tokens=10, overhead=2)
    assert device_seconds(stage(work=100), assumed, {}) == 2 + 2 * 1e6 * 10 * 100 / (1e9 * 0.5)  # 2 N a subword forward
    assert device_seconds(stage("Ensemble"), assumed, {}) == 2


def test_a_backbone_that_a_stage_makes_has_the_size_of_its_origin(tmp_path):
    first, second, teacher = stage("Adaptation"), stage("Adaptation"), stage(work=100)
    first.folder, second.folder = tmp_path / "pretrained", tmp_path / "adapted"
    second.config["data"]["backbone"] = str(first.folder / "backbone")
    teacher.config["data"]["backbone"] = str(second.folder / "backbone")
    origins = origins_of([first, second, teacher])
    assumed = Assumed(parameters={"b": 1e6}, flops=1e9, utilisation=0.5, tokens=10, overhead=2)
    assert device_seconds(teacher, assumed, origins) == device_seconds(stage(work=100), assumed, {})


def test_a_backbone_of_unknown_size(tmp_path):
    unknown = stage()
    unknown.config["data"]["backbone"] = str(tmp_path / "nowhere")
    with pytest.raises(CTLError, match=r"estimate\.parameters"):
        device_seconds(unknown, Assumed(), {})


def test_assumed_splits_have_sizes_alone():
    splits = assumed_splits(["en"], Assumed(sentences={"train": 20, "test": 5}))
    assert {name: split.sentences for name, split in splits.items()} == {
        "en/train": 20, "en/test": 5, "en/text": 20, "en/gold": 20,
    }  # fmt: skip
