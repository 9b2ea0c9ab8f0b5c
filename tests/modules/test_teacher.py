"""Teachers through the commands that people use, on tiny artificial languages."""

import json
import shutil

import numpy as np
import pytest
import torch

from ctl.data.datamodule import NERDataModule
from ctl.data.soft_labels import SoftLabelStore
from ctl.modules import Teacher


def test_a_teacher_leaves_its_record_labels_and_configuration(teachers):
    (record,) = json.loads((teachers / "a2" / "results.json").read_text())
    assert (record["method"], record["sources"], record["target"]) == ("direct:a2", ["a2"], "a1")
    assert record["f1"] > 0
    store = SoftLabelStore(teachers / "a2" / "soft_labels" / "test")
    assert store.manifest["teacher"]["method"] == "direct:a2"
    assert store.manifest["teacher"]["source_types"] == ["PER", "ORG", "LOC"]
    assert store.manifest["teacher"]["fingerprint"] == record["provenance"]["model"]
    assert (teachers / "a2" / "config.fit.yaml").is_file() and (teachers / "a2" / "config.test.yaml").is_file()


def test_validation_is_on_the_sources(command, teachers, family, tmp_path, capsys):
    """The best checkpoint of the folder, by its name; the last one is not there."""
    (tmp_path / "checkpoints").mkdir()
    shutil.copy(teachers / "a2" / "best.ckpt", tmp_path / "checkpoints")
    assert command("validate", "Teacher", family, tmp_path, "--ckpt_path", "best") == 0
    said = capsys.readouterr()
    assert "val/f1" in said.out and said.err.endswith(f"written: {tmp_path}/logs/validate/metrics.csv\n")
    assert command("validate", "Teacher", family, tmp_path, "--ckpt_path", "last") == 2
    assert "last.ckpt; there is best.ckpt" in capsys.readouterr().err


def test_calibration_lowers_the_nats_on_source_validation(command, teachers, family, tmp_path):
    """The temperature in the checkpoint is the best one there, as a search over many finds it."""
    teacher = Teacher.load_from_checkpoint(teachers / "a2" / "best.ckpt").eval()
    data = NERDataModule(sources=["a2"], target="a1", root=str(family), backbone=str(family / "encoder"))
    data.setup("fit")
    with torch.no_grad():
        batches = [(teacher(batch), batch.tags) for batch in data.val_dataloader()]
    logits, tags = (torch.cat(parts) for parts in zip(*batches, strict=True))
    grid = torch.linspace(0.2, 5, 2000)
    nats = torch.stack([torch.nn.functional.cross_entropy(logits / t, tags) for t in grid])
    assert float(teacher.temperature) == pytest.approx(float(grid[nats.argmin()]), rel=0.02)
    predict = {"predict_splits": "[test]"}
    more = ["--ckpt_path", str(teachers / "a2" / "best.ckpt"), "--model.calibrate", "true"]
    assert command("predict", "Teacher", family, tmp_path, *more, data=predict) == 0
    calibrated = SoftLabelStore(tmp_path / "soft_labels" / "test").probs[:].astype(np.float64)
    plain = SoftLabelStore(teachers / "a2" / "soft_labels" / "test").probs[:].astype(np.float64)
    powers = plain ** (1 / float(teacher.temperature))
    expected = powers / powers.sum(-1, keepdims=True)
    certain = plain.max(-1) < 0.99  # half precision hides the rest
    np.testing.assert_allclose(calibrated[certain], expected[certain], atol=0.01)


def test_training_is_in_training_mode_and_frozen_parts_stay(family):
    """Dropout is on although transformers loads in evaluation mode; frozen parameters need no gradient."""
    teacher = Teacher(backbone=str(family / "encoder"), freeze_embeddings=True, freeze_layers=1)
    teacher.configure_model()
    assert all(module.training for module in teacher.network.modules())
    frozen = {name for name, parameter in teacher.named_parameters() if not parameter.requires_grad}
    assert all(any(part in name for part in ("embeddings", "layer.0.", "pooler")) for name in frozen)
    assert any("layer.0." in name for name in frozen) and any("embeddings" in name for name in frozen)
    assert not any("layer.1." in name for name in frozen)


def test_checkpoints_load_without_running_code(teachers):
    checkpoint = torch.load(teachers / "a2" / "best.ckpt", weights_only=True)
    assert checkpoint["ctl"]["types"] == ["PER", "ORG", "LOC"]
    assert 0 < checkpoint["ctl"]["fit"]["best_validation_f1"] <= 100
    restored = Teacher.load_from_checkpoint(teachers / "a2" / "best.ckpt")
    assert list(restored.sources) == ["a2"] and restored.train_seconds > 0


def test_a_checkpoint_of_other_types_is_refused(command, teachers, family, tmp_path, capsys):
    checkpoint = ["--ckpt_path", str(teachers / "a2" / "best.ckpt")]
    assert command("test", "Teacher", family, tmp_path, *checkpoint, "--data.types", "[PER,ORG]") == 2
    assert "the checkpoint's types are" in capsys.readouterr().err


def test_the_record_says_how_many_test_sentences_were_left_out(command, teachers, family, tmp_path):
    root = tmp_path / "family"
    shutil.copytree(family, root)
    (root / "family.json").unlink()
    test = (root / "a1" / "test.txt").read_text(encoding="utf-8").strip().split("\n\n")
    with (root / "a1" / "train.txt").open("a", encoding="utf-8") as file:
        file.write("\n\n" + "\n\n".join(test[:5]) + "\n")
    checkpoint = ["--ckpt_path", str(teachers / "a2" / "best.ckpt")]
    provenance = []
    for drop in ("false", "true"):
        data = {"root": root, "backbone": family / "encoder", "drop_test_duplicates": drop}
        assert command("test", "Teacher", family, tmp_path / drop, *checkpoint, data=data) == 0
        provenance.append(json.loads((tmp_path / drop / "results.json").read_text())[0]["provenance"])
        assert len(np.load(tmp_path / drop / "counts" / "direct-a2.npy")) == 60 - 5 * (drop == "true")
    whole, dropped = provenance
    assert dropped["dropped_test_duplicates"] == 5 and dropped["data"] != whole["data"]
    assert "dropped_test_duplicates" not in whole and "drop_test_duplicates" not in whole["config"]["data"]
