"""Exact-span precision, recall and F1, and the temperature that calibrates a model."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric

from ctl.data.tags import TagSchema, span_ends


def spans(predicted: Tensor, actual: Tensor, lengths: Tensor, strict: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """Marks the words at which entities begin (N, true or false): predicted and right, predicted, of the gold tags."""
    guessed, gold = (span_ends(tags, lengths, strict) for tags in (predicted, actual))
    same_type = TagSchema.type_of(predicted) == TagSchema.type_of(actual)
    return (guessed >= 0) & (guessed == gold) & same_type, guessed >= 0, gold >= 0


def span_counts(predicted: Tensor, actual: Tensor, lengths: Tensor) -> Tensor:
    """Entities of each sentence (S, 3): found and right, found, of the gold tags. Their sums give precision and recall.

    Args:
        predicted: tag ids (N).
        actual: gold tag ids (N).
        lengths: words per sentence (S), summing to N.
    """
    sentence = torch.repeat_interleave(torch.arange(len(lengths), device=lengths.device), lengths)
    found = spans(predicted, actual, lengths)
    return torch.stack([torch.bincount(sentence[begins], minlength=len(lengths)) for begins in found], dim=-1)


class SpanF1(Metric):
    """Micro and per-type precision, recall and F1 of entities, in percent.

    An entity counts when its type and both ends match. Predictions that are no legal BIO2 are read as conlleval and
    seqeval's default mode read them; with ``strict`` as seqeval's ``mode="strict", scheme=IOB2`` does. Only counts
    are synchronised between processes, unless ``sync_on_compute`` is false.
    """

    full_state_update = False
    true_positives: Tensor
    predicted: Tensor
    actual: Tensor

    def __init__(self, types: Sequence[str], strict: bool = False, sync_on_compute: bool = True) -> None:
        super().__init__(sync_on_compute=sync_on_compute)
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
        states = (self.true_positives, self.predicted, self.actual)
        kinds = [TagSchema.type_of(tags) for tags in (actual, predicted, actual)]
        for state, kind, begins in zip(states, kinds, spans(predicted, actual, lengths, self.strict), strict=True):
            state += torch.bincount(kind[begins], minlength=len(self.types))

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


class Calibration(Metric):
    """The expected calibration error over bins of equal width: do probabilities equal frequencies?

    Naeini et al., AAAI 2015; Guo et al., ICML 2017 (arXiv 1706.04599), equation 3. Every word counts, by the
    probability of its most probable tag. Only sums of bins are kept, so processes add up.
    """

    full_state_update = False
    count: Tensor
    confidence: Tensor
    correct: Tensor
    BINS = 15

    def __init__(self) -> None:
        super().__init__()
        for name in ("count", "confidence", "correct"):
            self.add_state(name, torch.zeros(self.BINS, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, probs: Tensor, tags: Tensor) -> None:
        """Adds the words of a batch: distributions (N, C) and gold tag ids (N)."""
        top, predicted = probs.double().max(-1)
        bins = (top * self.BINS).long().clamp(max=self.BINS - 1)
        ones = torch.ones_like(top)
        for state, values in ((self.count, ones), (self.confidence, top), (self.correct, (predicted == tags).double())):
            state.index_add_(0, bins, values)

    def compute(self) -> dict[str, Tensor]:
        """``ece`` (), 0..100, and of each bin its ``count``, mean ``confidence`` and ``accuracy``, 0..1; 0 if empty."""
        filled = self.count.clamp(min=1)
        gap = (self.confidence - self.correct).abs().sum() / self.count.sum().clamp(min=1)
        return {
            "ece": 100 * gap,
            "count": self.count,
            "confidence": self.confidence / filled,
            "accuracy": self.correct / filled,
        }


class CalibrationTemperature(Metric):
    """The temperature T for which softmax(logits / T) gives the gold tags the highest likelihood.

    Guo et al., ICML 2017 (arXiv 1706.04599). The likelihood is summed up for a row of temperatures between 1/8 and 8,
    so memory does not grow with the data and processes add up; a parabola finds the lowest point between them.
    """

    full_state_update = False
    nats: Tensor
    STEPS = 49

    def __init__(self) -> None:
        super().__init__()
        self.add_state("nats", torch.zeros(self.STEPS, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, logits: Tensor, tags: Tensor) -> None:
        """Adds the words of a batch: logits (N, C) and gold tag ids (N)."""
        for index, log_temperature in enumerate(self._grid):
            scaled = logits.float() / float(log_temperature.exp())
            self.nats[index] += torch.nn.functional.cross_entropy(scaled, tags, reduction="sum")

    def compute(self) -> Tensor:
        """The temperature (); 1 where nothing was seen."""
        best = int(self.nats.argmin())
        if not self.nats.any() or best in (0, self.STEPS - 1):
            return self._grid[best].exp() if self.nats.any() else torch.ones(())
        left, middle, right = self.nats[best - 1 : best + 2]
        shift = 0.5 * (left - right) / (left - 2 * middle + right).clamp(min=1e-12)
        temperature: Tensor = (self._grid[best] + shift * (self._grid[1] - self._grid[0])).exp().float()
        return temperature

    @property
    def _grid(self) -> Tensor:
        return torch.linspace(-math.log(8), math.log(8), self.STEPS, dtype=torch.float64, device=self.nats.device)
