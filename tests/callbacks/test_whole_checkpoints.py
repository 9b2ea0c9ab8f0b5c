"""Checkpoints that are stopped while they are written, or fill the disk: nothing that was there is lost."""

import resource
import signal
import threading
import time

import pytest
import torch

from ctl.callbacks.saving import WholeCheckpoints
from ctl.errors import CTLError
from ctl.system.checkpoints import check_checkpoint


def state(step, weight=1.0):
    plain = {"epoch": 1, "global_step": step, "loops": {"fit_loop": {"done": step}}}
    return {**plain, "state_dict": {"w": torch.full((3,), weight)}, "ctl": {"train_seconds": time.perf_counter()}}


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


def test_one_state_is_written_once(tmp_path):
    files, best, last = WholeCheckpoints(), tmp_path / "best.ckpt", tmp_path / "last.ckpt"
    for step in (1, 2):
        files.save_checkpoint(state(step), best)
        files.save_checkpoint(state(step), last)
        assert best.samefile(last) and torch.load(last)["global_step"] == step
    files.save_checkpoint(state(3), last)
    assert not best.samefile(last) and torch.load(best)["global_step"] == 2
    files.save_checkpoint(state(3, weight=2.0), best)  # by hand, between two steps
    assert not best.samefile(last) and torch.load(best)["state_dict"]["w"][0] == 2.0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.ckpt", "last.ckpt"]


def test_a_disk_without_links_has_two_files(tmp_path, monkeypatch):
    files = WholeCheckpoints()
    monkeypatch.setattr("os.link", lambda *_: (_ for _ in ()).throw(PermissionError))
    for name in ("best.ckpt", "last.ckpt"):
        files.save_checkpoint(state(1), tmp_path / name)
    best, last = (torch.load(tmp_path / name) for name in ("best.ckpt", "last.ckpt"))
    assert best["loops"] == last["loops"] and not (tmp_path / "best.ckpt").samefile(tmp_path / "last.ckpt")
