"""Text with entities by their characters to sentences of words with tags."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ctl.data.sentences import Place, split_lines_of_text
from ctl.errors import CTLError

INSIDE = "begin or end inside a word and are read as all of it"
NESTED = "overlap an earlier or longer one and are left out"
CROSSING = "go over the end of a sentence and are cut there"
EMPTY = "hold no word and are left out"


class Entity(NamedTuple):
    """An entity of a text: ``text[start:end]``, its type, and where it is said."""

    start: int
    end: int
    type: str
    place: str


def tagged_sentences(text: str, entities: Sequence[Entity], repairs: Counter[str]) -> Iterator[Tagged]:
    """Cuts a text into sentences of words, and tags these in BIO2.

    The cuts are those of the text alone, whatever its entities are, so that they tell nothing of them: each line is
    cut by `split_sentences`. An entity is read as all words that it touches. Of entities that overlap, the one
    that begins first is kept and, of those, the longest.

    Args:
        text: the text.
        entities: in any order.
        repairs: counts entities that could not be read as they are, by what was done.

    Raises:
        CTLError: an entity is outside the text.
    """
    cut = list(split_lines_of_text(text))
    places = [place for sentence in cut for place in sentence]
    tags = ["O"] * len(places)
    bounds = [0]
    for sentence in cut:
        bounds.append(bounds[-1] + len(sentence))
    for entity in sorted(entities, key=lambda entity: (entity.start, -entity.end)):
        tag_words(text, entity, places, tags, repairs, bounds)
    for begin, end in pairwise(bounds):
        yield Tagged([text[slice(*place)] for place in places[begin:end]], tags[begin:end])


class Tagged(NamedTuple):
    """The words of a sentence and their tags (W)."""

    words: list[str]
    tags: list[str]


def repair_notes(repairs: Counter[str]) -> list[str]:
    """Says how many entities could not be read as they are."""
    return [f"{count:,} entities {done}" for done, count in sorted(repairs.items())]


def tag_words(
    text: str, entity: Entity, places: Sequence[Place], tags: list[str], repairs: Counter[str], bounds: Sequence[int]
) -> range:
    """Tags the words of an entity, where none of them has a tag.

    Args:
        text: the text.
        entity: of the text.
        places: of the words in the text, in order (W).
        tags: of the words; those of the entity are changed (W).
        repairs: counts an entity that can't be read as it is.
        bounds: the first word of every sentence.

    Returns:
        The words that were tagged; none where the entity is left out.

    Raises:
        CTLError: the entity is outside the text.
    """
    if not 0 <= entity.start < entity.end <= len(text):
        raise CTLError(
            f"{entity.place}: an entity from {entity.start} to {entity.end} is outside the text, which has {len(text)} "
            "characters"
        )
    first = bisect_right(places, entity.start, key=lambda place: place[1])
    last = bisect_left(places, entity.end, key=lambda place: place[0])
    if first >= last:
        repairs[EMPTY] += 1
    elif any(tag != "O" for tag in tags[first:last]):
        repairs[NESTED] += 1
    else:
        repairs.update([INSIDE] if places[first][0] < entity.start or places[last - 1][1] > entity.end else [])
        tags[first:last] = [f"B-{entity.type}", *[f"I-{entity.type}"] * (last - first - 1)]
        if (cut := bisect_right(bounds, first)) < len(bounds) and bounds[cut] < last:
            repairs[CROSSING] += 1
            while cut < len(bounds) and bounds[cut] < last:
                tags[bounds[cut]] = f"B-{entity.type}"
                cut += 1
        return range(first, last)
    return range(0)
