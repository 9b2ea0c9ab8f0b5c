"""Peak memory of everything a corpus passes through, for a corpus and for one ten times as large.

Each size has its own process: it reads a CoNLL file, writes a soft-label store in two shares, joins and opens it, and
makes the batches of an epoch; then it weighs the words by confidence, which only `filter` does. What counts is the
private memory of the process; pages of memory-mapped files, which the system takes back when it needs them, are told
apart.

    python tests/benchmarks/memory.py [--sentences 50000]
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

import numpy as np

TAGS = ("O", "B-PER", "I-PER", "O", "B-LOC", "O", "O", "B-ORG")


def write_corpus(path: Path, sentences: int) -> None:
    """Sentences of 4 to 20 words of a fixed vocabulary."""
    rng = np.random.default_rng(0)
    vocabulary = ["".join(rng.choice(list("aeioubdgklmnrst"), size=size)) for size in rng.integers(2, 9, size=2000)]
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(sentences):
            words = (vocabulary[number] for number in rng.integers(len(vocabulary), size=rng.integers(4, 21)))
            file.write("".join(f"{word} {TAGS[place % 8]}\n" for place, word in enumerate(words)) + "\n")


class Peak(threading.Thread):
    """Watches this process's private and file-backed memory, in MB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.private = self.mapped = 0.0
        self.start()

    def run(self) -> None:
        while True:
            status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            private, mapped = (int(status[key].split()[0]) / 1024 for key in ("RssAnon", "RssFile"))
            self.private, self.mapped = max(self.private, private), max(self.mapped, mapped)
            time.sleep(0.01)


def child(root: Path, backbone: str) -> None:
    """Prints the peak over what there was before, in MB."""
    from ctl.data.datamodule import NERDataModule
    from ctl.data.selection import confident
    from ctl.data.soft_labels import StoreWriter

    data = NERDataModule(target="xx", root=str(root), backbone=backbone, soft_labels=str(root / "store"))
    data.encoder.subwords(["warm"])
    peak = Peak()
    time.sleep(0.1)
    before = peak.private, peak.mapped
    corpus = data.target_text("train")
    rng = np.random.default_rng(0)
    for rank in range(2):
        writer = StoreWriter(root / "store", rank)
        for begin in range(rank * 4096, len(corpus.words), 2 * 4096):
            words = np.arange(begin, min(begin + 4096, len(corpus.words)))
            writer.add(words, rng.random((len(words), 7), dtype=np.float32) + 0.01)
        writer.close()
    store = StoreWriter.join(root / "store", corpus, data.schema, {"method": "x", "train_seconds": 0}, world_size=2)
    data.setup("fit")
    batches = sum(1 for _ in data.train_dataloader())
    found = {"words": len(corpus.words), "batches": batches, "private": peak.private - before[0]}
    confident(store, 0.8, "confidence")
    filtered = peak.private - before[0]
    print(json.dumps(found | {"filtered": filtered, "mapped": peak.mapped - before[1]}))


def measure(sentences: int, folder: Path, backbone: str) -> dict[str, float]:
    """Words, batches, and the peaks of private and mapped memory in MB."""
    write_corpus(folder / "data" / "xx" / "train.txt", sentences)
    command = [sys.executable, __file__, "--child", str(folder / "data"), "--backbone", backbone]
    environment = {**os.environ, "CTL_CACHE": str(folder / "cache")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=50_000)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--backbone", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        return child(args.child, args.backbone)
    from ctl.data.synthetic.family import SyntheticFamily

    with tempfile.TemporaryDirectory() as folder:
        SyntheticFamily(families=(1,), train=50, raw=50, validation=10, test=10, width=32).write(Path(folder) / "toy")
        print("| words | batches | private MB | with `filter` | mapped MB |\n|--:|--:|--:|--:|--:|")
        for times in (1, 10):
            place = Path(folder) / str(times)
            found = measure(args.sentences * times, place, str(Path(folder) / "toy" / "encoder"))
            megabytes = " | ".join(f"{found[name]:.0f}" for name in ("private", "filtered", "mapped"))
            print(f"| {found['words']:,} | {found['batches']:,} | {megabytes} |")


if __name__ == "__main__":
    main()
