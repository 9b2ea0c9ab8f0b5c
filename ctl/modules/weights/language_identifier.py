"""The language-identification model behind learned source weights."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from lightning.pytorch import Callback, LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import MeanMetric

from ctl.arrays import Floats
from ctl.backbones.facts import stamp
from ctl.backbones.loading import load_encoder
from ctl.callbacks.writers import WeightWriter
from ctl.data.collation import WordBatch
from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.methods import IDENTIFIED
from ctl.networks.word_classifier import SentenceFeature, sentence_features
from ctl.system.numbers import NonNegativeFloat, PositiveInt
from ctl.weighting import Scale, similarity_weights, unlearned_similarities

Side = Literal["features", "languages"]
Schedule = Literal["constant", "linear"]


def orthogonality(languages: Tensor, side: Side) -> Tensor:
    r"""Measures how far language embeddings D (K, width) are from orthogonal.

    On the side of the ``features`` :math:`\|D^T D - I\|_F^2`, Wu et al., ACL 2020, section 3.2; on the side of the
    ``languages`` :math:`\|D D^T - I\|_F^2`, an option of the authors' code. Both traces are equal, so the two differ
    by the constant width - K alone and train alike; the first is never below width - K.
    """
    with torch.autocast(languages.device.type, enabled=False):
        gram = languages @ languages.T
    penalty = (gram - torch.eye(len(gram), device=gram.device)).square().sum()
    return penalty + (languages.shape[1] - len(gram)) if side == "features" else penalty


class LanguageIdentifier(LightningModule):
    r"""Learns how similar languages are from raw text (Wu et al., ACL 2020, section 3.2).

    A sentence's feature f (D) comes from the frozen pre-trained encoder. With a trainable embedding :math:`\mu_k` of
    each source language, begun at the mean feature of its sentences,

    .. math:: l_k = (U f + b_U) \cdot (V \mu_k + b_V), \qquad g = softmax(l)

    where U and V have rank r. The loss is the cross-entropy of the sentence's language plus :math:`\gamma` times the
    penalty of `orthogonality`. Source weights come from the logits of raw target sentences
    (`ctl.weighting.similarity_weights`); the unlearned similarities to the languages' means are found on the way.

    Args:
        backbone: Hub name or folder of the encoder.
        sources: the languages to tell apart.
        features: what stands for a sentence: the ``mean`` of its subwords' states, ``cls``, the first one's state, or
            ``pooler``, as in the paper, where the encoder has one that was trained.
        rank: r.
        gamma: weight of the orthogonality penalty.
        orthogonal: which side of the embeddings it is for.
        balance: give every language the same weight in the loss, however much text it has.
        scale: what similarities are divided by to be weights: their variance, as in the paper, or standard deviation.
        lr: learning rate of AdamW.
        weight_decay: of all parameters.
        schedule: the rate stays ``constant``, or it is ``linear``: it falls to zero, as in the authors' code.
    """

    needs_training = True  # its answers are random before it is trained
    class_weights: Tensor
    means: Tensor
    _of_corpora: ClassVar[dict[Hashable, Tensor]] = {}  # features of corpora that this process has read (S, D)

    def __init__(
        self,
        backbone: str,
        sources: list[str],
        features: SentenceFeature = "mean",
        rank: PositiveInt = 64,
        gamma: NonNegativeFloat = 0.01,
        orthogonal: Side = "features",
        balance: bool = True,
        scale: Scale = "variance",
        lr: NonNegativeFloat = 1e-4,
        weight_decay: NonNegativeFloat = 1e-5,
        schedule: Schedule = "constant",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.backbone = backbone
        self.sources = sources
        self.feature: SentenceFeature = features
        self.rank = rank
        self.gamma = gamma
        self.orthogonal: Side = orthogonal
        self.balance = balance
        self.scale: Scale = scale
        self.lr = lr
        self.weight_decay = weight_decay
        self.schedule: Schedule = schedule
        self.strict_loading = False  # the frozen encoder is not kept in checkpoints
        self.weightings: tuple[str, ...] = IDENTIFIED
        self.encoder: nn.Module | None = None
        self._known = torch.empty(0)
        self._hits = MeanMetric()

    def configure_model(self) -> None:
        """Loads the encoder, once.

        Raises:
            CTLError: there is only one language to tell apart, or the encoder has no pooler that could be used.
        """
        if self.encoder is not None:
            return
        if len(self.sources) < 2:
            raise CTLError(f"telling languages apart needs two or more sources, not {self.sources}")
        self.encoder = load_encoder(self.backbone, pooler=self.feature == "pooler").eval().requires_grad_(False)
        width = int(self.encoder.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self.languages = nn.Parameter(torch.zeros(len(self.sources), width))
        self.of_sentence = nn.Linear(width, self.rank)
        self.of_language = nn.Linear(width, self.rank)
        self.register_buffer("class_weights", torch.ones(len(self.sources)))
        self.register_buffer("means", torch.zeros(len(self.sources), width))

    @torch.no_grad()
    def features(self, batch: WordBatch) -> Tensor:
        """Gives the features of the sentences of a batch (S, D)."""
        assert self.encoder is not None, "configure_model was not called"
        return sentence_features(self.encoder, batch, self.feature).float()

    def forward(self, features: Tensor) -> Tensor:
        """Gives the logits of the source languages (S, K) from features (S, D), in float32 under any precision."""
        with torch.autocast(features.device.type, enabled=False):
            return self.of_sentence(features) @ self.of_language(self.languages).T  # type: ignore[no-any-return]

    def corpus_features(self, corpus: Corpus) -> Tensor:
        """Computes the features of a corpus (S, D), once in a process: the encoder is frozen for all sources."""
        data: NERDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        autocast = torch.is_autocast_enabled(self.device.type)
        key = (self.backbone, stamp(self.backbone), self.feature, data.max_length, autocast, corpus.fingerprint)
        if key not in self._of_corpora:
            parts = [(b.sentences, self.features(b.to(self.device))) for b in data.whole(corpus)]
            sentences, features = (torch.cat(part) for part in zip(*parts, strict=True))
            self._of_corpora[key] = torch.empty_like(features).index_copy_(0, sentences.to(self.device), features)
        return self._of_corpora[key].to(self.device)

    def on_train_start(self) -> None:
        """Reads every training sentence once; language embeddings begin at their language's mean.

        A resumed run keeps the embeddings that it has learned.
        """
        of_languages = [self.corpus_features(corpus) for corpus in self.trainer.datamodule.training]  # type: ignore[attr-defined]
        self._known = torch.cat(of_languages)  # (S, D)
        if self.global_step > 0:
            return
        count = torch.tensor([len(features) for features in of_languages], device=self.device)
        self.means.copy_(torch.stack([features.mean(0) for features in of_languages]))
        self.languages.data.copy_(self.means)
        if self.balance:
            self.class_weights.copy_(count.sum() / (len(count) * count))

    def training_step(self, batch: WordBatch) -> Tensor:
        """Takes one step; logs both parts of the loss."""
        features = self._known[batch.sentences]
        identification = F.cross_entropy(self(features), batch.languages, weight=self.class_weights)
        penalty = orthogonality(self.languages, self.orthogonal)
        self.log_dict({"train/loss": identification, "train/penalty": penalty}, batch_size=len(features))
        return identification + self.gamma * penalty

    def validation_step(self, batch: WordBatch) -> None:
        """Counts how often the language of a source validation sentence is recognised."""
        self._hits.update((self(self.features(batch)).argmax(-1) == batch.languages).float())

    def on_validation_epoch_end(self) -> None:
        """Logs ``val/accuracy``, 0..1."""
        self.log("val/accuracy", self._hits.compute(), prog_bar=True)
        self._hits.reset()

    def configure_callbacks(self) -> Sequence[Callback]:
        """Names what writes the weights of sources."""
        return [WeightWriter(self)]

    def sentence_weights(self, similarities: Mapping[str, Floats]) -> dict[str, Floats]:
        """Gives each sentence's weights (S, K) from its similarities."""
        return {name: similarity_weights(values, self.scale) for name, values in similarities.items()}

    def language_weights(self, similarities: Mapping[str, Floats]) -> dict[str, Floats]:
        """Gives the language's weights (K), the means over its sentences."""
        return {name: weights.mean(0) for name, weights in self.sentence_weights(similarities).items()}

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Gives the similarities of raw sentences to the sources (S, K): ``learned`` (logits), ``cosine l1 l2``."""
        if self.trainer.world_size > 1:
            features = self.features(batch)  # of this process's share
        else:
            corpus = list(self.trainer.datamodule.predicting.values())[dataloader_idx]  # type: ignore[attr-defined]
            features = self.corpus_features(corpus)[batch.sentences]
        return {"learned": self(features), **unlearned_similarities(features, self.means)}

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Makes AdamW for everything but the encoder, at a constant rate or one that falls to zero.

        A falling rate is :math:`lr (T - k) / T` at step k of T, counted from one. The authors' code steps the schedule
        before the optimiser and has no warm-up, so that its last step changes nothing (domain_learner.py, ``train``).
        """
        free = [parameter for parameter in self.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(free, lr=self.lr, weight_decay=self.weight_decay)
        if self.schedule == "constant":
            return optimizer
        total = max(1, int(self.trainer.estimated_stepping_batches))
        falling = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda taken: max(0, total - taken - 1) / total)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": falling, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leaves the frozen encoder out."""
        state = checkpoint["state_dict"]
        checkpoint["state_dict"] = {key: value for key, value in state.items() if not key.startswith("encoder.")}
