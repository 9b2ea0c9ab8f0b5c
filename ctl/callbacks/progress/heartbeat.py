"""Signs of life of a long command whose output nobody watches: a line a minute, as there is no bar."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from ctl.system.console import duration, say


class Heartbeat(Callback):
    """Says once a minute how far a command is, what the loss is, and how long it has left.

    Args:
        seconds: from one line to the next.
        clock: gives the time in seconds.
    """

    def __init__(self, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self.clock = clock
        self._start()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock at the step that the fit begins with."""
        self._start(trainer.global_step)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock."""
        self._start()

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock."""
        self._start()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock, where validation is not part of a fit."""
        if trainer.state.fn == "validate":
            self._start()

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """Names step, epoch and loss."""
        if self._is_due(trainer):
            loss = trainer.callback_metrics.get("train/loss")
            more = [f"epoch {trainer.current_epoch + 1}", *([] if loss is None else [f"loss {float(loss):.4g}"])]
            self._say("step", trainer.global_step, trainer.estimated_stepping_batches, more)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: Any,  # noqa: ANN401
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Names the batch; in a fit it says that this is validation."""
        if self._is_due(trainer) and not trainer.sanity_checking:
            if trainer.state.fn == "fit":
                say(f"  validation after step {trainer.global_step:,}: batch {batch_idx + 1:,}")
            else:
                self._say("batch", *_place(trainer.num_val_batches, batch_idx, dataloader_idx))

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: Any,  # noqa: ANN401
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Names the batch."""
        if self._is_due(trainer):
            self._say("batch", *_place(trainer.num_test_batches, batch_idx, dataloader_idx))

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: Any,  # noqa: ANN401
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Names the batch."""
        if self._is_due(trainer):
            self._say("batch", *_place(trainer.num_predict_batches, batch_idx, dataloader_idx))

    def _start(self, done: int = 0) -> None:
        self._began = self._said = self.clock()
        self._done_before = done

    def _is_due(self, trainer: Trainer) -> bool:
        """Tells whether it is time for a line, and that of the next one begins."""
        due = trainer.is_global_zero and self.clock() - self._said >= self.seconds
        self._said = self.clock() if due else self._said
        return due

    def _say(self, unit: str, done: int, total: float, more: list[str] | None = None) -> None:
        """Says how far it is, and how long it has left where the end is known and anything was done since the start."""
        of, new = (f" of {int(total):,}" if total < float("inf") else ""), done - self._done_before
        left = (total - done) * (self.clock() - self._began) / new if new and of else None
        rest = [] if left is None else [f"about {duration(left)} left"]
        say("  " + ", ".join([f"{unit} {done:,}{of}", *(more or []), *rest]))


def _place(sizes: list[int | float], batch: int, loader: int) -> tuple[int, float]:
    """The number of batches that are done, and that of all, of several loaders."""
    return int(sum(sizes[:loader])) + batch + 1, sum(sizes)
