"""Counts of what a chat server was asked, what it answered, and what that costs; and a limit on the cost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from ctl.errors import CTLError
from ctl.llm.remote.answer_cache import Json
from ctl.llm.remote.answers import count_tokens
from ctl.llm.remote.endpoint import Endpoint

BYTES_A_TOKEN = 3  # of text, where a server does not count: English has four, most other languages two to three
MOST_WRITTEN = 4096  # tokens of an answer, where a request sets no limit


@dataclass
class Usage:
    """Counts of what was asked for and paid for; an earlier run paid for the answers from the cache.

    Attributes:
        requests: replies that the server gave in this run.
        cached: answers that the cache gave.
        retries: tries that failed and were repeated.
        unanswered: requests to which there is no answer.
        estimated: replies whose tokens the server did not count; they are estimated from the length of the text.
        lost: tries whose reply did not come in time, or not whole; each is counted with the most that it may cost.
        prompt_tokens: tokens that were read in this run.
        completion_tokens: tokens that were written in this run.
        cost: the cost of this run, in the currency of the prices.
        cost_of_labels: the cost of all answers, those from the cache too.
    """

    requests: int = 0
    cached: int = 0
    retries: int = 0
    unanswered: int = 0
    estimated: int = 0
    lost: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    cost_of_labels: float = 0.0

    def __str__(self) -> str:
        counted = "" if not self.estimated else f" (estimated for {self.estimated:,}, as the server counts no tokens)"
        lost = "" if not self.lost else f"; {self.lost:,} tries brought no whole reply, and count as paid in full"
        without = (
            "" if not self.unanswered else f"; {self.unanswered:,} without an answer, so their words have no label"
        )
        return (
            f"{self.requests:,} requests, {self.cached:,} more from the cache, {self.retries:,} retries; "
            f"{self.prompt_tokens:,} + {self.completion_tokens:,} tokens, cost {self.cost:.4f}{counted}{lost}{without}"
        )


class Account:
    """Adds up what replies cost, and lets nothing be asked that could cost more than is left.

    Args:
        endpoint: its prices and the most that a run may cost.

    Attributes:
        usage: the counts so far.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.usage = Usage()
        self._reserved: list[float] = []  # for what is being asked

    @asynccontextmanager
    async def reserve(self, request: Json) -> AsyncIterator[None]:
        """Sets aside what a request may cost; waits where that depends on what others will have cost.

        Raises:
            CTLError: it may cost more than is left.
        """
        cost, most = self.endpoint.price(*at_most(request)), self.endpoint.max_cost
        while most is not None and self.usage.cost + sum(self._reserved) + cost > most:
            if not self._reserved:
                raise CTLError(
                    f"{self.endpoint.url}: {self.usage.cost:.4f} are spent, the next answer may cost {cost:.4f} and "
                    f"max_cost is {most}"
                    + ("" if self.endpoint.cache is None else "; with a higher max_cost the run goes on from the cache")
                )
            await asyncio.sleep(0.05)
        self._reserved.append(cost)
        try:
            yield
        finally:
            self._reserved.remove(cost)

    def pay(self, request: Json, body: Any) -> Json:  # noqa: ANN401
        """Counts a reply of the server; gives the tokens that it read and wrote, as a server says them."""
        counted, estimates = count_tokens(body), estimate(request, body)
        read, written = (given or guess for given, guess in zip(counted, estimates, strict=True))
        cost = self.endpoint.price(read, written)
        self.usage.requests += 1
        self.usage.estimated += None in counted
        self.usage.prompt_tokens += read
        self.usage.completion_tokens += written
        self.usage.cost += cost
        self.usage.cost_of_labels += cost
        return {"prompt_tokens": read, "completion_tokens": written}

    def lose(self, request: Json) -> None:
        """Counts a try whose reply did not come whole: the server may have written all of it, and be paid for that."""
        read, written = at_most(request)
        cost = self.endpoint.price(read, written)
        self.usage.lost += 1
        self.usage.prompt_tokens += read
        self.usage.completion_tokens += written
        self.usage.cost += cost
        self.usage.cost_of_labels += cost

    def reuse(self, request: Json, body: Any) -> None:  # noqa: ANN401
        """Counts an answer from the cache."""
        tokens = zip(count_tokens(body), estimate(request, body), strict=True)
        self.usage.cached += 1
        self.usage.cost_of_labels += self.endpoint.price(*(given or guess for given, guess in tokens))


def at_most(request: Json) -> tuple[int, int]:
    """Estimates the tokens of a request, and gives the most that may be written."""
    limits = [request.get(name) for name in ("max_tokens", "max_completion_tokens")]
    return _tokens(request.get("messages")), max(
        [limit for limit in limits if isinstance(limit, int)] or [MOST_WRITTEN]
    )


def estimate(request: Json, body: Any) -> tuple[int, int]:  # noqa: ANN401
    """Estimates the tokens of a request and of the reply to it, from the length of their text."""
    most_read, most_written = at_most(request)
    choices = body.get("choices") if isinstance(body, dict) else body
    return most_read, min(most_written, _tokens([choice.get("message") for choice in _mappings(choices)]))


def _mappings(value: Any) -> list[Json]:  # noqa: ANN401
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _tokens(value: Any) -> int:  # noqa: ANN401
    return -(-len(json.dumps(value, ensure_ascii=False).encode(errors="replace")) // BYTES_A_TOKEN)
