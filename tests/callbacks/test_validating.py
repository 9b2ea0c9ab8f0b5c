"""Fits that are as long as a number of steps: 19 steps of two batches, in epochs of 15 batches and so 8 steps."""

import csv
import json
import os
import signal

import pytest
import torch
from lightning.pytorch import Callback

from ctl.main import main

HERE = "tests.callbacks.test_validating"


class Steps(Callback):
    """Writes down after which steps the model was validated."""

    def __init__(self, path):
        self.path = path

    def on_validation_end(self, trainer, pl_module):
        if not trainer.sanity_checking:
            with open(self.path, "a") as file:
                file.write(f"{trainer.global_step}\n")


class Stop(Callback):
    """Sends a signal within the step after so many steps."""

    def __init__(self, step):
        self.step = step

    def on_train_batch_start(self, trainer, *_):
        if trainer.global_step == self.step:
            os.kill(os.getpid(), signal.SIGTERM)
            self.step = -1


def fit(family, output, *more, stop=None, patience=None):
    keep = {
        "dirpath": str(output),
        "save_last": True,
        "save_on_train_epoch_end": False,
        "enable_version_counter": False,
    }
    best = {"filename": "best", "monitor": "val/f1", "mode": "max"}
    early = {"patience": patience, "monitor": "val/f1", "mode": "max", "check_on_train_epoch_end": False}
    callbacks = [
        {"class_path": f"{HERE}.Steps", "init_args": {"path": str(output / "steps")}},
        {"class_path": "ValidateBySteps", "init_args": {"every": 5}},
        {"class_path": "ModelCheckpoint", "init_args": {**keep, **best}},
    ]
    callbacks += [] if stop is None else [{"class_path": f"{HERE}.Stop", "init_args": {"step": stop}}]
    callbacks += [] if patience is None else [{"class_path": "EarlyStopping", "init_args": early}]
    return main([
        "fit", "--model", "Teacher", "--model.lr", "1e-3", "--trainer.default_root_dir", str(output),
        "--trainer.max_epochs", "-1", "--trainer.max_steps", "19", "--trainer.accumulate_grad_batches", "2",
        "--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false", "--data.root", str(family),
        "--data.backbone", str(family / "encoder"), "--data.sources", "[a2]", "--data.batch_size", "8",
        "--trainer.callbacks", json.dumps(callbacks), *more,
    ])  # fmt: skip


@pytest.fixture(scope="module")
def unbroken(family, tmp_path_factory):
    output = tmp_path_factory.mktemp("unbroken")
    assert fit(family, output) == 0
    return output


def validated(output):
    return [int(line) for line in (output / "steps").read_text().split()]


def logged(output):
    """The steps of all rows of a fit's metrics."""
    with (output / "logs" / "fit" / "metrics.csv").open() as file:
        return [int(row["step"]) for row in csv.DictReader(file)]


def states(output):
    return [torch.load(output / name, weights_only=True) for name in ("best.ckpt", "last.ckpt")]


def test_validation_comes_every_so_many_steps_and_after_the_last(unbroken):
    assert validated(unbroken) == [5, 10, 15, 19]
    best, last = states(unbroken)
    assert last["global_step"] == 19 and best["global_step"] in (5, 10, 15, 19)


@pytest.mark.parametrize("step", [4, 5, 7, 8, 9, 14, 15, 18])
def test_a_fit_that_is_stopped_goes_on_to_the_same_model(step, family, tmp_path, unbroken):
    """Before and after validation, at the end of an epoch and at its beginning."""
    assert fit(family, tmp_path, stop=step) == 130
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"]
    assert step < saved <= step + 2
    assert fit(family, tmp_path, "--ckpt_path", "last") == 0
    ours, its = ([step for step in logged(output) if step != saved - 1] for output in (unbroken, tmp_path))
    assert ours == its  # Lightning logs a step after all else, and so not the one that it is stopped in
    assert validated(tmp_path) == [5, 10, 15, 19]
    for ours, its in zip(states(unbroken), states(tmp_path), strict=True):
        assert ours["global_step"] == its["global_step"]
        assert all(torch.equal(value, its["state_dict"][name]) for name, value in ours["state_dict"].items())


def test_training_ends_early_where_validation_gets_no_better(family, tmp_path, capsys, monkeypatch):
    """A teacher that has learned next to nothing is told of."""
    monkeypatch.setattr("ctl.callbacks.progress.weak_fits.LOW", 50.0)
    assert fit(family, tmp_path, "--model.lr", "0", patience=2) == 0
    assert "after 15 steps, so its soft labels say nothing: give it more steps" in capsys.readouterr().err
    assert validated(tmp_path) == [5, 10, 15]  # the first is the best
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == 15
