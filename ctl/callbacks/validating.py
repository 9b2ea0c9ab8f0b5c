"""Validation of a fit that is as long as a number of steps."""

from __future__ import annotations

import sys
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer


class ValidateBySteps(Callback):
    """Validates after every so many steps of the optimiser and after the last one, wherever in an epoch they fall.

    Lightning's own ``val_check_interval`` counts batches, and may end without a look at the last state.

    Args:
        every: steps from one validation to the next.
    """

    def __init__(self, every: int) -> None:
        self.every = every

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Lets validation come within an epoch."""
        trainer.check_val_every_n_epoch = None

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """Tells the Trainer whether validation follows this batch."""
        trainer.val_check_batch = 1 if self.is_due(trainer, batch_idx) else sys.maxsize

    def is_due(self, trainer: Trainer, batch_idx: int) -> bool:
        """Tells whether validation follows this batch."""
        step = trainer.global_step
        return stepped(trainer, batch_idx) and (step % self.every == 0 or step == trainer.max_steps)


def by_steps(trainer: Trainer) -> bool:
    """Tells whether a number of steps ends the fit, which Lightning then resumes in a way of its own."""
    return trainer.max_steps != -1


def stepped(trainer: Trainer, batch_idx: int) -> bool:
    """Tells whether the optimiser has stepped at the end of this batch."""
    return trainer.is_last_batch or (batch_idx + 1) % trainer.accumulate_grad_batches == 0


def validation_follows(trainer: Trainer, batch_idx: int) -> bool:
    """Tells whether validation follows this batch."""
    if not any(trainer.num_val_batches):
        return False
    own = [callback for callback in trainer.callbacks if isinstance(callback, ValidateBySteps)]  # type: ignore[attr-defined]
    return any(callback.is_due(trainer, batch_idx) for callback in own) if own else trainer.is_last_batch
