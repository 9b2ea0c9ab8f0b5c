import pytest

from ctl.data.reading.form import USUAL, Form
from ctl.errors import CTLError
from ctl.importing.columns import read_columns


def read(tmp_path, text, form=USUAL):
    (tmp_path / "votes.conll").write_text(text)
    return read_columns(tmp_path / "votes.conll", form)


def test_every_column_of_tags_is_an_annotator(tmp_path):
    documents = read(tmp_path, "Ada\tB-PER\tO\nLovelace\tI-PER\tB-PER\n\nLondon\tB-LOC\tB-LOC\n.\tO\tO\n")
    assert [document.text for document in documents] == ["Ada Lovelace", "London ."]
    first, second = documents[0].opinions
    assert [(e.start, e.end, e.type) for e in first.entities] == [(0, 12, "PER")]
    assert [(e.start, e.end, e.type) for e in second.entities] == [(4, 12, "PER")]
    assert documents[1].place.endswith("votes.conll:4") and len(documents[1].opinions) == 2


def test_a_column_of_numbers_is_the_probability_of_the_tags(tmp_path):
    (document,) = read(tmp_path, "Ada B-PER 0.9\nsang O 0.75\n")
    (opinion,) = document.opinions
    assert opinion.sure == [0.9, 0.75] and opinion.words == [(0, 3), (4, 8)]


def test_numbers_before_the_tags_need_not_be_probabilities(tmp_path):
    (document,) = read(tmp_path, "Ada 7 B-PER\nsang 12 O\n")
    assert not document.opinions[0].sure


def test_one_column_alone_may_be_asked_for(tmp_path):
    (document,) = read(tmp_path, "Ada B-PER O\nsang O O\n", Form(tag_column=2))
    assert len(document.opinions) == 1 and len(document.opinions[0].entities) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Ada\nsang\n", "words alone, without a column of tags"),
        ("Ada B-PER O 0.5\nsang O O 0.5\n", "2 columns of tags and one of probabilities"),
        ("Ada NNP\nsang VBD\n", "votes.conll:1: unknown tag 'NNP'"),
        ("Ada B-PER 0.9\nsang O 87\n", "votes.conll:2: 87 is no probability, from 0 to 1"),
        ("Ada B-PER 1\nsang O nan\n", "votes.conll:2: nan is no probability"),
        ("", "no sentences"),
    ],
)
def test_what_is_no_prediction_is_refused(tmp_path, text, message):
    with pytest.raises(CTLError, match=message):
        read(tmp_path, text)
