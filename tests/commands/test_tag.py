"""``ctl tag``: files and pipes, forms of results, and mistakes in one line."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from ctl.data.reading.conll import read_conll
from ctl.main import main

COMMAND = [sys.executable, "-m", "ctl"]
LIGHT = """
import sys
from ctl.main import main
status = main(sys.argv[1:])
sys.exit(status or len(sys.modules.keys() & {"lightning", "torchmetrics", "pandas", "statsmodels", "datasets"}))
"""  # what training and reports need, and tagging does not


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
    """A slow pipe is answered as its chunks are full, and nothing is loaded that only training needs."""
    command = [sys.executable, "-c", LIGHT, "tag", "--model", str(trained_run), "--chunk", "1", "--device", "cpu"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for text in ("first", "", "third"):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["text"] == text
        process.stdin.close()
        assert process.wait() == 0


def test_a_reader_that_has_enough_is_no_error(trained_run, tmp_path):
    (tmp_path / "long.txt").write_text("a b c d e f g h\n" * 3000)
    options = "--device cpu --chunk 100 --format pretty"
    command = f"{' '.join(COMMAND)} tag --model {trained_run} {options} {tmp_path / 'long.txt'} | head -n 1"
    ended = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, check=False)
    assert ended.returncode == 0 and ended.stderr.count(b"\n") == 1 and b"tags (" in ended.stderr


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


def test_its_own_conll_is_known_by_its_lines(tag, trained_run, test_split, tmp_path, capsys):
    words = [test_split.sentence(index) for index in range(5)]
    (tmp_path / "in.txt").write_text("".join(f"{' '.join(sentence)}\n" for sentence in words))
    columns = tag("--model", trained_run, "--input", "words", "--format", "conll", tmp_path / "in.txt")
    (tmp_path / "out.txt").write_text("\n".join(columns) + "\n")
    records = [json.loads(line) for line in tag("--model", trained_run, tmp_path / "out.txt")]
    assert [record["words"] for record in records] == words


def test_it_says_which_model_tags(trained_run, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert main(["tag", "--model", str(trained_run), "--device", "cpu"]) == 0
    told = capsys.readouterr().err
    assert "ctl: student:learned tags (" in told and "students/learned/checkpoints/last.ckpt, F1 " in told
    stage = tmp_path / "stage"
    shutil.copytree(trained_run / "students" / "learned", stage)
    (stage / "fit.json").unlink()
    assert main(["tag", "--model", str(stage), "--device", "cpu"]) == 0
    assert "may not be finished: `ctl transfer` was stopped before" in capsys.readouterr().err


def test_pipes_have_names(tag, trained_run, tmp_path):
    """As ``<(...)`` gives one, and ``/dev/stdin``."""
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("Anna\nBerlin\n",))
    writer.start()
    assert [json.loads(line)["text"] for line in tag("--model", trained_run, tmp_path / "pipe")] == ["Anna", "Berlin"]
    writer.join()


@pytest.mark.parametrize("name", ["stdin", "stdout"])
def test_closed_streams(trained_run, monkeypatch, capsys, name):
    monkeypatch.setattr(sys, name, None)
    assert main(["tag", "--model", str(trained_run)]) == 2
    told = {"stdin": "standard input is closed", "stdout": "standard output is closed"}
    assert told[name] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("encoding", "form", "told"),
    [("latin-1", "jsonl", b'"M\\u00fcller \\u5317"'), ("latin-1", "conll", b"\n\\u5317\t"),
     ("ascii", "pretty", b"M\\xfcller")],
)  # fmt: skip
def test_outputs_of_other_encodings(trained_run, monkeypatch, encoding, form, told):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Müller 北\n".encode())))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    assert main(["tag", "--model", str(trained_run), "--format", form, "--device", "cpu"]) == 0
    sys.stdout.flush()
    assert told in written.getvalue()


def test_a_pipe_that_stalls_is_answered(trained_run):
    """Nobody has to fill a chunk, and what was read is not lost when the command is stopped."""
    command = [*COMMAND, "tag", "--model", str(trained_run), "--device", "cpu"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(b"Anna\nBerlin\n")
        process.stdin.flush()
        assert [json.loads(process.stdout.readline())["text"] for _ in range(2)] == ["Anna", "Berlin"]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert b"ctl transfer" not in process.stderr.read()
