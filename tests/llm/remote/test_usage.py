"""The cost of requests, by hand: a million tokens read cost 2, written 10."""

import asyncio

import pytest

from ctl.errors import CTLError
from ctl.llm.remote.endpoint import Endpoint
from ctl.llm.remote.usage import Account, at_most, estimate

REQUEST = {"messages": "x" * 28, "max_tokens": 50}  # 30 bytes of JSON


def test_tokens_are_estimated_from_bytes():
    assert at_most(REQUEST) == (10, 50) and at_most({**REQUEST, "max_tokens": None}) == (10, 4096)
    assert estimate(REQUEST, {"choices": [{"message": "é" * 14}]}) == (10, 11)  # ["éé..."] has 32 bytes
    assert estimate(REQUEST, {"choices": [{"message": "y" * 9000}]}) == (10, 50)
    assert estimate(REQUEST, "odd")[0] == 10


def test_counts_of_the_server_come_first():
    account = Account(Endpoint("http://h/v1", prompt_price=2.0, completion_price=10.0))
    account.pay(REQUEST, {"usage": {"prompt_tokens": 1000, "completion_tokens": 100}})
    account.reuse(REQUEST, {"usage": {"prompt_tokens": 1000, "completion_tokens": 100}})
    assert account.usage.cost == pytest.approx(0.003) and account.usage.cost_of_labels == pytest.approx(0.006)
    assert (account.usage.requests, account.usage.cached, account.usage.estimated) == (1, 1, 0)


def test_what_is_being_asked_is_reckoned_with():
    """A request may cost 520 millionths; two fit into 1100 at a time, and the third waits until one has cost less."""
    account = Account(Endpoint("http://h/v1", prompt_price=2.0, completion_price=10.0, max_cost=1100e-6))
    running, most = 0, 0

    async def ask():
        nonlocal running, most
        async with account.reserve(REQUEST):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.01)
            account.pay(REQUEST, {"usage": {"prompt_tokens": 10, "completion_tokens": 1}})  # 30 millionths
            running -= 1

    async def ask_all(count):
        await asyncio.gather(*(ask() for _ in range(count)))

    asyncio.run(ask_all(6))
    assert most == 2 and account.usage.cost == pytest.approx(6 * 30e-6)
    with pytest.raises(CTLError, match="may cost"):
        asyncio.run(ask_all(20))
    assert account.usage.cost <= 1100e-6
