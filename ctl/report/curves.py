"""Curves over the number of sources, each point of which rests on the same targets and seeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from ctl.report.statistics.estimates import Estimate
from ctl.report.statistics.means import Cell, Mean, Scores, draw_jointly
from ctl.report.statistics.resampling import Samples


@dataclass(frozen=True)
class Curve:
    """A contender's F1 over numbers of sources, all targets together; or a difference of two contenders.

    Attributes:
        sizes: numbers of sources (N), rising.
        means: the mean at each of them.
        cells: the cells at each of them.
    """

    sizes: list[int]
    means: list[Mean]
    cells: list[list[Cell]]

    @classmethod
    def of(cls, scores: Scores, drawn: bool = False) -> Curve | None:
        """The curve of one contender's scores; ``None`` where there are none.

        A target and seed that lacks some number of sources, or some of its sets, is left out at all of them. Where
        nothing would be left, the number of sources that fewest targets and seeds have is left out first.

        Args:
            scores: F1 by cell.
            drawn: whether sets of sources were drawn at random.
        """
        sizes_of_all = sorted({len(cell.sources) for cell in scores})
        blocks = {size: _blocks([cell for cell in scores if len(cell.sources) == size]) for size in sizes_of_all}
        while blocks and not set.intersection(*map(set, blocks.values())):
            del blocks[min(blocks, key=lambda size: len(blocks[size]))]
        if not blocks:
            return None
        sizes = sorted(blocks)
        shared = set.intersection(*map(set, blocks.values()))
        cells = [[cell for block, part in blocks[size].items() if block in shared for cell in part] for size in sizes]
        return cls(sizes, [Mean.of({cell: scores[cell] for cell in part}, drawn) for part in cells], cells)

    def __sub__(self, other: Curve) -> Curve:
        """The difference of two curves of the same cells."""
        means = [ours - theirs for ours, theirs in zip(self.means, other.means, strict=True)]
        return Curve(self.sizes, means, self.cells)

    @cached_property
    def samples(self) -> Samples:
        """F1 on draws of sentences, seeds and random sets (R, N), row 0 as observed."""
        return draw_jointly(self.means)

    def at(self, index: int) -> Estimate:
        """F1 and its interval at one of the sizes."""
        return self.means[index].estimate

    def gain(self, start: int, end: int) -> Estimate:
        """The change of F1 from one of the sizes to another."""
        return (self.means[end] - self.means[start]).estimate


def _blocks(cells: Iterable[Cell]) -> dict[tuple[str, int], list[Cell]]:
    """The cells of one size by target and seed, without the seeds that lack a set which others of the target have.

    Where all seeds of a target lack one, they are kept.
    """
    by_target: dict[str, dict[int, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for cell in cells:
        by_target[cell.target][cell.seed].append(cell)
    blocks = {}
    for target, by_seed in by_target.items():
        sets = {cell.sources for part in by_seed.values() for cell in part}
        whole = {seed: part for seed, part in by_seed.items() if len(part) == len(sets)}
        blocks.update({(target, seed): part for seed, part in (whole or by_seed).items()})
    return blocks
