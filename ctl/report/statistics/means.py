r"""Means of scores over cells, their differences, and intervals that cover what other sentences and seeds would give.

A score has three sources of chance: the test sentences, the seed, and, where sets of source languages were drawn at
random, the set. The variance of a mean is estimated from each on its own:

* sentences, with the models fixed: from the draws of `ctl.report.statistics.resampling`, alike for all models;
* seeds: $s^2 / m$ from the m seeds' means, all targets together, as the models of a seed share what they learned from;
  where targets have different numbers of seeds, the mean number gives the degrees of freedom;
* sets: $s^2 / k$ from the k sets of a size, target by target.

The half-widths of the three intervals, each with its own quantile of Student's t, are added up in squares:
$\sqrt{z^2 V_{sentences} + t_{m-1}^2 V_{seeds} + t_\nu^2 V_{sets}}$ (Howe, JASA 1974; Zou and Donner, Statistics in
Medicine 2008, call it MOVER). A single t with Satterthwaite's degrees of freedom is shorter, and covers less than it
says where seeds matter more than sentences; ``tests/benchmarks/coverage.py`` measures both. The targets are those that
were asked for and are not drawn: an interval says nothing about other languages.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ctl.report.statistics.estimates import Estimate, Part
from ctl.report.statistics.resampling import Samples


class Cell(NamedTuple):
    """One transfer of a study."""

    target: str
    sources: tuple[str, ...]
    seed: int

    def __str__(self) -> str:
        return f"{', '.join(self.sources)} -> {self.target}, seed {self.seed}"


Scores = Mapping[Cell, Samples]  # F1 of one contender (R) by cell


SEEDS = ("seeds", 0)  # the group of all seeds; others are the sets of one size of one target


class Group(NamedTuple):
    """The seeds, or the sets of one size of one target: how far each of them moves a mean, by chance.

    Attributes:
        moves: by member; the sum of their squares is the variance of the mean.
        freedom: the degrees of freedom of that variance; 0 where it is not known.
    """

    moves: Mapping[object, float]
    freedom: float

    @property
    def part(self) -> Part:
        """The group as a source of chance."""
        return Part(sum(move**2 for move in self.moves.values()), self.freedom)

    def __sub__(self, other: Group) -> Group:
        members = {**self.moves, **other.moves}
        moves = {member: self.moves.get(member, 0.0) - other.moves.get(member, 0.0) for member in members}
        return Group(moves, min(self.freedom, other.freedom))


Member = TypeVar("Member")
NO_GROUP = Group({}, math.inf)


@dataclass(frozen=True)
class Mean:
    """The mean of a contender's scores over cells, every target with the same weight; or a difference of two means.

    Attributes:
        samples: the mean (R) with seeds and sets fixed, row 0 as observed, the others on other draws of sentences.
        groups: by name (the seeds; a target and a size, for its sets), what else moves the mean.
        cells: the number of cells.
        seeds: the number of seeds, of the target that has fewest.
        least: the smallest number that there can be.
    """

    samples: Samples
    groups: Mapping[tuple[str, int], Group]
    cells: int
    seeds: int
    least: float = 0.0

    @classmethod
    def of(cls, scores: Scores, drawn: bool = False) -> Mean:
        """The mean of some cells' scores.

        Args:
            scores: F1 by cell; at least one.
            drawn: whether sets of sources were drawn at random, so that others might have been.
        """
        targets = _by(scores, lambda cell: cell.target)
        share = 1 / len(targets)
        samples = np.mean([np.mean([scores[cell] for cell in cells], axis=0) for cells in targets.values()], axis=0)
        seeds = [len({cell.seed for cell in cells}) for cells in targets.values()]
        moves = _added(_moves(scores, cells, "seed", share) for cells in targets.values())
        groups = {SEEDS: Group(moves, sum(seeds) / len(seeds) - 1)}
        if drawn:
            for name, cells in _by(scores, lambda cell: (cell.target, len(cell.sources))).items():
                moves = _moves(scores, cells, "sources", share)
                groups[name] = Group(moves, len(moves) - 1)
        return cls(np.asarray(samples), groups, len(scores), min(seeds))

    def __sub__(self, other: Mean) -> Mean:
        """The difference of two means, cell by cell where they are of the same cells."""
        names = {**self.groups, **other.groups}
        groups = {name: self.groups.get(name, NO_GROUP) - other.groups.get(name, NO_GROUP) for name in names}
        cells, seeds = min(self.cells, other.cells), min(self.seeds, other.seeds)
        return Mean(self.samples - other.samples, groups, cells, seeds, least=-100.0)

    @property
    def estimate(self) -> Estimate:
        """The mean with its interval."""
        parts = [Part(float(np.var(self.samples[1:], ddof=1)), math.inf)]
        parts += _pooled([group.part for name, group in self.groups.items() if name == SEEDS])
        parts += _pooled([group.part for name, group in self.groups.items() if name != SEEDS])
        return Estimate(float(self.samples[0]), tuple(parts), self.cells, self.seeds, self.least)


def _by(cells: Iterable[Cell], key: Callable[[Cell], Any]) -> dict[Any, list[Cell]]:
    groups: dict[Any, list[Cell]] = defaultdict(list)
    for cell in cells:
        groups[key(cell)].append(cell)
    return groups


def _moves(scores: Scores, cells: Sequence[Cell], name: str, share: float) -> dict[object, float]:
    """Finds how far every seed (or set of sources) of one target moves the mean of all targets.

    The moves are scaled so that the sum of their squares is s^2 / m, for m members.

    Args:
        scores: F1 by cell.
        cells: of the target.
        name: of what moves the mean, ``seed`` or ``sources``.
        share: of the target in the mean.
    """
    mean = float(np.mean([scores[cell][0] for cell in cells]))
    moves: dict[object, float] = defaultdict(float)
    for cell in cells:
        moves[getattr(cell, name)] += (float(scores[cell][0]) - mean) / len(cells)
    scale = share * math.sqrt(len(moves) / max(len(moves) - 1, 1))
    return {member: scale * move for member, move in moves.items()}


def _added(parts: Iterable[Mapping[object, float]]) -> dict[object, float]:
    total: dict[object, float] = defaultdict(float)
    for moves in parts:
        for member, move in moves.items():
            total[member] += move
    return total


def _pooled(parts: Sequence[Part]) -> list[Part]:
    """Adds up independent variances, with Satterthwaite's degrees of freedom (Biometrics Bulletin, 1946)."""
    parts = [part for part in parts if part.freedom and part.variance > 0]
    if not parts:
        return []
    variance = sum(part.variance for part in parts)
    return [Part(variance, variance**2 / sum(part.variance**2 / part.freedom for part in parts))]


