"""Answers of a chat server, checked: whatever JSON it sends becomes an answer of known form, or none."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from ctl.llm.remote.answer_cache import Json

LARGEST = 32 << 20  # bytes of an answer: a hundred times what 120 words with all log-probabilities take
NO_TOKENS = 1_000_000_000  # more than any model reads
LEAST_LOGPROB = -100.0  # servers say -9999 or -inf for what can't be


class NoAnswer(Exception):
    """A reply that is no answer to what was asked; the message says in a few words why."""


def parse(body: str) -> Any:  # noqa: ANN401
    """Reads JSON of any kind.

    Raises:
        NoAnswer: it is none, or nested deeper than Python reads.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise NoAnswer("no JSON") from None


def checked(body: Any) -> Json:  # noqa: ANN401
    """Gives the first choice: ``message`` with its ``content``, and ``logprobs`` where they spell it; no more.

    Raises:
        NoAnswer: there is no text, or only a part of one.
    """
    choices = _get(body, "choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = _get(choice, "message")
    if not isinstance(message, Mapping):
        raise NoAnswer("no choices")
    reason = _get(choice, "finish_reason")
    if reason == "content_filter" or message.get("refusal"):
        raise NoAnswer("refused")
    text = _text(message.get("content"))
    if text is None:
        raise NoAnswer("a tool call" if message.get("tool_calls") or message.get("function_call") else "no text")
    if reason == "length":
        raise NoAnswer("cut off")
    tokens = _tokens(_get(_get(choice, "logprobs"), "content"))
    spelt = "".join(token["token"] for token in tokens) == text
    return {"message": {"content": text}, **({"logprobs": {"content": tokens}} if tokens and spelt else {})}


def count_tokens(body: Any) -> tuple[int | None, int | None]:  # noqa: ANN401
    """Gives the tokens that were read and written, as the server counts them; ``None`` where it does not."""
    usage = _get(body, "usage")
    read, written = (_count(_get(usage, f"{kind}_tokens")) for kind in ("prompt", "completion"))
    return read, written


def _get(value: Any, name: str) -> Any:  # noqa: ANN401
    return value.get(name) if isinstance(value, Mapping) else None


def _count(value: Any) -> int | None:  # noqa: ANN401
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 < value < NO_TOKENS
    return value if is_count else None


def _text(content: Any) -> str | None:  # noqa: ANN401
    """The text of a message, which may come in parts."""
    if isinstance(content, list):
        parts = [_get(part, "text") for part in content if _get(part, "type") == "text"]
        content = "".join(part for part in parts if isinstance(part, str)) if parts else None
    return content if isinstance(content, str) else None


def _tokens(content: Any) -> list[Json]:  # noqa: ANN401
    """The tokens of an answer with their log-probabilities and those of others; none where one is not well-formed."""
    tokens: list[Json] = []
    for item in content if isinstance(content, list) else []:
        token, others = _token(item), _get(item, "top_logprobs")
        if token is None:
            return []
        read = [_token(other) for other in others] if isinstance(others, list) else []
        tokens.append({**token, "top_logprobs": [other for other in read if other is not None]})
    return tokens


def _token(item: Any) -> Json | None:  # noqa: ANN401
    text, logprob = _get(item, "token"), _get(item, "logprob")
    is_number = isinstance(logprob, int | float) and not isinstance(logprob, bool) and not math.isnan(logprob)
    if not isinstance(text, str) or not is_number:
        return None
    return {"token": text, "logprob": min(0.0, max(LEAST_LOGPROB, logprob))}
