"""A fit keeps its tokenizer beside its checkpoints, so that a run that is moved can still tag."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only

from ctl.backbones.facts import fingerprint_tokenizer
from ctl.system.checkpoints import TOKENIZER
from ctl.system.files import whole


class KeepTokenizer(Callback):
    """Writes ``tokenizer/`` beside the checkpoints: the tokenizer and the configuration of the backbone.

    Checkpoints hold its fingerprint, with which `ctl.tagging` compares what it finds. Without a folder for checkpoints
    nothing is written.
    """

    @rank_zero_only
    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the tokenizer and the configuration."""
        folders = [getattr(callback, "dirpath", None) for callback in trainer.checkpoint_callbacks]
        keep_tokenizer(trainer, pl_module, {Path(folder) for folder in folders if folder})

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Adds the fingerprint of the tokenizer."""
        checkpoint[TOKENIZER] = fingerprint_tokenizer(_tokenizer(trainer))


def keep_tokenizer(trainer: Trainer, module: LightningModule, folders: Iterable[Path]) -> None:
    """Writes the tokenizer and the configuration of a module's backbone into folders of checkpoints."""
    with TemporaryDirectory() as scratch:
        _tokenizer(trainer).save_pretrained(scratch)
        module.backbone_model.config.save_pretrained(scratch)  # type: ignore[union-attr, operator]
        for folder in folders:
            for file in Path(scratch).iterdir():
                with whole(folder / TOKENIZER / file.name) as partial:
                    shutil.copyfile(file, partial)


def _tokenizer(trainer: Trainer) -> Any:  # noqa: ANN401
    return trainer.datamodule.encoder.tokenizer  # type: ignore[attr-defined]
