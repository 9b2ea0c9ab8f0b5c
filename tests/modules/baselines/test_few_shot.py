"""Models of a few labelled sentences say so, and read them only where that was asked for."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from made_up_tagger import make_checkpoint

from ctl.data.corpus import Corpus
from ctl.errors import CTLError
from ctl.main import main
from ctl.modules.baselines.few_shot import FewShot

TEXT = Corpus("de/few", ["a", "b"], np.array([0, 1, 2]), np.array([0, 1], dtype=np.int16))
STUDENT = {"method": "student:truth+kl", "sources": ["en", "nl"], "train_seconds": 9.0, "taught_by": {"method": "x"}}
TEACHERS = {"method": "ensemble:uniform", "sources": ["a2"], "train_seconds": 1.0}


def with_data(**settings):
    model = FewShot(backbone="unused")
    model._trainer = SimpleNamespace(datamodule=SimpleNamespace(target="de", sources=(), **settings))
    return model


def test_it_counts_the_sentences_that_it_learns_from():
    model = with_data(few="mine.conll", training=[TEXT])
    model.setup("fit")
    assert (model.sources, model.sentences, model.source_types) == (("de",), 2, ("PER",))


def test_it_does_not_learn_from_the_target_unasked():
    with pytest.raises(CTLError, match=r"set data\.few"):
        with_data(few=None, training=[TEXT]).setup("fit")


def test_rows_of_the_word_embedding_that_it_does_not_read_are_the_students(family, tmp_path):
    """Decayed, as where all rows are trained, and where it is stopped and goes on."""
    student = make_checkpoint(tmp_path, family, "bert", taught_by=TEACHERS)

    def fit(name, *more):
        keep = f'{{dirpath: "{tmp_path / name}", filename: "{{epoch}}", save_top_k: -1, save_last: true}}'
        assert main([
            "fit", "--model", "FewShot", "--model.start", str(student), "--model.lr", "1e-2", "--data.few", "8",
            "--data.root", str(family), "--data.backbone", str(tmp_path / "backbone"), "--data.sources", "[]",
            "--data.target", "a1", "--trainer.limit_val_batches", "0", "--trainer.max_epochs", "3",
            "--trainer.accelerator", "cpu", "--trainer.precision", "32-true", "--data.batch_size", "4",
            "--trainer.default_root_dir", str(tmp_path / name), "--trainer.enable_progress_bar", "false",
            "--trainer.callbacks", f"[{{class_path: ModelCheckpoint, init_args: {keep}}}]", *more,
        ]) == 0  # fmt: skip
        checkpoint = torch.load(tmp_path / name / "last.ckpt")
        return checkpoint["state_dict"], checkpoint["optimizer_states"][0]["state"][0]["exp_avg"]

    (whole, all_moments), (trimmed, moments) = fit("whole", "--model.trim_embeddings", "false"), fit("trimmed")
    resumed, _ = fit("resumed", "--ckpt_path", str(tmp_path / "trimmed" / "epoch=0.ckpt"))
    assert len(moments) < len(all_moments) / 2
    for key, weight in whole.items():
        torch.testing.assert_close(trimmed[key], weight, rtol=0, atol=3e-7 if "word_embeddings" in key else 0)
        assert torch.equal(resumed[key], trimmed[key])
    assert not FewShot.needs_backbone and FewShot.__mro__[1].needs_backbone


@pytest.mark.parametrize(("student", "method", "sources", "seconds"), [
    ({}, "few", ["de"], 2.0), (STUDENT, "student:truth+kl+few", ["en", "nl"], 11.0),
])  # fmt: skip
def test_it_says_what_it_saw(monkeypatch, student, method, sources, seconds):
    monkeypatch.setattr(FewShot, "family", "")
    model = FewShot(backbone="unused")
    model.restore_extra({"sources": ["de"], "source_types": ["PER"], "student": student, "sentences": 5})
    model.train_seconds = 2.0
    identity = model.identity()
    told = {name: identity[name] for name in ("method", "sources", "train_seconds", "few")}
    assert told == {"method": method, "sources": sources, "train_seconds": seconds, "few": 5}
    assert model.checkpoint_extra()["sentences"] == 5
