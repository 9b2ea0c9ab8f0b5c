"""``ctl export``: mistakes in one line, and nothing is written over."""

import os
import shutil

import pytest
from made_up_tagger import make_checkpoint

from ctl.main import main


def test_mistakes_are_said_in_one_line(family, tmp_path, capsys):
    path = make_checkpoint(tmp_path, family, "bert", pooling="mean")
    for arguments, told in {
        ("--model", str(tmp_path), str(tmp_path / "new")): "train with pooling `first`",
        ("--model", str(tmp_path), str(tmp_path)): "is there already",
        ("--model", str(tmp_path / "nowhere"), str(tmp_path / "new")): "no such run",
        ("--model", str(tmp_path / "broken.ckpt"), str(tmp_path / "new")): "damaged, cut short or no checkpoint",
    }.items():
        (tmp_path / "broken.ckpt").write_bytes(b"nothing")
        assert main(["export", *arguments]) == 2
        assert told in capsys.readouterr().err
        assert not (tmp_path / "new").exists()
    shutil.move(path.parent.parent / "backbone", tmp_path / "moved")
    assert main(["export", "--model", str(tmp_path), "--method", "x", str(tmp_path / "new")]) == 2


def test_an_upload_without_network_says_so_and_keeps_the_folder(family, tmp_path, capsys):
    make_checkpoint(tmp_path, family, "bert")
    arguments = ["--model", str(tmp_path), str(tmp_path / "exported"), "--push_to_hub", "nobody/nothing"]
    assert main(["export", *arguments]) == 2  # HF_HUB_OFFLINE is set
    assert "nobody/nothing: not uploaded" in capsys.readouterr().err
    assert (tmp_path / "exported" / "README.md").is_file()


@pytest.mark.parametrize("model", ["nothing", "results.json"])
def test_what_cannot_be_exported_leaves_no_folder(model, tmp_path, capsys):
    (tmp_path / "results.json").write_text("[]")
    assert main(["export", "--model", str(tmp_path / model), str(tmp_path / "new")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1 and not (tmp_path / "new").exists()


def test_an_export_that_disagrees_ends_with_one_and_leaves_nothing(family, tmp_path, capsys, monkeypatch):
    make_checkpoint(tmp_path, family, "bert")
    monkeypatch.setattr("ctl.export.check.TOLERANCE", -1.0)
    assert main(["export", "--model", str(tmp_path), str(tmp_path / "new")]) == 1
    assert "gives other probabilities than the model as trained" in capsys.readouterr().err
    assert not list(tmp_path.glob("*new*"))


def test_an_export_that_is_stopped_leaves_nothing(family, tmp_path, monkeypatch):
    make_checkpoint(tmp_path, family, "bert")

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ctl.export.write.compare_entities", stopped)
    assert main(["export", "--model", str(tmp_path), str(tmp_path / "new")]) == 130
    assert not list(tmp_path.glob("*new*"))


def test_others_can_read_an_export_if_the_umask_lets_them(family, tmp_path):
    make_checkpoint(tmp_path, family, "bert")
    before = os.umask(0o022)
    try:
        assert main(["export", "--model", str(tmp_path), str(tmp_path / "new")]) == 0
    finally:
        os.umask(before)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "new").iterdir()}
    assert set(modes.values()) == {"0o644"} and "model.safetensors" in modes
    assert oct((tmp_path / "new").stat().st_mode & 0o777) == "0o755"
    assert 'model="new"' in (tmp_path / "new" / "README.md").read_text()
