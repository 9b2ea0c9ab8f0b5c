"""The trials of weightings on the sources, as `LeaveOneOut` writes them, read for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ctl.errors import CTLError
from ctl.report.layout import Column, Layout
from ctl.report.page import Block
from ctl.results import LEFT_OUT
from ctl.system.files import read_object

TEXT = (
    "The weighting that would have been right for the sources: each source in turn played the target, and its own gold "
    "labels scored the mixture of the other sources' teachers; nothing of the target is used. Means over the sources "
    "and trials. Sharpness is the one with the smallest squared error of the mixture's distributions. Lost is the F1 "
    "that is lost by taking the heaviest source in place of the best; agreement of ranks is Spearman's correlation of "
    "the weights with the F1 of the sources' teachers."
)
LAYOUT = Layout([
    Column("weighting", "{weighting}"),
    Column("mixture F1", "{f1:.1f}"),
    Column("at the sharpness that fits", "{sharp_f1:.1f}"),
    Column("sharpness", "{sharpness}"),
    Column("agreement of ranks", "{spearman:+.2f}", brief="-"),
    Column("NDCG@3", "{ndcg:.2f}"),
    Column("lost", "{lost:.1f}"),
])  # fmt: skip


def left_out_blocks(folder: Path) -> list[Block]:
    """The block of a report on the trials below a folder; none where there was no trial."""
    table = left_out_table(folder)
    return [] if table.empty else [Block("left_out", "Weightings on the sources", TEXT, table, layout=LAYOUT)]


def left_out_table(folder: Path) -> pd.DataFrame:
    """The means of all trials below a folder, the best mixture first.

    ``weighting f1 sharp_f1 sharpness spearman ndcg lost trials``; sharpness is text, as trials may differ.

    Raises:
        CTLError: a file is not what `LeaveOneOut` writes.
    """
    rows = [row for path in sorted(folder.rglob(LEFT_OUT)) for row in _rows(path)]
    if not rows:
        return pd.DataFrame()
    groups = pd.DataFrame(rows).groupby("weighting", sort=False)
    means = groups[["f1", "sharp_f1", "spearman", "ndcg", "lost"]].mean()
    means.insert(2, "sharpness", groups["sharpness"].agg(lambda values: ", ".join(f"{v:g}" for v in sorted({*values}))))
    means["trials"] = groups.size()
    best = means[["f1", "sharp_f1"]].max(axis=1).sort_values(ascending=False, kind="stable").index
    return means.loc[best].reset_index()


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """A row for each weighting of a trial."""
    try:
        for name, found in read_object(path)["weightings"].items():
            scores = {tried["sharpness"]: float(tried["f1"]) for tried in found["mixtures"]}
            measures = {key: float("nan") if found[key] is None else found[key] for key in ("spearman", "ndcg", "lost")}
            sharpness = found["sharpness"]
            yield {
                "weighting": name, "f1": scores[1.0], "sharp_f1": scores[sharpness], "sharpness": sharpness, **measures
            }  # fmt: skip
    except (KeyError, TypeError, AttributeError, ValueError):
        raise CTLError(f"{path}: this is no trial of weightings; the transfer writes it anew once it is gone") from None


def left_out_sentence(folder: Path) -> str:
    """Says which weighting would have been right for the sources of a run; empty where there was no trial."""
    table = left_out_table(folder)
    if table.empty:
        return ""
    rows = table.to_dict("records")
    scores = [
        f"{row['weighting']} {row['f1']:.1f}"
        + (f" ({row['sharp_f1']:.1f} at sharpness {row['sharpness']})" if row["sharpness"] != "1" else "")
        for row in rows
    ]
    return f"F1 of mixtures where each source in turn is the target, by weighting: {', '.join(scores)}"
