"""Lines and tables for the user; and silence where third parties say what the user can't act on."""

from __future__ import annotations

import logging
import re
import sys
import warnings
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.table import Table

Item = TypeVar("Item")

IGNORED_WARNINGS = (
    r".*does not have many workers.*",  # batches are made in far less time than a step takes
    r".*Checkpoint directory .* exists and is not empty.*",  # a resumed run's own
    r".*but have no `validation_step`.*",  # what is not validated has none
    r".*Found \d+ module\(s\) in eval mode.*",
    r".*`isinstance\(treespec, LeafSpec\)` is deprecated.*",
    r".*LightningCLI's args parameter is intended to run from within Python.*",  # that is what ctl transfer does
    r".*The `srun` command is available.*",
    r".*your dataloader is not resumable.*",  # the data module is
    r"Total length of `list` across ranks is zero.*",  # a student is not validated: there is no gold to validate on
    r"Be aware that when using `ckpt_path`, callbacks used to create the checkpoint.*",  # they are for fit
    r"The number of training batches .* is smaller than the logging interval.*",
    r".*IProgress not found.*",  # in notebooks
    r"The dirpath has changed from .*",  # `ctl test` has its own log folder, not its own checkpoints
    r"It is recommended to use `self.log\(.*sync_dist=True.*",  # metrics count over all processes themselves
    r".*Experiment logs directory .* exists and is not empty.*",
    r"Precision .* is not supported by the model summary.*",
)

QUIET = (  # packages of Lightning that tell what they do; profilers, who are asked, are not among them
    "pytorch.callbacks", "pytorch.loops", "pytorch.plugins", "pytorch.strategies", "pytorch.trainer",
    "pytorch.utilities", "fabric.plugins", "fabric.strategies", "fabric.utilities",
)  # fmt: skip


CONTROLS = [number for number in (*range(32), *range(127, 160)) if chr(number) not in "\t\n"]
SHOWN = {number: f"^{chr(number ^ 64)}" if number < 128 else f"\\x{number:x}" for number in CONTROLS}


def visible(text: str) -> str:
    """Shows control characters as ``^[``: in a terminal they could clear the screen, or set the clipboard."""
    return text.translate(SHOWN)


def say(message: str) -> None:
    """Prints a line to standard error, where that is open; in a notebook, which shows that in red, to its output."""
    if sys.stderr is not None:
        in_notebook = type(sys.stderr).__module__.startswith("ipykernel")
        print(visible(message), file=sys.stdout if in_notebook else sys.stderr, flush=True)


def is_terminal() -> bool:
    """Tells whether somebody may watch standard error."""
    return sys.stderr is not None and sys.stderr.isatty()


def show(what: str | Table) -> None:
    """Prints a table or a line to standard output as it stands: nothing in it is taken for markup.

    A table that can't be as narrow as the terminal is wider; no number is cut.
    """
    from rich.console import Console

    if sys.stdout is None:
        return
    least = 0 if isinstance(what, str) else total_width(column.width or 0 for column in what.columns)
    width = max(Console().width, least)
    console = Console(markup=False, emoji=False, highlight=False, width=width, force_jupyter=False)
    with console.capture() as captured:  # rich itself would end the program where nobody reads on
        console.print(visible(what) if isinstance(what, str) else what, soft_wrap=isinstance(what, str))
    sys.stdout.write(captured.get())


@cache
def notice(message: str) -> None:
    """Says a line, the first time that it comes up in a process."""
    say(f"ctl: {message}")


def steps(items: Sequence[Item], title: str) -> Iterable[Item]:
    """Gives items one by one; shows a bar of how many are left where the output is a terminal."""
    from rich.console import Console
    from rich.progress import track

    return track(items, title, console=Console(stderr=True), transient=True, disable=not is_terminal())


def quiet() -> None:
    """Silences third-party messages that the user can't act on; errors stay."""
    for pattern in IGNORED_WARNINGS:
        warnings.filterwarnings("ignore", message=pattern)
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="jsonargparse|lightning|torch")
    for name in QUIET:  # Lightning itself sets the level of the whole when it is imported
        logging.getLogger(f"lightning.{name}").setLevel(logging.WARNING)


