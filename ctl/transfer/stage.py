"""Stages: `ctl` commands with a key, run once, resumed where they were killed and skipped when done."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import yaml

from ctl.errors import CTLError, NotFiniteError
from ctl.system.checkpoints import can_resume
from ctl.system.console import say
from ctl.system.files import fingerprint_json, read_object, remove, write_json, write_text
from ctl.system.replacing import differences
from ctl.system.signals import run_stoppable
from ctl.transfer.dependence import root_of, settings_that_matter
from ctl.transfer.outputs import describe, first_damaged, first_missing

SECTIONS = ("trainer", "model", "data")  # of a stage's configuration
Name = tuple[Path, str]  # of a stage: its folder and its command


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
        context: fingerprints of all that it reads beside the outputs of other stages: version, backbone, data.
        root: the folder of the whole run, or of all that cells of a study share; by default the one above its own.
        sentences: those of the largest split that it reads; 0 where that is not known.
        untested: the same stage as it is without the target's test split, where it labels that split beside others.
    """

    title: str
    folder: Path
    command: str
    config: dict[str, Any]
    outputs: tuple[str, ...]
    after: tuple[Stage, ...] = ()
    work: float = 0.0
    context: str = ""
    root: Path | None = None
    sentences: int = 0
    untested: Stage | None = None
    _verdicts: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> Name:
        """Folder and command, by which it is told from all other stages."""
        return self.folder, self.command

    # What it depends on

    @cached_property
    def key(self) -> str:
        """Fingerprint of everything that its result depends on: contents, and settings that matter."""
        return self._fingerprint([stage.key for stage in self.after])

    @cached_property
    def result_key(self) -> str:
        """Fingerprint of the same, where the stages before it count without the target's test split.

        Of their answers for that split a stage reads at most those that it is scored on, and then its context has it.
        """
        return self._fingerprint([(stage.untested or stage).result_key for stage in self.after])

    def _fingerprint(self, before: Sequence[str]) -> str:
        return fingerprint_json([self.command, self.context, self.settings, list(before)])

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings that its result depends on, by name."""
        return self._settings(self.config, self.home)

    @property
    def home(self) -> Path:
        """The folder of the whole run."""
        return self.folder.parent if self.root is None else self.root

    def _settings(self, config: dict[str, Any], root: Path) -> dict[str, Any]:
        made = [str(stage.folder.relative_to(self.home)) for stage in self.after]
        return settings_that_matter(config, root, made, self.sentences)

    # What was run

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
        record = self._record()
        return bool(record.get("done")) and first_missing(self.folder, self.outputs, record.get("files", {})) is None

    def seconds(self) -> float:
        """Seconds that it took when it was run."""
        return float(self._record().get("seconds", 0.0))

    def size(self) -> int:
        """Bytes that it left when it was run."""
        return sum(size for size, _ in self._record().get("files", {}).values())

    def changes(self) -> str:
        """Says in what the settings or the data of the run in its folder differ from these; empty where there is none.

        Those that follow from another stage alone are not named.
        """
        record = read_object(self.marker)
        if not record or self._is_of(record):
            return ""
        before = self._settings_before()
        if before is not None and (changed := list(differences(before, self.settings))):
            return "; ".join(changed)
        if "context" not in record:
            return "its data, its backbone or the version of ctl have changed"
        then, here = _facts(str(record["context"])), _facts(self.context)
        changed = [name for name, value in here.items() if then.get(name) != value]
        return f"{', '.join(changed)} changed" if changed else ""

    def is_in_the_way(self) -> bool:
        """Tells whether its folder holds a run with other settings, of which this one would replace anything of use.

        Where a run never ended, that is a state to go on from, unless its weights were no numbers any more.
        """
        record = read_object(self.marker)
        if not record or self._is_of(record) or self._only_adds():
            return False
        states = (self.folder / "checkpoints").glob("*.ckpt")
        return bool(record.get("done")) or (not record.get("not_finite") and any(states))

    def _only_adds(self) -> bool:
        """Tells whether all is there but the answers for a test split that the target did not have before."""
        return self._has_others() and not any((self.folder / output).exists() for output in self._of_test)

    def _has_others(self) -> bool:
        """Tells whether its answers for all splits but the target's test split are there."""
        return self.untested is not None and self.untested.done()

    @property
    def _of_test(self) -> list[str]:
        """The outputs that are of the target's test split, where there are others."""
        return [output for output in self.outputs if self.untested and output not in self.untested.outputs]

    def has_begun(self) -> bool:
        """Tells whether a run with these settings was begun."""
        return bool(self._record())

    def _record(self) -> dict[str, Any]:
        """The marker, empty where there is none or it is of a run with other settings."""
        record = read_object(self.marker)
        return record if self._is_of(record) else {}

    def _is_of(self, record: Mapping[str, Any]) -> bool:
        """Tells whether a marker is of a run with these settings and data."""
        key = str(record.get("key"))
        result = record.get("result_key", key)
        same = self.untested is None and (result == self.result_key or self._is_of_another_test(record))
        return key == self.key or same or self._verdicts.setdefault(key, self._is_of_before(key))

    # Runs of earlier versions: markers without a key of the result, or with one of a whole configuration and its paths

    def _is_of_another_test(self, record: Mapping[str, Any]) -> bool:
        """Tells whether a marker without a key of the result is of these settings, whatever the target's test split.

        Of a stage that reads this split itself none is.
        """
        here, before = _facts(self.context), self._settings_before()
        if before is None or "context" not in record or "result_key" in record or any(map(_is_of_test, here)):
            return False
        context, keys = str(record["context"]), [(stage.untested or stage).key_before() for stage in self.after]
        same = _without_test(_facts(context), before) == _without_test(here, self.settings)
        return same and record.get("key") == fingerprint_json([self.command, context, before, keys])

    def _is_of_before(self, key: str) -> bool:
        """Tells whether a key of an earlier version is of a run with these settings and data."""
        config = self._config_before()
        if config is None or self._settings_before() != self.settings:
            return False
        trainer = {name: value for name, value in config["trainer"].items() if name != "logger"}
        parts = [self.command, self.context, {**config, "trainer": trainer}, [s.key_before() for s in self.after]]
        return key == fingerprint_json(parts)

    def key_before(self) -> str | None:
        """The key that an earlier version gave to what is there, if it is of these settings."""
        record = self._record()
        return record.get("key_before") or record.get("key")

    def _config_before(self) -> dict[str, Any] | None:
        """The configuration that the last run in this folder was given."""
        try:
            config = yaml.safe_load((self.folder / f"{self.command}.yaml").read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            return None
        sections = isinstance(config, dict) and all(isinstance(config.get(name), dict) for name in SECTIONS)
        return config if sections else None

    def _settings_before(self) -> dict[str, Any] | None:
        config = self._config_before()
        if config is None:
            return None
        return self._settings(config, root_of(config, self.folder.relative_to(self.home)) or self.home)

    # Running

    def run(self) -> float:
        """Runs it, or goes on from its last checkpoint where a run was killed; returns the seconds it took in all."""
        for stage in self.after:
            stage.mend()
        began = time.perf_counter()
        earlier = self._record()
        more = not earlier and self._has_others()
        known = self.untested if more and self.untested else self
        key_before = known.key_before() if earlier.get("key") != self.key else earlier.get("key_before")
        if earlier.get("done") or not earlier:
            self._clear(self._of_test if more else self.outputs, everything=not earlier)
            earlier = {}
        result_key = (self.untested or self).result_key
        about = {
            "key": self.key,
            "result_key": result_key if result_key != self.key else None,
            "context": self.context,
            "key_before": key_before,
        }
        if not earlier.get("ended") or self._missing():
            self._run_command({**about, "done": False, "seconds": earlier.get("seconds", 0.0)}, more)
        if missing := self._missing():
            raise CTLError(f"{self.title}: ended without writing {', '.join(missing)} (in {self.folder})")
        seconds = float(time.perf_counter() - began + earlier.get("seconds", 0.0))
        self._mark({**about, "done": False, "ended": True, "seconds": seconds})  # before large files are read
        self._mark({**about, "done": True, "seconds": seconds, "files": describe(self.folder, self.outputs)})
        return seconds

    def _run_command(self, record: dict[str, Any], more: bool) -> None:
        """Runs its command; the record says that it has begun, and where its weights were no numbers that too."""
        self._mark(record)
        try:
            _launch(self._arguments(more), self.config["trainer"])
        except CTLError as error:
            if isinstance(error, NotFiniteError):
                self._mark({**record, "not_finite": True})
            raise CTLError(f"{self.title}: {error}") from error

    def _missing(self) -> list[str]:
        """The outputs that are not there."""
        return [output for output in self.outputs if not (self.folder / output).exists()]

    def mend(self) -> None:
        """Runs it again where what it left is damaged."""
        record = self._record()
        damaged = first_damaged(self.folder, record.get("files", {})) if record.get("done") else None
        if damaged is not None:
            say(f"ctl: {self.folder / damaged} is damaged: {self.title}, once more")
            self.run()

    def _arguments(self, more: bool) -> list[str]:
        """The arguments of the command.

        Args:
            more: it labels the target's test split alone, as its other answers are there.
        """
        config = self.folder / f"{self.command}.yaml"
        write_text(config, yaml.safe_dump(self.config, sort_keys=False, allow_unicode=True))
        arguments = [self.command, "--config", str(config), "--trainer.enable_model_summary", "false"]
        arguments += ["--overwrite", "true"]  # a plan refuses by itself what is in the way
        if self.command == "fit" and self._can_resume():
            arguments += ["--ckpt_path", str(self._last)]
        if self.command == "test":
            arguments += ["--verbose", "false"]  # one table at the end instead
        if more and self.untested is not None:
            others = self.untested.config["data"]["predict_splits"]
            left = [split for split in self.config["data"]["predict_splits"] if split not in others]
            arguments += ["--data.predict_splits", json.dumps(left)]
        return arguments

    @property
    def _last(self) -> Path:
        return self.folder / "checkpoints" / "last.ckpt"

    def _can_resume(self) -> bool:
        """Tells whether there is a state to go on from; a damaged one is removed."""
        try:
            return can_resume(self._last)
        except CTLError as error:
            say(f"ctl: {error}: {self.title}, from the beginning")
            remove(self._last, self.home)
            return False

    def _mark(self, record: dict[str, Any]) -> None:
        kept = {name: value for name, value in record.items() if value is not None}
        write_json(self.marker, {**kept, "seconds": round(record["seconds"], 1)}, indent=None)

    def _clear(self, outputs: Sequence[str], everything: bool) -> None:
        """Removes what is not valid: outputs that are lost in part, or all that other settings or other data left.

        Args:
            outputs: what it will write.
            everything: training anew removes the whole run.
        """
        if self.command == "fit" and everything and self.folder.is_dir():
            remove(self.folder, self.home)
        for output in outputs:
            path = self.folder / output
            remove(path.parent if path.name in ("manifest.json", "config.json") else path, self.home)
        if self.command == "fit":
            remove(self._last, self.home)
        self.folder.mkdir(parents=True, exist_ok=True)


def _facts(context: str) -> dict[str, str]:
    """The fingerprints that a context is made of, by what they are of."""
    first, *words = context.split() or [""]
    return {"the backbone or the version of ctl": first, **dict(zip(words[::2], words[1::2], strict=False))}


def _without_test(facts: Mapping[str, str], settings: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Leaves out of fingerprints and settings what a stage reads of the target's test split."""
    splits = [split for split in settings.get("data.predict_splits", ["train"]) if split != "test"]
    others = {name: value for name, value in facts.items() if not _is_of_test(name)}
    return others, {**settings, "data.predict_splits": splits}


def _is_of_test(split: str) -> bool:
    return split.endswith("/test")


def _launch(arguments: list[str], trainer: Mapping[str, Any]) -> None:
    """Runs a `ctl` command here, or, for several processes, as a program that each of them can begin."""
    if not _several_processes(trainer):
        from ctl.cli import run

        run(arguments)
        return
    if status := run_stoppable([*_srun(os.environ), sys.executable, "-m", "ctl", *arguments]):
        raise CTLError(f"`ctl {' '.join(arguments)}` ended with status {status}")


def _srun(environment: Mapping[str, str]) -> list[str]:
    """The launcher of a stage in the batch script of a SLURM job that has several tasks; empty elsewhere."""
    in_script = "SLURM_JOB_ID" in environment and "SLURM_STEP_ID" not in environment
    return ["srun"] if in_script and int(environment.get("SLURM_NTASKS", 1)) > 1 else []


def _several_processes(trainer: Mapping[str, Any]) -> bool:
    devices = trainer.get("devices", "auto")
    if devices in ("auto", -1, "-1"):
        on_gpu = trainer.get("accelerator", "auto") in ("auto", "gpu", "cuda")
        devices = torch.cuda.device_count() if on_gpu else 1
    count = len(devices) if isinstance(devices, list) else int(devices)
    return count > 1 or int(trainer.get("num_nodes") or 1) > 1
