"""``ctl serve`` as a process: it answers as ``ctl tag`` does, and ends in order."""

import signal
import subprocess
import sys

import httpx
import pytest

from ctl.main import main
from ctl.tagging.outputs import as_json
from ctl.tagging.text_tagger import load_tagger

pytest.importorskip("uvicorn", reason="needs ctl[serve]")


def test_it_answers_as_the_tagger_does_until_it_is_stopped(trained_run, test_split):
    options = ["--model", str(trained_run), "--device", "cpu", "--precision", "32", "--port", "0"]
    texts = [test_split.sentence(0), " ".join(test_split.sentence(1)), "", "\x00\x1b[2J"]
    command = [sys.executable, "-m", "ctl", "serve", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = next(line for line in process.stderr if "serving at" in line)
            address = line.split(" at ")[1].split()[0]
            assert address.startswith("http://127.0.0.1:")
            results = httpx.post(f"{address}/tag", json={"texts": texts}, timeout=60).json()["results"]
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()  # or a test that fails would wait for ever
    assert (process.returncode, out) == (0, "") and "stopped; what was asked is answered" in err
    tagger = load_tagger(trained_run, device="cpu", precision="32")
    for result, tagged in zip(results, tagger(texts), strict=True):
        expected = as_json(tagged)
        assert [result[key] for key in ("text", "words", "tags")] == [
            expected[key] for key in ("text", "words", "tags")
        ]
        assert [span["type"] for span in result["spans"]] == [span.type for span in tagged.spans]


def test_mistakes_are_one_line(capsys, tmp_path):
    assert main(["serve", "--model", str(tmp_path / "none"), "--port", "0"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
