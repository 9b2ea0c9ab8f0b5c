"""Fits that train only the rows of the word embedding that they read."""

import shutil
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
import torch
from lightning.pytorch.strategies import DDPStrategy, FSDPStrategy, SingleDeviceStrategy
from lightning.pytorch.trainer.states import TrainerFn

from ctl.backbones.loading import load_encoder
from ctl.backbones.rows import trim
from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.main import main
from ctl.modules import Student, Teacher
from ctl.modules.tagger import load_module

WORDS = "network.encoder.embeddings.word_embeddings.weight"


@pytest.fixture(scope="module")
def fit(family, tmp_path_factory):
    """Trains on a few sentences for three epochs, each of which leaves a checkpoint, and gives their folder."""

    def run(name, *more):
        folder = tmp_path_factory.mktemp(name)
        arguments = f'{{dirpath: "{folder}", filename: "{{epoch}}", save_top_k: -1, save_last: true}}'
        assert main([
            "fit", "--model", "Teacher", "--data.root", str(family), "--data.backbone", str(family / "encoder"),
            "--data.sources", "[a2]", "--data.target", "a1", "--data.limit", "12", "--data.batch_size", "4",
            "--trainer.accelerator", "cpu", "--trainer.max_epochs", "3", "--trainer.callbacks", 
            f"[{{class_path: ModelCheckpoint, init_args: {arguments}}}, "
            f"{{class_path: WeightsOnly, init_args: {{path: '{folder}/last.ckpt'}}}}]",
            "--trainer.precision", "32-true", "--model.lr", "1e-2", "--model.weight_decay", "0.1",
            "--trainer.default_root_dir", str(folder), "--trainer.gradient_clip_val", "null", *more,
        ]) == 0  # fmt: skip
        return folder

    return run


@pytest.fixture(scope="module")
def fits(fit):
    """Fits by settings: folders, and weights and moments after the last epoch."""
    whole, trimmed = fit("whole", "--model.trim_embeddings", "false"), fit("trimmed")
    before = torch.load(trimmed / "epoch=0.ckpt")  # as versions before wrote it: with the whole matrix
    before["state_dict"][WORDS] = load_module(trimmed / "epoch=0.ckpt").own_state()[WORDS]
    del before["ctl"]["block"]
    torch.save(before, trimmed / "before.ckpt")
    folders = {
        "whole": whole,
        "trimmed": trimmed,
        "resumed": fit("resumed", "--ckpt_path", str(trimmed / "epoch=0.ckpt")),
        "of_version_before": fit("of_version_before", "--ckpt_path", str(trimmed / "before.ckpt")),
        "of_before": fit("of_before", "--ckpt_path", str(whole / "epoch=0.ckpt")),
    }
    lasts = {name: folder / "epoch=2.ckpt" for name, folder in folders.items()}
    return SimpleNamespace(
        folders=folders,
        weights={name: load_module(path).own_state() for name, path in lasts.items()},
        moments={name: torch.load(path)["optimizer_states"][0]["state"][0]["exp_avg"] for name, path in lasts.items()},
    )


