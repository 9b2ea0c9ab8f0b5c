"""One stage, wherever it runs: alone under its lock, and an outcome in place of an exception."""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from lightning.pytorch.utilities.exceptions import SIGTERMException

from ctl.errors import first_line
from ctl.system.console import quiet, say
from ctl.system.files import fingerprint
from ctl.system.locks import held
from ctl.transfer.stage import Stage


class Outcome(NamedTuple):
    """The end of a stage.

    Attributes:
        error: why it failed, in one line; empty where it is done.
        traceback: of the error.
        busy: another process runs it, so it is neither done nor has it failed.
    """

    error: str = ""
    traceback: tuple[str, ...] = ()
    busy: bool = False


class Executor(Protocol):
    """Runs stages somewhere, several at once."""

    @property
    def slots(self) -> int:
        """The number of stages that it can run at once, now."""

    def start(self, stages: Sequence[Stage]) -> None:
        """Starts stages; all that they read is there."""

    def ended(self, seconds: float | None = None) -> list[tuple[Stage, Outcome]]:
        """Waits until a stage has ended, or several, or so many seconds are over."""

    def close(self) -> None:
        """Stops what still runs; a fit saves its state first."""


class Busy(Exception):
    """Another process runs this stage."""


def run_stage(stage: Stage, output: Path, patience: float = 0.0) -> Outcome:
    """Runs a stage that is not done.

    Args:
        stage: whose inputs are there.
        output: the study's folder, which has the locks.
        patience: seconds to wait for another process that runs it; -1 waits until that has ended.
    """
    try:
        with held(output / ".locks" / f"{fingerprint(f'{stage.folder} {stage.command}')}.lock", Busy(), patience):
            if not stage.done():
                if stage.command == "fit":
                    say(f"  {stage.title} (seed {stage.config['seed_everything']}) ...")
                stage.run()
    except Busy:
        return Outcome(busy=True)
    except SIGTERMException:  # the machine is wanted back: the stage is not done, nor has it failed
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise
        return Outcome(in_one_line(error), tuple(traceback.format_exception(error)))
    return Outcome()


def in_one_line(error: BaseException) -> str:
    """The kind of an error, and what it says in one line."""
    name, text = type(error).__name__, first_line(error)
    return name if text == name else f"{name}: {text}"


@dataclass(frozen=True)
class Task:
    """A stage for another machine, which sees the same folders.

    Attributes:
        stage: what to run.
        output: the study's folder.
        cores: threads that it computes with; ``None`` for as many as PyTorch takes.
        folder: from which paths are given.
    """

    stage: Stage
    output: Path
    cores: int | None
    folder: str

    @classmethod
    def of(cls, stage: Stage, output: Path, cores: int | None) -> Task:
        """The task of a stage whose paths are given from the folder of this process."""
        return cls(stage, output, cores, os.getcwd())

    def __call__(self) -> Outcome:
        """Runs the stage; waits where what is left of a lost machine still runs it."""
        import torch

        quiet()
        os.chdir(self.folder)
        if self.cores is not None:
            torch.set_num_threads(self.cores)
        return run_stage(self.stage, self.output, patience=-1)
