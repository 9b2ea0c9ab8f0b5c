"""Schemes of tags as files have them, IOB1, IO, BIOES, BILOU, BMES ..., read as BIO2."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctl.data.tags import TagIds, TagSchema

PREFIXES = "BIESLUM"
BEGINS, ENDS = frozenset("BSU"), frozenset("ELSU")
BARE = re.compile(
    r"(?![BI]$|[A-Za-z][\W_])[^\W\d_].*(?<![\W_][BIESLUM])"
)  # a type that stands alone: PER, person-actor
CHUNK = 1 << 16  # words that are looked at together


@dataclass(frozen=True)
class Reading:
    """Tags of a file as BIO2 ids, the schema that was found, and how many tags had to be put right, and how."""

    tags: TagIds
    schema: TagSchema
    notes: tuple[str, ...]
    repaired: int = 0

    @property
    def names(self) -> list[str]:
        """The tags by their names (W)."""
        names = self.schema.tags
        return [names[tag] for tag in self.tags.tolist()]


class UnknownTag(ValueError):
    """A ``tag`` that is none; ``word`` is its first place in the file's words."""

    def __init__(self, tag: str, word: int) -> None:
        super().__init__(f"unknown tag {tag!r}: expected O, or B- I- E- S- L- U- M- before an entity type")
        self.tag = tag
        self.word = word


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
    """Reads IOB1, BIO2, BIOES, BMES, BILOU or IO tags by conlleval's rules.

    An entity begins at B, S or U, and at any other tag after O, after a tag that ends one (E, L, S, U), after another
    type, and at the head of a sentence. In IO, types without a prefix, words of one type in a row are one entity.

    Args:
        codes: which of ``names`` the tag of each word is (W).
        names: the tags of the file.
        offsets: first word of every sentence, and W (S + 1).
        into: makes room for so many ids, in a file say; in memory by default.

    Raises:
        UnknownTag: a tag is none of these.
    """
    spelling, respelled = _spelling(names, codes)
    parsed = [_parse(name) for name in spelling]
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
    entities, opened_inside, opened_by_b = totals.tolist()
    scheme = _scheme({prefix for prefix, _ in parsed}, opened_inside > 0 and not opened_by_b)
    stray = 0 if scheme else opened_inside
    notes = (*respelled, *_notes(scheme, entities, stray))
    return Reading(ids, schema, notes, stray + sum(respelled.values()))


def _scheme(prefixes: set[str], only_inside: bool) -> str:
    """Names the scheme of a file; empty for BIO2."""
    if prefixes & set("MESLU"):
        return "BMES" if "M" in prefixes else "BIOES" if prefixes & set("ES") else "BILOU"
    if "" in prefixes:
        return "IO"
    return "IOB1" if only_inside else ""


def _notes(scheme: str, entities: int, stray: int) -> tuple[str, ...]:
    if scheme == "IO":
        words = "words of one type in a row are one entity"
        return (f"IO tags, types without a prefix, read as BIO2 ({entities:,} entities): {words}",)
    if scheme:
        return (f"{scheme} tags read as BIO2 ({entities:,} entities)",)
    return (f"{stray:,} stray I- tags that open an entity read as B-",) if stray else ()


def _spelling(names: Sequence[str], codes: npt.NDArray[np.int32]) -> tuple[list[str], dict[str, int]]:
    """Writes tags in one way, O for 0, B-PER for B_PER; with notes of what was changed, each with its number of words.

    Raises:
        UnknownTag: one is no tag, and no type without a prefix in a file of such types either.
    """
    spelling = [_spelled(name, "O" in names) for name in names]
    unknown = _unknown(names, spelling)
    if unknown:
        raise UnknownTag(names[unknown[0]], int((codes == unknown[0]).argmax()))
    changed = [(number, *pair) for number, pair in enumerate(zip(names, spelling, strict=True)) if pair[0] != pair[1]]
    counts = {number: int((codes == number).sum()) for number, *_ in changed}
    return spelling, {
        f"{old!r} ({counts[number]:,} words) read as {new}": counts[number] for number, old, new in changed
    }


def _unknown(names: Sequence[str], spelling: Sequence[str]) -> Sequence[int]:
    """Finds the tags that are none, by their numbers: all, where it is not the tags that stand in this column."""
    if any(is_tag(tag) and tag != "O" for tag in spelling):
        return [number for number, tag in enumerate(spelling) if not is_tag(tag)]
    unknown = [number for number, tag in enumerate(spelling) if tag != "O" and not BARE.fullmatch(tag)]
    if "O" in names or ("0" in names and set(spelling) != {"O"} and not unknown):
        return unknown
    return range(len(names))  # parts of speech, say, or numbers


def _spelled(tag: str, has_o: bool) -> str:
    """Writes a tag as BIO2 does, if it is one in another spelling: ``0`` for O, or ``_`` and ``-`` where O is not."""
    if tag == "0" or (tag in ("_", "-") and not has_o):
        return "O"
    return f"{tag[0]}-{tag[2:]}" if tag[1:2] == "_" and tag[0] in PREFIXES and len(tag) > 2 else tag


def _parse(tag: str) -> tuple[str, str]:
    """Prefix and type; no type for O, no prefix where types stand alone."""
    if tag == "O":
        return "O", ""
    return (tag[0], tag[2:]) if is_tag(tag) else ("", tag)


def is_tag(text: str) -> bool:
    """Tells whether this is O, or a type with a prefix of any scheme."""
    return text == "O" or (text[:1] in PREFIXES and text[1:2] == "-" and len(text) > 2)
