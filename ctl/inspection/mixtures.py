"""Mixtures that are not stored for a text, made of the teachers' labels with the weights of their run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ctl.data.reading.form import SPLITS
from ctl.errors import CTLError
from ctl.inspection.labellers import Labels, mix, of_role
from ctl.inspection.stores import find_stores, role_of
from ctl.methods import TOPS, Method

PLAIN = {*TOPS, "sharp", "joint"}  # options that change weights alone


def with_mixtures(labellers: Mapping[str, Labels], paths: Sequence[str | Path], split: str) -> dict[str, Labels]:
    """Adds the mixtures of other splits of a run, where this split has teachers alone or their even mean.

    Args:
        labellers: of the split.
        paths: of the run.
        split: the split.
    """
    teachers = {labels.identity.get("fingerprint"): labels for labels in of_role(labellers.values(), "teacher")}
    mixtures = {}
    for identity in _identities(paths, split):
        own = [teachers.get(mark) for mark in identity.get("teachers", ())]
        if _is_plain(identity) and own and None not in own:
            weights = np.array([identity["weights"]], dtype=np.float32)
            mixtures[identity["method"]] = mix([labels for labels in own if labels], weights, identity)
    students = {labels.name: labels for labels in of_role(labellers.values(), "student")}
    return (
        {**{labels.name: labels for labels in teachers.values()}, **mixtures, **students} if mixtures else {**labellers}
    )


def _identities(paths: Sequence[str | Path], split: str) -> Iterator[Mapping[str, Any]]:
    """The mixtures that other splits of a run have been labelled by."""
    for path in paths:
        for other in SPLITS:
            with contextlib.suppress(CTLError):
                stores = find_stores([path], other) if other != split else []
                yield from (s.manifest["teacher"] for s in stores if role_of(s.manifest["teacher"]) == "mixture")


def _is_plain(identity: Mapping[str, Any]) -> bool:
    """Tells whether a mixture is the mean of its teachers' distributions with one weight for each."""
    method = Method.split(identity["method"])
    weighed = len(identity.get("weights") or ()) == len(identity.get("teachers") or ())
    return (
        method.kind == "ensemble"
        and not method.per_sentence
        and method.weighting != "truth"
        and (weighed and PLAIN.issuperset(method.options))
    )
