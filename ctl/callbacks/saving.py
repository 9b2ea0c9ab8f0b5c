"""A fit saves every epoch, every few minutes, and when it is stopped; a finished fit keeps one checkpoint."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint
from lightning.pytorch.utilities import rank_zero_only

from ctl.callbacks.validating import by_steps, stepped, validation_follows
from ctl.errors import CTLError
from ctl.system.checkpoints import read_checkpoint
from ctl.system.files import remove, whole
from ctl.system.signals import Held, finishing

LARGE = ("state_dict", "optimizer_states", "ctl")  # of a checkpoint: weights, moments, and a clock that is read
RESUMED = ("optimizer_states", "lr_schedulers", "loops")  # what a fit that goes on reads beside the weights


class SaveLast(Checkpoint):
    """Writes ``last.ckpt``: every few minutes, after every epoch of a fit by epochs, and before a fit that stops ends.

    A fit that goes on from there becomes the very same model as without a break: batches and random numbers follow from
    the seed, the epoch and the batch. The file is that of a `ModelCheckpoint` with ``save_last``, without which nothing
    is written. A `ModelCheckpoint` itself saves only together with a new best state, and a student has no best state.

    Args:
        minutes: between two saves.
    """

    def __init__(self, minutes: float = 15.0) -> None:
        self.minutes = minutes
        self._saves = False
        self._checkpoint: ModelCheckpoint | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Lets signals wait until the state is saved, from here on."""
        for checkpoint in trainer.checkpoint_callbacks:
            if isinstance(checkpoint, ModelCheckpoint) and checkpoint.save_last and checkpoint.dirpath:
                self._checkpoint, self._path = checkpoint, Path(checkpoint.dirpath) / "last.ckpt"
                checkpoint.save_last, checkpoint.last_model_path = False, str(self._path)
                self._saved, self._held = time.monotonic(), Held()
                return

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """Saves after a step of the optimiser, where it is due and validation does not come first.

        Lightning goes on from the end of an epoch only in a fit by epochs, and from its last batch in one by steps.
        """
        if self._checkpoint is None or not stepped(trainer, batch_idx) or validation_follows(trainer, batch_idx):
            return
        if trainer.is_last_batch and not by_steps(trainer):
            return
        due, number = self._due(trainer)
        if due:
            self._save(trainer)
        if number:
            self._held.stop(number)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Saves, after all other callbacks; in a fit by steps only its end."""
        ends = trainer.should_stop or trainer.global_step == trainer.max_steps
        if self._checkpoint is not None and (ends or not by_steps(trainer)):
            self._save(trainer)
            if number := self._due(trainer)[1]:
                self._held.stop(number)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Lets signals through again: all is saved."""
        if self._checkpoint is not None:
            self._held.release()
            if self._held.number:
                self._held.stop(self._held.number)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Lets signals through again."""
        if self._checkpoint is not None:
            self._held.release()

    def leaves_to_others(self) -> bool:
        """Tells whether the checkpoint that is being made is another callback's, and the fit goes on from its own."""
        return self._checkpoint is not None and not self._saves

    def _due(self, trainer: Trainer) -> tuple[bool, int]:
        """Tells whether to save now, and gives the number of the signal to stop by, or 0; alike in all processes."""
        late, number = time.monotonic() - self._saved > 60 * self.minutes, self._held.number
        if trainer.world_size > 1:
            mine = torch.tensor([late, number], device=trainer.strategy.root_device)
            late, number = trainer.strategy.reduce(mine, reduce_op="max").tolist()
        return bool(late or number), number

    def _save(self, trainer: Trainer) -> None:
        self._saves = True
        trainer.save_checkpoint(self._path, weights_only=False)
        self._saves = False
        self._saved = time.monotonic()


@runtime_checkable
class Lean(Protocol):
    """A model that says what of its weights is worth keeping, where the rest can be had again."""

    def kept(self, checkpoint: dict[str, Any]) -> dict[str, Any]:
        """Gives the checkpoint of a finished fit without the rest; the same one where there is none."""


