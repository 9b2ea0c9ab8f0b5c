"""Batches of sentences: drawn at random to be trained on, sorted by length to be read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from torch.utils.data import Dataset, Sampler

from ctl.arrays import Floats, Ints
from ctl.data.collation import Collator, WordBatch
from ctl.data.encoding import EncodedCorpus, Example
from ctl.data.soft_labels import SoftLabelStore

TRIALS = 3  # draws that are cut to know how many batches an epoch has


class Draw(NamedTuple):
    """One batch: its sentences, and the factor of its loss (see `SentenceSampler`)."""

    sentences: list[int]
    factor: float


class Reached(NamedTuple):
    """The progress of training: the epoch that goes on, its batches that every process has had, and all its batches."""

    epoch: int = 0
    begin: int = 0
    batches: int = 0


class SentenceSampler(Sampler[Draw]):
    """Yields batches of sentence indices, the same on every machine for the same seed and epoch.

    When shuffling, the sentences of all batches are drawn at random, anew each epoch, so that every word weighs the
    same whatever the length of its sentence; padding is avoided inside a batch (`ctl.data.collation.rows`). Every epoch
    has equally many batches. Otherwise all sentences are sorted, longest first. A data loader takes it as ``sampler``
    with ``batch_size=None``, so that Lightning tells it the epoch.

    A batch's loss is the mean over its words that count. Where a step of the optimiser adds up several batches, of
    several processes or accumulated, each is given a factor, its share of the step's counted words times their number,
    that makes the sum the mean over all these words: it is exact, and one for a batch alone.

    Args:
        lengths: subwords per sentence, special tokens included (S).
        batch_size: sentences in a batch.
        max_tokens: most subwords in a batch; ``None`` for no limit. A sentence that has more is a batch of its own.
        shuffle: draw anew each epoch.
        seed: of the draw.
        epoch: the first epoch, when a run is resumed.
        begin: how many of its batches this process has had before; they are left out.
        rank: this process.
        world_size: number of processes. Each sentence is given once, and every process gets equally many batches:
            where they do not come out even, the largest are halved. With fewer sentences than processes, some are given
            twice when shuffling, and some processes get none otherwise.
        counted: words that count in each sentence, or the sum of their weights (S); needed for factors alone.
        accumulate: batches of one process in a step.
    """

    def __init__(
        self,
        lengths: npt.NDArray[np.int32],
        batch_size: int,
        *,
        max_tokens: int | None = None,
        shuffle: bool = False,
        seed: int = 0,
        epoch: int = 0,
        begin: int = 0,
        rank: int = 0,
        world_size: int = 1,
        counted: npt.NDArray[np.floating | np.integer] | None = None,
        accumulate: int = 1,
    ) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.max_tokens = max_tokens
        self.shuffle = shuffle
        self.seed = seed
        self.epoch = epoch
        self.begin = begin
        self.rank = rank
        self.world_size = world_size
        self.counted = counted
        self.accumulate = accumulate
        self._drawn: tuple[int, _Plan] | None = None

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch whose batches are drawn; Lightning calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(range(self.rank, self._places, self.world_size))

    def __iter__(self) -> Iterator[Draw]:
        plan, begin = self._plan(), self.begin
        self.begin = 0
        factors = self._factors(plan)
        for place in range(self.rank + begin * self.world_size, self._places, self.world_size):
            yield Draw(plan.batch(place).tolist(), float(factors[place]))

    def _plan(self) -> _Plan:
        """The batches of this epoch; drawn once."""
        epoch = self.epoch if self.shuffle else 0
        if self._drawn is None or self._drawn[0] != epoch:
            self._drawn = epoch, self._draw(epoch)
        return self._drawn[1]

    def _draw(self, epoch: int) -> _Plan:
        """Draws an order, again and again until it gives no more batches than an epoch has."""
        attempt = 0
        while len(bounds := self._cut(sentences := self._order(epoch, attempt))) > self._batches + 1:
            attempt += 1
        return _Plan(sentences, _halved(bounds, self._batches))

    def _order(self, epoch: int, attempt: int = 0) -> npt.NDArray[np.int32]:
        """All sentences (S): in a random order when shuffling, otherwise longest first."""
        if not self.shuffle:
            return np.argsort(-self.lengths, kind="stable").astype(np.int32)
        generator = np.random.default_rng([self.seed, epoch, attempt])
        return generator.permutation(len(self.lengths)).astype(np.int32)

    @cached_property
    def _batches(self) -> int:
        """The number of batches that the sentences of an epoch are cut into, all processes together.

        When shuffling with a limit on subwords, their number depends on the order: it is one more than the largest of a
        few trials, so that nearly every order can be cut into as many.
        """
        trials = TRIALS if self.shuffle and self.max_tokens is not None else 1
        batches = max(len(self._cut(self._order(epoch))) for epoch in range(trials)) - (trials == 1)
        return min(-(-batches // self.world_size) * self.world_size, len(self.lengths))

    @property
    def _places(self) -> int:
        """Batches that are given in an epoch, all processes together; when shuffling, equally many to each."""
        return -(-self._batches // self.world_size) * self.world_size if self.shuffle else self._batches

    def _cut(self, sentences: npt.NDArray[np.int32]) -> Ints:
        """Finds where batches begin (B + 1) in a row of all sentences; each takes what fits."""
        if self.max_tokens is None:
            return np.append(np.arange(0, len(sentences), self.batch_size), len(sentences))
        ends = np.cumsum(self.lengths[sentences], dtype=np.int64)
        bounds = [0]
        while (begin := bounds[-1]) < len(sentences):
            before = ends[begin] - self.lengths[sentences[begin]]
            fitting = int(np.searchsorted(ends, before + self.max_tokens, side="right"))
            bounds.append(min(begin + self.batch_size, max(begin + 1, fitting), len(sentences)))
        return np.array(bounds, dtype=np.int64)

    def _factors(self, plan: _Plan) -> npt.NDArray[np.float64]:
        """The factor of the loss of every batch that is given."""
        together = self.world_size * self.accumulate
        if self.counted is None or not self.shuffle or together == 1:
            return np.ones(self._places)
        sums = np.concatenate([[0.0], np.cumsum(self.counted[plan.sentences], dtype=np.float64)])
        words = np.resize(np.diff(sums[plan.bounds]), self._places)
        step = np.arange(len(words)) // together
        return np.asarray(words * together / np.maximum(np.bincount(step, weights=words)[step], 1e-9))


class _Plan(NamedTuple):
    """Batches of an epoch: sentences in a row (S), and where each batch begins (B + 1)."""

    sentences: npt.NDArray[np.int32]
    bounds: Ints

    def batch(self, place: int) -> npt.NDArray[np.int32]:
        """The sentences of one batch; after the last comes the first again."""
        number = place % (len(self.bounds) - 1)
        return self.sentences[self.bounds[number] : self.bounds[number + 1]]


def _halved(bounds: Ints, batches: int) -> Ints:
    """Halves the largest batches until there are so many."""
    while (missing := batches + 1 - len(bounds)) > 0:
        sizes = np.diff(bounds)
        largest = np.argsort(-sizes, kind="stable")[: min(missing, int((sizes > 1).sum()))]
        bounds = np.sort(np.append(bounds, bounds[largest] + sizes[largest] // 2))
    return bounds


class BatchDataset(Dataset[WordBatch]):
    """Corpora end to end, read a batch at a time: its index is a `Draw` of sentences.

    Args:
        corpora: encoded corpora.
        collate: makes the batch.
        languages: each corpus's place among the source languages; -1 for the target.
        store: soft labels, where there is one corpus and it has some.
        weights: how much each word's soft label counts (W).
    """

    def __init__(
        self,
        corpora: Sequence[EncodedCorpus],
        collate: Collator,
        languages: Sequence[int],
        store: SoftLabelStore | None = None,
        weights: Floats | None = None,
    ) -> None:
        self.corpora = corpora
        self.collate = collate
        self.languages = languages
        self.store = store
        self.weights = weights
        self.sizes = collate.sizes(np.concatenate([corpus.lengths for corpus in corpora]))
        self.starts = np.cumsum([0, *(len(corpus.corpus) for corpus in corpora)])
        self.numbers = _numbers(corpora)

    def __len__(self) -> int:
        return len(self.sizes)

    def counted(self) -> npt.NDArray[np.floating | np.integer]:
        """Words that count in each sentence, or the sum of their weights (S)."""
        if self.weights is not None:
            return np.asarray(np.add.reduceat(self.weights, self.corpora[0].corpus.offsets[:-1], dtype=np.float64))
        return np.concatenate([np.diff(corpus.corpus.offsets) for corpus in self.corpora])

    def __getitem__(self, draw: Draw) -> WordBatch:
        return replace(self.collate([self._example(index) for index in draw.sentences]), factor=draw.factor)

    def _example(self, index: int) -> Example:
        which = int(np.searchsorted(self.starts, index, side="right")) - 1
        corpus, sentence = self.corpora[which], index - int(self.starts[which])
        number = index if self.numbers is None else int(self.numbers[index])
        if self.store is None:
            return corpus.example(sentence, index=number, language=self.languages[which])
        words = slice(*corpus.corpus.offsets[sentence : sentence + 2].tolist())
        return corpus.example(
            sentence,
            index=number,
            language=self.languages[which],
            soft=self.store.rows(words),
            weight=None if self.weights is None else self.weights[words],
            unanimous=None if self.store.unanimous is None else self.store.unanimous[words],
        )


def _numbers(corpora: Sequence[EncodedCorpus]) -> Ints | None:
    """The places of sentences among those of the texts (S); ``None`` where no sentence was cut."""
    if all(corpus.owners is None for corpus in corpora):
        return None
    numbers, begin = [], 0
    for corpus in corpora:
        owners = np.arange(len(corpus.corpus)) if corpus.owners is None else corpus.owners
        numbers.append(begin + owners)
        begin += int(owners[-1]) + 1
    return np.concatenate(numbers)
