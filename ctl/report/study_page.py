"""The report of a study: its conclusions, figures and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ctl.errors import CTLError
from ctl.report import figures, tables
from ctl.report.conclusions import Contest, PairTest, compare, sentences
from ctl.report.drawing import Look
from ctl.report.few.labels import few_blocks, few_sentences
from ctl.report.findings import Findings
from ctl.report.layout import Column, Layout
from ctl.report.left_out import left_out_blocks
from ctl.report.page import Block, Page, plain_name
from ctl.report.statistics.trends import Trend, trend
from ctl.report.weak import weak_sentences

TEXTS = {
    "scores": "F1 in percent with its 95 % interval over sentences, seeds and, where they were drawn at random, sets: "
    "the mean over seeds, targets and sets of one size. A target and seed that some number of sources lacks is left "
    "out of the whole row; (4/6) says how many of the planned cells a number rests on.",
    "scaling": "Means over seeds, targets and sets of one size; bands are 95 % intervals; dotted, the fitted curves "
    "a - b n^-c of those that level off.",
    "target": "The same curves for one target.",
    "marginal": "The change of F1 for every source added since the size before, with its 95 % interval.",
    "cost": "Training of a method and of all its teachers; direct methods pay for every teacher that was tried. "
    "The number at the end of a line is that of sources.",
    "transfer": "F1 of each source's teacher on each target, the mean over the seeds that all its teachers have.",
    "distance": "Direct transfer against the distance of source and target, with lines of least squares.",
    "weights": "The weight that a source was given, with most sources, against its teacher's measured transfer.",
    "types": "F1 of every type with most sources, the mean over seeds and targets, of methods that have all of these.",
    "calibration": "How often the most probable tag is right, by its probability, with most sources; the figure has "
    "the four methods with the highest F1. Expected calibration error:",
    "curves": "Precision and recall of all entities at the thresholds 0.05, 0.1 ... 0.95, with most sources, means "
    "over seeds and targets. A ring is the model without a threshold, which gave all other numbers here.",
    "tests": "With most sources, in the cells that both have: differences of mean F1 with their 95 % intervals, "
    "two-sided p-values, and the p-values corrected for their number (Holm). The best direct teacher is chosen by the "
    "target's gold, anew for every target and seed, which favours it.",
    "overtaking": "The number of sources from which on a method is ahead of another in at least 95 % of the draws of "
    "sentences and seeds; the share is of the draws in which it is ahead from there on, or with most sources.",
    "fits": "F1(n) = a - b n^-c with 95 % intervals, for curves that level off: b is above 0, neither a (at most 100) "
    "nor c (0.1 to 5) is at its bound, the residuals are within the noise, and the last score is below a.",
    "provenance": "The origin of every score.",
}

SCORES = Layout(
    [Column("method", "{method}"), Column("sets", "{sets}"),
     Column("n={sources}", "{f1:.1f} [{low:.1f}, {high:.1f}]", brief="{f1:.1f}", note=" ({cells}/{planned})",
            noted="missing")],
    across="sources",
)  # fmt: skip
TESTS = Layout(
    [Column("method", "{method}"), Column("against", "{against}"), Column("points", "{points:+.2f}"),
     Column("low", "{low:+.2f}"), Column("high", "{high:+.2f}"), Column("p", "{p:.4f}"),
     Column("p (Holm)", "{p_holm:.4f}"), Column("cells", "{cells}"), Column("seeds", "{seeds}")],
)  # fmt: skip
OVERTAKING = Layout(
    [Column("method", "{method}"), Column("is ahead of", "{rival}"), Column("from", "{sources:.0f}", brief="not shown"),
     Column("share", "{share:.0%}"), Column("cells", "{cells}")],
)  # fmt: skip
FITS = Layout(
    [Column("method", "{method}"), Column("sets", "{sets}"),
     Column("a", "{a:.1f} [{a_low:.1f}, {a_high:.1f}]", brief="no curve that levels off fits"),
     Column("b", "{b:.1f} [{b_low:.1f}, {b_high:.1f}]"), Column("c", "{c:.2f} [{c_low:.2f}, {c_high:.2f}]")],
)  # fmt: skip


def study_page(folder: Path, design: Mapping[str, Any], drawn: Sequence[str] = ()) -> Page:
    """Shows all that a study has found so far.

    Args:
        folder: of the study.
        design: what it is.
        drawn: the methods that figures of curves show; all if none are named. Tables and conclusions have all.

    Raises:
        CTLError: no cell is done, so nothing was found; or there is no such method.
    """
    findings = Findings(folder, design)
    if not findings.scores:
        why = f": {findings.failed[0][1]}" if findings.failed else ""
        raise CTLError(f"{folder}: no cell of the study is done, {len(findings.failed)} failed{why}")
    look, tests, contest = Look.of_contenders(findings.contenders), compare(findings), Contest.of(findings)
    backbone = Path(design["backbone"]).name
    targets, pool, seeds = (", ".join(map(str, design[name])) for name in ("targets", "languages", "seeds"))
    return Page(
        title=f"Transfer to {targets} from {_sizes(findings)}",
        subtitle=f"The study {folder.name}: sources among {pool}; seeds {seeds}; backbone {backbone}.",
        conclusions=[
            *sentences(findings, tests),
            *few_sentences(findings),
            *weak_sentences(record for _, record in findings.records),
        ],
        answers={targets: contest.answer()} if contest else {},
        blocks=[
            *_scaling(findings, look, drawn),
            *few_blocks(findings),
            *_transfer(findings),
            *left_out_blocks(folder),
            *_details(findings, look),
            *_tables(findings, tests),
        ],
        failed=findings.failed,
        missing=findings.missing,
        cells=len(design["cells"]),
    )


def _sizes(findings: Findings) -> str:
    """The numbers of source languages that a study has scores for, in words."""
    sizes = sorted({len(score.cell.sources) for score in findings.scores})
    numbers = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else str(sizes[0])
    return f"{numbers} source language{'s' * (sizes[-1] > 1)}"


def _scaling(findings: Findings, look: Look, drawn: Sequence[str]) -> Iterable[Block]:
    table, targets = tables.scaling_table(findings), findings.design["targets"]
    scores = table.drop(columns="seconds").sort_values("sources", kind="stable", ignore_index=True)
    yield Block("scores", "Scores by number of sources", TEXTS["scores"], scores, layout=SCORES)
    table = _only(table, drawn)
    yield Block.figure("scaling", "Scaling curves", TEXTS["scaling"], table, figures.scaling, findings.fits, look)
    for target in targets if len(targets) > 1 else []:
        title, of_one = f"Scaling on {target}", _only(tables.scaling_table(findings, [target]), drawn)
        yield Block.figure(f"scaling-{plain_name(target)}", title, TEXTS["target"], of_one, figures.scaling, {}, look)
    if len(gains := _only(tables.marginal_table(findings), drawn)):
        yield Block.figure("marginal", "What one source more brings", TEXTS["marginal"], gains, figures.marginal, look)
    main = table[table.sets == findings.kinds[0]]
    yield Block.figure("cost", "Cost against F1", TEXTS["cost"], main, figures.cost, look)


def _only(table: pd.DataFrame, drawn: Sequence[str]) -> pd.DataFrame:
    """The rows of some methods."""
    if unknown := [name for name in drawn if len(table) and name not in set(table.method)]:
        raise CTLError(f"--draw {unknown[0]}: the report has {', '.join(dict.fromkeys(table.method))}")
    return table[table.method.isin(list(drawn))].reset_index(drop=True) if drawn else table


def _transfer(findings: Findings) -> Iterable[Block]:
    """Sources against targets, distances and weights."""
    table = tables.transfer_table(findings)
    if table.empty:
        return
    direct = table[table.method == table.method.iloc[0]]
    yield Block.figure("transfer", "Sources and targets", TEXTS["transfer"], direct, figures.heat_map)
    known, by = direct.dropna(subset=["distance"]), findings.design["subsets"]["by"]
    if lines := _lines(known, "target", "distance", "f1"):
        text, labels = _with_trends("distance", lines), (f"distance of the source ({by})", "F1 of direct transfer (%)")
        settings = ("distance", "f1", "target", labels, lines)
        yield Block.figure("distance", "Language distance", text, known, figures.scatter, *settings)
    weights = tables.weights_table(findings).dropna()
    if len(weights):
        most = weights[weights.sources == weights.sources.max()]
        lines = _lines(most, "method", "direct_f1", "weight")
        labels = ("F1 of the source's own teacher on the target (%)", "weight in the mixture")
        text, settings = _with_trends("weights", lines), ("direct_f1", "weight", "method", labels, lines)
        yield Block.figure("weights", "Weights against transfer", text, most, figures.scatter, *settings)


def _lines(table: pd.DataFrame, group: str, x: str, y: str) -> dict[str, Trend]:
    trends = {str(name): trend(list(part[x]), list(part[y])) for name, part in table.groupby(group, sort=False)}
    return {name: line for name, line in trends.items() if line is not None}


def _with_trends(name: str, lines: Mapping[str, Trend]) -> str:
    trends = [
        f"{group}: Spearman's correlation {line.rank:+.2f} (p = {line.p:.3f}), slope {line.slope:+.3f}, "
        f"{line.count} sources."
        for group, line in lines.items()
    ]
    return " ".join([TEXTS[name], *trends])


def _details(findings: Findings, look: Look) -> Iterable[Block]:
    records = findings.alike_with_most
    yield Block.figure("types", "Entity types", TEXTS["types"], tables.type_table(records), figures.per_type)
    if len(table := tables.calibration_table(records)):
        errors = ", ".join(f"{row.method} {row.ece:.1f} %" for row in table.drop_duplicates("method").itertuples())
        text, best = f"{TEXTS['calibration']} {errors}.", tables.best_methods(records)
        yield Block.figure("calibration", "Calibration", text, table, figures.reliability, look, best)
    if len(table := tables.curve_table(records)):
        yield Block.figure("curves", "Precision and recall", TEXTS["curves"], table, figures.precision_recall, look)


def _tables(findings: Findings, tests: list[PairTest]) -> Iterable[Block]:
    if tests:
        table, ahead = pd.DataFrame(test.row() for test in tests), tables.overtaking_table(findings, tests)
        yield Block("tests", "One method against another", TEXTS["tests"], table, layout=TESTS)
        yield Block("overtaking", "Who overtakes whom", TEXTS["overtaking"], ahead, layout=OVERTAKING)
    if len(fits := tables.fits_table(findings)):
        yield Block("fits", "Fitted curves", TEXTS["fits"], fits, layout=FITS)
    origins = tables.provenance_table(findings)
    yield Block("provenance", "Provenance", TEXTS["provenance"], origins, layout=Layout.plain(origins))
