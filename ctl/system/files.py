"""Files that are whole or not there, folders that one run holds alone, and fingerprints."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Gives the name of a file or folder to be written beside ``path``, which takes its place when all is written.

    Its folder is made where there is none. After an error nothing is left of it, and what stood at ``path`` stays.
    """
    partial = path.with_name(path.name + ".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    remove(partial)
    try:
        yield partial
        _as_umask_says(partial)
        if partial.is_dir() and path.is_dir():
            shutil.rmtree(path)
        os.replace(partial, path)
    finally:
        remove(partial)


def _as_umask_says(path: Path) -> None:
    """Lets others read what the user's umask lets them read; safetensors makes files for the user alone."""
    mask = os.umask(0)
    os.umask(mask)
    for file in (path, *path.rglob("*")) if path.is_dir() else (path,):
        if not file.is_symlink():
            file.chmod((0o777 if file.is_dir() else 0o666) & ~mask)


def remove(path: Path) -> None:
    """Removes a file or a folder with all that is in it; does nothing where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a whole text file in UTF-8."""
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any, indent: int | None = 2) -> None:  # noqa: ANN401
    """Writes a value as a whole JSON file."""
    write_text(path, json.dumps(value, indent=indent, ensure_ascii=False) + "\n")


@contextmanager
def held(path: Path, busy: Exception | None = None) -> Iterator[None]:
    """Holds a lock file as long as the block runs; waits for nobody.

    Args:
        path: the lock file.
        busy: raised in place of `TimeoutError`.

    Raises:
        TimeoutError: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise busy or TimeoutError(f"{path}: held by another process") from None
    try:
        yield
    finally:
        lock.release()


def fingerprint(*parts: str | bytes) -> str:
    """SHA-256 of texts and bytes end to end, its first 16 hex digits."""
    return fingerprint_stream(parts)


def fingerprint_stream(parts: Iterable[str | bytes | memoryview]) -> str:
    """The fingerprint of parts that are made one by one, as the weights of a model are."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()[:16]


def fingerprint_json(value: Any) -> str:  # noqa: ANN401
    """The fingerprint of a value as JSON; the order in which a mapping names its keys changes nothing."""
    return fingerprint(json.dumps(value, sort_keys=True))


def checksum(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def moved(path: str | Path, folder: Path) -> Path | None:
    """Finds what a folder that was moved has in it: the end of the old path, the longest that is below the folder.

    Args:
        path: where it was, ``runs/try/data``.
        folder: where ``runs/try`` may be now.

    Returns:
        ``folder/data``; ``None`` where there is nothing, or a link that leads out of the folder.
    """
    parts = [part for part in Path(path).parts if part != Path(path).anchor]
    for begin in range(len(parts)):
        end = folder.joinpath(*parts[begin:])
        if ".." not in parts[begin:] and end.exists() and end.resolve().is_relative_to(folder.resolve()):
            return end
    return None
