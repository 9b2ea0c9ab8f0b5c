"""Checkpoints that are spoilt, do not fit or are stopped while they are written: nothing that was there is lost."""

import json
import pickle
import resource
import signal
import threading
import time
import zipfile
from pathlib import Path

import pytest
import torch
from faults import QUIET, fit, said

from ctl.errors import CTLError
from ctl.main import main
from ctl.system.checkpoints import WholeCheckpoints, can_resume, check_checkpoint


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


def test_only_what_has_the_optimisers_state_can_be_resumed(tmp_path):
    for name, checkpoint in (("whole", {"state_dict": {}, "optimizer_states": []}), ("weights", {"state_dict": {}})):
        WholeCheckpoints().save_checkpoint(checkpoint, tmp_path / name)
    assert can_resume(tmp_path / "whole") and not can_resume(tmp_path / "weights")
    assert not can_resume(tmp_path / "nothing")


@pytest.mark.parametrize("reader", [WholeCheckpoints().load_checkpoint, can_resume])
def test_a_refusal_does_not_recommend_to_read_it_all_the_same(tmp_path, reader):
    """PyTorch's message does, and then warns of it."""
    put_a_bomb(tmp_path / "bomb.ckpt", tmp_path)
    with pytest.raises(CTLError, match="more than tensors and plain values, so it was not read") as refused:
        reader(tmp_path / "bomb.ckpt")
    assert "weights_only" not in str(refused.value) and not (tmp_path / "exploded").exists()


def state(step, weight=1.0):
    plain = {"epoch": 1, "global_step": step, "loops": {"fit_loop": {"done": step}}}
    return {**plain, "state_dict": {"w": torch.full((3,), weight)}, "ctl": {"train_seconds": time.perf_counter()}}


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


def test_a_file_is_checked_once_until_it_changes(tmp_path, monkeypatch):
    WholeCheckpoints().save_checkpoint(state(1), tmp_path / "a.ckpt")
    read = []
    monkeypatch.setattr(zipfile.ZipFile, "testzip", lambda file: read.append(file.filename))
    check_checkpoint(tmp_path / "a.ckpt")
    check_checkpoint(tmp_path / "a.ckpt")
    assert len(read) == 1
    WholeCheckpoints().save_checkpoint(state(2), tmp_path / "a.ckpt")
    check_checkpoint(tmp_path / "a.ckpt")
    assert len(read) == 2
