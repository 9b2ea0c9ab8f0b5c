import torch

from ctl.modules import Teacher


def teacher(family, **settings):
    torch.manual_seed(0)
    model = Teacher(backbone=str(family / "encoder"), **settings)
    model.configure_model()
    return model


def test_biases_and_norms_do_not_decay(family):
    decayed, others = (group["params"] for group in teacher(family).parameter_groups())
    assert {parameter.ndim for parameter in decayed} == {2} and {parameter.ndim for parameter in others} == {1}
