import numpy as np
import pytest

from ctl.data.corpus import Corpus
from ctl.data.reading.form import USUAL
from ctl.errors import CTLError
from ctl.importing.gazetteer import find_names, read_gazetteer

WORDS = ["New", "York", "City", "is", "not", "New", "York", ",", "Ada"]
CORPUS = Corpus("en/train", WORDS, np.array([0, 4, 9]))


def test_the_longest_name_is_taken_and_none_goes_over_a_sentence(tmp_path):
    path = tmp_path / "names.tsv"
    path.write_text("# cities\nNew York\tLOC\nNew York City\tLOC\nAda\tPER\nAda\tORG\nis not\tLOC\n")
    names = read_gazetteer(path, USUAL)
    assert names[("Ada",)] == ["PER", "ORG"] and len(names) == 4
    assert list(find_names(CORPUS, names)) == [(0, 3, ["LOC"]), (5, 7, ["LOC"]), (8, 9, ["PER", "ORG"])]


def test_patterns_of_spacy(tmp_path):
    path = tmp_path / "patterns.jsonl"
    path.write_text('{"label": "LOC", "pattern": "New York"}\n{"label": "PER", "pattern": [{"ORTH": "Ada"}]}\n')
    assert read_gazetteer(path, USUAL) == {("New", "York"): ["LOC"], ("Ada",): ["PER"]}
    path.write_text('{"label": "LOC", "pattern": [{"LOWER": "new"}]}\n')
    with pytest.raises(CTLError, match=r"patterns.jsonl:1: a pattern of .*only words as they are written"):
        read_gazetteer(path, USUAL)


@pytest.mark.parametrize(
    ("line", "message"),
    [("Ada", ":2: 1 columns"), ("Ada\tPER\tx", ":2: 3 columns"), (" \tPER", ":2: "), ("Ada PER", ":2: 2 columns")],
)
def test_a_line_that_is_no_name_is_named(tmp_path, line, message):
    path = tmp_path / "names.tsv"
    path.write_text(f"New York\tLOC\n{line}\n")
    with pytest.raises(CTLError, match=message):
        read_gazetteer(path, USUAL)
