"""Checks of settings of the Trainer that Lightning takes, and then fails at, or trains nothing with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ctl.errors import CTLError

LEAST = {  # what each must be at least; Lightning takes -1 for "no limit" in some
    "accumulate_grad_batches": 1, "gradient_clip_val": 0, "num_nodes": 1, "max_epochs": -1, "max_steps": -1,
    "min_epochs": 0, "min_steps": 0, "check_val_every_n_epoch": 1, "val_check_interval": 0, "log_every_n_steps": 0,
    "limit_train_batches": 0, "limit_val_batches": 0, "limit_test_batches": 0, "limit_predict_batches": 0,
    "overfit_batches": 0, "num_sanity_val_steps": -1, "reload_dataloaders_every_n_epochs": 0, "devices": -1,
}  # fmt: skip
NOT_ZERO = ("max_epochs", "max_steps", "devices", "limit_train_batches", "limit_test_batches", "limit_predict_batches")
VARIANTS = ("_find_unused_parameters_false", "_find_unused_parameters_true")
WORDS = {  # what may stand where Lightning takes a text, besides classes of strategies and accelerators
    "strategy": (
        "auto", "single_device", "single_tpu", "single_xla", "xla", "xla_debug", "fsdp", "fsdp_cpu_offload",
        "deepspeed", "deepspeed_stage_1", "deepspeed_stage_2", "deepspeed_stage_2_offload", "deepspeed_stage_3",
        "deepspeed_stage_3_offload", "deepspeed_stage_3_offload_nvme",
        "ddp", *(f"ddp{variant}" for variant in VARIANTS),
        *(f"ddp_{start}{variant}" for start in ("spawn", "fork", "notebook") for variant in ("", *VARIANTS)),
    ),
    "accelerator": ("auto", "cpu", "gpu", "cuda", "mps", "tpu"),
    "gradient_clip_algorithm": ("norm", "value"),
    "profiler": ("simple", "advanced", "pytorch", "xla"),
}  # fmt: skip
DURATION = r"\d+:\d+:\d+:\d+"  # days, hours, minutes and seconds
FORMS = {  # of texts that are no words
    "devices": (r"auto|-?\d+|\d+(,\d+)*,?", "auto, a number, or numbers with commas"),
    "val_check_interval": (rf"[\d.e+-]+|{DURATION}", "a number, or a time, 00:01:30:00,"),
    "max_time": (DURATION, "a time, 00:01:30:00,"),
}
LARGEST_SEED = 2**32 - 1
WHOLE_RUN = ("fast_dev_run", "barebones", "overfit_batches")  # leave no checkpoint, or no score, for the next stage


def check_trainer(trainer: Mapping[str, Any]) -> None:
    """Refuses numbers that make no sense, and words that Lightning does not know.

    Args:
        trainer: arguments of the Trainer; those that are none are not looked at.

    Raises:
        CTLError: names the setting.
    """
    for name, words in WORDS.items():
        _check_word(name, trainer.get(name), words)
    for name, (form, wanted) in FORMS.items():
        value = trainer.get(name)
        if isinstance(value, str) and value != "null" and not re.fullmatch(form, value):
            raise CTLError(f"--trainer.{name}: {value}: {wanted} is needed")
    for name, least in LEAST.items():
        value = trainer.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if not least <= value < float("inf"):
            raise CTLError(f"--trainer.{name}: {value}: a number from {least} up is needed")
        if value == 0 and name in NOT_ZERO:
            otherwise = "for all there are" if name == "devices" else "for no limit"
            raise CTLError(f"--trainer.{name}: 0: then nothing is done; leave it out {otherwise}")


def _check_word(name: str, value: object, words: Sequence[str]) -> None:
    """Refuses a word that Lightning does not know; a class has capital letters."""
    if isinstance(value, str) and re.fullmatch("[a-z][a-z0-9_]*", value) and value not in (*words, "null"):
        close = get_close_matches(value, words, n=1)
        raise CTLError(
            f"--trainer.{name}: {value}: one of {', '.join(words)} is needed"
            + (f": did you mean {close[0]}?" if close else "")
        )


def check_seed(seed: object) -> None:
    """Refuses a seed that NumPy does not take; true and false are left to Lightning.

    Raises:
        CTLError: it is too small or too large.
    """
    if isinstance(seed, int) and not isinstance(seed, bool) and not 0 <= seed <= LARGEST_SEED:
        raise CTLError(f"--seed_everything: {seed}: a whole number from 0 to {LARGEST_SEED} is needed")


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
