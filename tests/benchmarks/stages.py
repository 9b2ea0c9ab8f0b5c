"""What the stages of a transfer cost beside their steps: seconds of the processor, and gigabytes written and read.

Makes an encoder of XLM-R base's shape with random weights (278 million) beside a tokenizer of its vocabulary, trains a
teacher on it for a few steps, and scores it, as `ctl transfer` does.

    python tests/benchmarks/stages.py --tokenizer ../shared/tokenizers/xlm-r --data ../shared/data/wikiann
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import lightning.pytorch.loops.optimization.automatic as automatic
from shapes import write_model

from ctl.backbones.loading import load_tokenizer
from ctl.main import main
from ctl.system.console import markdown
from ctl.transfer import outputs
from ctl.transfer.stage import Stage

COLUMNS = ["stage", "CPU s", "of its steps", "beside them", "GB written", "GB hashed", "GB checked"]
spent = dict.fromkeys(("steps", "written", "hashed", "checked"), 0.0)


def timed(step: Any) -> Any:
    """Counts the processor's seconds of a step: forward, backward and the optimiser."""

    def run(*args: Any, **kwargs: Any) -> Any:
        began = time.process_time()
        result = step(*args, **kwargs)
        spent["steps"] += time.process_time() - began
        return result

    return run


def counted(name: str, read: Any, path_of: Any) -> Any:
    """Counts the gigabytes of files that a function reads."""

    def run(subject: Any, *args: Any) -> Any:
        spent[name] += Path(path_of(subject)).stat().st_size / 1e9
        return read(subject, *args)

    return run


def put(replace: Any) -> Any:
    """Counts the gigabytes of checkpoints that take their place; a link to one that has it is not written."""

    def run(source: Any, target: Any) -> None:
        if str(target).endswith(".ckpt") and Path(source).stat().st_nlink == 1:
            spent["written"] += Path(source).stat().st_size / 1e9
        replace(source, target)

    return run


def measured(run: Any) -> Any:
    """Adds a row for a stage."""

    def of_stage(stage: Stage) -> float:
        spent.update(dict.fromkeys(spent, 0.0))
        began = time.process_time()
        seconds: float = run(stage)
        total = time.process_time() - began
        figures = [total, spent["steps"], total - spent["steps"]]
        sizes = [spent[name] for name in ("written", "hashed", "checked")]
        rows.append([stage.title, *(f"{value:.1f}" for value in figures), *(f"{value:.2f}" for value in sizes)])
        return seconds

    return of_stage


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="ROOT/<language>/train.txt")
    parser.add_argument("--encoder", type=Path, help="where it is, or is kept for the next run")
    parser.add_argument("--sources", default="[en]")
    parser.add_argument("--target", default="de")
    parser.add_argument("--limit", type=int, default=16, help="sentences")
    parser.add_argument("--epochs", type=int, help="in place of two steps")
    given = parser.parse_args()
    rows: list[list[str]] = []
    automatic._AutomaticOptimization.run = timed(automatic._AutomaticOptimization.run)  # type: ignore[method-assign]
    outputs.checksum = counted("hashed", outputs.checksum, lambda path: path)
    zipfile.ZipFile.testzip = counted("checked", zipfile.ZipFile.testzip, lambda file: file.filename)  # type: ignore[method-assign]
    os.replace = put(os.replace)
    Stage.run = measured(Stage.run)  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        encoder = given.encoder or Path(folder) / "encoder"
        if not encoder.exists():
            write_model(encoder, "xlmr-base", load_tokenizer(str(given.tokenizer)))
        length = ["--teacher_epochs", str(given.epochs)] if given.epochs else ["--teacher_steps", "2"]
        status = main([
            "transfer", "--data.root", str(given.data), "--backbone", str(encoder), "--sources", given.sources,
            "--target", given.target, "--methods", "[direct]", "--data.limit", str(given.limit), *length,
            "--data.batch_size", "8", "--output", f"{folder}/run", "--trainer.accelerator", "cpu",
        ])  # fmt: skip
    print(markdown(COLUMNS, rows))
    raise SystemExit(status)
