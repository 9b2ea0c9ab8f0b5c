"""The socket of the service: this machine alone, unless another address is named."""

import pytest

from ctl.errors import CTLError
from ctl.serving.server import address_of, check_extras, is_open_to_others, open_socket


def test_a_port_that_is_free():
    with open_socket("127.0.0.1", 0) as listener:
        assert address_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert not is_open_to_others(listener)
    with open_socket("0.0.0.0", 0) as listener:
        assert is_open_to_others(listener)


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", None), ("no.such.host.invalid", 0)])
def test_addresses_that_cannot_be_taken(host, port):
    with open_socket("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1] if port is None else port
        with pytest.raises(CTLError, match=rf"--host {host} --port {port}: .*; take another port"):
            open_socket(host, port)


def test_a_port_beyond_all_ports():
    with pytest.raises(CTLError, match="--port 70000: ports go up to 65535"):
        open_socket("127.0.0.1", 70000)


def test_packages_that_are_missing_are_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "uvicorn" else name)
    with pytest.raises(CTLError, match=r"`ctl serve` needs uvicorn: pip install 'ctl\[serve\]'"):
        check_extras()
