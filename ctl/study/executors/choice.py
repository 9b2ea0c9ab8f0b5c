"""The executor that a study was asked to run on."""

from __future__ import annotations

from pathlib import Path

import torch

from ctl.study.executors.local import Here, Processes
from ctl.study.executors.ray import Ray
from ctl.study.executors.running import Executor
from ctl.study.executors.slurm import Slurm
from ctl.transfer.settings import Section, StudySettings


def make_executor(settings: StudySettings) -> Executor:
    """Makes the executor of a study.

    Raises:
        CTLError: what it needs is not installed, or not there.
    """
    output, jobs, cores, gpus = Path(settings.output), settings.jobs, settings.cores or 1, gpus_of(settings.trainer)
    match settings.executor:
        case "ray":
            return Ray(output, settings.ray_address, jobs, cores, gpus)
        case "slurm":
            return Slurm(output, settings.slurm, jobs, cores, gpus)
    if jobs is None:
        alone = settings.trainer.get("devices", "auto") == "auto"  # a stage takes one GPU
        jobs = max(1, torch.cuda.device_count()) if alone else 1
    return Here(output) if jobs == 1 else Processes(output, jobs)


def gpus_of(trainer: Section) -> int:
    """The number of GPUs that a stage computes on: one, unless the Trainer is told another number."""
    if trainer.get("accelerator", "auto") not in ("auto", "gpu", "cuda"):
        return 0
    devices = trainer.get("devices", "auto")
    if isinstance(devices, list):
        return len(devices)
    return 1 if devices in ("auto", -1, "-1") else int(devices)
