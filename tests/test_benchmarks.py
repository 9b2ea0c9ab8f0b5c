"""Benchmarks that need what is not here run in miniature, so that they work where it is."""

import importlib
from pathlib import Path

HERE = Path(__file__).parent / "benchmarks"


def test_the_benchmark_of_a_gpu_runs_without_one(family, capsys, monkeypatch):
    monkeypatch.syspath_prepend(HERE)  # scripts import one another
    rows = importlib.import_module("gpu").main(
        ["--tiny", "--root", str(family), "--tokenizer", str(family / "encoder")]
    )
    assert {what for _, what, *cells in rows if "could not" in cells[0]} == {
        "training, flash_attention_2", "adapters, 4-bit base",
    }  # fmt: skip
    scores, *measured = [row for row in rows if "could not" not in row[2]]
    assert scores[3] == "equal"
    assert all(float(words.replace(",", "")) > 0 and share.endswith(" %") for _, _, words, share, _ in measured)
    assert {model for model, *_ in measured} == {"xlmr-base", "Qwen3-0.6B"}
    assert "could not: base 4bit needs an NVIDIA GPU" in capsys.readouterr().out
