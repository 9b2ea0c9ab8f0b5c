"""The cells of a study: which transfer each is, whether it is done, and which share of them a job runs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ctl.errors import CTLError
from ctl.results import CELL
from ctl.system.files import fingerprint, read_object
from ctl.transfer.outputs import files_of
from ctl.transfer.plan import Plan

SLURM = "slurm"  # in place of a shard: that of this task of a SLURM array
SHARDS = "CTL_SHARDS"  # in the environment of such a task: the number of shards, where its array leaves some out


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
    """Reads ``2/8`` as part 1, counted from 0, of 8; ``slurm`` as the part of this task of a SLURM array.

    Raises:
        CTLError: the text is no part of a whole.
    """
    if shard == SLURM:
        return part_of_array(os.environ)
    numbers = re.fullmatch(r"(\d+)/(\d+)", shard)
    if numbers is None or not 1 <= int(numbers[1]) <= int(numbers[2]):
        raise CTLError(f"--shard {shard}: give the number of this part and of all, 1/8 to 8/8, or {SLURM}")
    return int(numbers[1]) - 1, int(numbers[2])


def part_of_array(environment: Mapping[str, str]) -> tuple[int, int]:
    """The part of a task of a SLURM array, counted from 0, and the number of parts.

    An array may begin anywhere and have a step: in ``0-15``, ``1-16`` and ``1-31:2`` each of 16 parts has one task. An
    array that leaves numbers out, ``3,7``, repeats tasks of an earlier one, whose size ``CTL_SHARDS`` says.

    Raises:
        CTLError: this is no task of an array, or the number of parts is not known.
    """
    try:
        task, first, last, step, tasks = (
            int(environment[f"SLURM_ARRAY_TASK_{name}"]) for name in ("ID", "MIN", "MAX", "STEP", "COUNT")
        )
    except (KeyError, ValueError):
        raise CTLError(f"--shard {SLURM}: this is no task of a SLURM array: sbatch --array=1-8 ...") from None
    parts = environment.get(SHARDS, str(tasks))
    if not re.fullmatch("[1-9][0-9]*", parts):
        raise CTLError(f"{SHARDS}={parts}: give the number of parts that the study has, 16 say")
    if SHARDS not in environment and first + step * (tasks - 1) != last:
        raise CTLError(
            f"--shard {SLURM}: this array leaves numbers out, so say how many parts the study has: "
            f"sbatch --export=ALL,{SHARDS}=16 --array=3,7 ..."
        )
    return task // step % int(parts), int(parts)


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