def duration(seconds: float) -> str:
    """Writes seconds for people: ``42 s``, ``3 min 10 s``, ``2 h 5 min``."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


WORDS = (
    "method",
    "sets",
    "stages",
    "labels of",
    "role",
    "language",
    "split",
    "script",
)  # headings of columns that hold no numbers
LONG, SHORT = 24, 8  # characters after which a name, or the heading of numbers, may go on in the next line


def make_table(
    headings: Sequence[str],
    lines: Sequence[Sequence[str]],
    title: str,
    styles: Sequence[str] = (),
    optional: Sequence[str] = (),
) -> Table:
    """Makes a table for `show`, words on the left and numbers on the right; a number is never cut.

    Args:
        headings: the names of the columns.
        lines: the cells.
        title: above the table.
        styles: of the lines.
        optional: headings of columns that may be left out where all do not fit.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    columns = [[name, *(line[place] for line in lines)] for place, name in enumerate(headings)]
    widths = _widths(columns, optional)
    table = Table(title=visible(title), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.pad_edge = table.show_edge = False  # two characters between columns
    if left_out := len(headings) - len(widths):
        table.caption, table.caption_justify = f"{left_out} more columns do not fit in this width", "left"
    for place, width in widths.items():
        words = headings[place] in WORDS
        table.add_column(visible(headings[place]), justify="left" if words else "right", width=width, overflow="fold")
    for number, line in enumerate(lines):
        table.add_row(*(visible(line[place]) for place in widths), style=styles[number] if styles else "")
    return table


def _widths(columns: Sequence[Sequence[str]], optional: Sequence[str]) -> dict[int, int]:
    """The widths of the columns that fit into the terminal, by place; the last that may be left out are.

    Args:
        columns: headings, and the cells below them.
        optional: headings of those that may be left out.
    """
    from rich.console import Console

    widths, room = {place: _least(column) for place, column in enumerate(columns)}, Console().width
    for place in reversed(range(len(columns))):
        if columns[place][0] in optional and total_width(widths.values()) > room:
            del widths[place]
    for place, width in widths.items():  # from the left, each as wide as it would be
        widths[place] += max(0, min(max(map(len, columns[place])) - width, room - total_width(widths.values())))
    return widths


def total_width(widths: Iterable[int]) -> int:
    """The characters of a line of a table whose columns are so wide."""
    return sum(width + 2 for width in widths) - 2


def _least(column: Sequence[str]) -> int:
    """The least width of a column: of names that of a part, of numbers that of the widest word."""
    heading, *cells = column
    if heading in WORDS:
        return min(LONG, max(map(len, column)))
    words = [word for cell in cells for word in cell.split()]
    return max(min(SHORT, len(heading)), 1, *map(len, words))


def markdown(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Writes a table in Markdown."""
    rule = ["---", *["---:"] * (len(headings) - 1)]
    rows = ([plain_markdown(cell) for cell in line] for line in (headings, *lines))
    written = [f"| {' | '.join(row)} |\n" for row in rows]
    return "".join([written[0], f"| {' | '.join(rule)} |\n", *written[1:]])


MARKS = {
    "\\": "\\\\", "|": "\\|", "`": "\\`", "$": "\\$", "<": "&lt;", "&": "&amp;", "](": "]\\(", "\n": " ", "\r": " ",
    "*": "\\*", "~~": "\\~\\~", "_": "\\_",
}  # fmt: skip
MARK = re.compile("|".join([*(re.escape(mark) for mark in MARKS if mark != "_"), r"(?<![^\W_])_|_(?![^\W_])"]))


def plain_markdown(text: str) -> str:
    """Writes a text so that Markdown shows it as it stands: no HTML, link or emphasis, no cell, no line of its own."""
    return MARK.sub(lambda mark: MARKS[mark[0]], visible(text))
