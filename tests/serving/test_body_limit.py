"""Bodies that are too long or too slow are refused before they are parsed; others arrive whole."""

import asyncio
import json

import pytest

from ctl.serving.body_limit import BodyLimit


def sent(*parts, length=None, slow=False):
    """Status and body of the answer to a request in these parts; the application answers with what it reads."""
    answers, waiting = [], list(parts)

    async def echo(scope, receive, send):
        message = await receive()
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": message["body"]})

    async def receive():
        if slow:
            await asyncio.sleep(9)
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message):
        answers.append(message)

    headers = [] if length is None else [(b"content-length", length)]
    asyncio.run(BodyLimit(echo, 5, 0.05)({"type": "http", "headers": headers}, receive, send))
    return answers[0]["status"], answers[1]["body"]


def test_a_body_in_parts_arrives_whole():
    assert sent(b"ab", b"", b"cde") == (200, b"abcde")


@pytest.mark.parametrize(
    "request_", [{"parts": [b"abc", b"def", b"g"]}, {"parts": [], "length": b"6"}, {"parts": [], "length": b"x"}]
)
def test_one_that_is_too_long_is_refused(request_):
    status, body = sent(*request_["parts"], length=request_.get("length"))
    assert status == 413 and json.loads(body)["detail"] == "a request has at most 5 bytes; send the texts in parts"


def test_one_that_is_too_slow_is_refused():
    assert sent(b"a", slow=True)[0] == 408
