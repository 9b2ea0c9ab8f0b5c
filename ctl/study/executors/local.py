"""The stages of a study on this machine: one at a time in this process, or several in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path

import torch
from lightning.pytorch.utilities.exceptions import SIGTERMException

from ctl.study.executors.running import Outcome, run_stage
from ctl.system.console import quiet
from ctl.system.signals import end_with_parent
from ctl.transfer.stage import Stage

SPAWN = multiprocessing.get_context("spawn")


class Here:
    """Runs one stage at a time in this process.

    Args:
        output: the study's folder.
    """

    slots = 1

    def __init__(self, output: Path) -> None:
        self.output = output
        self._stages: list[Stage] = []

    def start(self, stages: Sequence[Stage]) -> None:
        """Takes stages; they run when somebody waits for them."""
        self._stages += stages

    def ended(self, seconds: float | None = None) -> list[tuple[Stage, Outcome]]:
        """Runs the next stage to its end."""
        stage = self._stages.pop(0)
        return [(stage, run_stage(stage, self.output))]

    def close(self) -> None:
        """Has nothing to stop."""


class Processes:
    """Runs stages in several processes, each with a GPU of its own where there are some, and its share of the cores.

    A process that is killed, for its memory say, costs its stage alone.

    Args:
        output: the study's folder.
        jobs: processes; each is started when there is a stage for it.
    """

    def __init__(self, output: Path, jobs: int) -> None:
        self.output = output
        self.slots = jobs
        self._numbers = list(range(jobs))  # of processes that are to be started
        self._idle: list[_Process] = []
        self._running: dict[Connection, tuple[_Process, Stage]] = {}

    def start(self, stages: Sequence[Stage]) -> None:
        """Hands stages to processes that have none."""
        for stage in stages:
            process = self._idle.pop() if self._idle else _Process(self.output, self._numbers.pop(0), self.slots)
            process.pipe.send(stage)
            self._running[process.pipe] = process, stage

    def ended(self, seconds: float | None = None) -> list[tuple[Stage, Outcome]]:
        """Waits until a stage has ended, or several, or so many seconds are over."""
        return [self._end(pipe) for pipe in wait(list(self._running), seconds) if isinstance(pipe, Connection)]

    def _end(self, pipe: Connection) -> tuple[Stage, Outcome]:
        process, stage = self._running.pop(pipe)
        try:
            outcome: Outcome = pipe.recv()
        except (EOFError, ConnectionError):
            self._numbers.append(process.number)
            return stage, Outcome(f"its process ended with status {process.join()}")
        self._idle.append(process)
        return stage, outcome

    def close(self) -> None:
        """Stops the processes; a fit saves its state first."""
        processes = [*self._idle, *(process for process, _ in self._running.values())]
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


class _Process:
    """A process that runs stages one after another, as a pipe brings them."""

    def __init__(self, output: Path, number: int, jobs: int) -> None:
        self.number = number
        self.pipe, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=_serve, args=(theirs, output, number, jobs))
        self._process.start()
        theirs.close()

    def terminate(self) -> None:
        """Asks for its end."""
        self._process.terminate()

    def join(self) -> int | None:
        """Waits for its end, and gives its exit status."""
        self._process.join()
        return self._process.exitcode


def _serve(pipe: Connection, output: Path, number: int, jobs: int) -> None:
    """Runs stages until nobody sends any more."""
    quiet()
    end_with_parent()
    if devices := torch.cuda.device_count():
        visible = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(devices)))
        os.environ["CUDA_VISIBLE_DEVICES"] = visible.split(",")[number % devices]
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // jobs))
    with suppress(EOFError, KeyboardInterrupt, SIGTERMException):
        while True:
            pipe.send(run_stage(pipe.recv(), output))
