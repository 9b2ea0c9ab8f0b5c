"""What a configuration says of loggers, and what Weights & Biases says of them in the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.utilities import rank_zero_only

from ctl.errors import CTLError


def loggers_of(logger: Any) -> list[Any]:  # noqa: ANN401  (what the YAML says: nothing, yes or no, a logger or several)
    """The settings of each logger that a Trainer's ``logger`` names."""
    given = logger if isinstance(logger, list) else [logger]
    return [one for one in given if one and one is not True]


def wandb_loggers(logger: Any) -> list[Any]:  # noqa: ANN401
    """Those of W&B."""
    return [one for one in loggers_of(logger) if str(one["class_path"]).endswith("WandbLogger")]


def grouped(trainer: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Settings of a Trainer whose runs are one W&B group and keep their files in one folder, unless told otherwise.

    Raises:
        CTLError: W&B is wanted, and nobody is logged in.
    """
    settings = dict(trainer)
    for logger in wandb_loggers(settings.get("logger")):
        check_login(logger)
        arguments = logger["init_args"]
        arguments["group"] = arguments.get("group") or os.environ.get("WANDB_RUN_GROUP") or str(folder)
        if arguments.get("save_dir") in (None, "."):
            arguments["save_dir"] = str(folder)
    return settings


def check_login(logger: Any) -> None:  # noqa: ANN401
    """Stops before any work where W&B would ask for a key.

    Raises:
        CTLError: there is none, and the mode is not offline.
    """
    import wandb

    arguments = logger["init_args"]
    mode = arguments.get("mode") or os.environ.get("WANDB_MODE", "online")
    if getattr(rank_zero_only, "rank", 0) or arguments.get("offline") or mode in ("offline", "dryrun", "disabled"):
        return
    try:
        known = wandb.login(prompt=False, verify=False)
    except wandb.errors.Error as error:
        raise CTLError(f"W&B: {error}") from None
    if not known:
        raise CTLError(
            "W&B is configured, and nobody is logged in: run `wandb login`, or set WANDB_MODE=offline and upload later "
            "with `wandb sync`"
        )


def be_silent() -> None:
    """Keeps W&B from printing, also what it says of a setting that Lightning always gives."""
    os.environ.setdefault("WANDB_SILENT", "true")
    if not getattr(rank_zero_only, "rank", 0):
        import wandb

        wandb.setup()  # which reads it


@contextmanager
def apart_from_sweep() -> Iterator[None]:
    """Keeps the stages of a transfer from taking the one run that a sweep's agent has opened for the whole."""
    names = ("WANDB_RUN_ID", "WANDB_SWEEP_ID", "WANDB_SWEEP_PARAM_PATH")
    taken = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(taken)


def sweep_folder() -> str | None:
    """Where a transfer that a sweep began goes, each to a folder of its own; nowhere outside sweeps."""
    sweep, run = os.environ.get("WANDB_SWEEP_ID"), os.environ.get("WANDB_RUN_ID")
    return f"runs/sweeps/{sweep}/{run}" if sweep and run else None
