"""The socket of the service, and the server that runs until it is told to stop."""

from __future__ import annotations

import importlib.util
import socket
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

from ctl.errors import CTLError

if TYPE_CHECKING:
    from fastapi import FastAPI

BACKLOG = 2048  # connections that wait to be accepted
GRACE = 30  # seconds in which requests are answered after the signal to stop


def check_extras() -> None:
    """Checks the packages that the service needs.

    Raises:
        CTLError: names the packages that are missing.
    """
    missing = [name for name in ("fastapi", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise CTLError(f"`ctl serve` needs {', '.join(missing)}: pip install 'ctl[serve]'")


def open_socket(host: str, port: int) -> socket.socket:
    """Takes an address; who asks there waits until `serve` answers.

    Args:
        host: a name or number of this machine.
        port: 0 takes any that is free.

    Raises:
        CTLError: there is no such address here, or it is taken.
    """
    if port > 65535:  # it would be taken modulo 65536
        raise CTLError(f"--port {port}: ports go up to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CTLError(f"--host {host} --port {port}: {reason}; take another port (0: any) or host") from error
    return listener


def address_of(listener: socket.socket) -> str:
    """The address of a socket for a browser."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def is_open_to_others(listener: socket.socket) -> bool:
    """Tells whether other machines may reach a socket."""
    return not ip_address(listener.getsockname()[0]).is_loopback


def serve(app: FastAPI, listener: socket.socket) -> None:
    """Answers requests until SIGTERM or SIGINT, and then those that have come, for `GRACE` seconds at most."""
    import uvicorn

    config = uvicorn.Config(
        app, log_level="warning", access_log=False, backlog=BACKLOG, timeout_graceful_shutdown=GRACE
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):  # uvicorn raises the signal again when all is answered
        server.run(sockets=[listener])
    if not server.started:
        raise CTLError("the service did not start")
