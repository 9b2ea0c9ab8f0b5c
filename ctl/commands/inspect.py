"""``ctl inspect``: the command that writes soft labels as a page."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser
from rich.table import Table

from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.inspection.frames import Inspection
from ctl.inspection.page import write_page
from ctl.inspection.students import label_by_students
from ctl.mixing.truth import reliability_lines
from ctl.system.console import make_table, say, show
from ctl.system.names import LANGUAGE
from ctl.system.numbers import PositiveInt
from ctl.system.parsing.words_in_yaml import read_words, with_lists
from ctl.system.replacing import SOFT_LABELS, check_replaceable

SENTENCES = 20_000  # that a page shows, unless another number is given
WHERE = (  # settings of the data that find text
    "root", "hub", "synthetic", "types", "type_map", "encoding", "word_column", "tag_column", "normalization", "limit",
    "drop_test_duplicates", "plain_text",
)  # fmt: skip


def main(args: Sequence[str]) -> None:
    """Runs ``ctl inspect`` with these arguments.

    Raises:
        CTLError: there are no soft labels, or their sentences are not to be found.
    """
    read_words()
    parser = make_parser()
    given = parser.parse_args(with_lists(args))
    if not LANGUAGE.fullmatch(given.split) or ".." in given.split:
        raise CTLError(f"--split: {given.split!r} is no split, such as train, validation or test")
    output = Path(given.output or Path(given.paths[0]) / "inspect.html")
    check_replaceable(output, SOFT_LABELS, "name another page with --output")
    data = changed_settings(parser, given.data)
    if given.students:
        for path in given.paths:
            label_by_students(Path(path), given.split, data)
    inspection = Inspection.open(*given.paths, split=given.split, gold=given.gold, limit=given.sentences, data=data)
    show(summary(inspection))
    for labels in inspection.labellers.values():
        for line in reliability_lines(labels.name, labels.identity):
            show(line)
    size = write_page(inspection, output)
    say(f"written: {output} ({len(inspection.corpus):,} sentences, {size / 1e6:.1f} MB; open it in a browser)")


def make_parser() -> ArgumentParser:
    """The options of ``ctl inspect``."""
    parser = ArgumentParser(
        exit_on_error=False,
        prog="ctl inspect",
        usage="ctl inspect PATH [PATH ...] [options]",
        description="Writes a page that shows soft labels: every teacher's, the mixture's and the students' "
        "distributions word by word, and the sentences where they differ. Example: ctl inspect runs/quickstart",
    )
    parser.add_argument("paths", type=str, nargs="+", help="Soft-label stores, or runs that have some below them.")
    parser.add_argument("--output", type=str | None, default=None, help="The page; PATH/inspect.html by default.")
    parser.add_argument("--split", type=str, default="train", help="Of the target, where a run has several.")
    parser.add_argument("--gold", action="store_true", help="Show gold tags and where the labels are wrong.")
    parser.add_argument("--students", action="store_true", help="Let a run's students label the split first.")
    parser.add_argument("--sentences", type=PositiveInt, default=SENTENCES, help="Take only the first so many.")
    others = set(signature(NERDataModule).parameters) - set(WHERE)
    parser.add_class_arguments(NERDataModule, "data", skip=others, instantiate=False)
    return parser


def changed_settings(parser: ArgumentParser, data: Any) -> dict[str, Any]:  # noqa: ANN401  (a jsonargparse Namespace)
    """The settings of the data that the command line changes; the others are those of the run."""
    defaults = parser.get_defaults().data.as_dict()
    return {name: value for name, value in data.as_dict().items() if value != defaults[name]}


def summary(inspection: Inspection) -> Table:
    """A table of the labellers: the entities they find, their mean entropy, and the weights of mixtures."""
    silent = any(labels.labelled is not None for labels in inspection.labellers.values())
    headings = ["labels of", "role", "words in entities", "mean entropy", "weights"]
    lines = []
    for name, labels in inspection.labellers.items():
        weights = inspection.weights(name).mean().to_dict() if labels.weights is not None else {}
        shares = "  ".join(f"{str(one).removeprefix('direct:')} {weight:.3f}" for one, weight in weights.items())
        answered = labels.answered
        said = [f"{(labels.tags > 0)[answered].mean():.1%}", f"{labels.entropy[answered].mean():.3f}"]
        lines.append([name, labels.role, *(said if answered.any() else ["-", "-"]), shares])
        if silent:
            lines[-1].append(f"{1 - answered.mean():.1%}")
    headings += ["no answer"] if silent else []
    return make_table(headings, lines, f"{inspection.corpus.name}, {len(inspection.corpus):,} sentences")
