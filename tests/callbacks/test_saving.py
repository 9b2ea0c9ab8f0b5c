"""A fit that is stopped or killed anywhere goes on and becomes the very same model."""

import signal
from types import SimpleNamespace
from unittest import mock

import pytest
import torch
from faults import said, signalled, training
from processes import Command

from ctl.callbacks import saving
from ctl.callbacks.saving import SaveLast, WeightsOnly, WholeCheckpoints
from ctl.main import main


@pytest.fixture(scope="module")
def unbroken(family, tmp_path_factory):
    output = tmp_path_factory.mktemp("unbroken")
    with mock.patch.object(saving, "_write", wraps=saving._write) as write:
        assert main(training(family, output)) == 0
    assert write.call_count == 3  # once an epoch, though the best state is a new one in two
    return output


def same_models(one, other):
    for name in ("best.ckpt", "last.ckpt"):
        ours, its = (torch.load(folder / name, weights_only=True) for folder in (one, other))
        assert ours["epoch"] == its["epoch"] and ours["global_step"] == its["global_step"]
        assert all(torch.equal(value, its["state_dict"][key]) for key, value in ours["state_dict"].items())
    return True


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("name", "epoch", "batch", "steps"), [("SIGINT", 0, 4, 3), ("SIGTERM", 1, 7, 12), ("SIGUSR1", 1, 14, 16)]
)
def test_training_that_is_stopped_saves_where_it_is_and_becomes_the_same_model(
    family, tmp_path, unbroken, name, epoch, batch, steps, workers
):
    """In the middle of an epoch, between two batches of one step, and in its last batch."""
    assert main(training(family, tmp_path, signalled(name, epoch, batch))) == 130
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == steps
    assert main(training(family, tmp_path, more=["--ckpt_path", "last", "--data.num_workers", str(workers)])) == 0
    assert same_models(unbroken, tmp_path)


def test_an_epoch_does_not_go_on_with_other_batches(family, tmp_path, capsys):
    assert main(training(family, tmp_path, signalled("SIGTERM", 1, 6))) == 130
    assert main(training(family, tmp_path, more=["--ckpt_path", "last", "--data.batch_size", "4"])) == 2
    assert "saved after 8 of 15 batches of an epoch, which here has 30: go on with the batch size" in said(capsys)
    assert main(training(family, tmp_path, more=["--ckpt_path", "last"])) == 0


def test_a_second_interrupt_does_not_wait_for_the_save(family, tmp_path):
    twice = [signalled("SIGTERM", 1, 6), {**signalled("SIGINT", 1, 6), "class_path": "tests.faults.Again"}]
    assert main(training(family, tmp_path, *twice)) == 130
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == 8  # of the whole epoch before


def test_a_signal_in_the_last_validation_is_not_lost(family, tmp_path, unbroken):
    last = {**signalled("SIGTERM", 2, 0), "class_path": "tests.faults.AtValidation"}
    assert main(training(family, tmp_path, last)) == 130
    assert same_models(unbroken, tmp_path)


@pytest.mark.parametrize(("minutes", "steps"), [(15, 8), (0, 11)])
def test_a_killed_fit_lost_an_epoch_at_most_or_less_where_it_saves_more_often(family, tmp_path, minutes, steps):
    """Also where nothing is monitored, as for a student: Lightning alone would save at the end of training only."""
    last = {"class_path": "ctl.callbacks.saving.SaveLast", "init_args": {"minutes": minutes}}
    arguments = training(family, tmp_path, last, signalled("SIGKILL", 1, 6), more=["--model.variant", "x"])
    arguments = [
        a.replace('"save_top_k": 1', '"save_top_k": 0').replace('"monitor": "val/f1", ', "") for a in arguments
    ]
    with Command(*arguments) as run:
        run.stderr.read()
    assert run.returncode == -signal.SIGKILL
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == steps


def test_a_finished_fit_keeps_one_checkpoint_without_the_optimisers_state(tmp_path):
    kept = {"state_dict": {"w": torch.ones(2)}, "ctl": {}, "epoch": 3}
    for name in ("best.ckpt", "last.ckpt"):
        WholeCheckpoints().save_checkpoint(
            {**kept, "optimizer_states": [1], "lr_schedulers": [1], "loops": {}}, tmp_path / name
        )
    WeightsOnly(str(tmp_path / "best.ckpt")).teardown(None, None, "fit")
    assert [path.name for path in tmp_path.iterdir()] == ["best.ckpt"]
    assert torch.load(tmp_path / "best.ckpt", weights_only=True).keys() == kept.keys()


def test_a_fit_that_ends_between_the_best_state_and_the_last_becomes_the_same_model(family, tmp_path, unbroken):
    """The best state is of an epoch later than the last one."""
    link = mock.Mock(side_effect=[KeyboardInterrupt])
    with mock.patch.object(saving.os, "link", link):
        assert main(training(family, tmp_path)) == 130
    assert (tmp_path / "best.ckpt").is_file() and not (tmp_path / "last.ckpt").exists()
    assert main(training(family, tmp_path, more=["--ckpt_path", "last"])) == 0
    assert same_models(unbroken, tmp_path)


def test_the_best_state_of_a_fit_by_steps_has_weights_alone(tmp_path):
    """It goes on from the last one, and nothing has to be written again when it ends."""
    path = tmp_path / "best.ckpt"
    last, lean, model = SaveLast(), WeightsOnly(str(path)), object()
    trainer = SimpleNamespace(max_steps=5, checkpoint_callbacks=[last])
    resumable = {"state_dict": {"w": torch.ones(2)}, "optimizer_states": [1], "lr_schedulers": [1], "loops": {}}

    def saved(by):
        checkpoint = dict(resumable)
        lean.on_save_checkpoint(by, model, checkpoint)
        return checkpoint

    assert saved(trainer) == resumable  # nothing else is there to go on from
    last._checkpoint = object()
    by_epochs = saved(SimpleNamespace(max_steps=-1, checkpoint_callbacks=[last]))
    assert saved(trainer).keys() == {"state_dict"} and by_epochs == resumable
    WholeCheckpoints().save_checkpoint(saved(trainer), path)
    before = path.stat().st_mtime_ns
    lean.teardown(trainer, model, "fit")
    assert path.stat().st_mtime_ns == before
