"""The client of a chat model behind an endpoint: retries, a rate limit, a cache on disk, and the cost."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ctl.errors import CTLError
from ctl.llm.remote.answer_cache import AnswerCache, Json
from ctl.llm.remote.answers import LARGEST, NoAnswer, checked, parse
from ctl.llm.remote.endpoint import Endpoint
from ctl.llm.remote.pace import LONGEST_WAIT, Pace, bounded, read_seconds
from ctl.llm.remote.usage import Account, Usage

if TYPE_CHECKING:
    import httpx

Value = TypeVar("Value")
TRANSIENT = {408, 409, 425, 429, 500, 502, 503, 504, 529}
MOST_UNANSWERED = 0.1  # of all requests: the share without an answer at which a run stops
ENOUGH = 20  # requests after which that share is looked at before the end
MOST_SHOWN = 2000  # characters of a message of a server that are looked at
LEAST_SECRET = 4  # characters: what is shorter stands in many words, and is no secret


def spellings(key: str) -> re.Pattern[str]:
    """Finds a key as it is, and as JSON and addresses may write it, with escapes for its letters."""
    letters = (rf"(?:\\?{re.escape(letter)}|\\u{ord(letter):04x}|%{ord(letter):02x})" for letter in key)
    return re.compile("".join(letters), re.IGNORECASE)


class Trouble(Exception):
    """A try that failed and may be repeated.

    Attributes:
        wait: seconds that the server asks the client to wait.
    """

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


class Client:
    """Asks an endpoint; several requests run at a time, and each is asked once.

    Only what is an answer enters the cache, and of it only what is used. The key is replaced by ``***`` in all that a
    server says.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._key = endpoint.key()
        self._cache = None if endpoint.cache is None else AnswerCache(Path(endpoint.cache))
        self._pace = Pace(endpoint.requests_per_minute)
        self._account = Account(endpoint)
        self._problems: Counter[str] = Counter()
        self._ended = 0

    @property
    def usage(self) -> Usage:
        """Counts of what was asked for and paid for."""
        return self._account.usage

    def complete(self, requests: Sequence[Json], readers: Sequence[Callable[[Json], Value]]) -> list[Value | None]:
        """Gives what is read from the answer to each request, ``None`` where there is no answer.

        Args:
            requests: what the server is sent; what comes twice is asked once.
            readers: read the first choice of each answer (``message``, and ``logprobs`` where there are any); they
                raise `NoAnswer` where it is none.

        Raises:
            CTLError: the server refuses, it can't be reached, too many requests have no answer, or the run may come to
                cost more than it may.
        """
        from anyio.from_thread import start_blocking_portal

        keys = [AnswerCache.key(self.endpoint.url, request) for request in requests]
        wanted = dict(zip(keys, zip(requests, readers, strict=True), strict=True))
        with start_blocking_portal() as portal:  # a loop of its own: a notebook runs one already
            values = portal.call(self._ask_all, wanted)
        return [values[key] for key in keys]

    async def _ask_all(self, wanted: dict[str, tuple[Json, Callable[[Json], Value]]]) -> dict[str, Value | None]:
        import httpx

        headers = {"Content-Type": "application/json"}
        headers |= {} if self._key is None else {"Authorization": f"Bearer {self._key}"}
        limits = httpx.Limits(max_connections=self.endpoint.concurrency)
        async with httpx.AsyncClient(headers=headers, timeout=None, limits=limits) as http:
            gate = asyncio.Semaphore(self.endpoint.concurrency)
            tasks = [asyncio.create_task(self._value(http, gate, key, *one)) for key, one in wanted.items()]
            try:
                return dict(zip(wanted, await asyncio.gather(*tasks), strict=True))
            finally:
                for task in tasks:
                    task.cancel()  # what has not been asked is not paid for
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _value(
        self,
        http: httpx.AsyncClient,
        gate: asyncio.Semaphore,
        key: str,
        request: Json,
        read: Callable[[Json], Value],
    ) -> Value | None:
        async with gate, self._cache.asking(key) if self._cache else nullcontext():
            value = await self._known_or_asked(http, key, request, read)
        self._ended += 1
        self.check_answers(ENOUGH)
        return value

    async def _known_or_asked(
        self, http: httpx.AsyncClient, key: str, request: Json, read: Callable[[Json], Value]
    ) -> Value | None:
        try:
            return self._reuse(key, request, read)
        except NoAnswer:
            pass
        try:
            return await self._ask(http, key, request, read)
        except NoAnswer as problem:
            self.usage.unanswered += 1
            self._problems[str(problem)] += 1
            return None

    def _reuse(self, key: str, request: Json, read: Callable[[Json], Value]) -> Value:
        """Reads the answer from the cache."""
        known = self._cache.get(key) if self._cache else None
        if known is None:
            raise NoAnswer("not asked yet")
        value = read(checked(known))
        self._account.reuse(request, known)
        return value

    async def _ask(self, http: httpx.AsyncClient, key: str, request: Json, read: Callable[[Json], Value]) -> Value:
        """Asks the server until it answers, and keeps the answer; what is no answer is asked for once more."""
        troubles, refusals = 0, 0
        while True:
            try:
                choice, usage = await self._try(http, request)
                value = read(choice)
                break
            except NoAnswer:
                refusals, wait = refusals + 1, 0.0
                if refusals > 1:
                    raise
            except Trouble as trouble:
                troubles, wait = troubles + 1, bounded(self.endpoint.url, trouble.wait)
                if troubles > self.endpoint.retries:
                    raise CTLError(f"{self.endpoint.url}: {trouble}, {troubles} times; {self._later}") from None
            self.usage.retries += 1
            backoff = min(LONGEST_WAIT, self.endpoint.backoff * 2 ** min(troubles + refusals - 1, 30))
            await asyncio.sleep(max(backoff * random.uniform(0.75, 1.25), wait))  # not all at once again
        if self._cache:
            self._cache.put(key, {"choices": [choice], "usage": usage})
        return value

    @property
    def _later(self) -> str:
        return "the answers so far are in the cache, so try again later" if self._cache else "try again later"

    async def _try(self, http: httpx.AsyncClient, request: Json) -> tuple[Json, Json]:
        """Gives the first choice of an answer, and how many tokens were read and written.

        Raises:
            NoAnswer: the server sent something else.
            Trouble: it sent nothing that is of use, but may do so later.
            CTLError: it refuses for good.
        """
        async with self._account.reserve(request):
            await self._pace.wait()
            status, headers, text = await self._send(http, request)
            if status == 200:
                return self._read(request, text)
        if status in TRANSIENT:
            raise Trouble(f"status {status}", read_seconds(headers.get("Retry-After")))
        if status == 400 and "content_filter" in text:
            raise NoAnswer("refused")
        moved = f" to {self._shown(headers.get('Location', ''))}" if 300 <= status < 400 else ""
        raise CTLError(f"{self.endpoint.url}: status {status}{moved}: {self._shown(text)}")

    def _read(self, request: Json, text: str) -> tuple[Json, Json]:
        try:
            body = parse(text)
        except NoAnswer:
            self._account.pay(request, None)
            raise
        usage = self._account.pay(request, body)
        choice = checked(body)
        written = json.dumps(choice, ensure_ascii=False)
        if (redacted := self._without_key(written)) != written:  # it was escaped before
            choice = checked({"choices": [json.loads(redacted)]})
        return choice, usage

    async def _send(self, http: httpx.AsyncClient, request: Json) -> tuple[int, httpx.Headers, str]:
        """Sends a request; gives status, headers and body, without the key. One deadline holds for all of it."""
        import httpx

        try:
            async with asyncio.timeout(self.endpoint.timeout):
                url, content = f"{self.endpoint.url.rstrip('/')}/chat/completions", json.dumps(request).encode()
                async with http.stream("POST", url, content=content) as response:
                    body = bytearray()
                    async for part in response.aiter_bytes():
                        body += part
                        if len(body) > LARGEST:
                            self._account.pay(request, None)
                            raise NoAnswer("too large")
            return response.status_code, response.headers, self._without_key(body.decode(errors="replace"))
        except TimeoutError:
            self._account.lose(request)
            raise Trouble(f"no whole answer in {self.endpoint.timeout:g} s (timeout)") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            if isinstance(error, httpx.ReadError | httpx.RemoteProtocolError):  # it was sent
                self._account.lose(request)
            hint = f"; does a server run at {self.endpoint.url}?" if isinstance(error, httpx.ConnectError) else ""
            raise Trouble(self._shown(f"no answer ({type(error).__name__}: {error}{hint})")) from None

    def _without_key(self, text: str) -> str:
        return text if self._key is None or len(self._key) < LEAST_SECRET else text.replace(self._key, "***")

    def _shown(self, text: str) -> str:
        """The text of a server as a piece of one line for a terminal, without the key."""
        text = self._without_key(text)[: 2 * MOST_SHOWN]
        if self._key is not None and len(self._key) >= LEAST_SECRET:
            text = spellings(self._key).sub("***", text)
        printable = "".join(letter if letter.isprintable() else " " for letter in text[:MOST_SHOWN])
        return " ".join(printable.split())[:300]

    def check_answers(self, least: int = 1) -> None:
        """Stops a run in which too many requests have no answer.

        Args:
            least: the requests from which on that is looked at.

        Raises:
            CTLError: says how many there are, of which kinds, and what to do.
        """
        missing = self.usage.unanswered
        if self._ended >= least and missing > MOST_UNANSWERED * self._ended:
            kinds = ", ".join(f"{count:,} {problem}" for problem, count in self._problems.most_common())
            raise CTLError(
                f"{self.endpoint.url}: {missing:,} of {self._ended:,} requests have no answer ({kinds}), more than a "
                "tenth; try another model.style or model.model. Where answers are cut off, set a higher max_tokens in "
                "model.options; where the model thinks aloud, {chat_template_kwargs: {enable_thinking: false}} there"
            )

    def report(self) -> Json:
        """Reports where the answers came from and what they cost, for manifests."""
        prices = {name: getattr(self.endpoint, name) for name in ("prompt_price", "completion_price")}
        return {"url": self.endpoint.url, **prices, **{k: round(v, 6) for k, v in asdict(self.usage).items()}}
