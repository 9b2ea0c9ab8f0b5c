"""brat's texts with their entities beside them."""

import pytest
from reading import read, sentences

from ctl.data.reading.splits import read_split
from ctl.errors import CTLError


def test_brat(tmp_path):
    """Of entities in one another the longest is kept; what is no entity is left out; a folder holds many texts."""
    text = "In Oslo Oper Noor sang.\nIda"
    spans = "T1\tLOC 3 7\tOslo\nT2\tORG 3 12\tOslo Oper\nR1\tIn Arg1:T1\n#1\tNote T1\tx\nT9\tPER 24 26\tId\n"
    corpus = read(tmp_path, {".txt": text, ".ann": spans})
    assert [[tag for _, tag in sentence] for sentence in sentences(corpus)] == [
        ["O", "B-ORG", "I-ORG", "O", "O", "O"], ["B-PER"],
    ]  # fmt: skip
    assert corpus.notes == (
        "xx/train: 1 entities begin or end inside a word and are read as all of it",
        "xx/train: 1 entities overlap an earlier or longer one and are left out",
    )
    folder = tmp_path / "yy" / "train"
    folder.mkdir(parents=True)
    for name in ("b", "a"):
        (folder / f"{name}.txt").write_text(f"{name} Oslo")
        (folder / f"{name}.ann").write_text("T1\tLOC 2 6\tOslo\n")
    assert sentences(read_split("yy", "train", root=tmp_path)) == [
        [["a", "O"], ["Oslo", "B-LOC"]], [["b", "O"], ["Oslo", "B-LOC"]],
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["Ada B-PER", '[{"start": 0}]', "R1 In Arg1:T1", "0\tPER 0 3\tIda"])
def test_a_line_that_brat_does_not_write_is_named(tmp_path, line):
    """A file of another form would be read as one without entities."""
    others = "\nR1\tIn Arg1:T1 Arg2:T2\nE1\tGo:T1\nA1\tOld T1\nM1\tX T1\nN1\tReference T1 Wiki:1\tx\n"
    others += "*\tEquiv T1 T2\n#1\tNote T1\n"
    with pytest.raises(CTLError, match=r"train.ann:9: .* is no line of brat's"):
        read(tmp_path, {".txt": "Ida sang", ".ann": others + line})


def test_an_entity_over_the_end_of_a_sentence_is_two_and_in_parts_is_one(tmp_path):
    text = "Go on. Oslo\nBergen and Ida X Noor"
    spans = "T1\tLOC 7 18\tOslo Bergen\nT2\tPER 23 26;29 33\tIda Noor\n"
    corpus = read(tmp_path, {".txt": text, ".ann": spans})
    assert sentences(corpus)[1:] == [
        [["Oslo", "B-LOC"]],
        [["Bergen", "B-LOC"], ["and", "O"], ["Ida", "B-PER"], ["X", "I-PER"], ["Noor", "I-PER"]],
    ]
    assert len(corpus.notes) == 2


def test_gold_does_not_move_the_ends_of_sentences_or_words(tmp_path):
    text = "Dr. Ida lives in Oslo-Nord. No. 5 is hers."
    plain = read(tmp_path, {".txt": text, ".ann": ""}, tags=False)
    gold = read(tmp_path, {".txt": text, ".ann": "T1\tLOC 17 21\tOslo\nT2\tPER 26 33\t. No. 5\n"})
    assert plain.fingerprint == gold.fingerprint


def test_parts_are_noted_where_words_stand_between_them(tmp_path):
    """brat itself cuts an entity at the end of a line; BIO2 has no way to leave words out of an entity."""
    note = "xx/train: 1 entities are in several parts and are read from the first to the last, with the words between"
    cut = read(tmp_path, {".txt": "Ida\nNoor sang", ".ann": "T1\tPER 0 3;4 8\tIda Noor\n"})
    assert not any("parts" in line for line in cut.notes)
    parted = read(tmp_path, {".txt": "Ida and Noor Lie sang", ".ann": "T1\tPER 0 3;13 16\tIda Lie\n"})
    assert [tag for _, tag in sentences(parted)[0]] == ["B-PER", "I-PER", "I-PER", "I-PER", "O"]
    assert note in parted.notes
