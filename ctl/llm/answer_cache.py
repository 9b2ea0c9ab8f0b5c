"""Answers of a server on disk: a run that was killed asks, and pays, for none of them twice."""

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


@dataclass
class AnswerCache:
    """Answers by the SHA-256 of their requests, in one SQLite file."""

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._base = sqlite3.connect(self.path, timeout=60, check_same_thread=False, isolation_level=None)
            self._base.execute("create table if not exists answers (request text primary key, answer text not null)")
        except sqlite3.Error as error:
            raise CTLError(f"cache {self.path}: {error}; move it away, or set model.cache to another file") from None

    @staticmethod
    def key(url: str, request: Json) -> str:
        """SHA-256 of where a request goes and of all that it says; no credential enters."""
        return hashlib.sha256(json.dumps([url, request], sort_keys=True).encode()).hexdigest()

    def get(self, key: str) -> Json | None:
        """The answer, where there is one."""
        with self._lock:
            row = self._base.execute("select answer from answers where request = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, key: str, answer: Json) -> None:
        """Keeps an answer."""
        with self._lock:
            self._base.execute("insert or replace into answers values (?, ?)", (key, json.dumps(answer)))
