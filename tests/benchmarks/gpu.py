"""What one GPU does with models of the size that people use, in under eight minutes, and what it could not do.

Training and labelling in bfloat16 beside the Trainer of Hugging Face, as a share of what the card's own matrix products
reach; low-rank adapters in decoders; memory; and whether a model has the same scores there as on a CPU. Weights are
random; the text is invented, or that of a folder.

    python tests/benchmarks/gpu.py
    python tests/benchmarks/gpu.py --root ROOT --source en --target de --tokenizer TOKENIZER
    python tests/benchmarks/gpu.py --tiny   # without a card: models of two layers, to see that all of it runs
"""

from __future__ import annotations

import argparse
import gc
import logging
import math
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from lightning.pytorch import Callback, Trainer
from peers import Plain, features, hf_trainer
from rates import matmul_rate, timed, wait
from shapes import TINY, operations, write_model
from transformers import TrainerCallback

from ctl.backbones.loading import load_tokenizer
from ctl.data.datamodule import NERDataModule
from ctl.data.synthetic.family import SyntheticFamily
from ctl.errors import first_line
from ctl.modules import Teacher
from ctl.system.console import markdown, quiet
from ctl.system.devices import best_device

BUDGET = 8 * 60.0  # seconds for everything
SETTLED = 3  # steps before the clock is started
COLUMNS = ["model", "what", "words/s", "of the matmul rate", "GiB"]
ADAPTERS = {"lora_rank": 16, "base": "bfloat16", "attention": "full"}


class Clock:
    """Sentences per second of the steps after the first few.

    Args:
        device: which is waited for when the clock is read.
        batch: sentences in a step.
        seconds: after which training ends.
    """

    def __init__(self, device: str, batch: int, seconds: float) -> None:
        self.device, self.batch, self.most = device, batch, seconds
        self.steps = -SETTLED

    def step(self) -> bool:
        """Counts a step; tells whether time is over."""
        self.steps += 1
        if self.steps == 0:
            wait(self.device)
            self.began = time.perf_counter()
        return self.steps > 0 and time.perf_counter() - self.began > self.most

    def rate(self) -> float:
        """Reads the clock."""
        wait(self.device)
        return self.steps * self.batch / (time.perf_counter() - self.began)


class InLightning(Callback):
    """Counts the steps of ctl."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def on_train_batch_end(self, trainer, *_):
        trainer.should_stop = self.clock.step()


class InTransformers(TrainerCallback):
    """Counts the steps of the Trainer of Hugging Face."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def on_step_end(self, arguments, state, control, **_):
        control.should_training_stop = self.clock.step()


