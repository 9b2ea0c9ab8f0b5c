"""Plain runs side by side: the page of ``ctl report`` where there is no study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ctl.errors import CTLError
from ctl.report import figures
from ctl.report.drawing import Look
from ctl.report.layout import Column, Layout
from ctl.report.left_out import left_out_blocks
from ctl.report.page import Block, Page
from ctl.report.plain_runs.comparison import BASELINE, SOURCES, Comparison
from ctl.report.plain_runs.headline import contests, headline
from ctl.report.plain_runs.reading import missing, read_runs
from ctl.report.tables import best_methods, calibration_table, curve_table, type_table
from ctl.report.weak import weak_sentences
from ctl.results import Record

TEXTS = {
    "methods": "F1 in percent: mean and standard deviation over seeds; differences over the runs that are alike (the "
    "same seed, sources and settings; a single teacher is of one source), with 95 % intervals over sentences and "
    "seeds, starred where p < 0.05 after Holm's correction for their number; n is the number of seeds.",
    "one seed": "Where n is 1, an interval is over sentences alone and nothing is starred: another seed may turn the "
    "difference around.",
    "settings": "Each method under other settings than those that it was first run with, in the seeds that both have: "
    "differences of mean F1 with their 95 % intervals, two-sided p-values, and the p-values corrected for their "
    "number (Holm). With one seed these are of the models at hand, on other test sentences.",
    "scores": "Mean F1 over seeds, with 95 % intervals over sentences and seeds.",
    "types": "Means over the seeds and targets that all methods have; where there are none, that most have.",
    "calibration": "How often the most probable tag is right, by its probability; on the line they are the same. The "
    "figure has the four methods with the highest F1, the table (CSV) has all.",
    "curves": "Precision and recall of all entities at the thresholds 0.05, 0.1 ... 0.95, means over the runs. A ring "
    "is the model without a threshold, which gave all other numbers here. A higher threshold finds fewer entities.",
    "reliability": "The mean probability, in percent, that a teacher gives the right tag of a word of each type, as "
    "inferred from the teachers' answers for raw target text; no gold tag is read.",
    "runs": "The origin of every score.",
}
NUMBERS = [
    Column("{target} F1", "{f1:.1f} ± {sd:.1f} (n={seeds:.0f})", brief="{f1:.1f}"),
    *(
        Column(
            f"{{target}}: over {rival}",
            f"{{{name}:+.1f}} [{{{name}_low:+.1f}}, {{{name}_high:+.1f}}] (n={{{name}_seeds:.0f}})",
            brief=f"{{{name}:+.1f}}",
            note="*",
            noted=f"{name}_shown",
        )
        for name, rival in (("over_baseline", BASELINE), ("over_direct", "{best_direct}"))
    ),
]
SETTINGS = Layout([
    *(Column(name, f"{{{name}}}") for name in ("method", "target", "under", "against")),
    Column("points", "{points:+.2f} [{low:+.2f}, {high:+.2f}]"), Column("p", "{p:.4f}"),
    Column("p (Holm)", "{p_holm:.4f}"), Column("seeds", "{seeds}"),
])  # fmt: skip
RELIABILITY = Layout(
    [Column("method", "{method}"), Column("teacher", "{teacher}"), Column("{type}", "{right:.0f}")], across="type"
)


def runs_page(folder: Path) -> Page:
    """Compares all runs below a folder, a row for each method and each of its settings.

    Raises:
        CTLError: there are no runs.
    """
    if not folder.is_dir():
        raise CTLError(f"{folder}: no results, no such folder")
    runs = read_runs(folder)
    comparison = Comparison.of(runs)
    answers, lacking = contests(comparison), missing(runs)
    return Page(
        title=_title(comparison),
        subtitle=_subtitle(comparison, folder),
        blocks=[*_blocks(comparison), *left_out_blocks(folder), _origins(comparison)],
        conclusions=[*headline(answers), *weak_sentences(run.record for run in runs)],
        answers={target: contest.answer() for target, contest in answers.items()},
        missing=lacking,
        cells=len(runs) + len(lacking),
        unit="model",
    )


def _title(comparison: Comparison) -> str:
    """The languages that tagging was transferred between."""
    sources = sorted({source for run in comparison.all_runs for source in run.record["sources"]})
    named = ", ".join(sources) if len(sources) <= MANY else f"{len(sources)} languages"
    return f"Transfer to {', '.join(comparison.targets)} from {named}"


MANY = 8  # languages, too many to name in a title


def _subtitle(comparison: Comparison, folder: Path) -> str:
    """Says how much was scored, with which seeds, and in what the settings differ."""
    runs = comparison.all_runs
    homes, seeds = {run.home for run in runs}, sorted({run.record["seed"] for run in runs})
    of_homes = "1 run" if len(homes) == 1 else f"{len(homes)} runs"
    differ = f" Settings that differ: {', '.join(comparison.settings)}." if comparison.settings else ""
    named = f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
    return f"{len(runs)} scored models of {of_homes} in {folder}; {named}.{differ}"


def _blocks(comparison: Comparison) -> Iterable[Block]:
    table = comparison.table()
    about = " ".join([TEXTS["methods"], *([TEXTS["one seed"]] if _fewest_seeds(table) == 1 else [])])
    yield Block("methods", "Methods", about, table, layout=_methods_layout(comparison))
    if len(gaps := comparison.settings_table()):
        yield Block("settings", "One setting against another", TEXTS["settings"], gaps, layout=SETTINGS)
    contenders = [comparison.contender(each) for each in comparison.groups]
    look = Look.of_contenders(contenders)
    yield Block.figure("scores", "Scores", TEXTS["scores"], comparison.scores(), figures.bars, look)
    records = [(name, run.record) for name, run in comparison.alike]
    yield Block.figure("types", "Entity types", TEXTS["types"], type_table(records), figures.per_type)
    yield from _of_probabilities(records, look)
    if len(right := reliability_table(records)):
        yield Block("reliability", "Teachers", TEXTS["reliability"], right, layout=RELIABILITY)


def _methods_layout(comparison: Comparison) -> Layout:
    """The main table: a column for each setting that differs."""
    names = ["method", *([SOURCES] if comparison.sources_differ else []), *comparison.settings]
    return Layout([*(Column(name, f"{{{name}}}") for name in names), *NUMBERS], across="target")


def _of_probabilities(records: Sequence[tuple[str, Record]], look: Look) -> Iterable[Block]:
    """Calibration, and precision and recall, of the runs that have them."""
    if len(table := calibration_table(records)):
        settings: tuple[Any, ...] = (look, best_methods(records))
        yield Block.figure("calibration", "Calibration", TEXTS["calibration"], table, figures.reliability, *settings)
    if len(table := curve_table(records)):
        yield Block.figure("curves", "Precision and recall", TEXTS["curves"], table, figures.precision_recall, look)


def _origins(comparison: Comparison) -> Block:
    table = comparison.provenance()
    return Block("runs", "Runs", TEXTS["runs"], table, layout=Layout.plain(table))


def _fewest_seeds(table: pd.DataFrame) -> float:
    """The smallest number of seeds that a score or a difference rests on."""
    columns = ["seeds", "over_baseline_seeds", "over_direct_seeds"]
    return float(table[columns].astype(float).min().min())


def reliability_table(records: Iterable[tuple[str, Record]]) -> pd.DataFrame:
    """Tells what mixtures infer about their teachers, in percent, means of records: ``method teacher type right``."""
    rows = [
        {"method": method, "teacher": teacher, "type": kind, "right": 100 * share}
        for method, record in records
        for teacher, shares in (record.get("provenance", {}).get("reliability") or {}).items()
        for kind, share in shares.items()
    ]
    by = ["method", "teacher", "type"]
    if not rows:
        return pd.DataFrame(columns=[*by, "right"])
    return pd.DataFrame(rows).groupby(by, sort=False).right.mean().round(1).reset_index()
