"""The cells of a study: which transfer each is, whether it is done, and which share of them a job runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ctl.errors import CTLError
from ctl.results import CELL
from ctl.system.files import fingerprint, read_object
from ctl.transfer.outputs import files_of
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
        few: the number of labelled target sentences; those of a cell with some go on from the cell with none.
    """

    target: str
    sources: tuple[str, ...]
    seed: int
    kinds: tuple[str, ...]
    folder: Path
    few: int = 0

    def __str__(self) -> str:
        name = f"{', '.join(self.sources)} -> {self.target}, seed {self.seed}"
        return f"{name}, {self.few} labelled sentences" if self.few else name


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
    """Tells whether a cell's results are there and are what its plan would give; its models need not be there."""
    record = read_object(cell.folder / CELL)
    if not record or not results_are_there(cell):
        return False
    return bool(record.get("key") == key_of(plan)) or (bool(plan.tests) and all(test.done() for test in plan.tests))


def results_are_there(cell: Cell) -> bool:
    """Tells whether a cell's records and the counts of each are there."""
    try:
        return all(path.is_file() for path in files_of(cell.folder / "results.json"))
    except (CTLError, TypeError, KeyError):
        return False


def key_of(plan: Plan) -> str:
    """Fingerprint of everything that a cell's results depend on."""
    return fingerprint(" ".join(test.key for test in plan.tests))
