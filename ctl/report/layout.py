"""Numbers become text here, and only here: how the columns of a table are written for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any, NamedTuple

import pandas as pd

Row = Mapping[Any, Any]


class _ByName(Formatter):
    """Takes what stands in braces for a whole name: ``{student.lr}`` is the column of that name."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Row) -> tuple[Any, str]:
        return kwargs[field_name], field_name


class TextTable(NamedTuple):
    """A table as it is drawn."""

    headings: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Column:
    """One column of a table as people read it; braces hold names of the data's columns.

    Attributes:
        heading: the heading, ``F1``; ``n = {sources}`` makes one column of every number of sources.
        text: a cell, ``{f1:.1f} [{low:.1f}, {high:.1f}]``.
        brief: the cell in a narrow terminal, and where a number that ``text`` names is missing.
        note: added to cells of which the data's column ``noted`` is true, or not zero.
        noted: the name of that column.
    """

    heading: str
    text: str
    brief: str = ""
    note: str = ""
    noted: str = ""

    def write(self, row: Row, brief: bool = False) -> str:
        """Writes the cell of a row; empty where its numbers are missing."""
        known = {name: value for name, value in row.items() if not pd.isna(value)}
        for text in (self.brief,) if brief and self.brief else (self.text, self.brief):
            try:
                return _ByName().vformat(text + self.note * bool(known.get(self.noted)), (), known)
            except KeyError:
                continue
        return ""


@dataclass(frozen=True)
class Layout:
    """The columns of a table.

    Attributes:
        columns: from left to right; those whose heading has no braces name the row.
        across: the data's column whose values stand side by side; empty where every row of the data is a row.
    """

    columns: Sequence[Column]
    across: str = ""

    @classmethod
    def plain(cls, data: pd.DataFrame) -> Layout:
        """All columns as they are."""
        return cls([Column(str(name), f"{{{name}}}") for name in data.columns])

    def write(self, data: pd.DataFrame, brief: bool = False) -> TextTable:
        """Writes the table, without columns that are empty in all rows.

        Args:
            data: numbers and names.
            brief: whether there is little room.
        """
        names = [column for column in self.columns if "{" not in column.heading]
        lines: dict[Any, dict[str, str]] = {}
        for number, row in enumerate(data.to_dict("records")):
            key = tuple(column.write(row) for column in names) if self.across else number
            cells = {column.heading.format_map(row): column.write(row, brief) for column in self.columns}
            lines.setdefault(key, {}).update(cells)
        headings = [
            name for name in self._headings(data) if not lines or any(cells.get(name) for cells in lines.values())
        ]
        return TextTable(headings, [[cells.get(heading, "") for heading in headings] for cells in lines.values()])

    def _headings(self, data: pd.DataFrame) -> list[str]:
        """The headings from left to right, each value of `across` with all its columns."""
        rows = data.drop_duplicates(self.across).to_dict("records") if self.across else [{}]
        fixed = [column.heading for column in self.columns if "{" not in column.heading]
        repeated = [column.heading for column in self.columns if "{" in column.heading]
        return list(dict.fromkeys([*fixed, *(heading.format_map(row) for row in rows for heading in repeated)]))
