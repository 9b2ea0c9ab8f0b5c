"""Words and sentences as vectors, made of a backbone's states, and the logits of a word's tags."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ctl.backbones.adapters import activate
from ctl.backbones.attention import is_decoder
from ctl.backbones.packing import hidden_states, padded
from ctl.data.collation import WordBatch
from ctl.system.numbers import OpenShare

Pooling = Literal["first", "last", "mean"]
SentenceFeature = Literal["mean", "cls", "pooler"]
GAP = 5.0  # nats by which a word that goes on is less likely to begin an entity than to be inside one


class WordClassifier(nn.Module):
    """A backbone and a linear layer that gives each word the logits of its tags.

    Args:
        encoder: a backbone of `transformers`.
        classes: number of tags C.
        pooling: what stands for a word: its first subword, its last, or the mean of all; by default the first of an
            encoder and the last of a decoder, which has read the whole word only there.
        dropout: of the word's state before the linear layer.
        adapter: name of the adapter that the backbone answers with, where it has any.
    """

    def __init__(
        self,
        encoder: nn.Module,
        classes: int,
        pooling: Pooling | None = None,
        dropout: OpenShare = 0.1,
        adapter: str | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling: Pooling = pooling or ("last" if is_decoder(encoder.config) else "first")
        self.adapter = adapter
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(int(encoder.config.hidden_size), classes)  # type: ignore[union-attr, arg-type]

    def forward(self, batch: WordBatch) -> Tensor:
        """Logits of every word (N, C), in float32 under any precision."""
        return carry_on(self.classify(self.states(batch)), batch)

    def states(self, batch: WordBatch) -> Tensor:
        """States of every word (N, D), some of their units dropped out in training."""
        if self.adapter is not None:
            activate(self.encoder, self.adapter)
        return self.dropout(pool_words(hidden_states(self.encoder, batch.subwords), batch, self.pooling))  # type: ignore[no-any-return]

    def classify(self, states: Tensor) -> Tensor:
        """Logits (N, C) from states (N, D), in float32 under any precision."""
        with torch.autocast(states.device.type, enabled=False):
            return self.head(states.float())  # type: ignore[no-any-return]


def pool_words(hidden: Tensor, batch: WordBatch, pooling: Pooling) -> Tensor:
    """One vector a word (N, D) from the states of all subwords (P, D)."""
    match pooling:
        case "first":
            return hidden[batch.first]
        case "last":
            return hidden[batch.last]
        case "mean":
            counts = batch.last - batch.first + 1
            starts = counts.cumsum(0) - counts
            subwords = torch.arange(int(counts.sum()), device=hidden.device)
            subwords += (batch.first - starts).repeat_interleave(counts)
            return F.embedding_bag(subwords, hidden, starts, mode="mean")


def carry_on(logits: Tensor, batch: WordBatch) -> Tensor:
    """Lets an entity go on in the words that share their first subword with the word before.

    Words of one subword have one state, and so one distribution, which can't tell the word that begins an entity from
    those inside it. So where the first word says that an entity of a type begins or goes on, the others say that it
    goes on: their odds of ``I-`` are those of ``B-`` and ``I-`` together. Other words keep their logits.

    Args:
        logits: of the tags of all words, in the order of `TagSchema` (N, C).
        batch: these words.

    Returns:
        The logits (N, C).
    """
    shares = torch.zeros(len(logits), 1, dtype=torch.bool, device=logits.device)
    shares[1:, 0] = batch.first[1:] <= batch.last[:-1]
    inside = torch.logaddexp(logits[:, 1::2], logits[:, 2::2])  # (N, types)
    pairs = torch.stack([inside - GAP, inside], dim=-1).flatten(1)
    return torch.where(shares, torch.cat([logits[:, :1], pairs], dim=1), logits)


def sentence_features(encoder: nn.Module, batch: WordBatch, feature: SentenceFeature) -> Tensor:
    """One vector a sentence (S, D); a sentence of several windows is the mean over all of them.

    Args:
        encoder: a backbone.
        batch: sentences.
        feature: ``mean`` over subwords, special tokens included; ``cls``, the state of the first; ``pooler``, what the
            encoder's pooler makes of it.
    """
    match feature:
        case "mean":
            return _mean(hidden_states(encoder, batch.subwords), batch.owners[batch.subwords.windows], batch)
        case "cls":
            return _mean(hidden_states(encoder, batch.subwords)[batch.subwords.first()], batch.owners, batch)
        case "pooler":
            layout = padded(encoder, batch.subwords, blocks=1)  # in the order of the windows
            pooled = torch.cat([encoder(**inputs).pooler_output for inputs in layout.passes])
            return _mean(pooled, batch.owners, batch)


def _mean(vectors: Tensor, sentences: Tensor, batch: WordBatch) -> Tensor:
    """The mean (S, D) of the vectors (M, D) of each sentence (M)."""
    sums = vectors.new_zeros(len(batch.lengths), vectors.shape[-1]).index_add_(0, sentences, vectors)
    return sums / torch.bincount(sentences, minlength=len(batch.lengths))[:, None]
