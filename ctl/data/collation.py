"""Sentences to batches: windows, their rows, and for every word exactly one place to be read at."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ctl.arrays import Ints
from ctl.backbones.packing import Subwords
from ctl.data.encoding import Example, WordEncoder

Parts = TypeVar("Parts", "WordBatch", Subwords)
WIDTH = 32  # subwords in a packed row, at least; narrow rows waste less, wide ones are fewer
FULL = 0.9  # the share of real subwords from which a row for each window is better than packed rows


@dataclass
class WordBatch:
    """Sentences as windows of subwords (V windows, P subwords), and their words end to end (N over S sentences).

    Attributes:
        subwords: of all windows, end to end, special tokens included.
        first: which of the subwords is each word's first (N).
        last: which of the subwords is each word's last, in the same window as the first (N).
        words: each word's address in its corpus (N).
        tags: BIO2 tag ids, ``NO_TAG`` in raw text (N).
        lengths: words per sentence (S).
        sentences: each sentence's place in the dataset (S).
        languages: each sentence's source language, -1 for the target (S).
        owners: the sentence, 0..S-1, that each window is cut from (V).
        soft: teacher probabilities (N, C), or ``None``.
        weight: how much each word's soft label counts (N), or ``None`` where all count alike.
        unanimous: whether all teachers agree on a word (N), where that was marked.
        factor: of the loss, the mean over the words; not one where a step of the optimiser adds up several batches.
    """

    subwords: Subwords
    first: Tensor
    last: Tensor
    words: Tensor
    tags: Tensor
    lengths: Tensor
    sentences: Tensor
    languages: Tensor
    owners: Tensor
    soft: Tensor | None = None
    weight: Tensor | None = None
    unanimous: Tensor | None = None
    factor: float = 1.0

    def to(self, device: torch.device | str, **kwargs: Any) -> WordBatch:  # noqa: ANN401
        """Returns the same batch on another device; Lightning calls it."""
        return mapped(self, lambda tensor: tensor.to(device, **kwargs))

    def pin_memory(self) -> WordBatch:
        """Returns the same batch in page-locked memory; the data loader calls it."""
        return mapped(self, Tensor.pin_memory)


def mapped(parts: Parts, move: Callable[[Tensor], Tensor]) -> Parts:
    """A copy whose tensors are moved."""
    values = {field.name: getattr(parts, field.name) for field in fields(parts)}
    moved: dict[str, Any] = {name: move(value) for name, value in values.items() if isinstance(value, Tensor)}
    moved |= {name: mapped(value, move) for name, value in values.items() if isinstance(value, Subwords)}
    return replace(parts, **moved)


@dataclass(frozen=True)
class Window:
    """Subwords ``begin:end`` of a sentence, and the words that are read here."""

    begin: int
    end: int
    words: Ints


def windows(counts: Ints, capacity: int, starts: Ints | None = None) -> list[Window]:
    """Cuts a sentence into windows of at most ``capacity`` subwords that overlap by half.

    Windows begin and end at words. Each word is read in the window where it has most context: where the smaller of
    the distances to the window's two ends is largest, an end of the sentence being infinitely far.

    Args:
        counts: subwords of each word (W), none above ``capacity``.
        capacity: subwords that fit into a window.
        starts: each word's first subword (W); by default each begins after the one before.
    """
    starts = np.cumsum(counts) - counts if starts is None else starts
    ends = starts + counts
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
    """Makes a `WordBatch` of examples: windows, the rows that they are packed into, and where every word is."""

    def __init__(self, encoder: WordEncoder) -> None:
        self.encoder = encoder
        self.margin = len(encoder.prefix) + len(encoder.suffix)

    def sizes(self, lengths: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Computes how many subwords sentences of these lengths have in a batch, as one window or more: at most (S)."""
        capacity = self.encoder.capacity
        more = -(-np.maximum(lengths - capacity, 0) // max(1, capacity // 2))  # windows overlap by half
        return np.where(more > 0, (more + 1) * (capacity + self.margin), lengths + self.margin).astype(np.int32)

    def __call__(self, examples: Sequence[Example]) -> WordBatch:
        """Batches sentences; all windows of a sentence are in the same batch, its words in order."""
        counts = np.concatenate([example.counts for example in examples])
        words = np.array([len(example.counts) for example in examples])
        cut = self._cut(examples)
        before = np.cumsum([0, *(len(example.ids) for example in examples[:-1])])
        first = self._first(np.concatenate([example.first for example in examples]) + np.repeat(before, words), cut)
        addresses = np.repeat([example.first_word for example in examples], words) + count_up(words)
        return WordBatch(
            subwords=self._subwords(np.concatenate([example.ids for example in examples]), cut),
            first=torch.from_numpy(first),
            last=torch.from_numpy(first + counts - 1),
            words=torch.from_numpy(addresses),
            tags=torch.from_numpy(np.concatenate([example.tags for example in examples])),
            lengths=torch.from_numpy(words),
            sentences=torch.tensor([example.index for example in examples]),
            languages=torch.tensor([example.language for example in examples]),
            owners=torch.from_numpy(cut.sentences),
            soft=_end_to_end([example.soft for example in examples]),
            weight=_end_to_end([example.weight for example in examples]),
            unanimous=_end_to_end([example.unanimous for example in examples]),
        )

    def _cut(self, examples: Sequence[Example]) -> _Cut:
        """One window a sentence, or several of a long one."""
        lengths = np.array([len(example.ids) for example in examples])
        starts = np.cumsum(lengths) - lengths
        if lengths.max() <= self.encoder.capacity:
            return _Cut(np.arange(len(lengths)), starts, lengths, None)
        parts = [windows(example.counts, self.encoder.capacity, example.starts) for example in examples]
        before = itertools.accumulate((len(example.counts) for example in examples), initial=0)
        flat = [
            (number, starts[number] + window.begin, window.end - window.begin, first + window.words)
            for number, (sentence, first) in enumerate(zip(parts, before, strict=False))
            for window in sentence
        ]
        sentences, begins, lengths_of_windows, read = zip(*flat, strict=True)
        reader = np.empty(sum(map(len, read)), dtype=np.int64)
        reader[np.concatenate(read)] = np.repeat(np.arange(len(flat)), [len(words) for words in read])
        return _Cut(np.array(sentences), np.array(begins), np.array(lengths_of_windows), reader)

    def _subwords(self, text: npt.NDArray[np.int32], cut: _Cut) -> Subwords:
        """Windows with their special tokens, and their rows."""
        prefix, suffix = self.encoder.prefix, self.encoder.suffix
        sizes = cut.lengths + self.margin
        starts = np.cumsum(sizes) - sizes
        ids = np.empty(sizes.sum(), dtype=np.int64)
        inside = count_up(cut.lengths)
        ids[np.repeat(starts + len(prefix), cut.lengths) + inside] = text[np.repeat(cut.begins, cut.lengths) + inside]
        for place, token in enumerate(prefix):
            ids[starts + place] = token
        for place, token in enumerate(reversed(suffix), start=1):
            ids[starts + sizes - place] = token
        return lay_in_rows(ids, sizes)

    def _first(self, starts: Ints, cut: _Cut) -> Ints:
        """Numbers each word's first subword among those of the batch (N), from its place in the text (N)."""
        reader = cut.reader
        if reader is None:
            reader = np.searchsorted(cut.begins, starts, side="right") - 1
        sizes = cut.lengths + self.margin
        before = np.cumsum(sizes) - sizes + len(self.encoder.prefix)
        return np.asarray(before[reader] + starts - cut.begins[reader])


@dataclass(frozen=True)
class _Cut:
    """Windows of the subwords of a batch's sentences, which are laid end to end.

    Attributes:
        sentences: the sentence that each window is cut from (V).
        begins: its first subword (V).
        lengths: how many it has, without special tokens (V).
        reader: the window in which each word is read (N); ``None`` where every sentence is one window.
    """

    sentences: Ints
    begins: Ints
    lengths: Ints
    reader: Ints | None


def lay_in_rows(ids: Ints, sizes: Ints) -> Subwords:
    """Gives windows, which are laid end to end, their rows.

    Args:
        ids: of all subwords (P).
        sizes: subwords of each window (V).
    """
    slots, grid = rows(sizes)
    positions = count_up(sizes)
    return Subwords(
        ids=torch.from_numpy(ids),
        positions=torch.from_numpy(positions),
        windows=torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)),
        sizes=torch.from_numpy(sizes),
        slots=torch.from_numpy(np.repeat(slots, sizes) + positions),
        grid=grid,
    )


