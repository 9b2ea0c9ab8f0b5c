"""Settings of the Trainer that are refused before it is made."""

import pytest

from ctl.errors import CTLError
from ctl.system.trainer_settings import WORDS, check_seed, check_trainer, check_trainer_of_stages


def test_what_lightning_understands_passes():
    check_trainer({"max_epochs": -1, "max_steps": 5, "devices": "auto", "gradient_clip_val": 0.0, "precision": 0})
    check_trainer({"limit_val_batches": 0, "limit_train_batches": 0.5, "fast_dev_run": True, "max_time": None})
    check_trainer_of_stages({"max_epochs": 3, "enable_checkpointing": True})


@pytest.mark.parametrize(
    "setting",
    [{"accumulate_grad_batches": 0}, {"gradient_clip_val": float("nan")}, {"max_epochs": -2}, {"max_epochs": 0},
     {"strategy": "foo"}, {"accelerator": "gpuu"}, {"gradient_clip_algorithm": "norms"}, {"profiler": "simpel"},
     {"devices": "foo"}, {"val_check_interval": "often"}, {"max_time": "1h"}, {"num_nodes": 0}, {"devices": 0},
     {"limit_test_batches": 0}, {"max_steps": float("inf")}],
    ids=str,
)  # fmt: skip
def test_numbers_that_make_no_sense_are_refused(setting):
    with pytest.raises(CTLError, match=f"--trainer.{next(iter(setting))}: "):
        check_trainer(setting)


def test_words_are_those_that_lightning_knows():
    from lightning.pytorch.accelerators import AcceleratorRegistry
    from lightning.pytorch.strategies import StrategyRegistry

    assert {"auto", *StrategyRegistry.available_strategies()} == set(WORDS["strategy"])
    assert {"auto", "gpu", *AcceleratorRegistry.available_accelerators()} == set(WORDS["accelerator"])
    check_trainer(
        {"strategy": "DDPStrategy", "accelerator": "my.own.Accelerator", "devices": "0,1", "profiler": "null"}
    )
    check_trainer({"val_check_interval": "0.5", "max_time": "00:12:00:00", "devices": "-1", "strategy": "ddp_spawn"})


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_that_numpy_does_not_take_are_refused(seed):
    check_seed(2**32 - 1), check_seed(True), check_seed(None)
    with pytest.raises(CTLError, match=r"--seed_everything: .*a whole number from 0 to 4294967295 is needed"):
        check_seed(seed)


@pytest.mark.parametrize(
    "setting", [{"fast_dev_run": 1}, {"enable_checkpointing": False}, {"barebones": True}], ids=str
)
def test_stages_need_what_the_one_before_leaves(setting):
    check_trainer(setting)
    with pytest.raises(CTLError, match="stage"):
        check_trainer_of_stages(setting)
