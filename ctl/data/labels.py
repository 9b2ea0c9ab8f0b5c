"""Tag schema: entity types, BIO2 tag ids and the mapping from one label set to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TagIds = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TagSchema:
    """The entity types of a task and their BIO2 tags.

    Ids follow the types: ``O`` is 0, type ``k`` begins at ``2k + 1`` (``B-``) and continues at ``2k + 2`` (``I-``).
    """

    types: tuple[str, ...]

    @property
    def tags(self) -> tuple[str, ...]:
        """All tags in the order of their ids, e.g. ``("O", "B-PER", "I-PER")``."""
        return ("O", *(f"{prefix}-{name}" for name in self.types for prefix in "BI"))

    def __len__(self) -> int:
        return 2 * len(self.types) + 1


@dataclass(frozen=True)
class Reading:
    """Tags of a file as BIO2 ids, the schema that was found, and what had to be put right."""

    tags: TagIds
    schema: TagSchema
    notes: tuple[str, ...]


class UnknownTag(ValueError):
    """A tag that is none; ``word`` is its place in the file's words."""

    def __init__(self, tag: str, word: int) -> None:
        super().__init__(f"unknown tag {tag!r}: expected O, or B- I- E- S- L- U- before an entity type")
        self.word = word


BEGINS, ENDS = frozenset("BSU"), frozenset("ELSU")


def to_bio2(tags: Sequence[str], offsets: npt.NDArray[np.int64]) -> Reading:
    """Reads IOB1, BIO2, BIOES or BILOU tags by conlleval's rules.

    An entity begins at B, S or U, and at any other tag after O, after a tag that ends one (E, L, S, U), after another
    type, and at the head of a sentence.

    Args:
        tags: of all words of a file (W).
        offsets: first word of every sentence, and W (S + 1).

    Raises:
        UnknownTag: a tag is none of these.
    """
    parsed = {tag: _parse(tag, tags) for tag in dict.fromkeys(tags)}
    schema = TagSchema(tuple(sorted({kind for _, kind in parsed.values() if kind})))
    first_id = {kind: 2 * index + 1 for index, kind in enumerate(schema.types)}
    heads = set(offsets.tolist())
    ids = np.zeros(len(tags), dtype=np.int64)
    opened_inside = opened_by_b = entities = 0
    before, before_kind = "O", ""
    for word, tag in enumerate(tags):
        prefix, kind = parsed[tag]
        if word in heads:
            before, before_kind = "O", ""
        if kind:
            fresh = before == "O" or before in ENDS or kind != before_kind
            begins = fresh or prefix in BEGINS
            ids[word] = first_id[kind] + (not begins)
            entities += begins
            opened_inside += fresh and prefix == "I"
            opened_by_b += fresh and prefix == "B"
        before, before_kind = prefix, kind
    prefixes = {prefix for prefix, _ in parsed.values()}
    return Reading(ids, schema, _notes(prefixes, entities, opened_inside, opened_by_b))


def _notes(prefixes: set[str], entities: int, opened_inside: int, opened_by_b: int) -> tuple[str, ...]:
    if prefixes & set("ES") or prefixes & set("LU"):
        scheme = "BIOES" if prefixes & set("ES") else "BILOU"
        return (f"{scheme} tags read as BIO2 ({entities:,} entities)",)
    if opened_inside and not opened_by_b:
        return (f"IOB1 tags read as BIO2 ({entities:,} entities)",)
    if opened_inside:
        return (f"{opened_inside:,} stray I- tags that open an entity read as B-",)
    return ()


def _parse(tag: str, tags: Sequence[str]) -> tuple[str, str]:
    """Prefix and type; no type for O."""
    if tag == "O":
        return "O", ""
    prefix, dash, kind = tag.partition("-")
    if not (dash and kind and len(prefix) == 1 and prefix in "BIESLU"):
        raise UnknownTag(tag, tags.index(tag))
    return prefix, kind


def is_tag(text: str) -> bool:
    """Whether this may be a tag of any scheme."""
    return text == "O" or (text[:1] in "BIESLU" and text[1:2] == "-" and len(text) > 2)
