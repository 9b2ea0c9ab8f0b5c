"""Tag schema: entity types, BIO2 tag ids and the mapping from one label set to another."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

TagIds = npt.NDArray[np.int16]
Ids = TypeVar("Ids", int, npt.NDArray[np.signedinteger[Any]], Tensor)  # one id, or many


@dataclass(frozen=True)
class TagSchema:
    """The entity types of a task and their BIO2 tags.

    Ids follow the types: ``O`` is 0, then come ``B-`` and ``I-`` of type 0, ``B-`` and ``I-`` of type 1, and so on.
    So ids mean the same in every schema, and the four functions below need none.

    Attributes:
        types: names of the entity types, in the order of their numbers.
    """

    types: tuple[str, ...]

    @property
    def tags(self) -> tuple[str, ...]:
        """All tags in the order of their ids, e.g. ``("O", "B-PER", "I-PER")``."""
        return ("O", *(f"{prefix}-{name}" for name in self.types for prefix in "BI"))

    def __len__(self) -> int:
        return 2 * len(self.types) + 1

    @staticmethod
    def begin(kind: Ids) -> Ids:
        """The id of ``B-`` of a type by its number."""
        return 2 * kind + 1

    @staticmethod
    def inside(kind: Ids) -> Ids:
        """The id of ``I-`` of a type by its number."""
        return 2 * kind + 2

    @staticmethod
    def type_of(tags: Ids) -> Ids:
        """The number of the type of each tag id; -1 for O."""
        kinds: Ids = (tags - 1) // 2
        return kinds

    @staticmethod
    def is_begin(tags: Ids) -> Ids:
        """Tells which tag ids are a ``B-``: true or false, of the form of ``tags``."""
        begins: Ids = tags % 2 == 1
        return begins


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
CHUNK = 1 << 16  # words that are looked at together


def to_bio2(tags: Sequence[str], offsets: npt.NDArray[np.int64]) -> Reading:
    """Reads the tags of all words of a file (W); see `codes_to_bio2`."""
    names = list(dict.fromkeys(tags))
    place = {name: number for number, name in enumerate(names)}
    return codes_to_bio2(np.fromiter((place[tag] for tag in tags), dtype=np.int32, count=len(tags)), names, offsets)


def codes_to_bio2(
    codes: npt.NDArray[np.int32],
    names: Sequence[str],
    offsets: npt.NDArray[np.int64],
    into: Callable[[int], TagIds] | None = None,
) -> Reading:
    """Reads IOB1, BIO2, BIOES or BILOU tags by conlleval's rules.

    An entity begins at B, S or U, and at any other tag after O, after a tag that ends one (E, L, S, U), after another
    type, and at the head of a sentence.

    Args:
        codes: which of ``names`` the tag of each word is (W).
        names: the tags of the file.
        offsets: first word of every sentence, and W (S + 1).
        into: makes room for so many ids, in a file say; in memory by default.

    Raises:
        UnknownTag: a tag is none of these.
    """
    parsed = [_parse(name, number, codes) for number, name in enumerate(names)]
    schema = TagSchema(tuple(sorted({kind for _, kind in parsed if kind})))
    kinds = np.array([schema.types.index(kind) if kind else -1 for _, kind in parsed], dtype=np.int16)
    begins, ends, inside, opens = (
        np.array([prefix in letters for prefix, _ in parsed]) for letters in (BEGINS, ENDS, "I", "B")
    )
    ids = into(len(codes)) if into else np.zeros(len(codes), dtype=np.int16)
    totals = np.zeros(3, dtype=np.int64)
    for first in range(0, len(codes), CHUNK):
        here = codes[first : first + CHUNK]
        kind, before = kinds[here], np.roll(here, 1)  # (n); kind -1 is O
        before[0] = codes[first - 1]
        kind_before, ended = kinds[before], ends[before]
        heads = offsets[np.searchsorted(offsets, first) : np.searchsorted(offsets, first + len(here))] - first
        kind_before[heads] = -1
        fresh = (kind >= 0) & ((kind != kind_before) | ended)
        starts = fresh | (begins[here] & (kind >= 0))
        ids[first : first + len(here)] = np.where(
            starts, TagSchema.begin(kind), np.where(kind >= 0, TagSchema.inside(kind), 0)
        )
        totals += [starts.sum(), (fresh & inside[here]).sum(), (fresh & opens[here]).sum()]
    return Reading(ids, schema, _notes({prefix for prefix, _ in parsed}, *totals.tolist()))


def _notes(prefixes: set[str], entities: int, opened_inside: int, opened_by_b: int) -> tuple[str, ...]:
    if prefixes & set("ES") or prefixes & set("LU"):
        scheme = "BIOES" if prefixes & set("ES") else "BILOU"
        return (f"{scheme} tags read as BIO2 ({entities:,} entities)",)
    if opened_inside and not opened_by_b:
        return (f"IOB1 tags read as BIO2 ({entities:,} entities)",)
    if opened_inside:
        return (f"{opened_inside:,} stray I- tags that open an entity read as B-",)
    return ()


def _parse(tag: str, code: int, codes: npt.NDArray[np.int32]) -> tuple[str, str]:
    """Prefix and type; no type for O."""
    if tag == "O":
        return "O", ""
    prefix, dash, kind = tag.partition("-")
    if not (dash and kind and len(prefix) == 1 and prefix in "BIESLU"):
        raise UnknownTag(tag, int((codes == code).argmax()))
    return prefix, kind


def is_tag(text: str) -> bool:
    """Tells whether this may be a tag of any scheme."""
    return text == "O" or (text[:1] in "BIESLU" and text[1:2] == "-" and len(text) > 2)


def bracketed(words: Sequence[str], tags: TagIds, schema: TagSchema) -> str:
    """A sentence with its entities in brackets, by conlleval's rule."""
    ends = span_ends(torch.from_numpy(np.ascontiguousarray(tags)), torch.tensor([len(words)])).tolist()
    parts, closing = [], -1
    for index, (word, end) in enumerate(zip(words, ends, strict=True)):
        opened = f"[{schema.types[schema.type_of(int(tags[index]))]} " if end >= 0 else ""
        closing = end if end >= 0 else closing
        parts.append(f"{opened}{word}{']' if index + 1 == closing else ''}")
    return " ".join(parts)


