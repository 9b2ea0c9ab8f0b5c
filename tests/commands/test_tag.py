"""``ctl tag``: files and pipes, forms of results, and mistakes in one line."""

import io
import json
import subprocess
import sys

import pytest

from ctl.commands.tag import as_conll, as_json, as_line
from ctl.data.reading.conll import read_conll
from ctl.main import main
from ctl.tagging.texts import Span, Tagged

COMMAND = [sys.executable, "-m", "ctl"]


@pytest.fixture
def tag(capsys, monkeypatch):
    """Runs ``ctl tag`` and gives the lines that it prints."""

    def run(*arguments, given=""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        assert main(["tag", "--device", "cpu", "--precision", "32", *map(str, arguments)]) == 0
        return capsys.readouterr().out.splitlines()

    return run


def test_files_and_pipes_give_the_same(tag, trained_run, family, test_split, tmp_path):
    file = family / "a1" / "test.txt"
    records = [json.loads(line) for line in tag("--model", trained_run, file, "--input", "conll", "--chunk", "7")]
    sentences = [test_split.sentence(index) for index in range(len(test_split))]
    assert [record["words"] for record in records] == sentences
    given = "".join(f"{' '.join(words)}\n" for words in sentences)
    piped = tag("--model", trained_run, "--input", "words", "-", given=given)
    assert [json.loads(line)["spans"] for line in piped] == [record["spans"] for record in records]
    columns = tag("--model", trained_run, "--input", "words", "--format", "conll", given=given)
    (tmp_path / "out.conll").write_text("\n".join(columns))
    again = read_conll(tmp_path / "out.conll", "out")
    assert again.words == test_split.words and not again.notes
    assert [line.split("\t")[1] for line in columns if line] == [t for record in records for t in record["tags"]]


def test_results_come_before_the_input_ends(trained_run):
    """A slow pipe is answered as its chunks are full."""
    command = [*COMMAND, "tag", "--model", str(trained_run), "--chunk", "1", "--device", "cpu"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for text in ("first", "", "third"):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["text"] == text
        process.stdin.close()
        assert process.wait() == 0


def test_a_reader_that_has_enough_is_no_error(trained_run, tmp_path):
    (tmp_path / "long.txt").write_text("a b c d e f g h\n" * 3000)
    command = (
        f"{' '.join(COMMAND)} tag --model {trained_run} --device cpu --chunk 100 {tmp_path / 'long.txt'} | head -n 1"
    )
    ended = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_bad_input_is_named(trained_run, capsys, tmp_path):
    for data, options, told in (
        (b"good\nb\xff\n", [], "bad.txt:2: not utf-8 (byte 1 of the line)"),
        (b"good", ["--encoding", "utf-99"], "--encoding 'utf-99' is unknown"),
        (b"good", ["--encoding", "utf-16"], "iconv"),
        (b"a O\nb\n\n", ["--input", "conll"], "bad.txt:2: 1 of 2 columns"),
        (b"good", ["--chunk", "0"], "--chunk"),
    ):
        (tmp_path / "bad.txt").write_bytes(data)
        assert main(["tag", "--model", str(trained_run), str(tmp_path / "bad.txt"), *options]) == 2
        assert told in capsys.readouterr().err
    assert main(["tag", "--model", str(trained_run), str(tmp_path / "no.txt")]) == 2
    assert "no such file" in capsys.readouterr().err


def tagged():
    text = "Ada Byron saw Bonn."
    spans = [Span("PER", "Ada Byron", 0, 9, 0, 2, 0.91234), Span("LOC", "Bonn", 14, 18, 3, 4, 0.5)]
    places = [(0, 3), (4, 9), (10, 13), (14, 18), (18, 19)]
    words, tags = [text[start:end] for start, end in places], ["B-PER", "I-PER", "O", "B-LOC", "O"]
    return Tagged(text, words, places, [0, 5], tags, None, spans)


def test_every_form_by_hand():
    result = tagged()
    line = as_line(result, ["PER", "ORG", "LOC"])
    assert line.plain == "[Ada Byron PER] saw [Bonn LOC]." and len(line.spans) == 4
    assert as_conll(result) == "Ada\tB-PER\nByron\tI-PER\nsaw\tO\nBonn\tB-LOC\n.\tO\n\n"
    assert list(as_json(result)) == ["text", "words", "places", "sentences", "tags", "spans"]
    assert as_json(result)["spans"][0] == {
        "type": "PER", "text": "Ada Byron", "start": 0, "end": 9, "first_word": 0, "end_word": 2, "confidence": 0.9123
    }  # fmt: skip
