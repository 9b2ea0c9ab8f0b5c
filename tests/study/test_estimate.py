from types import SimpleNamespace

import pytest

from ctl.errors import CTLError
from ctl.study.estimate import Assumed, assumed_bytes, assumed_splits, device_seconds, origins_of


def stage(name="Teacher", command="fit", work=100.0, output="checkpoints/last.ckpt", **arguments):
    config = {"model": {"class_path": name, "init_args": arguments}, "data": {"backbone": "b", "types": ["PER"]}}
    return SimpleNamespace(config=config, command=command, work=work, outputs=(output,), sentences=20)


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


def test_bytes_that_a_stage_leaves():
    """Four a weight, embeddings too; two a tag and word of soft labels; adapters are few."""
    assumed = Assumed(parameters={"b": 1e6}, embeddings={"b": 3e6}, tokens=10)
    assert assumed_bytes(stage(), assumed, {}) == assumed_bytes(stage("Adaptation"), assumed, {}) == 4 * 4e6
    assert assumed_bytes(stage(), Assumed(parameters={"b": 1e6}), {}) == 4 * 1e6  # nobody said how many there are
    assert assumed_bytes(stage(lora_rank=8), assumed, {}) < 1e6
    assert assumed_bytes(stage("LanguageIdentifier"), assumed, {}) == 0
    labels = stage(command="predict", output="soft_labels/train/manifest.json")
    assert assumed_bytes(labels, assumed, {}) == 2 * 3 * 10 * 100
    mixture = stage("Ensemble", "predict", work=2.0, output="soft_labels/train/manifest.json")
    assert assumed_bytes(mixture, assumed, {}) == 2 * 3 * 10 * 20  # the work of mixing is less than its sentences
    assert assumed_bytes(stage(command="test", output="results.json"), assumed, {}) == 0


def test_assumed_splits_have_sizes_alone():
    splits = assumed_splits(["en"], Assumed(sentences={"train": 20, "test": 5}))
    assert {name: split.sentences for name, split in splits.items()} == {
        "en/train": 20, "en/test": 5, "en/text": 20, "en/gold": 20,
    }  # fmt: skip
