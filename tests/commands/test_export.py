"""``ctl export``: mistakes in one line, and nothing is written over."""

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
        ("--model", str(tmp_path / "broken.ckpt"), str(tmp_path / "new")): "damaged or cut short",
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
