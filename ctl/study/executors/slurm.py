"""The stages of a study as jobs of SLURM, through submitit: those that can begin together are one array."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctl.errors import CTLError, first_line
from ctl.study.executors.running import Outcome, Task
from ctl.system.console import say
from ctl.transfer.stage import Stage

DAY = 24 * 60  # minutes
PAUSE = 1.0  # seconds between looks at the jobs; submitit itself asks SLURM less often
TIMEOUTS = 1000  # jobs that are queued again; each goes on where it was
OF_TASKS = ("SLURM_NTASKS", "SLURM_JOB_NAME")  # with them Lightning would look for a task of SLURM for each GPU


class Slurm:
    """Runs each stage as a job of SLURM, which is queued again when its time is over, and goes on where it was.

    Args:
        output: the study's folder, which all machines see under the same name.
        given: parameters of submitit; ``cluster: local`` runs jobs on this machine.
        jobs: stages at once; by default all that can begin.
        cores: CPU cores of a job.
        gpus: GPUs of a job.

    Raises:
        CTLError: submitit is not installed, there is no SLURM, or a parameter is unknown.
    """

    def __init__(self, output: Path, given: Mapping[str, Any], jobs: int | None, cores: int, gpus: int) -> None:
        os.environ.setdefault("SUBMITIT_PREEMPT_SIGNAL", "USR1")  # at which a fit saves its state before it stops
        try:
            import submitit
        except ImportError as error:
            raise CTLError("--executor slurm needs submitit: pip install 'ctl[slurm]'") from error
        self.output = output.absolute()
        self.slots = jobs or sys.maxsize
        self._cores = cores
        parameters = {"name": "ctl", "timeout_min": DAY, "cpus_per_task": cores, "gpus_per_node": gpus or None, **given}
        cluster = parameters.pop("cluster", "slurm")
        try:
            self._executor = submitit.AutoExecutor(self.output / ".jobs", cluster, slurm_max_num_timeout=TIMEOUTS)
            self._executor.update_parameters(**parameters)
        except (RuntimeError, ValueError, NameError, AssertionError, TypeError) as error:
            raise CTLError(f"--slurm: {first_line(error)}") from error
        self._running: dict[Any, Stage] = {}

    def start(self, stages: Sequence[Stage]) -> None:
        """Submits stages as one array."""
        if not stages:
            return
        with self._executor.batch():
            jobs = [self._executor.submit(Job(Task.of(stage, self.output, self._cores))) for stage in stages]
        self._running |= dict(zip(jobs, stages, strict=True))
        say(f"  jobs {jobs[0].job_id} to {jobs[-1].job_id}: {stages[0].title} ...")

    def ended(self, seconds: float | None = None) -> list[tuple[Stage, Outcome]]:
        """Waits until stages have ended, or so many seconds are over."""
        began = time.monotonic()
        while not (ended := [job for job in self._running if job.done()]):
            if seconds is not None and time.monotonic() - began > seconds:
                break
            time.sleep(PAUSE)
        return [(self._running.pop(job), _outcome(job)) for job in ended]

    def close(self) -> None:
        """Cancels the jobs that are left."""
        for job in self._running:
            job.cancel()


@dataclass(frozen=True)
class Job:
    """A task as a job that can be queued again.

    Attributes:
        task: what to run.
    """

    task: Task

    def __call__(self) -> Outcome:
        """Runs the task, with as many processes as it asks for."""
        for name in OF_TASKS:
            os.environ.pop(name, None)
        return self.task()

    def checkpoint(self) -> Any:  # noqa: ANN401
        """The job that submitit queues when the time of this one is over: the same, as stages go on where they were."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def _outcome(job: Any) -> Outcome:  # noqa: ANN401
    error = job.exception()
    return job.result() if error is None else Outcome(f"job {job.job_id}: {first_line(error)}", (str(error),))
