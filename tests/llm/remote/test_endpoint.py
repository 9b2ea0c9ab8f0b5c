"""The settings of an endpoint: its key comes from the environment, its address holds no secret."""

import pytest

from ctl.errors import CTLError
from ctl.llm.remote.endpoint import Endpoint


def test_the_key_is_read_from_the_environment(monkeypatch):
    endpoint = Endpoint("http://x/v1", key_variable="MY_KEY")
    monkeypatch.setenv("MY_KEY", " sesame\n")
    assert endpoint.key() == "sesame" and "sesame" not in str(endpoint)
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(CTLError, match="environment variable MY_KEY"):
        endpoint.key()
    assert Endpoint("http://x/v1").key() is None


@pytest.mark.parametrize("key", ["sésame-1", "sesame-1\nX: y", "sesame 1", "sesame-1\x07"])
def test_what_can_be_no_key_is_refused_without_being_shown(monkeypatch, key):
    monkeypatch.setenv("MY_KEY", key)
    with pytest.raises(CTLError, match="MY_KEY: a key is one line") as refused:
        Endpoint("http://x/v1", key_variable="MY_KEY").key()
    assert "same" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["http://user:PASS@h/v1", "http://PASS@h/v1", "https://h/v1?key=PASS", "http://h/v1#PASS", "http://[u:PASS@h"],
)
def test_an_address_with_a_secret_is_refused_without_being_shown(url):
    with pytest.raises(CTLError, match="key_variable") as refused:
        Endpoint(url)
    assert "PASS" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["nonsense", "", "ftp://h/v1", "http://", "http://h:99999/v1", "http://h /v1", "http://h\n/v1"]
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(CTLError, match="no address"):
        Endpoint(url)


def test_a_limit_on_the_cost_needs_prices():
    with pytest.raises(CTLError, match="needs prices"):
        Endpoint("http://h/v1", max_cost=1.0)
    assert Endpoint("http://h/v1", max_cost=0.0, prompt_price=2.0, completion_price=10.0).price(1000, 100) == 0.003
