"""A report as files: one page, a summary in Markdown, the answer as JSON, every figure as SVG with its data as CSV."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader

from ctl.report.drawing import DARK, LIGHT, render, standalone
from ctl.report.layout import Layout, TextTable
from ctl.system.console import markdown, plain_markdown
from ctl.system.files import write_json, write_text
from ctl.system.names import no_formula
from ctl.system.replacing import MADE_BY, SUMMARY

LONGEST = 60  # rows of a table in the summary; longer ones are in the page and in CSV


@dataclass(frozen=True)
class Block:
    """One part of a report: a figure or a table, and its data.

    Attributes:
        name: the name of its files and of its anchor.
        title: the heading.
        text: what is shown, in a sentence or two.
        data: the numbers that were drawn, or that the table shows.
        svg: the figure; empty for a table.
        layout: how the data are written in the page; ``None`` where only the figure is shown.
    """

    name: str
    title: str
    text: str
    data: pd.DataFrame
    svg: str = ""
    layout: Layout | None = None

    @classmethod
    def figure(
        cls,
        name: str,
        title: str,
        text: str,
        data: pd.DataFrame,
        draw: Callable[..., Any],
        *args: Any,  # noqa: ANN401
    ) -> Block:
        """Makes a block with a figure, which is drawn from its data and from what else it needs."""
        return cls(name, title, text, data, render(draw, data, *args, name=name, about=title))

    def table(self, brief: bool = False) -> TextTable:
        """Writes the data as text: the one step in which numbers are formatted.

        Args:
            brief: whether intervals are left out, for a narrow terminal.
        """
        return (self.layout or Layout.plain(self.data)).write(self.data, brief)

    @property
    def data_uri(self) -> str:
        """The data as a link that needs no network."""
        return link("text/csv", to_csv(self.data))


def link(kind: str, text: str) -> str:
    """A link to a text that needs no network; kind is its media type."""
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"


def to_csv(data: pd.DataFrame) -> str:
    """Writes a table as CSV in which a spreadsheet finds no formula: names that begin like one have ``'`` before them.

    OWASP, CSV injection.
    """
    return data.rename(columns=_no_formula).map(_no_formula).to_csv(index=False)


def _no_formula(value: Any) -> Any:  # noqa: ANN401
    return no_formula(value) if isinstance(value, str) else value


def plain_name(text: str) -> str:
    """Makes a name of a file or an anchor: letters, digits, ``-_.``, and ``_`` in place of all else."""
    return re.sub(r"[^\w.-]", "_", text)


@dataclass(frozen=True)
class Page:
    """A report.

    Attributes:
        title: the heading.
        subtitle: what was run.
        blocks: the parts; the first is the main table.
        conclusions: what the numbers say, in sentences.
        answers: the same for programs, by target.
        failed: cells that failed, and with what error.
        missing: cells that were not run with these settings.
        cells: how many cells there should be.
        unit: what is missing, a ``cell`` of a study or a ``model``.
    """

    title: str
    subtitle: str
    blocks: list[Block]
    conclusions: Sequence[str] = ()
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    failed: Sequence[tuple[str, str]] = ()
    missing: Sequence[str] = ()
    cells: int = 0
    unit: str = "cell"

    def write(self, folder: Path) -> None:
        """Writes ``report.html``, ``report.md``, ``report.json``, and ``report/<block>.csv`` and ``.svg``."""
        write_text(folder / "report.html", self.html())  # first: where it stands, the figures are ctl's
        write_text(folder / "report.md", self.markdown())
        write_json(folder / "report.json", self.answer())
        for block in self.blocks:
            write_text(folder / "report" / f"{block.name}.csv", to_csv(block.data))
            if block.svg:
                write_text(folder / "report" / f"{block.name}.svg", standalone(block.svg) + "\n")

    def html(self) -> str:
        """The page, which asks for nothing from the network."""
        environment = Environment(loader=PackageLoader("ctl.report", "."), autoescape=True, trim_blocks=True)
        template = environment.get_template("report.html.j2")
        answer = link("application/json", json.dumps(self.answer(), indent=2))
        return template.render(vars(self), light=LIGHT, dark=DARK, answer_uri=answer) + "\n"

    def answer(self) -> dict[str, Any]:
        """The answer for programs: what was run, the conclusions, the best method by target, what is missing."""
        names = ("title", "subtitle", "conclusions", "answers", "failed", "missing")
        return {**MADE_BY, **{name: getattr(self, name) for name in names}, "tables": [b.name for b in self.blocks]}

    def markdown(self) -> str:
        """The summary: the conclusions, what failed, and the tables that the page shows."""
        parts = [SUMMARY, f"# {plain_markdown(self.title)}", *map(plain_markdown, (self.subtitle, *self.conclusions))]
        parts += self._gaps()
        for block in self.blocks:
            table = block.table()
            if block.layout and len(table.rows) <= LONGEST:
                title, text = plain_markdown(block.title), plain_markdown(block.text)
                parts.append(f"## {title}\n\n{text}\n\n{markdown(*table)}".rstrip())
        return "\n\n".join(parts) + "\n"

    def _gaps(self) -> list[str]:
        """Paragraphs about cells that failed or were not run."""
        units = f"{self.cells} {self.unit}s"
        gaps = []
        if self.failed:
            errors = "\n".join(f"* {plain_markdown(cell)}: {plain_markdown(error)}" for cell, error in self.failed)
            gaps.append(f"**{len(self.failed)} of {units} failed** and are in no number:\n\n{errors}")
        if self.missing:
            names = "\n".join(f"* {plain_markdown(cell)}" for cell in self.missing[:LONGEST])
            gaps.append(f"{len(self.missing)} of {units} have not been run yet:\n\n{names}")
        return gaps
