"""HTML for the cells of notebooks: marked words, bars, tables; readable as plain text where styles are not kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

GREY = "#8a8a8a"  # legible on light and dark paper
LEFT = 'style="text-align: left"'


class Html(str):
    """Text that is HTML already, which a notebook shows as such."""

    def _repr_html_(self) -> str:
        return str(self)


def mark(text: str, label: str, colour: str) -> Html:
    """Shows an entity: its text on a tint of its colour, and its label behind it."""
    style = f"background: {colour}33; border-bottom: 3px solid {colour}; padding: 1px 4px; border-radius: 3px"
    return Html(f'<mark style="{style}; color: inherit">{escape(text)} <small><b>{escape(label)}</b></small></mark>')


def bar(value: float, most: float, colour: str = GREY, digits: int = 1) -> Html:
    """Shows a number with a bar behind it, whose length is its share of the largest one."""
    share = 100 * max(0.0, min(1.0, value / most)) if most else 0.0
    style = f"background: linear-gradient(90deg, {colour}55 {share:.0f}%, transparent {share:.0f}%)"
    return Html(f'<div style="{style}; min-width: 7em; text-align: right; padding: 0 4px">{value:.{digits}f}</div>')


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> Html:
    """Lays cells out as a table; text in them is shown as it stands."""
    title = f"<caption {LEFT}>{escape(caption)}</caption>" if caption else ""
    body = "".join(_row("td", row) for row in rows)
    return Html(f"<table>{title}<thead>{_row('th', headings)}</thead><tbody>{body}</tbody></table>")


def _row(tag: str, values: Sequence[str]) -> str:
    cells = (value if isinstance(value, Html) else escape(str(value)) for value in values)
    return f"<tr>{''.join(f'<{tag} {LEFT}>{cell}</{tag}>' for cell in cells)}</tr>"
