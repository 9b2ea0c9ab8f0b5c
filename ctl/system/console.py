"""Lines and tables for the user; and silence where third parties say what the user can't act on."""

from __future__ import annotations

import logging
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


CONTROLS = [number for number in (*range(32), *range(127, 160)) if chr(number) not in "\t\n"]
SHOWN = {number: f"^{chr(number ^ 64)}" if number < 128 else f"\\x{number:x}" for number in CONTROLS}


def visible(text: str) -> str:
    """Shows control characters as ``^[``: in a terminal they could clear the screen, or set the clipboard."""
    return text.translate(SHOWN)


def say(message: str) -> None:
    """Prints a line to standard error, where that is open."""
    if sys.stderr is not None:
        print(visible(message), file=sys.stderr, flush=True)


def show(what: str | Table) -> None:
    """Prints a table or a line to standard output; where nobody reads on, it is for `ctl.main` to end the command."""
    from rich.console import Console

    if sys.stdout is None:
        return
    console = Console()
    with console.capture() as captured:  # rich itself would end the program with status 1
        console.print(visible(what) if isinstance(what, str) else what, markup=False, highlight=False, soft_wrap=True)
    sys.stdout.write(captured.get())


@cache
def notice(message: str) -> None:
    """Says a line, the first time that it comes up in a process."""
    say(f"ctl: {message}")


def steps(items: Sequence[Item], title: str) -> Iterable[Item]:
    """Gives items one by one; shows a bar of how many are left where the output is a terminal."""
    from rich.console import Console
    from rich.progress import track

    return track(items, title, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def quiet() -> None:
    """Silences third-party messages that the user can't act on; errors stay."""
    for pattern in IGNORED_WARNINGS:
        warnings.filterwarnings("ignore", message=pattern)
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="jsonargparse|lightning|torch")
    for name in (
        "lightning.pytorch.utilities.rank_zero",
        "lightning.fabric.utilities.seed",
        "lightning.fabric.utilities.distributed",
        "lightning.pytorch.callbacks.model_summary",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)


def duration(seconds: float) -> str:
    """Writes seconds for people: ``42 s``, ``3 min 10 s``, ``2 h 5 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"


WORDS = ("method", "sets", "stages", "labels of", "role")  # headings of columns that hold no numbers


def make_table(
    headings: Sequence[str], lines: Sequence[Sequence[str]], title: str, styles: Sequence[str] = ()
) -> Table:
    """Makes a table for the terminal, words on the left and numbers on the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in headings:
        words = name in WORDS
        table.add_column(name, justify="left" if words else "right", no_wrap=words)
    for number, line in enumerate(lines):
        table.add_row(*line, style=styles[number] if styles else "")
    return table


def markdown(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Writes a table in Markdown."""
    rule = ["---", *["---:"] * (len(headings) - 1)]
    return "".join(f"| {' | '.join(line)} |\n" for line in (headings, rule, *lines))
