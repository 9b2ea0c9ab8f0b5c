"""Length-bucketed batches: sentences of like length travel together, so that little is padding."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from torch.utils.data import Sampler

POOL = 64  # batches whose sentences are sorted among themselves


class BucketSampler(Sampler[list[int]]):
    """Yields batches of sentence indices, the same on every machine for the same seed and epoch.

    When shuffling, sentences are drawn into random pools, each pool is sorted by length and cut into batches, and the
    order of the batches is drawn again. Otherwise all are sorted, longest first. A data loader takes it as
    ``sampler`` with ``batch_size=None``, so that Lightning tells it the epoch.

    Args:
        lengths: subwords per sentence (S).
        batch_size: sentences in a batch.
        max_tokens: most subwords in a batch, padding included; ``None`` for no limit.
        shuffle: draw anew each epoch.
        seed: of the draw.
        epoch: the first epoch, when a run is resumed.
        rank: this process.
        world_size: number of processes. When shuffling, every process gets equally many batches: where they do not
            come out even, some are given twice. Otherwise each batch is given once.
    """

    def __init__(
        self,
        lengths: npt.NDArray[np.int64],
        batch_size: int,
        *,
        max_tokens: int | None = None,
        shuffle: bool = False,
        seed: int = 0,
        epoch: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.max_tokens = max_tokens
        self.shuffle = shuffle
        self.seed = seed
        self.epoch = epoch
        self.rank = rank
        self.world_size = world_size
        self._ordered = None if shuffle else self._cut(np.argsort(-lengths, kind="stable"))

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch whose batches are drawn; Lightning calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        if self._ordered is not None:
            return len(range(self.rank, len(self._ordered), self.world_size))
        return -(-len(self._draw()) // self.world_size)

    def __iter__(self) -> Iterator[list[int]]:
        batches = self._draw() if self._ordered is None else self._ordered
        if self.shuffle and (missing := -len(batches) % self.world_size):
            batches = batches + batches[:missing]
        yield from batches[self.rank :: self.world_size]

    def _draw(self) -> list[list[int]]:
        generator = np.random.default_rng([self.seed, self.epoch])
        order = generator.permutation(len(self.lengths))
        size = POOL * self.batch_size
        pools = [order[begin : begin + size] for begin in range(0, len(order), size)]
        by_length = [pool[np.argsort(-self.lengths[pool], kind="stable")] for pool in pools]
        batches = [batch for pool in by_length for batch in self._cut(pool)]
        return [batches[index] for index in generator.permutation(len(batches))]

    def _cut(self, order: npt.NDArray[np.int64]) -> list[list[int]]:
        """Cuts sentences, longest first, into batches; the first of a batch sets its width."""
        batches, begin = [], 0
        while begin < len(order):
            widest = max(int(self.lengths[order[begin]]), 1)
            size = (
                self.batch_size if self.max_tokens is None else max(1, min(self.batch_size, self.max_tokens // widest))
            )
            batches.append(order[begin : begin + size].tolist())
            begin += size
        return batches
