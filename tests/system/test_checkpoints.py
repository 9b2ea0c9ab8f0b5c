"""Checkpoints that are spoilt or do not fit are refused, and run nothing."""

import json
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from faults import QUIET, fit, said

from ctl.errors import CTLError
from ctl.main import main
from ctl.system.checkpoints import are_finite, can_resume, check_checkpoint, read_checkpoint, read_from


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


def test_only_what_has_the_optimisers_state_can_be_resumed(tmp_path):
    for name, checkpoint in (("whole", {"state_dict": {}, "optimizer_states": []}), ("weights", {"state_dict": {}})):
        torch.save(checkpoint, tmp_path / name)
    assert can_resume(tmp_path / "whole") and not can_resume(tmp_path / "weights")
    assert not can_resume(tmp_path / "nothing")


@pytest.mark.parametrize("reader", [read_checkpoint, can_resume])
def test_a_refusal_does_not_recommend_to_read_it_all_the_same(tmp_path, reader):
    """PyTorch's message does, and then warns of it."""
    put_a_bomb(tmp_path / "bomb.ckpt", tmp_path)
    with pytest.raises(CTLError, match="more than tensors and plain values, so it was not read") as refused:
        reader(tmp_path / "bomb.ckpt")
    assert "weights_only" not in str(refused.value) and not (tmp_path / "exploded").exists()


def test_a_file_is_checked_once_until_it_changes(tmp_path, monkeypatch):
    torch.save({"step": 1}, tmp_path / "a.ckpt")
    read = []
    monkeypatch.setattr(zipfile.ZipFile, "testzip", lambda file: read.append(file.filename))
    check_checkpoint(tmp_path / "a.ckpt")
    check_checkpoint(tmp_path / "a.ckpt")
    assert len(read) == 1
    os.utime(tmp_path / "a.ckpt", ns=(1, 1))
    check_checkpoint(tmp_path / "a.ckpt")
    assert len(read) == 2


def test_whatever_goes_wrong_with_the_content_of_a_file_names_it():
    for error, told in (
        (CTLError("too old"), "^a.ckpt: too old$"),
        (KeyError("types"), r"^a.ckpt: of another version of ctl, or damaged \('types'\); train again$"),
        (ValueError(), r"damaged \(ValueError\)"),
    ):
        with pytest.raises(CTLError, match=told), read_from("a.ckpt"):
            raise error


def test_finite_tensors():
    assert are_finite([]) and are_finite([torch.ones(2), torch.ones(2, dtype=torch.long), torch.empty(0)])
    assert not are_finite([torch.ones(2), torch.tensor([1.0, float("inf")])])
