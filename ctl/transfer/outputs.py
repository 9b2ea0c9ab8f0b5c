"""The files that a stage leaves: which they are, whether all are there, whether they are what was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ctl.errors import CTLError
from ctl.results import counts_file, read_records
from ctl.system.files import checksum, read_object

Described = dict[str, list[Any]]  # size in bytes and SHA-256, by name in the stage's folder


def files_of(output: Path) -> list[Path]:
    """The files that belong to an output: a store with its manifest, scores with their counts, a whole backbone.

    Raises:
        CTLError: the output is damaged.
    """
    if output.is_dir():
        return sorted(path for path in output.rglob("*") if path.is_file())
    match output.name:
        case "manifest.json":
            return [output, *(output.parent / Path(name).name for name in read_object(output).get("sha256", {}))]
        case "results.json":
            return [output, *(counts_file(output.parent, record["method"]) for record in read_records(output))]
        case "config.json":
            return sorted({output, *(path for path in output.parent.glob("*") if path.is_file())})
    return [output]


def describe(folder: Path, outputs: Iterable[str]) -> Described:
    """Notes size and checksum of everything that a stage left."""
    files = [path for output in outputs for path in files_of(folder / output)]
    return {str(path.relative_to(folder)): [path.stat().st_size, _checksum(path)] for path in files}


def first_missing(folder: Path, outputs: Iterable[str], described: Mapping[str, Any]) -> str | None:
    """Names the first file that is gone or cut short, if any is; reads no contents.

    Args:
        folder: the stage's.
        outputs: what it must leave.
        described: its files; empty for a stage that an earlier version of ctl ran.
    """
    if described:
        sizes = {name: entry[0] for name, entry in described.items()}
        return next((name for name, size in sizes.items() if _size(folder / name) != size), None)
    try:
        files = [path for output in outputs for path in files_of(folder / output)]
    except (CTLError, TypeError, KeyError):
        return next(iter(outputs))
    return next((str(path.relative_to(folder)) for path in files if not path.exists()), None)


def first_damaged(folder: Path, described: Mapping[str, Any]) -> str | None:
    """Names the first file that is gone or not what was written, if any is; reads all of them."""
    for name, (size, digest) in described.items():
        path = folder / name
        if _size(path) != size or _checksum(path) != digest:
            return name
    return None


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _checksum(path: Path) -> str:
    """A file that did not change is read once in a process."""
    return _checksum_since(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4096)
def _checksum_since(path: Path, changed: int) -> str:
    return checksum(path)
