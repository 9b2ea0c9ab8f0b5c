import math

import pytest
import torch

from ctl import losses

LOGITS = torch.tensor([[0.0, math.log(3.0)], [0.0, 0.0], [5.0, -5.0]])  # probabilities 1/4 3/4, 1/2 1/2, never counted
TEACHER = torch.tensor([[0.5, 0.5], [1.0, 0.0], [0.3, 0.7]])
MASK = torch.tensor([True, True, False])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mse", (1 / 16 + 1 / 4) / 2),
        ("kl", ((0.5 * math.log(2) + 0.5 * math.log(2 / 3)) + math.log(2)) / 2),
        ("cross_entropy", (-0.5 * math.log(1 / 4) - 0.5 * math.log(3 / 4) + math.log(2)) / 2),
        ("hard", (-math.log(1 / 4) + math.log(2)) / 2),
    ],
)
def test_by_hand(name, expected):
    assert float(losses.distillation_loss(name, LOGITS, TEACHER, MASK)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["mse", "kl", "cross_entropy", "hard"])
def test_words_that_do_not_count_change_nothing(name):
    alone = losses.distillation_loss(name, LOGITS[:2], TEACHER[:2], MASK[:2])
    assert torch.equal(losses.distillation_loss(name, LOGITS, TEACHER, MASK), alone)
    assert float(losses.distillation_loss(name, LOGITS, TEACHER, torch.zeros(3, dtype=torch.bool))) == 0


def test_temperature_keeps_the_size_of_the_gradient():
    """For small logits the gradient of T^2 KL tends to (p - q) / C whatever T is (Hinton et al., 2015, section 2.1)."""
    teacher = torch.softmax(0.01 * torch.randn(64, 7, generator=torch.Generator().manual_seed(0)), -1)
    sizes = []
    for temperature in (1.0, 4.0):
        logits = torch.zeros(64, 7, requires_grad=True)
        losses.kl(logits, teacher, torch.ones(64, dtype=torch.bool), temperature).backward()
        sizes.append(float(logits.grad.norm()))
    assert sizes[1] == pytest.approx(sizes[0], rel=0.02)


def test_weights_of_words_by_hand():
    weights = torch.tensor([1.0, 3.0, 0.0])
    expected = (1 * 1 / 16 + 3 * 1 / 4) / 4
    assert float(losses.mse(LOGITS, TEACHER, weights)) == pytest.approx(expected, rel=1e-5)


def test_unanimous_by_hand():
    """Against the one-hot tag, only where all teachers agree: here the second word, where (1/2, 1/2) meets (1, 0)."""
    agreed = torch.tensor([False, True, False])
    assert float(losses.unanimous(LOGITS, TEACHER, agreed)) == pytest.approx(1 / 4, rel=1e-5)
