"""What `ctl test` and `ctl predict` leave behind: result records, soft labels, source weights."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from ctl.data.datamodule import NERDataModule
from ctl.data.encoding import WordBatch
from ctl.data.soft_labels import StoreWriter
from ctl.modules.base import Labeller
from ctl.modules.language_id import LanguageIdentifier
from ctl.results import add_record, make_record
from ctl.weighting import similarity_weights, write_weights


def fingerprint(module: torch.nn.Module) -> str:
    """SHA-256 (16 hex digits) of a module's weights."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def _data(trainer: Trainer) -> NERDataModule:
    data: NERDataModule = trainer.datamodule  # type: ignore[attr-defined]
    return data


class ResultWriter(Callback):
    """Adds the scores of a test to ``results.json`` in the run's folder.

    Args:
        config: the run's configuration, kept as provenance.
    """

    def __init__(self, config: dict[str, Any], seed: int) -> None:
        self.config = config
        self.seed = seed

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the record; the first process does."""
        if not isinstance(pl_module, Labeller) or not trainer.is_global_zero:
            return
        data = _data(trainer)
        corpus = data.testing
        provenance = {
            "data": {corpus.name: corpus.fingerprint},
            "model": fingerprint(pl_module),
            "config": self.config,
        }
        scores = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("test/")}
        record = make_record(
            pl_module.card(),
            scores,
            target=str(data.target),
            seed=self.seed,
            provenance=provenance,
        )
        add_record(Path(trainer.default_root_dir) / "results.json", record)


class SoftLabelWriter(Callback):
    """Writes what a labeller predicts to one store a split, ``<run>/soft_labels/<split>``."""

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Opens this process's share of every store."""
        folder = Path(trainer.default_root_dir) / "soft_labels"
        self._writers = {split: StoreWriter(folder / split, trainer.global_rank) for split in _data(trainer).predicting}

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: torch.Tensor,
        batch: WordBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Appends a batch."""
        writer = list(self._writers.values())[dataloader_idx]
        writer.add(batch.words.cpu().numpy(), outputs.float().cpu().numpy())

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Joins the shares of all processes."""
        assert isinstance(pl_module, Labeller)
        for writer in self._writers.values():
            writer.close()
        trainer.strategy.barrier()
        if trainer.is_global_zero:
            teacher = {**pl_module.card(), "fingerprint": fingerprint(pl_module)}
            for split, corpus in _data(trainer).predicting.items():
                StoreWriter.join(self._writers[split].path, corpus, pl_module.schema, teacher, trainer.world_size)
        trainer.strategy.barrier()


class WeightWriter(Callback):
    """Writes the source weights that a language identifier predicts to ``<run>/weights.json``."""

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts with no sentence."""
        self._logits: list[torch.Tensor] = []

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: torch.Tensor,
        batch: WordBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keeps the logits of a batch (S, K)."""
        self._logits.append(outputs.float().cpu())

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Turns the logits of all sentences into weights."""
        assert isinstance(pl_module, LanguageIdentifier)
        shares = [torch.cat(self._logits)]
        if trainer.world_size > 1:
            shares = [None] * trainer.world_size  # type: ignore[list-item]
            torch.distributed.all_gather_object(shares, torch.cat(self._logits))
        if trainer.is_global_zero:
            weights = similarity_weights(torch.cat(shares).numpy().astype(np.float32))
            named = dict(zip(pl_module.sources, weights.round(4).tolist(), strict=True))
            write_weights(Path(trainer.default_root_dir) / "weights.json", named)
