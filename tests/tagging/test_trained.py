"""Which model a path means, and checkpoints that are not to be trusted."""

import pytest

from ctl.errors import CTLError
from ctl.tagging.text_tagger import load_tagger
from ctl.tagging.trained import find_model


def test_which_model_a_run_means(trained_run):
    students = trained_run / "students"
    assert find_model(trained_run, "direct:a2") == trained_run / "teachers" / "a2" / "checkpoints" / "best.ckpt"
    assert find_model(trained_run).is_relative_to(students / "learned")
    assert load_tagger(students / "uniform").trained.method == "student:uniform"
    assert load_tagger(students / "uniform" / "checkpoints" / "last.ckpt").trained.method == "student:uniform"


@pytest.mark.parametrize(
    ("path", "method", "message"),
    [
        ("", "student:cosine", "there is direct:a2, direct:a3, student:uniform, student:learned"),
        ("teachers", None, "no model here"),
        ("nothing", None, "no such run"),
        ("language_id/checkpoints/last.ckpt", None, "not the checkpoint of a tagger but of LanguageId"),
        ("results.json", None, "damaged or cut short"),
    ],
)
def test_what_is_no_tagger_is_named(trained_run, path, method, message):
    with pytest.raises(CTLError, match=message):
        load_tagger(trained_run / path, method)


def test_a_checkpoint_runs_nothing_of_its_own(trained_run, tmp_path):
    """The class in a checkpoint is looked up among ctl's own and never imported."""
    import torch

    checkpoint = torch.load(trained_run / "students" / "uniform" / "checkpoints" / "last.ckpt", weights_only=True)
    checkpoint["hyper_parameters"] |= {"_class_path": "subprocess.Popen", "_instantiator": "os.system"}
    torch.save(checkpoint, tmp_path / "bad.ckpt")
    with pytest.raises(CTLError, match="not the checkpoint of a tagger but of Popen"):
        load_tagger(tmp_path / "bad.ckpt")


def test_a_checkpoint_of_another_version_is_named(trained_run, tmp_path):
    import torch

    checkpoint = torch.load(trained_run / "students" / "uniform" / "checkpoints" / "last.ckpt", weights_only=True)
    del checkpoint["state_dict"]["network.head.bias"]
    torch.save(checkpoint, tmp_path / "old.ckpt")
    with pytest.raises(CTLError, match=r"old\.ckpt: of another version of ctl, or damaged"):
        load_tagger(tmp_path / "old.ckpt")


def test_moved_backbones_are_pointed_at(trained_run, family, tmp_path):
    import torch

    checkpoint = torch.load(trained_run / "students" / "uniform" / "checkpoints" / "last.ckpt", weights_only=True)
    checkpoint["hyper_parameters"]["backbone"] = str(tmp_path / "gone")
    torch.save(checkpoint, tmp_path / "last.ckpt")
    with pytest.raises(CTLError, match="gone"):
        load_tagger(tmp_path / "last.ckpt")
    assert load_tagger(tmp_path / "last.ckpt", tokenizer=str(family / "encoder"))([["a"]])


def test_what_a_path_means(tmp_path):
    """By its files alone, none of which is opened."""

    def put(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("")

    put("fit/checkpoints/last.ckpt", "both/checkpoints/last.ckpt", "both/checkpoints/best.ckpt", "exported/config.json")
    put("exported/model.onnx")
    assert find_model(tmp_path / "fit") == tmp_path / "fit/checkpoints/last.ckpt"
    assert find_model(tmp_path / "both") == tmp_path / "both/checkpoints/best.ckpt"
    assert find_model(tmp_path / "exported") == tmp_path / "exported"
    assert find_model(tmp_path / "exported/model.onnx") == tmp_path / "exported/model.onnx"
    with pytest.raises(CTLError, match="no such run"):
        find_model(tmp_path / "nowhere")
    with pytest.raises(CTLError, match=r"no model here; looked for checkpoints/best\.ckpt"):
        find_model(tmp_path)
