"""Values that are given, compared with the kinds that a setting takes.

A value is refused only where the parser is sure to refuse it. What is not known here may be anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from ctl.errors import CTLError
from ctl.system.numbers import READERS
from ctl.system.parsing.kinds import ANY, FLAG, GROUP, NOTHING, REQUIRED, TEXT, Kind, Kinds

WANTED = {"int": "a whole number", "float": "a number", "bool": "true or false", NOTHING: "null",
          TEXT: "a text"}  # fmt: skip
PAIRS = "names with values, {a: b}, are needed"
TRUTHS = {"true", "false", "yes", "no", "on", "off", "y", "n", "1", "0"}


def check_value(setting: str, value: Any, kinds: Kinds) -> None:  # noqa: ANN401  (whatever YAML may hold)
    """Refuses a value that is of none of the kinds.

    Args:
        setting: its name, with the dashes of an option.
        value: as the command line or YAML gives it.
        kinds: the alternatives.

    Raises:
        CTLError: names the setting.
    """
    if value is None or (isinstance(value, str) and (loaded(value) is None or Path(value[:255]).is_file())):
        return  # nothing is given, or what a file holds
    mistakes = []
    for kind in kinds:
        if kind == REQUIRED:
            continue
        try:
            _check(setting, value, kind)
        except CTLError as mistake:
            mistakes.append(mistake)
        else:
            return
    raise mistakes[0]


def _check(setting: str, value: Any, kind: Kind) -> None:  # noqa: ANN401
    if isinstance(kind, str):
        return _check_scalar(setting, value, kind)
    ((name, what),) = kind.items()
    value = loaded(value) if isinstance(value, str) and value[:1] in ("[", "{") else value
    match name, value:
        case "choices", str() | int() if str(value) not in [str(choice) for choice in what]:
            close = near(str(value), [str(choice) for choice in what])
            raise CTLError(f"{setting}: {value}: one of {', '.join(map(str, what))} is needed{close}")
        case "list", dict() | int() | float():
            raise CTLError(f"{setting}: {value}: a list, [a,b], is needed")
        case "list", _:
            for item in value if isinstance(value, list) else [value]:
                check_value(setting, item, what)
        case "values", dict():
            for key, item in value.items():
                check_value(f"{setting}.{key}", item, what)
        case "values" | "fields", str() | int() | float() | list():
            raise CTLError(f"{setting}: {value}: {PAIRS}")
        case "fields", dict() if "class_path" not in value:
            check_settings(setting, value, what)
        case "classes", str() | dict():
            _check_class(setting, value, what)
        case "classes", int() | float() | list():
            raise CTLError(f"{setting}: {value}: a class, {{class_path: NAME}}, is needed")


def _check_scalar(setting: str, value: Any, kind: str) -> None:  # noqa: ANN401
    if kind in (ANY, FLAG, GROUP):
        return
    if not isinstance(value, str | int | float) and kind in WANTED:
        raise CTLError(f"{setting}: {value}: {WANTED[kind]} is needed")
    match kind:
        case "bool":
            fits = isinstance(value, bool) or str(value).lower() in TRUTHS
        case "int":
            fits = any(isinstance(number, int | float) and number % 1 == 0 for number in _readings(value))
        case "float":
            fits = any(isinstance(number, int | float) for number in _readings(value))
        case "null" | "str":
            fits = kind == TEXT
        case _:
            return _check_bounded(setting, value, kind)
    if not fits:
        raise CTLError(f"{setting}: {value}: {WANTED[kind]} is needed")


def _check_bounded(setting: str, value: Any, kind: str) -> None:  # noqa: ANN401
    mistakes = []
    for reading in _readings(value):
        try:
            READERS[kind](reading)
        except ValueError as error:
            mistakes.append(error)
        else:
            return
    raise CTLError(f"{setting}: {mistakes[0]}")


def _readings(value: Any) -> Iterator[Any]:  # noqa: ANN401
    """Gives a scalar in every way in which a parser may read it."""
    yield value
    if isinstance(value, str):
        yield loaded(value)
        with suppress(ValueError):
            yield float(value)


def loaded(value: str) -> Any:  # noqa: ANN401
    """Gives what YAML reads of a text; the text itself where it is no YAML."""
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        return value


def _check_class(setting: str, value: str | dict[str, Any], classes: dict[str, dict[str, Kinds] | None]) -> None:
    """Refuses a class that is not there, ``{class_path: Techer}``, and settings that it does not have."""
    path = value if isinstance(value, str) else value.get("class_path")
    name = class_name(path)
    if name is None:
        return
    if name not in classes:
        raise CTLError(f"{setting}: there is no class {name}{near(name, list(classes))}")
    settings, given = classes[name], value.get("init_args") if isinstance(value, dict) else None
    if settings is not None and isinstance(given, dict):
        check_settings(setting, given, settings)


def class_name(path: Any) -> str | None:  # noqa: ANN401
    """Gives the name of a class of ctl, or one that stands alone; `None` for a path that may lead anywhere."""
    if not isinstance(path, str) or not re.fullmatch(r"(ctl\.modules\.)?[A-Za-z_]\w*", path):
        return None
    name = path.rpartition(".")[2]
    return None if name.lower() in TRUTHS | {"null"} else name


def check_settings(setting: str, given: Mapping[str, Any], settings: Mapping[str, Kinds]) -> None:
    """Refuses settings that a class does not have, and values that they can't have.

    Args:
        setting: under which they stand.
        given: their values by name.
        settings: their kinds by name.

    Raises:
        CTLError: names the first.
    """
    for name, value in given.items():
        if name in settings and settings[name] != [GROUP]:
            check_value(f"{setting}.{name}", value, settings[name])
        elif name in settings and isinstance(value, dict):
            inner = {
                key.removeprefix(f"{name}."): kinds for key, kinds in settings.items() if key.startswith(f"{name}.")
            }
            check_settings(f"{setting}.{name}", value, inner)
        elif name not in settings and not _is_part(name, settings):
            raise CTLError(f"{setting}: there is no setting {name}{near(name, list(settings))}")


def _is_part(name: str, settings: Mapping[str, Kinds]) -> bool:
    """Tells whether a name, ``options.seed``, is of something within a setting."""
    return any(name.startswith(f"{known}.") and kinds != [GROUP] for known, kinds in settings.items())


def near(name: str, names: Sequence[str]) -> str:
    """Gives a hint where a name is nearly one of those that are there."""
    close = get_close_matches(name, names, n=1)
    return f": did you mean {close[0]}?" if close else ""
