"""F1 and words per second of four ways to make batches: the same sentences, the same number of steps, by turns.

bucketed  sentences of like length in a batch, as ctl made them before
padded    drawn at random, every sentence padded to the longest of its batch
blocks    drawn at random, read in three blocks of like length, as ctl does where an architecture can't read packed rows
packed    drawn at random, sentences share rows: ctl's way

    python tests/benchmarks/batching.py --root DIR --backbone DIR [--sentences 2000] [--source en] [--targets en de]
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import mean, median
from unittest.mock import patch

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
from lightning.pytorch import Callback, Trainer, seed_everything

from ctl.data.batching import Draw, SentenceSampler
from ctl.data.datamodule import NERDataModule
from ctl.modules import Teacher
from ctl.system.console import quiet

BLUR = 0.04  # how far a sentence may stray from those of its length


class Bucketed(SentenceSampler):
    """Sorts by a length that is blurred anew each epoch, cuts, and draws the order of the batches."""

    def __iter__(self) -> Iterator[Draw]:
        if not self.shuffle:
            yield from super().__iter__()
            return
        generator = np.random.default_rng([self.seed, self.epoch])
        blurred = self.lengths * generator.uniform(1 - BLUR, 1 + BLUR, len(self.lengths))
        batches = np.split(np.argsort(-blurred), range(self.batch_size, len(blurred), self.batch_size))
        for number in generator.permutation(len(batches)):
            yield Draw(batches[number].tolist(), 1.0)


def a_row_each(sizes: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """Gives every window its own row, as wide as the longest (see `ctl.data.collation.rows`)."""
    return np.arange(len(sizes)) * sizes.max(), (len(sizes), int(sizes.max()))


WAYS = {
    "bucketed": {"ctl.data.datamodule.SentenceSampler": Bucketed, "ctl.data.collation.rows": a_row_each},
    "padded": {"ctl.data.collation.rows": a_row_each},
    "blocks": {"ctl.backbones.packing.packs": lambda _model: False},
    "packed": {},
}


class Clock(Callback):
    """Seconds between the first batch of training and the last."""

    seconds = 0.0

    def on_train_start(self, *_) -> None:
        self.began = time.perf_counter()

    def on_train_end(self, *_) -> None:
        self.seconds = time.perf_counter() - self.began


def run(way: str, seed: int, args: argparse.Namespace) -> tuple[float, list[float]]:
    """Seconds of training, and F1 on every target."""
    seed_everything(seed, verbose=False)
    clock = Clock()
    data = NERDataModule([args.source], None, args.root, backbone=args.backbone, limit=args.sentences)
    data.batch_size = args.batch_size
    trainer = Trainer(
        max_epochs=args.epochs, precision=args.precision, accelerator="cpu", callbacks=[clock], logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, gradient_clip_val=1.0,
        use_distributed_sampler=False, limit_val_batches=0,
    )  # fmt: skip
    model = Teacher(backbone=args.backbone, lr=args.lr)
    with ExitStack() as patches:
        for name, value in WAYS[way].items():
            patches.enter_context(patch(name, value))
        trainer.fit(model, data)
        tests = [trainer.test(model, data.of([], target), verbose=False)[0] for target in args.targets]
    return clock.seconds, [test["test/f1"] for test in tests]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True)
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--source", default="en")
    parser.add_argument("--targets", nargs="+", default=["en", "de"])
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--precision", default="32-true")
    args = parser.parse_args()
    quiet()
    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    words = len(NERDataModule([args.source], None, args.root, limit=args.sentences).gold(args.source, "train").words)
    runs: dict[str, list[tuple[float, list[float]]]] = {way: [] for way in WAYS}
    for seed in range(args.seeds):
        for way in WAYS:
            runs[way].append(run(way, seed, args))
            print(f"seed {seed}, {way}: {runs[way][-1][0]:.1f} s", file=sys.stderr, flush=True)
    print(f"| batches | {' | '.join(f'F1 {target}' for target in args.targets)} | words/s |")
    print("|---|" + "--:|" * (len(args.targets) + 1))
    for way, results in runs.items():
        scores = np.array([f1 for _, f1 in results]).T
        cells = [f"{mean(row):.1f} ({' '.join(f'{value:.1f}' for value in row)})" for row in scores.tolist()]
        speed = words * args.epochs / median(seconds for seconds, _ in results)
        print(f"| {way} | {' | '.join(cells)} | {speed:,.0f} |")


if __name__ == "__main__":
    main()
