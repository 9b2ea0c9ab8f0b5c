"""Fits behind scores that taught a model next to nothing: a report says so beside what it concludes."""

from __future__ import annotations

from collections.abc import Iterable

from ctl.callbacks.progress.weak_fits import weak_fits_of
from ctl.results import Record

SHOWN = 5  # fits that are named


def weak_sentences(records: Iterable[Record]) -> list[str]:
    """Says which fits taught next to nothing, each once; of many the first, and how many more there are.

    Args:
        records: of scored models.
    """
    lines = list(dict.fromkeys(line for record in records for line in weak_fits_of(record)))
    more = [f"{len(lines) - SHOWN} more fits taught a model next to nothing."] if len(lines) > SHOWN else []
    return [*(f"{line}." for line in lines[:SHOWN]), *more]
