"""Texts with what one or several annotators say of them, whatever file they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ctl.data.reading.spans import Entity
from ctl.data.sentences import Place


@dataclass(frozen=True)
class Opinion:
    """The entities that one annotator, or one model, marks in a text.

    Attributes:
        entities: in any order; the first of those that overlap is kept, or the surest where there are scores.
        scores: the probability of each entity; ``None`` where the file has none.
        words: places in the text of words whose tags have a probability of their own, O as well.
        sure: these probabilities.
    """

    entities: Sequence[Entity] = ()
    scores: Sequence[float] | None = None
    words: Sequence[Place] = ()
    sure: Sequence[float] = ()


@dataclass(frozen=True)
class Document:
    """A text and the opinions on it.

    Attributes:
        text: the text; where words were given, these with spaces between them.
        place: where it stands, ``path:line``.
        opinions: one or several, each of which counts the same.
    """

    text: str
    place: str
    opinions: Sequence[Opinion]


def entities_of(tags: Sequence[str], places: Sequence[Place], place: str) -> list[Entity]:
    """Gives the entities of a sentence as places in its text.

    Args:
        tags: BIO2 tags of its words (W).
        places: of its words (W).
        place: where the sentence stands.
    """
    entities: list[Entity] = []
    for number, (tag, (begin, end)) in enumerate(zip(tags, places, strict=True)):
        if tag == "O":
            continue
        if tag.startswith("I-") and number and tags[number - 1] != "O" and entities:
            entities[-1] = entities[-1]._replace(end=end)
        else:
            entities.append(Entity(begin, end, tag[2:], place))
    return entities
