"""Words per second of ctl beside two usual recipes: same encoder, same sentences, same number of steps over them.

reference   a plain loop as the code of Wu et al. (2020) has it: padded to 128, teachers kept in memory padded
huggingface Trainer with a token-classification collator: padded to the longest of the batch
ctl         the data module and Lightning modules as `ctl fit` and `ctl predict` run them

each in float32, and in bfloat16 where the processor is made for it. The encoder is that of a folder, or is made of a
shape: its weights are random then.

    python tests/benchmarks/throughput.py --root ROOT --shape xlmr-base --tokenizer TOKENIZER --reference_sentences 128
    python tests/benchmarks/throughput.py --root ROOT --backbone ENCODER --sentences 1920 --rounds 2

Sentences come in the order of their files. What the first minute does counts for nothing and is printed apart. It
prints how much of ctl's batches is padding as well and, with `--soft`, what an epoch on stored soft labels takes.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from lightning.pytorch import Callback, Trainer
from peers import BATCH, LR, huggingface, reference
from rates import matmul_rate, timed
from shapes import SIZES, operations, write_model

from ctl.backbones.loading import load_encoder, load_tokenizer
from ctl.data.datamodule import NERDataModule
from ctl.data.synthetic.backbones import make_tokenizer
from ctl.modules import Student, Teacher
from ctl.system.console import markdown, quiet

STAGES = ("teacher training", "teacher labelling", "student training", "tagging")
NUMBERS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
clock = timed


class Clock(Callback):
    """The time between a run's first batch and its last, with whatever is written at its end, and what was trained."""

    seconds = 0.0
    words = 0

    def on_train_start(self, *_):
        self._began = now()

    on_predict_start = on_train_start

    def on_train_batch_end(self, trainer, module, outputs, batch, *_):
        self.words += len(batch.words)

    def on_train_end(self, *_):
        self.seconds = now() - self._began

    on_predict_end = on_train_end


class Ours:
    """Stages with ctl, as `ctl fit` and `ctl predict` run them; each gives its clock."""

    def __init__(self, root: str, backbone: str, limit: int, folder: str, bf16: bool) -> None:
        self.data = {"root": root, "backbone": backbone, "limit": limit, "batch_size": BATCH}
        self.folder, self.precision = folder, "bf16-mixed" if bf16 else "32-true"

    def run(self, command: str, model, epochs: int = 1, max_time=None, **settings) -> Clock:
        data = NERDataModule(**self.data, **settings)
        stopwatch = Clock()
        trainer = Trainer(
            max_epochs=epochs, max_time=max_time, precision=self.precision, accelerator="cpu",
            callbacks=[stopwatch], logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, gradient_clip_val=1.0, use_distributed_sampler=False,
            default_root_dir=self.folder, limit_val_batches=0,
        )  # fmt: skip
        getattr(trainer, command)(model, data, **({"return_predictions": False} if command == "predict" else {}))
        return stopwatch

    def label(self, model, target: str) -> tuple[float, str]:
        """Seconds, and the store that was written."""
        return self.run("predict", model, target=target).seconds, str(Path(self.folder) / "soft_labels" / "train")


def ours(args, bf16: bool) -> list[float]:
    """Seconds of each stage with ctl."""
    teacher, student = Teacher(backbone=args.backbone, lr=LR), Student(backbone=args.backbone, lr=LR)
    with tempfile.TemporaryDirectory() as folder:
        stage = Ours(args.root, args.backbone, args.sentences, folder, bf16)
        first = stage.run("fit", teacher, sources=[args.source]).seconds
        second, labels = stage.label(teacher, args.target)
        third = stage.run("fit", student, target=args.target, soft_labels=labels).seconds
        return [first, second, third, stage.run("predict", student, target=args.target).seconds]


def first_minute(args) -> float:
    """Words per second of a minute of training, in which caches, allocators and thread pools settle."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Ours(args.root, args.backbone, args.sentences, folder, bf16="bfloat16" in args.numbers)
        teacher = Teacher(backbone=args.backbone, lr=LR)
        ran = stage.run("fit", teacher, epochs=1000, max_time={"seconds": args.apart}, sources=[args.source])
    return ran.words / ran.seconds


def soft_beside_gold(args, times: int = 5) -> list[tuple[float, float]]:
    """Seconds of an epoch on gold and on stored soft labels of the same sentences, by turns."""
    teacher, student = Teacher(backbone=args.backbone, lr=LR), Student(backbone=args.backbone, lr=LR)
    with tempfile.TemporaryDirectory() as folder:
        stage = Ours(args.root, args.backbone, args.sentences, folder, bf16=False)
        stage.run("fit", teacher, sources=[args.source])
        _, labels = stage.label(teacher, args.source)

        def gold() -> float:
            return stage.run("fit", teacher, sources=[args.source]).seconds

        def soft() -> float:
            return stage.run("fit", student, target=args.source, soft_labels=labels).seconds

        return [(gold(), soft()) for _ in range(times)]


def data_of(args, sentences: int | None) -> NERDataModule:
    """What all read: the first sentences of the training splits."""
    return NERDataModule([args.source], args.target, args.root, backbone=args.backbone, limit=sentences)


def corpora(args, sentences: int):
    """The source with its gold tags, and raw text of the target."""
    data = data_of(args, sentences)
    return data.gold(args.source, "train"), data.target_text("train")


def padding(args) -> float:
    """The share of padding in ctl's training batches."""
    data = NERDataModule([args.source], None, args.root, backbone=args.backbone, limit=args.sentences)
    data.setup("fit")
    parts = [batch.subwords for batch in data.train_dataloader()]
    return 1 - sum(len(part.ids) for part in parts) / sum(part.grid[0] * part.grid[1] for part in parts)


