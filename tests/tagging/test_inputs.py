"""Files and pipes as texts, in every form and encoding."""

import io

import pytest

from ctl.data.reading.conll import read_conll
from ctl.errors import CTLError
from ctl.tagging.inputs import decode_lines, read_texts


def test_lines_of_any_kind_are_read():
    assert list(decode_lines(io.BytesIO(b"\xef\xbb\xbfa\r\n\nb"), "x", "utf8")) == ["a", "", "b"]
    assert list(decode_lines(io.BytesIO("Österreich".encode("latin-1")), "x", "latin-1")) == ["Österreich"]


@pytest.mark.parametrize(
    ("data", "encoding", "told"),
    [
        (b"good\nb\xff\n", "utf-8", r"x:2: not utf-8 \(byte 1 of the line\)"),
        ("a".encode("utf-16"), "utf-8", r"x:1: not utf-8 .*: --encoding utf-16"),
        (b"\x93a\x94", "utf-8", r"x:1: not utf-8 .*: --encoding windows-1252"),
        (b"good", "utf-99", "--encoding 'utf-99' is unknown"),
        (b"good", "utf-16", "iconv"),
    ],
)
def test_lines_that_cannot_be_read_are_named(data, encoding, told):
    with pytest.raises(CTLError, match=told):
        list(decode_lines(io.BytesIO(data), "x", encoding))


def test_conll_is_streamed_as_it_is_read_whole(tmp_path):
    for text in (
        "-DOCSTART- -X- O\n\nen:a O\nen:b B-PER\n\n\n\nen:c O",
        "# text = x\n1\ta\tO\n2-3\tbc\tO\n2\tb\tO\n\n1\tc\tO\n",
        "a\r\nb\r\n\r\nc\r\n",
    ):
        path = tmp_path / "x.conllu"
        path.write_text(text, newline="")
        whole, streamed = read_conll(path, "x"), list(read_texts(str(path)))
        assert " ".join(part.text for part in streamed) == " ".join(whole.words)
        assert len(streamed) == len(whole)


def test_the_form_of_a_file_is_known_by_its_name(tmp_path):
    for name, count in (("x.conll", 1), ("x.txt", 2)):
        (tmp_path / name).write_text("Anna\nsings\n")
        assert len(list(read_texts(str(tmp_path / name)))) == count


def test_words_are_what_stands_between_spaces(tmp_path):
    (tmp_path / "x.txt").write_text("Anna  lives.\n\n")
    first, empty = read_texts(str(tmp_path / "x.txt"), "words")
    assert [first.text[start:end] for start, end in first.places[0]] == ["Anna", "lives."]
    assert (empty.text, empty.places) == ("", [])


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Anna\tB-PER\nsings\tO\n.\tO\n\n", 1),
        ("-DOCSTART- -X- O O\n\n# id 1\nAnna NNP B-NP B-PER\nsings VBZ B-VP O\n. . O O\n", 1),
        ("Anna sings .\nBerlin is big .\nThe vitamin C\n", 3),
        ("Blood group O\n", 1),
    ],
)
def test_the_form_of_a_text_file_is_known_by_its_lines(tmp_path, text, count):
    (tmp_path / "x.txt").write_text(text)
    texts = list(read_texts(str(tmp_path / "x.txt")))
    assert sum(bool(each.places) for each in texts) == count
    assert len(list(read_texts(str(tmp_path / "x.txt"), "raw"))) == text.count("\n")


def test_words_a_line_are_warned_about(tmp_path, capsys):
    (tmp_path / "words.txt").write_text("a\nb\nc\nd\ne\n\nf\ng\nh\ni\nj\n")
    assert len(list(read_texts(str(tmp_path / "words.txt")))) == 11
    assert "words.txt: a word a line is read as running text; if it is CoNLL: --input conll" in capsys.readouterr().err
