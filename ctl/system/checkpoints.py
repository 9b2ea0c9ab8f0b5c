"""Checkpoints are checked before they are read, and never run code; Lightning is not needed to read them."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ctl.errors import CTLError, first_line
from ctl.system.files import moved
from ctl.system.names import some

REMEDY = "; name a .ckpt file that `ctl fit` or `ctl transfer` wrote, or train again"
NAMES = ("best", "last")  # of checkpoints, without their ending
TOKENIZER = "tokenizer"  # the folder beside checkpoints, and in them the key of its fingerprint


def read_checkpoint(path: str | Path, map_location: Any = "cpu", mmap: bool = False) -> dict[str, Any]:  # noqa: ANN401
    """Reads the tensors and plain values of a checkpoint file, and nothing that could run.

    PyTorch's own message on other things recommends to read them all the same, so it is not repeated.

    Args:
        path: the file.
        map_location: where tensors go, see `torch.load`.
        mmap: whether tensors are read from the disk when they are used.

    Raises:
        CTLError: no such file, or it is damaged, or it has something else in it.
    """
    check_checkpoint(path)
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
    return "optimizer_states" in read_checkpoint(path, mmap=True)


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


@contextmanager
def read_from(path: str | Path) -> Iterator[None]:
    """Names the file from whose content something is made, whatever goes wrong with it.

    Raises:
        CTLError: something went wrong; somebody else may have written the file.
    """
    try:
        yield
    except CTLError as error:
        raise CTLError(f"{path}: {error}") from error
    except Exception as error:  # whatever a file may hold that somebody else wrote
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise CTLError(f"{path}: of another version of ctl, or damaged ({reason}); train again") from error


def backbone_now(backbone: str, path: Path) -> str:
    """Gives the backbone that a checkpoint names; where its run was moved with it, the folder that it is in now."""
    if Path(backbone).is_dir():
        return backbone
    folders = list(path.absolute().parents[1:6])
    return next((str(end) for folder in folders if (end := moved(backbone, folder))), backbone)


def are_finite(values: Iterable[Tensor]) -> bool:
    """Tells whether all numbers of all tensors are finite; waits for a GPU once."""
    flags = [value.detach().isfinite().all() for value in values if value.is_floating_point() and value.numel()]
    return not flags or bool(torch.stack([flag.to(flags[0].device) for flag in flags]).all())
