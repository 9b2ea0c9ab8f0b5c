"""The curve of a fit: how often it is logged, with which rate, and whether the loss fell."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from statistics import fmean
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from ctl.callbacks.progress.metrics_file import MetricsFile

POINTS = 20  # that a curve has at least, where there are as many steps
MOST = 50  # steps from one point to the next
ENDS = 5  # points at each end of the curve, whose means are compared


class LearningCurve(Callback):
    """Logs loss and rate so often that a short fit has a curve, too, and remembers both ends of it.

    Args:
        every: steps from one point to the next; by default as the length of the fit asks for.
    """

    def __init__(self, every: int | None = None) -> None:
        self.every = every
        self.first: list[float] = []
        self.last: deque[float] = deque(maxlen=ENDS)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Chooses how often to log, and keeps the metrics of a fit that goes on."""
        _keep_metrics(trainer)
        if self.every is None:
            trainer.log_every_n_steps = interval(trainer.estimated_stepping_batches)  # type: ignore[attr-defined]

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:  # noqa: ANN401
        """Logs the rate of a step that is logged."""
        if _is_logged(trainer, trainer.global_step + 1) and trainer.optimizers:
            pl_module.log("train/lr", float(trainer.optimizers[0].param_groups[0]["lr"]), batch_size=1)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """Remembers the loss of a step that is logged."""
        loss = trainer.callback_metrics.get("train/loss") if _is_logged(trainer, trainer.global_step) else None
        if loss is not None:
            (self.first if len(self.first) < ENDS else self.last).append(round(float(loss), 6))

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keeps the metrics also where nothing was left to train: then training never starts."""
        _keep_metrics(trainer)

    @property
    def ends(self) -> list[float] | None:
        """The mean losses at both ends of the curve; ``None`` where it is too short."""
        return [round(fmean(points), 6) for points in (self.first, self.last)] if len(self.last) == ENDS else None

    def state_dict(self) -> dict[str, Any]:
        """Gives a checkpoint both ends of the curve."""
        return {"first": list(self.first), "last": list(self.last)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Goes on with the curve of a checkpoint."""
        self.first, self.last = list(state_dict["first"]), deque(state_dict["last"], maxlen=ENDS)


def _keep_metrics(trainer: Trainer) -> None:
    """Keeps the metrics of before up to the step that a fit goes on from."""
    for logger in trainer.loggers:
        if isinstance(logger, MetricsFile):
            logger.go_on(trainer.global_step)


def interval(steps: float) -> int:
    """The steps from one point of a curve to the next, in a fit of so many; they may be infinite."""
    return int(max(1, min(MOST, steps // POINTS)))


def _is_logged(trainer: Trainer, step: int) -> bool:
    every: int = trainer.log_every_n_steps  # type: ignore[attr-defined]
    return every > 0 and step % every == 0
