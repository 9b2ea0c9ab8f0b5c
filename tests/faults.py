"""Runs that are stopped in the middle, and what their errors say."""

import json
import os
import signal

from lightning.pytorch import Callback

QUIET = ["--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"]


def fit(family, output, *more):
    keep = {"dirpath": str(output), "save_last": True, "save_top_k": 0, "save_on_train_epoch_end": True}
    return [
        "fit", "--model", "Teacher", "--trainer.default_root_dir", str(output), "--trainer.max_epochs", "1", *QUIET,
        "--data.root", str(family), "--data.backbone", str(family / "encoder"), "--data.sources", "[a2]",
        "--trainer.callbacks", json.dumps([{"class_path": "ModelCheckpoint", "init_args": keep}]), *more,
    ]  # fmt: skip


def said(capsys):
    """The one line of an error."""
    told = capsys.readouterr().err
    assert "Traceback" not in told
    line = told.splitlines()[-1]
    assert line.startswith("ctl: error: ")
    return line


class Signal(Callback):
    """Sends a signal to its own process at some batch of an epoch."""

    def __init__(self, name: str, epoch: int, batch: int, rank: int = 0):
        self.name, self.place, self.rank = name, (epoch, batch), rank

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if (trainer.current_epoch, batch_idx) == self.place and trainer.global_rank == self.rank:
            os.kill(os.getpid(), getattr(signal, self.name))


class Again(Signal):
    """A class of its own, as there may be one callback of each."""


class AtValidation(Signal):
    """Sends it when the epoch's validation begins."""

    def on_train_batch_start(self, *_):
        pass

    def on_validation_batch_start(self, trainer, pl_module, batch, batch_idx, dataloader_idx=0):
        super().on_train_batch_start(trainer, pl_module, batch, batch_idx)


def training(family, output, *callbacks, more=()):
    """The arguments of a fit of three epochs of 15 batches, two to a step, so eight steps; kept in ``output``."""
    best = {"filename": "best", "monitor": "val/f1", "mode": "max", "save_top_k": 1}
    keep = {"dirpath": str(output), "save_last": True, "save_on_train_epoch_end": True, **best}
    callbacks = [{"class_path": "ModelCheckpoint", "init_args": keep}, *callbacks]
    return fit(
        family, output, "--trainer.max_epochs", "3", "--trainer.accumulate_grad_batches", "2", "--data.batch_size", "8",
        "--trainer.callbacks", json.dumps(callbacks), "--model.lr", "1e-3", *more,
    )  # fmt: skip


def signalled(name, epoch, batch, **rank):
    return {
        "class_path": "tests.faults.Signal",
        "init_args": {"name": name, "epoch": epoch, "batch": batch, **rank},
    }
