"""Fits that taught a model next to nothing: how their records tell, and what to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ctl.methods import FEW, Method

Fit = Mapping[str, Any]  # as `ctl.callbacks.fit_record` makes it
LOW = 5.0  # F1 in percent: such a teacher calls nearly every word O
ALL_O = 0.995  # share of words
STILL = 0.98  # of the first losses


def weak_fits(identity: Mapping[str, Any]) -> list[str]:
    """Says which fits behind a model taught next to nothing: its own, its teachers', theirs.

    Args:
        identity: of the model (`ctl.modules.base.Labeller.identity`), as manifests of soft labels keep it.
    """
    return list(dict.fromkeys(line for method, fit in _fits(identity) for line in weaknesses(method, fit)))


def weak_fits_of(record: Mapping[str, Any]) -> list[str]:
    """Says the same of the model of a result record."""
    return weak_fits({**record["provenance"], "method": record["method"]})


def _fits(identity: Mapping[str, Any]) -> Iterator[tuple[str, Fit]]:
    """The fits behind a model, by method; those of its teachers come first."""
    yield from (identity.get("fits") or {}).items()
    for before in ("taught_by", "student"):
        if identity.get(before):
            yield from _fits(identity[before])
    if identity.get("fit"):
        yield str(identity["method"]), identity["fit"]


def weaknesses(method: str, fit: Fit) -> Iterator[str]:
    """Says how a fit shows that it taught next to nothing, each with its remedy.

    Args:
        method: the model's.
        fit: its record; what an earlier version did not note is not looked at.
    """
    parsed, rate = Method.split(method), fit.get("arguments", {}).get("lr")
    kind = "student" if parsed.kind == "student" else "llm_teacher" if parsed.family == "llm" else "teacher"
    other_rate = f"another learning rate (--{kind}.lr{f', here {rate:g}' if isinstance(rate, float) else ''})"
    labels_o, f1 = fit.get("labels_o", 0.0), fit.get("best_validation_f1", 100.0)
    first, last = fit.get("losses") or (1.0, 0.0)
    if labels_o > ALL_O:
        yield (
            f"{method} learns from soft labels that are O for {labels_o:.1%} of the words, and will find next to "
            "nothing: its teachers need more steps (--teacher_steps) or another learning rate (--teacher.lr)"
        )
    if last > STILL * first and FEW not in parsed.options:  # a student that goes on may be where it should be
        yield f"{method}: its loss did not fall ({first:.3g} at first, {last:.3g} in the end): take {other_rate}"
    if f1 < LOW:
        yield (
            f"{method} has F1 {f1:.1f} on source validation after {fit['steps']:,} steps, so its soft labels say "
            f"nothing: give it more steps (--{kind}_steps) or {other_rate}"
        )
