import pytest

from ctl.data.reading.form import Form
from ctl.data.reading.plain import LONGEST, read_plain, text_files
from ctl.data.reading.splits import find_split, read_split
from ctl.errors import CTLError, NoGoldError
from ctl.tagging.texts import Text


def sentences(corpus):
    return [" ".join(words) for words in corpus.sentences()]


def test_text_is_cut_as_the_tagger_cuts_it(tmp_path):
    line = "Dr. Ada Lovelace lived in London. She wrote it in 1843!"
    (tmp_path / "a.txt").write_text(f"{line}\n\nno full stop here\nBerlin's wall\r\n")
    corpus = read_plain(tmp_path / "a.txt", "en/train")
    assert sentences(corpus) == [
        "Dr. Ada Lovelace lived in London .", "She wrote it in 1843 !", "no full stop here", "Berlin 's wall",
    ]  # fmt: skip
    assert corpus.tags is None and corpus.offsets.tolist() == [0, 7, 13, 17, 20]
    tagger = [" ".join(line[begin:end] for begin, end in sentence) for sentence in Text.raw(line).places]
    assert sentences(corpus)[:2] == tagger


def test_a_folder_is_all_its_text(tmp_path):
    for name in ("b/2.text", "a.text", "test.text", ".hidden/x.text", "train.txt", "notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{name[0]} one. Two.\n")
    assert [str(path.relative_to(tmp_path)) for path in text_files(tmp_path)] == ["a.text", "b/2.text"]
    assert sentences(read_plain(tmp_path, "x/train")) == ["a one .", "Two .", "b one .", "Two ."]
    (tmp_path / "a.text").unlink()
    (tmp_path / "b/2.text").unlink()
    assert [path.name for path in text_files(tmp_path)] == ["train.txt"]


def test_plain_text_is_a_train_split(tmp_path):
    folder = tmp_path / "de"
    folder.mkdir()
    (folder / "news.text").write_text("Anna wohnt in Bonn. Otto nicht.")
    assert find_split(tmp_path, "de", "train") == folder
    assert sentences(read_split("de", "train", root=tmp_path, tags=False)) == ["Anna wohnt in Bonn .", "Otto nicht ."]
    with pytest.raises(NoGoldError, match="no test split"):
        read_split("de", "test", root=tmp_path)
    (folder / "train.text").write_text("Nur dies.")
    assert sentences(read_split("de", "train", root=tmp_path)) == ["Nur dies ."]
    (folder / "train.txt").write_text("Bonn B-LOC\n")
    with pytest.raises(CTLError, match=r"which is the train split\? train.txt, train.text"):
        read_split("de", "train", root=tmp_path)


def test_text_that_is_named_goes_before_a_train_split_without_tags(tmp_path):
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "train.txt").write_text("Bonn B-LOC\n")
    (tmp_path / "mine.txt").write_text("Dies hier.")
    (tmp_path / "mine.jsonl").write_text('{"text": "Und das."}\n')
    named = {"de": str(tmp_path / "mine.txt")}
    assert sentences(read_split("de", "train", root=tmp_path, tags=False, plain=named)) == ["Dies hier ."]
    assert sentences(read_split("de", "train", root=tmp_path, plain=named)) == ["Bonn"]
    other = {"de": str(tmp_path / "mine.jsonl")}
    assert sentences(read_split("de", "train", root=tmp_path, tags=False, plain=other)) == ["Und das ."]


def test_test_sentences_that_stand_in_the_text_are_left_out(tmp_path):
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "test.txt").write_text("Dies O\nhier O\n. O\n\nBonn B-LOC\n")
    (tmp_path / "mine.txt").write_text("Dies hier.")
    named = {"de": str(tmp_path / "mine.txt")}
    assert sentences(read_split("de", "test", root=tmp_path, plain=named, drop_test_duplicates=True)) == ["Bonn"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no sentences"),
        (b" \n\n\t\n", "no sentences"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff", "a binary file and no text"),
        (b"Anna\0 wohnt hier", ":1: a nul character"),
        ("Anna wohnt in Köln.".encode("latin-1"), ":1: not utf-8 .byte 15.; if it is, say, latin-1: --data.encoding"),
        ("Anna wohnt in Köln.".encode("utf-16"), "--data.encoding utf-16"),
        (b"Ja.\n" + b"x" * (1 << 20), f":2: a word of {1 << 20:,} characters .'xxxx"),
        (b"Anna B-PER\nwohnt O\nin O\nBonn B-LOC\n", "this is CoNLL and no plain text"),
    ],
)
def test_what_is_no_text_is_refused_in_one_line(tmp_path, content, message):
    path = tmp_path / "train.text"
    path.write_bytes(content)
    with pytest.raises(CTLError, match=message) as error:
        read_plain(path, "de/train")
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_folder_without_text_is_refused(tmp_path):
    with pytest.raises(CTLError, match=r"no text in this folder; files of text end in \.text or \.txt"):
        read_plain(tmp_path, "de/train")
    with pytest.raises(CTLError, match="no such file or folder of text"):
        read_plain(tmp_path / "nowhere", "de/train")


def test_a_line_of_a_megabyte_is_read_in_time_that_is_linear(tmp_path):
    path = tmp_path / "train.text"
    path.write_text("Anna wohnt in Bonn. " * (1 << 20 >> 5))
    assert len(read_plain(path, "de/train")) == 1 << 20 >> 5
    path.write_text("ein Wort und noch eines " * (1 << 10))
    corpus = read_plain(path, "de/train")
    assert len(corpus) == 1 and "is there no mark at the end of sentences?" in corpus.notes[0]
    assert LONGEST < 1 << 20


def test_another_encoding_is_read_when_it_is_named(tmp_path):
    (tmp_path / "a.text").write_bytes("Köln liegt am Rhein.".encode("latin-1"))
    assert read_plain(tmp_path, "de/train", Form("latin-1")).words[0] == "Köln"
