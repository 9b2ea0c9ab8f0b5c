"""The cells of a study: which transfer each is, whether it is done, and which share of them a job runs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from ctl.errors import CTLError
from ctl.results import CELL
from ctl.system.files import fingerprint
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
    """Reads ``2/8`` as part 1, counted from 0, of 8.

    Raises:
        CTLError: the text is no part of a whole.
    """
    numbers = re.fullmatch(r"(\d+)/(\d+)", shard)
    if numbers is None or not 1 <= int(numbers[1]) <= int(numbers[2]):
        raise CTLError(f"--shard {shard}: give the number of this part and of all, 1/8 to 8/8")
    return int(numbers[1]) - 1, int(numbers[2])


def is_done(cell: Cell, plan: Plan) -> bool:
    """Tells whether a cell's results are there and are what its plan would give."""
    try:
        record = json.loads((cell.folder / CELL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(record["key"] == key_of(plan)) and (cell.folder / "results.json").is_file()


def key_of(plan: Plan) -> str:
    """Fingerprint of everything that a cell's results depend on."""
    return fingerprint(" ".join(test.key for test in plan.tests))
