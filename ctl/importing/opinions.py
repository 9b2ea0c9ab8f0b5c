"""Opinions of one annotator on a text, as JSON has them: entities by their characters, with or without scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ctl.data.reading.jsonl import json_entity
from ctl.data.reading.lines import NUL
from ctl.data.reading.spans import Entity
from ctl.errors import CTLError
from ctl.importing.documents import Opinion

SCORES = ("score", "confidence", "probability")
COUNTED = "are these places counted in bytes or in UTF-16? They must be characters"


def read_opinion(items: Sequence[Any], text: str, place: str) -> Opinion:
    """Reads entities; each may have a score, and the words that it is about.

    Args:
        items: the entities, lists or objects.
        text: that they are of.
        place: where it stands, for messages.

    Raises:
        CTLError: one is outside the text, or is not what it says, or has a score that is no probability.
    """
    entities = [_entity(item, text, place) for item in items]
    scores = [_score(item, place) for item in items]
    known = [score for score in scores if score is not None]
    return Opinion(entities, [1.0 if score is None else score for score in scores] if known else None)


def _entity(item: Any, text: str, place: str) -> Entity:  # noqa: ANN401
    kind = item.get("label", item.get("type")) if isinstance(item, dict) else None
    if isinstance(kind, int):
        raise CTLError(
            f"{place}: the label {kind} is a number, as in exports of doccano before version 1.5: export JSONL"
        )
    entity = json_entity(item, place)
    if not 0 <= entity.start < entity.end <= len(text):
        raise CTLError(
            f"{place}: an entity from {entity.start} to {entity.end} is outside the text, which has {len(text)} "
            f"characters: {COUNTED}"
        )
    said = item.get("text") if isinstance(item, dict) else None
    there = text[entity.start : entity.end]
    if isinstance(said, str) and said.split() != there.split():
        raise CTLError(
            f"{place}: from {entity.start} to {entity.end} the text has {there[:60]!r}, not {said[:60]!r}: {COUNTED}"
        )
    return entity


def _score(item: Any, place: str) -> float | None:  # noqa: ANN401
    given = item[3] if isinstance(item, list) and len(item) > 3 else None
    if isinstance(item, dict):
        given = next((item[key] for key in SCORES if item.get(key) is not None), None)
    if given is None:
        return None
    if not isinstance(given, int | float) or isinstance(given, bool) or not 0 <= given <= 1:
        raise CTLError(f"{place}: the score {given!r} is no probability, from 0 to 1")
    return float(given)


def checked_text(text: str, place: str) -> str:
    """Gives the text, where it is one.

    Raises:
        CTLError: it has a nul character.
    """
    if "\0" in text:
        raise CTLError(f"{place}: {NUL}")
    return text
