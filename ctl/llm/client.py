"""The client of a chat model behind an endpoint: retries, a rate limit, a cache on disk, and the cost."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from ctl.errors import CTLError
from ctl.llm.answer_cache import AnswerCache, Json
from ctl.llm.endpoint import Endpoint

TRANSIENT = {408, 409, 425, 429, 500, 502, 503, 504, 529}
LONGEST_BACKOFF = 60.0  # seconds between two tries, where the server does not ask for more


@dataclass
class Usage:
    """Counts of what was asked for and paid for; an earlier run paid for the answers from the cache.

    Attributes:
        requests: answers that the server gave in this run.
        cached: answers that the cache gave.
        retries: tries that failed and were repeated.
        prompt_tokens: tokens that were read in this run.
        completion_tokens: tokens that were written in this run.
        cost: the cost of this run, in the currency of the prices.
        cost_of_labels: the cost of all answers, those from the cache too.
    """

    requests: int = 0
    cached: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    cost_of_labels: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.requests:,} requests, {self.cached:,} more from the cache, {self.retries:,} retries; "
            f"{self.prompt_tokens:,} + {self.completion_tokens:,} tokens, cost {self.cost:.4f}"
        )


@dataclass
class Pace:
    """A limit on the tries a minute, evenly spaced, for any number of threads.

    Attributes:
        per_minute: the most tries a minute; ``None`` for no limit.
        clock: gives the time in seconds.
        sleep: waits for so many seconds.
    """

    per_minute: float | None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Returns when it is this try's turn."""
        if self.per_minute is None:
            return
        with self._lock:
            turn = max(self._next, self.clock())
            self._next = turn + 60 / self.per_minute
        self.sleep(max(0.0, turn - self.clock()))


class Client:
    """Asks an endpoint; several requests run at a time, and each is asked once."""

    def __init__(self, endpoint: Endpoint) -> None:
        import httpx

        self.endpoint = endpoint
        key = endpoint.key()
        self.usage = Usage()
        self._cache = None if endpoint.cache is None else AnswerCache(Path(endpoint.cache))
        self._pace = Pace(endpoint.requests_per_minute)
        self._lock = threading.Lock()
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._client = httpx.Client(timeout=endpoint.timeout, headers=headers)

    def complete(self, requests: Sequence[Json]) -> list[Json]:
        """Gives the first choice of each answer (``message``, and ``logprobs`` where there are any), in order.

        Raises:
            CTLError: the server refuses, it can't be reached, or the run has cost more than it may.
        """
        with ThreadPoolExecutor(self.endpoint.concurrency) as pool:
            answers = [pool.submit(self._choice, request) for request in requests]
            try:
                return [answer.result() for answer in answers]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)  # what has not been asked is not paid for
                raise

    def _choice(self, request: Json) -> Json:
        key = AnswerCache.key(self.endpoint.url, request)
        known = self._cache.get(key) if self._cache else None
        answer = self._ask(request) if known is None else known
        if known is None and self._cache:
            self._cache.put(key, answer)
        self._count(answer, paid=known is None)
        choice: Json = answer["choices"][0]
        return choice

    def _count(self, answer: Json, paid: bool) -> None:
        tokens = answer.get("usage") or {}
        read, written = int(tokens.get("prompt_tokens") or 0), int(tokens.get("completion_tokens") or 0)
        cost = (read * self.endpoint.prompt_price + written * self.endpoint.completion_price) / 1e6
        with self._lock:
            self.usage.cost_of_labels += cost
            self.usage.cached += not paid
            if paid:
                self.usage.requests += 1
                self.usage.prompt_tokens += read
                self.usage.completion_tokens += written
                self.usage.cost += cost

    def _ask(self, request: Json) -> Json:
        """Asks the server until it answers."""
        url, tries = self.endpoint.url, self.endpoint.retries + 1
        for attempt in range(tries):
            self._stop_when_spent()
            self._pace.wait()
            answer, trouble, wait = self._try(request)
            if answer is not None:
                return answer
            if attempt + 1 < tries:
                with self._lock:
                    self.usage.retries += 1
                backoff = min(LONGEST_BACKOFF, self.endpoint.backoff * 2**attempt)
                time.sleep(max(backoff * random.uniform(0.75, 1.25), wait))  # not all threads at once again
        raise CTLError(f"{url}: {trouble}, {tries} times; the answers so far are in the cache, so try again later")

    def _stop_when_spent(self) -> None:
        most = self.endpoint.max_cost
        if most is not None and self.usage.cost > most:
            raise CTLError(
                f"{self.endpoint.url}: {self.usage.cost:.4f} are spent and max_cost is {most}; "
                "with a higher max_cost the run goes on from the cache"
            )

    def _try(self, request: Json) -> tuple[Json | None, str, float]:
        """Gives an answer, or what went wrong and how many seconds the server wants the client to wait."""
        import httpx

        try:
            response = self._client.post(f"{self.endpoint.url.rstrip('/')}/chat/completions", json=request)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise CTLError(f"endpoint {self.endpoint.url}: {error}") from None
        except httpx.TransportError as error:
            return None, f"no answer ({type(error).__name__}: {error})", 0.0
        if response.status_code in TRANSIENT:
            return None, f"status {response.status_code}", seconds(response.headers.get("Retry-After"))
        if response.status_code != 200:
            said = " ".join(response.text.split())[:300]
            raise CTLError(f"{self.endpoint.url}: status {response.status_code}: {said}")
        try:
            answer: Json = response.json()
            answer["choices"][0]["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError):
            return None, "an answer without choices", 0.0
        return answer, "", 0.0

    def report(self) -> Json:
        """Reports where the answers came from and what they cost, for manifests."""
        prices = {name: getattr(self.endpoint, name) for name in ("prompt_price", "completion_price")}
        return {"url": self.endpoint.url, **prices, **{k: round(v, 6) for k, v in asdict(self.usage).items()}}


def seconds(retry_after: str | None) -> float:
    """Reads the seconds to wait from a ``Retry-After`` header: a number of seconds or a date (RFC 9110, 10.2.3)."""
    if not retry_after:
        return 0.0
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
