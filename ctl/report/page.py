"""A report as files: one self-contained page, a Markdown summary, and every figure as SVG with its data as CSV."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader

from ctl.report.drawing import DARK, LIGHT, render, standalone
from ctl.report.layout import Layout, TextTable
from ctl.system.console import markdown, plain_markdown
from ctl.system.files import write_text
from ctl.system.names import no_formula

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
        return "data:text/csv;base64," + base64.b64encode(to_csv(self.data).encode()).decode()


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
        failed: cells that failed, and with what error.
        missing: cells that were not run with these settings.
        cells: how many cells there should be.
    """

    title: str
    subtitle: str
    blocks: list[Block]
    conclusions: Sequence[str] = ()
    failed: Sequence[tuple[str, str]] = ()
    missing: Sequence[str] = ()
    cells: int = 0

    def write(self, folder: Path) -> None:
        """Writes ``report.html``, ``report.md``, and ``report/<block>.csv`` and ``.svg``."""
        write_text(folder / "report.html", self.html())  # first: where it stands, the figures are ctl's
        write_text(folder / "report.md", self.markdown())
        for block in self.blocks:
            write_text(folder / "report" / f"{block.name}.csv", to_csv(block.data))
            if block.svg:
                write_text(folder / "report" / f"{block.name}.svg", standalone(block.svg) + "\n")

    def html(self) -> str:
        """The page, which asks for nothing from the network."""
        environment = Environment(loader=PackageLoader("ctl.report", "."), autoescape=True, trim_blocks=True)
        template = environment.get_template("report.html.j2")
        return template.render(vars(self), light=LIGHT, dark=DARK) + "\n"

    def markdown(self) -> str:
        """The summary: the conclusions, what failed, and the tables that the page shows."""
        parts = [f"# {plain_markdown(self.title)}", *map(plain_markdown, (self.subtitle, *self.conclusions))]
        parts += self._gaps()
        for block in self.blocks:
            table = block.table()
            if block.layout and len(table.rows) <= LONGEST:
                title, text = plain_markdown(block.title), plain_markdown(block.text)
                parts.append(f"## {title}\n\n{text}\n\n{markdown(*table)}".rstrip())
        return "\n\n".join(parts) + "\n"

    def _gaps(self) -> list[str]:
        """Paragraphs about cells that failed or were not run."""
        gaps = []
        if self.failed:
            errors = "\n".join(f"* {plain_markdown(cell)}: {plain_markdown(error)}" for cell, error in self.failed)
            gaps.append(f"**{len(self.failed)} of {self.cells} cells failed** and are in no number:\n\n{errors}")
        if self.missing:
            names = "\n".join(f"* {plain_markdown(cell)}" for cell in self.missing[:LONGEST])
            gaps.append(f"{len(self.missing)} of {self.cells} cells have not been run yet:\n\n{names}")
        return gaps
