"""The report of a study: its answer, figures and tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ctl import figures
from ctl.answer import compare, sentences
from ctl.errors import CTLError
from ctl.findings import Findings
from ctl.plots import Look
from ctl.report import Block, Page
from ctl.statistics import Trend, overtaking, trend


def study_page(folder: Path, design: Mapping[str, Any]) -> Page:
    """All that a study has found so far.

    Raises:
        CTLError: nothing was found: no cell is done.
    """
    findings = Findings(folder, design)
    if findings.scores.empty:
        why = f": {findings.failed[0][1]}" if findings.failed else ""
        raise CTLError(f"{folder}: no cell of the study is done, {len(findings.failed)} failed{why}")
    look = Look(findings.methods)
    targets, pool, seeds = (design[name] for name in ("targets", "languages", "seeds"))
    return Page(
        title=f"How does it scale with the number of source languages? {folder.name}",
        subtitle=f"Targets {', '.join(targets)}; sources among {', '.join(pool)}; seeds {', '.join(map(str, seeds))}; "
        f"backbone {Path(design['backbone']).name}.",
        answer=sentences(findings),
        blocks=[*_scaling(findings, look), *_transfer(findings), *_details(findings, look), *_tables(findings)],
        failed=findings.failed,
        missing=findings.missing,
        cells=len(design["cells"]),
    )


def _scaling(findings: Findings, look: Look) -> list[Block]:
    table = findings.scaling_table()
    text = "Mean over seeds, targets and sets of one size; bands are 95 % intervals of a bootstrap over sentences and seeds; dotted, the fitted a - b n^-c."
    blocks = [
        Block(
            "scores", "Scores by number of sources", "F1 in percent with its 95 % interval.", wide(findings), shown=True
        ),
        Block.figure("scaling", "Scaling curves", text, table, figures.scaling, findings.fits, look),
    ]
    targets = findings.design["targets"]
    for target in targets if len(targets) > 1 else []:
        of_one = findings.scaling_table([target])
        blocks.append(
            Block.figure(
                f"scaling-{target}",
                f"Scaling on {target}",
                "The same for one target.",
                of_one,
                figures.scaling,
                {},
                look,
            )
        )
    if len(gains := findings.marginal_table()):
        text = "The change of F1 for every source added since the size before, with its 95 % interval."
        blocks.append(Block.figure("marginal", "What one source more brings", text, gains, figures.marginal, look))
    main = table[table.kind == findings.kinds[0]]
    text = "Training of a method and all its teachers; direct methods pay for every teacher that was tried."
    blocks.append(Block.figure("cost", "Cost against F1", text, main, figures.cost, look))
    return blocks


def _transfer(findings: Findings) -> list[Block]:
    """Sources against targets, distances and weights."""
    table, blocks = findings.transfer_table(), []
    if table.empty:
        return []
    direct = table[table.method == "direct"] if "direct" in set(table.method) else table
    blocks.append(
        Block.figure(
            "transfer",
            "Sources and targets",
            "F1 of each source's teacher on each target, mean over seeds.",
            direct,
            figures.heat_map,
        )
    )
    known = direct.dropna(subset=["distance"])
    lines = {str(t): line for t, part in known.groupby("target") if (line := trend(list(part.distance), list(part.f1)))}
    if lines:
        text = "Direct transfer against the distance of source and target, with lines of least squares. " + " ".join(
            f"{target}: {_told(line)}." for target, line in lines.items()
        )
        labels = (f"distance of the source ({findings.design['subsets']['by']})", "F1 of direct transfer (%)")
        blocks.append(
            Block.figure(
                "distance", "Language distance", text, known, figures.scatter, "distance", "f1", "target", labels, lines
            )
        )
    weights = findings.weights_table().dropna()
    if len(weights):
        most = weights[weights.sources == weights.sources.max()]
        lines = {
            str(m): line
            for m, part in most.groupby("method")
            if (line := trend(list(part.direct_f1), list(part.weight)))
        }
        text = (
            "The weight that a source was given, with most sources, against its teacher's measured transfer. "
            + " ".join(f"{method}: {_told(line)}." for method, line in lines.items())
        )
        labels = ("F1 of the source's own teacher on the target (%)", "weight in the mixture")
        blocks.append(
            Block.figure(
                "weights",
                "Weights against transfer",
                text,
                most,
                figures.scatter,
                "direct_f1",
                "weight",
                "method",
                labels,
                lines,
            )
        )
    return blocks


def _told(line: Trend) -> str:
    return f"Spearman's correlation {line.rank:+.2f} (p = {line.p:.3f}), slope {line.slope:+.3f}, {line.count} sources"


def _details(findings: Findings, look: Look) -> list[Block]:
    blocks = [
        Block.figure(
            "types",
            "Entity types",
            "F1 of every type with most sources, mean over seeds and targets.",
            findings.type_table(),
            figures.per_type,
        )
    ]
    if len(calibration := findings.calibration_table()):
        errors = calibration.drop_duplicates("method")
        text = (
            "How often the most probable tag is right, by its probability, with most sources. Expected calibration error: "
            + ", ".join(f"{row.method} {row.ece:.1f} %" for row in errors.itertuples())
        )
        blocks.append(Block.figure("calibration", "Calibration", text + ".", calibration, figures.reliability, look))
    return blocks


def _tables(findings: Findings) -> list[Block]:
    tests = pd.DataFrame(
        {"method": t.ours, "against": t.theirs, "points": f"{t.found.points:+.2f}", "low": f"{t.found.low:+.2f}",
         "high": f"{t.found.high:+.2f}", "p": f"{t.found.p:.4f}", "p (Holm)": f"{t.p:.4f}"}
        for t in compare(findings)
    )  # fmt: skip
    fits = pd.DataFrame(
        {"method": method, "sets": kind, "a": f"{fit.a:.1f}", "b": f"{fit.b:.1f}", "c": f"{fit.c:.2f}"}
        for (kind, method), fit in findings.fits.items()
    )
    blocks = []
    if len(tests):
        text = "With most sources: differences of mean F1, their 95 % intervals and two-sided p-values over the same draws of sentences and seeds, corrected for their number."
        blocks.append(Block("tests", "One method against another", text, tests, shown=True))
    if len(ahead := overtakings(findings)):
        text = "From how many sources on a method stays ahead of another, and in what share of the resamples it does."
        blocks.append(Block("overtaking", "Who overtakes whom", text, ahead, shown=True))
    if len(fits):
        blocks.append(Block("fits", "Fitted curves", "F1(n) = a - b n^-c, with 95 % intervals.", fits, shown=True))
    blocks.append(
        Block("provenance", "Provenance", "Where every score comes from.", findings.provenance_table(), shown=True)
    )
    return blocks


def overtakings(findings: Findings) -> pd.DataFrame:
    """For every pair that `compare` tests, from which size on the first is ahead."""
    kind, rows = findings.kinds[0], []
    for test in compare(findings):
        ours, theirs = findings.curves[kind, test.ours], findings.curves[kind, test.theirs]
        if ours.sizes == theirs.sizes:
            found = overtaking(ours.sizes, ours.samples, theirs.samples)
            at = "not ahead at the end" if found.at is None else str(found.at)
            rows.append(
                {"method": test.ours, "of": test.theirs, "from sources": at, "certainty": f"{found.certainty:.0%}"}
            )
    return pd.DataFrame(rows)


def wide(findings: Findings) -> pd.DataFrame:
    """The main table: a row a method, a column a number of sources."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for (kind, method), curve in findings.curves.items():
        row = rows.setdefault((kind, method), {"method": method, "sets": kind})
        row |= {f"n = {size}": f"{curve.at(place):.1f}" for place, size in enumerate(curve.sizes)}
    sizes = sorted({size for curve in findings.curves.values() for size in curve.sizes})
    return pd.DataFrame(list(rows.values()))[["method", "sets", *(f"n = {size}" for size in sizes)]].fillna("")
