"""Words to subwords as in running text: each distinct word is cut once, and every word has at least one subword."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ctl.arrays import Floats, Ints
from ctl.data.corpus import Corpus
from ctl.data.running_text import Cut, RunningText
from ctl.errors import CTLError

NO_TAG = -100
LONGEST = 4  # windows; what is longer is no sentence
SENTENCES_AT_ONCE = 1 << 14  # whose subwords are counted together
JOINED_AT_ONCE = 1 << 10  # sentences that are cut as a whole


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
        starts: which of the subwords is each word's first (W); ``None`` where each word begins after the one before.
    """

    ids: npt.NDArray[np.int32]
    counts: Ints
    first_word: int
    tags: Ints
    index: int = 0
    language: int = -1
    soft: Floats | None = None
    weight: Floats | None = None
    unanimous: npt.NDArray[np.bool_] | None = None
    starts: Ints | None = None

    @property
    def first(self) -> Ints:
        """Each word's first subword (W)."""
        return np.cumsum(self.counts) - self.counts if self.starts is None else self.starts


class WordEncoder:
    """Turns words into subword ids with a fast tokenizer.

    A sentence's subwords are those of its text (`ctl.data.running_text.RunningText`). A word that the tokenizer
    swallows (a zero-width character, say) is given the unknown token; a word longer than a whole window keeps the
    subwords that fit.

    Args:
        tokenizer: a fast tokenizer of `transformers`.
        max_length: subwords in one window, special tokens included.
    """

    def __init__(self, tokenizer: Any, max_length: int) -> None:  # noqa: ANN401  (transformers' classes are untyped)
        self.tokenizer = tokenizer
        self.prefix, self.suffix = special_tokens(tokenizer)
        self.capacity = max_length - len(self.prefix) - len(self.suffix)
        self.pad_id = int(tokenizer.pad_token_id or 0)
        self.running = RunningText(tokenizer)
        self._encoded: dict[str, EncodedCorpus] = {}
        if self.capacity < 1:
            raise CTLError(f"max_length {max_length} leaves no room for words beside the special tokens")

    def subwords(self, words: Sequence[str]) -> list[list[int]]:
        """Subword ids of each word in the middle of a sentence, at least one and at most a window's worth."""
        return self._fitting(self.running.words(words))

    def _fitting(self, pieces: list[list[int]]) -> list[list[int]]:
        return [ids[: self.capacity] or [self.running.unknown_id] for ids in pieces]

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
        words = corpus.numbered
        parts, may_join = [_flat([])], [np.zeros(0, dtype=bool)]
        for batch in words.vocabulary():
            parts.append(_flat(self.subwords(batch)))
            may_join.append(self.running.may_join(batch))
        first = None
        if self.running.has_other_first:
            first, others = self._first_words(corpus)
            parts.append(_flat(others))
        pieces, counts = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        joined = self._joined(corpus, np.concatenate(may_join))
        return EncodedCorpus(corpus, words.ids, pieces, np.concatenate([[0], np.cumsum(counts)]), first, joined)

    def _first_words(self, corpus: Corpus) -> tuple[npt.NDArray[np.int32], list[list[int]]]:
        """Encodes the distinct words that begin sentences; says which entry of the dictionary each then has (V)."""
        words = corpus.numbered
        beginning = np.unique(words.ids[corpus.offsets[:-1]])
        entries = np.arange(len(words.ends), dtype=np.int32)
        entries[beginning] = len(entries) + np.arange(len(beginning))
        return entries, self._fitting(self.running.first_words([words.distinct(n) for n in beginning.tolist()]))

    def _joined(self, corpus: Corpus, may_join: npt.NDArray[np.bool_]) -> dict[int, Cut]:
        """Encodes the sentences that are cut as a whole, by their number; ``may_join`` is of distinct words (V)."""
        if not may_join.any():
            return {}
        candidates = np.flatnonzero(np.logical_or.reduceat(may_join[corpus.numbered.ids], corpus.offsets[:-1])).tolist()
        cuts: dict[int, Cut] = {}
        for begin in range(0, len(candidates), JOINED_AT_ONCE):
            numbers = candidates[begin : begin + JOINED_AT_ONCE]
            found = self.running.sentences([corpus.sentence(number) for number in numbers])
            cuts |= {number: cut for number, cut in zip(numbers, found, strict=True) if cut is not None}
        return {n: cut._replace(counts=np.minimum(cut.counts, self.capacity)) for n, cut in cuts.items()}


def _flat(pieces: list[list[int]]) -> tuple[npt.NDArray[np.int32], Ints]:
    """Subwords of words end to end, and how many each word has."""
    counts = np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))
    return np.fromiter(itertools.chain.from_iterable(pieces), dtype=np.int32, count=int(counts.sum())), counts


