"""Kinds of values as plain data, made of the types of a parser: what is given can be checked where no parser is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from ctl.system.numbers import READERS

Kind = str | dict[str, Any]  # its name, or one of: choices, list, values, fields, classes
Kinds = list[Kind]  # the alternatives of a setting
ANY, FLAG, GROUP, NOTHING, REQUIRED, TEXT = "any", "flag", "group", "null", "required", "str"
OURS = (  # classes whose settings are looked at; of others the names alone
    "ctl.", "lightning.pytorch.callbacks.", "lightning.pytorch.loggers.", "lightning.pytorch.cli.ReduceLROnPlateau",
    "torch.optim.",
)  # fmt: skip
ENDLESS = ("SequentialLR", "ChainedScheduler")  # they take others of their kind, and these others again


def kinds_of(typehint: Any) -> Kinds:  # noqa: ANN401
    """Gives the alternatives of a type, `ANY` alone where any value may be right."""
    parts = get_args(typehint) if get_origin(typehint) in (Union, UnionType) else (typehint,)
    kinds = [_kind(part) for part in parts]
    choices = [choice for kind in kinds if isinstance(kind, dict) for choice in kind.get("choices", ())]
    others = [kind for kind in kinds if isinstance(kind, str) or "choices" not in kind]
    kinds = [*([{"choices": choices}] if choices else []), *others]
    return [ANY] if ANY in kinds else sorted(kinds, key=lambda kind: kind in ("bool", NOTHING))


def _kind(typehint: Any) -> Kind:  # noqa: ANN401
    origin, inner = get_origin(typehint), get_args(typehint)
    if typehint in (None, NoneType):
        return NOTHING
    if typehint in (int, float, bool, str) or getattr(typehint, "__name__", "") in READERS:
        return str(typehint.__name__)
    if origin is Literal and all(type(choice) in (str, int) for choice in inner):
        return {"choices": list(inner)}
    if origin in (list, Sequence, Iterable) or (origin is tuple and inner[1:] == (Ellipsis,)):
        return {"list": kinds_of(inner[0])}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"values": kinds_of(inner[1])}
    return _class_kind(typehint)


@cache
def _class_kind(typehint: Any) -> Kind:  # noqa: ANN401
    from jsonargparse._typehints import ActionTypeHint, get_all_subclass_paths
    from jsonargparse._util import import_object

    is_record = is_dataclass(typehint)
    if is_record:
        return {"fields": settings_of(typehint)}
    if not ActionTypeHint.is_subclass_typehint(typehint):  # type: ignore[no-untyped-call]
        return ANY
    paths = get_all_subclass_paths(typehint)
    ours = {
        path: settings_of(import_object(path)) for path in paths if path.startswith(OURS) and not path.endswith(ENDLESS)
    }
    return {"classes": {path.rpartition(".")[2]: ours.get(path) for path in paths}}


def _schedules(kind: Any) -> bool:  # noqa: ANN401
    """Tells whether a class is a schedule of the learning rate."""
    return "lr_scheduler" in kind.__module__ or kind.__name__ == "ReduceLROnPlateau"


@cache
def settings_of(kind: Any) -> dict[str, Kinds]:  # noqa: ANN401
    """Gives the settings of a class with their kinds."""
    from jsonargparse import ArgumentParser

    parser = ArgumentParser(exit_on_error=False, add_help=False)
    skip = {"optimizer"} if _schedules(kind) else {"params"}  # LightningCLI gives them itself
    parser.add_class_arguments(kind, fail_untyped=False, skip=skip)
    return {option.removeprefix("--"): kinds for option, kinds in options_of(parser).items()}


def options_of(parser: Any) -> dict[str, Kinds]:  # noqa: ANN401
    """Gives the options of a parser with their kinds, and arguments that are no options by their bare names."""
    named = ((name, action) for action in parser._actions for name in action.option_strings or [action.dest])
    return {name: _of_action(action) for name, action in named}


def _of_action(action: Any) -> Kinds:  # noqa: ANN401  (of argparse)
    if action.nargs in (0, "?") or type(action).__name__ == "_ActionPrintConfig":  # --print_config[=...]
        return [FLAG]
    if type(action).__name__ == "_ActionConfigLoad":
        return [GROUP]
    kinds: Kinds = kinds_of(action._typehint) if hasattr(action, "_typehint") else [ANY]
    return [*kinds, REQUIRED] if action.required and action.nargs != "*" else kinds
