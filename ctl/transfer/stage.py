"""Stages: `ctl` commands with a key, run once, resumed where they were killed and skipped when done."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import yaml

from ctl.errors import CTLError
from ctl.system.checkpoints import can_resume
from ctl.system.console import duration, say
from ctl.system.files import fingerprint_json, remove, write_json, write_text
from ctl.system.signals import run_stoppable


@dataclass(frozen=True)
class Stage:
    """A `ctl` command of a plan.

    Attributes:
        title: what it does, for people.
        folder: its run's folder.
        command: ``fit``, ``test`` or ``predict``.
        config: what LightningCLI is given.
        outputs: what it must leave in its folder.
        after: the stages whose outputs it reads.
        work: its share of the time, in sentences read forward.
        context: fingerprint of what all stages depend on: data, backbone, version.
    """

    title: str
    folder: Path
    command: str
    config: dict[str, Any]
    outputs: tuple[str, ...]
    after: tuple[Stage, ...] = ()
    work: float = 0.0
    context: str = ""

    @cached_property
    def key(self) -> str:
        """Fingerprint of everything that its result depends on; what is logged changes nothing."""
        trainer = {name: value for name, value in self.config["trainer"].items() if name != "logger"}
        config = {**self.config, "trainer": trainer}
        parts = [self.command, self.context, config, [stage.key for stage in self.after]]
        return fingerprint_json(parts)

    @property
    def output(self) -> Path:
        """The first file that it leaves, the one that other stages read."""
        return self.folder / self.outputs[0]

    @property
    def marker(self) -> Path:
        """The file that says how far this stage is."""
        return self.folder / f"{self.command}.json"

    def done(self) -> bool:
        """Tells whether it ended and what it left is still there."""
        return bool(self._marked().get("done")) and all((self.folder / output).exists() for output in self.outputs)

    def run(self) -> float:
        """Runs it, or goes on from its last checkpoint where a run was killed; returns the seconds it took in all."""
        began = time.perf_counter()
        earlier = self._marked()
        if not earlier:
            self._clear()
        self._mark(done=False, seconds=earlier.get("seconds", 0.0))
        _launch(self._arguments(), self.config["trainer"])
        if missing := [output for output in self.outputs if not (self.folder / output).exists()]:
            raise CTLError(f"{self.title}: ended without writing {', '.join(missing)} (in {self.folder})")
        seconds = float(time.perf_counter() - began + earlier.get("seconds", 0.0))
        self._mark(done=True, seconds=seconds)
        return seconds

    def seconds(self) -> float:
        """Seconds that it took when it was run."""
        return float(self._marked().get("seconds", 0.0))

    def _arguments(self) -> list[str]:
        config = self.folder / f"{self.command}.yaml"
        write_text(config, yaml.safe_dump(self.config, sort_keys=False, allow_unicode=True))
        arguments = [self.command, "--config", str(config), "--trainer.enable_model_summary", "false"]
        last = self.folder / "checkpoints" / "last.ckpt"
        if self.command == "fit" and can_resume(last):
            arguments += ["--ckpt_path", str(last)]
        if self.command == "test":
            arguments += ["--verbose", "false"]  # one table at the end instead
        if not sys.stderr.isatty():
            arguments += ["--trainer.enable_progress_bar", "false"]
        return arguments

    def _marked(self) -> dict[str, Any]:
        """The marker, empty where there is none or it is another stage's."""
        try:
            marker: dict[str, Any] = json.loads(self.marker.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return marker if marker.get("key") == self.key else {}

    def _mark(self, done: bool, seconds: float) -> None:
        write_json(self.marker, {"key": self.key, "done": done, "seconds": round(seconds, 1)}, indent=None)

    def _clear(self) -> None:
        """Removes what another configuration or other data left; training anew removes the whole run."""
        if self.command == "fit":
            shutil.rmtree(self.folder, ignore_errors=True)
        for output in self.outputs:
            remove(self.folder / output)
        self.folder.mkdir(parents=True, exist_ok=True)


def run_stages(stages: Iterable[Stage]) -> None:
    """Runs stages in order, skips those that are done, and says what it is doing and how long it has left."""
    stages = list(stages)
    left, seconds, work = sum(stage.work for stage in stages), 0.0, 0.0
    for number, stage in enumerate(stages, 1):
        skipped = stage.done()
        title = f"[{number:>{len(str(len(stages)))}}/{len(stages)}] {stage.title}"
        if not skipped:
            say(f"{title} ...")
        took = stage.seconds() if skipped else stage.run()
        left, seconds, work = left - stage.work, seconds + took, work + stage.work
        rest = f"about {duration(left * seconds / work)} left" if number < len(stages) and work else "all done"
        say(f"{title}: {'done before' if skipped else duration(took)}, {rest}")


def _launch(arguments: list[str], trainer: Mapping[str, Any]) -> None:
    """Runs a `ctl` command here, or, for several processes, as a program that each of them can begin."""
    if not _several_processes(trainer):
        from ctl.cli import run

        run(arguments)
        return
    if status := run_stoppable([sys.executable, "-m", "ctl", *arguments]):
        raise CTLError(f"`ctl {' '.join(arguments)}` ended with status {status}")


def _several_processes(trainer: Mapping[str, Any]) -> bool:
    devices = trainer.get("devices", "auto")
    if devices in ("auto", -1, "-1"):
        on_gpu = trainer.get("accelerator", "auto") in ("auto", "gpu", "cuda")
        devices = torch.cuda.device_count() if on_gpu else 1
    count = len(devices) if isinstance(devices, list) else int(devices)
    return count > 1 or int(trainer.get("num_nodes") or 1) > 1
