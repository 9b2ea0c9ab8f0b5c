"""F1 by the number of labelled target sentences: a table, a figure, and how many of them the transfer is worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from ctl.methods import FEW
from ctl.report.contenders import Contender
from ctl.report.drawing import INK, Look, axes, legend_below
from ctl.report.findings import Findings
from ctl.report.layout import Column, Layout
from ctl.report.page import Block
from ctl.report.statistics.estimates import bounds
from ctl.report.statistics.means import Cell, Scores
from ctl.report.statistics.worth import Worth, worth

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEXT = (
    "F1 with the most sources by the number of labelled sentences of the target, which are drawn by the seed, the "
    "fewer among the more; bands and intervals are 95 %. Dashed: students that see none. All others saw these labels "
    "and are no zero-resource transfer."
)
TEXT_OF_WORTH = (
    "The number of labelled sentences at which a model of these alone (few) reaches the zero-shot student: "
    "interpolated on the logarithm of the number, with a 95 % interval over seeds and test sentences."
)
SCORES = Layout([
    Column("method", "{method}"), Column("labelled sentences", "{labels}"),
    Column("F1", "{f1:.1f} [{low:.1f}, {high:.1f}]"), Column("cells", "{cells}"), Column("seeds", "{seeds}"),
])  # fmt: skip
WORTH = Layout([
    Column("student", "{method}"), Column("target", "{target}"), Column("F1", "{f1:.1f}"),
    Column("is worth labelled sentences", "{worth}"), Column("seeds", "{seeds}"),
])  # fmt: skip


def few_blocks(findings: Findings) -> Iterator[Block]:
    """The parts of a report on labelled sentences of the target; none where a study has no axis of them."""
    table = few_table(findings)
    if table.empty:
        return
    yield Block.figure("few", "A few labelled sentences", TEXT, table, draw_few)
    yield Block("few_scores", "Scores by number of labelled sentences", TEXT, table, layout=SCORES)
    if len(rows := worth_table(findings)):
        yield Block("worth", "How many labelled sentences is the transfer worth?", TEXT_OF_WORTH, rows, layout=WORTH)


def few_sentences(findings: Findings) -> Iterator[str]:
    """Says for every zero-shot student how many labelled sentences it is worth, over all targets together."""
    for student in _students(findings):
        scores = findings.with_most(student)
        number = _worth(findings, scores)
        if number is None:
            continue
        mean, targets = findings.mean(scores).estimate, sorted({cell.target for cell in scores})
        of = f"of {targets[0]}" if len(targets) == 1 else f"of a target, on the mean of {', '.join(targets)}"
        seeds = "one seed, so the interval does not cover others" if number.seeds == 1 else f"{number.seeds} seeds"
        yield (
            f"With {findings.most} source{'s' * (findings.most > 1)} {student} ({mean.value:.1f} F1) is worth {number} "
            f"labelled sentences {of}: so many does a model of these alone need to reach it ({seeds})."
        )


def few_table(findings: Findings) -> pd.DataFrame:
    """F1 by number of labelled sentences with the most sources: ``method labels f1 low high cells seeds``."""
    rows = []
    for method in dict.fromkeys(method for scored in findings.few.values() for method in scored):
        for number in _numbers(findings):
            if scores := _with(findings, method, number):
                rows.append(_row(findings, str(Contender.of(method)), number, scores))
    students = [_row(findings, str(each), 0, findings.with_most(each)) for each in _students(findings)] if rows else []
    return pd.DataFrame([*students, *rows])


def worth_table(findings: Findings) -> pd.DataFrame:
    """The worth of every zero-shot student, on all targets and on each: ``method target f1 worth low high seeds``.

    ``worth`` is text; ``low`` and ``high`` are numbers, infinite where the most sentences are not enough.
    """
    rows = []
    for student in _students(findings):
        every = findings.with_most(student)
        targets = list(dict.fromkeys(cell.target for cell in every))
        for target in ["all", *targets] if len(targets) > 1 else targets:
            scores = {cell: samples for cell, samples in every.items() if target in ("all", cell.target)}
            if (number := _worth(findings, scores)) is not None:
                f1 = round(findings.mean(scores).estimate.value, 2)
                bound = {"worth": str(number), "low": number.low, "high": number.high, "seeds": number.seeds}
                rows.append({"method": str(student), "target": target, "f1": f1, **bound})
    return pd.DataFrame(rows)


def draw_few(table: pd.DataFrame) -> Figure:
    """F1 by number of labelled sentences, on a logarithmic axis; zero-shot students are dashed lines across it."""
    figure, (panel,) = axes()
    methods = list(dict.fromkeys(table.method))
    look, numbers = Look.of_names(methods), sorted(set(table.labels) - {0})
    for method, points in table.groupby("method", sort=False):
        style = look(str(method))
        if (points.labels == 0).all():
            points = pd.concat([points.assign(labels=number) for number in (numbers[0], numbers[-1])])
            style = {**style, "linestyle": "--", "marker": ""}
        panel.plot(points.labels, points.f1, label=str(method), **style)
        panel.fill_between(points.labels, points.low, points.high, color=style["color"], alpha=0.1, linewidth=0)
    panel.set_xscale("log")
    panel.set_xticks(numbers, [f"{number:,}" for number in numbers])
    panel.minorticks_off()
    panel.set_xlabel("labelled sentences of the target", color=INK)
    panel.set_ylabel("F1 on the targets' test split (%)")
    legend_below(figure, [panel])
    return figure


def _students(findings: Findings) -> Sequence[Contender]:
    return [each for each in findings.contenders if each.method.kind == "student" and findings.with_most(each)]


def _numbers(findings: Findings) -> list[int]:
    return sorted({number for _, number in findings.few})


def _with(findings: Findings, method: str, number: int, cells: Iterable[Cell] | None = None) -> Scores:
    """F1 by cell of a method with so many labelled sentences and the most sources, in some cells or in all."""
    return {
        cell: scored[method]
        for (cell, few), scored in findings.few.items()
        if few == number and method in scored and len(cell.sources) == findings.most
        if cells is None or cell in cells
    }


def _worth(findings: Findings, scores: Scores) -> Worth | None:
    """The worth of a student in the cells that have all numbers of labelled sentences; ``None`` without any."""
    numbers = _numbers(findings)
    by_number = [_with(findings, FEW, number, scores) for number in numbers]
    cells = [cell for cell in scores if all(cell in of_one for of_one in by_number)]
    if not numbers or not cells:
        return None
    curves = [findings.mean({cell: of_one[cell] for cell in cells}) for of_one in by_number]
    return worth(numbers, curves, findings.mean({cell: scores[cell] for cell in cells}))


def _row(findings: Findings, method: str, number: int, scores: Scores) -> dict[str, object]:
    estimate = findings.mean(scores).estimate
    return {
        "method": method,
        "labels": number,
        **bounds("f1", estimate),
        "cells": len(scores),
        "seeds": estimate.seeds,
    }
