"""Outlines of the commands whose options are those of classes: help, options, and what their values may be.

Their parsers need PyTorch, Lightning and all modules, and take seconds to make. What they say depends on the code
alone, so it is kept until the interface of ctl or a package changes. With it help is printed, and what is misspelt is
refused, at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from ctl.command_table import ALL, COMMANDS, ONE_STAGE
from ctl.errors import CTLError
from ctl.system.configs import cache_folder
from ctl.system.files import write_json
from ctl.system.parsing.interface import interface
from ctl.system.parsing.kinds import Kinds, options_of
from ctl.system.parsing.names import check_languages_of
from ctl.system.parsing.outline import Given, check_given, read_given, readings
from ctl.system.parsing.required import check_required, is_question, words
from ctl.system.parsing.words_in_yaml import with_lists
from ctl.system.trainer_settings import check_seed, check_trainer

STAGES = tuple(COMMANDS[ONE_STAGE])
SLOW = (*STAGES, "transfer", "study", "import", "review", "inspect")
OF_FILES = ("import", "review", "inspect")  # what stands alone among their arguments is a file or folder


class Outline(NamedTuple):
    """The words of a parser about itself: its help, its options and the kinds of their values."""

    text: str
    options: dict[str, Kinds]


def main(name: str, args: Sequence[str]) -> None:
    """Prints a command's help if that is all that is asked for, and refuses what its parser is sure to refuse.

    Args:
        name: of the command.
        args: its arguments.

    Raises:
        CTLError: an option is not one of its, or has a value that it can't have; no such method or language.
        SystemExit: help was printed.
    """
    arguments = list(args[1:] if args[:1] == [name] else args)
    outline = outline_of(name)
    if arguments in (["-h"], ["--help"]):
        sys.stdout.write(outline.text)
        raise SystemExit(0)
    given = list(read_given(with_lists(arguments), outline.options))
    check_given(given, outline.options, name)
    check_trainer(readings(given, "--trainer."))
    if name in STAGES:
        _check_stage(name, given)
    check_required(arguments, given, outline.options, name)
    if name in OF_FILES:
        _check_files(words(arguments, outline.options))
    if not is_question(given):
        check_languages_of(name, {option: value for _, option, value in given})


def _check_files(names: Sequence[str]) -> None:
    """Refuses a file or folder that is not there."""
    if missing := [name for name in names if name != "--" and not Path(name).exists()]:
        raise CTLError(f"{missing[0]}: no such file or folder")


def _check_stage(name: str, given: Sequence[Given]) -> None:
    """Refuses a stage without a model, a seed that is none, and a checkpoint that is not there.

    Raises:
        CTLError: says which.
    """
    check_seed(readings(given, "--seed").get("_everything"))
    options = {option: value for _, option, value in given}
    if "--print_config" in options:
        return
    if not any(option.partition(".")[0] == "--model" for option in options):
        raise CTLError(
            f"--model: which? Name a class, --model Teacher, or a file of it with --config; see `ctl {name} -h`"
        )
    checkpoint = str(options.get("--ckpt_path"))
    if checkpoint.endswith(".ckpt") and "://" not in checkpoint and not Path(checkpoint).exists():
        raise CTLError(f"--ckpt_path: {checkpoint}: no such file")


def outline_of(name: str) -> Outline:
    """The outline of a command, which is made where it was not kept."""
    return (_kept(name) or remember(name)) if name in SLOW else _made(name)


def _made(name: str) -> Outline:
    """The outline of a command whose parser is made at once."""
    parser = import_module(ALL[name].module).make_parser()
    return Outline(parser.format_help(), options_of(parser))


def remember(name: str) -> Outline:
    """Makes the parser of a slow command, and keeps what it says; of all stages at once, as one parser makes them."""
    parsers = _stage_parsers() if name in STAGES else {name: import_module(ALL[name].module).make_parser()}
    with _width(80):
        known = {each: Outline(parser.format_help(), options_of(parser)) for each, parser in parsers.items()}
    with suppress(OSError):  # it is made anew where it can't be kept
        for each, said in known.items():
            write_json(_file(each), said._asdict(), indent=None)
    return known[name]


@contextmanager
def _width(columns: int) -> Iterator[None]:
    """Lets help be so wide, whatever the terminal is: it is kept for all."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(columns)
    try:
        yield
    finally:
        os.environ.pop("COLUMNS") if before is None else os.environ.update(COLUMNS=before)


def _stage_parsers() -> dict[str, Any]:
    from ctl import cli

    with redirect_stdout(StringIO()), suppress(SystemExit):
        cli.run([STAGES[0], "--help"])
    parsers: dict[str, Any] = cli._PARSERS["_subcommand_parsers"]
    return parsers


def _kept(name: str) -> Outline | None:
    try:
        return Outline(**json.loads(_file(name).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _file(name: str) -> Path:
    """The file in which an outline is kept; its name depends on all that the outline depends on."""
    return cache_folder("help") / f"{name}-{interface()}.json"


if __name__ == "__main__":  # `make` calls it, so that the first help is as quick as the next
    for command in SLOW:
        if _kept(command) is None:
            remember(command)
