"""What goes wrong around a run ends in one line that says what and where, and nothing that was there is lost."""

import json
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from lightning.pytorch import Callback

from ctl.errors import CTLError
from ctl.main import main
from ctl.system.checkpoints import WholeCheckpoints, check_checkpoint
from ctl.system.signals import run_stoppable, stoppable

QUIET = ["--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"]


def fit(family, output, *more):
    keep = {"dirpath": str(output), "save_last": True, "save_top_k": 0, "save_on_train_epoch_end": True}
    return [
        "fit", "--model", "Teacher", "--trainer.default_root_dir", str(output), "--trainer.max_epochs", "1", *QUIET,
        "--data.root", str(family), "--data.backbone", str(family / "encoder"), "--data.sources", "[a2]",
        "--trainer.callbacks", json.dumps([{"class_path": "ModelCheckpoint", "init_args": keep}]), *more,
    ]  # fmt: skip


def check(family, output, checkpoint, *more):
    return main([
        "test", "--model", "Teacher", "--trainer.default_root_dir", str(output), *QUIET, "--data.root", str(family),
        "--data.backbone", str(family / "encoder"), "--data.sources", "[a2]", "--data.target", "a1",
        "--ckpt_path", str(checkpoint), *more,
    ])  # fmt: skip


@pytest.fixture(scope="module")
def trained(family, tmp_path_factory):
    output = tmp_path_factory.mktemp("trained")
    assert main(fit(family, output)) == 0
    return output / "last.ckpt"


def said(capsys):
    """The one line of an error."""
    told = capsys.readouterr().err
    assert "Traceback" not in told
    line = told.splitlines()[-1]
    assert line.startswith("ctl: error: ")
    return line


class Bomb:
    """What leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def cut_short(path, tmp_path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path, tmp_path):
    """In the middle of the largest tensor."""
    with zipfile.ZipFile(path) as file:
        largest = max(file.infolist(), key=lambda entry: entry.file_size)
    data = bytearray(path.read_bytes())
    data[largest.header_offset + largest.file_size // 2 + 200] ^= 4
    path.write_bytes(data)


def put_a_bomb(path, tmp_path):
    torch.save({"state_dict": {}, "ctl": Bomb(tmp_path / "exploded")}, path)


def put_a_pickle(path, tmp_path):
    path.write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))


@pytest.mark.parametrize("spoil", [cut_short, flip_a_bit, put_a_bomb, put_a_pickle])
def test_a_spoilt_checkpoint_is_refused_and_runs_nothing(family, trained, tmp_path, capsys, spoil):
    copy = tmp_path / "copy.ckpt"
    copy.write_bytes(trained.read_bytes())
    spoil(copy, tmp_path)
    assert check(family, tmp_path / "run", copy) == 2
    assert str(copy) in said(capsys)
    ensemble = [
        "test",
        "--model",
        "Ensemble",
        "--model.teachers",
        json.dumps([str(copy)]),
        *QUIET,
    ]  # another way to read
    data = ["--data.root", str(family), "--data.backbone", str(family / "encoder"), "--data.target", "a1"]
    assert main([*ensemble, *data, "--trainer.default_root_dir", str(tmp_path / "run")]) == 2
    assert str(copy) in said(capsys)
    assert not (tmp_path / "exploded").exists()


def test_a_checkpoint_of_other_tags_and_one_that_is_not_there(family, trained, tmp_path, capsys):
    assert check(family, tmp_path, trained, "--data.types", "[PER]") == 2
    assert "the checkpoint's types are ['PER', 'ORG', 'LOC'], this run's are ['PER']" in said(capsys)
    assert check(family, tmp_path, tmp_path / "none.ckpt") == 2
    assert "none.ckpt: no such file" in said(capsys)


def test_a_second_run_in_the_same_folder_is_refused(family, trained, capsys):
    with FileLock(trained.parent / ".fit.lock"):
        assert main(fit(family, trained.parent)) == 2
    assert "another `ctl fit` writes there" in said(capsys)


def test_a_folder_that_can_not_be_written_to(family, tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    assert main(fit(family, tmp_path / "file" / "run")) == 2
    assert "file" in said(capsys) and (tmp_path / "file").read_text() == "not a folder"


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path):
    """The kernel lets no file grow above some size, as a full disk would not."""
    path, small, large = tmp_path / "x.ckpt", {"w": torch.ones(10)}, {"w": torch.ones(100_000)}
    WholeCheckpoints().save_checkpoint(small, path)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limit[1]))
    try:
        with pytest.raises(CTLError, match=r"x.ckpt: not written .*what was saved before is untouched"):
            WholeCheckpoints().save_checkpoint(large, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert WholeCheckpoints().load_checkpoint(path)["w"].tolist() == [1.0] * 10
    assert [file.name for file in tmp_path.iterdir()] == ["x.ckpt"]


@pytest.mark.parametrize("name", ["SIGINT", "SIGUSR1"])
def test_stopped_once_it_ends_in_order_and_resumes_to_the_same_scores(family, tmp_path, name):
    """SLURM's signal queues the job again as well."""
    (tmp_path / "scontrol").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/queued\n')
    (tmp_path / "scontrol").chmod(0o755)

    def arguments(output):
        return [
            "transfer", "--data.root", str(family), "--backbone", str(family / "encoder"), "--sources", "[a2]",
            "--target", "a1", "--methods", "[direct]", "--output", str(output), "--teacher_epochs", "8",
            "--teacher.lr", "1e-3", "--trainer.accelerator", "cpu",
        ]  # fmt: skip

    assert main(arguments(tmp_path / "unbroken")) == 0
    place = {"SLURM_JOB_ID": "7", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "ctl", *arguments(tmp_path / "run")]
    checkpoint = tmp_path / "run" / "teachers" / "a2" / "checkpoints" / "last.ckpt"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **place}) as run:
        while not checkpoint.exists() and run.poll() is None:
            pass
        run.send_signal(getattr(signal, name))
        told = run.stderr.read()
    assert run.returncode == 130 and "weights_only" not in told, told
    assert f"ctl: stopped by {name}" in told and "Traceback" not in told
    assert (tmp_path / "queued").exists() == (name == "SIGUSR1")
    assert main(arguments(tmp_path / "run")) == 0
    (ours,), (its,) = (json.loads((tmp_path / run / "results.json").read_text()) for run in ("unbroken", "run"))
    assert ours["f1"] == its["f1"] > 0 and ours["provenance"]["model"] == its["provenance"]["model"]


