"""Messages of jsonargparse in one line."""

from typing import Literal

import pytest
from jsonargparse import ArgumentError, ArgumentParser

from ctl.system.numbers import PositiveInt
from ctl.system.parsing.parser_errors import in_one_line


class Room:
    def __init__(self, size: PositiveInt = 1, kind: Literal["big", "small"] | int | None = None):
        pass


class House:
    def __init__(self, room: Room | None = None, name: str = "x", doors: int | None = None, open: bool = True):
        pass


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--doors", "x"], "--doors: x: a whole number is needed"),
        (["--open", "maybe"], "--open: maybe: true or false is needed"),
        (["--windows", "1"], "unrecognized arguments: --windows 1"),
        (["--room", "Room", "--room.size", "0"], "--room.size: 0: a whole number above zero is needed"),
        (["--room", "Room", "--room.kind", "huge"], "--room.kind: huge: one of big, small is needed"),
        (["--room", "Room", "--room.colour", "1"], "--room: there is no setting colour"),
        (["--room", "Cellar"], "--room: there is no class Cellar"),
    ],
    ids=str,
)
def test_one_line_names_setting_value_and_what_is_needed(arguments, line):
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(House)
    with pytest.raises(ArgumentError) as refused:
        parser.parse_args(arguments)
    assert in_one_line(str(refused.value)) == line


def test_any_message_is_one_line():
    assert in_one_line("something\nelse") == "something" and in_one_line("") == ""
