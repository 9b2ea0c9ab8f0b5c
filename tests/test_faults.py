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

from ctl.checkpoints import WholeCheckpoints, check_checkpoint
from ctl.errors import CTLError
from ctl.main import main

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
    assert run.returncode == 130, told
    assert f"ctl: stopped by {name}" in told and "Traceback" not in told
    assert (tmp_path / "queued").exists() == (name == "SIGUSR1")
    assert main(arguments(tmp_path / "run")) == 0
    (ours,), (its,) = (json.loads((tmp_path / run / "results.json").read_text()) for run in ("unbroken", "run"))
    assert ours["f1"] == its["f1"] > 0 and ours["provenance"]["model"] == its["provenance"]["model"]


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
