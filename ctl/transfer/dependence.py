"""Settings that the result of a stage depends on: no paths, nothing of speed or display, no default values."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from functools import cache
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer

import ctl.modules
from ctl.data.datamodule import NERDataModule
from ctl.results import IDLE
from ctl.system.devices import best_precision

Config = Mapping[str, Any]
RUN = "<run>"  # stands for the run's folder, wherever it is
ONE_PROCESS = ("auto", -1, 1, "-1", "1")  # of `devices`: the default, and what it is on most machines
BEFORE = {"lora_dropout": 0.05}  # a former default, at which keys of runs do not name it


def settings_that_matter(config: Config, root: Path, made: Collection[str], sentences: int) -> dict[str, Any]:
    """Gives the settings that a stage's result depends on, by dotted name; one at its default value is left out.

    Args:
        config: of the stage, as LightningCLI is given it.
        root: the run's folder; paths below it are given from there.
        made: folders of the stages whose outputs it reads, from ``root``.
        sentences: those of the largest split that it reads; a limit above them cuts nothing;
            0 where that is not known.
    """
    kind = str(config["model"].get("class_path", "")).rpartition(".")[2]
    arguments = dict(config["model"].get("init_args", {}))
    if not arguments.get("lora_rank"):
        arguments.pop("lora_dropout", None)  # there is nothing that it would change
    sections = {
        "trainer": (config["trainer"], {**_defaults(Trainer), **_usual(config["trainer"])}),
        "model": (arguments, {**_defaults(getattr(ctl.modules, kind, object)), **BEFORE}),
        "data": (config["data"], _defaults(NERDataModule)),
    }
    settings: dict[str, Any] = {
        "model": kind,
        "seed_everything": config.get("seed_everything"),
        "ckpt_path": config.get("ckpt_path"),
    }
    for name, (section, defaults) in sections.items():
        for setting, value in section.items():
            if setting not in IDLE[name] and not (setting in defaults and _plain(value) == _plain(defaults[setting])):
                settings[f"{name}.{setting}"] = value
    for callback in settings.pop("trainer.callbacks", ()):
        settings |= {f"{callback['class_path']}.{name}": value for name, value in callback["init_args"].items()}
    if sentences and settings.get("data.limit", sentences) >= sentences:
        settings.pop("data.limit", None)
    if "data.filter" not in settings:
        settings.pop("data.keep", None)
    placed = {name: _placed(_plain(value), root) for name, value in settings.items() if value is not None}
    if not any(str(placed.get("data.backbone", "")).startswith(f"{RUN}/{folder}/") for folder in made):
        placed.pop("data.backbone", None)  # its contents are in a fingerprint
    return placed


def root_of(config: Config, below: Path) -> Path | None:
    """Finds the folder of the run that a configuration was written for, from that of the stage.

    Args:
        config: of the stage.
        below: the stage's folder, from the run's.
    """
    home = Path(str(config["trainer"].get("default_root_dir", "")))
    return home.parents[len(below.parts) - 1] if home.parts[-len(below.parts) :] == below.parts else None


def _usual(trainer: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults that ctl gives the Trainer; one process is what most machines start."""
    usual = {"precision": best_precision(trainer.get("accelerator", "auto"))}
    return {**usual, "devices": trainer.get("devices")} if trainer.get("devices", "auto") in ONE_PROCESS else usual


@cache
def _defaults(kind: type) -> dict[str, Any]:
    """Default values of a class's arguments, with those that it hands on to its bases."""
    defaults: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if "__init__" in vars(base) and base is not object:
            parameters = signature(vars(base)["__init__"]).parameters.values()
            defaults |= {entry.name: entry.default for entry in parameters if entry.default is not Parameter.empty}
    return defaults


def _plain(value: Any) -> Any:  # noqa: ANN401
    """A value as JSON has it: tuples are lists."""
    return json.loads(json.dumps(value, default=str))


def _placed(value: Any, root: Path) -> Any:  # noqa: ANN401
    """A value in which paths below a folder are given from there."""
    match value:
        case dict():
            return {name: _placed(part, root) for name, part in value.items()}
        case list():
            return [_placed(part, root) for part in value]
        case str() if os.sep in value:
            path, home = Path(os.path.abspath(value)), Path(os.path.abspath(root))
            return f"{RUN}/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else value
    return value
