"""Which model a path means, and checkpoints that are not to be trusted."""

import json
import shutil

import pytest

from ctl.errors import CTLError
from ctl.tagging.finding import find_model
from ctl.tagging.text_tagger import load_tagger
from ctl.tagging.trained import load_trained


def test_a_stage_and_its_checkpoint_are_one_model(trained_run):
    students = trained_run / "students"
    assert load_tagger(students / "uniform").trained.method == "student:uniform"
    assert load_tagger(students / "uniform" / "checkpoints" / "last.ckpt").trained.method == "student:uniform"


@pytest.mark.parametrize(
    ("path", "method", "message"),
    [
        ("", "student:cosine", "there is direct:a2, direct:a3, student:uniform, student:learned"),
        ("teachers", None, "no model here"),
        ("nothing", None, "no such run"),
        ("language_id/checkpoints/last.ckpt", None, "not the checkpoint of a tagger but of LanguageId"),
        ("results.json", None, "damaged, cut short or no checkpoint"),
    ],
)
def test_what_is_no_tagger_is_named(trained_run, path, method, message):
    with pytest.raises(CTLError, match=message):
        load_tagger(trained_run / path, method)


def test_a_checkpoint_runs_nothing_of_its_own(trained_run, tmp_path):
    """The class in a checkpoint is not asked for, or is looked up among ctl's own; it is never imported."""
    import torch

    checkpoint = torch.load(trained_run / "students" / "uniform" / "checkpoints" / "last.ckpt", weights_only=True)
    checkpoint["hyper_parameters"] |= {"_class_path": "subprocess.Popen", "_instantiator": "os.system"}
    torch.save(checkpoint, tmp_path / "bad.ckpt")
    assert load_trained(tmp_path / "bad.ckpt").method == "student:uniform"
    with pytest.raises(CTLError, match="not the checkpoint of a tagger but of Popen"):
        load_trained(tmp_path / "bad.ckpt", module=True)


def test_a_checkpoint_of_another_version_is_named(trained_run, tmp_path):
    import torch

    checkpoint = torch.load(trained_run / "students" / "uniform" / "checkpoints" / "last.ckpt", weights_only=True)
    del checkpoint["state_dict"]["network.head.bias"]
    torch.save(checkpoint, tmp_path / "old.ckpt")
    with pytest.raises(CTLError, match=r"old\.ckpt: of another version of ctl, or damaged"):
        load_tagger(tmp_path / "old.ckpt")


def without_tokenizer(run, checkpoint, **saved):
    """Makes a checkpoint as the version before left it: nothing is kept beside it."""
    import torch

    loaded = torch.load(run / "students" / "uniform" / "checkpoints" / "last.ckpt", weights_only=True)
    loaded["hyper_parameters"] |= saved
    loaded.pop("tokenizer")
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    torch.save(loaded, checkpoint)
    return checkpoint


def test_moved_backbones_are_pointed_at(trained_run, family, tmp_path):
    checkpoint = without_tokenizer(trained_run, tmp_path / "last.ckpt", backbone=str(tmp_path / "gone"))
    with pytest.raises(CTLError, match=r"no tokenizer \(backbone .*gone.*\); --tokenizer DIR says where it is now$"):
        load_tagger(checkpoint)
    assert load_tagger(checkpoint, tokenizer=str(family / "encoder"))([["a"]])


def test_a_run_keeps_its_tokenizer(trained_run, family, tmp_path):
    """A stage that was moved alone tags as before, though the backbone is gone."""
    import torch

    stage = tmp_path / "stage"
    shutil.copytree(trained_run / "students" / "uniform", stage)
    path = stage / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["hyper_parameters"]["backbone"] = "gone/backbone"
    torch.save(checkpoint, path)
    moved, before = load_tagger(stage), load_tagger(trained_run / "students" / "uniform")
    assert moved.trained.tokenizer == str(stage / "checkpoints" / "tokenizer")
    assert (moved([["a", "b"]])[0].probabilities == before([["a", "b"]])[0].probabilities).all()
    tokenizer = json.loads((stage / "checkpoints/tokenizer/tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    first, second = list(vocabulary)[-2:]
    vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    (stage / "checkpoints/tokenizer/tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(CTLError, match=r"not the tokenizer that .*last\.ckpt was trained with"):
        load_tagger(stage)
    assert load_tagger(stage, tokenizer=str(family / "encoder"))([["a"]])


def test_a_run_of_the_version_before_that_was_moved_with_its_backbone(trained_run, family, tmp_path):
    run = tmp_path / "now"
    shutil.copytree(family / "encoder", run / "pretrained" / "backbone")
    checkpoint = run / "students" / "uniform" / "checkpoints" / "last.ckpt"
    without_tokenizer(trained_run, checkpoint, backbone="runs/then/pretrained/backbone")
    assert load_tagger(checkpoint).trained.tokenizer == str(run / "pretrained" / "backbone")


def test_a_run_that_is_not_finished_is_named(trained_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(trained_run, run)
    (run / "results.json").unlink()
    with pytest.raises(CTLError, match=r"its `ctl transfer` is not finished \(no results\.json\)"):
        find_model(run)
    trained = load_tagger(run / "students" / "uniform").trained
    assert trained.unfinished() == ""
    trained.model.fit_record |= {"epochs": 1.5, "max_epochs": 3, "steps": 9, "max_steps": -1}
    assert trained.unfinished() == "it was trained for 1.5 of at most 3 epochs"
