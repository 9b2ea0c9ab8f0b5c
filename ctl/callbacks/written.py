"""The files that a command of one stage leaves, for the line that it ends with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

FILES = {  # below the run's folder, by command; in those of predict stands the name of a split
    "fit": ("backbone",),
    "validate": ("logs/validate/metrics.csv",),
    "test": ("results.json",),
    "predict": (
        "soft_labels/{split}", "*/soft_labels/{split}", "word_weights/{split}.safetensors", "weights.json",
        "leave_one_out.json",
    ),
}  # fmt: skip


def written(trainer: Trainer, command: str, splits: Sequence[str] = ()) -> list[Path]:
    """Finds what a command wrote; a fit writes what its checkpoint callbacks keep.

    Args:
        trainer: that ran it.
        command: ``fit``, ``validate``, ``test`` or ``predict``.
        splits: that were predicted.
    """
    folder = Path(trainer.default_root_dir)
    names = [name.format(split=split) for name in FILES[command] for split in splits or [""]]
    found = [path for name in dict.fromkeys(names) for path in sorted(folder.glob(name))]
    return [*(checkpoints(trainer) if command == "fit" else ()), *found]


def checkpoints(trainer: Trainer) -> list[Path]:
    """Finds the checkpoints in the folders that a trainer's callbacks write to."""
    callbacks = [callback for callback in trainer.checkpoint_callbacks if isinstance(callback, ModelCheckpoint)]
    folders = dict.fromkeys(Path(callback.dirpath) for callback in callbacks if callback.dirpath)
    return [path for folder in folders for path in sorted(folder.glob("*.ckpt"))]
