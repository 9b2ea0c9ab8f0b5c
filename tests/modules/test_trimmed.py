"""Fits that train only the rows of the word embedding that they read."""

import shutil
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch.trainer.states import TrainerFn

from ctl.backbones.loading import load_encoder
from ctl.errors import CTLError
from ctl.main import main
from ctl.modules import Student, Teacher
from ctl.modules.tagger import load_module


@pytest.fixture(scope="module")
def fits(family, tmp_path_factory):
    """Weights and moments after three epochs on a few sentences, each of which leaves a checkpoint, by settings."""

    def fit(name, *more):
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

    whole, trimmed = fit("whole", "--model.trim_embeddings", "false"), fit("trimmed")
    folders = {
        "whole": whole,
        "trimmed": trimmed,
        "resumed": fit("resumed", "--ckpt_path", str(trimmed / "epoch=0.ckpt")),
        "of_before": fit("of_before", "--ckpt_path", str(whole / "epoch=0.ckpt")),
    }
    checkpoints = {name: torch.load(folder / "epoch=2.ckpt", weights_only=True) for name, folder in folders.items()}
    return {"folders": folders, **checkpoints}


@pytest.mark.parametrize("name", ["trimmed", "of_before"])
def test_trimmed_embeddings_train_the_same_model(fits, name):
    """In a fit of their own, and in one that goes on from where all rows were trained."""
    whole, trimmed = fits["whole"], fits[name]
    assert list(whole["state_dict"]) == list(trimmed["state_dict"])
    moments = [checkpoint["optimizer_states"][0]["state"][0]["exp_avg"] for checkpoint in (whole, trimmed)]
    assert len(moments[1]) < len(moments[0]) / 2
    for key, weight in whole["state_dict"].items():
        tolerance = 3e-8 if "word_embeddings" in key else 0
        torch.testing.assert_close(trimmed["state_dict"][key], weight, rtol=0, atol=tolerance)


def test_trimmed_embeddings_resume_to_the_bit(fits):
    straight, resumed = fits["trimmed"]["state_dict"], fits["resumed"]["state_dict"]
    assert all(torch.equal(resumed[name], weight) for name, weight in straight.items())


def test_a_fit_of_other_text_does_not_go_on(family, fits):
    model = Teacher(backbone=str(family / "encoder"))
    model.on_load_checkpoint(fits["trimmed"])  # nothing is trained: the moments are not read
    model._trainer = SimpleNamespace(state=SimpleNamespace(fn=TrainerFn.FITTING))
    with pytest.raises(CTLError, match="read other text"):
        model.on_load_checkpoint(fits["trimmed"])


def test_a_finished_teacher_holds_the_rows_that_it_read(family, fits, tmp_path):
    """With the backbone they are the whole; without it, or with another, they are refused."""
    whole, path = fits["trimmed"]["state_dict"], fits["folders"]["trimmed"] / "last.ckpt"
    kept = torch.load(path, weights_only=True)
    name = next(name for name in whole if "word_embeddings" in name)
    assert len(kept["state_dict"][name]) < len(whole[name]) / 2 and "optimizer_states" not in kept
    loaded = load_module(path)
    assert loaded.rows is not None
    assert all(torch.equal(value, whole[key]) for key, value in loaded.state_dict().items() if key in whole)
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
    weights = fits["of_before"]["state_dict"]
    loaded = load_module(fits["folders"]["of_before"] / "last.ckpt").state_dict()
    assert all(torch.equal(loaded[name], weight) for name, weight in weights.items())


def test_a_student_is_whole(family, fits):
    """What people take away needs no backbone."""
    checkpoint = {"ctl": {}, "state_dict": {}}
    assert Teacher.needs_backbone and not Student.needs_backbone
    assert Student(backbone=str(family / "encoder")).kept(checkpoint) is checkpoint
