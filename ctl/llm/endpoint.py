"""An OpenAI-compatible endpoint: the settings that `RemoteTeacher` takes."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ctl.errors import CTLError


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible server, ``POST <url>/chat/completions``, and how it is used.

    Attributes:
        url: its address up to ``/v1``.
        cache: the file that keeps the answers; ``None`` keeps none.
        key_variable: the environment variable that holds the key; ``None`` sends no key. The key is kept nowhere else.
        requests_per_minute: the most tries a minute; ``None`` for no limit.
        concurrency: the most requests at the same time.
        retries: tries after the first, for trouble that may pass: no connection, a timeout, status 429 or 5xx, a reply
            without an answer.
        timeout: seconds for one answer.
        backoff: seconds before the second try; they double from try to try, and the server may ask for more.
        prompt_price: the price of a million tokens that are read.
        completion_price: the price of a million tokens that are written.
        max_cost: the cost at which the run stops.
    """

    url: str
    cache: str | None = None
    key_variable: str | None = None
    requests_per_minute: float | None = None
    concurrency: int = 8
    retries: int = 6
    timeout: float = 120.0
    backoff: float = 1.0
    prompt_price: float = 0.0
    completion_price: float = 0.0
    max_cost: float | None = None

    def key(self) -> str | None:
        """Reads the key from its environment variable.

        Raises:
            CTLError: the variable is named and not set, or a number makes no sense.
        """
        if self.concurrency < 1 or self.retries < 0 or (self.requests_per_minute or 1) <= 0:
            raise CTLError("endpoint: concurrency and requests_per_minute must be above zero, retries zero or above")
        if self.key_variable is None:
            return None
        if not os.environ.get(self.key_variable):
            raise CTLError(f"the key for {self.url} is read from the environment variable {self.key_variable}: set it")
        return os.environ[self.key_variable]
