"""``ctl report``: one self-contained page, a Markdown summary, and every figure as SVG with its data as CSV."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser
from rich.console import Console

from ctl.report.runs_page import runs_page
from ctl.system.console import make_table, say


def make_parser() -> ArgumentParser:
    """The one argument of ``ctl report``."""
    parser = ArgumentParser(
        prog="ctl report",
        description="Shows what a study found, or compares all runs below a folder: a page (report.html), a summary "
        "(report.md), the figures and their data (report/*.svg, *.csv). Example: ctl report runs/ablation",
    )
    parser.add_argument("folder", type=str, help="Of a study, or where the runs are; the report is written there.")
    return parser


def main(args: Sequence[str]) -> None:
    """Runs ``ctl report`` with these arguments.

    Raises:
        CTLError: there are no results.
    """
    write_report(Path(make_parser().parse_args(list(args)).folder))


def write_report(folder: Path) -> None:
    """Writes the report of a study or of runs.

    Raises:
        CTLError: there are no results.
    """
    design = folder / "study.json"
    if design.is_file():
        from ctl.report.study_page import study_page

        page = study_page(folder, json.loads(design.read_text(encoding="utf-8")))
    else:
        page = runs_page(folder)
    first = page.blocks[0]
    rows = [[re.sub(r" \[[^]]*\]", "", cell) for cell in row] for row in first.rows]
    Console().print(make_table(first.headings, rows, title=page.title))  # without intervals, a terminal being narrow
    for sentence in page.answer:
        print(sentence)
    page.write(folder)
    say(f"written: {folder / 'report.html'}, report.md, report/*.csv and *.svg")
