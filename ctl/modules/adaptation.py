"""Training of a backbone on raw text before transfer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ctl.backbones.loading import load_language_model, load_tokenizer
from ctl.backbones.vocabulary import NOT_ASKED, subword_loss
from ctl.data.collation import WordBatch
from ctl.modules.base import Trainable
from ctl.system.files import whole
from ctl.system.numbers import NonNegativeFloat, OpenShare, Share

FOLDER = "backbone"


class Adaptation(Trainable):
    """Goes on with a backbone's language-model training on raw text of the target (and of sources, if they are named).

    Target-adaptive pre-training (Gururangan et al., ACL 2020, arXiv 2004.10964). When training ends, the whole model
    and its tokenizer are in ``<run>/backbone``, a folder that every other command takes as ``--backbone``.

    Args:
        backbone: Hub name or folder.
        masked: share of the subwords to be predicted: eight in ten of them are masked, one is replaced by another, one
            stays (Devlin et al., NAACL 2019). Zero for a causal model, which predicts every next subword.
        lr: highest learning rate of AdamW.
        weight_decay: of all weights except biases and norms.
        warmup: share of the steps over which the learning rate rises; then it falls linearly to zero.
    """

    def __init__(
        self,
        backbone: str,
        masked: OpenShare = 0.15,
        lr: NonNegativeFloat = 5e-5,
        weight_decay: NonNegativeFloat = 0.01,
        warmup: Share = 0.1,
    ) -> None:
        super().__init__(lr, weight_decay, warmup)
        self.save_hyperparameters()
        self.backbone = backbone
        self.masked = masked
        self.model: Any = None

    def configure_model(self) -> None:
        """Loads the model and its tokenizer, once."""
        if self.model is not None:
            return
        from transformers import DataCollatorForLanguageModeling

        self.model = load_language_model(self.backbone, causal=self.masked == 0)
        self.tokenizer = load_tokenizer(self.backbone)
        self._masker = DataCollatorForLanguageModeling(
            self.tokenizer, mlm=self.masked > 0, mlm_probability=self.masked or None
        )

    @property
    def backbone_model(self) -> Any:  # noqa: ANN401
        """The language model."""
        return self.model

    def hide(self, batch: WordBatch) -> tuple[Tensor, Tensor]:
        """Hides some subwords (P), and gives what is to be predicted at each subword (P), `NOT_ASKED` elsewhere."""
        ids, windows = batch.subwords.ids, batch.subwords.windows
        if self.masked == 0:
            following = torch.cat([ids[1:], ids.new_full((1,), NOT_ASKED)])
            last = windows != torch.cat([windows[1:], windows.new_full((1,), -1)])
            return ids, following.masked_fill(last, NOT_ASKED)
        special = torch.isin(ids, ids.new_tensor(self.tokenizer.all_special_ids))
        hidden: tuple[Tensor, Tensor] = self._masker.torch_mask_tokens(ids[None].clone(), special[None])
        inputs, labels = hidden[0][0], hidden[1][0]
        if not (labels != NOT_ASKED).any():  # none was drawn, and the mean over none is undefined
            labels[0] = ids[0]
        return inputs, labels

    def training_step(self, batch: WordBatch) -> Tensor:
        """Takes one step; logs ``train/loss`` in nats per predicted subword."""
        inputs, labels = self.hide(batch)
        loss = subword_loss(self.model, replace(batch.subwords, ids=inputs), labels)
        self.log("train/loss", loss, prog_bar=True, batch_size=len(batch.lengths))
        return loss

    def on_train_end(self) -> None:
        """Writes the model and its tokenizer."""
        self._write_backbone()

    def on_fit_end(self) -> None:
        """Writes them here where a fit that was stopped at its very end had nothing left to train."""
        super().on_fit_end()
        if not (Path(self.trainer.default_root_dir) / FOLDER / "config.json").is_file():
            self._write_backbone()

    def _write_backbone(self) -> None:
        """Writes the model and its tokenizer; the folder appears at once."""
        if not self.trainer.is_global_zero:
            return
        with whole(Path(self.trainer.default_root_dir) / FOLDER) as folder:
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)
