"""Figures of the notebooks and the docs: the family tree of artificial languages, counts, scores and mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ctl.data.synthetic.family import Branch, SyntheticFamily
from ctl.methods import Method
from ctl.report.drawing import BLUE, GREEN, GREY, ORANGE, PALETTE, PINK, RED, SKY, YELLOW, in_legend
from ctl.results import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEP, ROW, MARGIN = 56, 44, 24  # pixels for a unit of branch length, for a language, around the figure


def family_tree(family: SyntheticFamily) -> str:
    """The family tree of artificial languages as SVG: branches to scale, the number of each its length."""
    languages = family.languages
    depth = family.distance(languages[0], languages[-1]) // 2 if len(languages) > 1 else 1
    shapes: list[str] = []

    def draw(branch: Branch, x: float) -> float:
        """Draws a branch from x rightwards and returns its height."""
        end = x + branch.length * STEP
        heights = [draw(child, end) for child in branch.children]
        if heights:
            y = (heights[0] + heights[-1]) / 2
            shapes.append(f'<path d="M{end} {heights[0]}V{heights[-1]}"/>')
        else:
            y = MARGIN + ROW * (languages.index(branch.name) + 0.5)
            text = f"{branch.name}   distance to {languages[0]}: {family.distance(languages[0], branch.name)}"
            label = branch.name if branch.name == languages[0] else text
            shapes.append(f'<text x="{end + 10}" y="{y + 5}" class="name">{label}</text>')
        if branch.length:
            shapes.append(f'<path d="M{x} {y}H{end}"/>')
            shapes.append(f'<text x="{(x + end) / 2}" y="{y - 6}" text-anchor="middle">{branch.length}</text>')
        return y

    draw(family.tree, MARGIN)
    width, height = 2 * MARGIN + STEP * depth + 230, 2 * MARGIN + ROW * len(languages)
    style = (
        f"path{{stroke:{BLUE};stroke-width:3;fill:none;stroke-linecap:square}}"
        "text{font:13px sans-serif;fill:#555}.name{font:15px sans-serif;fill:#111;white-space:pre}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="Family tree of {", ".join(languages)}"><style>{style}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(shapes)}</svg>\n'
    )


# Figures of the notebooks, drawn with matplotlib on axes that are given or made

KIND_STYLES = {  # a colour and a marker each, so that neither alone tells them apart
    "direct": (GREY, "o"), "pooled": (ORANGE, "s"),
    "ensemble": (BLUE, "^"), "student": (GREEN, "D"), "merged": (RED, "v"), "seeds": (SKY, "P"),
    "supervised": (PINK, "*"), "few": (YELLOW, "X"),
}  # fmt: skip


def tag_counts(counts: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Entities by type (columns) in each corpus (rows), as grouped bars."""
    ax = _axes(ax)
    width, positions = 0.8 / len(counts.columns), np.arange(len(counts))
    for number, (kind, column) in enumerate(counts.items()):
        offset = (number - (len(counts.columns) - 1) / 2) * width
        colour, hatch = PALETTE[number % len(PALETTE)], ("", "//", "..")[number % 3]
        ax.bar(
            positions + offset, column, width, color=colour, hatch=hatch, edgecolor="white", label=in_legend(str(kind))
        )
    ax.set_xticks(positions, [str(name) for name in counts.index])
    ax.set_ylabel("entities")
    ax.set_ylim(0, 1.2 * counts.to_numpy().max())
    ax.legend(frameon=False, loc="upper center", ncols=len(counts.columns))
    return ax


def transfer_scores(records: Sequence[Record], ax: Axes | None = None) -> Axes:
    """F1 of every method of a transfer, one line a method."""
    ax = _axes(ax)
    for row, record in enumerate(records):
        kind = Method.split(record["method"]).kind
        colour, marker = KIND_STYLES[kind]
        ax.plot([0, record["f1"]], [row, row], color=colour, linewidth=1)
        ax.plot(record["f1"], row, marker, color=colour)
        ax.annotate(f"{record['f1']:.1f}", (record["f1"], row), (6, -3), textcoords="offset points", fontsize=9)
    ax.set_yticks(range(len(records)), [record["method"] for record in records])
    ax.invert_yaxis()
    ax.set_xlim(0, 105)
    ax.set_xlabel(f"F1 on {records[0]['target']}, test split (exact spans, %)")
    return ax


def transfer_by_distance(family: SyntheticFamily, records: Sequence[Record], ax: Axes | None = None) -> Axes:
    """F1 of direct transfer against the source's distance from the target."""
    ax = _axes(ax)
    points = sorted(
        (family.distance(record["target"], record["sources"][0]), record["f1"], record["sources"][0])
        for record in records
        if record["method"].startswith("direct:")
    )
    ax.plot([x for x, _, _ in points], [y for _, y, _ in points], "o-", color=BLUE)
    for x, y, name in points:
        ax.annotate(name, (x, y), (6, 4), textcoords="offset points")
    ax.set_xlabel("distance between source and target in the family tree")
    ax.set_ylabel("F1 of direct transfer (%)")
    ax.margins(x=0.1)
    ax.set_ylim(0, 100)
    return ax


def mistakes_by(words: pd.DataFrame, measure: str, bins: int = 8, ax: Axes | None = None) -> Axes:
    """Share of wrong words against a measure of `ctl.inspection`, in bins of equally many words whose value is not 0.

    Bars of two standard errors; the measure tells good labels from bad ones where the curve rises.

    Args:
        words: `Inspection.words` with gold.
        measure: ``entropy``, ``disagreement`` or ``departure``.
        bins: the number of bins.
        ax: the axes to draw on; new ones by default.
    """
    ax = _axes(ax)
    counted = words[words[measure] > 1e-3]
    groups = counted.groupby(pd.qcut(counted[measure], bins, duplicates="drop"), observed=True)
    wrong, size = groups["wrong"].mean(), groups["wrong"].size()
    errors = 200 * np.sqrt(wrong * (1 - wrong) / size)
    ax.errorbar(groups[measure].mean(), 100 * wrong, errors, fmt="o-", color=BLUE, capsize=3)
    ax.set_xlabel(f"{measure} (nats)")
    ax.set_ylabel("words with a wrong tag (%)")
    ax.set_ylim(bottom=0, auto=True)
    return ax


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    axes.spines[["top", "right"]].set_visible(False)
    return axes
