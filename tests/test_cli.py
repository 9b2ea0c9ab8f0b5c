"""What the commands of one stage refuse, and what they still read."""

import csv
from importlib import import_module

import pytest
import yaml
from faults import fit, said
from filelock import FileLock

from ctl.cli import told_where_removed
from ctl.errors import CTLError
from ctl.main import main
from ctl.system.parsing.class_paths import MOVED, renamed


def test_a_second_run_in_the_same_folder_is_refused(family, tmp_path, capsys):
    with FileLock(tmp_path / ".fit.lock"):
        assert main(fit(family, tmp_path)) == 2
    assert "another `ctl fit` writes there" in said(capsys)


def test_a_folder_that_can_not_be_written_to(family, tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    assert main(fit(family, tmp_path / "file" / "run")) == 2
    assert "file" in said(capsys) and (tmp_path / "file").read_text() == "not a folder"


def test_class_paths_of_the_version_before_are_read(family, tmp_path, capsys):
    """A fit's configuration that names a callback by its old path: it is read, and saved under the new one."""
    keep = {"dirpath": str(tmp_path), "save_last": True, "save_top_k": 0}
    old = {"class_path": "ctl.checkpoints.SaveLast", "init_args": {"minutes": 5}}
    callbacks = [{"class_path": "ModelCheckpoint", "init_args": keep}, old]
    (tmp_path / "old.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": callbacks}}))
    arguments = [part for part in fit(family, tmp_path) if not part.startswith("[{")]
    arguments.remove("--trainer.callbacks")
    assert main([*arguments, "--config", str(tmp_path / "old.yaml"), "--trainer.fast_dev_run", "1"]) == 0
    assert "ctl.checkpoints.SaveLast is now ctl.callbacks.saving.SaveLast" in capsys.readouterr().err


def test_every_class_that_has_moved_is_where_it_is_said_to_be():
    for old, new in MOVED.items():
        module, _, name = new.rpartition(".")
        assert getattr(import_module(module), name).__name__ == old.rpartition(".")[2]
    assert renamed({"a": ["ctl.remote.Endpoint", 1], "b": "x"}) == {
        "a": ["ctl.llm.remote.endpoint.Endpoint", 1],
        "b": "x",
    }


def test_a_folder_that_was_removed_is_told_in_one_line(tmp_path):
    """Lightning writes its log when it is stopped, where there may be no folder any more."""
    removed = pytest.raises(CTLError, match=r"run/logs: this folder was removed while `ctl fit` wrote there")
    with removed, told_where_removed(tmp_path / "run", "fit"):
        (tmp_path / "run" / "logs" / "metrics.csv").open("a")
    for other in (tmp_path / "elsewhere" / "x", tmp_path / "x"):
        with pytest.raises(FileNotFoundError), told_where_removed(tmp_path / "run", "fit"):
            other.open()


def test_a_run_has_a_folder_and_keeps_it_to_itself(family, tmp_path, capsys):
    """Its checkpoints are there without being told so; a fit of ten steps has a curve; another run is refused."""
    keep = "[{class_path: ModelCheckpoint, init_args: {filename: best, save_on_train_epoch_end: true}}]"
    one = tmp_path / "one"
    arguments = [keep if part.startswith("[{") else part for part in fit(family, one, "--data.batch_size", "8")]
    arguments += ["--trainer.max_steps", "10"]
    assert main(arguments) == 0
    assert capsys.readouterr().err.endswith(f"written: {one}/checkpoints/best.ckpt\n")
    with (one / "logs" / "fit" / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["train/loss"]]
    assert len(rows) == 10 and all(float(row["train/lr"]) > 0 for row in rows)
    before = (one / "checkpoints" / "best.ckpt").read_bytes()
    assert main([*arguments, "--data.sources", "[a3]"]) == 2
    assert 'data.sources is ["a2"] there and ["a3"] here' in said(capsys)
    assert (one / "checkpoints" / "best.ckpt").read_bytes() == before
    assert yaml.safe_load((one / "config.fit.yaml").read_text())["overwrite"] is False
