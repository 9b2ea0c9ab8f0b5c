"""Help of the commands whose options are those of classes: it takes seconds to make, so it is kept for the next time.

Their parsers need PyTorch, Lightning and all modules. What they say depends on the code alone, so it is kept until a
file of ctl or a package changes.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from ctl.command_table import ALL, COMMANDS, ONE_STAGE
from ctl.errors import CTLError
from ctl.system.configs import HERE, cache_folder
from ctl.system.files import fingerprint_json, write_json

STAGES = tuple(COMMANDS[ONE_STAGE])
SLOW = (*STAGES, "transfer", "study", "inspect")
PACKAGES = ("lightning", "torch", "jsonargparse", "transformers")


class Help(NamedTuple):
    """The words of a parser about itself: its help, and the names of its options."""

    text: str
    options: list[str]


def main(name: str, args: Sequence[str]) -> None:
    """Prints a slow command's help if that is all that is asked for, and refuses options that it does not have.

    Args:
        name: of the command.
        args: its arguments.

    Raises:
        CTLError: an option is not one of its.
        SystemExit: help was printed.
    """
    if name not in SLOW:
        return
    arguments = [argument for argument in args if argument != name]
    known = _kept(name) or remember(name)
    if arguments in (["-h"], ["--help"]):
        sys.stdout.write(known.text)
        raise SystemExit(0)
    check_options(name, arguments, known.options)


def check_options(name: str, args: Sequence[str], options: Sequence[str]) -> None:
    """Refuses an option that a parser is sure not to have; those of a class that the command line names may be any.

    Raises:
        CTLError: names the option that comes nearest.
    """
    known = set(options)
    for argument in args:
        option = argument.partition("=")[0]
        if not re.match("--?[a-z]", option) or option in known:
            continue
        parts = option.split(".")
        above = [".".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]
        group = next((each for each in above if each in known), None)
        if group is None or any(each.startswith(f"{group}.") and each != f"{group}.help" for each in known):
            close = get_close_matches(option, options, n=1)
            hint = f"did you mean {close[0]}?" if close else f"`ctl {name} --help` lists them"
            raise CTLError(f"unknown option {option}: {hint}")


def remember(name: str) -> Help:
    """Makes the parser of a slow command, and keeps what it says; of all stages at once, as one parser makes them."""
    parsers = _stage_parsers() if name in STAGES else {name: import_module(ALL[name].module).make_parser()}
    with _width(80):
        known = {each: Help(parser.format_help(), _options(parser)) for each, parser in parsers.items()}
    with suppress(OSError):  # it is made anew where it can't be kept
        for each, said in known.items():
            write_json(_file(each), said._asdict())
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


def _options(parser: Any) -> list[str]:  # noqa: ANN401
    return [option for action in parser._actions for option in action.option_strings]


def _kept(name: str) -> Help | None:
    try:
        return Help(**json.loads(_file(name).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _file(name: str) -> Path:
    """The file in which help is kept; its name depends on all that the help depends on."""
    files = [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(HERE.rglob("*.py"))]
    return cache_folder("help") / f"{name}-{fingerprint_json([files, sys.version, _versions()])}.json"


def _versions() -> list[str]:
    versions = []
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            versions.append(version(package))
    return versions


if __name__ == "__main__":  # `make` calls it, so that the first help is as quick as the next
    for command in SLOW:
        if _kept(command) is None:
            remember(command)
