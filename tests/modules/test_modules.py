"""Each module through the commands that people use, on tiny artificial languages."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ctl.data.datamodule import NERDataModule
from ctl.data.soft_labels import SoftLabelStore
from ctl.main import main
from ctl.modules import Adaptation, Adversary, Neighbours, Teacher
from ctl.weighting import write_sentence_weights


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
        fit = ["--trainer.max_epochs", "8", "--trainer.callbacks", f"[{keep}]", "--model.lr", "2e-3"]
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
    (tmp_path / "weights.json").write_text('{"fixed": {"b1": 0.0, "a2": 3.0}}')
    weighting = ["--model.weighting", "fixed", "--model.weights", str(tmp_path / "weights.json")]
    predict = {"predict_splits": "[test]"}
    assert command("predict", "Ensemble", family, tmp_path, "--model.teachers", stored, *weighting, data=predict) == 0
    mixed = SoftLabelStore(tmp_path / "soft_labels" / "test")
    alone = SoftLabelStore(teachers / "a2" / "soft_labels" / "test")
    assert (mixed.probs[:] == alone.probs[:]).mean() > 0.99
    card = mixed.manifest["teacher"]
    assert card["method"] == "ensemble:fixed" and card["sources"] == ["a2", "b1"] and card["weights"] == [1.0, 0.0]
    assert card["weights_entropy"] == 0
    (tmp_path / "weights.json").write_text('{"fixed": {"a2": 1}}')
    assert command("test", "Ensemble", family, tmp_path, "--model.teachers", stored, *weighting) == 2


def test_each_sentence_has_its_own_weights(teachers, family, tmp_path):
    """All weight to a2 in even sentences and to b1 in odd ones."""
    data = NERDataModule(target="a1", root=str(family), backbone=str(family / "encoder"))
    corpus = data.target_text("test")
    weights = np.eye(2, dtype=np.float32)[np.arange(len(corpus)) % 2]
    write_sentence_weights(tmp_path / "test.safetensors", {"learned": weights}, ["a2", "b1"], corpus)
    stored = [str(teachers / language / "soft_labels" / "test") for language in ("a2", "b1")]
    more = ["--model.weighting", "learned-sentence", "--model.weights", str(tmp_path / "test.safetensors")]
    predict = {"predict_splits": "[test]"}
    members = ["--model.teachers", json.dumps(stored)]
    assert command("predict", "Ensemble", family, tmp_path, *members, *more, data=predict) == 0
    mixed, *alone = (SoftLabelStore(path).probs for path in (tmp_path / "soft_labels" / "test", *stored))
    for sentence in range(len(corpus)):
        words = slice(corpus.offsets[sentence], corpus.offsets[sentence + 1])
        np.testing.assert_allclose(mixed[words], alone[sentence % 2][words], atol=2e-3)


def test_where_all_teachers_agree(teachers, family, tmp_path):
    """``mark`` says where, and ``replace`` makes their tag certain there and changes nothing else."""
    stored = [str(teachers / language / "soft_labels" / "test") for language in ("a2", "b1")]
    stores = {}
    for unanimous in ("mix", "mark", "replace"):
        more = ["--model.teachers", json.dumps(stored), "--model.unanimous", unanimous]
        output = tmp_path / unanimous
        assert command("predict", "Ensemble", family, output, *more, data={"predict_splits": "[test]"}) == 0
        stores[unanimous] = SoftLabelStore(output / "soft_labels" / "test")
    first, second = (SoftLabelStore(path).probs[:].argmax(-1) for path in stored)
    agreed = first == second
    assert 0 < agreed.mean() < 1
    assert stores["mix"].unanimous is None and (stores["mark"].unanimous[:] == agreed).all()
    replaced, mixed = stores["replace"].probs[:], stores["mix"].probs[:]
    assert (replaced[agreed] == np.eye(7)[first[agreed]]).all()
    assert (replaced[~agreed] == mixed[~agreed]).all() and (stores["mark"].probs[:] == mixed).all()


def test_calibration_lowers_the_nats_on_source_validation(teachers, family, tmp_path):
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


def test_the_adversary_hides_the_language(family):
    """One step: the discriminator learns from its own loss alone, the encoder to raise it."""
    from ctl.modules.adversary import telling_loss

    logits, is_source = torch.tensor([0.0, 2.0, -1.0]), torch.tensor([True, True, False])
    per_word = torch.nn.functional.softplus(torch.tensor([-0.0, -2.0, -1.0]))
    assert float(telling_loss(logits, is_source)) == pytest.approx(float((per_word[:2].mean() + per_word[2]) / 2))
    adversary = Adversary(backbone=str(family / "encoder"), fooling=1.0, dropout=0.0)
    adversary.configure_model()
    adversary.eval()
    adversary.log_dict = lambda *args, **kwargs: None
    data = NERDataModule(sources=["a2"], target="a1", root=str(family), backbone=str(family / "encoder"), text=["a1"])
    data.setup("fit")
    batch = next(batch for batch in data.train_dataloader() if len(set(batch.languages.tolist())) == 2)
    states = adversary.network.states(batch)
    source = (batch.languages >= 0).repeat_interleave(batch.lengths)
    tell = torch.autograd.grad(
        telling_loss(adversary.discriminator(states.detach()).squeeze(-1), source), adversary.discriminator.parameters()
    )
    adversary.training_step(batch).backward()
    for expected, parameter in zip(tell, adversary.discriminator.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, expected)
    groups = adversary.parameter_groups()
    assert [len(group["params"]) for group in groups][-1] == 4 and groups[-1]["lr"] == adversary.discriminator_lr
    free = sum(parameter.requires_grad for parameter in adversary.parameters())
    assert sum(len(group["params"]) for group in groups) == free


def test_neighbours_by_hand(family):
    """Three words of one kind in one direction, one of another; the word itself and its copies do not count."""
    module = Neighbours("", "", neighbours=2)
    vectors = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0.1], [1, 0.2], [0, 1]]), dim=-1)
    module.bank, module.bank_kinds = vectors, torch.tensor([0, 0, 1, 0])
    module.kinds = torch.tensor([0, 0, 1, 0])
    module.features = lambda batch: vectors[batch.words]
    batch = SimpleNamespace(words=torch.arange(4))
    assert module.predict_step(batch)["scores"].tolist() == [0.5, 0.5, 0.0, 0.5]


def test_adaptation_lowers_the_loss_and_leaves_a_backbone(family, tmp_path):
    from ctl.backbones.loading import check_backbone

    more = ["--trainer.max_epochs", "3", "--trainer.log_every_n_steps", "1", "--model.lr", "3e-3"]
    data = {"sources": "[]", "text": "[a1]"}
    assert command("fit", "Adaptation", family, tmp_path, *more, data=data) == 0
    check_backbone(str(tmp_path / "backbone"))
    logged = (tmp_path / "logs" / "fit" / "metrics.csv").read_text().splitlines()
    column = logged[0].split(",").index("train/loss")
    losses = [float(line.split(",")[column]) for line in logged[1:]]
    assert losses[-1] < losses[0] - 0.2
    adapted = {"sources": "[a2]", "backbone": tmp_path / "backbone"}
    assert command("fit", "Teacher", family, tmp_path / "teacher", "--trainer.max_epochs", "1", data=adapted) == 0


def test_what_is_hidden_for_adaptation(family):
    """Only subwords that stand in a sentence; about the share that was asked for; a causal model sees everything."""
    module = Adaptation(str(family / "encoder"), masked=0.5)
    module.configure_model()
    data = NERDataModule(root=str(family), backbone=str(family / "encoder"), text=["a1"])
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    inputs, labels = module.hide(batch)
    chosen = labels != -100
    words = (batch.attention_mask == 1) & (batch.input_ids > max(module.tokenizer.all_special_ids))
    assert not (chosen & ~words).any() and (labels[chosen] == batch.input_ids[chosen]).all()
    assert 0.4 < chosen.sum() / words.sum() < 0.6
    assert 0.7 < (inputs[chosen] == module.tokenizer.mask_token_id).float().mean() < 0.9
    assert (inputs[~chosen] == batch.input_ids[~chosen]).all()
    module.masked = 0
    inputs, labels = module.hide(batch)
    assert (inputs == batch.input_ids).all() and ((labels == -100) == (batch.attention_mask == 0)).all()


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
        (("fit", "Neighbours", "--model.student", "x", "--model.soft_labels", stored), "not trained"),
        (
            ("test", "Ensemble", "--model.teachers", json.dumps([stored]), "--model.weighting", "l2"),
            "needs model.weights",
        ),
        (
            ("test", "Ensemble", "--model.teachers", json.dumps([checkpoint[1]]), "--model.weighting", "agreement"),
            "agreement weights need soft labels",
        ),
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
    restored = Teacher.load_from_checkpoint(teachers / "a2" / "best.ckpt")
    assert list(restored.sources) == ["a2"] and restored.train_seconds > 0
