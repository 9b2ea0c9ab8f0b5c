"""An OpenAI-compatible endpoint: the settings that `RemoteTeacher` takes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from ctl.errors import CTLError
from ctl.system.numbers import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible server, ``POST <url>/chat/completions``, and how it is used.

    Attributes:
        url: its address up to ``/v1``.
        cache: the file that keeps the answers; ``None`` keeps none.
        key_variable: the environment variable that holds the key; ``None`` sends no key. The key is kept nowhere else.
        requests_per_minute: the most tries a minute; ``None`` for no limit.
        concurrency: the most requests at the same time.
        retries: tries after the first, for trouble that may pass: no connection, a timeout, status 429 or 5xx. What is
            no answer, a refusal say, is asked for once more.
        timeout: seconds for one whole answer.
        backoff: seconds before the second try; they double from try to try, and the server may ask for more.
        prompt_price: the price of a million tokens that are read.
        completion_price: the price of a million tokens that are written.
        max_cost: the most that a run may cost: nothing is asked that could cost more than what is left of it.

    Raises:
        CTLError: the address is none, or holds a password; or ``max_cost`` has no prices to reckon with.
    """

    url: str
    cache: str | None = None
    key_variable: str | None = None
    requests_per_minute: PositiveFloat | None = None
    concurrency: PositiveInt = 8
    retries: NonNegativeInt = 6
    timeout: PositiveFloat = 120.0
    backoff: NonNegativeFloat = 1.0
    prompt_price: NonNegativeFloat = 0.0
    completion_price: NonNegativeFloat = 0.0
    max_cost: NonNegativeFloat | None = None

    def __post_init__(self) -> None:
        check_address(self.url)
        for name in ("cache", "key_variable"):
            if getattr(self, name) == "None":  # jsonargparse's reading of `null` on the command line
                object.__setattr__(self, name, None)
        if self.max_cost is not None and not self.prompt_price + self.completion_price:
            raise CTLError("max_cost needs prices: set model.endpoint.prompt_price and completion_price")

    def key(self) -> str | None:
        """Reads the key from its environment variable, without the space around it that files add.

        Raises:
            CTLError: the variable is named and not set, or its value can't be a key.
        """
        if self.key_variable is None:
            return None
        key = os.environ.get(self.key_variable, "").strip()
        if not key:
            raise CTLError(f"the key for {self.url} is read from the environment variable {self.key_variable}: set it")
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise CTLError(
                f"environment variable {self.key_variable}: a key is one line of ASCII characters without spaces"
            )
        return key

    def price(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The price of so many tokens."""
        return (prompt_tokens * self.prompt_price + completion_tokens * self.completion_price) / 1e6


def check_address(url: str) -> None:
    """Refuses what is no address of a server, and an address with secrets in it, which it does not repeat.

    Raises:
        CTLError: says what is wrong.
    """
    try:
        parts = urlsplit(url)
        secret = "@" in parts.netloc or bool(parts.query or parts.fragment)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        secret, is_address = "@" in url, False
    if secret:
        raise CTLError(
            "model.endpoint.url holds a user, a password or something after `?` or `#`: give the address alone, and "
            "the key in an environment variable that model.endpoint.key_variable names"
        )
    if not is_address or not url.isascii() or not url.isprintable() or " " in url:
        raise CTLError(f"endpoint {url!a}: this is no address such as http://localhost:8000/v1")
