"""Which columns of a file are words and which are tags, from its first lines."""

from pathlib import Path

import pytest
from reading import read, sentences

from ctl.data.reading.form import Form
from ctl.data.reading.layout import find_layout, is_marker, split
from ctl.errors import CTLError


def found(text, name="x.txt", form=None):
    lines = text.split("\n")
    return find_layout(Path(name), lines, form or Form(), lambda: iter(lines))


def test_lines_are_split_at_tabs_or_spaces():
    assert split("Ida Noor  B-PER") == ["Ida", "Noor", "B-PER"]
    assert split("Ida Noor\tB-PER \t") == ["Ida Noor", "B-PER"]
    assert split("") is None and split(" \t ") is None


@pytest.mark.parametrize("line", ["-DOCSTART- -X- O O", '"-DOCSTART-"', "0\t-DOCSTART-\tO", "#DOCSTART"])
def test_markers_of_documents(line):
    assert is_marker(split(line)) and not is_marker(["DOCSTARTED", "O"])


@pytest.mark.parametrize(
    ("text", "word", "tag", "indexed"),
    [
        ("Ida\nsang", 0, None, False),
        ("Ida N B-PER\nsang V O", 0, 2, False),
        ("1 Ida B-PER\n2 sang O", 1, 2, True),
        ("3 Ida B-PER\n5 sang O", 0, 2, False),  # numbers that do not count are words
    ],
)
def test_columns(text, word, tag, indexed):
    layout = found(text)
    assert (layout.word, layout.tag, layout.indexed) == (word, tag, indexed)


def test_comments_alone_have_no_layout():
    assert found("\n\n") is None
    assert not found("#\t\0", "x.bio").indexed


def test_an_unknown_column_is_named(tmp_path):
    with pytest.raises(CTLError, match=r"no column 'Gold' \(data.tag_column\); its columns are Word, Tag"):
        read(tmp_path, {".csv": "Word,Tag\nIda,B-PER\n"}, Form(word_column="Word", tag_column="Gold"))
    with pytest.raises(CTLError, match="columns count from 1"):
        read(tmp_path, {".csv": "Ida,B-PER\n"}, Form(word_column=0))


IDA_SANG_OSLO = [["Ida", "B-PER"], ["Lie", "I-PER"], ["sang", "O"]]
NAMES = "# global.columns = ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS MISC"


def conllu(*rest, head=""):
    """A sentence of three words in CoNLL-U, with this in the tenth column and after it."""
    rows = zip((1, 2, 3), ("Ida", "Lie", "sang"), rest, strict=True)
    lines = (f"{n}\t{word}\t_\tX\t_\t_\t0\tx\t_\t{end}" for n, word, end in rows)
    return "\n".join([*([head] if head else []), *lines])


@pytest.mark.parametrize("text", [
    conllu("NER=B-PER", "NER=I-PER|SpaceAfter=No", "_"),
    conllu("NamedEntity=B-PER", "NamedEntity=I-PER", "_"),
    conllu("Entity=B-PER", "Entity=I-PER", "Entity=O"),
    conllu("B-PER", "I-PER", "_"),
    conllu("_\tB-PER", "_\tI-PER", "_\tO"),
    conllu("_\tB-PER", "_\tI-PER", "_\t_", head=NAMES),
    conllu("_\t9\tB-PER", "_\t9\tI-PER", "_\t9\tO", head=f"{NAMES} LINK PARSEME:NE"),
    conllu("NER=B-PER\t9", "NER=I-PER\t9", "_\t9", head=f"{NAMES} LINK"),
    "# global.columns = ID FORM NER UPOS\n1\tIda\tB-PER\tX\n2\tLie\tI-PER\tX\n3\tsang\tO\tX",
])  # fmt: skip
@pytest.mark.parametrize("ending", [".conllu", ".conllup"])
def test_tags_of_conllu_are_named_or_have_a_column(tmp_path, text, ending):
    assert sentences(read(tmp_path, {ending: f"{text}\n"})) == [IDA_SANG_OSLO]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (conllu("Entity=(person", "Entity=person)", "_"), r"'Entity=\(person': entities in brackets .* NER=B-PER"),
        (conllu("_\t*", "_\t*", "_\t*"), "which of its 11 columns holds the tags\\? --data.tag_column says it"),
        (conllu("_\t1:PER", "_\t1", "_\t*", head=f"{NAMES} PARSEME:NE"), "unknown tag"),
    ],
)
def test_conllu_whose_tags_are_not_clear_is_no_raw_text(tmp_path, text, message):
    with pytest.raises(CTLError, match=message):
        read(tmp_path, {".conllu": text})
    assert len(read(tmp_path, {".conllu": text}, tags=False)) == 1


def test_conllu_without_tags_is_raw_text(tmp_path):
    for text in (conllu("_", "SpaceAfter=No", "_"), conllu("_\t9", "_\t9", "_\t9", head=f"{NAMES} LINK")):
        assert read(tmp_path, {".conllu": text}).tags is None
