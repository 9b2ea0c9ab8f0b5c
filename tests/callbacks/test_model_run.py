"""The run of a folder's model, and the names of its files."""

import pytest

from ctl.callbacks.model_run import LONGEST, artifact_name, keep_id, run_id


def test_a_folder_keeps_its_run_until_it_is_trained_anew(tmp_path, monkeypatch):
    first = run_id(tmp_path, new=False)
    assert len(first) == 8 and run_id(tmp_path, new=False) != first  # nothing is kept yet
    keep_id(tmp_path, first)
    assert run_id(tmp_path, new=False) == first != run_id(tmp_path, new=True)
    monkeypatch.setenv("WANDB_RUN_ID", "of-sweep")
    assert run_id(tmp_path, new=True) == "of-sweep" and run_id(tmp_path, new=False) == first


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "run" / "teachers" / "en"
    (folder / "checkpoints").mkdir(parents=True)
    keep_id(tmp_path / "run", "whole")
    keep_id(folder, "ab12")
    return folder


def test_a_file_has_one_name_by_every_path(model, tmp_path, monkeypatch):
    name = "checkpoints-best.ckpt-ab12"
    assert artifact_name(model / "checkpoints" / "best.ckpt") == name
    monkeypatch.chdir(tmp_path / "run" / "teachers")
    assert artifact_name("../teachers/en/checkpoints/best.ckpt") == name
    (tmp_path / "link").symlink_to(tmp_path / "run")
    assert artifact_name(tmp_path / "link" / "teachers" / "en" / "checkpoints" / "best.ckpt") == name
    assert artifact_name(tmp_path / "run" / "language id" / "w.json") == "language-id-w.json-whole"


def test_what_no_run_wrote_has_no_name(tmp_path, model):
    assert artifact_name(tmp_path / "encoder") is None
    assert len(artifact_name(model / ("x" * 300))) == LONGEST
