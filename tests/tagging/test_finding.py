"""Finding the model that a path means."""

import sys

import pytest

from ctl.errors import CTLError
from ctl.main import main
from ctl.results import write_records
from ctl.tagging.finding import find_model

SCORED = {
    "sources": ["a2"], "target": "a1", "seed": 0, "split": "test", "f1": 1.0, "precision": 1.0, "recall": 1.0,
    "per_type": {}, "train_seconds": 1.0, "provenance": {}, "calibration": {},
}  # fmt: skip


@pytest.fixture
def transfer(tmp_path):
    """A transfer as far as its files go: empty checkpoints and records."""
    run, records = tmp_path / "transfer", []
    for stage, method in (("teachers/a2", "direct:a2"), ("pooled", "pooled"), ("students/uniform", "student:uniform")):
        put(run, f"{stage}/checkpoints/last.ckpt")
        records.append({"method": method, **SCORED})
        write_records(run / stage / "results.json", records[-1:])
    write_records(run / "results.json", records)
    return run


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")


def test_which_model_a_transfer_means(transfer):
    assert find_model(transfer, "direct:a2") == transfer / "teachers/a2/checkpoints/last.ckpt"
    assert find_model(transfer) == transfer / "students/uniform/checkpoints/last.ckpt"
    with pytest.raises(CTLError, match="no model student:lerned; there is direct:a2, pooled, student:uniform"):
        find_model(transfer, "student:lerned")


def test_what_a_path_means(tmp_path):
    """By its files alone, none of which is opened."""

    put(
        tmp_path,
        "fit/checkpoints/last.ckpt",
        "both/checkpoints/last.ckpt",
        "both/checkpoints/best.ckpt",
        "exported/config.json",
    )
    put(tmp_path, "exported/model.onnx")
    assert find_model(tmp_path / "fit") == tmp_path / "fit/checkpoints/last.ckpt"
    assert find_model(tmp_path / "both") == tmp_path / "both/checkpoints/best.ckpt"
    assert find_model(tmp_path / "exported") == tmp_path / "exported"
    assert find_model(tmp_path / "exported/model.onnx") == tmp_path / "exported/model.onnx"
    with pytest.raises(CTLError, match="no such run"):
        find_model(tmp_path / "nowhere")
    with pytest.raises(CTLError, match=r"no model here; looked for checkpoints/best\.ckpt"):
        find_model(tmp_path)


def test_a_misspelt_model_or_method_is_told_before_anything_is_loaded(transfer, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ctl.tagging.text_tagger", None)
    monkeypatch.setitem(sys.modules, "ctl.export.write", None)
    for model, message in (
        (["--model", str(transfer / "nothing")], "no such run"),
        (["--model", str(transfer), "--method", "student:lerned"], "no model student:lerned"),
    ):
        for command in (["tag", *model], ["export", *model, str(tmp_path / "out")]):
            assert main(command) == 2 and message in capsys.readouterr().err
