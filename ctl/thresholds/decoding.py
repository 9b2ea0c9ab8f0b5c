"""Thresholds: more entities, or more certain ones, from the same distributions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np
import torch

from ctl.arrays import Floats, Ints
from ctl.data.tags import TagSchema, span_ends
from ctl.errors import CTLError

Threshold = float | dict[str, float]


def masses(probabilities: Floats) -> Floats:
    """The probability that a word is in an entity of each type, B- plus I- (W, K), of distributions (W, C)."""
    return probabilities[:, 1::2] + probabilities[:, 2::2]


def decode(probabilities: Floats, lengths: Sequence[int] | Ints, thresholds: Floats) -> Ints:
    """Tags of words, with a threshold T for each type.

    Each word takes its most probable tag, as without a threshold. Then two rules:

    1. A word whose tag is O joins a type whose mass (`masses`) reaches its T; of several types the one whose mass is
       farthest above its T. Neighbours that join one type are one entity, up to a word whose ``B-`` is more probable
       than its ``I-``. The entities that are there stay as they are.
    2. An entity stays if its score reaches the T of its type; otherwise its words become O. The score is the mean mass
       of the type over the words of the entity.

    So where T is below all scores, nothing that was found is lost, and rule 1 can only add: recall can't fall. Rule 1
    does nothing above 2/3, as O is then less probable than a tag of the type. A type whose threshold is NaN has neither
    rule.

    Args:
        probabilities: P(tag | word), in the order of `TagSchema` (W, C).
        lengths: numbers of words of the sentences (S).
        thresholds: for each type (K), from 0 to 1, or NaN.

    Returns:
        Tag ids (W).
    """
    tags: Ints = probabilities.argmax(-1)
    if np.isnan(thresholds).all() or not len(tags):
        return tags
    mass = masses(probabilities)
    ends = _ends(tags, lengths)
    tags = np.where(ends >= 0, TagSchema.begin(TagSchema.type_of(tags)), tags)  # what joins must not go on in them
    return _certain(_opened(tags, probabilities, mass, thresholds), mass, lengths, thresholds)


def _ends(tags: Ints, lengths: Sequence[int] | Ints) -> Ints:
    """The end of the entity that begins at each word, -1 where none does (W)."""
    sizes = torch.as_tensor(np.asarray(lengths), dtype=torch.int64)
    ends: Ints = span_ends(torch.from_numpy(tags), sizes).numpy()
    return ends


def _opened(tags: Ints, probabilities: Floats, mass: Floats, thresholds: Floats) -> Ints:
    """Gives words that are O a type whose mass reaches its threshold."""
    above = np.where(mass >= thresholds, mass - thresholds, -1.0)
    kind = np.where((tags == 0) & (above.max(-1) >= 0), above.argmax(-1), -1)  # (W), -1: stays as it is
    words = np.arange(len(tags))
    inside = probabilities[words, TagSchema.inside(kind)] > probabilities[words, TagSchema.begin(kind)]
    goes_on = inside & (kind == np.roll(kind, 1)) & (words > 0)
    return np.where(kind < 0, tags, np.where(goes_on, TagSchema.inside(kind), TagSchema.begin(kind)))


def _certain(tags: Ints, mass: Floats, lengths: Sequence[int] | Ints, thresholds: Floats) -> Ints:
    """Makes O of the entities whose score is below the threshold of their type."""
    ends = _ends(tags, lengths)
    starts = np.flatnonzero(ends >= 0)
    sums = np.concatenate([np.zeros((1, mass.shape[1])), mass.cumsum(0, dtype=np.float64)])
    kinds = TagSchema.type_of(tags[starts])
    rows = np.arange(len(starts))
    scores = (sums[ends[starts]] - sums[starts])[rows, kinds] / (ends[starts] - starts)
    kept = tags.copy()
    for entity in np.flatnonzero(scores < thresholds[kinds] - 1e-9):  # sums of floats
        kept[starts[entity] : ends[starts[entity]]] = 0
    return kept


def thresholds_of(threshold: Threshold | None, types: Sequence[str]) -> Floats:
    """The threshold of every type (K); NaN for those that have none.

    Args:
        threshold: one for all types, or some by the names of their types.
        types: the entity types of a model.

    Raises:
        CTLError: a type is unknown, or a threshold is not between 0 and 1.
    """
    named: Mapping[str, float]
    named = threshold if isinstance(threshold, dict) else {} if threshold is None else dict.fromkeys(types, threshold)
    for name, value in named.items():
        if name not in types:
            raise CTLError(f"threshold: there is no type {name}; this model knows {', '.join(types)}")
        if not isinstance(value, Real) or not 0 < value < 1:
            raise CTLError(f"threshold {value} for {name}: a number between 0 and 1 is needed")
    return np.array([named.get(name, math.nan) for name in types], dtype=np.float64)


def option_of(thresholds: Mapping[str, float], types: Sequence[str]) -> str:
    """Writes thresholds as ``--threshold`` takes them: one number where it is that of all types; nothing for none."""
    if not thresholds:
        return ""
    values = set(thresholds.values())
    if len(values) == 1 and set(thresholds) == set(types):
        return f"{values.pop():g}"
    return "'{" + ", ".join(f"{kind}: {value:g}" for kind, value in thresholds.items()) + "}'"
