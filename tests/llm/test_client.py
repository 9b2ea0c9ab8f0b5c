"""The client against a real server on loopback: retries, waiting, cache, money, keys."""

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from chat_server import answer, chat_server

from ctl.errors import CTLError
from ctl.llm.client import Client, Pace, seconds
from ctl.llm.endpoint import Endpoint

FAST = {"backoff": 0.01, "retries": 2}


def texts(choices):
    return [choice["message"]["content"] for choice in choices]


def test_answers_come_in_the_order_of_the_requests():
    with chat_server(lambda request, number: answer(str(request["n"]))) as (url, seen):
        client = Client(Endpoint(url, **FAST))
        assert texts(client.complete([{"n": n} for n in range(20)])) == [str(n) for n in range(20)]
    assert {one["path"] for one in seen} == {"/v1/chat/completions"}
    assert "Authorization" not in seen[0]["headers"]


@pytest.mark.parametrize(
    "trouble",
    [(429, {}, "slow down"), (500, {}, "oh"), (200, {}, "no json"), (200, {}, {"choices": []}), (200, {}, [])],
    ids=str,
)
def test_what_may_pass_is_tried_again(trouble):
    with chat_server(lambda request, number: trouble if number < 3 else answer("yes")) as (url, seen):
        client = Client(Endpoint(url, **FAST))
        assert texts(client.complete([{}])) == ["yes"]
    assert len(seen) == 3 and client.usage.retries == 2 and client.usage.requests == 1


def test_the_server_says_how_long_to_wait():
    with chat_server(lambda request, number: (429, {"Retry-After": "0.4"}, "") if number == 1 else answer("x")) as (
        url,
        _,
    ):
        began = time.perf_counter()
        Client(Endpoint(url, **FAST)).complete([{}])
        assert time.perf_counter() - began >= 0.4
    later = datetime.now(UTC) + timedelta(seconds=30)
    assert 25 < seconds(format_datetime(later, usegmt=True)) <= 30
    assert seconds("7") == 7 and seconds("-1") == seconds(None) == seconds("soon") == 0


def test_backoff_doubles():
    """Between the tries are at least 0.75 times 0.1, 0.2 and 0.4 seconds."""
    times = []

    def reply(request, number):
        times.append(time.perf_counter())
        return 500, {}, ""

    with chat_server(reply) as (url, _), pytest.raises(CTLError, match="status 500, 4 times"):
        Client(Endpoint(url, backoff=0.1, retries=3)).complete([{}])
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert all(gap >= 0.075 * 2**number for number, gap in enumerate(gaps)) and gaps[2] > gaps[0]


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_ends_the_run_at_once(status):
    with (
        chat_server(lambda request, number: (status, {}, "no such\nmodel")) as (url, seen),
        pytest.raises(CTLError, match=f"status {status}: no such model"),
    ):
        Client(Endpoint(url, concurrency=1, **FAST)).complete([{"n": n} for n in range(5)])
    assert len(seen) <= 2  # what was waiting is not asked


def test_no_server(free_port):
    with pytest.raises(CTLError, match=r"no answer \(ConnectError: .*, 3 times"):
        Client(Endpoint(f"http://127.0.0.1:{free_port}/v1", **FAST)).complete([{}])
    with pytest.raises(CTLError, match="endpoint nonsense"):
        Client(Endpoint("nonsense", **FAST)).complete([{}])


def test_a_killed_run_pays_for_nothing_twice(tmp_path):
    """The second run is another client over the same file; the server, which fails halfway, sees only what is new."""
    cache = str(tmp_path / "deep" / "answers.sqlite")
    prices = {"prompt_price": 2.0, "completion_price": 10.0}

    def reply(request, number):
        return (400, {}, "down") if number == 4 else answer(f"answer {request['n']}", read=1000, written=100)

    with chat_server(reply) as (url, seen):
        first = Client(Endpoint(url, cache=cache, concurrency=1, **prices, **FAST))
        with pytest.raises(CTLError):
            first.complete([{"n": n} for n in range(6)])
        again = Client(Endpoint(url, cache=cache, concurrency=1, **prices, **FAST))
        assert texts(again.complete([{"n": n} for n in range(6)])) == [f"answer {n}" for n in range(6)]
        assert first.usage.requests >= 3 and len([one for one in seen if one["body"] == {"n": 0}]) == 1
        assert again.usage.cached + again.usage.requests == 6 and again.usage.cached >= 3
        each = (1000 * 2 + 100 * 10) / 1e6
        assert again.usage.cost == pytest.approx(each * again.usage.requests)
        assert again.usage.cost_of_labels == pytest.approx(6 * each)
        report = again.report()
        assert report["prompt_tokens"] == 1000 * again.usage.requests and report["prompt_price"] == 2.0
        assert str(again.usage).startswith(f"{again.usage.requests} requests, {again.usage.cached} more from the cache")
        other = Client(Endpoint(url, cache=cache, **FAST))
        other.complete([{"n": 0, "seed": 1}])
        assert other.usage.cached == 0  # another request


def test_money_that_is_spent(tmp_path):
    with (
        chat_server(lambda request, number: answer("x", read=1_000_000)) as (url, seen),
        pytest.raises(CTLError, match=r"3.0000 are spent and max_cost is 2.5"),
    ):
        endpoint = Endpoint(url, prompt_price=1.0, max_cost=2.5, concurrency=1, **FAST)
        Client(endpoint).complete([{"n": n} for n in range(9)])
    assert len(seen) == 3


def test_the_key_is_sent_and_kept_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sesame-123")
    cache = tmp_path / "answers.sqlite"
    with chat_server(lambda request, number: answer("x")) as (url, seen):
        client = Client(Endpoint(url, cache=str(cache), key_variable="MY_KEY"))
        client.complete([{}])
    assert seen[0]["headers"]["Authorization"] == "Bearer sesame-123"
    assert b"sesame" not in cache.read_bytes() and "sesame" not in str(client.report()) + str(client.endpoint)


def test_requests_are_spaced_and_as_many_as_allowed_run_together():
    now, slept = [0.0], []

    def sleep(duration):
        slept.append(round(duration, 6))
        now[0] += duration

    pace = Pace(120, clock=lambda: now[0], sleep=sleep)
    for _ in range(4):
        pace.wait()
    now[0] += 10
    pace.wait()
    assert slept == [0, 0.5, 0.5, 0.5, 0]
    Pace(None, sleep=sleep).wait()
    assert len(slept) == 5
    together = threading.Barrier(3, timeout=10)
    with chat_server(lambda request, number: (together.wait(), answer("x"))[1]) as (url, _):
        Client(Endpoint(url, concurrency=3, **FAST)).complete([{"n": n} for n in range(3)])
