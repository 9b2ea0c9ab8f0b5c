"""The stages of a study in a Ray cluster: tasks that Ray places on its machines, and again when it loses one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ctl.errors import CTLError, first_line
from ctl.study.executors.running import Outcome, Task
from ctl.transfer.stage import Stage

RETRIES = 10  # of a stage whose machine is lost; it goes on from its last checkpoint
PASSED_ON = ("HF_", "CTL_", "WANDB_")  # beginnings of the names of environment variables that stages read


class Ray:
    """Runs stages in a Ray cluster, whose machines see the study's folder under the same name.

    Args:
        output: the study's folder.
        address: of the cluster; by default the one that is there, or a new one on this machine.
        jobs: stages at once; by default as many as the cluster has room for.
        cores: CPU cores of a stage.
        gpus: GPUs of a stage, where the cluster has some.

    Raises:
        CTLError: Ray is not installed, or there is no such cluster.
    """

    def __init__(self, output: Path, address: str | None, jobs: int | None, cores: int, gpus: int) -> None:
        try:
            import ray
        except ImportError as error:
            raise CTLError("--executor ray needs Ray: pip install 'ctl[ray]'") from error
        self._ray = ray
        passed_on = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
        try:
            ray.init(address, log_to_driver=False, logging_level="warning", runtime_env={"env_vars": passed_on})
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise CTLError(f"--ray_address {address}: {first_line(error)}") from error
        self.output = output.absolute()
        self._jobs = jobs
        self._cores = cores
        self._needs = {"CPU": cores, "GPU": gpus if ray.cluster_resources().get("GPU") else 0}
        run = ray.remote(num_cpus=cores, num_gpus=self._needs["GPU"], max_retries=RETRIES)
        self._run = run(_run)
        self._running: dict[Any, Stage] = {}

    @property
    def slots(self) -> int:
        """The number of stages that were asked for, or that the cluster of now has room for."""
        if self._jobs is not None:
            return self._jobs
        there = self._ray.cluster_resources()
        return max(1, min(int(there.get(kind, 0) // need) for kind, need in self._needs.items() if need))

    def start(self, stages: Sequence[Stage]) -> None:
        """Hands stages to Ray."""
        for stage in stages:
            self._running[self._run.remote(Task.of(stage, self.output, self._cores))] = stage

    def ended(self, seconds: float | None = None) -> list[tuple[Stage, Outcome]]:
        """Waits until a stage has ended, or so many seconds are over."""
        ended, _ = self._ray.wait(list(self._running), timeout=seconds)
        return [(self._running.pop(reference), self._outcome(reference)) for reference in ended]

    def _outcome(self, reference: Any) -> Outcome:  # noqa: ANN401
        try:
            outcome: Outcome = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:  # its machine or its process was lost too often
            return Outcome(f"{type(error).__name__}: {first_line(error)}")
        return outcome

    def close(self) -> None:
        """Leaves the cluster, which stops what still runs."""
        self._ray.shutdown()


def _run(task: Task) -> Outcome:
    return task()
