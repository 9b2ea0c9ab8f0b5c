"""The figures of a report; every one is drawn from the table that is given with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ctl.report.contenders import CurveKey
from ctl.report.drawing import FAINT, INK, Look, axes, in_legend, legend_below
from ctl.report.statistics.scaling import Scaling
from ctl.report.statistics.trends import Trend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = {
    "nested": "nearest first",
    "random": "drawn at random",
    "every": "all sets of sources",
    "listed": "listed sets of sources",
}


def scaling(table: pd.DataFrame, fits: Mapping[CurveKey, Scaling], look: Look) -> Figure:
    """F1 by number of sources: means, bands of 95 % and fitted curves (dotted), one panel a kind of set.

    Args:
        table: ``sets method sources f1 low high``.
        fits: the fitted curves.
        look: the styles of the methods.
    """
    sizes = {str(kind): sorted(set(part.sources)) for kind, part in table.groupby("sets", sort=False)}
    fitted = {(key.sets, str(key.contender)): fit for key, fit in fits.items() if fit.levels_off}
    shares = [1 + len(numbers) for numbers in sizes.values()]
    figure, panels = axes(len(sizes), width=5.2 if len(sizes) == 1 else 7.2, sharey=True, width_ratios=shares)
    for panel, kind in zip(panels, sizes, strict=True):
        for method, points in table[table.sets == kind].groupby("method", sort=False):
            style = look(str(method))
            panel.plot(points.sources, points.f1, label=str(method), **style)
            panel.fill_between(points.sources, points.low, points.high, color=style["color"], alpha=0.1, linewidth=0)
            if fit := fitted.get((kind, str(method))):
                n = np.linspace(points.sources.min(), points.sources.max(), 60)
                panel.plot(n, fit.at(n), color=style["color"], linestyle=":", linewidth=1)
        _sources_axis(panel, sizes[kind])
        panel.set_title(KINDS.get(kind, kind))
    panels[0].set_ylabel("F1 on the targets' test split (%)")
    panels[0].set_ylim(max(0, table.f1.min() - 10), min(102, table.f1.max() + 8))  # the means; bands may be wider
    legend_below(figure, panels)
    return figure


def marginal(table: pd.DataFrame, look: Look) -> Figure:
    """The gain of one source more, by number of sources: ``method sources gain low high``."""
    figure, (panel,) = axes()
    methods = list(dict.fromkeys(table.method))
    for index, method in enumerate(methods):
        points = table[table.method == method]
        shifted = points.sources + 0.5 * (index - len(methods) / 2) / len(methods)
        errors = np.abs(np.stack([points.gain - points.low, points.high - points.gain]))
        panel.errorbar(
            shifted, points.gain, yerr=errors, label=method, elinewidth=1, **{**look(method), "linestyle": ""}
        )
    panel.axhline(0, color=INK, linewidth=0.8)
    _sources_axis(panel, sorted(set(table.sources)))
    panel.set_ylabel("F1 gained by each added source (points)")
    legend_below(figure, [panel])
    return figure


def heat_map(table: pd.DataFrame) -> Figure:
    """Direct transfer from every source (rows) to every target: ``source target f1``."""
    grid = table.pivot_table(index="source", columns="target", values="f1", sort=False)
    figure, (panel,) = axes(width=2.4 + 0.8 * grid.shape[1], height=1.2 + 0.34 * grid.shape[0])
    values = np.ma.masked_invalid(grid.to_numpy(dtype=float))
    mesh = panel.pcolormesh(values, cmap="cividis", edgecolor="none")
    middle = (values.min() + values.max()) / 2
    for (row, column), value in np.ndenumerate(grid.to_numpy(dtype=float)):
        if np.isfinite(value):
            colour = "#ffffff" if value < middle else "#111111"
            panel.text(column + 0.5, row + 0.5, f"{value:.0f}", ha="center", va="center", color=colour)
    panel.set_xticks(np.arange(grid.shape[1]) + 0.5, list(grid.columns))
    panel.set_yticks(np.arange(grid.shape[0]) + 0.5, list(grid.index))
    panel.invert_yaxis()
    panel.grid(False)
    panel.set_xlabel("target")
    panel.set_ylabel("source")
    figure.colorbar(mesh, ax=panel, label="F1 of direct transfer (%)")
    return figure


def scatter(
    table: pd.DataFrame, x: str, y: str, group: str, labels: tuple[str, str], lines: dict[str, Trend] | None = None
) -> Figure:
    """Points of some groups, with their lines of least squares where there are any."""
    figure, (panel,) = axes()
    groups = [str(name) for name in dict.fromkeys(table[group])]
    look = Look.of_names(groups)
    for name in groups:
        points = table[table[group].astype(str) == name]
        style = {**look(name), "linestyle": ""}
        panel.plot(points[x], points[y], label=in_legend(str(name)), alpha=0.85, **style)
        if line := (lines or {}).get(name):
            ends = np.array([points[x].min(), points[x].max()])
            heights = line.intercept + line.slope.value * ends
            panel.plot(ends, heights, color=style["color"], linestyle=look(name)["linestyle"], linewidth=1.2)
    panel.set_xlabel(labels[0])
    panel.set_ylabel(labels[1])
    legend_below(figure, [panel])
    return figure


def cost(table: pd.DataFrame, look: Look) -> Figure:
    """F1 against training time: ``method sources seconds f1 low high``; a point a number of sources."""
    figure, (panel,) = axes()
    for method, points in table.groupby("method", sort=False):
        panel.plot(points.seconds, points.f1, label=str(method), alpha=0.9, **look(str(method)))
        last = points.iloc[-1]
        panel.annotate(f"{last.sources:.0f}", (last.seconds, last.f1), (5, 4), textcoords="offset points", fontsize=8)
    panel.set_xscale("log", subs=(2, 5))
    panel.xaxis.set_major_formatter("{x:,.0f}")
    panel.xaxis.set_minor_formatter("{x:,.0f}")
    panel.set_xlabel("training, teachers included (device-seconds)")
    panel.set_ylabel("F1 (%)")
    legend_below(figure, [panel])
    return figure


def per_type(table: pd.DataFrame) -> Figure:
    """F1 of every entity type by method: ``method type f1``."""
    methods = list(dict.fromkeys(table.method))
    figure, (panel,) = axes(height=1.4 + 0.32 * len(methods))
    look = Look.of_names(list(dict.fromkeys(table.type)))
    for kind, points in table.groupby("type", sort=False):
        rows = [methods.index(method) for method in points.method]
        panel.plot(points.f1, rows, label=in_legend(str(kind)), **{**look(str(kind)), "linestyle": "", "markersize": 7})
    panel.set_yticks(range(len(methods)), methods)
    panel.invert_yaxis()
    panel.set_xlabel("F1 (%)")
    panel.set_ylabel("method")
    legend_below(figure, [panel])
    return figure


def reliability(table: pd.DataFrame, look: Look, methods: Sequence[str]) -> Figure:
    """Share of right tags of some methods by the probability given: ``method confidence accuracy count``."""
    figure, (panel,) = axes()
    panel.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2)
    for method, points in table[table.method.isin(methods)].groupby("method", sort=False):
        panel.plot(points.confidence, points.accuracy, label=str(method), alpha=0.9, **look(str(method)))
    panel.set_xlabel("probability of the most probable tag (mean of the bin)")
    panel.set_ylabel("share of words whose tag is right")
    legend_below(figure, [panel])
    return figure


def precision_recall(table: pd.DataFrame, look: Look) -> Figure:
    """Precision against recall at every threshold, and a ring for none: ``method threshold precision recall``."""
    figure, (panel,) = axes()
    for method, points in table[table.recall > 0].groupby("method", sort=False):
        style, ring = look(str(method)), points[points.threshold.isna()]
        on_curve = points.dropna(subset=["threshold"]).sort_values("threshold")
        panel.plot(on_curve.recall, on_curve.precision, label=str(method), alpha=0.9, **{**style, "markersize": 3.5})
        panel.plot(ring.recall, ring.precision, "o", color=style["color"], markerfacecolor="none", markersize=11)
    panel.set_xlabel("recall (%)")
    panel.set_ylabel("precision (%)")
    legend_below(figure, [panel])
    return figure


def bars(table: pd.DataFrame, look: Look) -> Figure:
    """F1 of every method with its interval, one panel a target: ``target method f1 low high``."""
    targets, methods = list(dict.fromkeys(table.target)), list(dict.fromkeys(table.method))
    figure, panels = axes(len(targets), width=2.6 + 2.6 * len(targets), height=1.2 + 0.3 * len(methods), sharey=True)
    for panel, target in zip(panels, targets, strict=True):
        for row in table[table.target == target].itertuples():
            error = np.abs([[row.f1 - row.low], [row.high - row.f1]])
            style = {**look(str(row.method)), "linestyle": ""}
            panel.errorbar(row.f1, methods.index(row.method), xerr=error, elinewidth=1.2, **style)
        panel.set_title(target)
        panel.set_xlabel("F1 (%)")
    panels[0].set_yticks(range(len(methods)), methods)
    panels[0].set_ylabel("method")
    panels[0].invert_yaxis()
    return figure


def _sources_axis(panel: Axes, sizes: Sequence[int]) -> None:
    panel.set_xticks(sizes, [str(size) for size in sizes])
    panel.set_xlabel("source languages")
