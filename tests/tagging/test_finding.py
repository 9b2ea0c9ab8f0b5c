"""Finding the model that a path means."""

import sys

import pytest

from ctl.errors import CTLError
from ctl.main import main
from ctl.tagging.finding import find_model


def test_which_model_a_transfer_means(trained_run):
    assert find_model(trained_run, "direct:a2") == trained_run / "teachers" / "a2" / "checkpoints" / "best.ckpt"
    assert find_model(trained_run).is_relative_to(trained_run / "students" / "learned")


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


def test_a_misspelt_model_or_method_is_told_before_anything_is_loaded(trained_run, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ctl.tagging.text_tagger", None)
    monkeypatch.setitem(sys.modules, "ctl.export.write", None)
    for model, message in (
        (["--model", str(trained_run / "nothing")], "no such run"),
        (["--model", str(trained_run), "--method", "student:lerned"], "no model student:lerned; there is direct:a2"),
    ):
        for command in (["tag", *model], ["export", *model, str(tmp_path / "out")]):
            assert main(command) == 2 and message in capsys.readouterr().err
