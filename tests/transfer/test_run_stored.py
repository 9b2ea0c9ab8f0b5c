"""Stored labels as teachers: from a file of votes through `ctl import` and `ctl transfer` to a student."""

import json

import numpy as np
import pytest

from ctl.data.soft_labels import SoftLabelStore
from ctl.main import main


@pytest.fixture(scope="module")
def crowd(family, tmp_path_factory):
    """Votes on the first sentences of the target's text, imported."""
    folder = tmp_path_factory.mktemp("crowd")
    blocks = (family / "a1" / "train.txt").read_text().split("\n\n")[:8]
    (folder / "votes.conll").write_text("\n\n".join(blocks) + "\n")
    where = ["--data.root", str(family), "--data.limit", "20", "--language", "a1", "--as", "crowd"]
    assert main(["import", str(folder / "votes.conll"), *where, "--output", str(folder / "crowd")]) == 0
    return folder / "crowd"


def transfer(family, output, teachers, *more):
    return main([
        "transfer", "--backbone", str(family / "encoder"), "--data.root", str(family), "--data.limit", "20",
        "--target", "a1", "--teachers", teachers, "--teacher_steps", "2", "--student_steps", "2", "--validations", "1",
        "--trainer.accelerator", "cpu", "--trainer.precision", "32-true", "--output", str(output), *more,
    ])  # fmt: skip


def test_a_student_of_votes(family, crowd, tmp_path):
    both = f"{{crowd: {crowd}, again: {crowd / 'soft_labels' / 'train'}}}"
    assert transfer(family, tmp_path, both, "--methods", '["student:truth"]') == 0
    given, kept = (SoftLabelStore(home / "soft_labels" / "train") for home in (crowd, tmp_path / "teachers" / "crowd"))
    assert np.array_equal(given.probs, kept.probs) and np.array_equal(given.labelled, kept.labelled)
    assert 0 < given.labelled.mean() < 1 and kept.manifest["teacher"]["method"] == "direct:crowd"
    mixed = SoftLabelStore(tmp_path / "ensembles" / "truth" / "soft_labels" / "train")
    assert mixed.manifest["teacher"]["sources"] == ["crowd", "again"]
    (record,) = json.loads((tmp_path / "results.json").read_text())
    fit = record["provenance"]["taught_by"]["fits"]["direct:crowd"]
    assert (record["sources"], fit["imported"]["form"]) == (["crowd", "again"], "conll")


def test_labels_of_other_text_stop_the_run(family, crowd, tmp_path, capsys):
    assert transfer(family, tmp_path, f"{{crowd: {crowd}}}", "--data.limit", "10") == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert "--teachers crowd: " in line and "sentences is 20 in the store, 10 here" in line


def test_a_mixture_on_the_test_split_needs_labels_of_it(family, crowd, tmp_path, capsys):
    methods = ["--sources", "[a2]", "--methods", '["ensemble:uniform"]']
    assert transfer(family, tmp_path, f"{{crowd: {crowd}}}", *methods) == 2
    assert "method ensemble:uniform is scored on the test split, and " in capsys.readouterr().err
