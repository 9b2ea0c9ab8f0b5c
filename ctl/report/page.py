"""``ctl report``: one self-contained page, a Markdown summary, and every figure as SVG with its data as CSV."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ctl.report.drawing import render, standalone
from ctl.system.console import markdown


@dataclass(frozen=True)
class Block:
    """One part of a report: a figure or a table, and its data.

    Attributes:
        name: of its file and anchor.
        title: heading.
        text: what it shows, in a sentence or two.
        data: what was drawn, or the table itself.
        svg: the figure; empty for a table.
        shown: whether the data stand in the page as a table.
    """

    name: str
    title: str
    text: str
    data: pd.DataFrame
    svg: str = ""
    shown: bool = False

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
        """A block with a figure that is drawn of its data, and of what else it needs."""
        return cls(name, title, text, data, render(draw, data, *args, name=name, about=title))

    @property
    def headings(self) -> list[str]:
        """Of the table."""
        return [str(name) for name in self.data.columns]

    @property
    def rows(self) -> list[list[str]]:
        """Of the table."""
        return [["" if pd.isna(value) else str(value) for value in row] for row in self.data.itertuples(index=False)]

    @property
    def data_uri(self) -> str:
        """The data as a link that needs no network."""
        return "data:text/csv;base64," + base64.b64encode(self.data.to_csv(index=False).encode()).decode()


@dataclass(frozen=True)
class Page:
    """A report.

    Attributes:
        title: heading.
        subtitle: what was run.
        answer: sentences.
        blocks: parts; the first is the main table.
        failed: cells that failed, and with what.
        missing: cells that were not run.
        cells: how many there should be.
    """

    title: str
    subtitle: str
    blocks: list[Block]
    answer: Sequence[str] = ()
    failed: Sequence[tuple[str, str]] = ()
    missing: Sequence[str] = ()
    cells: int = 0

    def write(self, folder: Path) -> None:
        """Writes ``report.html``, ``report.md``, and ``report/<block>.csv`` and ``.svg``."""
        (folder / "report").mkdir(exist_ok=True)
        for block in self.blocks:
            block.data.to_csv(folder / "report" / f"{block.name}.csv", index=False)
            if block.svg:
                (folder / "report" / f"{block.name}.svg").write_text(standalone(block.svg) + "\n", encoding="utf-8")
        (folder / "report.html").write_text(self.html(), encoding="utf-8")
        (folder / "report.md").write_text(self.markdown(), encoding="utf-8")

    def html(self) -> str:
        """The page; it asks for nothing from anywhere."""
        import jinja2

        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
        )
        return environment.get_template("report.html.j2").render(vars(self)) + "\n"

    def markdown(self) -> str:
        """The summary: the answer, what failed, and the tables that the page shows."""
        parts = [f"# {self.title}", self.subtitle, *self.answer]
        if self.failed:
            told = [f"* {cell}: {error}" for cell, error in self.failed]
            parts.append(
                f"**{len(self.failed)} of {self.cells} cells failed** and are in no number:\n\n" + "\n".join(told)
            )
        if self.missing:
            parts.append(f"{len(self.missing)} of {self.cells} cells have not been run yet.")
        for block in self.blocks:
            if block.shown and len(block.data) <= LONGEST:
                parts.append(f"## {block.title}\n\n{block.text}\n\n{markdown(block.headings, block.rows)}".rstrip())
        return "\n\n".join(parts) + "\n"


LONGEST = 60  # rows of a table in the summary; longer ones are in the page and in CSV
