"""Training all rows of the word embedding, or those that are read: seconds a step, memory, files.

Makes an encoder of XLM-R base's shape with random weights (278 million) beside a tokenizer of its vocabulary, and
trains a teacher on it, each in a process of its own. The weights are the same, so there is no F1 to compare.

    python tests/benchmarks/trimming.py --tokenizer ../shared/tokenizers/xlm-r --data ../shared/data/wikiann
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from shapes import write_model


class Watch(threading.Thread):
    """Watches the private memory of this process, in GiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self.start()

    def run(self) -> None:
        while True:
            status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            self.peak = max(self.peak, int(status["RssAnon"].split()[0]) / 2**20)
            time.sleep(0.05)


def train(options: argparse.Namespace, trimmed: bool, encoder: Path, folder: Path) -> None:
    """Trains, and prints seconds a step (the median), the peak of memory and what is on the disk."""
    import statistics

    from lightning.pytorch import Callback, Trainer

    from ctl.callbacks.saving import WeightsOnly
    from ctl.data.datamodule import NERDataModule
    from ctl.modules import Teacher

    class Clock(Callback):
        def on_train_batch_start(self, *_: object) -> None:
            self.began = time.perf_counter()

        def on_train_batch_end(self, *_: object) -> None:
            seconds.append(time.perf_counter() - self.began)

    seconds: list[float] = []
    watch, last = Watch(), folder / "last.ckpt"
    data = NERDataModule(
        root=str(options.data), sources=[options.language], target="none", backbone=str(encoder), limit=options.limit,
        batch_size=32,
    )  # fmt: skip
    trainer = Trainer(
        max_steps=options.steps, accelerator="cpu", precision=options.precision, logger=False, barebones=True,
        callbacks=[],
    )  # fmt: skip
    model = Teacher(backbone=str(encoder), trim_embeddings=trimmed)
    trainer.callbacks.append(Clock())
    trainer.fit(model, data)
    peak = watch.peak
    trainer.save_checkpoint(last)
    resumable = last.stat().st_size
    WeightsOnly(str(last)).teardown(trainer, model, "fit")
    files = [size / 2**30 for size in (resumable, last.stat().st_size)]
    print(json.dumps([statistics.median(seconds[1:]), peak, *files]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="ROOT/<language>/train.txt")
    parser.add_argument("--language", default="en")
    parser.add_argument("--limit", type=int, default=20_000, help="sentences")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--precision", default="32-true")
    parser.add_argument("--child", nargs=3)
    given = parser.parse_args()
    if given.child:
        train(given, given.child[0] == "read", Path(given.child[1]), Path(given.child[2]))
        sys.exit()
    from ctl.backbones.loading import load_tokenizer
    from ctl.system.console import markdown

    lines = []
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder) / "encoder", "xlmr-base", load_tokenizer(str(given.tokenizer)))
        for name in ("all", "read"):
            child = [sys.executable, *sys.argv, "--child", name, f"{folder}/encoder", folder]
            output = subprocess.run(child, capture_output=True, text=True, check=True).stdout
            step, *sizes = json.loads(output.splitlines()[-1])
            lines.append([name, f"{step:.2f}", *(f"{size:.2f}" for size in sizes)])
    print(markdown(["rows", "s/step", "private GiB", "resumable checkpoint, GiB", "finished teacher, GiB"], lines))
