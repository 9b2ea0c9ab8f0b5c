from types import SimpleNamespace

import pytest
import torch

from ctl.callbacks.progress.learning_curve import LearningCurve, interval


@pytest.mark.parametrize(("steps", "every"), [(1, 1), (30, 1), (100, 5), (1000, 50), (2000, 50), (float("inf"), 50)])
def test_a_short_fit_is_logged_more_often(steps, every):
    assert interval(steps) == every


def trained(curve, losses, every=None, begin=0):
    """What a module logs while a trainer takes steps with these losses."""
    logged = []
    module = SimpleNamespace(log=lambda name, value, **_: logged.append((name, value)))
    optimizer = SimpleNamespace(param_groups=[{"lr": 0.5}])
    trainer = SimpleNamespace(
        log_every_n_steps=every or 50, estimated_stepping_batches=len(losses), global_step=begin,
        optimizers=[optimizer], callback_metrics={}, loggers=[],
    )  # fmt: skip
    curve.on_train_start(trainer, module)
    for loss in losses:
        curve.on_train_batch_start(trainer, module, None, 0)
        trainer.global_step += 1
        trainer.callback_metrics["train/loss"] = torch.tensor(float(loss))
        curve.on_train_batch_end(trainer, module, None, None, 0)
    return logged


def test_both_ends_of_a_curve_are_remembered():
    """Thirty steps are logged each; the first five losses are 30 to 26, and the last five 5 to 1."""
    curve = LearningCurve()
    assert trained(curve, range(30, 0, -1)) == [("train/lr", 0.5)] * 30
    assert curve.ends == [28, 3]


def test_too_short_a_curve_has_no_ends():
    curve = LearningCurve()
    trained(curve, range(9))
    assert curve.ends is None


def test_an_interval_that_was_given_stays():
    curve = LearningCurve(every=10)
    assert len(trained(curve, range(100), every=10)) == 10 and curve.ends == [29, 79]


def test_a_fit_that_goes_on_has_the_curve_of_an_unbroken_one():
    unbroken, first, second = (LearningCurve(every=1) for _ in range(3))
    trained(unbroken, range(12), every=1)
    trained(first, range(7), every=1)
    second.load_state_dict(first.state_dict())
    trained(second, range(7, 12), every=1, begin=7)
    assert second.ends == unbroken.ends == [2, 9]
