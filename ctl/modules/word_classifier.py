"""Words and sentences as vectors, made of a backbone's states, and the logits of a word's tags."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ctl.backbones.adapters import activate
from ctl.data.collation import WordBatch

Pooling = Literal["first", "last", "mean"]
SentenceFeature = Literal["mean", "cls", "pooler"]
TOKENS_AT_ONCE = 65_536  # subwords in one forward pass; only a sentence of book length has more


class WordClassifier(nn.Module):
    """A backbone and a linear layer that gives each word the logits of its tags.

    Args:
        encoder: a backbone that maps (R, T) subword ids to hidden states (R, T, D).
        classes: number of tags C.
        pooling: what stands for a word: its first subword, its last, or the mean of all.
        dropout: of the word's state before the linear layer.
        adapter: name of the adapter that the backbone answers with, where it has any.
    """

    def __init__(
        self,
        encoder: nn.Module,
        classes: int,
        pooling: Pooling = "first",
        dropout: float = 0.1,
        adapter: str | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling
        self.adapter = adapter
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(int(encoder.config.hidden_size), classes)  # type: ignore[union-attr, arg-type]

    def forward(self, batch: WordBatch) -> Tensor:
        """Logits of every word (N, C), in float32 under any precision."""
        return self.classify(self.states(batch))

    def states(self, batch: WordBatch) -> Tensor:
        """States of every word (N, D), some of their units dropped out in training."""
        if self.adapter is not None:
            activate(self.encoder, self.adapter)
        return self.dropout(pool_words(encode(self.encoder, batch), batch, self.pooling))  # type: ignore[no-any-return]

    def classify(self, states: Tensor) -> Tensor:
        """Logits (N, C) from states (N, D), in float32 under any precision."""
        with torch.autocast(states.device.type, enabled=False):
            return self.head(states.float())  # type: ignore[no-any-return]


def encode(encoder: nn.Module, batch: WordBatch, layers: int = 1) -> Tensor:
    """Hidden states (R, T, D): the last, or the mean of the last few layers'."""
    rows = max(1, TOKENS_AT_ONCE // batch.input_ids.shape[1])
    chunks = zip(torch.split(batch.input_ids, rows), torch.split(batch.attention_mask, rows), strict=True)
    if layers == 1:
        return torch.cat([encoder(input_ids=ids, attention_mask=mask).last_hidden_state for ids, mask in chunks])
    outputs = (encoder(input_ids=ids, attention_mask=mask, output_hidden_states=True) for ids, mask in chunks)
    return torch.cat([torch.stack(output.hidden_states[-layers:]).mean(0) for output in outputs])


def pool_words(hidden: Tensor, batch: WordBatch, pooling: Pooling) -> Tensor:
    """One vector a word (N, D) from hidden states (R, T, D)."""
    flat = hidden.flatten(0, 1)  # (R * T, D)
    match pooling:
        case "first":
            return flat[batch.first]
        case "last":
            return flat[batch.last]
        case "mean":
            counts = batch.last - batch.first + 1
            starts = counts.cumsum(0) - counts
            subwords = torch.arange(int(counts.sum()), device=flat.device)
            subwords += (batch.first - starts).repeat_interleave(counts)
            return F.embedding_bag(subwords, flat, starts, mode="mean")


def sentence_features(encoder: nn.Module, batch: WordBatch, feature: SentenceFeature) -> Tensor:
    """One vector a sentence (S, D); a sentence of several windows is the mean over all of them.

    Args:
        encoder: a backbone.
        batch: sentences.
        feature: ``mean`` over subwords, special tokens included and padding left out; ``cls``, the state of the first;
            ``pooler``, what the encoder's pooler makes of it.
    """
    if feature == "pooler":
        rows = encoder(input_ids=batch.input_ids, attention_mask=batch.attention_mask).pooler_output  # (R, D)
        count = torch.ones_like(rows[:, :1])
    else:
        hidden = encode(encoder, batch)
        mask = batch.attention_mask.unsqueeze(-1).to(hidden.dtype)  # (R, T, 1)
        if feature == "cls":
            mask = mask * (torch.arange(mask.shape[1], device=mask.device) == 0)[:, None]
        rows, count = (hidden * mask).sum(1), mask.sum(1)
    sentences = rows.new_zeros(len(batch.lengths), rows.shape[-1]).index_add_(0, batch.rows, rows)
    counts = count.new_zeros(len(batch.lengths), 1).index_add_(0, batch.rows, count)
    return torch.div(sentences, counts)
