"""The record of a fit: what a checkpoint says of the training that it comes from, and results repeat."""

from __future__ import annotations

import os
from typing import Any

from lightning.pytorch import LightningModule

from ctl.callbacks.progress.learning_curve import LearningCurve
from ctl.data.datamodule import NERDataModule


def fit_record(module: LightningModule) -> dict[str, Any]:
    """Describes the fit that a module is in, as it stands now.

    Returns:
        Plain values: the ``steps`` and ``epochs`` taken, those that training may take at most, sentences in a batch and
        all else that a step depends on, the ``precision`` and the ``seed``; the module's class and ``arguments``; the
        ``splits`` trained on, with the fingerprints of their words and of the tags that were shown; the mean ``losses``
        at the first and the last points of its curve, where it has as many.
    """
    trainer = module.trainer
    data: NERDataModule = trainer.datamodule  # type: ignore[attr-defined]
    curves = [each.ends for each in trainer.callbacks if isinstance(each, LearningCurve) and each.ends]  # type: ignore[attr-defined]
    batches = trainer.global_step * trainer.accumulate_grad_batches
    return {
        "steps": trainer.global_step,
        "max_steps": trainer.max_steps,
        "epochs": round(batches / max(1, trainer.num_training_batches), 2),
        "max_epochs": trainer.max_epochs,
        "batch_size": data.batch_size,
        "train_tokens": data.train_tokens,
        "accumulate_grad_batches": trainer.accumulate_grad_batches,
        "processes": trainer.world_size,
        "precision": str(trainer.precision),
        "seed": int(os.environ.get("PL_GLOBAL_SEED", 0)),
        "class": type(module).__name__,
        "arguments": {name: value for name, value in module.hparams.items() if not name.startswith("_")},
        "splits": {corpus.name: corpus.fingerprint_with_tags for corpus in data.training},
        **({"losses": curves[0]} if curves else {}),
    }
