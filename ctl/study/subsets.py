"""The sets of source languages that a study tries: nested by nearness, drawn at random, all of a size, or listed."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ctl.errors import CTLError
from ctl.system.numbers import PositiveInt

if TYPE_CHECKING:
    from ctl.data.datamodule import NERDataModule

Nearness = Literal["family", "learned", "cosine", "l1", "l2", "nearest", "given"]
WITHOUT_TEXT = ("family", "given")  # those that need no raw text of the sources
MOST = 100_000  # sets of one size, before a study of all of them is a mistake


@dataclass(frozen=True)
class Subsets:
    """Sets of source languages, for every target the same kinds.

    Attributes:
        nested: sizes of sets of the nearest languages, ``[1, 2, 4]``: each holds the smaller ones.
        random: sizes of sets that are drawn.
        draws: how many of each size.
        every: sizes of which all sets are taken.
        listed: sets by name, ``[[en, nl], [en, es]]``; a target is left out of its own.
        by: what is near: the ``family`` tree of artificial languages; a language's weight for the target's raw text
            when all languages are sources (``learned cosine l1 l2 nearest``); or the order in which they are ``given``.
    """

    nested: tuple[PositiveInt, ...] = ()
    random: tuple[PositiveInt, ...] = ()
    draws: PositiveInt = 3
    every: tuple[PositiveInt, ...] = ()
    listed: tuple[tuple[str, ...], ...] = ()
    by: Nearness = "learned"

    def choose(self, target: str, pool: Sequence[str], near: Sequence[str]) -> dict[tuple[str, ...], list[str]]:
        """All sets for a target, each with the kinds that it is of.

        Args:
            target: the language to be tagged.
            pool: the source languages; a set's languages come in their order.
            near: the same languages, the nearest first.

        Raises:
            CTLError: a size or a language can't be had.
        """
        self._check(target, pool)
        chosen: dict[tuple[str, ...], list[str]] = {}

        def add(kind: str, languages: Sequence[str]) -> None:
            kinds = chosen.setdefault(tuple(language for language in pool if language in languages), [])
            if kind not in kinds:
                kinds.append(kind)

        for size in self.nested:
            add("nested", near[:size])
        for size in self.random:
            draw = np.random.default_rng([size, *target.encode()])
            for _ in range(self.draws):
                add("random", [pool[index] for index in draw.permutation(len(pool))[:size]])
        for size in self.every:
            for languages in itertools.combinations(pool, size):
                add("every", languages)
        for listed in self.listed:
            add("listed", [language for language in listed if language != target])
        return chosen

    def _check(self, target: str, pool: Sequence[str]) -> None:
        sizes = (*self.nested, *self.random, *self.every)
        if not sizes and not self.listed:
            raise CTLError("which sets of sources? set subsets.nested, random, every or listed")
        if wrong := [size for size in sizes if not 1 <= size <= len(pool)]:
            raise CTLError(f"subsets: {wrong[0]} sources for {target}, but there are {len(pool)}: {', '.join(pool)}")
        if unknown := {language for listed in self.listed for language in listed} - {*pool, target}:
            raise CTLError(f"subsets.listed: {', '.join(sorted(unknown))} not among languages {', '.join(pool)}")
        if many := [size for size in self.every if math.comb(len(pool), size) > MOST]:
            raise CTLError(f"subsets.every: {math.comb(len(pool), many[0]):,} sets of {many[0]}; draw some by random")


def family_distances(data: NERDataModule, target: str, pool: Sequence[str]) -> dict[str, float]:
    """Distances in the family tree of artificial languages.

    Raises:
        CTLError: the languages are real.
    """
    if data.synthetic is None:
        raise CTLError("subsets.by family is for artificial languages (data.synthetic); set it to learned or given")
    if unknown := [name for name in (target, *pool) if name not in data.synthetic.languages]:
        raise CTLError(f"unknown language {unknown[0]}; the family has {', '.join(data.synthetic.languages)}")
    return {source: float(data.synthetic.distance(target, source)) for source in pool}


def weight_distances(weights: Mapping[str, float]) -> dict[str, float]:
    """Distances of sources from their weights for the target's text: -log of the weight, in nats."""
    return {source: round(-math.log(max(weight, 1e-6)), 4) for source, weight in weights.items()}


def read_weights(path: Path, by: str) -> dict[str, float]:
    """The weights that a language identifier gave, ``weights.json``."""
    weights: dict[str, dict[str, float]] = json.loads(path.read_text(encoding="utf-8"))
    return weights[by]
