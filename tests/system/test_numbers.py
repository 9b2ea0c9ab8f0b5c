"""Numbers with bounds, as a parser reads them from text and from YAML."""

import pytest
from jsonargparse import ArgumentParser

from ctl.system.numbers import NonNegativeFloat, OpenShare, PositiveInt, PositiveShare, Seed, Share

READ = [
    (PositiveInt, "3", 3), (PositiveInt, "1e3", None), (PositiveInt, "0", None), (PositiveInt, "-1", None),
    (PositiveInt, "2.5", None), (PositiveInt, "true", None), (PositiveInt, "x", None), (PositiveInt, ".inf", None),
    (Seed, "0", 0), (Seed, "4294967295", 4294967295), (Seed, "4294967296", None), (Seed, "-1", None),
    (NonNegativeFloat, "0", 0.0), (NonNegativeFloat, "1e-3", 0.001), (NonNegativeFloat, "nan", None),
    (NonNegativeFloat, ".nan", None), (NonNegativeFloat, "inf", None), (NonNegativeFloat, "1e400", None),
    (Share, "1", 1.0), (Share, "1.01", None), (PositiveShare, "0", None), (OpenShare, "1", None), (OpenShare, "0", 0.0),
]  # fmt: skip


def parse(kind, text, optional):
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--n", type=kind | None if optional else kind)
    return parser.parse_args(["--n", text]).n


@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize(("kind", "text", "value"), READ)
def test_numbers_within_bounds_are_read_and_others_refused(kind, text, value, optional):
    if value is None:
        with pytest.raises(Exception, match=r": a .* is needed"):
            parse(kind, text, optional)
    else:
        number = parse(kind, text, optional)
        assert number == value and type(number) in (int, float)  # plain, so that a checkpoint may hold it


def test_a_value_of_yaml_stays_as_it_is():
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--n", type=PositiveInt, default=7)
    assert parser.parse_object({"n": 5}).n == 5 and parser.parse_object({"n": 5.0}).n == 5
    assert parser.dump(parser.parse_args([])) == "n: 7\n"
