"""Results as tables, for the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ctl.results import Record, weights_by_source
from ctl.system.console import duration

WORDS = ("method", "sets", "stages", "labels of", "role")  # headings of columns that hold no numbers


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
    Console().print(make_table(columns(records), rows(records), title, styles))
    for record in records:
        if weights := weights_by_source(record):
            given = "  ".join(f"{name} {weight:.3f}" for name, weight in weights.items())
            print(f"{record['method']} weighs its teachers  {given}")


def markdown_table(records: Sequence[Record]) -> str:
    """The same as a Markdown table."""
    return markdown(columns(records), rows(records))


def make_table(
    headings: Sequence[str], lines: Sequence[Sequence[str]], title: str, styles: Sequence[str] = ()
) -> Table:
    """A table for the terminal, words on the left and numbers on the right."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in headings:
        words = name in WORDS
        table.add_column(name, justify="left" if words else "right", no_wrap=words)
    for number, line in enumerate(lines):
        table.add_row(*line, style=styles[number] if styles else "")
    return table


def markdown(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    rule = ["---", *["---:"] * (len(headings) - 1)]
    return "".join(f"| {' | '.join(line)} |\n" for line in (headings, rule, *lines))
