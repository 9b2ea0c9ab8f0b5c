"""Tells what a command, and the classes that it builds, need and were not given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ctl.errors import CTLError
from ctl.system.parsing.kinds import FLAG, REQUIRED, Kinds
from ctl.system.parsing.outline import Given
from ctl.system.parsing.values import class_name, loaded

LINKED = ("backbone", "types", "sources")  # settings of a model that it takes from the data
QUESTIONS = ("-h", "--help", "--print_config")


class Chosen(NamedTuple):
    """A class that is to be built, and the names of the settings that it is given."""

    name: str | None
    names: set[str]


def check_required(args: Sequence[str], given: Sequence[Given], options: Mapping[str, Kinds], command: str) -> None:
    """Refuses a command line that lacks what its parser is sure to need.

    Args:
        args: of the command.
        given: the options among them, and those in files.
        options: of the parser, with the kinds of their values.
        command: whose help says what they are.

    Raises:
        CTLError: names the first that is missing.
    """
    if is_question(given):
        return
    positionals = len(words(args, options))
    names = {option.removesuffix("+") for _, option, _ in given}
    for option, kinds in options.items():
        if option.endswith("+"):  # adds to a list
            continue
        is_there = option in names or any(name.startswith(f"{option}.") for name in names)
        if REQUIRED in kinds and not (is_there if option.startswith("-") else positionals):
            raise CTLError(f"{option} is missing: `ctl {command} --help` says what it is")
        positionals -= REQUIRED in kinds and not option.startswith("-")
        for classes in _classes(kinds):
            for chosen in _chosen(option, given):
                _check_class(option, chosen, classes)


def is_question(given: Sequence[Given]) -> bool:
    """Tells whether nothing is to be run: help or the configuration is asked for."""
    return any(option in QUESTIONS or option.endswith(".help") for _, option, _ in given)


def words(args: Sequence[str], options: Mapping[str, Kinds]) -> list[str]:
    """The arguments that are neither options nor their values."""
    alone, takes = [], False
    for argument in args:
        option, equals, _ = argument.partition("=")
        is_option = bool(re.match("--?[a-z]", option))
        if not is_option and not takes:
            alone.append(argument)
        takes = is_option and not equals and options.get(option) != [FLAG]
    return alone


def _classes(kinds: Kinds) -> Iterator[Mapping[str, Mapping[str, Kinds] | None]]:
    """The classes that a setting may be, alone or in a list."""
    for kind in kinds:
        match kind:
            case {"classes": dict(classes)}:
                yield classes
            case {"list": list(inner)}:
                yield from _classes(inner)


def _chosen(option: str, given: Sequence[Given]) -> list[Chosen]:
    """The classes that are given for a setting, each with its settings, wherever these stand."""
    chosen: list[Chosen] = []
    for _, name, value in given:
        value = loaded(value) if isinstance(value, str) and value[:1] in ("[", "{") else value
        if name in (option, f"{option}+"):
            values = value if isinstance(value, list) else [value]
            before = chosen if name != option else []
            known = chosen[-1].names if chosen and name == option else set()
            chosen = [*before, *(_of_value(each, known) for each in values)]
        elif name == f"{option}.class_path":
            chosen = [Chosen(class_name(value), chosen[-1].names if chosen else set())]
        elif name.startswith(f"{option}.") and chosen:
            chosen[-1].names.update(_names({name.removeprefix(f"{option}."): value}))
    return chosen


def _of_value(value: Any, known: set[str]) -> Chosen:  # noqa: ANN401  (whatever YAML may hold)
    if isinstance(value, dict):
        return Chosen(class_name(value.get("class_path")), known | set(_names(value.get("init_args"))))
    return Chosen(class_name(value), set(known))


def _names(settings: Any, above: str = "") -> Iterator[str]:  # noqa: ANN401
    """The names of settings and of those in them, ``endpoint`` and ``endpoint.url``."""
    for name, value in settings.items() if isinstance(settings, dict) else ():
        path = re.sub(r"^init_args\.", "", f"{above}{name}")
        yield path
        yield from _names(value, f"{path}.")


def _check_class(option: str, chosen: Chosen, classes: Mapping[str, Mapping[str, Kinds] | None]) -> None:
    for setting, kinds in (classes.get(chosen.name or "") or {}).items():
        linked = setting in LINKED if option == "--model" else setting == "save_dir"  # ctl gives these itself
        adds = setting.endswith("+")  # to a list
        if REQUIRED in kinds and not linked and not adds and not _is_given(setting, chosen.names):
            raise CTLError(f"{option}.{setting} is missing: {chosen.name} needs it")


def _is_given(setting: str, names: set[str]) -> bool:
    """Tells whether a setting is given, or one that holds it as a whole, ``endpoint`` from a file."""
    names = {name.removesuffix("+") for name in names}
    wholes = {name for name in names if not any(other.startswith(f"{name}.") for other in names)}
    return setting in names or any(setting.startswith(f"{name}.") for name in wholes)
