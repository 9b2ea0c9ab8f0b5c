"""``ctl sources``: which languages to learn from, ranked by raw text before any training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser

from ctl.data.reading.form import Form
from ctl.errors import CTLError
from ctl.sources.text import MEASURES, By
from ctl.system.console import make_table, show
from ctl.system.names import check_languages
from ctl.system.numbers import PositiveInt, Seed
from ctl.system.parsing.words_in_yaml import read_words, with_lists

SHOWN = ("nearest", "learned", "subwords")  # measures with a column of their own
SENTENCES = 2000  # of each language, as a transfer reads for its weights


def main(args: Sequence[str]) -> None:
    """Runs ``ctl sources`` with these arguments.

    Raises:
        CTLError: a language or the backbone can't be used.
    """
    read_words()
    given = make_parser().parse_args(with_lists(args))
    for name in ("target", "backbone", "data.root"):
        if given[name] is None:
            raise CTLError(f"--{name} is missing; example: {EXAMPLE}")
    check_languages([given.target], "--target")
    check_languages(given.sources or (), "--sources")
    report = rank(given)
    print(json.dumps(report, ensure_ascii=False, indent=2)) if given.json else show_report(report)


def rank(given: Any) -> dict[str, Any]:  # noqa: ANN401  (a jsonargparse Namespace)
    """Ranks the candidates; gives what is shown, or printed as JSON."""
    from ctl.data.survey.roles import transfer_command
    from ctl.sources.candidates import Texts, ordered

    form = Form.of(given.data.as_dict())
    texts = Texts.find(
        Path(given.data.root),
        given.target,
        given.sources,
        backbone=given.backbone,
        sentences=given.sentences,
        form=form,
    )
    measures = texts.measure(given.seed)
    order = ordered(measures, given.by)
    rows = [
        {
            "source": source, "rank": place, **{name: measures[name][source] for name in MEASURES},
            "size": int(measures["size"][source]), "writes": texts.script(source),
        }
        for place, source in enumerate(order, 1)
    ]  # fmt: skip
    best = order[: given.best]
    command = transfer_command(given.data.root, given.backbone, best, given.target, form)
    return {"target": given.target, "by": given.by, "sources": rows, "best": best, "command": command}


def show_report(report: dict[str, Any]) -> None:
    """Prints the table and the command."""
    headings = ("", "source", "nearest words", "learned", "subwords shared", "script shared", "sentences")
    lines = [
        [
            str(row["rank"]), row["source"], f"{row['nearest']:.1%}", f"{row['learned']:.1%}", f"{row['subwords']:.1%}",
            f"{row['script']:.0%} ({row['writes']})", f"{row['size']:,}",
        ]
        for row in report["sources"]
    ]  # fmt: skip
    show(make_table(headings, lines, f"sources for {report['target']}, by {report['by']}"))
    show(f"the best {len(report['best'])}: {report['command']}")


EXAMPLE = "ctl sources --target de --data.root data --backbone xlm-roberta-base"


def make_parser() -> ArgumentParser:
    """The options of ``ctl sources``."""
    parser = ArgumentParser(
        exit_on_error=False,
        prog="ctl sources",
        usage="ctl sources --target LANG --data.root DIR --backbone NAME [options]",
        description="Ranks candidate sources for a target by raw text alone, before anything is trained on labels: by "
        "the subwords and the script that they share, by the languages of the nearest words in the backbone's states, "
        f"and by a language identifier; and prints the command that learns from the best. Example: {EXAMPLE}",
    )
    parser.add_argument("--target", type=str | None, default=None, help="The language to tag; its train split is read.")
    parser.add_argument(
        "--sources", type=list[str] | None, default=None, help="Candidates; by default all others in data.root."
    )
    parser.add_argument("--backbone", type=str | None, default=None, help="Encoder: Hub name or folder.")
    parser.add_argument("--by", type=By, default="subwords", help="The measure that orders them.")
    parser.add_argument("--best", type=PositiveInt, default=3, help="How many sources the command takes.")
    parser.add_argument("--sentences", type=PositiveInt, default=SENTENCES, help="Of each language that are read.")
    parser.add_argument("--seed", type=Seed, default=0, help="Of the language identifier.")
    parser.add_argument("--json", action="store_true", help="Print all measures as JSON.")
    parser.add_argument("--data.root", type=str | None, default=None, help="A CoNLL tree, ROOT/<lang>/train.txt.")
    parser.add_class_arguments(Form, "data")
    return parser
