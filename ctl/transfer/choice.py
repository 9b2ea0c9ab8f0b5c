"""The model to take, said in one line when a transfer ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctl.methods import Method, label
from ctl.report.statistics.estimates import LEVEL, holm
from ctl.report.statistics.means import Cell, Mean
from ctl.report.statistics.resampling import resampled_f1
from ctl.results import Record, read_counts
from ctl.system.names import some

ONE_MODEL = ("direct", "pooled", "student", "merged")  # a mixture would need all its teachers
SHOWN = 3  # rivals that are named


def advice_on_models(folder: Path, records: Sequence[Record]) -> str:
    """Says which single model of a run to take, and which others the test split can't tell from it.

    A difference counts where a paired test over the sentences has p < 0.05 after Holm's correction for all rivals.

    Args:
        folder: of the run, with the counts of every method.
        records: of one target and one seed.

    Returns:
        A line; empty where there is no choice.
    """
    ranked = sorted(filter(_is_choice, records), key=lambda record: -record["f1"])
    if len(ranked) < 2:
        return ""
    if not ranked[0]["f1"]:
        return f"no model found an entity of {ranked[0]['target']}: there is none to take"
    best, *others = [_mean(folder, record) for record in ranked]
    ps = holm([(best - other).estimate.p for other in others])
    level = [record for record, p in zip(ranked[1:], ps, strict=True) if p >= LEVEL]
    line = f"take {_scored(ranked[0])}, the best of {len(ranked)} models on the test split"
    if not level:
        return f"{line}; all others are behind, as far as one seed can tell"
    return f"{line}; its sentences can't tell it from {some([*map(_scored, level)], SHOWN)}"


def _is_choice(record: Record) -> bool:
    return Method.split(record["method"]).kind in ONE_MODEL and not record.get("upper_bound")


def _mean(folder: Path, record: Record) -> Mean:
    return Mean.of({Cell("", (), record["seed"]): resampled_f1(read_counts(folder, record["method"]))})


def _scored(record: Record) -> str:
    return f"{label(record['method'])} ({record['f1']:.1f})"