class Signal(Callback):
    """Sends a signal to its own process at some batch of an epoch."""

    def __init__(self, name: str, epoch: int, batch: int, rank: int = 0):
        self.name, self.place, self.rank = name, (epoch, batch), rank

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if (trainer.current_epoch, batch_idx) == self.place and trainer.global_rank == self.rank:
            os.kill(os.getpid(), getattr(signal, self.name))


class Again(Signal):
    """A class of its own, as there may be one callback of each."""


class AtValidation(Signal):
    """Sends it when the epoch's validation begins."""

    def on_train_batch_start(self, *_):
        pass

    def on_validation_batch_start(self, trainer, pl_module, batch, batch_idx, dataloader_idx=0):
        super().on_train_batch_start(trainer, pl_module, batch, batch_idx)


def training(family, output, *callbacks, more=()):
    """The arguments of a fit of three epochs of 15 batches, two to a step, so eight steps; kept in ``output``."""
    best = {"filename": "best", "monitor": "val/f1", "mode": "max", "save_top_k": 1}
    keep = {"dirpath": str(output), "save_last": True, "save_on_train_epoch_end": True, **best}
    callbacks = [{"class_path": "ModelCheckpoint", "init_args": keep}, *callbacks]
    return fit(
        family, output, "--trainer.max_epochs", "3", "--trainer.accumulate_grad_batches", "2", "--data.batch_size", "8",
        "--trainer.callbacks", json.dumps(callbacks), "--model.lr", "1e-3", *more,
    )  # fmt: skip


def signalled(name, epoch, batch, **rank):
    return {
        "class_path": "tests.test_faults.Signal",
        "init_args": {"name": name, "epoch": epoch, "batch": batch, **rank},
    }


@pytest.fixture(scope="module")
def unbroken(family, tmp_path_factory):
    output = tmp_path_factory.mktemp("unbroken")
    assert main(training(family, output)) == 0
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
    twice = [signalled("SIGTERM", 1, 6), {**signalled("SIGINT", 1, 6), "class_path": "tests.test_faults.Again"}]
    assert main(training(family, tmp_path, *twice)) == 130
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == 8  # of the whole epoch before


def test_a_signal_in_the_last_validation_is_not_lost(family, tmp_path, unbroken):
    last = {**signalled("SIGTERM", 2, 0), "class_path": "tests.test_faults.AtValidation"}
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
    assert subprocess.run([sys.executable, "-m", "ctl", *arguments], capture_output=True).returncode == -signal.SIGKILL
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == steps


def test_a_program_in_this_ones_place_is_given_the_time_to_stop(tmp_path):
    """That of several processes, which may have a large checkpoint to write."""
    program = (
        "import pathlib, signal, sys, time\n"
        "def stop(*_):\n    time.sleep(1)\n    pathlib.Path(sys.argv[1], 'saved').touch()\n    sys.exit(130)\n"
        "signal.signal(signal.SIGINT, stop)\npathlib.Path(sys.argv[1], 'ready').touch()\ntime.sleep(60)\n"
    )

    def interrupt():
        while not (tmp_path / "ready").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    with stoppable() as stop:
        threading.Thread(target=interrupt).start()
        run_stoppable([sys.executable, "-c", program, str(tmp_path)])
    assert (tmp_path / "saved").exists() and (stop.signal, stop.status) == ("SIGINT", 130)


def test_a_checkpoint_that_is_being_written_is_finished_before_a_stop(tmp_path):
    """PyTorch's writer takes an interrupt for a full disk, or ends the process."""
    path, big = tmp_path / "last.ckpt", {str(number): torch.zeros(10_000) for number in range(3_000)}
    WholeCheckpoints().save_checkpoint({"old": torch.ones(1)}, path)
    began = time.perf_counter()
    WholeCheckpoints().save_checkpoint(big, tmp_path / "other.ckpt")
    half = threading.Timer((time.perf_counter() - began) / 2, signal.raise_signal, [signal.SIGINT])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever another test left
    try:
        with pytest.raises(KeyboardInterrupt):
            half.start()
            WholeCheckpoints().save_checkpoint(big, path)
            half.join()
    finally:
        signal.signal(signal.SIGINT, before)
    check_checkpoint(path)
    assert torch.load(path, weights_only=True).keys() == big.keys()
