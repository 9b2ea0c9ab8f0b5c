"""Selection of language-independent data by a discriminator that is trained against the tagger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from lightning.pytorch import Callback
from torch import Tensor, nn
from torch.func import functional_call

from ctl.arrays import Floats
from ctl.callbacks.writers import WordWeightWriter
from ctl.data.collation import WordBatch
from ctl.data.corpus import Corpus
from ctl.data.selection import language_independent
from ctl.modules.teacher import Teacher
from ctl.networks.word_classifier import WordClassifier, carry_on
from ctl.system.numbers import NonNegativeFloat, PositiveInt, PositiveShare


class Adversary(Teacher):
    """A teacher whose encoder is trained to hide the language, and the discriminator that looks for it.

    AdvPicker (Chen et al., ACL 2021, doi 10.18653/v1/2021.acl-long.61). Training reads gold of the sources and raw
    text of the target (``data.text``). ``predict`` gives weights to the target's words: one in the
    sentences whose words look least like source or target text, zero in the rest. The two sides of the discriminator
    count alike, however much text each has.

    The authors' code differs: its discriminator has a ReLU (here a leaky one), judges every subword and
    special token (here every word, at what stands for it), and its loss is the sum over both sides (here
    their mean). There the encoder fools it with an optimiser of its own, at a hundredth of the rate, whatever the size
    of the gradient. Here one AdamW takes the sum of the losses, in which fooling counts little: 0.0006 of the tagging
    loss's gradient at the first step with ``fooling`` 0.01. Their teacher is the adversarial model; here it selects.

    Args:
        discriminator_lr: learning rate of the discriminator.
        discriminator_width: units of its hidden layer.
        fooling: weight of the loss that trains the encoder to fool it, beside the loss against gold.
        keep: share of the sentences that ``predict`` keeps.
        **kwargs: as for every `Teacher`.
    """

    def __init__(
        self,
        *,
        discriminator_lr: NonNegativeFloat = 5e-3,
        discriminator_width: PositiveInt = 500,
        fooling: NonNegativeFloat = 0.01,
        keep: PositiveShare = 0.8,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.discriminator_lr = discriminator_lr
        self.discriminator_width = discriminator_width
        self.fooling = fooling
        self.keep = keep

    def build_network(self, backbone: Any) -> WordClassifier:  # noqa: ANN401
        """Makes the tagger's network, and the discriminator beside it."""
        network = super().build_network(backbone)
        width, hidden = int(backbone.config.hidden_size), self.discriminator_width
        self.discriminator = nn.Sequential(nn.Linear(width, hidden), nn.LeakyReLU(), nn.Linear(hidden, 1))
        return network

    def training_step(self, batch: WordBatch) -> Tensor:
        """Takes one step of all three losses; logs ``train/loss`` and the discriminator's."""
        assert self.network is not None
        states = self.network.states(batch)
        is_source = (batch.languages >= 0).repeat_interleave(batch.lengths)
        tagging = (
            self.loss(batch, carry_on(self.network.classify(states), batch)) if is_source.any() else states.sum() * 0
        )
        frozen = {name: parameter.detach() for name, parameter in self.discriminator.named_parameters()}
        telling = telling_loss(self.discriminator(states.detach()).squeeze(-1), is_source)
        fooling = telling_loss(functional_call(self.discriminator, frozen, (states,)).squeeze(-1), ~is_source)
        self.log_dict({"train/loss": tagging, "train/discriminator": telling}, batch_size=len(states))
        return tagging + telling + self.fooling * fooling

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Gives AdamW the groups of a tagger, and the discriminator with its own learning rate."""
        own = {id(parameter) for parameter in self.discriminator.parameters()}
        groups = [
            {**group, "params": [parameter for parameter in group["params"] if id(parameter) not in own]}
            for group in super().parameter_groups()
        ]
        return [*groups, {"params": list(self.discriminator.parameters()), "lr": self.discriminator_lr}]

    def configure_callbacks(self) -> Sequence[Callback]:
        """Names what writes the weights of words."""
        return [WordWeightWriter(self)]

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Gives ``scores``, the probability that each word is of a source language (N)."""
        assert self.network is not None
        return {"scores": self.discriminator(self.network.states(batch)).squeeze(-1).float().sigmoid()}

    def word_weights(self, scores: Floats, corpus: Corpus) -> Floats:
        """Gives the weights of all words (W) from their scores (W)."""
        return language_independent(scores, corpus.offsets, self.keep)


def telling_loss(logits: Tensor, is_source: Tensor) -> Tensor:
    """Binary cross-entropy of words (N) in which source and target words count alike."""
    per_word = F.binary_cross_entropy_with_logits(logits.float(), is_source.float(), reduction="none")
    sides = [per_word[side].mean() for side in (is_source, ~is_source) if side.any()]
    return torch.stack(sides).mean()