def rows(sizes: Ints) -> tuple[Ints, tuple[int, int]]:
    """Puts windows into rows: one each where little is padding, otherwise packed, first fit, longest first.

    Args:
        sizes: subwords of each window (V).

    Returns:
        The place of each window's first subword in the flattened rows (V), and how many rows there are, how wide.
    """
    longest = int(sizes.max())
    if sizes.sum() >= FULL * len(sizes) * longest:
        return np.arange(len(sizes)) * longest, (len(sizes), longest)
    width = max(longest, WIDTH)
    row, column, filled = np.empty_like(sizes), np.empty_like(sizes), np.zeros(len(sizes), dtype=np.int64)
    for window in np.argsort(-sizes, kind="stable"):
        row[window] = chosen = int((filled + sizes[window] <= width).argmax())  # the first in which it fits
        column[window] = filled[chosen]
        filled[chosen] += sizes[window]
    width = int(filled.max())
    return row * width + column, (int(row.max()) + 1, width)


def count_up(sizes: Ints) -> Ints:
    """Counts 0, 1, ... anew for each size: ``[2, 3]`` gives ``[0, 1, 0, 1, 2]``."""
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _end_to_end(parts: Sequence[npt.NDArray[Any] | None]) -> Tensor | None:
    present = [part for part in parts if part is not None]
    return torch.from_numpy(np.concatenate(present)) if present else None