def span_ends(tags: Tensor, lengths: Tensor, strict: bool = False) -> Tensor:
    """Finds the entities of BIO2 tag ids.

    Args:
        tags: tag ids of the words of several sentences, end to end (N). See `TagSchema` for the ids.
        lengths: number of words of each sentence (S); they sum to N.
        strict: only ``B-`` begins an entity. Otherwise conlleval's rule: so does an ``I-`` after O or another type.

    Returns:
        For each word the end (exclusive) of the entity that begins there, -1 where none does (N).
    """
    kind, is_begin = TagSchema.type_of(tags), TagSchema.is_begin(tags)  # (N)
    previous = kind.roll(1)
    previous[(lengths.cumsum(0) - lengths)[lengths > 0]] = -1  # a sentence's first word has none before it
    begins = (kind >= 0) & (is_begin | (kind != previous))
    stops = torch.cat([((kind < 0) | begins).nonzero().flatten(), tags.new_tensor([len(tags)])])
    ends = stops[torch.searchsorted(stops, torch.arange(len(tags), device=tags.device), right=True)]
    return torch.where(begins & is_begin if strict else begins, ends, -1)


def is_legal(previous: int, tag: int) -> bool:
    """Tells whether a tag may follow another in BIO2: ``I-`` only continues an entity of its type."""
    return tag == 0 or bool(TagSchema.is_begin(tag)) or TagSchema.type_of(previous) == TagSchema.type_of(tag)


def legalised(tags: Sequence[int]) -> list[int]:
    """BIO2 tags in which an ``I-`` that opens an entity is ``B-``."""
    pairs = itertools.pairwise([0, *tags])
    return [tag if is_legal(before, tag) else TagSchema.begin(TagSchema.type_of(tag)) for before, tag in pairs]
