"""Checkpoints that are written at once, and once; are checked before they are read, and never run code."""

from __future__ import annotations

import io
import os
import pickle
import re
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from ctl.errors import CTLError, first_line
from ctl.system.files import whole
from ctl.system.names import some
from ctl.system.signals import finishing

REMEDY = "; name a .ckpt file that `ctl fit` or `ctl transfer` wrote, or train again"
NAMES = ("best", "last")  # of checkpoints, without their ending
LARGE = ("state_dict", "optimizer_states", "ctl")  # of a checkpoint: weights, moments, and a clock that is read


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
        check_checkpoint(path)
        return read_plain(Path(path), map_location)


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
    """Compares the checksums of a checkpoint file, which PyTorch writes but does not read.

    Raises:
        CTLError: no such file, or it is damaged.
    """
    if Path(path).is_dir():  # the shards of a model that no process has whole
        return
    if not Path(path).is_file():
        raise CTLError(f"checkpoint {path}: no such file")
    try:
        damaged = _damaged(Path(path).absolute(), Path(path).stat().st_mtime_ns)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise CTLError(f"checkpoint {path}: damaged, cut short or no checkpoint ({error}){REMEDY}") from None
    if damaged:
        raise CTLError(f"checkpoint {path}: damaged ({damaged} is not what was written); train again")


@lru_cache(maxsize=256)
def _damaged(path: Path, changed: int) -> str | None:
    """Names the first part of a file that is not what was written; a file that did not change is read once."""
    with zipfile.ZipFile(path) as file:
        return file.testzip()


def named_checkpoint(folder: Path, name: str) -> Path:
    """Finds the best or the last checkpoint of a folder.

    Args:
        folder: of checkpoints.
        name: ``best`` or ``last``.

    Raises:
        CTLError: there is none of this name.
    """
    path = folder / f"{name}.ckpt"
    if not path.exists():
        there = some(sorted(other.name for other in folder.glob("*.ckpt")))
        raise CTLError(f"--ckpt_path {name}: no {path}; " + (f"there is {there}" if there else "`ctl fit` writes it"))
    return path
