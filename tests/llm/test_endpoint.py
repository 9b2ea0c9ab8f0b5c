"""The settings of an endpoint: its key comes from the environment, and numbers make sense."""

import pytest

from ctl.errors import CTLError
from ctl.llm.endpoint import Endpoint


def test_the_key_is_read_from_the_environment(monkeypatch):
    endpoint = Endpoint("http://x/v1", key_variable="MY_KEY")
    monkeypatch.setenv("MY_KEY", "sesame")
    assert endpoint.key() == "sesame" and "sesame" not in str(endpoint)
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(CTLError, match="environment variable MY_KEY"):
        endpoint.key()
    assert Endpoint("http://x/v1").key() is None


@pytest.mark.parametrize("setting", [{"concurrency": 0}, {"retries": -1}, {"requests_per_minute": -1.0}], ids=str)
def test_numbers_that_make_no_sense_are_refused(setting):
    with pytest.raises(CTLError, match="must be above zero"):
        Endpoint("http://x/v1", **setting).key()
