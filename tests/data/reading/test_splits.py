from pathlib import Path

import pytest

from ctl.data.reading.splits import find_split, read_split
from ctl.errors import CTLError

WIKIANN = Path(__file__).parents[4] / "shared/data/wikiann"


def test_splits_are_found_by_their_usual_names(tmp_path):
    (tmp_path / "de").mkdir()
    for name in ("train.conll", "testa.txt", "testb.iob2"):
        (tmp_path / "de" / name).write_text("Bonn B-LOC\n")
    names = [find_split(tmp_path, "de", split).name for split in ("train", "validation", "test")]
    assert names == ["train.conll", "testa.txt", "testb.iob2"]


def test_missing_input_says_what_there_is(tmp_path):
    with pytest.raises(CTLError, match="where is de"):
        read_split("de", "train", root=None)
    with pytest.raises(CTLError, match="no such folder"):
        read_split("de", "train", root=tmp_path / "nowhere")
    (tmp_path / "nl").mkdir()
    with pytest.raises(CTLError, match=r"unknown language nll: .* has nl; did you mean nl\?"):
        read_split("nll", "train", root=tmp_path)
    (tmp_path / "nl" / "test.txt").write_text("Bonn B-LOC\n")
    with pytest.raises(CTLError, match=r"no train split \(such as train.txt\); there is test.txt"):
        read_split("nl", "train", root=tmp_path)
    (tmp_path / "nl" / "test.conll").write_text("Bonn B-LOC\n")
    with pytest.raises(CTLError, match="which is the test split"):
        read_split("nl", "test", root=tmp_path)


def test_a_file_that_changed_is_read_again(tmp_path):
    (tmp_path / "nl").mkdir()
    path = tmp_path / "nl" / "test.txt"
    path.write_text("Bonn B-LOC\n")
    assert read_split("nl", "test", root=tmp_path) is read_split("nl", "test", root=tmp_path)
    path.write_text("Basel B-LOC\n")
    assert read_split("nl", "test", root=tmp_path).words == ["Basel"]


@pytest.mark.skipif(not WIKIANN.is_dir(), reason="the WikiANN files are not here")
def test_wikiann():
    corpus = read_split("de", "test", root=WIKIANN)
    assert len(corpus) == 10_000 and corpus.schema.types == ("LOC", "ORG", "PER") and not corpus.notes
