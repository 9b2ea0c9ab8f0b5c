"""Kinds of values, made of types."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from jsonargparse import ArgumentParser

from ctl.system.numbers import PositiveInt
from ctl.system.parsing import kinds
from ctl.system.parsing.kinds import ANY, FLAG, TEXT, kinds_of, options_of


@dataclass
class Room:
    size: PositiveInt
    colour: Literal["red", "blue"] = "red"


class House:
    def __init__(self, rooms: int = 1, kind: Literal["old", "new"] = "new") -> None: ...


class Villa(House): ...


@pytest.mark.parametrize(
    ("hint", "alternatives"),
    [
        (int | None, ["int", "null"]),
        (Literal["a", "b"] | None, [{"choices": ["a", "b"]}, "null"]),
        (Literal["a"] | bool | None | Literal[1, "b"], [{"choices": ["a", 1, "b"]}, "bool", "null"]),
        (str | int, [TEXT, "int"]),
        (tuple[int, ...], [{"list": ["int"]}]),
        (tuple[int, str], [ANY]),
        (Any, [ANY]),
        (PositiveInt, ["PositiveInt"]),
        (Sequence[float], [{"list": ["float"]}]),
        (dict[str, bool], [{"values": ["bool"]}]),
        (Room, [{"fields": {"size": ["PositiveInt", "required"], "colour": [{"choices": ["red", "blue"]}]}}]),
    ],
)
def test_kinds_of_types(hint, alternatives):
    assert kinds_of(hint) == alternatives


def test_settings_are_kept_of_ctls_own_classes_alone(monkeypatch):
    monkeypatch.setattr(kinds, "OURS", ("",))
    kinds._class_kind.cache_clear()
    ((choice,), settings) = (kinds_of(House), {"rooms": ["int"], "kind": [{"choices": ["old", "new"]}]})
    assert choice["classes"]["Villa"] == choice["classes"]["House"] == settings
    monkeypatch.setattr(kinds, "OURS", "another.")
    kinds._class_kind.cache_clear()
    assert kinds_of(House) == [{"classes": {"House": None, "Villa": None}}]


def test_options_of_a_parser():
    parser = ArgumentParser()
    parser.add_argument("--flag", action="store_true")
    parser.add_argument("-n", "--number", type=int)
    parser.add_class_arguments(House, "house")
    options = options_of(parser)
    assert options["--flag"] == [FLAG] and options["-n"] == options["--number"] == ["int"]
    assert options["--house"] == ["group"] and options["--house.rooms"] == ["int"]


def test_what_must_be_given_is_marked():
    parser = ArgumentParser()
    parser.add_argument("paths", nargs="+")
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--as", type=str, required=True)
    options = options_of(parser)
    assert options["paths"] == [ANY, "required"] and options["--as"] == [TEXT, "required"]
    assert options["rest"] == [ANY]


def test_schedules_are_given_their_optimizer():
    from lightning.pytorch.cli import ReduceLROnPlateau
    from torch.optim.lr_scheduler import StepLR

    assert "required" in kinds.settings_of(StepLR)["step_size"] and "optimizer" not in kinds.settings_of(StepLR)
    plateau = kinds.settings_of(ReduceLROnPlateau)
    assert "required" in plateau["monitor"] and "patience" in plateau and "optimizer" not in plateau
