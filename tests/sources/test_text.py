import pytest

from ctl.sources.text import overlap, script_overlap


def test_letters_in_the_same_scripts():
    one, other = {"LATIN": 0.75, "CYRILLIC": 0.25}, {"CYRILLIC": 0.9, "LATIN": 0.1}
    assert script_overlap(one, other) == pytest.approx(0.35) == script_overlap(other, one)
    assert script_overlap(one, one) == 1 and script_overlap(one, {"GREEK": 1.0}) == 0


def test_shared_subwords():
    assert overlap({1, 2, 3}, {2, 3, 4, 5, 6}) == pytest.approx(4 / 8)
    assert overlap({1}, {1}) == 1 and overlap(set(), set()) == 0