def _window_starts(ends: Ints, capacity: int) -> Ints:
    """Finds the first words of the second and further windows, from where each word's subwords end (W)."""
    starts, begin = [], 0
    while ends[-1] - begin > capacity:
        starts.append(int(np.searchsorted(ends, begin + capacity, side="right")))
        begin = int(ends[starts[-1] - 1])
    return np.array(starts, dtype=np.int64)


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
        piece_offsets: where each distinct word's subwords begin in ``pieces`` (V + 1); after the words of the text come
            those that are cut otherwise at the beginning of a sentence.
        first: which of them each word of the text is there; ``None`` where the tokenizer makes no difference.
        joined: the sentences that were cut as a whole, by number.
        owners: the sentence of the text that each is a part of (S); ``None`` where each is one.
    """

    corpus: Corpus
    types: npt.NDArray[np.int32]
    pieces: npt.NDArray[np.int32]
    piece_offsets: Ints
    first: npt.NDArray[np.int32] | None = None
    joined: Mapping[int, Cut] = field(default_factory=dict)
    owners: Ints | None = None

    def in_windows(self, capacity: int) -> EncodedCorpus:
        """Cuts what is too long to be a sentence, `LONGEST` windows, into windows of so many subwords.

        A file without empty lines is one sentence, and all windows of a sentence are in one batch: training on it would
        need memory without bound.
        """
        offsets = np.asarray(self.corpus.offsets)
        long = np.flatnonzero(self.lengths > LONGEST * capacity)
        if not len(long):
            return self
        cuts = [offsets]
        for sentence in long.tolist():
            ends = np.cumsum(np.diff(self.piece_offsets)[self._entries(slice(*offsets[sentence : sentence + 2]), 0)])
            cuts.append(offsets[sentence] + _window_starts(ends, capacity))
        finer = np.unique(np.concatenate(cuts))
        owners = np.searchsorted(offsets, finer[:-1], side="right") - 1
        numbers = np.searchsorted(finer, offsets[:-1])
        joined = {int(numbers[old]): cut for old, cut in self.joined.items() if old not in set(long.tolist())}
        return replace(self, corpus=replace(self.corpus, offsets=finer), joined=joined, owners=owners)

    @cached_property
    def lengths(self) -> npt.NDArray[np.int32]:
        """Subwords per sentence (S)."""
        sizes, offsets = np.diff(self.piece_offsets), self.corpus.offsets
        lengths = np.empty(len(self.corpus), dtype=np.int32)
        for begin in range(0, len(lengths), SENTENCES_AT_ONCE):
            bounds = np.asarray(offsets[begin : begin + SENTENCES_AT_ONCE + 1])
            of_words = sizes[self._entries(slice(bounds[0], bounds[-1]), bounds[:-1] - bounds[0])]
            before = np.concatenate([[0], np.cumsum(of_words)])
            lengths[begin : begin + SENTENCES_AT_ONCE] = np.diff(before[bounds - bounds[0]])
        for number, cut in self.joined.items():
            lengths[number] = len(cut.ids)
        return lengths

    def vocabulary(self) -> Ints:
        """The ids of all subwords that occur, in order."""
        return np.unique(np.concatenate([self.pieces, *(cut.ids for cut in self.joined.values())])).astype(np.int64)

    def _entries(self, words: slice, beginning: int | Ints) -> npt.NDArray[np.int32]:
        """The entries in the dictionary of some words, of which some are at the beginning of a sentence."""
        entries = self.types[words]
        if self.first is not None:
            entries = entries.copy()
            entries[beginning] = self.first[entries[beginning]]
        return entries

    def example(self, sentence: int, **more: Any) -> Example:  # noqa: ANN401
        """One sentence as an `Example`, with what else is known of it."""
        begin, end = int(self.corpus.offsets[sentence]), int(self.corpus.offsets[sentence + 1])
        tags = (
            np.full(end - begin, NO_TAG) if self.corpus.tags is None else self.corpus.tags[begin:end].astype(np.int64)
        )
        if (cut := self.joined.get(sentence)) is not None:
            return Example(cut.ids, cut.counts, begin, tags, starts=cut.starts, **more)
        entries = self._entries(slice(begin, end), 0)
        starts = self.piece_offsets[entries]
        counts = self.piece_offsets[entries + 1] - starts
        before = np.cumsum(counts) - counts  # subwords of the sentence before each word
        ids = self.pieces[np.repeat(starts - before, counts) + np.arange(int(before[-1] + counts[-1]))]
        return Example(ids, counts, begin, tags, **more)
