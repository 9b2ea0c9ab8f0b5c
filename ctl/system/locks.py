"""Folders that one run holds alone."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, SoftFileLock, Timeout

from ctl.errors import CTLError
from ctl.system.console import duration


@contextmanager
def held(path: Path, busy: Exception | None = None, patience: float = 0.0) -> Iterator[None]:
    """Holds a lock file as long as the block runs.

    Args:
        path: the lock file.
        busy: raised in place of `TimeoutError`; a message to the user says who holds the lock as well.
        patience: seconds to wait for whoever holds it; -1 waits until the lock is free.

    Raises:
        TimeoutError: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=patience)
    try:
        lock.acquire()
    except Timeout:
        if busy is not None and not isinstance(busy, CTLError):
            raise busy from None
        error, message = (TimeoutError, f"{path}: held") if busy is None else (type(busy), str(busy))
        raise error(f"{message} ({_holder(path)})") from None
    try:
        if not isinstance(lock, SoftFileLock):
            _sign(path)
        yield
    finally:
        lock.release()


def _sign(path: Path) -> None:
    """Notes process and host in a lock file, as `SoftFileLock` does where the file system knows no locks."""
    with suppress(OSError):
        path.write_text(f"{os.getpid()}\n{socket.gethostname()}\n", encoding="utf-8")


def _holder(path: Path) -> str:
    """Says who holds a lock file, since when, and how to break a lock whose holder is gone."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        age = duration(max(0.0, time.time() - path.stat().st_mtime))
    except OSError:
        return "by another process"
    process, host = (*lines[:2], "unknown", "unknown")[:2] if len(lines) > 1 else ("unknown", "unknown")
    return f"process {process} on host {host}, for {age}; if it is gone, remove {path}"
