from types import SimpleNamespace

import pytest
import torch

from ctl.callbacks.progress.heartbeat import Heartbeat


class Clock:
    """One whose time is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def trainer(**more):
    usual = {
        "is_global_zero": True, "callback_metrics": {"train/loss": torch.tensor(0.12345)}, "current_epoch": 2,
        "estimated_stepping_batches": 2000, "sanity_checking": False, "state": SimpleNamespace(fn="fit"),
    }  # fmt: skip
    return SimpleNamespace(**{**usual, **more})


def steps(clock, of, seconds, begin=0, count=4):
    """Takes steps of so many seconds."""
    beat = Heartbeat(clock=clock)
    of.global_step = begin
    beat.on_train_start(of, None)
    for _ in range(count):
        clock.now += seconds
        of.global_step += 1
        beat.on_train_batch_end(of, None, None, None, 0)
    return beat


def test_a_line_a_minute_with_step_loss_and_time_left(clock, capsys):
    """Steps of 25 seconds from the hundredth on: at the third, 75 s for three, 1,897 are left."""
    steps(clock, trainer(), 25, begin=100)
    assert capsys.readouterr().err == "  step 103 of 2,000, epoch 3, loss 0.1235, about 13 h 10 min left\n"
    steps(clock, trainer(), 61)
    assert capsys.readouterr().err.count("\n") == 4
    steps(clock, trainer(), 14)
    assert capsys.readouterr().err == ""


def test_without_an_end_or_a_loss_none_is_said(clock, capsys):
    steps(clock, trainer(estimated_stepping_batches=float("inf"), callback_metrics={}), 70, count=1)
    assert capsys.readouterr().err == "  step 1, epoch 3\n"


def test_other_processes_are_silent(clock, capsys):
    steps(clock, trainer(is_global_zero=False), 100)
    assert capsys.readouterr().err == ""


def test_batches_of_several_loaders(clock, capsys):
    """The third batch of the second loader is the 13th of 30."""
    beat = Heartbeat(clock=clock)
    of = trainer(num_predict_batches=[10, 20], num_test_batches=[30], num_val_batches=[30])
    beat.on_predict_start(of, None)
    clock.now = 130
    beat.on_predict_batch_end(of, None, None, None, 2, 1)
    beat.on_test_start(of, None)
    clock.now = 260
    beat.on_test_batch_end(of, None, None, None, 12, 0)
    line = "  batch 13 of 30, about 2 min 50 s left\n"
    assert capsys.readouterr().err == 2 * line
    of.state.fn = "validate"
    beat.on_validation_start(of, None)
    clock.now = 390
    beat.on_validation_batch_end(of, None, None, None, 12)
    assert capsys.readouterr().err == line


def test_validation_in_a_fit_is_told_apart(clock, capsys):
    of = trainer()
    beat = steps(clock, of, 1)
    beat.on_validation_start(of, None)
    clock.now += 60
    beat.on_validation_batch_end(of, None, None, None, 8)
    assert capsys.readouterr().err == "  validation after step 4: batch 9\n"
    of.sanity_checking = True
    clock.now += 60
    beat.on_validation_batch_end(of, None, None, None, 9)
    assert capsys.readouterr().err == ""
