"""The student: its loss by hand, and what it needs."""

import math
from types import SimpleNamespace

import pytest
import torch

from ctl.modules import Student

LOGITS = torch.tensor([[math.log(3.0), 0.0], [0.0, 0.0]])  # probabilities .75 .25 and .5 .5
SOFT = torch.tensor([[1.0, 0.0], [0.25, 0.75]])


def batch(weight=None, unanimous=None):
    return SimpleNamespace(soft=SOFT, weight=weight, unanimous=unanimous)


def loss(batch, **settings):
    return float(Student(backbone="unused", types=["PER"], **settings).loss(batch, LOGITS))


def test_the_loss_is_the_mean_over_words_or_weighted():
    """Squared errors of the words: 2 * .25**2 / 2 each, as both differ by .25 from the soft labels."""
    assert loss(batch()) == pytest.approx(0.0625)
    kl = [math.log(1 / 0.75), 0.25 * math.log(0.25 / 0.5) + 0.75 * math.log(0.75 / 0.5)]
    assert loss(batch(), loss="kl") == pytest.approx(sum(kl) / 2, abs=1e-6)
    assert loss(batch(torch.tensor([1.0, 0.0])), loss="kl") == pytest.approx(kl[0], abs=1e-6)


def test_words_on_which_all_teachers_agree_have_a_second_loss():
    agreed = batch(unanimous=torch.tensor([1.0, 0.0]))
    alone = loss(agreed, unanimous_weight=-1.0)
    assert loss(agreed, unanimous_weight=2.0) == pytest.approx(0.0625 + 2 * alone, abs=1e-6)


def test_mistakes_are_said_in_one_line(command, teachers, family, tmp_path, capsys):
    stored = str(teachers / "a2" / "soft_labels" / "test")
    for more, message in (
        ([], "needs soft labels"),
        (["--data.soft_labels", stored], "these soft labels are for something else"),
    ):
        assert command("fit", "Student", family, tmp_path, *more) == 2
        assert message in capsys.readouterr().err


def test_its_name_and_time_are_those_of_its_making():
    student = Student(backbone="unused")
    student.taught_by = {"method": "llm-ensemble:learned+cut", "sources": ["a", "b"], "train_seconds": 3.0}
    student.train_seconds, student.selection_seconds = 2.0, 1.5
    identity = student.identity()
    assert (identity["method"], identity["sources"]) == ("llm-student:learned", ["a", "b"])
    assert identity["train_seconds"] == 6.5
