"""Words to subwords: each distinct word is tokenised once, and every word keeps exactly one place to be read at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ctl.data.corpus import Corpus

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
NO_TAG = -100


@dataclass(frozen=True)
class Example:
    """One sentence, ready to be batched.

    Attributes:
        ids: subword ids of all words, without special tokens (T).
        counts: subwords of each word, at least one (W).
        first_word: address of its first word in the corpus.
        tags: BIO2 tag ids (W), ``NO_TAG`` in raw text.
        index: its place in the dataset.
        language: its place in the data module's list of source languages; -1 for the target.
        soft: teacher probabilities (W, C), or ``None``.
        weight: how much each word's soft label counts (W), or ``None`` where all count alike.
        unanimous: whether all teachers agree on a word (W), where that was marked.
    """

    ids: Ints
    counts: Ints
    first_word: int
    tags: Ints
    index: int = 0
    language: int = -1
    soft: Floats | None = None
    weight: Floats | None = None
    unanimous: npt.NDArray[np.bool_] | None = None


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

    def _map(self, move: Callable[[Tensor], Tensor]) -> WordBatch:
        tensors = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{name: move(tensor) for name, tensor in tensors.items() if tensor is not None})

    def to(self, device: torch.device | str, **kwargs: Any) -> WordBatch:  # noqa: ANN401
        """The same batch on another device; Lightning calls it."""
        return self._map(lambda tensor: tensor.to(device, **kwargs))

    def pin_memory(self) -> WordBatch:
        """The same batch in page-locked memory; the data loader calls it."""
        return self._map(Tensor.pin_memory)


class WordEncoder:
    """Turns words into subword ids with a fast tokenizer.

    A sentence's subwords are its words' subwords one after another, as for pre-tokenised input. A word that the
    tokenizer swallows (a zero-width character, say) is given the unknown token; a word longer than a whole window
    keeps the subwords that fit.

    Args:
        tokenizer: a fast tokenizer of `transformers`.
        max_length: subwords in one window, special tokens included.
    """

    def __init__(self, tokenizer: Any, max_length: int) -> None:  # noqa: ANN401  (transformers' classes are untyped)
        self.tokenizer = tokenizer
        self.prefix, self.suffix = special_tokens(tokenizer)
        self.capacity = max_length - len(self.prefix) - len(self.suffix)
        self.pad_id = int(tokenizer.pad_token_id or 0)
        self._encoded: dict[str, EncodedCorpus] = {}
        if self.capacity < 1:
            raise ValueError(f"max_length {max_length} leaves no room for words beside the special tokens")

    def subwords(self, words: Sequence[str]) -> list[list[int]]:
        """Subword ids of each word, at least one and at most a window's worth."""
        if not words:
            return []
        encoded = self.tokenizer([[word] for word in words], is_split_into_words=True, add_special_tokens=False)
        return [ids[: self.capacity] or [self._unknown_id] for ids in encoded["input_ids"]]

    @cached_property
    def _unknown_id(self) -> int:
        candidates = (self.tokenizer.unk_token_id, self.tokenizer.mask_token_id, self.tokenizer.eos_token_id, 0)
        return next(int(candidate) for candidate in candidates if candidate is not None)

    def encode(self, corpus: Corpus, keep: bool = True) -> EncodedCorpus:
        """Encodes a corpus; the tokenizer sees each distinct word once, and a corpus read before not at all.

        Args:
            corpus: the text.
            keep: remember it; text that comes and goes is better forgotten.
        """
        if not keep:
            return self._encode(corpus)
        if corpus.fingerprint not in self._encoded:
            self._encoded[corpus.fingerprint] = self._encode(corpus)
        return replace(self._encoded[corpus.fingerprint], corpus=corpus)

    def _encode(self, corpus: Corpus) -> EncodedCorpus:
        types = {word: index for index, word in enumerate(dict.fromkeys(corpus.words))}
        pieces = self.subwords(list(types))
        return EncodedCorpus(
            corpus=corpus,
            types=np.fromiter((types[word] for word in corpus.words), dtype=np.int32, count=len(corpus.words)),
            pieces=np.fromiter((piece for word in pieces for piece in word), dtype=np.int32),
            piece_offsets=np.cumsum([0, *map(len, pieces)], dtype=np.int64),
        )