class Bench:
    """Models, text and a table that grows by a row for each thing that is tried.

    Args:
        options: of the command line.
        folder: for what is written.
    """

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.began, self.longest = time.perf_counter(), 0.0
        self.options, self.folder = options, folder
        self.device = "cpu" if options.tiny else best_device()
        self.size = TINY if options.tiny else {}
        self.batch, self.steps, self.seconds = (8, 2, math.inf) if options.tiny else (options.batch, 20, 15.0)
        self.rows: list[list[str]] = []
        self.root = options.root or str(folder)
        if not options.root:
            SyntheticFamily(families=(3,), train=50 if options.tiny else 8000).write(folder)
        self.tokenizer = load_tokenizer(options.tokenizer or f"{self.root}/encoder")

    @cached_property
    def matmul(self) -> float:
        """Operations per second of matrix products in bfloat16."""
        return matmul_rate(torch.bfloat16, self.device, 128 if self.options.tiny else 8192)

    def data(self, backbone: str, **settings) -> NERDataModule:
        """The text of a stage."""
        return NERDataModule(root=self.root, backbone=backbone, batch_size=self.batch, **settings)

    @cached_property
    def corpora(self):
        """The source's text with its tags, and the target's without any."""
        data = NERDataModule([self.options.source], self.options.target, self.root)
        return data.gold(self.options.source, "train"), data.target_text("train")

    def write(self, shape: str, **changes) -> str:
        """Writes a model, once."""
        folder = self.folder / shape
        if not folder.exists():
            write_model(folder, shape, self.tokenizer, self.device, **{**self.size, **changes})
        return str(folder)

    def attempt(self, model: str, what: str, measure: Callable[[], list[str]]) -> None:
        """Adds a row of what was measured, or of why it was not."""
        began = time.perf_counter()
        if not self.options.tiny and began - self.began + self.longest > BUDGET:
            cells = ["not tried: the eight minutes are over", "", ""]
        else:
            cells = self._tried(measure)
        self.longest = max(self.longest, time.perf_counter() - began)
        self.rows.append([model, what, *cells])
        print(f"{model}, {what}: {' '.join(cells)}", flush=True)

    def _tried(self, measure: Callable[[], list[str]]) -> list[str]:
        gc.collect()
        if self.device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        try:
            return measure()
        except Exception as error:  # out of memory, a package that is not there: whatever a machine may lack
            return [f"could not: {first_line(error)}", "", ""]

    def found(self, sentences: float, corpus, network, training: bool) -> list[str]:
        """Gives the cells of a row.

        Args:
            sentences: per second.
            corpus: they are of.
            network: that read them.
            training: whether it was trained.
        """
        subwords = sentences * self.subwords(corpus)
        share = subwords * operations(network, training) / self.matmul
        peak = f"{torch.cuda.max_memory_allocated() / 2**30:.1f}" if self.device == "cuda" else "-"
        return [f"{sentences * len(corpus.words) / len(corpus):,.0f}", f"{100 * share:.1f} %", peak]

    def subwords(self, corpus) -> float:
        """The mean number of subwords in a sentence, special tokens included."""
        some = [corpus.sentence(number) for number in range(min(len(corpus), 500))]
        return sum(map(len, self.tokenizer(some, is_split_into_words=True).input_ids)) / len(some)

    def clock(self) -> Clock:
        """A clock for a stage."""
        return Clock(self.device, self.batch, self.seconds)

    def trainer(self, *callbacks, **settings) -> Trainer:
        """Lightning's Trainer as `ctl` makes it, which keeps nothing."""
        common = {"precision": "bf16-mixed", "accelerator": self.device, "devices": 1, "gradient_clip_val": 1.0}
        return Trainer(
            **{**common, **settings}, callbacks=list(callbacks), logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, use_distributed_sampler=False, limit_val_batches=0,
            default_root_dir=self.folder / "out", num_sanity_val_steps=0,
        )  # fmt: skip

    def train(self, backbone: str, implementation: str = "sdpa", **settings) -> list[str]:
        """Trains with ctl."""
        teacher = Teacher(backbone=backbone, **settings)
        teacher.configure_model()
        teacher.backbone_model.set_attn_implementation(implementation)
        clock = self.clock()
        trainer = self.trainer(InLightning(clock), max_steps=SETTLED + self.steps)
        trainer.fit(teacher, self.data(backbone, sources=[self.options.source]))
        return self.found(clock.rate(), self.corpora[0], teacher.network, training=True)

    def label(self, backbone: str, **settings) -> list[str]:
        """Labels with ctl, and writes the soft labels."""
        teacher = Teacher(backbone=backbone, **settings)
        teacher.configure_model()
        data = self.data(backbone, target=self.options.target, eval_tokens=64 * self.batch)
        trainer = self.trainer()
        seconds = timed(lambda: trainer.predict(teacher, data, return_predictions=False), self.device)
        return self.found(len(self.corpora[1]) / seconds, self.corpora[1], teacher.network, training=False)

    def peer(self, backbone: str, training: bool) -> list[str]:
        """Trains or labels with the Trainer of Hugging Face."""
        corpus = self.corpora[0 if training else 1]
        clock, model, rows = self.clock(), Plain(backbone), features(corpus, self.tokenizer)
        settings = {"bf16": True, "use_cpu": self.device == "cpu", "max_steps": SETTLED + self.steps}
        settings |= {"callbacks": [InTransformers(clock)], "batch": self.batch}
        trainer = hf_trainer(model, rows, self.tokenizer, str(self.folder / "out"), **settings)
        if training:
            trainer.train()
            return self.found(clock.rate(), corpus, model, training)
        seconds = timed(lambda: trainer.predict(rows), self.device)
        return self.found(len(corpus) / seconds, corpus, model, training)

    def same_scores(self) -> list[str]:
        """Trains a small encoder on the CPU, and scores it there and on this device, in float32."""
        backbone = write_model(self.folder / "small", "xlmr-base", self.tokenizer, **TINY)
        data = self.data(backbone, sources=[self.options.source], target=self.options.target)
        teacher, settings = Teacher(backbone=backbone, lr=3e-3), {"precision": "32-true", "max_epochs": 1}
        self.trainer(accelerator="cpu", **settings).fit(teacher, data)
        scores = [
            self.trainer(accelerator=device, **settings).test(teacher, data, verbose=False)[0]
            for device in ("cpu", self.device)
        ]
        f1, error = ([score[f"test/{name}"] for score in scores] for name in ("f1", "ece"))
        same = "equal" if f1[0] == f1[1] and abs(error[0] - error[1]) < 1e-4 else "they differ"
        return [f"F1 {f1[0]:.2f} and {f1[1]:.2f}", same, ""]


