"""Requests and answers of the service: their forms, and what is said of a request that has another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from ctl.tagging.texts import Span

EXAMPLE = '{"texts": ["Anna lives in Berlin.", ["or", "a", "list", "of", "words"]]}'


class TagRequest(BaseModel):
    """Texts to tag.

    Attributes:
        texts: running texts, or sentences as lists of words.
    """

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={"examples": [{"texts": ["Anna lives in Berlin.", ["Anna", "lives", "in", "Berlin", "."]]}]},
    )

    texts: list[str | list[str]]

    @field_validator("texts")
    @classmethod
    def _are_characters(cls, texts: list[str | list[str]]) -> list[str | list[str]]:
        """Refuses half a surrogate pair, which JSON can say and UTF-8 cannot."""
        for text in texts:
            try:
                "".join(text).encode()
            except UnicodeEncodeError as error:
                raise ValueError(f"\\u{ord(error.object[error.start]):04x} alone is no character") from None
        return texts


class TaggedText(BaseModel):
    """A tagged text, as ``ctl tag --format jsonl`` writes it (see `ctl.tagging.texts.Tagged`)."""

    text: str
    words: list[str]
    places: list[tuple[int, int]]
    sentences: list[int]
    tags: list[str]
    spans: list[Span]


class TagResponse(BaseModel):
    """The results of the texts, in their order."""

    results: list[TaggedText]


class Health(BaseModel):
    """The state of the service: the model that it runs, and the number of texts that wait."""

    status: str
    model: str
    method: str
    types: list[str]
    waiting: int


class Refusal(BaseModel):
    """The reason why a request was not answered, in one line."""

    detail: str


def refusal_of(errors: Sequence[Any]) -> str:
    """The first fault of a request in one line, without what it holds, which may be long.

    Args:
        errors: of a validation by pydantic.
    """
    first = errors[0]
    place = "" if first["type"] == "json_invalid" else ".".join(str(part) for part in first["loc"][1:3])[:80]
    reason = str(first.get("ctx", {}).get("error", first["msg"]))
    if place.startswith("texts."):
        reason = "neither a text nor a list of words"
    return f"{place or 'body'}: {reason}; send JSON (Content-Type: application/json) such as {EXAMPLE}"
