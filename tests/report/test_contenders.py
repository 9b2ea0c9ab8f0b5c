import pytest

from ctl.methods import Method
from ctl.report.contenders import Contender


@pytest.mark.parametrize("name", ["direct", "llm-direct", "direct+adapted"])
def test_a_pick_of_the_teachers_is_direct_and_written_before_the_method(name):
    best = Contender(Method.split(name), "best")
    assert best.is_direct and not best.mixes and str(best) == f"best {name}"


def test_other_methods_keep_their_names():
    student = Contender.of("mixed-student:learned+hard")
    assert str(student) == "mixed-student:learned+hard" and student.mixes and not student.is_direct
    assert str(student.without_family) == "student:learned+hard"
    assert not Contender.of("pooled+adapted").is_direct and not Contender.of("pooled").mixes


def test_an_upper_bound_says_so_and_a_merged_model_mixes():
    assert str(Contender.of("supervised")) == "supervised (upper bound: target's gold)"
    assert Contender.of("merged:uniform").mixes and not Contender.of("supervised").mixes
