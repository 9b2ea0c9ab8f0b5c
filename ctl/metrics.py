"""Exact-span precision, recall and F1."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric


def span_ends(tags: Tensor, lengths: Tensor, strict: bool = False) -> Tensor:
    """Finds the entities of BIO2 tag ids.

    Args:
        tags: tag ids of the words of several sentences, end to end (N). See `TagSchema` for the ids.
        lengths: number of words of each sentence (S); they sum to N.
        strict: only ``B-`` begins an entity. Otherwise conlleval's rule: so does an ``I-`` after O or another type.

    Returns:
        For each word the end (exclusive) of the entity that begins there, -1 where none does (N).
    """
    kind = torch.div(tags - 1, 2, rounding_mode="floor")  # -1 for O
    previous = kind.roll(1)
    previous[(lengths.cumsum(0) - lengths)[lengths > 0]] = -1  # a sentence's first word has none before it
    begins = (kind >= 0) & ((tags % 2 == 1) | (kind != previous))
    stops = torch.cat([((kind < 0) | begins).nonzero().flatten(), tags.new_tensor([len(tags)])])
    ends = stops[torch.searchsorted(stops, torch.arange(len(tags), device=tags.device), right=True)]
    return torch.where(begins & (tags % 2 == 1) if strict else begins, ends, -1)


class SpanF1(Metric):
    """Micro and per-type precision, recall and F1 of entities, in percent.

    An entity counts when its type and both ends match. Predictions that are no legal BIO2 are read as conlleval and
    seqeval's default mode read them; with ``strict`` as seqeval's ``mode="strict", scheme=IOB2`` does. Only counts
    are synchronised between processes.
    """

    full_state_update = False
    true_positives: Tensor
    predicted: Tensor
    actual: Tensor

    def __init__(self, types: Sequence[str], strict: bool = False) -> None:
        super().__init__()
        self.types = tuple(types)
        self.strict = strict
        for name in ("true_positives", "predicted", "actual"):
            self.add_state(name, torch.zeros(len(self.types), dtype=torch.long), dist_reduce_fx="sum")

    def update(self, predicted: Tensor, actual: Tensor, lengths: Tensor) -> None:
        """Counts the entities of a batch.

        Args:
            predicted: tag ids (N).
            actual: gold tag ids (N).
            lengths: words per sentence (S), summing to N.
        """
        if actual.numel() and int(actual.min()) < 0:
            raise ValueError("SpanF1 needs a gold tag for every word: this corpus is raw text")
        guessed, gold = (span_ends(tags, lengths, self.strict) for tags in (predicted, actual))
        guessed_kind, gold_kind = (torch.div(tags - 1, 2, rounding_mode="floor") for tags in (predicted, actual))
        hit = (guessed >= 0) & (guessed == gold) & (guessed_kind == gold_kind)
        for state, kinds in (
            (self.true_positives, gold_kind[hit]),
            (self.predicted, guessed_kind[guessed >= 0]),
            (self.actual, gold_kind[gold >= 0]),
        ):
            state += torch.bincount(kinds, minlength=len(self.types))

    def compute(self) -> dict[str, Tensor]:
        """Returns ``precision recall f1`` (micro) and ``<TYPE>/precision`` and so on, 0..100; 0 where undefined."""
        scores = _scores(self.true_positives.sum(), self.predicted.sum(), self.actual.sum())
        for index, name in enumerate(self.types):
            one = _scores(self.true_positives[index], self.predicted[index], self.actual[index])
            scores |= {f"{name}/{key}": value for key, value in one.items()}
        return scores


def _scores(hits: Tensor, predicted: Tensor, actual: Tensor) -> dict[str, Tensor]:
    precision = 100 * hits / predicted.clamp(min=1)
    recall = 100 * hits / actual.clamp(min=1)
    return {"precision": precision, "recall": recall, "f1": 200 * hits / (predicted + actual).clamp(min=1)}
