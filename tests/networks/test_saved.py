"""A tagger that is loaded without Lightning answers as the module that was trained, to the bit."""

import pytest
import torch
from made_up_tagger import make_checkpoint
from tiny import batch_of

from ctl.errors import CTLError
from ctl.modules.tagger import load_module
from ctl.networks.saved import load_saved

TAUGHT_BY = {"method": "ensemble:uniform", "sources": ["a2"], "train_seconds": 1.0}


def changed(path, change):
    """A checkpoint in which something was changed by hand."""
    checkpoint = torch.load(path, weights_only=True)
    change(checkpoint)
    torch.save(checkpoint, path)
    return path


def calibrated(checkpoint):
    """As a fit leaves it that found this temperature."""
    checkpoint["state_dict"]["temperature"].fill_(1.7)
    checkpoint["ctl"]["identity"]["temperature"] = 1.7


@pytest.mark.parametrize(
    ("architecture", "settings"),
    [
        ("bert", {"taught_by": TAUGHT_BY}),
        ("modernbert", {"calibrate": True, "pooling": "mean"}),
        ("qwen3", {"attention": "last:1"}),
    ],
)
def test_it_answers_as_the_module_that_was_trained(family, tmp_path, architecture, settings):
    path, batch = make_checkpoint(tmp_path, family, architecture, **settings), batch_of([[9, 8, 7, 6], [5, 4]])
    if "calibrate" in settings:
        changed(path, calibrated)
    saved, module = load_saved(path), load_module(path)
    with torch.inference_mode():
        torch.testing.assert_close(saved.probabilities(batch), module.probabilities(batch), rtol=0, atol=0)
    assert saved.identity() == module.identity() and saved.fit_record == module.fit_record
    assert saved.network.pooling == module.pooling and saved.backbone == module.backbone


@pytest.mark.parametrize(
    "change",
    [
        lambda checkpoint: checkpoint["ctl"].update(lora_rank=4),
        lambda checkpoint: checkpoint["ctl"].update(block={}),
        lambda checkpoint: checkpoint["ctl"].pop("identity"),
        lambda checkpoint: checkpoint.pop("ctl"),
    ],
    ids=["adapters", "a block of rows", "written before", "something else"],
)
def test_what_needs_more_than_its_file_is_left_to_the_module(tmp_path, change):
    checkpoint = {"ctl": {"identity": {"method": "pooled"}, "lora_rank": 0}, "state_dict": {}}
    change(checkpoint)
    torch.save(checkpoint, tmp_path / "last.ckpt")
    assert load_saved(tmp_path / "last.ckpt") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda checkpoint: checkpoint["state_dict"]["network.head.bias"].fill_(float("nan")), "not finite numbers"),
        (lambda checkpoint: checkpoint["state_dict"].pop("network.head.bias"), "of another version of ctl, or damaged"),
        (lambda checkpoint: checkpoint["ctl"]["identity"].update(method="../x"), "can't be the name of a method"),
        (lambda checkpoint: checkpoint["ctl"].update(identity=None), "of another version of ctl, or damaged"),
    ],
)
def test_files_that_others_spoilt(family, tmp_path, change, message):
    path = changed(make_checkpoint(tmp_path, family, "bert"), change)
    with pytest.raises(CTLError, match=rf"last\.ckpt: .*{message}"):
        load_saved(path)
