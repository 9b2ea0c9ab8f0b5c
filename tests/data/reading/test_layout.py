"""Which columns of a file are words and which are tags, from its first lines."""

from pathlib import Path

import pytest
from reading import read

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