def encoder(bench: Bench, shape: str) -> None:
    """Tries what an encoder is for."""
    for kernel in ("sdpa", "flash_attention_2"):
        bench.attempt(shape, f"training, {kernel}", lambda kernel=kernel: bench.train(bench.write(shape), kernel))
    bench.attempt(shape, "training, Trainer", lambda: bench.peer(bench.write(shape), training=True))
    bench.attempt(shape, "labelling", lambda: bench.label(bench.write(shape)))
    bench.attempt(shape, "labelling, Trainer", lambda: bench.peer(bench.write(shape), training=False))


def decoder(bench: Bench, shape: str) -> None:
    """Tries what a decoder with adapters is for."""

    def backbone() -> str:
        return bench.write(shape, dtype="bfloat16")

    for name, changes in {"full": {}, "causal": {"attention": "causal"}, "4-bit base": {"base": "4bit"}}.items():
        settings = {**ADAPTERS, **changes}
        bench.attempt(shape, f"adapters, {name}", lambda settings=settings: bench.train(backbone(), **settings))
    bench.attempt(shape, "labelling, full", lambda: bench.label(backbone(), **ADAPTERS))


def main(arguments: list[str] | None = None) -> list[list[str]]:
    """Prints the table; gives its rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", help="ROOT/<language>/train.txt and so on, in place of invented text")
    parser.add_argument("--source", default="a2")
    parser.add_argument("--target", default="a1")
    parser.add_argument("--tokenizer", help="in place of the invented text's")
    parser.add_argument("--batch", type=int, default=256, help="sentences in a step")
    parser.add_argument("--tiny", action="store_true", help="small models, on the CPU")
    options = parser.parse_args(arguments)
    quiet()
    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, Path(folder))
        name = torch.cuda.get_device_name() if bench.device == "cuda" else f"{bench.device}, no GPU"
        print(f"{name}: {bench.matmul / 1e9:,.0f} GFLOP/s of matrix products in bfloat16", flush=True)
        bench.attempt("small encoder", "scores on a CPU and here", bench.same_scores)
        for shape in ("xlmr-base",) if options.tiny else ("xlmr-base", "xlmr-large"):
            encoder(bench, shape)
        for shape in ("Qwen3-0.6B",) if options.tiny else ("Qwen3-0.6B", "Qwen3-4B"):
            decoder(bench, shape)
        print(f"\n{markdown(COLUMNS, bench.rows)}\n\n{time.perf_counter() - bench.began:.0f} s in all")
        return bench.rows


if __name__ == "__main__":
    main()
