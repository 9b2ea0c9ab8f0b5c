"""The W&B run of a model: fit, test and predict in one folder are one run, after which its files are named."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from ctl.system.files import read_object, write_json

FILE = "wandb.json"  # of a model's folder: the id of its run
LONGEST = 128  # letters of an artifact's name


def run_id(folder: Path, new: bool) -> str:
    """The id of the run of a folder's model; another one where it is trained anew, that of a sweep if there is one."""
    known = "" if new else read_object(folder / FILE).get("id", "")
    return str(known or os.environ.get("WANDB_RUN_ID") or secrets.token_hex(4))


def keep_id(folder: Path, run: str) -> None:
    """Writes the id for the commands that come after."""
    write_json(folder / FILE, {"id": run})


def artifact_name(path: str | Path) -> str | None:
    """Names the artifact of a file or folder: its place in its model's folder, and the id of the model's run.

    So writer and readers give it one name, from wherever and by whichever path they see it; ``None`` where no run of
    W&B wrote there.
    """
    path = Path(path).resolve()
    home = next((folder for folder in path.parents if (folder / FILE).is_file()), None)
    run = read_object(home / FILE).get("id") if home else None
    if home is None or run is None:
        return None
    place = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.relative_to(home).as_posix()).strip("-")
    return f"{place[: LONGEST - len(run) - 1]}-{run}"
