"""Files of the user are not written over; those of ctl are, also those of the version before."""

import json

import pytest
import yaml

from ctl.errors import CTLError
from ctl.results import markdown_table
from ctl.system.replacing import (
    ANSWER,
    MADE_BY,
    PAGE,
    REPORT,
    SCORES,
    SOFT_LABELS,
    SUMMARY,
    check_own,
    check_replaceable,
    differences,
)

PAGES = '<!doctype html>\n<meta charset="utf-8">\n<link rel="icon" href="data:,">\n<title>'


@pytest.mark.parametrize(
    ("mark", "text"),
    [
        (PAGE, f"{PAGES}Runs in x</title>"),
        (SOFT_LABELS, f"{PAGES}Soft labels of de/train</title>"),
        (REPORT, f"{SUMMARY}\n\n# Transfer to de from en\n"),
        (ANSWER, json.dumps({**MADE_BY, "title": "Transfer to de from en"}, indent=2)),
        (REPORT, "# Runs in runs\n"),
        (REPORT, "# How does it scale with the number of source languages? x\n"),
        (SCORES, markdown_table([])),
    ],
)
def test_own_files_are_replaced(tmp_path, mark, text):
    path = tmp_path / "file"
    check_replaceable(path, mark, "do something")
    path.write_text(text)
    check_replaceable(path, mark, "do something")


@pytest.mark.parametrize("mark", [PAGE, SOFT_LABELS, REPORT, SCORES, ANSWER])
@pytest.mark.parametrize("content", [b"", b"# My thesis\n", b"<html><title>Mine</title></html>", bytes(range(256))])
def test_files_of_the_user_are_refused(tmp_path, mark, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(CTLError, match="file: ctl did not write this file, so it is not replaced; move it away, or"):
        check_replaceable(path, mark, "do something")
    assert path.read_bytes() == content


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(CTLError, match="this is a folder"):
        check_replaceable(tmp_path, PAGE, "do something")


def test_differences_are_said():
    told = list(differences({"data.batch_size": 16, "same": 1}, {"data.batch_size": 32, "same": 1, "model.lr": 0.1}))
    assert told == ["data.batch_size is 16 there and 32 here", "model.lr is the default there and 0.1 here"]


def config(lr=0.1, checkpoint="a.ckpt", **data):
    model = {"class_path": "Teacher", "init_args": {"lr": lr}}
    return {"seed_everything": 1, "model": model, "data": {"sources": ("a2",), **data}, "ckpt_path": checkpoint}


@pytest.mark.parametrize(
    ("command", "now", "said"),
    [
        ("fit", config(), None),
        ("fit", config(checkpoint=None, num_workers=2, a_later_setting=1), None),
        ("fit", config(lr=0.2), "best.ckpt: from a run with other settings (model.lr is 0.1 there and 0.2 here)"),
        ("fit", config(sources=["a2", "a3"]), 'data.sources is ["a2"] there and ["a2", "a3"] here'),
        ("predict", config(checkpoint="b.ckpt"), "ckpt_path is a.ckpt there and b.ckpt here"),
        ("predict", config(predict_splits=["test"]), None),
    ],
)
def test_files_of_a_run_with_other_settings_stay(command, now, said, tmp_path):
    """Settings that only one of both has are of another version, and are not compared."""
    before = {**config(predict_splits=["train"], num_workers=0), "data": {"sources": ["a2"], "predict_splits": ["x"]}}
    (tmp_path / f"config.{command}.yaml").write_text(yaml.safe_dump(before))
    check_own(tmp_path, command, config(lr=0.3), [])
    if said is None:
        check_own(tmp_path, command, now, [tmp_path / "best.ckpt"])
    else:
        with pytest.raises(CTLError) as error:
            check_own(tmp_path, command, now, [tmp_path / "best.ckpt"])
        assert said in str(error.value) and "--trainer.default_root_dir, or add --overwrite true" in str(error.value)


def test_a_folder_whose_settings_are_not_known_is_not_refused(tmp_path):
    for text in (None, "- a list", "{", "\0"):
        if text:
            (tmp_path / "config.fit.yaml").write_text(text)
        check_own(tmp_path, "fit", config(), [tmp_path / "best.ckpt"])
