"""An outline of a parser: what a command line and its files give is compared with it, and so no parser is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ctl.errors import CTLError, first_line
from ctl.system.configs import OPTIONS as CONFIG
from ctl.system.parsing.kinds import FLAG, GROUP, Kinds
from ctl.system.parsing.values import check_settings, check_value, class_name, loaded, near
from ctl.system.parsing.words_in_yaml import WordLoader


class Given(NamedTuple):
    """A setting that is given: in which file (empty for the command line), its name as an option, its value."""

    file: str
    option: str
    value: Any


def check_given(given: Sequence[Given], options: Mapping[str, Kinds], command: str) -> None:
    """Refuses settings that a parser is sure not to have, and values that it is sure not to take.

    Args:
        given: in the order in which they stand.
        options: of the parser, with the kinds of their values.
        command: whose help lists them.

    Raises:
        CTLError: names the first, and what comes nearest.
    """
    chosen = {option: class_name(_path(value)) for _, option, value in given if _path(value) is not None}
    chosen |= {option.removesuffix(".class_path"): class_name(value) for _, option, value in given
               if option.endswith(".class_path")}  # fmt: skip
    for file, option, value in given:
        if option.endswith("+"):  # what follows is of the class that is added here
            chosen[option.removesuffix("+")] = class_name(_path(value))
        try:
            _check(option, value, options, chosen, command)
            _check_given_at_all(option, file or value, options)
        except CTLError as mistake:
            raise CTLError(f"{file}: {mistake}" if file else str(mistake)) from None


def _check_given_at_all(option: str, value: Any, options: Mapping[str, Kinds]) -> None:  # noqa: ANN401
    """Refuses an option of the command line at whose value a next option, or nothing, stands."""
    if value is None and options.get(option, [FLAG]) != [FLAG] and not option.endswith(".help"):
        raise CTLError(f"{option}: a value is missing")


def _path(value: Any) -> Any:  # noqa: ANN401
    """The class that a value may name."""
    return value.get("class_path") if isinstance(value, dict) else value if isinstance(value, str) else None


def _check(
    option: str,
    value: Any,  # noqa: ANN401
    options: Mapping[str, Kinds],
    chosen: Mapping[str, str | None],
    command: str,
) -> None:
    if option in options:
        return check_value(option, value, options[option])
    above = next((name for name in _above(option) if name in options), None)
    if above is not None and options[above] != [GROUP]:
        return _check_inner(above, option[len(above) + 1 :], value, options[above], chosen.get(above))
    if above is None or any(name.startswith(f"{above}.") and name != f"{above}.help" for name in options):
        names = [name for name in options if name.startswith("-")]
        close = near(option, names) or f": `ctl {command} --help` lists them"
        raise CTLError(f"unknown option {option}{close}")


def _above(option: str) -> Iterator[str]:
    """The options that an option may be a part of, the nearest first."""
    parts = option.split(".")
    return (".".join(parts[:end]) for end in range(len(parts) - 1, 0, -1))


def _check_inner(option: str, name: str, value: Any, kinds: Kinds, chosen: str | None) -> None:  # noqa: ANN401
    """Checks a setting of the class that an option names, ``--model Teacher --model.lr 1``."""
    name = name.removeprefix("init_args.").removesuffix("+")
    for kind in kinds:
        match kind:
            case {"list": list(inner)} if any(isinstance(each, dict) and "classes" in each for each in inner):
                _check_inner(option, name, value, inner, chosen)
            case {"values": list(inner)}:
                key, _, rest = name.partition(".")
                check_value(f"{option}.{key}", {rest: value} if rest else value, inner)
            case {"classes": dict()} if name == "class_path":
                check_value(option, value, kinds)
            case {"classes": dict(classes)} if classes.get(chosen or "") is not None and not _is_of_parser(name):
                check_settings(option, {name: value}, classes[chosen or ""])
            case {"fields": dict(settings)}:
                check_settings(option, {name: value}, settings)


def _is_of_parser(name: str) -> bool:
    return name in ("class_path", "help", "init_args") or name.startswith("dict_kwargs")


def read_given(args: Sequence[str], options: Mapping[str, Kinds]) -> Iterator[Given]:
    """Reads what arguments give, and the YAML files that they name.

    Args:
        args: of a command.
        options: of its parser, with the kinds of their values.

    Raises:
        CTLError: a file is no YAML.
    """
    for index, argument in enumerate(args):
        option, equals, value = argument.partition("=")
        if not re.match("--?[a-z]", option) or (index and args[index - 1] in CONFIG):
            continue
        following = args[index + 1 : index + 2]
        is_alone = options.get(option) == [FLAG] or not following or re.match("--?[a-z]", following[0])
        if option in CONFIG:
            yield from _read_file(value if equals else "".join(following), options)
        elif equals:
            yield Given("", option, value)
        else:
            yield Given("", option, None if is_alone else following[0])


def _read_file(name: str, options: Mapping[str, Kinds]) -> Iterator[Given]:
    try:
        settings = yaml.load(Path(name).read_text(encoding="utf-8"), WordLoader)
    except yaml.YAMLError as error:
        raise CTLError(f"{name}: not YAML: {_where(error)}") from None
    except (OSError, ValueError):
        return
    if isinstance(settings, dict):
        yield from (Given(name, option, value) for option, value in _leaves(settings, "--", options))


def _where(error: Any) -> str:  # noqa: ANN401  (of YAML)
    """Tells in one line what is no YAML, and where."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or first_line(error)
    return f"{problem} (line {mark.line + 1}, column {mark.column + 1})" if mark else str(problem)


def _leaves(settings: Mapping[str, Any], prefix: str, options: Mapping[str, Kinds]) -> Iterator[tuple[str, Any]]:
    """Gives the settings of a file by the names of options; a group, ``data``, is taken apart."""
    for name, value in settings.items():
        option = f"{prefix}{name}"
        if options.get(option) == [GROUP] and isinstance(value, dict):
            yield from _leaves(value, f"{option}.", options)
        else:
            yield option, value


def readings(given: Sequence[Given], prefix: str) -> dict[str, Any]:
    """Gives the values of the options that begin so, as YAML reads them, by the rest of their names."""
    return {
        option.removeprefix(prefix): loaded(value) if isinstance(value, str) else value
        for _, option, value in given
        if option.startswith(prefix)
    }
