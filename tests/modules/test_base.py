from types import SimpleNamespace

import torch

from ctl.modules import Teacher
from ctl.modules.base import Trainable


def teacher(family, **settings):
    torch.manual_seed(0)
    model = Teacher(backbone=str(family / "encoder"), **settings)
    model.configure_model()
    return model


def test_biases_and_norms_do_not_decay(family):
    decayed, others = (group["params"] for group in teacher(family).parameter_groups())
    assert {parameter.ndim for parameter in decayed} == {2} and {parameter.ndim for parameter in others} == {1}


def test_seeding_a_step_draws_as_a_whole_seeding_would_and_leaves_nothing_behind():
    """Where there is no GPU, ``torch.manual_seed`` queues what a GPU would be told, and its stack, at every call."""
    model = SimpleNamespace(_seed=7, current_epoch=2, global_rank=1, device=torch.device("cpu"))
    torch.manual_seed(7 + 3 * 1_000_003 + 5 * 7_919 + 1)
    expected, queued = torch.rand(3), len(torch.cuda._queued_calls)
    Trainable.on_train_batch_start(model, None, 5)
    assert torch.equal(torch.rand(3), expected) and len(torch.cuda._queued_calls) == queued