class WeightsOnly(Callback):
    """Leaves of a finished fit one checkpoint, without the optimiser's state: a third of the file, and no second one.

    Args:
        path: the checkpoint that is kept.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Leaves the optimiser's state out of the best state of a fit by steps, which goes on from the last one alone.

        In a fit by epochs both may be one file.
        """
        last = [callback for callback in trainer.checkpoint_callbacks if isinstance(callback, SaveLast)]
        if by_steps(trainer) and any(callback.leaves_to_others() for callback in last):
            for name in RESUMED:
                checkpoint.pop(name, None)

    @rank_zero_only
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Removes what only a fit that goes on would need; leaves shards of a model that no process has whole."""
        if stage != "fit" or not self.path.is_file():
            return
        checkpoint = torch.load(self.path, map_location="cpu", weights_only=True, mmap=True)
        rest = {name: value for name, value in checkpoint.items() if name not in RESUMED}
        lean = pl_module.kept(rest) if isinstance(pl_module, Lean) else rest
        if lean is not rest or len(rest) < len(checkpoint):
            WholeCheckpoints().save_checkpoint(lean, self.path)
        for other in {"best.ckpt", "last.ckpt"} - {self.path.name}:
            remove(self.path.parent / other, self.path.parent)


class WholeCheckpoints(TorchCheckpointIO):
    """Lightning's checkpoint files; a killed run leaves the old one or the new one, and damage is noticed.

    Lightning writes by way of the temporary folder, from which a file is copied where that is another disk. The state
    after an epoch may be both the best and the last one: it is written once, and the second file is a hard link.
    """

    def __init__(self) -> None:
        self._written: tuple[Path, bytes] | None = None

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None) -> None:
        """Writes beside the old file, then puts the new one in its place.

        Raises:
            CTLError: there is no room, or the folder can't be written to.
        """
        try:
            with finishing(), whole(Path(path)) as partial:
                state = digest(checkpoint)
                if not self._link(state, partial):
                    _write(checkpoint, partial)
        except (OSError, RuntimeError) as error:
            cause = error if isinstance(error, OSError) else error.__context__  # PyTorch hides what the system said
            reason = getattr(cause, "strerror", None) or "is the disk full?"
            raise CTLError(f"checkpoint {path}: not written ({reason}); what was saved before is untouched") from error
        self._written = Path(path), state

    def _link(self, state: bytes, partial: Path) -> bool:
        """Links to the file that was written last, if that has the same state and the disk knows links."""
        if self._written is None or self._written[1] != state:
            return False
        try:
            os.link(self._written[0], partial)
        except OSError:
            return False
        return True

    def load_checkpoint(
        self,
        path: str | Path,
        map_location: Any = lambda storage, loc: storage,  # noqa: ANN401
        weights_only: bool | None = True,
    ) -> dict[str, Any]:
        """Reads tensors and plain values, and nothing that could run.

        Raises:
            CTLError: no such file, or it is damaged, or it has more in it than tensors and plain values.
        """
        return read_checkpoint(path, map_location)


def digest(checkpoint: dict[str, Any]) -> bytes:
    """Gives bytes that tell the states of a training apart: all plain values, and the sum of each weight.

    Moments follow from these, and the clock of the model goes on between two writes of one state.
    """
    plain = {name: value for name, value in checkpoint.items() if name not in LARGE}
    sums = {name: _sum(value) for name, value in checkpoint.get("state_dict", {}).items()}
    torch.save([plain, sums], buffer := io.BytesIO())
    return buffer.getvalue()


def _sum(value: Any) -> Any:  # noqa: ANN401
    return value.detach().sum(dtype=torch.float32) if isinstance(value, torch.Tensor) else value


def _write(checkpoint: dict[str, Any], path: Path) -> None:
    """Writes a checkpoint to the disk, past its cache."""
    with path.open("wb") as file:
        torch.save(checkpoint, file)
        file.flush()
        os.fsync(file.fileno())