@pytest.mark.parametrize("name", ["trimmed", "of_before"])
def test_trimmed_embeddings_train_the_same_model(fits, name):
    """In a fit of their own, and in one that goes on from where all rows were trained."""
    whole, trimmed = fits.weights["whole"], fits.weights[name]
    assert list(whole) == list(trimmed) and len(fits.moments[name]) < len(fits.moments["whole"]) / 2
    for key, weight in whole.items():
        tolerance = 3e-8 if "word_embeddings" in key else 0
        torch.testing.assert_close(trimmed[key], weight, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", ["resumed", "of_version_before"])
def test_trimmed_embeddings_resume_to_the_bit(fits, name):
    straight, resumed = fits.weights["trimmed"], fits.weights[name]
    assert all(torch.equal(resumed[key], weight) for key, weight in straight.items())


def test_a_checkpoint_to_go_on_from_has_the_rows_alone(fits):
    """If the others follow from the backbone's, and not from weights that it went on from."""
    whole, trimmed, of_before = (
        len(torch.load(fits.folders[name] / "epoch=2.ckpt")["state_dict"][WORDS])
        for name in ("whole", "trimmed", "of_before")
    )
    assert trimmed < whole / 2 and of_before == whole


def test_a_fit_of_other_text_does_not_go_on(family, fits):
    checkpoint = torch.load(fits.folders["trimmed"] / "epoch=0.ckpt")
    Teacher(backbone=str(family / "encoder")).on_load_checkpoint(checkpoint)  # nothing is trained: no moments are read
    model = Teacher(backbone=str(family / "encoder"))
    model._trainer = SimpleNamespace(state=SimpleNamespace(fn=TrainerFn.FITTING))
    with pytest.raises(CTLError, match="read other text"):
        model.on_load_checkpoint(checkpoint)


def test_a_finished_teacher_holds_the_rows_that_it_read(family, fits, tmp_path):
    """With the backbone they are the whole; without it, or with another, they are refused."""
    whole, path = fits.weights["trimmed"], fits.folders["trimmed"] / "last.ckpt"
    kept = torch.load(path, weights_only=True)
    assert len(kept["state_dict"][WORDS]) < len(whole[WORDS]) / 2 and "optimizer_states" not in kept
    loaded = load_module(path)
    assert loaded.rows is not None
    assert all(torch.equal(value, whole[key]) for key, value in loaded.own_state().items())
    again = Teacher(backbone=str(family / "encoder"))
    again.configure_model()  # as `ctl test` does, before it reads the checkpoint
    again.on_load_checkpoint(kept)
    again.load_state_dict(kept["state_dict"])
    assert again.fingerprint() == loaded.fingerprint()
    other = shutil.copytree(family / "encoder", tmp_path / "other")
    torch.manual_seed(1)
    load_encoder(str(other)).apply(lambda part: [p.data.normal_() for p in part.parameters()]).save_pretrained(other)
    with pytest.raises(CTLError, match="another backbone"):
        load_module(path, backbone=str(other))
    with pytest.raises(CTLError, match="nowhere"):
        load_module(path, backbone=str(tmp_path / "nowhere"))


def test_a_teacher_whose_other_rows_are_not_the_backbones_is_whole(fits):
    """It went on from a checkpoint of all rows, which have decayed."""
    weights = fits.weights["of_before"]
    loaded = load_module(fits.folders["of_before"] / "last.ckpt").state_dict()
    assert all(torch.equal(loaded[name], weight) for name, weight in weights.items())


def test_a_student_is_whole(family, fits):
    """What people take away needs no backbone."""
    checkpoint = {"ctl": {}, "state_dict": {}}
    assert Teacher.needs_backbone and not Student.needs_backbone
    student = Student(backbone=str(family / "encoder"))
    assert student.kept(checkpoint) is checkpoint
    student.configure_model()
    whole = student.own_state()
    trim(student.backbone_model, torch.tensor([5, 7, 9]))
    student.rows.decays(0.5)
    block = {"state_dict": student.state_dict(), "ctl": {"rows": {}, "block": student.rows.facts()}}
    student.rows.decays(0.5)  # the last state; the checkpoint is of the best one
    kept = student.kept(block)
    assert kept["ctl"] == {} and torch.equal(kept["state_dict"][WORDS][5], whole[WORDS][5])
    assert torch.equal(kept["state_dict"][WORDS][20], whole[WORDS][20] * 0.5)


@pytest.mark.parametrize(
    ("strategy", "settings", "trimmed"),
    [
        (SingleDeviceStrategy, {}, True),
        (DDPStrategy, {}, True),
        (FSDPStrategy, {}, False),
        (SingleDeviceStrategy, {"lora_rank": 2}, False),
        (SingleDeviceStrategy, {"freeze_embeddings": True}, False),
    ],
)
def test_what_is_trimmed(family, strategy, settings, trimmed):
    """Not where a process has a part of the model, or where nothing of the embedding is trained."""
    data = mock.Mock(spec=NERDataModule, read_in_training=lambda: np.array([5, 7, 9]))
    state = SimpleNamespace(fn=TrainerFn.FITTING)
    model = Teacher(backbone=str(family / "encoder"), **settings)
    model._trainer = SimpleNamespace(state=state, strategy=mock.Mock(spec=strategy), datamodule=data)
    model.configure_model()
    assert (model.rows is not None) is trimmed


def test_trimmed_embeddings_train_the_same_model_in_bfloat16(fit):
    whole, trimmed = (
        load_module(fit(name, "--trainer.precision", "bf16-mixed", *more) / "epoch=0.ckpt").own_state()
        for name, more in (("bf16_whole", ["--model.trim_embeddings", "false"]), ("bf16_trimmed", []))
    )
    tolerance = {WORDS: 3e-8, "temperature": 1e-5}  # which validation sets, by rows that training does not read
    for key, weight in whole.items():
        torch.testing.assert_close(trimmed[key], weight, rtol=0, atol=tolerance.get(key, 0))
