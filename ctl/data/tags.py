"""Tag schema: entity types, BIO2 tag ids and the mapping from one label set to another."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ctl.errors import CTLError

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

    def types_in(self, texts: Iterable[TagIds]) -> tuple[str, ...]:
        """The types that some words of these texts have, by their tag ids (W each)."""
        counts = sum((np.bincount(tags, minlength=len(self)) for tags in texts), np.zeros(len(self), dtype=np.int64))
        return tuple(
            name for kind, name in enumerate(self.types) if counts[self.begin(kind) : self.inside(kind) + 1].any()
        )

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


def check_types(types: Sequence[str]) -> None:
    """Refuses entity types that can't be told apart.

    Raises:
        CTLError: says which, and why.
    """
    if not types:
        raise CTLError("data.types: there is none; name the entity types, [PER,ORG,LOC] say")
    for name in types:
        if name == "O" or not name.strip() or not name.isprintable():
            raise CTLError(
                f"data.types: {name!r} can't be a type: it is empty, has control characters, or means no entity"
            )
        if list(types).count(name) > 1:
            raise CTLError(f"data.types: {name} is there twice")


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
