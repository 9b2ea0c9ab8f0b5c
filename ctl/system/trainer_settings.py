"""Checks of settings of the Trainer that Lightning takes, and then fails at, or trains nothing with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctl.errors import CTLError

LEAST = {  # what each must be at least; Lightning takes -1 for "no limit" in some
    "accumulate_grad_batches": 1, "gradient_clip_val": 0, "num_nodes": 1, "max_epochs": -1, "max_steps": -1,
    "min_epochs": 0, "min_steps": 0, "check_val_every_n_epoch": 1, "val_check_interval": 0, "log_every_n_steps": 0,
    "limit_train_batches": 0, "limit_val_batches": 0, "limit_test_batches": 0, "limit_predict_batches": 0,
    "overfit_batches": 0, "num_sanity_val_steps": -1, "reload_dataloaders_every_n_epochs": 0, "devices": -1,
}  # fmt: skip
NOT_ZERO = ("max_epochs", "max_steps", "devices", "limit_train_batches", "limit_test_batches", "limit_predict_batches")
WHOLE_RUN = ("fast_dev_run", "barebones", "overfit_batches")  # leave no checkpoint, or no score, for the next stage


def check_trainer(trainer: Mapping[str, Any]) -> None:
    """Refuses numbers that make no sense.

    Args:
        trainer: arguments of the Trainer; those that are none are not looked at.

    Raises:
        CTLError: names the setting.
    """
    for name, least in LEAST.items():
        value = trainer.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if not least <= value < float("inf"):
            raise CTLError(f"--trainer.{name}: {value}: a number from {least} up is needed")
        if value == 0 and name in NOT_ZERO:
            raise CTLError(f"--trainer.{name}: 0: then nothing is done; leave it out for no limit")


def check_trainer_of_stages(trainer: Mapping[str, Any]) -> None:
    """Refuses what `check_trainer` does, and what leaves nothing to the stage that comes next.

    Raises:
        CTLError: names the setting.
    """
    check_trainer(trainer)
    for name in WHOLE_RUN:
        if trainer.get(name):
            raise CTLError(f"--trainer.{name}: {trainer[name]}: stages that go on from one another can't be run so")
    if trainer.get("enable_checkpointing") is False:
        raise CTLError("--trainer.enable_checkpointing: false: every stage goes on from the checkpoint of another")
