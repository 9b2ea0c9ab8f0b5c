"""Each module through the commands that people use, on tiny artificial languages."""

import json

import pytest
import torch

from ctl.data.soft_labels import SoftLabelStore
from ctl.main import main
from ctl.modules import Teacher


def command(name, module, family, output, *more, data=()):
    common = {"root": family, "backbone": family / "encoder", "target": "a1", "sources": "[a2]", **dict(data)}
    return main([
        name, "--model", module, "--trainer.default_root_dir", str(output), "--trainer.accelerator", "cpu",
        "--trainer.enable_progress_bar", "false", "--trainer.enable_model_summary", "false",
        *(part for key, value in common.items() for part in (f"--data.{key}", str(value))), *more,
    ])  # fmt: skip


@pytest.fixture(scope="module")
def teachers(family, tmp_path_factory):
    """Checkpoints of teachers of a2 and b1, their soft labels of a1's test split, and where they are."""
    folder = tmp_path_factory.mktemp("teachers")
    for language in ("a2", "b1"):
        run = folder / language
        keep = f'{{class_path: ModelCheckpoint, init_args: {{dirpath: "{run}", filename: best}}}}'
        data = {"sources": f"[{language}]"}
        fit = ["--trainer.max_epochs", "3", "--trainer.callbacks", f"[{keep}]", "--model.lr", "2e-3"]
        assert command("fit", "Teacher", family, run, *fit, data=data) == 0
        checkpoint = ["--ckpt_path", str(run / "best.ckpt")]
        assert command("predict", "Teacher", family, run, *checkpoint, data={**data, "predict_splits": "[test]"}) == 0
        assert command("test", "Teacher", family, run, *checkpoint, data=data) == 0
    return folder


def f1(output):
    (record,) = json.loads((output / "results.json").read_text())
    return record["f1"]


def test_a_teacher_leaves_its_record_labels_and_configuration(teachers):
    (record,) = json.loads((teachers / "a2" / "results.json").read_text())
    assert (record["method"], record["sources"], record["target"]) == ("direct:a2", ["a2"], "a1")
    assert record["f1"] > 0
    store = SoftLabelStore(teachers / "a2" / "soft_labels" / "test")
    assert store.manifest["teacher"]["method"] == "direct:a2"
    assert store.manifest["teacher"]["fingerprint"] == record["provenance"]["model"]
    assert (teachers / "a2" / "config.fit.yaml").is_file() and (teachers / "a2" / "config.test.yaml").is_file()


def test_validation_is_on_the_sources(teachers, family, tmp_path, capsys):
    checkpoint = ["--ckpt_path", str(teachers / "a2" / "best.ckpt")]
    assert command("validate", "Teacher", family, tmp_path, *checkpoint) == 0
    assert "val/f1" in capsys.readouterr().out


def test_live_and_stored_teachers_are_mixed_alike(teachers, family, tmp_path):
    live = [str(teachers / language / "best.ckpt") for language in ("a2", "b1")]
    stored = [str(teachers / language / "soft_labels" / "test") for language in ("a2", "b1")]
    scores = []
    for number, members in enumerate((live, stored, [live[0], stored[1]])):
        output = tmp_path / str(number)
        assert command("test", "Ensemble", family, output, "--model.teachers", json.dumps(members)) == 0
        scores.append(f1(output))
    assert scores[0] == pytest.approx(scores[1], abs=0.5) and scores[0] == pytest.approx(scores[2], abs=0.5)


def test_equal_teachers_are_one(teachers, family, tmp_path):
    stored = str(teachers / "a2" / "soft_labels" / "test")
    assert command("test", "Ensemble", family, tmp_path, "--model.teachers", json.dumps([stored] * 3)) == 0
    assert f1(tmp_path) == pytest.approx(f1(teachers / "a2"), abs=0.5)


def test_weights_decide(teachers, family, tmp_path):
    stored = json.dumps([str(teachers / language / "soft_labels" / "test") for language in ("a2", "b1")])
    (tmp_path / "weights.json").write_text('{"b1": 0.0, "a2": 3.0}')
    weighting = ["--model.weighting", "fixed", "--model.weights", str(tmp_path / "weights.json")]
    predict = {"predict_splits": "[test]"}
    assert command("predict", "Ensemble", family, tmp_path, "--model.teachers", stored, *weighting, data=predict) == 0
    mixed = SoftLabelStore(tmp_path / "soft_labels" / "test")
    alone = SoftLabelStore(teachers / "a2" / "soft_labels" / "test")
    assert (mixed.probs[:] == alone.probs[:]).mean() > 0.99
    card = mixed.manifest["teacher"]
    assert card["method"] == "ensemble:fixed" and card["sources"] == ["a2", "b1"] and card["weights"] == [1.0, 0.0]
    (tmp_path / "weights.json").write_text('{"a2": 1}')
    assert command("test", "Ensemble", family, tmp_path, "--model.teachers", stored, *weighting) == 2


def test_mistakes_are_said_in_one_line(teachers, family, tmp_path, capsys):
    stored = str(teachers / "a2" / "soft_labels" / "test")
    checkpoint = ["--ckpt_path", str(teachers / "a2" / "best.ckpt")]
    cases = [
        (("fit", "Ensemble", "--model.teachers", json.dumps([stored])), "not trained"),
        (
            ("predict", "Ensemble", "--model.teachers", json.dumps([stored])),
            "name is a1/test in the store, a1/train here",
        ),
        (("test", "Ensemble", "--model.teachers", "[nowhere]"), "neither a checkpoint nor a soft-label store"),
        (("test", "Ensemble", "--model.teachers", "[]"), "needs teachers"),
        (("fit", "Student"), "needs soft labels"),
        (("fit", "Student", "--data.soft_labels", stored), "these soft labels are for something else"),
        (("test", "Teacher", *checkpoint, "--data.types", "[PER,ORG]"), "the checkpoint's types are"),
    ]
    for (name, module, *more), said in cases:
        assert command(name, module, family, tmp_path, *more) == 2, said
        told = capsys.readouterr().err
        assert said in told and "Traceback" not in told
    assert command("fit", "LanguageIdentifier", family, tmp_path) == 2


def test_training_is_in_training_mode_and_frozen_parts_stay(family):
    """Dropout is on although transformers loads in evaluation mode; frozen parameters need no gradient."""
    teacher = Teacher(str(family / "encoder"), freeze_embeddings=True, freeze_layers=1)
    teacher.configure_model()
    assert all(module.training for module in teacher.network.modules())
    frozen = {name for name, parameter in teacher.named_parameters() if not parameter.requires_grad}
    assert all("embeddings" in name or "layer.0." in name for name in frozen)
    assert any("layer.0." in name for name in frozen) and any("embeddings" in name for name in frozen)
    assert not any("layer.1." in name for name in frozen)


def test_checkpoints_load_without_running_code(teachers):
    checkpoint = torch.load(teachers / "a2" / "best.ckpt", weights_only=True)
    assert checkpoint["ctl"]["types"] == ["PER", "ORG", "LOC"]
    restored = Teacher.load_from_checkpoint(teachers / "a2" / "best.ckpt")
    assert list(restored.sources) == ["a2"] and restored.train_seconds > 0
