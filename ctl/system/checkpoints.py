"""Checkpoints that are written at once, are checked before they are read, and never run code."""

from __future__ import annotations

import os
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from ctl.errors import CTLError, first_line
from ctl.system.files import whole
from ctl.system.signals import finishing

REMEDY = "; name a .ckpt file that `ctl fit` or `ctl transfer` wrote, or train again"


class WholeCheckpoints(TorchCheckpointIO):
    """Lightning's checkpoint files; a killed run leaves the old one or the new one, and damage is noticed.

    Lightning writes by way of the temporary folder, from which a file is copied where that is another disk.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None) -> None:
        """Writes beside the old file, then puts the new one in its place.

        Raises:
            CTLError: there is no room, or the folder can't be written to.
        """
        try:
            with finishing(), whole(Path(path)) as partial, partial.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
        except (OSError, RuntimeError) as error:
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
        return read_plain(Path(path), map_location)


def read_plain(path: Path, map_location: Any = "cpu", mmap: bool = False) -> dict[str, Any]:  # noqa: ANN401
    """Reads the tensors and plain values of a checkpoint file.

    PyTorch's own message on other things recommends to read them all the same, so it is not repeated.

    Args:
        path: the file.
        map_location: where tensors go, see `torch.load`.
        mmap: whether tensors are read from the disk when they are used.

    Raises:
        CTLError: it has something else in it, or it is none.
    """
    try:
        loaded: dict[str, Any] = torch.load(path, map_location=map_location, weights_only=True, mmap=mmap)
    except pickle.UnpicklingError as error:
        named = re.search(r"(?:GLOBAL|class) (\S+)", str(error))
        what = f"it holds {named[1]}, " if named else "it holds "
        raise CTLError(f"checkpoint {path}: {what}more than tensors and plain values, so it was not read") from error
    except RuntimeError as error:
        raise CTLError(f"checkpoint {path}: not one of ctl's ({first_line(error)}){REMEDY}") from error
    if not isinstance(loaded, dict):
        raise CTLError(f"checkpoint {path}: not one of ctl's (it holds a {type(loaded).__name__}){REMEDY}")
    return loaded


def can_resume(path: Path) -> bool:
    """Tells whether a fit can go on from a checkpoint: it is there, and has all that `WeightsOnly` takes away.

    Raises:
        CTLError: it is damaged.
    """
    if not path.is_file():
        return path.is_dir()
    check_checkpoint(path)
    return "optimizer_states" in read_plain(path, mmap=True)


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
        raise CTLError(f"checkpoint {path}: damaged, cut short or no checkpoint ({error}){REMEDY}") from None
    if damaged:
        raise CTLError(f"checkpoint {path}: damaged ({damaged} is not what was written); train again")
