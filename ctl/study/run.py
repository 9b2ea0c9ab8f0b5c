"""A study's run: its stages on an executor, each cell written down when its last stage has ended, and failures."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lightning.pytorch.utilities.exceptions import SIGTERMException

from ctl.results import CELL, FAILED, counts_file, write_records
from ctl.study.cells import is_done, key_of
from ctl.study.executors.running import Executor, Outcome, in_one_line
from ctl.study.keeping import remove_large
from ctl.study.order import run_in_order
from ctl.study.pace import Pace
from ctl.system.console import duration, say
from ctl.system.files import read_object, remove, write_json
from ctl.thresholds.curve_file import curve_file
from ctl.transfer.stage import Stage

if TYPE_CHECKING:
    from ctl.study.cells import Cell
    from ctl.study.grid import Study


def run_cells(study: Study, executor: Executor) -> int:
    """Runs what is left of a study's share; returns how many of its cells failed."""
    try:
        return len(Run(study, executor).run())
    except SIGTERMException:  # a cluster's queue wants its node back: no stage has failed
        sys.exit(128 + signal.SIGTERM)


class Run:
    """Runs the stages that are left of a study's share, and writes down what became of its cells.

    Args:
        study: whose cells.
        executor: where stages run.
    """

    def __init__(self, study: Study, executor: Executor) -> None:
        self.study = study
        self.executor = executor
        self.plans = {cell: study.plan(cell) for cell in study.share}
        self.graph = study.graph(study.share)
        left = {cell: plan for cell, plan in self.plans.items() if not is_done(cell, plan)}
        self.waiting = {cell: self.graph.needed_for(plan.goals) for cell, plan in left.items()}
        self.failed: list[Cell] = []
        self.left = {stage.name: stage for stage in self.graph}
        self.pace = Pace(stage for stage in study.stages() if stage.name not in self.graph and stage.done())
        self.keeping = study.keeping(self.graph)

    def run(self) -> list[Cell]:
        """Runs all that can be run; gives the cells that failed."""
        for cell in self.plans.keys() - self.waiting.keys():
            self._name_by_key(cell)
        self._remove(self.keeping.idle(self.study.stages()))
        self._finish_cells()
        for stage, outcome in run_in_order(self.graph, self.executor, lambda stage: self.pace.of(stage) or stage.work):
            if outcome.error:
                self._fail_cells(stage, outcome)
            else:
                self._end(stage)
        return self.failed

    def _end(self, stage: Stage) -> None:
        """Notes that a stage is done."""
        del self.left[stage.name]
        self.pace.add(stage)
        for needed in self.waiting.values():
            needed.discard(stage.name)
        self._finish_cells()
        self._remove(self.keeping.ended(stage))

    def _finish_cells(self) -> None:
        """Writes the results of the cells whose stages are all done."""
        for cell in [cell for cell, needed in self.waiting.items() if not needed]:
            try:
                self._finish(cell)
            except Exception as error:
                self._fail(cell, in_one_line(error), traceback.format_exception(error))
            else:
                del self.waiting[cell]
                done = len(self.plans) - len(self.waiting) - len(self.failed)
                say(f"[{done}/{len(self.plans)}] {cell}: done, {self._rest()}")

    def _finish(self, cell: Cell) -> None:
        plan = self.plans[cell]
        cell.folder.mkdir(parents=True, exist_ok=True)
        remove(cell.folder / FAILED, self.study.output)
        self._forget(cell)
        plan.collect_counts(cell.folder)
        write_records(cell.folder / "results.json", plan.records())
        write_json(cell.folder / CELL, {**self.study.cell_record(cell), "key": key_of(plan)})

    def _forget(self, cell: Cell) -> None:
        """Removes counts and curves of methods that were scored with other settings."""
        for name in {name for names in read_object(cell.folder / CELL).get("methods", {}).values() for name in names}:
            for file in (counts_file(cell.folder, name), curve_file(cell.folder, name)):
                remove(file, self.study.output)

    def _name_by_key(self, cell: Cell) -> None:
        """Gives a cell that an earlier version of ctl ran the key by which the study names it now."""
        record = read_object(cell.folder / CELL)
        if record["key"] != key_of(self.plans[cell]):
            write_json(cell.folder / CELL, {**record, "key": key_of(self.plans[cell])})

    def _fail_cells(self, stage: Stage, outcome: Outcome) -> None:
        """Writes down that the cells failed that need a stage."""
        for cell in [cell for cell, needed in self.waiting.items() if stage.name in needed]:
            self._fail(cell, f"{stage.title} failed: {outcome.error}", outcome.traceback)

    def _fail(self, cell: Cell, error: str, where: Sequence[str]) -> None:
        del self.waiting[cell]
        self.failed.append(cell)
        cell.folder.mkdir(parents=True, exist_ok=True)
        for old in (CELL, "results.json"):
            remove(cell.folder / old, self.study.output)
        write_json(cell.folder / FAILED, {"error": error, "traceback": list(where)})
        say(f"ctl: {cell}: FAILED, {error}")

    def _remove(self, stages: Iterable[Stage]) -> None:
        """Removes models and soft labels that no stage will read."""
        for stage in stages:
            remove_large(stage, self.study.output)

    def _rest(self) -> str:
        """Says how long the rest will take, all processes together."""
        if not self.left:
            return "nothing left"
        seconds, at_once = self.pace.left(self.left.values()), min(self.executor.slots, len(self.left))
        return "the rest is unknown" if seconds is None else f"about {duration(seconds / at_once)} left"
