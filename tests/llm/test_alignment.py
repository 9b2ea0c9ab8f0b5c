"""Words of an answer matched with those of the sentence, by hand."""

from ctl.llm.alignment import align, occurrence


def test_alignment():
    assert align(["a", "x", "c"], ["a", "b", "c", "d"]) == [0, 1, 2, None]
    assert align([], ["a"]) == [None] and align(["a"], []) == []
    assert align(["a", "b"], ["a", "x", "b"]) == [0, None, 1]


def test_occurrence():
    assert occurrence("U. S.", ["the", "U.S", "."]) == (1, 3)
    assert occurrence("the", ["the", "x", "The"], 1) == (2, 3)
    assert occurrence("  ", ["a"]) is None and occurrence("ab", ["a", "c"]) is None
