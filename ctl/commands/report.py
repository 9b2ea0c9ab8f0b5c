"""``ctl report``: one page, a Markdown summary, the answer as JSON, and every figure as SVG with its data as CSV."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonargparse import ArgumentParser

from ctl.errors import CTLError
from ctl.system.console import make_table, say, show
from ctl.system.replacing import ANSWER, PAGE, REPORT, check_replaceable

if TYPE_CHECKING:
    from ctl.report.page import Page


DESIGNED: dict[str, type] = {  # what the description of a study holds
    "targets": list, "languages": list, "methods": list, "seeds": list, "backbone": str, "subsets": dict,
    "distances": dict, "cells": list,
}  # fmt: skip
CELLS: dict[str, type] = {"folder": str, "target": str, "sources": list, "seed": int, "kinds": list}


def make_parser() -> ArgumentParser:
    """The arguments of ``ctl report``."""
    parser = ArgumentParser(
        exit_on_error=False,
        prog="ctl report",
        description="Shows what a study found, or compares all runs below a folder: a page (report.html), a summary "
        "(report.md), the answer for programs (report.json), the figures and their data (report/*.svg, *.csv). Runs "
        "of other settings are rows of one table, with a column for each setting that differs. "
        "Example: ctl report runs/ablation",
    )
    parser.add_argument("folder", type=str, help="The folder of a study or of runs.")
    parser.add_argument(
        "--output", type=str | None, default=None, help="The folder that the report is written to; by default the same."
    )
    parser.add_argument(
        "--draw",
        type=list[str],
        default=[],
        help="Methods whose curves a study's figures show, '[pooled, best direct]'; by default all. Tables have all.",
    )
    return parser


def main(args: Sequence[str]) -> None:
    """Runs ``ctl report`` with these arguments.

    Raises:
        CTLError: there are no results.
    """
    given = make_parser().parse_args(list(args))
    write_report(Path(given.folder), given.draw, Path(given.output or given.folder))


def write_report(folder: Path, drawn: Sequence[str] = (), output: Path | None = None) -> None:
    """Writes the report of a study or of runs, and prints its main table and its conclusions.

    Args:
        folder: of the study or the runs.
        drawn: the methods whose curves a study's figures show; all if none are named.
        output: the folder that the report is written to; by default that of the study or the runs.

    Raises:
        CTLError: there are no results, there is no such method, or the report can't be written.
    """
    output = output or folder
    if not folder.is_dir():
        raise CTLError(f"{folder}: no results, no such folder")
    if output.is_dir() and not os.access(output, os.W_OK):
        raise CTLError(f"{output}: this folder is read-only; name another one with --output")
    check_output(output)
    page = read_page(folder, drawn)
    table = page.blocks[0].table(brief=True)  # without intervals, a terminal being narrow
    show(make_table(*table, title=page.title))
    for sentence in page.conclusions:
        show(sentence)
    page.write(output)
    say(f"written: {output / 'report.html'}, report.md, report.json, report/*.csv and *.svg")


def check_output(folder: Path) -> None:
    """Refuses to write over files of the user: figures and tables are ctl's where one of its pages stands beside them.

    Raises:
        CTLError: names the first.
    """
    pages = {"report.html": PAGE, "report.md": REPORT, "report.json": ANSWER}
    for name, mark in pages.items():
        check_replaceable(folder / name, mark, "rename it")
    figures = folder / "report"
    if figures.exists() and not figures.is_dir():
        raise CTLError(f"{figures}: this is a file, where a folder is to be made; rename it")
    foreign = [path for path in sorted(figures.glob("*")) if path.suffix in (".csv", ".svg")]
    if foreign and not any((folder / name).exists() for name in pages):
        raise CTLError(f"{foreign[0]}: ctl did not write this file, so it is not replaced; rename its folder")


def read_page(folder: Path, drawn: Sequence[str] = ()) -> Page:
    """The page of a study where the folder is one, else of runs.

    Raises:
        CTLError: there are no results.
    """
    from ctl.report.plain_runs.runs_page import runs_page
    from ctl.report.study_page import study_page
    from ctl.results import DESIGN

    design = folder / DESIGN
    if design.is_file():
        return study_page(folder, read_design(design), drawn)
    if drawn:
        raise CTLError(f"--draw is for studies: {folder} holds runs, whose figures have few curves")
    return runs_page(folder)


def read_design(path: Path) -> dict[str, Any]:
    """Reads what a study is.

    Raises:
        CTLError: the file says something else.
    """
    design: dict[str, Any] = {}
    with contextlib.suppress(ValueError, RecursionError):
        design = json.loads(path.read_text(encoding="utf-8"))
    if not _has(design, DESIGNED) or not all(_has(cell, CELLS) for cell in design["cells"]):
        raise CTLError(f"{path}: this does not describe a study; `ctl study --overwrite` writes it anew")
    return design


def _has(value: Any, kinds: Mapping[str, type]) -> bool:  # noqa: ANN401
    return isinstance(value, dict) and all(isinstance(value.get(name), kind) for name, kind in kinds.items())
