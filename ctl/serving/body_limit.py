"""A limit on the size of requests: what is too long or too slow is refused before any of it is parsed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class BodyLimit:
    """An ASGI application before another: it reads a request's body and hands on what is short enough.

    Args:
        app: the other.
        most: bytes of a body.
        seconds: in which a body must have come.
    """

    def __init__(self, app: App, most: int, seconds: float) -> None:
        self.app = app
        self.most = most
        self.seconds = seconds

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers a request, by the other application or by a refusal."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.seconds):
                body = await self._read(scope, receive)
        except TimeoutError:
            await _refuse(send, 408, f"the body did not come within {self.seconds:g} seconds")
            return
        if body is None:
            await _refuse(send, 413, f"a request has at most {self.most:,} bytes; send the texts in parts")
            return
        await self.app(scope, _replayed(body, receive), send)

    async def _read(self, scope: Message, receive: Receive) -> bytes | None:
        """The body; ``None`` where it is too long."""
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self.most:
            return None
        body, more = bytearray(), True
        while more and len(body) <= self.most:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return bytes(body) if len(body) <= self.most else None


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read, and then what comes after it."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay


async def _refuse(send: Send, status: int, detail: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"detail": detail}).encode()})
