"""Answers of a server on disk, so that neither a run that was killed nor a second one asks and pays for them again."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctl.errors import CTLError

Json = dict[str, Any]
TABLE = "create table if not exists answers (request text primary key, answer text not null)"
LOOK_AGAIN = 0.1  # seconds until it is tried again whether another process has its answer


@dataclass
class AnswerCache:
    """Answers by the SHA-256 of their requests, in one SQLite file.

    A file beside it, ``<path>.lock``, tells other processes what is being asked: each request locks one of its bytes.
    The system takes the locks of a process back that ends in whatever way.

    Attributes:
        path: of the file; it is made where there is none.

    Raises:
        CTLError: the file is no such cache.
    """

    path: Path

    def __post_init__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors():
            self._database = sqlite3.connect(self.path, timeout=60, check_same_thread=False, isolation_level=None)
            self._database.execute(TABLE)
        self._lock = self.path.with_name(f"{self.path.name}.lock").open("ab")

    @staticmethod
    def key(url: str, request: Json) -> str:
        """SHA-256 (64 hex digits) of an address and of a whole request; no credential enters."""
        return hashlib.sha256(json.dumps([url, request], sort_keys=True).encode()).hexdigest()

    def get(self, key: str) -> Any | None:  # noqa: ANN401
        """The answer of this key, if there is one; it may be any JSON."""
        with self._errors():
            row = self._database.execute("select answer from answers where request = ?", (key,)).fetchone()
        try:
            return None if row is None else json.loads(row[0])
        except (ValueError, TypeError, RecursionError):
            return None

    def put(self, key: str, answer: Json) -> None:
        """Keeps an answer under its key."""
        with self._errors():
            self._database.execute("insert or replace into answers values (?, ?)", (key, json.dumps(answer)))

    @asynccontextmanager
    async def asking(self, key: str) -> AsyncIterator[None]:
        """Waits until no other process asks for this key, and tells the others until the block ends."""
        place = int(key[:15], 16)
        while not self._take(place):
            await asyncio.sleep(LOOK_AGAIN)
        try:
            yield
        finally:
            self._give_back(place)

    def _take(self, place: int) -> bool:
        try:
            import fcntl

            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):
            return False
        except (ImportError, OSError):
            return True  # no locks here: two processes may then ask for the same
        return True

    def _give_back(self, place: int) -> None:
        try:
            import fcntl

            fcntl.lockf(self._lock, fcntl.LOCK_UN, 1, place)
        except (ImportError, OSError):
            pass

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise CTLError(
                f"cache {self.path}: {error}; move it away, or set model.endpoint.cache to another file"
            ) from None
