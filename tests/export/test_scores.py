"""What int8 costs is measured on the test split of the run, where that is there."""

import shutil

import pytest

from ctl.errors import CTLError
from ctl.export.check import Compared
from ctl.export.scores import gold, score, scored
from ctl.results import read_records
from ctl.tagging.text_tagger import load_tagger


def test_the_score_is_the_one_in_the_record(trained_run, test_split):
    tagger = load_tagger(trained_run, device="cpu", precision="32")
    (record,) = read_records(trained_run / "students" / "learned" / "results.json")
    corpus = gold(tagger.trained)
    assert list(corpus.words) == list(test_split.words)
    assert score(tagger, corpus) == pytest.approx(record["f1"], abs=0.01)
    compared = scored(Compared(1, 1), tagger, tagger)
    assert compared.f1 == compared.original_f1 == score(tagger, corpus)
    assert f"F1 {compared.f1:.1f} on the test split ({compared.f1:.1f} as trained)" in str(compared)


def test_without_a_test_split_it_says_why(trained_run, tmp_path, capsys):
    shutil.copytree(trained_run / "students" / "learned" / "checkpoints", tmp_path / "run" / "checkpoints")
    tagger = load_tagger(tmp_path / "run", device="cpu", precision="32")
    assert scored(Compared(1, 1), tagger, tagger).f1 is None
    assert "there is no test split" in capsys.readouterr().err
    with pytest.raises(CTLError, match=r"has no config\.test\.yaml"):
        gold(tagger.trained)
