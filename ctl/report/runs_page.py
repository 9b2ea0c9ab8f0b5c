"""Plain runs side by side: the page of ``ctl report`` where there is no study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from ctl.errors import CTLError
from ctl.methods import label
from ctl.report import figures
from ctl.report.comparison import BASELINE, Comparison
from ctl.report.contenders import Contender
from ctl.report.drawing import Look
from ctl.report.layout import Column, Layout
from ctl.report.left_out import left_out_blocks
from ctl.report.page import Block, Page
from ctl.report.tables import calibration_table, curve_table, type_table
from ctl.results import Record, shown

TEXTS = {
    "methods": "F1 in percent: mean and standard deviation over seeds; differences over the runs that are alike (the "
    "same seed and the same sources; a single teacher is of one of them), with 95 % intervals over sentences and "
    "seeds, starred where p < 0.05 after Holm's correction for their number; n is the number of seeds.",
    "one seed": "Where n is 1, an interval is over sentences alone and nothing is starred: another seed may turn the "
    "difference around.",
    "scores": "Mean F1 over seeds, with 95 % intervals over sentences and seeds.",
    "types": "Means over the seeds and targets that all methods have; where there are none, that most have.",
    "calibration": "How often the most probable tag is right, by its probability; on the line they are the same.",
    "curves": "Precision and recall of all entities at the thresholds 0.05, 0.1 ... 0.95, means over the runs. A ring "
    "is the model without a threshold, which gave all other numbers here. A higher threshold finds fewer entities.",
    "reliability": "The mean probability, in percent, that a teacher gives the right tag of a word of each type, as "
    "inferred from the teachers' answers for raw target text; no gold tag is read.",
    "runs": "The origin of every score.",
}
METHODS = Layout(
    [
        Column("method", "{method}"),
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
    ],
    across="target",
)
RELIABILITY = Layout(
    [Column("method", "{method}"), Column("teacher", "{teacher}"), Column("{type}", "{right:.0f}")], across="type"
)


def runs_page(folder: Path) -> Page:
    """Compares all runs below a folder.

    Raises:
        CTLError: there are no runs.
    """
    if not folder.is_dir():
        raise CTLError(f"{folder}: no results, no such folder")
    comparison = Comparison.read(folder)
    records = [(shown(run.record), run.record) for run in comparison.alike_runs]
    origins = comparison.provenance()
    table = comparison.table()
    about = " ".join([TEXTS["methods"], *([TEXTS["one seed"]] if _fewest_seeds(table) == 1 else [])])
    blocks = [
        Block("methods", "Methods", about, table, layout=METHODS),
        Block.figure("scores", "Scores", TEXTS["scores"], comparison.scores(), figures.bars),
        Block.figure("types", "Entity types", TEXTS["types"], type_table(records), figures.per_type),
    ]
    blocks += _of_probabilities(comparison, records)
    if len(right := reliability_table(records)):
        blocks.append(Block("reliability", "Teachers", TEXTS["reliability"], right, layout=RELIABILITY))
    blocks += left_out_blocks(folder)
    blocks.append(Block("runs", "Runs", TEXTS["runs"], origins, layout=Layout.plain(origins)))
    return Page(f"Runs in {folder}", f"{len(origins)} scored models.", blocks)


def _of_probabilities(comparison: Comparison, records: Sequence[tuple[str, Record]]) -> Iterable[Block]:
    """Calibration, and precision and recall, of the runs that have them."""
    plain = Look.of_contenders([Contender.of(method) for method in comparison.methods])
    look = Look({name: plain(label(record["method"])) for name, record in records})
    if len(table := calibration_table(records)):
        yield Block.figure("calibration", "Calibration", TEXTS["calibration"], table, figures.reliability, look)
    if len(table := curve_table(records)):
        yield Block.figure("curves", "Precision and recall", TEXTS["curves"], table, figures.precision_recall, look)


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
