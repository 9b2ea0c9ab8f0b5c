"""The weights of a mixture: whose they are, and what is left of them where teachers gave no answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctl.arrays import Bools, Floats, Ints
from ctl.inspection.labellers import Labels


def members(mixture: Labels, teachers: Sequence[Labels]) -> list[str]:
    """Names of a mixture's teachers in the order of its weights; a teacher that is not here has a number."""
    prints, sources = mixture.identity.get("teachers", []), mixture.identity["sources"]
    by_print = {teacher.identity.get("fingerprint"): teacher.name for teacher in teachers}
    by_source = {",".join(teacher.identity["sources"]): teacher.name for teacher in teachers}
    numbered = [f"teacher {number + 1}" for number in range(len(mixture.identity["weights"]))]
    names = [by_print.get(mark) for mark in prints] or [by_source.get(source) for source in sources]
    return [name or number for name, number in zip(names, numbered, strict=False)] if names else numbered


def weights_heard(weights: Floats, labelled: Sequence[Bools | None], offsets: Ints) -> Floats:
    """The weights of K teachers, where one has no weight on a word on which it gave no answer, and the others share it.

    Args:
        weights: of the mixture, for all sentences (1, K) or for each (S, K).
        labelled: tells which words each teacher labels (W); ``None`` where it labels all.
        offsets: the first word of every sentence, and W (S + 1).

    Returns:
        The same weights where all teachers label all words. Else the mean weights of the words of every sentence that
        somebody labels (S, K), NaN where nobody labels any.
    """
    if all(marks is None for marks in labelled):
        return weights
    every = np.ones(int(offsets[-1]), dtype=bool)
    answered = np.stack([every if marks is None else marks for marks in labelled], axis=-1)  # (W, K)
    rows = np.broadcast_to(weights, (len(offsets) - 1, len(labelled)))
    words = np.repeat(rows, np.diff(offsets), axis=0) * answered
    sums = np.add.reduceat(words / np.maximum(words.sum(-1, keepdims=True), 1e-12), offsets[:-1])
    totals = sums.sum(-1, keepdims=True)
    return np.asarray(np.where(totals > 0, sums / np.maximum(totals, 1e-12), np.nan), dtype=np.float32)
