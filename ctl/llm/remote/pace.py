"""The pace at which a server is asked: a limit on the tries a minute, and the wait that the server asks for."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ctl.system.console import duration, notice

LONGEST_WAIT = 60.0  # seconds between two tries, whatever the server asks for
SAID = 5.0  # seconds of a wait that the user is told of


@dataclass
class Pace:
    """A limit on the tries a minute, evenly spaced, for all that is asked at a time.

    Attributes:
        per_minute: the most tries a minute; ``None`` for no limit.
        clock: gives the time in seconds.
        sleep: waits for so many seconds.
    """

    per_minute: float | None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _next: float = 0.0

    async def wait(self) -> None:
        """Returns when it is this try's turn."""
        if self.per_minute is None:
            return
        turn = max(self._next, self.clock())
        self._next = turn + 60 / self.per_minute
        await self.sleep(max(0.0, turn - self.clock()))


def bounded(url: str, seconds: float) -> float:
    """Bounds the wait that a server asks for, and tells the user of a long one.

    Args:
        url: of the server.
        seconds: what it asks for.
    """
    wait = min(seconds, LONGEST_WAIT)
    if seconds > LONGEST_WAIT:
        notice(f"{url} asks to wait {_long(seconds)}: it is tried again after {duration(wait)}")
    elif seconds > SAID:
        notice(f"{url} asks to wait {duration(wait)}")
    return wait


def _long(seconds: float) -> str:
    return duration(seconds) if seconds < 86_400 else "more than a day"


def read_seconds(retry_after: str | None) -> float:
    """Reads the seconds to wait from a ``Retry-After`` header: a number of seconds or a date (RFC 9110, 10.2.3)."""
    if not retry_after:
        return 0.0
    try:
        seconds = float(retry_after)
        return 0.0 if math.isnan(seconds) else max(0.0, seconds)
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0.0