def special_tokens(tokenizer: Any) -> tuple[list[int], list[int]]:  # noqa: ANN401
    """The ids that the tokenizer puts before and after a sentence."""
    bare = tokenizer([["a"]], is_split_into_words=True, add_special_tokens=False)["input_ids"][0]
    full = tokenizer([["a"]], is_split_into_words=True)["input_ids"][0]
    start = next(i for i in range(len(full)) if full[i : i + len(bare)] == bare)
    return full[:start], full[start + len(bare) :]


@dataclass(frozen=True)
class EncodedCorpus:
    """A corpus with the subwords of its words, kept as a dictionary of distinct words.

    Attributes:
        corpus: the text and its tags.
        types: which distinct word each word is (W).
        pieces: subword ids of all distinct words, end to end.
        piece_offsets: where each distinct word's subwords begin in ``pieces`` (V + 1).
    """

    corpus: Corpus
    types: npt.NDArray[np.int32]
    pieces: npt.NDArray[np.int32]
    piece_offsets: Ints

    @cached_property
    def lengths(self) -> Ints:
        """Subwords per sentence (S)."""
        counts = np.concatenate([[0], np.cumsum(np.diff(self.piece_offsets)[self.types])])
        return np.diff(counts[self.corpus.offsets])

    def example(self, sentence: int) -> Example:
        """One sentence as an `Example`."""
        begin, end = int(self.corpus.offsets[sentence]), int(self.corpus.offsets[sentence + 1])
        starts = self.piece_offsets[self.types[begin:end]]
        counts = self.piece_offsets[self.types[begin:end] + 1] - starts
        before = np.cumsum(counts) - counts  # subwords of the sentence before each word
        ids = self.pieces[np.repeat(starts - before, counts) + np.arange(counts.sum())]
        tags = np.full(end - begin, NO_TAG) if self.corpus.tags is None else self.corpus.tags[begin:end]
        return Example(ids.astype(np.int64), counts, begin, tags)


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
        if len(words := np.flatnonzero(owner == number))
    ]


class Collator:
    """Makes a `WordBatch` of examples: windows, padding, and the position of every word in the grid."""

    def __init__(self, encoder: WordEncoder) -> None:
        self.encoder = encoder

    def __call__(self, examples: Sequence[Example]) -> WordBatch:
        """Batches sentences; all windows of a sentence are in the same batch, its words in order."""
        cut = [windows(example.counts, self.encoder.capacity) for example in examples]
        rows = [(number, window) for number, sentence in enumerate(cut) for window in sentence]
        margin = len(self.encoder.prefix) + len(self.encoder.suffix)
        width = max(window.end - window.begin for _, window in rows) + margin
        ids = np.full((len(rows), width), self.encoder.pad_id, dtype=np.int64)
        mask = np.zeros((len(rows), width), dtype=np.int64)
        first = [np.empty(len(example.counts), dtype=np.int64) for example in examples]
        for row, (number, window) in enumerate(rows):
            example = examples[number]
            tokens = [*self.encoder.prefix, *example.ids[window.begin : window.end], *self.encoder.suffix]
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
            offsets = (np.cumsum(example.counts) - example.counts)[window.words] - window.begin
            first[number][window.words] = row * width + len(self.encoder.prefix) + offsets
        positions = np.concatenate(first)
        counts = np.concatenate([example.counts for example in examples])
        return WordBatch(
            input_ids=torch.from_numpy(ids),
            attention_mask=torch.from_numpy(mask),
            first=torch.from_numpy(positions),
            last=torch.from_numpy(positions + counts - 1),
            words=torch.from_numpy(np.concatenate([e.first_word + np.arange(len(e.counts)) for e in examples])),
            tags=torch.from_numpy(np.concatenate([example.tags for example in examples])),
            lengths=torch.tensor([len(example.counts) for example in examples]),
            sentences=torch.tensor([example.index for example in examples]),
            languages=torch.tensor([example.language for example in examples]),
            rows=torch.tensor([number for number, _ in rows]),
            soft=_end_to_end([example.soft for example in examples]),
            weight=_end_to_end([example.weight for example in examples]),
            unanimous=_end_to_end([example.unanimous for example in examples]),
        )


def _end_to_end(parts: Sequence[npt.NDArray[Any] | None]) -> Tensor | None:
    present = [part for part in parts if part is not None]
    return torch.from_numpy(np.concatenate(present)) if present else None
