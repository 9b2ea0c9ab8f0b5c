"""Checkpoints that are whole: written at once, checked before they are read, and never able to run code."""

from __future__ import annotations

import os
import pickle
import time
import zipfile
from pathlib import Path
from typing import Any, TypeVar

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint
from lightning.pytorch.utilities import rank_zero_only

from ctl.errors import CTLError
from ctl.system.signals import Held, finishing

SAVE = 1  # no number of a signal that stops
RESUMED = ("optimizer_states", "lr_schedulers", "loops")  # what a fit that goes on reads beside the weights
Module = TypeVar("Module", bound=LightningModule)


class WholeCheckpoints(TorchCheckpointIO):
    """Lightning's checkpoint files; a killed run leaves the old one or the new one, and damage is noticed.

    Lightning writes by way of the temporary folder, from which a file is copied where that is another disk.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None) -> None:
        """Writes beside the old file, then puts the new one in its place.

        Raises:
            CTLError: there is no room, or the folder can't be written to.
        """
        path = Path(path)
        temporary = path.with_name(path.name + ".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with finishing():
                with temporary.open("wb") as file:
                    torch.save(checkpoint, file)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(path)
        except (OSError, RuntimeError) as error:
            temporary.unlink(missing_ok=True)
            cause = error if isinstance(error, OSError) else error.__context__  # PyTorch hides what the system said
            reason = getattr(cause, "strerror", None) or "is the disk full?"
            raise CTLError(f"checkpoint {path}: not written ({reason}); what was saved before is untouched") from error

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
        check_checkpoint(path)
        try:
            loaded: dict[str, Any] = torch.load(path, map_location=map_location, weights_only=True)
        except (RuntimeError, pickle.UnpicklingError) as error:
            raise CTLError(f"checkpoint {path}: not one of ctl's ({str(error).splitlines()[0]})") from error
        return loaded


class SaveLast(Checkpoint):
    """Writes ``last.ckpt``: after every epoch, every few minutes, and before a fit that is told to stop ends.

    What goes on from there becomes the very same model as without a break: batches and random numbers follow from the
    seed, the epoch and the batch. It writes where a `ModelCheckpoint` with ``save_last`` would, and not without one;
    that would do it together with a new best checkpoint alone, which for a student is never.

    Args:
        minutes: between two saves.
    """

    def __init__(self, minutes: float = 15.0) -> None:
        self.minutes = minutes
        self._checkpoint: ModelCheckpoint | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """From here on a signal waits until the state is saved."""
        for checkpoint in trainer.checkpoint_callbacks:
            if isinstance(checkpoint, ModelCheckpoint) and checkpoint.save_last and checkpoint.dirpath:
                self._checkpoint, self._path = checkpoint, Path(checkpoint.dirpath) / "last.ckpt"
                checkpoint.save_last = False
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
        """Saves after a step of the optimiser, where it is due; validation follows on an epoch's last."""
        if self._checkpoint is None or trainer.is_last_batch or (batch_idx + 1) % trainer.accumulate_grad_batches:
            return
        if wish := self._wish(trainer):
            self._save(trainer, self._checkpoint)
            self._stop(wish)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Saves, after all other callbacks."""
        if self._checkpoint is not None:
            self._save(trainer, self._checkpoint)
            self._stop(self._wish(trainer))

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Signals do not wait any longer; all is saved."""
        if self._checkpoint is not None:
            self._held.release()
            self._stop(self._held.number)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Signals do not wait any longer."""
        if self._checkpoint is not None:
            self._held.release()

    def _wish(self, trainer: Trainer) -> int:
        """Nothing (0), `SAVE`, or the number of the signal to stop by; the same in all processes."""
        mine = self._held.number or SAVE * (time.monotonic() - self._saved > 60 * self.minutes)
        if trainer.world_size == 1:
            return mine
        wishes = torch.tensor(mine, device=trainer.strategy.root_device)
        return int(trainer.strategy.reduce(wishes, reduce_op="max"))

    def _save(self, trainer: Trainer, checkpoint: ModelCheckpoint) -> None:
        checkpoint.last_model_path = str(self._path)
        trainer.save_checkpoint(self._path, weights_only=False)
        self._saved = time.monotonic()

    def _stop(self, wish: int) -> None:
        if wish > SAVE:
            self._held.stop(wish)


class WeightsOnly(Callback):
    """Leaves of a finished fit one checkpoint, without the optimiser's state: a third of the file, and no second one.

    Args:
        path: the checkpoint that is kept.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    @rank_zero_only
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Removes what only a fit that goes on would need; shards of a model that no process has whole stay."""
        if not self.path.is_file():
            return
        for other in set(self.path.parent.glob("*.ckpt")) - {self.path}:
            other.unlink()
        checkpoint = torch.load(self.path, map_location="cpu", weights_only=True, mmap=True)
        lean = {name: value for name, value in checkpoint.items() if name not in RESUMED}
        WholeCheckpoints().save_checkpoint(lean, self.path)


def can_resume(path: Path) -> bool:
    """Whether a fit can go on from a checkpoint: it is there, and has all that `WeightsOnly` takes away.

    Raises:
        CTLError: it is damaged.
    """
    if not path.is_file():
        return path.is_dir()
    check_checkpoint(path)
    return "optimizer_states" in torch.load(path, map_location="cpu", weights_only=True, mmap=True)


def load_trained(kind: type[Module], path: str | Path, **settings: Any) -> Module:  # noqa: ANN401
    """A module from its checkpoint.

    Raises:
        CTLError: as `WholeCheckpoints.load_checkpoint` does.
    """
    check_checkpoint(path)
    try:
        return kind.load_from_checkpoint(path, weights_only=True, **settings)
    except (RuntimeError, KeyError, pickle.UnpicklingError) as error:
        raise CTLError(f"checkpoint {path}: not one of ctl's ({str(error).splitlines()[0]})") from error


def check_checkpoint(path: str | Path) -> None:
    """Compares the checksums of a checkpoint file, which PyTorch writes but does not read; reads it once.

    Raises:
        CTLError: no such file, or it is damaged.
    """
    if Path(path).is_dir():  # the shards of a model that no process has whole
        return
    if not Path(path).is_file():
        raise CTLError(f"checkpoint {path}: no such file")
    try:
        with zipfile.ZipFile(path) as file:
            damaged = file.testzip()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise CTLError(f"checkpoint {path}: damaged or cut short ({error}); train again") from None
    if damaged:
        raise CTLError(f"checkpoint {path}: damaged ({damaged} is not what was written); train again")
