"""The client against a real server on loopback: retries, waiting, cache, money, keys."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from itertools import pairwise

import pytest
from chat_server import answer, chat_server, dripping_server

from ctl.errors import CTLError
from ctl.llm.remote.answer_cache import AnswerCache
from ctl.llm.remote.answers import NoAnswer
from ctl.llm.remote.client import Client, spellings
from ctl.llm.remote.endpoint import Endpoint

FAST = {"backoff": 0.01, "retries": 2}


def text(choice):
    if choice["message"]["content"] == "prose":
        raise NoAnswer("prose")
    return choice["message"]["content"]


def ask(client, requests):
    """The text of each answer."""
    return client.complete(requests, [text] * len(requests))


def test_answers_come_in_the_order_of_the_requests():
    with chat_server(lambda request, number: answer(str(request["n"]))) as (url, seen):
        client = Client(Endpoint(url, **FAST))
        assert ask(client, [{"n": n} for n in range(20)]) == [str(n) for n in range(20)]
    assert {one["path"] for one in seen} == {"/v1/chat/completions"}
    assert "Authorization" not in seen[0]["headers"]


@pytest.mark.parametrize(
    "trouble",
    [(429, {}, "slow down"), (500, {}, "oh")],
    ids=str,
)
def test_what_may_pass_is_tried_again(trouble):
    with chat_server(lambda request, number: trouble if number < 3 else answer("yes")) as (url, seen):
        client = Client(Endpoint(url, **FAST))
        assert ask(client, [{}]) == ["yes"]
    assert len(seen) == 3 and client.usage.retries == 2 and client.usage.requests == 1


def test_the_server_says_how_long_to_wait():
    with chat_server(lambda request, number: (429, {"Retry-After": "0.4"}, "") if number == 1 else answer("x")) as (
        url,
        _,
    ):
        began = time.perf_counter()
        ask(Client(Endpoint(url, **FAST)), [{}])
        assert time.perf_counter() - began >= 0.4


def test_backoff_doubles():
    """Between the tries are at least 0.75 times 0.1, 0.2 and 0.4 seconds."""
    times = []

    def reply(request, number):
        times.append(time.perf_counter())
        return 500, {}, ""

    with chat_server(reply) as (url, _), pytest.raises(CTLError, match="status 500, 4 times"):
        ask(Client(Endpoint(url, backoff=0.1, retries=3)), [{}])
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert all(gap >= 0.075 * 2**number for number, gap in enumerate(gaps)) and gaps[2] > gaps[0]


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_ends_the_run_at_once(status):
    with (
        chat_server(lambda request, number: (status, {}, "no such\nmodel")) as (url, seen),
        pytest.raises(CTLError, match=f"status {status}: no such model"),
    ):
        ask(Client(Endpoint(url, concurrency=1, **FAST)), [{"n": n} for n in range(5)])
    assert len(seen) <= 2  # what was waiting is not asked


def test_no_server(free_port):
    url = f"http://127.0.0.1:{free_port}/v1"
    with pytest.raises(CTLError, match=rf"no answer \(ConnectError: .*; does a server run at {url}\?\), 3 times"):
        ask(Client(Endpoint(url, **FAST)), [{}])


def test_a_killed_run_pays_for_nothing_twice(tmp_path):
    """The second run is another client over the same file; the server, which fails halfway, sees only what is new."""
    cache = str(tmp_path / "deep" / "answers.sqlite")
    prices = {"prompt_price": 2.0, "completion_price": 10.0}

    def reply(request, number):
        return (400, {}, "down") if number == 4 else answer(f"answer {request['n']}", read=1000, written=100)

    with chat_server(reply) as (url, seen):
        first = Client(Endpoint(url, cache=cache, concurrency=1, **prices, **FAST))
        with pytest.raises(CTLError):
            ask(first, [{"n": n} for n in range(6)])
        again = Client(Endpoint(url, cache=cache, concurrency=1, **prices, **FAST))
        assert ask(again, [{"n": n} for n in range(6)]) == [f"answer {n}" for n in range(6)]
        assert first.usage.requests >= 3 and len([one for one in seen if one["body"] == {"n": 0}]) == 1
        assert again.usage.cached + again.usage.requests == 6 and again.usage.cached >= 3
        each = (1000 * 2 + 100 * 10) / 1e6
        assert again.usage.cost == pytest.approx(each * again.usage.requests)
        assert again.usage.cost_of_labels == pytest.approx(6 * each)
        report = again.report()
        assert report["prompt_tokens"] == 1000 * again.usage.requests and report["prompt_price"] == 2.0
        assert str(again.usage).startswith(f"{again.usage.requests} requests, {again.usage.cached} more from the cache")
        other = Client(Endpoint(url, cache=cache, **FAST))
        ask(other, [{"n": 0, "seed": 1}])
        assert other.usage.cached == 0  # another request


def test_money_that_is_spent(tmp_path):
    with (
        chat_server(lambda request, number: answer("x", read=1_000_000)) as (url, seen),
        pytest.raises(CTLError, match=r"3\.0000 are spent, the next answer may cost 0\.0000 and max_cost is 2\.5"),
    ):
        endpoint = Endpoint(url, prompt_price=1.0, max_cost=2.5, concurrency=1, **FAST)
        ask(Client(endpoint), [{"n": n} for n in range(9)])
    assert len(seen) == 3


def test_the_key_is_sent_and_kept_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sesame-123")
    cache = tmp_path / "answers.sqlite"
    with chat_server(lambda request, number: answer("x")) as (url, seen):
        client = Client(Endpoint(url, cache=str(cache), key_variable="MY_KEY"))
        ask(client, [{}])
    assert seen[0]["headers"]["Authorization"] == "Bearer sesame-123"
    assert b"sesame" not in cache.read_bytes() and "sesame" not in str(client.report()) + str(client.endpoint)


def test_as_many_as_allowed_run_together():
    together = threading.Barrier(3, timeout=10)
    with chat_server(lambda request, number: (together.wait(), answer("x"))[1]) as (url, _):
        ask(Client(Endpoint(url, concurrency=3, **FAST)), [{"n": n} for n in range(3)])


ODD = {
    "refusal": {"choices": [{"message": {"content": None, "refusal": "no"}, "finish_reason": "content_filter"}]},
    "tool": {"choices": [{"message": {"content": None, "tool_calls": [{"id": 1}]}}]},
    "number": {"choices": [{"message": {"content": 7}}]},
    "cut": {"choices": [{"message": {"content": "yes"}, "finish_reason": "length"}]},
    "prose": answer("prose"),
    "no choices": {"choices": []},
    "list": [],
    "no json": "<html>",
    "deep": "[" * 5000 + "]" * 5000,
    "filter": (400, {}, '{"error": {"code": "content_filter"}}'),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_what_is_no_answer_is_asked_once_more_and_never_cached(odd, tmp_path):
    cache = str(tmp_path / "answers")
    with chat_server(lambda request, number: odd if number < 3 else answer("yes")) as (url, seen):
        client = Client(Endpoint(url, cache=cache, **FAST))
        assert ask(client, [{}]) == [None] and len(seen) == 2 and client.usage.unanswered == 1
        again = Client(Endpoint(url, cache=cache, **FAST))
        assert ask(again, [{}]) == ["yes"] and len(seen) == 3 and again.usage.unanswered == 0
    with chat_server(lambda request, number: odd if number < 2 else answer("yes")) as (url, seen):
        assert ask(Client(Endpoint(url, **FAST)), [{}]) == ["yes"]


def test_more_than_a_tenth_without_an_answer_ends_the_run():
    def reply(request, number):
        return ODD["refusal"] if request["n"] < 3 else ODD["cut"] if request["n"] == 3 else answer("yes")

    with chat_server(reply) as (url, _seen):
        client = Client(Endpoint(url, concurrency=1, **FAST))
        assert ask(client, [{"n": n} for n in range(19)]).count(None) == 4
        with pytest.raises(CTLError, match=r"4 of 19 requests have no answer \(3 refused, 1 cut off\), .* try another"):
            client.check_answers()
        with pytest.raises(CTLError, match="5 of 20 requests"):
            ask(client, [{"n": 0, "again": True}])
        few = Client(Endpoint(url, **FAST))
        ask(few, [{"n": n} for n in range(3, 13)])
        few.check_answers()  # one of ten


def test_odd_usage_costs_what_the_text_takes(tmp_path):
    """30 bytes of messages and 12 of the reply are 14 tokens at three bytes each; the limit holds without counts."""
    request = {"messages": "x" * 28, "max_tokens": 50}
    for usage in ("lots", {"prompt_tokens": "many"}, {"completion_tokens": 0}, None):
        with chat_server(lambda request, number, usage=usage: {**answer("yes"), "usage": usage}) as (url, _):
            client = Client(Endpoint(url, prompt_price=1e6, completion_price=1e6, **FAST))
            assert ask(client, [request]) == ["yes"]
        written = -(-len('[{"role": "assistant", "content": "yes"}]') // 3)
        assert (client.usage.prompt_tokens, client.usage.completion_tokens) == (10, written)
        assert client.usage.cost == 10 + written and "estimated for 1" in str(client.usage)
        with (
            chat_server(lambda request, number, usage=usage: {**answer("yes"), "usage": usage}) as (url, seen),
            pytest.raises(CTLError, match=r"max_cost is 200"),
        ):
            endpoint = Endpoint(url, prompt_price=1e6, completion_price=1e6, max_cost=200.0, **FAST)
            ask(Client(endpoint), [{**request, "n": n} for n in range(50)])
        assert len(seen) >= 1 and (len(seen) - 1) * (10 + written) <= 200 - 60


def test_nothing_is_asked_for_no_money():
    with (
        chat_server(lambda request, number: answer("x")) as (url, seen),
        pytest.raises(CTLError, match=r"0.0000 are spent, the next answer may cost"),
    ):
        ask(Client(Endpoint(url, prompt_price=1.0, max_cost=0.0, **FAST)), [{"n": n} for n in range(9)])
    assert not seen


SECRET = "sk-SECRET-123"
ECHO = {
    "status": (401, {}, f"bad key Bearer {SECRET}\x1b[2J"),
    "upper": (401, {}, f"bad key {SECRET.upper()}"),
    "escaped in a status": (401, {}, '{"error": "' + "".join(f"\\u{ord(letter):04X}" for letter in SECRET) + '"}'),
    "moved": (307, {"Location": f"http://other/{SECRET}"}, ""),
    "busy": (503, {"Retry-After": SECRET}, SECRET),
    "answer": answer(f"your key is {SECRET}"),
    "field": {**answer("x"), "debug": {"headers": SECRET}},
    "escaped": json.dumps(answer("your key is sk-")).replace("sk-", "\\u0073k-SECRET-123"),
    "tokens": answer(SECRET, [{"token": "sk-SEC", "logprob": 0}, {"token": "RET-123", "logprob": 0}]),
}


@pytest.mark.parametrize("echo", ECHO.values(), ids=ECHO)
def test_a_server_that_repeats_the_key_is_not_repeated(echo, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", f"{SECRET}\n")
    with chat_server(lambda request, number: echo) as (url, seen):
        client = Client(Endpoint(url, cache=str(tmp_path / "answers"), key_variable="MY_KEY", backoff=0, retries=1))
        try:
            said = str(ask(client, [{}]))
        except CTLError as error:
            said = str(error)
    assert seen[0]["headers"]["Authorization"] == f"Bearer {SECRET}"
    everything = said + str(client.report()) + (tmp_path / "answers").read_bytes().decode(errors="replace")
    assert "u002D" not in said and "SECRET" not in everything and "RET-123" not in everything and "\x1b" not in said


def test_a_key_is_found_however_it_is_written():
    for text in ("sk-a/b", "SK-A/B", "sk-a\\/b", "sk\\u002da\\u002Fb", "sk%2da%2Fb"):
        assert spellings("sk-a/b").sub("***", f"<{text}>") == "<***>"
    assert spellings("sk-a/b").sub("***", "sk-a/c") == "sk-a/c"


def test_a_redirect_says_where_to():
    with (
        chat_server(lambda request, number: (307, {"Location": "http://other/v1"}, "")) as (url, _),
        pytest.raises(CTLError, match="status 307 to http://other/v1"),
    ):
        ask(Client(Endpoint(url, **FAST)), [{}])


@pytest.mark.parametrize("part", ["headers", "body"])
def test_one_deadline_holds_for_the_whole_answer(part):
    """The server sends a byte every tenth of a second."""
    with dripping_server(part) as url:
        began = time.perf_counter()
        with pytest.raises(CTLError, match=r"no whole answer in 0.5 s \(timeout\), 2 times; try again later"):
            ask(Client(Endpoint(url, timeout=0.5, backoff=0, retries=1)), [{}])
        assert time.perf_counter() - began < 4


def test_a_reply_that_does_not_come_whole_is_counted():
    """Each of two tries may have cost 10 tokens that were read and 50 that were written; a third is not allowed."""
    request = {"messages": "x" * 28, "max_tokens": 50}
    prices = {"prompt_price": 1e6, "completion_price": 1e6}
    with dripping_server("body") as url:
        client = Client(Endpoint(url, timeout=0.3, backoff=0, retries=5, max_cost=170.0, **prices))
        with pytest.raises(CTLError, match=r"120\.0000 are spent, the next answer may cost 60\.0000"):
            ask(client, [request])
    assert (client.usage.lost, client.usage.cost, client.usage.requests) == (2, 120.0, 0)
    assert "2 tries brought no whole reply" in str(client.usage)


def test_nobody_is_paid_where_there_is_no_server(free_port):
    client = Client(Endpoint(f"http://127.0.0.1:{free_port}/v1", prompt_price=1.0, backoff=0, retries=1))
    with pytest.raises(CTLError, match="no answer"):
        ask(client, [{}])
    assert client.usage.cost == 0 and client.usage.lost == 0


def test_what_comes_twice_is_asked_once():
    with chat_server(lambda request, number: answer(str(number))) as (url, seen):
        assert ask(Client(Endpoint(url, **FAST)), [{"n": 1}, {"n": 1}, {"n": 1}]) == ["1"] * 3
    assert len(seen) == 1


def test_a_cache_of_the_version_before_is_read_and_its_refusals_are_asked_anew(tmp_path):
    cache = AnswerCache(tmp_path / "answers")
    with chat_server(lambda request, number: answer("new")) as (url, seen):
        cache.put(AnswerCache.key(url, {"n": 0}), answer("old"))
        cache.put(AnswerCache.key(url, {"n": 1}), ODD["refusal"])
        client = Client(Endpoint(url, cache=str(tmp_path / "answers"), **FAST))
        assert ask(client, [{"n": 0}, {"n": 1}]) == ["old", "new"] and len(seen) == 1


def test_two_processes_on_one_cache_pay_once(tmp_path):
    """Each asks the same ten questions; the server sees every one once."""
    script = (
        "import sys; from ctl.llm.remote.client import Client; from ctl.llm.remote.endpoint import Endpoint\n"
        "client = Client(Endpoint(sys.argv[1], cache=sys.argv[2], concurrency=4))\n"
        "print(client.complete([{'n': n} for n in range(10)], [lambda choice: choice['message']['content']] * 10))"
    )

    def reply(request, number):
        time.sleep(0.2)
        return answer(str(request["n"]))

    with chat_server(reply) as (url, seen):
        command = [sys.executable, "-c", script, url, str(tmp_path / "answers")]
        runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        outputs = [run.communicate(timeout=120)[0] for run in runs]
    assert outputs == [f"{[str(n) for n in range(10)]}\n"] * 2
    assert sorted(one["body"]["n"] for one in seen) == list(range(10))


def test_it_works_where_a_loop_runs_already():
    async def notebook(url):
        return ask(Client(Endpoint(url, **FAST)), [{}])

    with chat_server(lambda request, number: answer("x")) as (url, _):
        assert asyncio.run(notebook(url)) == ["x"]
