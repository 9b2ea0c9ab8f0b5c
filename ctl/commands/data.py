"""``ctl data``: what there is to learn from, how it is read and what is wrong with it, before any training."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonargparse import ArgumentParser

from ctl.data.reading.form import Form
from ctl.errors import CTLError
from ctl.system.console import make_table, say, show
from ctl.system.names import some
from ctl.system.parsing.words_in_yaml import read_words

if TYPE_CHECKING:
    from ctl.data.encoding import WordEncoder
    from ctl.data.survey.roles import Roles
    from ctl.data.survey.split import SplitFacts
    from ctl.data.survey.tree import LanguageFacts

    Languages = Mapping[str, LanguageFacts]

BACKBONE = "xlm-roberta-base"  # in the command, where none is named
LONGEST = 512  # tokens of a sentence; only a word of more would be cut off
NOTES = 12  # of reading, that are shown


def main(args: Sequence[str]) -> None:
    """Runs ``ctl data`` with these arguments.

    Raises:
        CTLError: there are no languages, or a split can't be read.
    """
    from ctl.data.survey.problems import problems
    from ctl.data.survey.roles import roles
    from ctl.data.survey.tree import survey

    read_words()
    given = make_parser().parse_args(list(args))
    languages = survey(Path(given.root), Form.of(given.data.as_dict()), _encoder(given.backbone))
    chosen = roles(languages, given.target)
    wrong, command = problems(languages, chosen), _command(given, languages, chosen)
    if given.json:
        print(json.dumps(_record(given, languages, wrong, command), ensure_ascii=False, indent=2))
    else:
        _show(given.root, languages, wrong, command)
    if errors := [error for language in languages.values() for error in language.errors]:
        raise CTLError(errors[0] + (f" (and {len(errors) - 1} more)" if errors[1:] else ""))


def _encoder(backbone: str | None) -> WordEncoder | None:
    """The encoder of words with a backbone's tokenizer; ``None`` where none is named."""
    if backbone is None:
        return None
    from ctl.backbones.loading import load_tokenizer
    from ctl.data.encoding import WordEncoder

    return WordEncoder(load_tokenizer(backbone), LONGEST)


def _command(given: Any, languages: Languages, chosen: Roles) -> str | None:  # noqa: ANN401
    """The command to run next; ``None`` where there is nothing to learn from, or to tag."""
    from ctl.data.survey.roles import transfer_command, types_of

    sources, target = chosen
    if not sources or target is None:
        return None
    form, types = Form.of(given.data.as_dict()), types_of(languages, sources)
    return transfer_command(given.root, given.backbone or BACKBONE, sources, target, form, types)


def _record(given: Any, languages: Languages, wrong: list[str], command: str | None) -> dict[str, Any]:  # noqa: ANN401
    """All that is said, for programs."""
    facts = {name: asdict(language) for name, language in languages.items()}
    where = {"root": given.root, "backbone": given.backbone}
    return {**where, "languages": facts, "problems": wrong, "command": command}


def _show(root: str, languages: Languages, wrong: list[str], command: str | None) -> None:
    """Prints tables, how files are read, what is wrong and what to do next."""
    splits = [(name, split, facts) for name, language in languages.items() for split, facts in language.splits.items()]
    _show_sizes(root, splits)
    _show_entities([(name, split, facts.entities) for name, split, facts in splits if facts.entities is not None])
    _show_languages(languages)
    paths = defaultdict(list)
    for *_, facts in splits:
        paths[facts.how].append(Path(facts.path).relative_to(root).as_posix())
    for how, files in paths.items():
        show(f"{how}: {some(files)}")
    notes = [note for *_, facts in splits for note in facts.notes]
    more = [f"and {len(notes) - NOTES} more notes, which --json shows"] if len(notes) > NOTES else []
    for line in (*notes[:NOTES], *more, *wrong):
        say(f"ctl: {line}")
    show(f"next: {command}" if command else "no language has what a source needs: nothing can be learned from these")


def _show_sizes(root: str, splits: Sequence[tuple[str, str, SplitFacts]]) -> None:
    headings = ("language", "split", "sentences", "words", "longest", "repaired", "repeated", "shared")
    counts = [
        (facts.sentences, facts.words, facts.longest, facts.repaired, facts.duplicates, sum(facts.seen.values()))
        for *_, facts in splits
    ]
    lines = [[*names, *map("{:,}".format, numbers)] for (*names, _), numbers in zip(splits, counts, strict=True)]
    show(make_table(headings, lines, f"{root}: sentences and words"))


def _show_entities(splits: Sequence[tuple[str, str, Mapping[str, int]]]) -> None:
    types = sorted({kind for *_, entities in splits for kind in entities})
    lines = [[*names, *(f"{entities.get(kind, 0):,}" for kind in types)] for *names, entities in splits]
    if types:
        show(make_table(("language", "split", *types), lines, "entities", optional=types))


def _show_languages(languages: Languages) -> None:
    """Prints a row for each language: its script, and how its words are cut."""
    cuts = {name: language.subwords for name, language in languages.items()}
    headings = ("language", "script", "tokens a word", "unknown tokens")[: 4 if any(cuts.values()) else 2]
    lines = [
        [name, language.script, *((f"{cut.per_word:.2f}", f"{cut.unknown:.1%}") if (cut := cuts[name]) else ("-", "-"))]
        for name, language in languages.items()
    ]
    show(make_table(headings, [line[: len(headings)] for line in lines], "scripts" if len(headings) == 2 else "text"))


def make_parser() -> ArgumentParser:
    """The options of ``ctl data``."""
    parser = ArgumentParser(
        exit_on_error=False,
        prog="ctl data",
        usage="ctl data ROOT [--backbone NAME] [options]",
        description="Shows what there is in ROOT/<lang>/{train,validation,test}.* before any training: sentences, "
        "words and entities, what is repaired or stands there twice, how every file is read, how a backbone cuts the "
        "words, what is wrong, and the transfer to run next. Ends with status 2 where a split can't be read. "
        "Example: ctl data ROOT --backbone xlm-roberta-base",
    )
    parser.add_argument("root", type=str, help="The tree, ROOT/<lang>/<split>.<ending>.")
    parser.add_argument("--backbone", type=str | None, default=None, help="Whose tokenizer cuts: Hub name or folder.")
    parser.add_argument("--target", type=str | None, default=None, help="The language to tag, in the command.")
    parser.add_argument("--json", action="store_true", help="Print all as JSON.")
    parser.add_class_arguments(Form, "data")
    return parser