def common(*scores: Scores) -> tuple[Scores, ...]:
    """The scores of those cells alone that all contenders have."""
    cells = [cell for cell in scores[0] if all(cell in others for others in scores)]
    return tuple({cell: each[cell] for cell in cells} for each in scores)


def widest(sets: Sequence[frozenset[Member]]) -> frozenset[Member]:
    """The largest of some sets; of sets of one size, that which lies in most of them."""
    return max(sets, key=lambda members: (len(members), sum(members <= others for others in sets)))


def draw_jointly(means: Sequence[Mean]) -> Samples:
    """Draws sentences, seeds and sets anew for several means together (R, N), row 0 as observed.

    Seeds and sets are drawn from the multivariate t distribution that their own spread gives, so what moves all means
    alike moves them alike in every draw.
    """
    samples = np.stack([mean.samples for mean in means], axis=-1)
    rng = np.random.default_rng(0)
    for name in sorted({name for mean in means for name in mean.groups}):
        groups = [mean.groups.get(name, NO_GROUP) for mean in means]
        freedom = min(group.freedom for group in groups)
        if not freedom:
            continue
        members = list(dict.fromkeys(member for group in groups for member in group.moves))
        moves = np.array([[group.moves.get(member, 0.0) for group in groups] for member in members])
        normal = rng.normal(size=(len(samples) - 1, len(members)))
        samples[1:] += np.sqrt(freedom / rng.chisquare(freedom, size=(len(samples) - 1, 1))) * (normal @ moves)
    return samples
