"""The cells of a study: which transfer each is, how it is told to a person, and which share of them a job runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ctl.errors import CTLError


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
    head, *options = name.split("+")
    found = re.fullmatch(r"(llm-|mixed-)?(\w+)(:.*)?", head)
    if found is None:
        return name
    prefix, kind, of = found[1] or "", found[2], found[3]
    if kind in ("pooled", "ensemble") and prefix != "mixed-":
        return "+".join([f"{prefix}direct", *(option for option in options if option == "adapted")])
    return "+".join([f"{prefix}{kind}:uniform" if of else head, *options])


def part_of_shard(shard: str) -> tuple[int, int]:
    """``2/8`` as the place 1 among 8.

    Raises:
        CTLError: it is no such thing.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", shard)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise CTLError(f"--shard {shard}: give the number of this part and of all, 1/8 to 8/8")
    return int(found[1]) - 1, int(found[2])
