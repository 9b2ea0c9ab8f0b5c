import json
import math
from types import SimpleNamespace

import pytest

from ctl.errors import CTLError
from ctl.study.subsets import Subsets, family_distances, read_weights, weight_distances

NEAR = ["b", "c", "a", "d"]


def test_sets_of_sources():
    chosen = Subsets(nested=(1, 3), random=(2,), draws=50, listed=(("d", "t"),)).choose("t", "abcd", NEAR)
    assert chosen["b",] == ["nested"] and chosen["a", "b", "c"] == ["nested"] and chosen["d",] == ["listed"]
    assert sum(kinds == ["random"] for kinds in chosen.values()) == 6  # every pair was drawn, each is there once
    assert len(Subsets(every=(1, 2)).choose("t", "abcd", NEAR)) == 4 + 6
    again = Subsets(random=(2,), draws=1).choose("t", "abcd", NEAR)
    assert again == Subsets(random=(2,), draws=1).choose("t", "abcd", NEAR)


def test_a_set_may_be_of_several_kinds():
    assert Subsets(nested=(1,), listed=(("b",),)).choose("t", "abcd", NEAR) == {("b",): ["nested", "listed"]}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Subsets(nested=(5,)), "5 sources for t"),
        (Subsets(), "which sets"),
        (Subsets(listed=(("x",),)), "x not among"),
    ],
)
def test_sets_that_cannot_be_had(wrong, message):
    with pytest.raises(CTLError, match=message):
        wrong.choose("t", "abcd", NEAR)


def test_too_many_sets():
    pool = [f"l{number}" for number in range(30)]
    with pytest.raises(CTLError, match="155,117,520 sets of 15"):
        Subsets(every=(15,)).choose("t", pool, pool)


def test_a_larger_weight_is_a_smaller_distance(tmp_path):
    assert weight_distances({"en": 0.5, "nl": 1.0, "es": 0.0}) == {
        "en": round(math.log(2), 4), "nl": 0.0, "es": round(6 * math.log(10), 4),
    }  # fmt: skip
    (tmp_path / "weights.json").write_text(json.dumps({"learned": {"en": 0.1}, "l2": {"en": 0.2}}))
    assert read_weights(tmp_path / "weights.json", "l2") == {"en": 0.2}


def test_distances_in_a_family_are_of_artificial_languages():
    with pytest.raises(CTLError, match="artificial languages"):
        family_distances(SimpleNamespace(synthetic=None), "t", ["a"])
