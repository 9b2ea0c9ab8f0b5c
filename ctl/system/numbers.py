"""Numbers with bounds, as types of settings: a parser refuses all others in one line, before anything is done.

Values stay plain numbers, so that they are stored, compared and written as any.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jsonargparse.typing import register_type

Number = int | float
READERS: dict[str, Callable[[Any], Number]] = {}  # by the name of a type: gives the number, or a ValueError


def bounded(name: str, kind: type[Number], holds: Callable[[Number], bool], wanted: str) -> Any:  # noqa: ANN401
    """Makes a type of settings: numbers for which a condition holds.

    Args:
        name: of the type, in help texts.
        kind: `int` or `float`.
        holds: the condition.
        wanted: what to say to those who give another number.
    """

    def is_value(value: object, _: type | None = None) -> bool:
        return type(value) is kind and holds(value)

    def read(value: Any) -> Number:  # noqa: ANN401
        try:
            number = value if isinstance(value, bool) else kind(value)
        except (ValueError, TypeError, OverflowError):
            number = value
        if not is_value(number) or (isinstance(value, float) and number != value):
            raise ValueError(f"{value}: {wanted} is needed")
        return number

    READERS[name] = read
    made = type(name, (kind,), {"__doc__": f"{wanted.capitalize()}."})
    register_type(made, serializer=kind, deserializer=read, type_check=is_value)
    return made


if TYPE_CHECKING:
    PositiveInt = int
    NonNegativeInt = int
    Seed = int
    PositiveFloat = float
    NonNegativeFloat = float
    Share = float
    PositiveShare = float
    OpenShare = float
    Finite = float
else:
    PositiveInt = bounded("PositiveInt", int, lambda number: number > 0, "a whole number above zero")
    NonNegativeInt = bounded("NonNegativeInt", int, lambda number: number >= 0, "a whole number from zero up")
    Seed = bounded("Seed", int, lambda number: 0 <= number < 2**32, "a whole number from 0 to 4294967295")
    PositiveFloat = bounded("PositiveFloat", float, lambda number: 0 < number < math.inf, "a number above zero")
    NonNegativeFloat = bounded(
        "NonNegativeFloat", float, lambda number: 0 <= number < math.inf, "a number from zero up"
    )
    Share = bounded("Share", float, lambda number: 0 <= number <= 1, "a number from 0 to 1")
    PositiveShare = bounded("PositiveShare", float, lambda number: 0 < number <= 1, "a number above 0 and at most 1")
    OpenShare = bounded("OpenShare", float, lambda number: 0 <= number < 1, "a number from 0 to below 1")
    Finite = bounded("Finite", float, math.isfinite, "a number")
