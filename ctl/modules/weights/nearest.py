"""Weights of sources by the nearest neighbours of target words, without training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from lightning.pytorch import Callback, LightningModule
from torch import Tensor

from ctl.arrays import Floats
from ctl.backbones.loading import load_encoder
from ctl.backbones.packing import states_of_layer
from ctl.callbacks.writers import WeightWriter
from ctl.data.collation import WordBatch
from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.methods import VOTED
from ctl.networks.word_classifier import pool_words
from ctl.system.numbers import PositiveInt, PositiveShare


class NearestLanguages(LightningModule):
    """Lets target words vote for the languages of their nearest neighbours among source words (NN-Rank).

    After "Model-Based Ranking of Source Languages for Zero-Shot Cross-Lingual Transfer", arXiv 2510.03202. A word is
    the mean over its subwords of the states of one layer of the frozen backbone; neighbours are nearest by cosine,
    among as many words of every source. There the tokens of a text vote, by inner product; here its words do, and a
    sentence's weights are the shares of its words' votes. It is not trained; ``predict`` writes the weights.

    Args:
        backbone: Hub name or folder of the encoder.
        sources: the languages to choose from.
        neighbours: how many of them each word asks.
        words: how many words of each source they are chosen from, drawn from its train split.
        depth: the layer whose states are compared, as a share of all; 2/3 is layer 8 of 12, as in the paper.
    """

    needs_training = False

    def __init__(
        self,
        backbone: str,
        sources: list[str],
        neighbours: PositiveInt = 5,
        words: PositiveInt = 5000,
        depth: PositiveShare = 0.667,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.backbone = backbone
        self.sources = sources
        self.neighbours = neighbours
        self.words = words
        self.depth = depth
        self.weightings: tuple[str, ...] = VOTED
        self.encoder: Any = None
        self._banks: list[Tensor] = []

    def configure_model(self) -> None:
        """Loads the encoder, once.

        Raises:
            CTLError: there is only one language to choose.
        """
        if self.encoder is not None:
            return
        if len(self.sources) < 2:
            raise CTLError(f"choosing among languages needs two or more sources, not {self.sources}")
        self.encoder = load_encoder(self.backbone).eval().requires_grad_(False)

    @property
    def layer(self) -> int:
        """The layer whose states are compared, from 1 up."""
        return max(1, round(self.depth * int(self.encoder.config.num_hidden_layers)))

    @torch.no_grad()
    def features(self, batch: WordBatch) -> Tensor:
        """Gives what stands for each word, of length one (N, D)."""
        hidden = states_of_layer(self.encoder, batch.subwords, self.layer)
        return F.normalize(pool_words(hidden, batch, "mean").float(), dim=-1)

    def on_predict_start(self) -> None:
        """Reads the sources' train splits, the same words of them in every process."""
        data: NERDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        self._banks = [self._bank(data, data.raw_text(source, "train")) for source in self.sources]

    def _bank(self, data: NERDataModule, corpus: Corpus) -> Tensor:
        """Gives the features of words that are drawn from a corpus (B, D)."""
        order = torch.randperm(len(corpus.words), generator=torch.Generator().manual_seed(0))
        drawn = torch.zeros(len(corpus.words), dtype=torch.bool)
        drawn[order[: self.words]] = True
        parts = [self.features(batch.to(self.device))[drawn[batch.words]] for batch in data.whole(corpus)]
        return torch.cat(parts)

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Gives ``nearest``, the votes of the words of each sentence for each source (S, K)."""
        with torch.autocast(self.device.type, enabled=False):  # cosines of few digits would be equal to many others
            votes = count_votes(self.features(batch), self._banks, self.neighbours)  # (N, K)
        sentences = torch.arange(len(batch.lengths), device=votes.device).repeat_interleave(batch.lengths)
        return {"nearest": votes.new_zeros(len(batch.lengths), votes.shape[1]).index_add_(0, sentences, votes)}

    def configure_callbacks(self) -> Sequence[Callback]:
        """Names what writes the weights of sources."""
        return [WeightWriter(self)]

    def sentence_weights(self, similarities: Mapping[str, Floats]) -> dict[str, Floats]:
        """Gives each sentence's weights (S, K): the shares of its words' votes."""
        return {name: votes / votes.sum(-1, keepdims=True) for name, votes in similarities.items()}

    def language_weights(self, similarities: Mapping[str, Floats]) -> dict[str, Floats]:
        """Gives the language's weights (K): the shares of all words' votes."""
        return {name: votes.sum(0) / votes.sum() for name, votes in similarities.items()}


def count_votes(words: Tensor, banks: Sequence[Tensor], neighbours: int) -> Tensor:
    """Counts the nearest neighbours of each word by the language that they are of.

    Args:
        words: features of length one (N, D).
        banks: of each language, features of length one of its words (B, D); compared one language at a time.
        neighbours: how many of each word's nearest, by cosine, vote.

    Returns:
        The votes of each word (N, K).
    """
    best = [(words @ bank.T).topk(min(neighbours, len(bank)), dim=-1).values for bank in banks]
    languages = torch.cat([torch.full_like(values[0], k, dtype=torch.long) for k, values in enumerate(best)])
    similar = torch.cat(best, dim=-1)  # (N, up to K * neighbours)
    nearest = similar.topk(min(neighbours, similar.shape[1]), dim=-1).indices
    return F.one_hot(languages[nearest], len(banks)).sum(1).to(words)
