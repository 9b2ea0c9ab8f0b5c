"""Settings of loggers: those of a configuration, and those of Weights & Biases in the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.utilities import rank_zero_only

from ctl.callbacks.mlflow_run import write_below
from ctl.errors import CTLError


def loggers_of(logger: Any) -> list[Any]:  # noqa: ANN401  (from YAML: nothing, true or false, a logger or several)
    """Gives the settings of each logger that a Trainer's ``logger`` names."""
    loggers = logger if isinstance(logger, list) else [logger]
    return [settings for settings in loggers if settings and settings is not True]


def wandb_loggers(logger: Any) -> list[Any]:  # noqa: ANN401
    """Gives the settings of W&B's loggers alone."""
    return [settings for settings in loggers_of(logger) if str(settings["class_path"]).endswith("WandbLogger")]


def mlflow_loggers(logger: Any) -> list[Any]:  # noqa: ANN401
    """Gives the settings of MLflow's loggers alone."""
    return [settings for settings in loggers_of(logger) if str(settings["class_path"]).endswith("MLFlowLogger")]


def grouped(trainer: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Puts the runs of a Trainer into one W&B group and their files into one folder, unless its settings say otherwise.

    Raises:
        CTLError: W&B is wanted, and nobody is logged in.
    """
    settings = dict(trainer)
    for logger in wandb_loggers(settings.get("logger")):
        check_login(logger)
        arguments = logger["init_args"]
        arguments["group"] = arguments.get("group") or os.environ.get("WANDB_RUN_GROUP") or folder.resolve().name
        if arguments.get("save_dir") in (None, "."):
            arguments["save_dir"] = str(folder)
    for logger in mlflow_loggers(settings.get("logger")):
        arguments = logger["init_args"]
        arguments["tags"] = {"group": folder.resolve().name, **(arguments.get("tags") or {})}
        write_below(arguments, folder)
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
    """Keeps W&B from printing; also its warning about a setting that Lightning always gives."""
    os.environ.setdefault("WANDB_SILENT", "true")
    if not getattr(rank_zero_only, "rank", 0):
        import wandb

        wandb.setup()  # reads the variable


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
    """Gives the folder of a transfer that a sweep began, one for each; ``None`` outside sweeps."""
    sweep, run = os.environ.get("WANDB_SWEEP_ID"), os.environ.get("WANDB_RUN_ID")
    return f"runs/sweeps/{sweep}/{run}" if sweep and run else None
