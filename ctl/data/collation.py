"""Sentences to batches: windows, padding, and for every word exactly one place to be read at."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ctl.arrays import Ints
from ctl.data.encoding import Example, WordEncoder


@dataclass
class WordBatch:
    """Sentences as windows of subwords (R rows of T), and their words end to end (N over S sentences).

    Attributes:
        input_ids: (R, T).
        attention_mask: (R, T), 0 at padding.
        first: position of each word's first subword in the flattened (R * T) grid (N).
        last: position of each word's last subword, in the same row as the first (N).
        words: each word's address in its corpus (N).
        tags: BIO2 tag ids, ``NO_TAG`` in raw text (N).
        lengths: words per sentence (S).
        sentences: each sentence's place in the dataset (S).
        languages: each sentence's source language, -1 for the target (S).
        rows: the sentence, 0..S-1, that each row is a window of (R).
        soft: teacher probabilities (N, C), or ``None``.
        weight: how much each word's soft label counts (N), or ``None`` where all count alike.
        unanimous: whether all teachers agree on a word (N), where that was marked.
        factor: of the loss, the mean over the words; not one where a step of the optimiser adds up several batches.
    """

    input_ids: Tensor
    attention_mask: Tensor
    first: Tensor
    last: Tensor
    words: Tensor
    tags: Tensor
    lengths: Tensor
    sentences: Tensor
    languages: Tensor
    rows: Tensor
    soft: Tensor | None = None
    weight: Tensor | None = None
    unanimous: Tensor | None = None
    factor: float = 1.0

    def _map(self, move: Callable[[Tensor], Tensor]) -> WordBatch:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        moved: dict[str, Any] = {name: move(value) for name, value in values.items() if isinstance(value, Tensor)}
        return replace(self, **moved)

    def to(self, device: torch.device | str, **kwargs: Any) -> WordBatch:  # noqa: ANN401
        """Returns the batch on another device; Lightning calls it."""
        return self._map(lambda tensor: tensor.to(device, **kwargs))

    def pin_memory(self) -> WordBatch:
        """Returns the batch in page-locked memory; the data loader calls it."""
        return self._map(Tensor.pin_memory)


@dataclass(frozen=True)
class Window:
    """Subwords ``begin:end`` of a sentence, and the words that are read here."""

    begin: int
    end: int
    words: Ints


def windows(counts: Ints, capacity: int) -> list[Window]:
    """Cuts a sentence into windows of at most ``capacity`` subwords that overlap by half.

    Windows begin and end at words. Each word is read in the window where it has most context: where the smaller of
    the distances to the window's two ends is largest, an end of the sentence being infinitely far.

    Args:
        counts: subwords of each word (W), none above ``capacity``.
        capacity: subwords that fit into a window.
    """
    ends = np.cumsum(counts)
    starts = ends - counts
    total = int(ends[-1])
    if total <= capacity:
        return [Window(0, total, np.arange(len(counts)))]
    spans: list[tuple[int, int]] = []  # words first:last of each window
    first = last = 0
    while last < len(counts):
        last = int(np.searchsorted(ends, starts[first] + capacity, side="right"))
        spans.append((first, last))
        first = max(first + 1, int(np.searchsorted(starts, starts[first] + capacity // 2)))
        first = min(first, last)
    best, owner = np.full(len(counts), -1), np.zeros(len(counts), dtype=np.int64)
    for number, (first, last) in enumerate(spans):
        left = starts[first:last] - starts[first] if first else np.full(last - first, total)
        right = ends[last - 1] - ends[first:last] if last < len(counts) else np.full(last - first, total)
        context = np.minimum(left, right)
        better = context > best[first:last]
        best[first:last][better] = context[better]
        owner[first:last][better] = number
    return [
        Window(int(starts[first]), int(ends[last - 1]), words)
        for number, (first, last) in enumerate(spans)
        if len(words := first + np.flatnonzero(owner[first:last] == number))
    ]


class Collator:
    """Makes a `WordBatch` of examples: windows, padding, and the position of every word in the grid."""

    def __init__(self, encoder: WordEncoder) -> None:
        self.encoder = encoder
        self.margin = len(encoder.prefix) + len(encoder.suffix)

    def sizes(self, lengths: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Bounds the room of sentences of so many subwords in a batch's grid, as one row or as windows (S)."""
        capacity = self.encoder.capacity
        more = -(-np.maximum(lengths - capacity, 0) // max(1, capacity // 2))  # windows overlap by half
        return np.where(more > 0, (more + 1) * (capacity + self.margin), lengths + self.margin).astype(np.int32)

    def __call__(self, examples: Sequence[Example]) -> WordBatch:
        """Batches sentences; all windows of a sentence are in the same batch, its words in order."""
        counts = np.concatenate([example.counts for example in examples])
        words = np.array([len(example.counts) for example in examples])
        rows = self._rows(examples)
        ids, mask = self._grid(np.concatenate([example.ids for example in examples]), rows)
        positions = self._positions(counts, rows, ids.shape[1])
        addresses = np.repeat([example.first_word for example in examples], words) + _places(words)
        return WordBatch(
            input_ids=torch.from_numpy(ids),
            attention_mask=torch.from_numpy(mask),
            first=torch.from_numpy(positions),
            last=torch.from_numpy(positions + counts - 1),
            words=torch.from_numpy(addresses),
            tags=torch.from_numpy(np.concatenate([example.tags for example in examples])),
            lengths=torch.from_numpy(words),
            sentences=torch.tensor([example.index for example in examples]),
            languages=torch.tensor([example.language for example in examples]),
            rows=torch.from_numpy(rows.sentences),
            soft=_end_to_end([example.soft for example in examples]),
            weight=_end_to_end([example.weight for example in examples]),
            unanimous=_end_to_end([example.unanimous for example in examples]),
        )

    def _rows(self, examples: Sequence[Example]) -> _Rows:
        """One row a sentence, or one a window."""
        lengths = np.array([len(example.ids) for example in examples])
        starts = np.cumsum(lengths) - lengths
        if lengths.max() <= self.encoder.capacity:
            return _Rows(np.arange(len(lengths)), starts, lengths, None)
        cut = [windows(example.counts, self.encoder.capacity) for example in examples]
        before = itertools.accumulate((len(example.counts) for example in examples), initial=0)
        flat = [
            (number, starts[number] + window.begin, window.end - window.begin, first + window.words)
            for number, (sentence, first) in enumerate(zip(cut, before, strict=False))
            for window in sentence
        ]
        sentences, begins, sizes, read = zip(*flat, strict=True)
        owner = np.empty(sum(map(len, read)), dtype=np.int64)
        owner[np.concatenate(read)] = np.repeat(np.arange(len(flat)), [len(words) for words in read])
        return _Rows(np.array(sentences), np.array(begins), np.array(sizes), owner)

    def _grid(self, subwords: npt.NDArray[np.int32], rows: _Rows) -> tuple[Ints, Ints]:
        """Input ids and attention mask (R, T)."""
        prefix, suffix = self.encoder.prefix, self.encoder.suffix
        width = int(rows.sizes.max()) + self.margin
        ids = np.full((len(rows.sizes), width), self.encoder.pad_id, dtype=np.int64)
        within = _places(rows.sizes)
        row = np.repeat(np.arange(len(rows.sizes)), rows.sizes)
        ids[:, : len(prefix)] = prefix
        ids[row, len(prefix) + within] = subwords[np.repeat(rows.begins, rows.sizes) + within]
        for place, token in enumerate(suffix):
            ids[np.arange(len(ids)), len(prefix) + rows.sizes + place] = token
        return ids, (np.arange(width) < (rows.sizes + self.margin)[:, None]).astype(np.int64)

    def _positions(self, counts: Ints, rows: _Rows, width: int) -> Ints:
        """Finds the place of each word's first subword in the flattened grid (N)."""
        starts = np.cumsum(counts) - counts
        owner = rows.owner
        if owner is None:
            owner = np.searchsorted(rows.begins, starts, side="right") - 1
        return np.asarray(owner * width + len(self.encoder.prefix) + starts - rows.begins[owner])


@dataclass(frozen=True)
class _Rows:
    """Rows of a batch: windows of its sentences' subwords, laid end to end.

    Attributes:
        sentences: whose window each row is (R).
        begins: its first subword (R).
        sizes: how many it has (R).
        owner: the row in which each word is read (N); ``None`` where every sentence is one row.
    """

    sentences: Ints
    begins: Ints
    sizes: Ints
    owner: Ints | None


def _places(sizes: Ints) -> Ints:
    """0, 1, ... anew for each size: ``[2, 3]`` gives ``[0, 1, 0, 1, 2]``."""
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _end_to_end(parts: Sequence[npt.NDArray[Any] | None]) -> Tensor | None:
    present = [part for part in parts if part is not None]
    return torch.from_numpy(np.concatenate(present)) if present else None
