"""The cells of a study: which transfer each is, how it is told to a person, and which share of them a job runs."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from ctl.errors import CTLError
from ctl.transfer.plan import Plan


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


def part_of_shard(shard: str) -> tuple[int, int]:
    """``2/8`` as the place 1 among 8.

    Raises:
        CTLError: it is no such thing.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", shard)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise CTLError(f"--shard {shard}: give the number of this part and of all, 1/8 to 8/8")
    return int(found[1]) - 1, int(found[2])


FAILED, CELL = "failed.json", "cell.json"


def is_done(cell: Cell, plan: Plan) -> bool:
    """Whether a cell's results are there and are what its plan would give."""
    try:
        seen = json.loads((cell.folder / CELL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(seen["key"] == key_of(plan)) and (cell.folder / "results.json").is_file()


def key_of(plan: Plan) -> str:
    """Fingerprint of everything that a cell's results depend on."""
    return hashlib.sha256(" ".join(test.key for test in plan.tests).encode()).hexdigest()[:16]
