"""Chunks of texts that come one by one: full, or as many as there are when the input pauses."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

PATIENCE = 0.2  # seconds to wait for more before what is there is handed on


def in_chunks(items: Iterable[Item], size: int, patience: float = PATIENCE) -> Iterator[list[Item]]:
    """Gives lists of items; a slow source is not waited for, so that nothing that was read is lost when it is stopped.

    Args:
        items: read in a thread of its own, ahead by a chunk at most.
        size: of a list, at most.
        patience: seconds without an item after which a list ends.

    Raises:
        Exception: what reading raised, after all items before it.
    """
    waiting: queue.Queue[Item | _End] = queue.Queue(size)
    threading.Thread(target=_read, args=(items, waiting), daemon=True).start()
    end: _End | None = None
    while end is None:
        chunk: list[Item] = []
        try:
            while len(chunk) < size and end is None:
                item = waiting.get(timeout=patience if chunk else None)
                if isinstance(item, _End):
                    end = item
                else:
                    chunk.append(item)
        except queue.Empty:
            pass
        if chunk:
            yield chunk
    if end.error is not None:
        raise end.error


class _End:
    """The end of what is read, and the error that ended it, if one did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def _read(items: Iterable[Item], waiting: queue.Queue[Item | _End]) -> None:
    """Puts all items into the queue, and then their end."""
    try:
        for item in items:
            waiting.put(item)
    except BaseException as error:  # whatever it is, the thread that waits raises it
        waiting.put(_End(error))
    else:
        waiting.put(_End())
