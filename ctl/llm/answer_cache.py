"""Answers of a server on disk, so that a run that was killed does not ask and pay for them twice."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctl.errors import CTLError

Json = dict[str, Any]
TABLE = "create table if not exists answers (request text primary key, answer text not null)"


@dataclass
class AnswerCache:
    """Answers by the SHA-256 of their requests, in one SQLite file.

    Attributes:
        path: of the file; it is made where there is none.

    Raises:
        CTLError: the file is no such cache.
    """

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database = sqlite3.connect(self.path, timeout=60, check_same_thread=False, isolation_level=None)
            self._database.execute(TABLE)
        except sqlite3.Error as error:
            raise CTLError(f"cache {self.path}: {error}; move it away, or set model.cache to another file") from None

    @staticmethod
    def key(url: str, request: Json) -> str:
        """SHA-256 (64 hex digits) of an address and of a whole request; no credential enters."""
        return hashlib.sha256(json.dumps([url, request], sort_keys=True).encode()).hexdigest()

    def get(self, key: str) -> Json | None:
        """The answer of this key, if there is one."""
        with self._lock:
            row = self._database.execute("select answer from answers where request = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, key: str, answer: Json) -> None:
        """Keeps an answer under its key."""
        with self._lock:
            self._database.execute("insert or replace into answers values (?, ?)", (key, json.dumps(answer)))
