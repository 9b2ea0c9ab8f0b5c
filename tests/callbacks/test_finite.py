"""A fit that becomes NaN stops at once, and nothing is made of what it was."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from faults import QUIET, fit, said
from torch import nn

from ctl.callbacks.finite import EVERY, StopAtNaN
from ctl.callbacks.writers import check_finite
from ctl.data.corpus import Corpus
from ctl.data.soft_labels import StoreWriter
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.main import main


def started(lr=0.1, device="cpu"):
    module = nn.Linear(2, 2)
    module.lr, module.device = lr, torch.device(device)
    trainer = SimpleNamespace(global_step=7, current_epoch=2, precision="16-mixed")
    callback = StopAtNaN()
    callback.on_train_start(trainer, module)
    return callback, trainer, module


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_the_first_loss_that_is_no_number_stops_the_fit(value):
    callback, trainer, module = started()
    callback.on_train_batch_end(trainer, module, {"loss": torch.tensor(1.0)}, None, 0)
    callback.on_train_batch_end(trainer, module, None, None, 1)  # where nothing was learned from
    trainer.global_step = 8
    said = r"loss is not a finite number at step 8, epoch 2: .* \(lr, here 0.1\) .* \(trainer.precision, here 16-mixed"
    with pytest.raises(CTLError, match=said):
        callback.on_train_batch_end(trainer, module, {"loss": torch.tensor(value)}, None, 2)


def test_no_loss_is_waited_for_on_another_device():
    """A tensor of the meta device has no values: whoever looked at one would fail, as he would wait for a GPU."""
    callback, trainer, module = started(device="meta")
    loss = {"loss": torch.ones((), device="meta")}
    for batch in range(EVERY - 1):
        callback.on_train_batch_end(trainer, module, loss, None, batch)
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        callback.on_train_batch_end(trainer, module, loss, None, EVERY - 1)


@pytest.mark.parametrize(
    "look",
    [
        lambda callback, *given: callback.on_train_batch_end(*given, {"loss": torch.tensor(1.0)}, None, 4),
        lambda callback, *given: callback.on_train_epoch_end(*given),
        lambda callback, *given: callback.on_save_checkpoint(*given, {}),
        lambda callback, trainer, module: callback.on_validation_start(
            SimpleNamespace(**vars(trainer), state=SimpleNamespace(fn="fit"), sanity_checking=False), module
        ),
    ],
    ids=["some steps later", "end of the epoch", "before a checkpoint", "before validation"],
)
def test_where_losses_are_not_looked_at_one_by_one_the_first_bad_step_is_told(look):
    callback, trainer, module = started()
    callback._every = 5  # as on a GPU, where it is more
    for batch, value in enumerate([1.0, float("nan"), float("inf"), 1.0]):
        trainer.global_step = 20 + batch
        callback.on_train_batch_end(trainer, module, {"loss": torch.tensor(value)}, None, batch)
    with pytest.raises(CTLError, match="loss is not a finite number at step 21"):
        look(callback, trainer, module)


def test_weights_that_are_no_numbers_are_not_written():
    callback, trainer, module = started()
    callback.on_save_checkpoint(trainer, module, {})
    with torch.no_grad():
        module.bias[0] = float("nan")
    with pytest.raises(CTLError, match="a weight is not a finite number at step 7"):
        callback.on_save_checkpoint(trainer, module, {})


def test_scores_that_are_no_numbers_are_not_written():
    with pytest.raises(CTLError, match="the scores are not finite numbers: nothing is written"):
        check_finite(torch.tensor([float("nan")]), "scores")


def test_a_rate_that_is_too_high_ends_with_one_line_and_no_checkpoint(family, tmp_path, capsys):
    assert main(fit(family, tmp_path, "--model.lr", "1e6", "--trainer.max_epochs", "3")) == 2
    told = said(capsys)
    assert "Teacher: " in told and "is not a finite number at step" in told and "(lr, here 1e+06)" in told
    for path in tmp_path.rglob("*.ckpt"):
        weights = torch.load(path, weights_only=True)["state_dict"].values()
        assert all(weight.isfinite().all() for weight in weights)


@pytest.mark.parametrize("command", ["test", "predict"])
@pytest.mark.parametrize("model", ["Teacher", "Student", "LanguageIdentifier"])
def test_what_was_never_trained_is_not_scored(command, model, family, tmp_path, capsys):
    data = {"root": str(family), "backbone": str(family / "encoder"), "target": "a1", "sources": "[a2,a3]"}
    options = [part for name, value in data.items() for part in (f"--data.{name}", value)]
    place = ["--trainer.default_root_dir", str(tmp_path)]
    assert main([command, "--model", model, *options, *place, *QUIET]) == 2
    assert f"{model} was never trained, so its answers would be random: give --ckpt_path" in said(capsys)


def test_a_checkpoint_of_nan_is_refused_and_so_are_its_soft_labels(family, tmp_path, capsys):
    assert main(fit(family, tmp_path)) == 0
    checkpoint = torch.load(tmp_path / "last.ckpt", weights_only=True)
    name = next(name for name, weight in checkpoint["state_dict"].items() if name.endswith("head.bias"))
    checkpoint["state_dict"][name][0] = float("nan")
    torch.save(checkpoint, tmp_path / "last.ckpt")
    options = ["--data.root", str(family), "--data.backbone", str(family / "encoder"), "--data.target", "a1"]
    place = ["--trainer.default_root_dir", str(tmp_path), "--ckpt_path", str(tmp_path / "last.ckpt")]
    for command in ("test", "predict"):
        assert main([command, "--model", "Teacher", *options, *place, *QUIET]) == 2
        assert "weights are not finite numbers: train anew" in said(capsys)
    assert not list(tmp_path.rglob("*.npy")) and not (tmp_path / "results.json").exists()
    assert main(["export", "--model", str(tmp_path), str(tmp_path / "exported")]) == 2
    assert not (tmp_path / "exported").exists()


def test_a_student_does_not_learn_from_nan(family, tmp_path, capsys):
    words = Corpus("a1/train", ["w"], np.array([0, 1]))
    writer = StoreWriter(tmp_path / "store")
    writer.add(np.arange(1), np.full((1, 7), np.nan, dtype=np.float32))
    writer.close()
    StoreWriter.join(tmp_path / "store", words, TagSchema(("PER", "ORG", "LOC")), {"method": "direct:a2"})
    data = {"target": "a1", "soft_labels": str(tmp_path / "store"), "sources": "[]", "root": str(family)}
    options = [part for name, value in data.items() for part in (f"--data.{name}", value)]
    more = ["--data.backbone", str(family / "encoder"), "--trainer.default_root_dir", str(tmp_path)]
    assert main(["fit", "--model", "Student", *options, *more, *QUIET]) == 2
    assert "the soft label of word 0 is no distribution" in said(capsys)
    assert json.loads((tmp_path / "store" / "manifest.json").read_text())["corpus"]["words"] == 1
