"""The service with a pretended model: every request gets its own answer, or one line that says what is wrong."""

import asyncio
import json

import httpx
import pytest

from ctl.serving.app import About, Limits, make_app
from ctl.tagging.outputs import as_json
from ctl.tagging.texts import Span, Tagged, Text

pytest.importorskip("fastapi", reason="needs ctl[serve]")

LIMITS = Limits(max_bytes=20_000, max_texts=8, max_waiting=5000)


def tag(texts):
    """Every capitalised word is a place; a text that says so breaks the model."""
    if "break" in texts:
        raise RuntimeError("out of memory\nand more")
    return [tagged(Text.raw(text) if isinstance(text, str) else Text.of_words(text)) for text in texts]


def tagged(text):
    places = [place for sentence in text.places for place in sentence]
    words = [text.text[start:end] for start, end in places]
    spans = [
        Span("LOC", word, *place, index, index + 1, 0.5, 0.6)
        for index, (word, place) in enumerate(zip(words, places, strict=True))
        if word.istitle()
    ]
    tags = ["B-LOC" if word.istitle() else "O" for word in words]
    return Tagged(text.text, words, places, [0, len(words)], tags, None, spans)


def ask(*requests, limits=LIMITS):
    """Sends requests (method, path, arguments) at once, and gives their responses."""
    app = make_app(tag, About("runs/x", "student:learned", ("PER", "LOC")), limits)

    async def together():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            return await asyncio.gather(*(client.request(*request[:2], **request[2]) for request in requests))

    return asyncio.run(together())


def post(texts):
    return "POST", "/tag", {"json": {"texts": texts}}


def test_texts_and_words_get_the_entities_that_the_model_finds():
    texts = ["she saw Bonn", ["in", "Bonn", "."], "", []]
    (response,) = ask(post(texts))
    assert response.status_code == 200
    assert response.json()["results"] == json.loads(json.dumps([as_json(each) for each in tag(texts)]))


def test_control_characters_come_back_as_they_were():
    texts = ["a\x00b\x1b[2J\x07 Bonn\u202e\ufeff", ["\r\n", "\x9b"]]
    (response,) = ask(post(texts))
    assert [each["text"] for each in response.json()["results"]] == [texts[0], "\r\n \x9b"]
    assert b"\x1b" not in response.content and b"\x07" not in response.content


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"no json", 422),
        (b"\xff\xfe", 422),
        (b"{}", 422),
        (b'{"texts": "Bonn"}', 422),
        (b'{"texts": [1, null]}', 422),
        (b'{"texts": ["\\ud800"]}', 422),
        (b"[" * 19_000, 422),
        ('{"texts": ["sch\xf6n"]}'.encode("latin-1"), 422),
        (b'{"texts": ["' + b"a" * 20_000 + b'"]}', 413),
        (b'{"texts": ["a", "a", "a", "a", "a", "a", "a", "a", "a"]}', 413),
        (b'{"texts": ["break"]}', 500),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_requests_are_refused_in_one_line(content, status):
    bad, good = ask(
        ("POST", "/tag", {"content": content, "headers": {"content-type": "application/json"}}), post(["Bonn"])
    )
    assert bad.status_code == status and bad.json()["detail"].isprintable() and len(bad.content) < 400
    assert good.status_code == 200 and len(good.json()["results"][0]["spans"]) == 1


def test_a_page_of_another_site_cannot_post_without_asking():
    """A browser sends plain text anywhere; JSON of a foreign page it sends only with leave, which nobody gives."""
    plain, get = ask(
        ("POST", "/tag", {"content": b'{"texts": ["a"]}', "headers": {"content-type": "text/plain"}}),
        ("GET", "/tag", {}),
    )
    assert plain.status_code == 422 and "Content-Type: application/json" in plain.json()["detail"]
    assert get.status_code == 405 and "access-control-allow-origin" not in plain.headers


def test_a_thousand_at_once_are_answered_each_by_its_own():
    responses = ask(*(post([f"a{index} Bonn", [f"b{index}"]]) for index in range(1000)))
    assert {response.status_code for response in responses} == {200}
    for index, response in enumerate(responses):
        assert [each["words"][0] for each in response.json()["results"]] == [f"a{index}", f"b{index}"]


def test_who_comes_when_all_places_are_taken_is_told_to_come_again():
    responses = ask(*(post(["a"]) for _ in range(50)), limits=Limits(max_waiting=10))
    refused = [response for response in responses if response.status_code == 503]
    assert refused and len(refused) < 50 and refused[0].headers["retry-after"] == "1"


def test_health_and_the_openapi_page():
    health, page, schema = ask(("GET", "/health", {}), ("GET", "/docs", {}), ("GET", "/openapi.json", {}))
    assert health.json() == {
        "status": "ok", "model": "runs/x", "method": "student:learned", "types": ["PER", "LOC"], "waiting": 0
    }  # fmt: skip
    assert page.status_code == 200
    assert set(schema.json()["paths"]) == {"/tag", "/health"}
    assert {"200", "413", "422", "503"} <= set(schema.json()["paths"]["/tag"]["post"]["responses"])
