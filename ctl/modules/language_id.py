"""The language-identification model behind learned source weights."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import MeanMetric

from ctl.backbones import encode, load_encoder, mean_over_sentence
from ctl.data.encoding import WordBatch
from ctl.errors import CTLError


class LanguageIdentifier(LightningModule):
    r"""Learns how similar languages are from raw text (Wu et al., ACL 2020, section 3.2).

    A sentence's feature f (D) is the mean of its subwords' states in the frozen pre-trained encoder. With a trainable
    embedding :math:`\mu_k` of each source language, begun at the mean feature of its sentences,

    .. math:: l_k = (U f + b_U) \cdot (V \mu_k + b_V), \qquad g = softmax(l)

    where U and V have rank r. The loss is the cross-entropy of the sentence's language plus
    :math:`\gamma \|\mu^T \mu - I\|_F^2`. Source weights come from the logits of raw target sentences
    (`ctl.weighting.similarity_weights`).

    Args:
        backbone: Hub name or folder of the encoder.
        sources: the languages to tell apart.
        rank: r.
        gamma: weight of the orthogonality penalty.
        lr: learning rate of AdamW.
        weight_decay: of all parameters.
    """

    class_weights: Tensor

    def __init__(
        self,
        backbone: str,
        sources: list[str],
        rank: int = 64,
        gamma: float = 0.01,
        lr: float = 1e-4,
        weight_decay: float = 1e-5,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.backbone = backbone
        self.sources = sources
        self.rank = rank
        self.gamma = gamma
        self.lr = lr
        self.weight_decay = weight_decay
        self.strict_loading = False  # the frozen encoder is not kept in checkpoints
        self.encoder: nn.Module | None = None
        self._known: dict[int, Tensor] = {}
        self._hits = MeanMetric()

    def configure_model(self) -> None:
        """Loads the encoder, once.

        Raises:
            CTLError: there is only one language to tell apart.
        """
        if self.encoder is not None:
            return
        if len(self.sources) < 2:
            raise CTLError(f"telling languages apart needs two or more sources, not {self.sources}")
        self.encoder = load_encoder(self.backbone).eval().requires_grad_(False)
        width = int(self.encoder.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self.languages = nn.Parameter(torch.zeros(len(self.sources), width))
        self.of_sentence = nn.Linear(width, self.rank)
        self.of_language = nn.Linear(width, self.rank)
        self.register_buffer("class_weights", torch.ones(len(self.sources)))

    @torch.no_grad()
    def features(self, batch: WordBatch) -> Tensor:
        """Features of the sentences of a batch (S, D)."""
        assert self.encoder is not None, "configure_model was not called"
        return mean_over_sentence(encode(self.encoder, batch), batch).float()

    def forward(self, features: Tensor) -> Tensor:
        """Logits of the source languages (S, K) from features (S, D)."""
        return self.of_sentence(features) @ self.of_language(self.languages).T  # type: ignore[no-any-return]

    def on_train_start(self) -> None:
        """Reads every training sentence once; language embeddings begin at their language's mean.

        A resumed run keeps the embeddings that it has learned.
        """
        total, count = torch.zeros_like(self.languages), torch.zeros_like(self.class_weights)
        for batch in self.trainer.datamodule.train_dataloader():  # type: ignore[attr-defined]
            batch = batch.to(self.device)
            features = self.features(batch)
            self._known |= dict(zip(batch.sentences.tolist(), features, strict=True))
            total.index_add_(0, batch.languages, features)
            count.index_add_(0, batch.languages, torch.ones_like(features[:, 0]))
        if self.global_step > 0:
            return
        total, count = self.trainer.strategy.reduce((total, count), reduce_op="sum")
        self.languages.data.copy_(total / count.clamp(min=1)[:, None])
        self.class_weights.copy_(count.sum() / (len(count) * count.clamp(min=1)))

    def training_step(self, batch: WordBatch) -> Tensor:
        """One step; logs both parts of the loss."""
        sentences = batch.sentences.tolist()
        seen = all(sentence in self._known for sentence in sentences)
        features = torch.stack([self._known[s] for s in sentences]) if seen else self.features(batch)
        identification = F.cross_entropy(self(features), batch.languages, weight=self.class_weights)
        gram = self.languages.T @ self.languages  # (D, D)
        penalty = (gram - torch.eye(len(gram), device=gram.device)).square().sum()
        self.log_dict({"train/loss": identification, "train/penalty": penalty}, batch_size=len(features))
        return identification + self.gamma * penalty

    def validation_step(self, batch: WordBatch) -> None:
        """Counts how often the language of a source validation sentence is recognised."""
        self._hits.update((self(self.features(batch)).argmax(-1) == batch.languages).float())

    def on_validation_epoch_end(self) -> None:
        """Logs ``val/accuracy``, 0..1."""
        self.log("val/accuracy", self._hits.compute(), prog_bar=True)
        self._hits.reset()

    def predict_step(self, batch: WordBatch) -> Tensor:
        """Logits of the source languages for raw target sentences (S, K)."""
        return self(self.features(batch))  # type: ignore[no-any-return]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW on everything but the encoder, at a constant rate."""
        free = [parameter for parameter in self.parameters() if parameter.requires_grad]
        return torch.optim.AdamW(free, lr=self.lr, weight_decay=self.weight_decay)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leaves the frozen encoder out."""
        state = checkpoint["state_dict"]
        checkpoint["state_dict"] = {key: value for key, value in state.items() if not key.startswith("encoder.")}
