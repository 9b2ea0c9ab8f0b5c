"""Running the cells of a study: several at once, each stage once, and on after a failure."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import torch
from lightning.pytorch.utilities.exceptions import SIGTERMException

from ctl.errors import CTLError, first_line
from ctl.results import CELL, FAILED, counts_file, write_records
from ctl.study.cells import is_done, key_of
from ctl.study.estimate import seconds_left
from ctl.system.console import duration, quiet, say
from ctl.system.files import fingerprint, read_object, remove, write_json
from ctl.system.locks import held
from ctl.system.signals import end_with_parent
from ctl.thresholds.curve_file import curve_file
from ctl.transfer.plan import Plan
from ctl.transfer.stage import Stage

if TYPE_CHECKING:
    from ctl.study.cells import Cell
    from ctl.study.grid import Study

PAUSE = 2.0  # seconds between looks at what another process is running


def run_cells(study: Study, jobs: int | None, parse: Callable[[], Study]) -> int:
    """Runs a study's share of cells in as many processes; returns how many cells failed.

    Args:
        study: whose cells.
        jobs: processes; ``None`` for one on every GPU, or one.
        parse: makes the study anew, in each of several processes.

    Raises:
        CTLError: a process ended before its cells did.
    """
    if jobs is None:
        jobs = 1 if "devices" in study.settings.trainer else max(1, torch.cuda.device_count())
    began = time.time()
    if jobs == 1:
        Worker(study, began).run()
    else:
        context = multiprocessing.get_context("spawn")
        processes = [
            context.Process(target=_work, args=(parse, index, jobs, began), daemon=True) for index in range(jobs)
        ]
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # which ends the others as well
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        if ended := [process.exitcode for process in processes if process.exitcode]:
            raise CTLError(f"a process of the study ended with status {ended[0]}; the same command goes on from here")
    return sum((cell.folder / FAILED).exists() for cell in study.share)


def _work(parse: Callable[[], Study], index: int, jobs: int, began: float) -> None:
    """One process of several: its own GPU where there are some, its share of the cores where not."""
    quiet()
    end_with_parent()
    if devices := torch.cuda.device_count():
        os.environ["CUDA_VISIBLE_DEVICES"] = str(index % devices)
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // jobs))
    Worker(parse(), began, index / jobs).run()


class Busy(Exception):
    """Another process runs this stage, or another cell's process has it."""


class Worker:
    """Runs the cells of a share that nobody else runs, until all are done or failed.

    Args:
        study: whose cells.
        began: when the study was started (seconds of the epoch); cells that have failed since are left.
        start: where in the list to begin, 0..1, so that several processes begin apart.
    """

    def __init__(self, study: Study, began: float, start: float = 0.0) -> None:
        self.study = study
        self.began = began
        cells = study.share
        first = int(start * len(cells))
        self.plans = {cell: study.plan(cell) for cell in cells[first:] + cells[:first]}
        self.stages = {(s.folder, s.command): s for plan in self.plans.values() for s in plan}
        self.broken: dict[str, str] = {}  # what became of stages that failed, by key

    def run(self) -> None:
        """Runs all cells; those that are busy are tried again after the others."""
        waiting = list(self.plans)
        while waiting:
            left = [cell for cell in waiting if not self._finish(cell)]
            if len(left) == len(waiting):
                time.sleep(PAUSE)
            waiting = left

    def _finish(self, cell: Cell) -> bool:
        """Runs a cell, and tells whether it is done or has failed, now or before; ``False`` where it is busy."""
        plan = self.plans[cell]
        if is_done(cell, plan):
            self._name_by_key(cell, plan)
            return True
        if self._has_failed(cell):
            return True
        try:
            with self._lock(f"{cell.folder}"):
                self._run(cell, plan)
        except Busy:
            return False
        except SIGTERMException:  # a cluster's queue wants its node back: the cell is not done, nor has it failed
            sys.exit(128 + signal.SIGTERM)
        except (Exception, SystemExit) as error:
            if isinstance(error.__context__, KeyboardInterrupt):
                raise
            self._fail(cell, error)
        return True

    def _run(self, cell: Cell, plan: Plan) -> None:
        for stage in plan:
            if (parent := multiprocessing.parent_process()) and not parent.is_alive():
                raise SIGTERMException  # the study was killed: nobody waits for this
            if not stage.done():
                self._run_stage(stage)
        cell.folder.mkdir(parents=True, exist_ok=True)
        remove(cell.folder / FAILED, self.study.output)
        self._forget(cell)
        plan.collect_counts(cell.folder)
        write_records(cell.folder / "results.json", plan.records())
        write_json(cell.folder / CELL, {**self.study.cell_record(cell), "key": key_of(plan)})
        if not self.study.settings.keep_models:
            for stage in plan:
                if stage.folder.is_relative_to(cell.folder):  # of this cell alone
                    remove(stage.folder / "checkpoints", self.study.output)
        done = sum(is_done(cell, plan) for cell, plan in self.plans.items())
        say(f"[{done}/{len(self.plans)}] {cell}: done, {self._left()}")

    @staticmethod
    def _name_by_key(cell: Cell, plan: Plan) -> None:
        """Gives a cell that an earlier version of ctl ran the key by which the study names it now."""
        record = read_object(cell.folder / CELL)
        if record["key"] != key_of(plan):
            write_json(cell.folder / CELL, {**record, "key": key_of(plan)})

    def _forget(self, cell: Cell) -> None:
        """Removes counts and curves of methods that were scored with other settings."""
        for name in {name for names in read_object(cell.folder / CELL).get("methods", {}).values() for name in names}:
            for file in (counts_file(cell.folder, name), curve_file(cell.folder, name)):
                remove(file, self.study.output)

    def _run_stage(self, stage: Stage) -> None:
        if broken := [self.broken[s.key] for s in (stage, *stage.after) if s.key in self.broken]:
            raise CTLError(broken[0])
        with self._lock(f"{stage.folder} {stage.command}"):
            if stage.done():
                return
            if stage.command == "fit":
                say(f"  {stage.title} (seed {stage.config['seed_everything']}) ...")
            try:
                stage.run()
            except (Exception, SystemExit) as error:
                self.broken[stage.key] = f"{stage.title} failed: {_message(error)}"
                raise

    def _has_failed(self, cell: Cell) -> bool:
        file = cell.folder / FAILED
        return file.exists() and file.stat().st_mtime >= self.began

    def _fail(self, cell: Cell, error: BaseException) -> None:
        cell.folder.mkdir(parents=True, exist_ok=True)
        for old in (CELL, "results.json"):
            remove(cell.folder / old, self.study.output)
        message = _message(error)
        write_json(cell.folder / FAILED, {"error": message, "traceback": traceback.format_exception(error)})
        say(f"ctl: {cell}: FAILED, {message}")

    def _lock(self, name: str) -> AbstractContextManager[None]:
        """Holds a lock that is free at once.

        Raises:
            Busy: another process holds it.
        """
        return held(self.study.output / ".locks" / f"{fingerprint(name)}.lock", Busy())

    def _left(self) -> str:
        """Says how long the rest will take, all processes together."""
        seconds = seconds_left(self.stages.values())
        if seconds is None:
            return "the rest is unknown"
        return f"about {duration(seconds / (self.study.settings.jobs or 1))} left" if seconds else "nothing left"


def _message(error: BaseException) -> str:
    """The kind of an error, and what it says in one line."""
    name, text = type(error).__name__, first_line(error)
    return name if text == name else f"{name}: {text}"
