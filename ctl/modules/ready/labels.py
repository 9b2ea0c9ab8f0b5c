"""Labels of a tagger that others trained, in any scheme and order, read as the tags of the task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ctl.data.tag_schemes import BEGINS, ENDS, is_tag
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.system.names import some

TypeMap = Mapping[str, str | None]
SHOWN = 9  # labels in a message
COMMON = {  # names of types in other corpora, OntoNotes and Sekine's hierarchy among them, by those of CoNLL
    "PER": "PERS PERSON PEOPLE PERSON_NAME NAME",
    "ORG": "ORGANIZATION ORGANISATION COMPANY CORPORATION ORGANIZATION_OTHER POLITICAL_PARTY",
    "LOC": "LOCATION PLACE GPE FAC FACILITY CITY COUNTRY PROVINCE LOCATION_OTHER",
    "MISC": "MISCELLANEOUS NORP EVENT WORK_OF_ART PRODUCT LAW LANGUAGE",
}
NAMES = {other: name for name, others in COMMON.items() for other in (name, *others.split())}


@dataclass(frozen=True)
class Labels:
    """The labels of a tagger as tags of the task.

    Attributes:
        schema: the task's tags.
        tags: the tag that each label stands for, 0 for a type outside the task (L).
        going_on: the type that goes on after a word with this label, by its number; -1 where none does (L).
        read_as: for each type of the tagger the task's, or ``None`` for O.
    """

    schema: TagSchema
    tags: tuple[int, ...]
    going_on: tuple[int, ...]
    read_as: Mapping[str, str | None]

    @property
    def types(self) -> list[str]:
        """The types of the task that the tagger knows, in their order."""
        return [name for name in self.schema.types if name in self.read_as.values()]

    def __str__(self) -> str:
        """Says which types are read under another name, and which the tagger lacks."""
        told = list(self._renamed())
        if lacking := [name for name in self.schema.types if name not in self.types]:
            told.append(f"it knows no {', '.join(lacking)}")
        return "; ".join(told) or f"types {', '.join(self.types)}"

    def _renamed(self) -> Iterator[str]:
        for name in (*self.types, None):
            if others := [kind for kind, read_as in self.read_as.items() if read_as == name and kind != name]:
                yield f"{', '.join(others)} read as {name or 'O'}"

    def probabilities(self, shares: Tensor, lengths: Tensor) -> Tensor:
        """Adds up the mass of all labels that stand for one tag.

        By conlleval's rule an entity begins where none of its type goes on from the word before, whatever the prefix of
        its label. So the mass of ``I-`` is that of ``B-`` there, and taggers with IO or IOB1 labels give BIO2 as well.

        Args:
            shares: distributions over the tagger's labels, of the words of several sentences end to end (N, L).
            lengths: words of each sentence (S).

        Returns:
            Distributions over the task's tags (N, C).
        """
        to_tags = torch.tensor(self.tags, device=shares.device)
        probs = shares.new_zeros(len(shares), len(self.schema)).index_add_(1, to_tags, shares)
        before = torch.tensor(self.going_on, device=shares.device)[shares.argmax(-1)].roll(1)  # (N)
        before[lengths.cumsum(0) - lengths] = -1
        goes_on = before[:, None] == torch.arange(len(self.schema.types), device=shares.device)  # (N, types)
        begin, inside = probs[:, 1::2], probs[:, 2::2]
        pairs = torch.stack([begin + inside * ~goes_on, inside * goes_on], dim=-1).flatten(1)
        return torch.cat([probs[:, :1], pairs], dim=1)


def read_labels(names: Sequence[str], schema: TagSchema, type_map: TypeMap | None = None) -> Labels:
    """Reads the names of a tagger's labels.

    A label has a prefix of any scheme, ``B-PER`` or ``L-PER``, or is a type alone. Its type is the task's of the same
    name, or the only one of the task that other corpora call so (`COMMON`); a label of any other type is O.

    Args:
        names: of the labels, in the tagger's order (L).
        schema: the task's tags.
        type_map: other names for whole labels, ``{LABEL_1: B-PER}``, or types, ``{ARTIST: PER}``; null stands for O.

    Raises:
        CTLError: not one label is of a type of the task, or the map names what is not there.
    """
    type_map = type_map or {}
    tags, going_on, read_as = list[int](), list[int](), dict[str, str | None]()
    for name in names:
        prefix, kind = _split(type_map.get(name, name) or "O")
        target = _type_of(kind, schema, type_map) if kind else None
        number = schema.types.index(target) if target else -1
        begins = prefix in BEGINS
        tags.append(0 if target is None else schema.begin(number) if begins else schema.inside(number))
        going_on.append(-1 if prefix in ENDS else number)
        if own := _split(name)[1]:
            read_as[own] = target
    _check(names, read_as, schema, type_map)
    return Labels(schema, tuple(tags), tuple(going_on), read_as)


def _split(name: str) -> tuple[str, str]:
    """Gives the prefix and the type of a label; a type alone goes on and begins, as in IO."""
    name = f"{name[0]}-{name[2:]}" if name[1:2] == "_" and is_tag(f"{name[0]}-{name[2:]}") else name
    if name.upper() in ("O", "0"):
        return "O", ""
    return (name[0], name[2:]) if is_tag(name) else ("I", name)


def _type_of(kind: str, schema: TagSchema, type_map: TypeMap) -> str | None:
    """Finds the task's type for one of a tagger's; ``None`` where there is none."""
    kind = type_map.get(kind, kind) or "O"
    if kind in schema.types:
        return kind
    same = [name for name in schema.types if name.upper() == kind.upper()]
    common = NAMES.get(_plain(kind))
    alike = same or [name for name in schema.types if common and NAMES.get(_plain(name)) == common]
    return alike[0] if len(alike) == 1 else None


def _plain(kind: str) -> str:
    return kind.upper().replace(" ", "_").replace("-", "_")


def _check(names: Sequence[str], read_as: TypeMap, schema: TagSchema, type_map: TypeMap) -> None:
    """Refuses labels of which none is of the task, and a map of what is not there."""
    there = {*names, *read_as}
    if unknown := [name for name in type_map if name not in there]:
        raise CTLError(f"type_map: the tagger has no label or type {unknown[0]}; its labels are {some(names, SHOWN)}")
    targets = {name: _split(target)[1] or target for name, target in type_map.items() if target not in (None, "O")}
    if wrong := [f"{name}: {target}" for name, target in targets.items() if target not in schema.types]:
        raise CTLError(f"type_map {wrong[0]}: no type of the task, which has {', '.join(schema.types)}")
    if not any(read_as.values()):
        raise CTLError(
            f"none of its labels ({some(names, SHOWN)}) is of a type of the task ({', '.join(schema.types)}): name "
            "their counterparts in a type_map, {model: NAME, type_map: {LABEL_1: B-PER, ARTIST: PER}}"
        )
