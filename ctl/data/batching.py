"""Length-bucketed batches: sentences of like length travel together, so that little is padding."""

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

JITTER = 0.04  # how far a sentence may stray from those of its length when shuffled, as a share of the length


class Draw(NamedTuple):
    """One batch: its sentences, and the factor of its loss (see `BucketSampler`)."""

    sentences: list[int]
    factor: float


class Reached(NamedTuple):
    """The progress of training: the epoch that goes on, its batches that every process has had, and all its batches."""

    epoch: int = 0
    begin: int = 0
    batches: int = 0


class BucketSampler(Sampler[Draw]):
    """Yields batches of sentence indices, the same on every machine for the same seed and epoch.

    When shuffling, sentences are sorted by a length that is blurred a little and anew each epoch, those of one length
    falling in any order; they are cut into batches at the same places in every epoch, so that all epochs have equally
    many, and the order of the batches is drawn. The batches that several
    processes take at the same step are neighbours by length, so that none waits long for another. Otherwise all are
    sorted, longest first. A data loader takes it as ``sampler`` with ``batch_size=None``, so that Lightning tells it
    the epoch.

    A batch's loss is the mean over its words that count. Where a step of the optimiser adds up several batches, of
    several processes or accumulated, each is given a factor, its share of the step's counted words times their number,
    that makes the sum the mean over all these words: it is exact, and one for a batch alone.

    Args:
        lengths: subwords per sentence, special tokens included (S).
        batch_size: sentences in a batch.
        max_tokens: most subwords in a batch, padding included; ``None`` for no limit.
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
        for place in range(self.rank + begin * self.world_size, len(plan.order), self.world_size):
            yield Draw(plan.batch(int(plan.order[place])).tolist(), float(factors[place]))

    def _plan(self) -> _Plan:
        """The batches of this epoch; drawn once."""
        epoch = self.epoch if self.shuffle else 0
        if self._drawn is None or self._drawn[0] != epoch:
            self._drawn = epoch, self._draw(epoch)
        return self._drawn[1]

    def _draw(self, epoch: int) -> _Plan:
        if not self.shuffle:
            sentences = np.argsort(-self.lengths, kind="stable").astype(np.int32)
            return _Plan(sentences, self._bounds, np.arange(self._places))
        generator = np.random.default_rng([self.seed, epoch])
        sentences = generator.permutation(len(self.lengths)).astype(np.int32)
        blurred = generator.uniform(1 - JITTER, 1 + JITTER, len(sentences))
        blurred *= self.lengths[sentences]
        sentences = sentences[np.argsort(np.negative(blurred, out=blurred), kind="stable")]
        count, places = len(self._bounds) - 1, np.arange(self._places)
        places = np.where(places < count, places, np.maximum(2 * count - 1 - places, 0))  # the last are given twice
        neighbours = places.reshape(-1, self.world_size)
        return _Plan(sentences, self._bounds, generator.permutation(neighbours, axis=0).reshape(-1))

    @property
    def _places(self) -> int:
        """Batches of an epoch, all processes together; when shuffling, equally many of each."""
        count = len(self._bounds) - 1
        return -(-count // self.world_size) * self.world_size if self.shuffle else count

    @cached_property
    def _bounds(self) -> Ints:
        """Finds where batches begin (B + 1) in a row of all sentences, about longest first; the longest sets the width.

        The sentence at some place of the blurred row is at most ``(1 + JITTER) / (1 - JITTER)`` times as long as the
        one at that place of the sorted row, so that no epoch's batches exceed ``max_tokens``.
        """
        lengths, blur = np.sort(self.lengths)[::-1], (1 + JITTER) / (1 - JITTER) if self.shuffle else 1.0
        bounds = [0]
        while (begin := bounds[-1]) < len(lengths):
            size = self.batch_size
            if self.max_tokens is not None:
                width = min(max(1, lengths[begin]) * blur, max(1, lengths[0]))
                size = min(size, max(1, int(self.max_tokens // width)))
            bounds.append(min(begin + size, len(lengths)))
        while (len(bounds) - 1) % self.world_size and len(bounds) <= len(lengths):
            largest = int(np.diff(bounds).argmax())
            bounds.insert(largest + 1, (bounds[largest] + bounds[largest + 1]) // 2)
        return np.array(bounds, dtype=np.int64)

    def _factors(self, plan: _Plan) -> npt.NDArray[np.float64]:
        """The factor of the loss of every batch, in the order of ``plan.order``."""
        together = self.world_size * self.accumulate
        if self.counted is None or not self.shuffle or together == 1:
            return np.ones(len(plan.order))
        sums = np.concatenate([[0.0], np.cumsum(self.counted[plan.sentences], dtype=np.float64)])
        words = np.diff(sums[plan.bounds])[plan.order]
        step = np.arange(len(words)) // together
        return np.asarray(words * together / np.maximum(np.bincount(step, weights=words)[step], 1e-9))


class _Plan(NamedTuple):
    """Batches of an epoch: sentences in a row (S), where each batch begins (B + 1), and in which order they come."""

    sentences: npt.NDArray[np.int32]
    bounds: Ints
    order: Ints

    def batch(self, number: int) -> npt.NDArray[np.int32]:
        return self.sentences[self.bounds[number] : self.bounds[number + 1]]


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
        if self.store is None:
            return corpus.example(sentence, index=index, language=self.languages[which])
        words = slice(*corpus.corpus.offsets[sentence : sentence + 2].tolist())
        return corpus.example(
            sentence,
            index=index,
            language=self.languages[which],
            soft=self.store.rows(words),
            weight=None if self.weights is None else self.weights[words],
            unanimous=None if self.store.unanimous is None else self.store.unanimous[words],
        )
