import torch

from ctl.mixing.abstention import abstained

# O, B-PER, I-PER, B-MISC, I-MISC; the first teacher's source has no MISC
ALONE = torch.tensor([0.8, 0.2, 0.0, 0.0, 0.0])
LACKS = torch.tensor([[False, True], [False, False], [False, False]])


def test_the_mass_on_o_is_shared_out_as_the_others_share_theirs():
    """The others give O 0.4 and 0.2, B-MISC 0.3 and 0.6, I-MISC 0.1 and 0: on average 0.3, 0.45 and 0.05 of 0.8."""
    each = torch.tensor([ALONE.tolist(), [0.4, 0.2, 0.0, 0.3, 0.1], [0.2, 0.2, 0.0, 0.6, 0.0]])[:, None]
    changed = abstained(each, LACKS, torch.full((3, 1), 1 / 3))
    torch.testing.assert_close(changed[0, 0], torch.tensor([0.3, 0.2, 0.0, 0.45, 0.05]))
    assert (changed[1:] == each[1:]).all()


def test_the_others_count_by_their_weights():
    """By weights of 3 to 1 they give O 0.35, B-MISC 0.375 and I-MISC 0.075 together 0.8."""
    each = torch.tensor([ALONE.tolist(), [0.4, 0.2, 0.0, 0.3, 0.1], [0.2, 0.2, 0.0, 0.6, 0.0]])[:, None]
    changed = abstained(each, LACKS, torch.tensor([[0.2], [0.6], [0.2]]))
    torch.testing.assert_close(changed[0, 0], torch.tensor([0.35, 0.2, 0.0, 0.375, 0.075]))


def test_nothing_changes_where_no_other_teacher_has_the_type():
    each = torch.tensor([ALONE.tolist(), [0.4, 0.6, 0.0, 0.0, 0.0]])[:, None]
    both = torch.tensor([[False, True], [False, True]])
    assert (abstained(each, both, torch.full((2, 1), 0.5)) == each).all()
    one = each[:1]
    assert (abstained(one, both[:1], torch.ones(1, 1)) == one).all()
    weightless = torch.tensor([[1.0], [0.0]])
    assert (abstained(each, torch.tensor([[False, True], [False, False]]), weightless) == each).all()


def test_each_type_is_asked_of_those_who_have_it():
    """Three sources with a type of their own each. On a word that the second calls X and the third O.

    The first lacks X and Y. Of X the second says 0.9 to 0.1, 9 times O; of Y the third says 0.2 to 0.8, a quarter of
    O. So the first's 0.82 on O becomes 0.08 on O, 0.72 on B-X and 0.02 on B-Y.
    """
    tags = {"O": 0, "Z": 1, "X": 3, "Y": 5}  # the B- tags of three types

    def row(**shares):
        return torch.tensor([[shares.get(name, 0.0) for name in ("O", "Z")] + [0.0, shares.get("X", 0.0), 0.0]
                             + [shares.get("Y", 0.0), 0.0]])  # fmt: skip

    each = torch.stack([row(O=0.82, Z=0.18), row(O=0.1, X=0.9), row(O=0.8, Y=0.2)])
    lacks = torch.tensor([[False, True, True], [True, False, True], [True, True, False]])
    changed = abstained(each, lacks, torch.full((3, 1), 1 / 3))
    expected = 0.82 / (1 + 9 + 0.25) * torch.tensor([1, 9, 0.25])
    torch.testing.assert_close(changed[0, 0, [tags["O"], tags["X"], tags["Y"]]], expected)
    assert changed[0, 0, tags["Z"]] == 0.18
    torch.testing.assert_close(changed.sum(-1), torch.ones(3, 1))


def test_certainty_is_no_division_by_zero():
    each = torch.tensor([ALONE.tolist(), [0.0, 0.0, 0.0, 1.0, 0.0]])[:, None]
    changed = abstained(each, torch.tensor([[False, True], [False, False]]), torch.full((2, 1), 0.5))
    torch.testing.assert_close(changed[0, 0], torch.tensor([0.0, 0.2, 0.0, 0.8, 0.0]), atol=1e-5, rtol=0)
