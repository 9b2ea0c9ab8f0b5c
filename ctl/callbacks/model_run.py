"""The run of a model in a logger: fit, test and predict in one folder are one run, after which its files are named."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule

from ctl.system.files import read_object, write_json

FILE = "wandb.json"  # of a model's folder: the id of its run in W&B
LONGEST = 128  # letters of an artifact's name


def run_id(folder: Path, new: bool) -> str:
    """The id of the run of a folder's model; another one where it is trained anew, that of a sweep if there is one."""
    known = "" if new else known_id(folder, FILE)
    return known or os.environ.get("WANDB_RUN_ID") or secrets.token_hex(4)


def known_id(folder: Path, file: str) -> str:
    """The id that `keep_id` kept; empty where there is none."""
    return str(read_object(folder / file).get("id", ""))


def keep_id(folder: Path, run: str, file: str = FILE) -> None:
    """Writes the id for the commands that come after."""
    write_json(folder / file, {"id": run})


def introduce(module: LightningModule, config: Mapping[str, Any]) -> dict[str, Any]:
    """Tells runs apart: ``name``, ``method``, ``sources``, ``target``, ``seed``, ``backbone``, if they are known.

    Args:
        module: the model; nothing is said of one that has no method, a language identifier say.
        config: of the command.
    """
    who: dict[str, Any] = getattr(module, "identity", dict)()
    if not who:
        return {}
    method, target, data = who["method"], config["data"].get("target"), config["data"]
    about = {
        "name": f"{method} {target}" if target else method, "method": method, "sources": who["sources"],
        "target": target, "seed": config.get("seed_everything"), "backbone": data.get("backbone"),
    }  # fmt: skip
    return {name: value for name, value in about.items() if value is not None}


def artifact_name(path: str | Path) -> str | None:
    """Names the artifact of a file or folder: its place in its model's folder, and the id of the model's run.

    So writer and readers give it one name, from wherever and by whichever path they see it; ``None`` where no run of
    W&B wrote there.
    """
    path = Path(path).resolve()
    home = next((folder for folder in path.parents if (folder / FILE).is_file()), None)
    run = known_id(home, FILE) if home else ""
    if home is None or not run:
        return None
    place = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.relative_to(home).as_posix()).strip("-")
    return f"{place[: LONGEST - len(run) - 1]}-{run}"
