"""The cells of a study: which transfer each is, how it is told to a person, and which share of them a job runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from ctl.errors import CTLError
from ctl.methods import Method


@dataclass(frozen=True)
class Cell:
    """One transfer of a study.

    Attributes:
        target: the language to be tagged.
        sources: the labelled languages.
        seed: of all models.
        kinds: how the set of sources was chosen.
        folder: of its own stages and results.
    """

    target: str
    sources: tuple[str, ...]
    seed: int
    kinds: tuple[str, ...]
    folder: Path

    def __str__(self) -> str:
        return f"{', '.join(self.sources)} -> {self.target}, seed {self.seed}"


def of_one_source(name: str) -> str:
    """What a method is where there is one source: mixtures and pooled models are its teacher, weights all equal."""
    method = Method.split(name)
    if method.kind in ("pooled", "ensemble") and method.family != "mixed":
        options = tuple(option for option in method.options if option == "adapted")
        return str(Method("direct", "", options, method.family))
    return str(replace(method, of="uniform")) if method.kind in ("ensemble", "student") else name


def part_of_shard(shard: str) -> tuple[int, int]:
    """``2/8`` as the place 1 among 8.

    Raises:
        CTLError: it is no such thing.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", shard)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise CTLError(f"--shard {shard}: give the number of this part and of all, 1/8 to 8/8")
    return int(found[1]) - 1, int(found[2])
