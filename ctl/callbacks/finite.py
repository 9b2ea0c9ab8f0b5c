"""Training stops at the first loss that is no finite number, and no checkpoint is written of what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from ctl.errors import NotFiniteError
from ctl.system.checkpoints import are_finite

EVERY = 50  # batches between two looks at the losses on a GPU: each look waits for it


class StopAtNaN(Callback):
    """Stops a fit whose loss or weights are not finite, with the step and what to change.

    On a CPU every loss is looked at. On a GPU the first bad step is noted where the loss is, and is looked at every few
    steps, before validation and before a checkpoint is written.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts with no bad step."""
        self._bad = torch.full((), -1, dtype=torch.long, device=pl_module.device)
        self._every = 1 if pl_module.device.type == "cpu" else EVERY

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """Notes the step of the first loss that is not finite."""
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if isinstance(loss, Tensor):
            is_first = (self._bad < 0) & ~loss.detach().isfinite().all()
            self._bad = torch.where(is_first, trainer.global_step, self._bad)
        if (batch_idx + 1) % self._every == 0:
            self._look(trainer, pl_module)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Looks at the losses before what they led to is scored."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            self._look(trainer, pl_module)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Looks at the losses of the epoch."""
        self._look(trainer, pl_module)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Looks at losses and weights before they are written."""
        if hasattr(self, "_bad"):
            self._look(trainer, pl_module)
        trained = [weight for weight in pl_module.parameters() if weight.requires_grad]
        if not are_finite(trained):
            raise _refusal(trainer, pl_module, "a weight is not a finite number", trainer.global_step)

    def _look(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if (step := int(self._bad)) >= 0:
            raise _refusal(trainer, pl_module, "the loss is not a finite number", step)


def _refusal(trainer: Trainer, module: LightningModule, what: str, step: int) -> NotFiniteError:
    rate = getattr(module, "lr", None)
    rates = "" if rate is None else f" (lr, here {rate:g})"
    return NotFiniteError(
        f"{type(module).__name__}: {what} at step {step}, epoch {trainer.current_epoch}: train with a lower learning "
        f"rate{rates} or a higher precision (trainer.precision, here {trainer.precision}); earlier states stay"
    )
