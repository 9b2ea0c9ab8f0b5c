"""Results as tables: of one run, and of many runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

import numpy as np
from jsonargparse import ArgumentParser
from rich.console import Console
from rich.table import Table

from ctl.errors import CTLError
from ctl.notices import say
from ctl.results import Record, counts_file, read_records
from ctl.stages import duration
from ctl.statistics import Counts, paired_bootstrap

BASELINE = "student:uniform"


def make_parser() -> ArgumentParser:
    """The one argument of ``ctl report``."""
    parser = ArgumentParser(
        prog="ctl report",
        description="Compares all runs below a folder: mean and spread over seeds, and paired bootstrap tests. "
        "Example: ctl report runs/ablation",
    )
    parser.add_argument("folder", type=str, help="Where the runs are; report.md is written there.")
    return parser


def main(args: Sequence[str]) -> None:
    """Runs ``ctl report`` with these arguments.

    Raises:
        CTLError: there are no results.
    """
    folder = Path(make_parser().parse_args(list(args)).folder)
    comparison = Comparison.read(folder)
    Console().print(_table(comparison.columns(), comparison.rows(), title=str(folder)))
    (folder / "report.md").write_text(_markdown(comparison.columns(), comparison.rows()), encoding="utf-8")
    say(f"written: {folder / 'report.md'}")


@dataclass(frozen=True)
class Run:
    """One run's record and the counts of its test sentences."""

    record: Record
    counts: Counts


@dataclass(frozen=True)
class Comparison:
    """All runs of every method on every target.

    Attributes:
        runs: by method and target.
    """

    runs: dict[tuple[str, str], list[Run]]

    @classmethod
    def read(cls, folder: Path) -> Comparison:
        """Reads every ``results.json`` that a whole transfer left below a folder.

        Raises:
            CTLError: there is none.
        """
        runs: dict[tuple[str, str], list[Run]] = {}
        for path in sorted(folder.rglob("results.json")):
            if not (path.parent / ".lock").exists():
                continue  # a stage of a transfer, whose own results have it too
            for record in read_records(path):
                counts = np.load(counts_file(path.parent, record["method"]), allow_pickle=False)
                runs.setdefault((record["method"], record["target"]), []).append(Run(record, counts))
        if not runs:
            raise CTLError(f"{folder}: no results of `ctl transfer` below it")
        return cls(runs)

    @property
    def methods(self) -> list[str]:
        """In the order in which they were found."""
        return list(dict.fromkeys(method for method, _ in self.runs))

    @property
    def targets(self) -> list[str]:
        """In the order in which they were found."""
        return list(dict.fromkeys(target for _, target in self.runs))

    def best_direct(self, target: str) -> str | None:
        """The single teacher that does best on the target, as only its gold can tell."""
        scores = {m: mean(self._f1(m, target)) for m, t in self.runs if t == target and m.startswith("direct:")}
        return max(scores, key=lambda method: scores[method], default=None)

    def columns(self) -> list[str]:
        """Headings of `rows`."""
        return [
            "method",
            *(
                heading
                for target in self.targets
                for heading in (
                    f"{target} F1",
                    f"over {BASELINE}",
                    f"over {self.best_direct(target) or 'direct'}",
                )
            ),
        ]

    def rows(self) -> list[list[str]]:
        """Mean and standard deviation over seeds; differences with their 95 % intervals, starred where p < 0.05."""
        return [
            [
                method,
                *(
                    cell
                    for target in self.targets
                    for cell in (
                        self._score(method, target),
                        self._difference(method, BASELINE, target),
                        self._difference(method, self.best_direct(target), target),
                    )
                ),
            ]
            for method in self.methods
        ]

    def _f1(self, method: str, target: str) -> list[float]:
        return [run.record["f1"] for run in self.runs[method, target]]

    def _score(self, method: str, target: str) -> str:
        if (method, target) not in self.runs:
            return "-"
        scores = self._f1(method, target)
        return f"{mean(scores):.1f}" + (f" ± {stdev(scores):.1f}" if len(scores) > 1 else "")

    def _difference(self, method: str, other: str | None, target: str) -> str:
        """Of the same seeds, their sentences' counts added up."""
        ours, theirs = (
            {run.record["seed"]: run.counts for run in self.runs.get((name or "", target), [])}
            for name in (method, other)
        )
        seeds = sorted(set(ours) & set(theirs))
        if method == other or not seeds:
            return ""
        summed = [np.sum([counts[seed] for seed in seeds], axis=0) for counts in (ours, theirs)]
        found = paired_bootstrap(*summed)
        return f"{found.points:+.1f} [{found.low:+.1f}, {found.high:+.1f}]{'*' if found.p < 0.05 else ''}"


def columns(records: Sequence[Record]) -> list[str]:
    """Headings: the method, its scores, F1 by type, and the time that all its training took."""
    types = list(dict.fromkeys(kind for record in records for kind in record["per_type"]))
    return ["method", "P", "R", "F1", *types, "training"]


def rows(records: Sequence[Record]) -> list[list[str]]:
    """One row a record under `columns`."""
    types = columns(records)[4:-1]
    return [
        [
            record["method"],
            *(f"{record[name]:.1f}" for name in ("precision", "recall", "f1")),
            *(f"{record['per_type'][kind]['f1']:.1f}" if kind in record["per_type"] else "-" for kind in types),
            duration(record["train_seconds"]),
        ]
        for record in records
    ]


def print_table(records: Sequence[Record], title: str) -> None:
    """Prints the results, the best F1 in bold."""
    best = max((record["f1"] for record in records), default=None)
    styles = ["bold" if record["f1"] == best else "" for record in records]
    Console().print(_table(columns(records), rows(records), title, styles))
    for record in records:
        if weights := record["provenance"].get("weights"):
            given = "  ".join(f"{name} {weight:.3f}" for name, weight in zip(record["sources"], weights, strict=False))
            print(f"{record['method']} weighs its teachers  {given}")


def markdown_table(records: Sequence[Record]) -> str:
    """The same as a Markdown table."""
    return _markdown(columns(records), rows(records))


def _table(headings: Sequence[str], lines: Sequence[Sequence[str]], title: str, styles: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left")
    for name in headings:
        table.add_column(name, justify="left" if name == "method" else "right")
    for number, line in enumerate(lines):
        table.add_row(*line, style=styles[number] if styles else "")
    return table


def _markdown(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(headings) - 1)]
    return "".join(f"| {' | '.join(line)} |\n" for line in (headings, rule, *lines))
