"""Training of a backbone on raw text before transfer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ctl.backbones.loading import load_language_model, load_tokenizer
from ctl.data.collation import WordBatch
from ctl.modules.base import Trainable
from ctl.system.files import whole

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
        self, backbone: str, masked: float = 0.15, lr: float = 5e-5, weight_decay: float = 0.01, warmup: float = 0.1
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
        """Hides some subwords of the inputs (R, T), and gives what is to be predicted (R, T), -100 elsewhere."""
        if self.masked == 0:
            return batch.input_ids, batch.input_ids.masked_fill(batch.attention_mask == 0, -100)
        special = torch.isin(batch.input_ids, batch.input_ids.new_tensor(self.tokenizer.all_special_ids))
        hidden: tuple[Tensor, Tensor] = self._masker.torch_mask_tokens(
            batch.input_ids.clone(), special | (batch.attention_mask == 0)
        )
        if not (hidden[1] != -100).any():  # none was drawn, and the mean over none is undefined
            hidden[1][0, 0] = batch.input_ids[0, 0]
        return hidden

    def training_step(self, batch: WordBatch) -> Tensor:
        """Takes one step; logs ``train/loss`` in nats per predicted subword."""
        inputs, labels = self.hide(batch)
        loss = self.loss(inputs, batch.attention_mask, labels)
        self.log("train/loss", loss, prog_bar=True, batch_size=len(batch.input_ids))
        return loss

    def loss(self, inputs: Tensor, attention_mask: Tensor, labels: Tensor) -> Tensor:
        """Gives the cross-entropy of labels that are not -100, in nats; a masked model makes logits of these alone."""
        if self.masked == 0:
            causal: Tensor = self.model(input_ids=inputs, attention_mask=attention_mask, labels=labels).loss
            return causal
        asked = labels != -100

        def keep_asked(_model: Any, _inputs: Any, output: Any) -> Any:  # noqa: ANN401
            output.last_hidden_state = output.last_hidden_state[asked][None]
            return output

        with self.model.base_model.register_forward_hook(keep_asked):
            logits = self.model(input_ids=inputs, attention_mask=attention_mask).logits[0]
        return torch.nn.functional.cross_entropy(logits.float(), labels[asked])

    def on_train_end(self) -> None:
        """Writes the model and its tokenizer; the folder appears at once."""
        if not self.trainer.is_global_zero:
            return
        with whole(Path(self.trainer.default_root_dir) / FOLDER) as folder:
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)