def speeds(args) -> dict[str, list[float]]:
    """Words per second of each way in each stage: the fastest of some rounds; known ones are not measured again."""
    known: dict[str, list[float]] = json.loads(args.kept.read_text()) if args.kept and args.kept.exists() else {}
    everything, some = corpora(args, args.sentences), corpora(args, args.reference_sentences or args.sentences)
    runs = {
        "ctl": (everything, lambda bf16: ours(args, bf16)),
        "huggingface": (everything, lambda bf16: huggingface(*everything, args.backbone, bf16, clock)),
        "reference": (some, lambda bf16: reference(*some, args.backbone, bf16, clock)),
    }
    for number in range(args.rounds):
        for name, (texts, run) in runs.items():
            for numbers in args.numbers:
                way = f"{name}, {numbers}"
                if name not in args.ways or (number == 0 and way in known):
                    continue
                print(f"{way} ...", file=sys.stderr, flush=True)
                words = [len(texts[0].words), *[len(texts[1].words)] * 3]
                rates = np.array(words) / run(numbers == "bfloat16")
                known[way] = np.maximum(rates, known.get(way, 0)).tolist()
                if args.kept:
                    args.kept.write_text(json.dumps(known))
    return known


def table(found: dict[str, list[float]], of_word: float, rates: dict[str, float]) -> str:
    """Words per second, training's share of the rate of matrix products, and how many times faster ctl is.

    Args:
        found: words per second of each way in each stage.
        of_word: operations of training, for a word.
        rates: operations per second of matrix products, by kind of number.
    """

    def share(way: str, rate: float) -> str:
        return f"{100 * rate * of_word / rates[way.split(', ')[1]]:.0f} %"

    lines = [[way, *(f"{rate:,.0f}" for rate in speed), share(way, speed[0])] for way, speed in found.items()]
    for numbers in NUMBERS:
        for other in ("huggingface", "reference"):
            way, mine = f"{other}, {numbers}", f"ctl, {numbers}"
            if way in found and mine in found:
                times = np.array(found[mine]) / np.array(found[way])
                lines.append([f"ctl / {way}", *(f"{ratio:.1f}x" for ratio in times), ""])
    return markdown(["words/s", *STAGES, "training's share of matmul"], lines)


def now() -> float:
    """The seconds that count: of the wall, or of this process."""
    return time.process_time() if clock is not timed else time.perf_counter()


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--backbone")
    which.add_argument("--shape", choices=[name for name in SIZES if name.startswith("xlmr")])
    parser.add_argument("--tokenizer", help="beside a shape; by default one is made of the text")
    parser.add_argument("--source", default="en")
    parser.add_argument("--target", default="de")
    parser.add_argument("--sentences", type=int, default=960)
    parser.add_argument("--reference_sentences", type=int, help="for the reference, whose batches all take the same")
    parser.add_argument("--rounds", type=int, default=1, help="the fastest counts, of each stage")
    parser.add_argument("--apart", type=int, default=60, help="seconds of training that count for nothing")
    parser.add_argument("--ways", nargs="+", default=["ctl", "huggingface", "reference"])
    parser.add_argument("--kept", type=Path, help="where speeds are kept, for a table that is made in several runs")
    parser.add_argument("--soft", action="store_true", help="soft labels beside gold ones, too")
    parser.add_argument("--processor_time", action="store_true", help="for a busy machine: one thread, its own seconds")
    return parser.parse_args()


def make_encoder(args, folder: Path) -> str:
    """Writes the encoder of a shape, and the tokenizer that was named or one of the text."""
    if args.tokenizer:
        return write_model(folder, args.shape, load_tokenizer(args.tokenizer))
    source, _ = corpora(args, args.sentences)
    text = [" ".join(source.sentence(number)) for number in range(len(source))]
    return write_model(folder, args.shape, make_tokenizer(text, 30_000))


def main() -> None:
    """Prints the table."""
    args = options()
    if args.processor_time:
        global clock
        clock = partial(timed, clock=time.process_time)
        torch.set_num_threads(1)
    quiet()
    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        args.backbone = args.backbone or make_encoder(args, Path(folder))
        measure(args)


def measure(args: argparse.Namespace) -> None:
    """Prints what was asked for, of an encoder that is there."""
    print(f"padding of ctl's training batches: {100 * padding(args):.1f} %")
    rates = {name: matmul_rate(numbers) for name, numbers in NUMBERS.items()}
    shown = ", ".join(f"{name} {rate / 1e9:.0f} GFLOP/s" for name, rate in rates.items())
    print(f"{torch.get_num_threads()} threads; matmul {shown}")
    args.numbers = [name for name in NUMBERS if rates[name] >= rates["float32"]]
    print(f"the first {args.apart} s, ctl in {args.numbers[-1]}: {first_minute(args):,.0f} words/s")
    source, _ = corpora(args, args.sentences)
    tokens = int(data_of(args, args.sentences).encoder.encode(source).lengths.sum()) + 2 * len(source)
    of_word = operations(load_encoder(args.backbone)) * tokens / len(source.words)
    print(f"\n{table(speeds(args), of_word, rates)}")
    if args.soft:
        gold, soft = np.median(soft_beside_gold(args), axis=0)
        print(f"\nan epoch on stored soft labels: {soft:.2f} s, on gold ones: {gold:.2f} s (medians)")


if __name__ == "__main__":
    main()
