"""Words per second of ctl beside two usual recipes: same encoder, same sentences, same number of steps over them.

reference   a plain loop as the code of Wu et al. (2020) has it: padded to 128, float32, teachers kept in memory padded
huggingface Trainer with a token-classification collator: padded to the longest of the batch, its default precision
ctl         the data module and Lightning modules as `ctl fit` and `ctl predict` run them

    python tests/benchmarks/throughput.py --root DIR --backbone DIR [--sentences 960] [--source en] [--target de]

It prints how much of ctl's batches is padding as well, and what an epoch on stored soft labels takes beside gold ones.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
import torch.nn.functional as F
from lightning.pytorch import Callback, Trainer
from torch import nn

from ctl.backbones.loading import load_encoder, load_tokenizer
from ctl.callbacks.writers import SoftLabelWriter
from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.data.tags import TagSchema
from ctl.modules import Student, Teacher
from ctl.system.console import quiet
from ctl.system.devices import best_precision

SCHEMA, LENGTH, BATCH, LR = TagSchema(("PER", "ORG", "LOC")), 128, 32, 1e-4
STAGES = ("teacher training", "teacher labelling", "student training", "tagging")


clock = time.perf_counter


class Plain(nn.Module):
    """The same encoder with a linear layer on every subword."""

    def __init__(self, backbone: str) -> None:
        super().__init__()
        self.encoder = load_encoder(backbone)
        self.head = nn.Linear(self.encoder.config.hidden_size, len(SCHEMA))

    def forward(self, input_ids, attention_mask, labels=None, soft=None):
        logits = self.head(self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state)
        if soft is not None:
            counts = labels != -100
            return {"loss": (logits.softmax(-1) - soft)[counts].square().mean(), "logits": logits}
        if labels is not None:
            loss = F.cross_entropy(logits.view(-1, len(SCHEMA)), labels.view(-1), ignore_index=-100)
            return {"loss": loss, "logits": logits}
        return {"logits": logits}


def features(corpus: Corpus, tokenizer, padded: bool) -> list[dict[str, list[int]]]:
    """Sentences as both recipes read them: cut at 128, labels at first subwords."""
    rows = []
    for number in range(len(corpus)):
        settings = {"is_split_into_words": True, "truncation": True, "max_length": LENGTH}
        encoded = tokenizer(corpus.sentence(number), padding="max_length" if padded else False, **settings)
        ids, labels, before = encoded.word_ids(), [], None
        tags = None if corpus.tags is None else corpus.tags[corpus.offsets[number] :]
        for word in ids:
            first = word is not None and word != before
            labels.append((0 if tags is None else int(tags[word])) if first else -100)
            before = word
        rows.append({"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"], "labels": labels})
    return rows


def reference(source: Corpus, target: Corpus, backbone: str) -> list[float]:
    """Seconds of each stage of the plain loop."""
    tokenizer = load_tokenizer(backbone)

    def batches(corpus):
        rows = features(corpus, tokenizer, padded=True)
        columns = {key: torch.tensor([row[key] for row in rows]) for key in rows[0]}
        return [{key: part for key, part in zip(columns, parts, strict=True)}
                for parts in zip(*(column.split(BATCH) for column in columns.values()), strict=True)]  # fmt: skip

    def train(model, data):
        optimizer = torch.optim.AdamW(model.parameters(), lr=LR)
        model.train()
        for batch in data:
            model(**batch)["loss"].backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()

    @torch.no_grad()
    def label(model, data):
        model.eval()
        return [model(batch["input_ids"], batch["attention_mask"])["logits"].softmax(-1) for batch in data]

    teacher, student, gold, raw = Plain(backbone), Plain(backbone), batches(source), batches(target)
    soft: list[torch.Tensor] = []
    seconds = [timed(lambda: train(teacher, gold)), timed(lambda: soft.extend(label(teacher, raw)))]
    taught = [{**batch, "soft": probs} for batch, probs in zip(raw, soft, strict=True)]
    return [*seconds, timed(lambda: train(student, taught)), timed(lambda: label(student, raw))]


def huggingface(source: Corpus, target: Corpus, backbone: str, bf16: bool = False) -> list[float]:
    """Seconds of each stage with the Hugging Face Trainer."""
    import transformers
    from transformers import DataCollatorForTokenClassification, TrainingArguments

    transformers.utils.logging.set_verbosity_error()
    tokenizer = load_tokenizer(backbone)
    collate = DataCollatorForTokenClassification(tokenizer)
    gold, raw = features(source, tokenizer, padded=False), features(target, tokenizer, padded=False)

    def with_soft(rows):
        soft = [torch.tensor(row["soft"]) for row in rows]
        batch = collate([{key: value for key, value in row.items() if key != "soft"} for row in rows])
        return {**batch, "soft": nn.utils.rnn.pad_sequence(soft, batch_first=True)}

    def trainer(model, rows, folder, collator=collate):
        arguments = TrainingArguments(
            folder, per_device_train_batch_size=BATCH, per_device_eval_batch_size=BATCH, num_train_epochs=1,
            learning_rate=LR, use_cpu=True, bf16=bf16, report_to=[], save_strategy="no", disable_tqdm=True,
            logging_strategy="no", remove_unused_columns=False, label_names=["labels"],
        )  # fmt: skip
        return transformers.Trainer(model, arguments, collator, train_dataset=rows)

    with tempfile.TemporaryDirectory() as folder:
        teaching, learning = Plain(backbone), Plain(backbone)
        first = trainer(teaching, gold, folder)
        seconds = [timed(first.train)]
        answers = []
        seconds.append(timed(lambda: answers.append(first.predict(raw).predictions)))
        probs = torch.tensor(answers[0]).softmax(-1).numpy()
        taught = [{**row, "soft": probs[n, : len(row["labels"])]} for n, row in enumerate(raw)]
        second = trainer(learning, taught, folder, with_soft)
        seconds.append(timed(second.train))
        return [*seconds, timed(lambda: trainer(learning, raw, folder).predict(raw))]


class Clock(Callback):
    """The time between a run's first batch and its last, with whatever is written at its end."""

    seconds = 0.0

    def on_train_start(self, *_):
        self._began = clock()

    on_predict_start = on_train_start

    def on_train_end(self, *_):
        self.seconds = clock() - self._began

    on_predict_end = on_train_end


class Ours:
    """Stages with ctl, as `ctl fit` and `ctl predict` run them; each gives its seconds."""

    def __init__(self, root: str, backbone: str, limit: int, folder: str) -> None:
        self.data = {"root": root, "backbone": backbone, "limit": limit, "batch_size": BATCH}
        self.folder = folder

    def run(self, command: str, model, **settings) -> float:
        data = NERDataModule(**self.data, **settings)
        stopwatch = Clock()
        writers = [SoftLabelWriter()] if command == "predict" else []
        trainer = Trainer(
            max_epochs=1, precision=best_precision("cpu"), accelerator="cpu", callbacks=[*writers, stopwatch],
            logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            gradient_clip_val=1.0, use_distributed_sampler=False, default_root_dir=self.folder, limit_val_batches=0,
        )  # fmt: skip
        getattr(trainer, command)(model, data, **({"return_predictions": False} if command == "predict" else {}))
        return stopwatch.seconds

    def label(self, model, target: str) -> tuple[float, str]:
        """Seconds, and the store that was written."""
        return self.run("predict", model, target=target), str(Path(self.folder) / "soft_labels" / "train")


def ours(root: str, source: str, target: str, backbone: str, limit: int) -> list[float]:
    """Seconds of each stage with ctl."""
    teacher, student = Teacher(backbone=backbone, lr=LR), Student(backbone=backbone, lr=LR)
    with tempfile.TemporaryDirectory() as folder:
        stage = Ours(root, backbone, limit, folder)
        first = stage.run("fit", teacher, sources=[source])
        second, labels = stage.label(teacher, target)
        third = stage.run("fit", student, target=target, soft_labels=labels)
        return [first, second, third, stage.run("predict", student, target=target)]


def soft_beside_gold(root: str, language: str, backbone: str, limit: int, times: int = 5) -> list[tuple[float, float]]:
    """Seconds of an epoch on gold and on stored soft labels of the same sentences, by turns."""
    teacher, student = Teacher(backbone=backbone, lr=LR), Student(backbone=backbone, lr=LR)
    with tempfile.TemporaryDirectory() as folder:
        stage = Ours(root, backbone, limit, folder)
        stage.run("fit", teacher, sources=[language])
        _, labels = stage.label(teacher, language)

        def gold() -> float:
            return stage.run("fit", teacher, sources=[language])

        def soft() -> float:
            return stage.run("fit", student, target=language, soft_labels=labels)

        return [(gold(), soft()) for _ in range(times)]


def timed(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    began = clock()
    work()
    return clock() - began


def matmul_rate(kind: torch.dtype) -> float:
    """Operations per second of the best of some products of square matrices."""
    best = 0.0
    for size in (512, 1024, 2048):
        one, other = torch.randn(size, size).to(kind), torch.randn(size, size).to(kind)
        timed(lambda one=one, other=other: one @ other)
        repeats = max(1, 2**32 // size**3)
        seconds = timed(lambda one=one, other=other, times=repeats: [one @ other for _ in range(times)])
        best = max(best, 2 * size**3 * repeats / seconds)
    return best


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True)
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--source", default="en")
    parser.add_argument("--target", default="de")
    parser.add_argument("--sentences", type=int, default=960)
    parser.add_argument("--rounds", type=int, default=2, help="the fastest counts, of each stage")
    parser.add_argument("--processor_time", action="store_true", help="for a busy machine: one thread, its own seconds")
    args = parser.parse_args()
    if args.processor_time:
        global clock
        clock = time.process_time
        torch.set_num_threads(1)
    quiet()
    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.manual_seed(0)
    data = NERDataModule([args.source], args.target, args.root, backbone=args.backbone, limit=args.sentences)
    source, target = data.gold(args.source, "train"), data.target_text("train")
    words = [len(source.words), *[len(target.words)] * 3]
    tokens = int(data.encoder.encode(source).lengths.sum()) + 2 * len(source)
    loader = NERDataModule([args.source], None, args.root, backbone=args.backbone)
    loader.setup("fit")
    parts = [batch.subwords for batch in loader.train_dataloader()]
    padding = 1 - sum(len(part.ids) for part in parts) / sum(part.grid[0] * part.grid[1] for part in parts)
    print(f"padding of ctl's training batches, all sentences: {100 * padding:.1f} %")
    encoder = load_encoder(args.backbone)
    weights = sum(layer.weight.numel() for layer in encoder.modules() if isinstance(layer, nn.Linear))
    rates = {kind: matmul_rate(kind) for kind in (torch.float32, torch.bfloat16)}
    print(
        f"{torch.get_num_threads()} threads; matmul {', '.join(f'{k} {v / 1e9:.0f} GFLOP/s' for k, v in rates.items())}"
    )
    warm = min(64, args.sentences)  # caches, allocators and thread pools
    ours(args.root, args.source, args.target, args.backbone, warm)
    runs = {
        "ctl": lambda: ours(args.root, args.source, args.target, args.backbone, args.sentences),
        "huggingface": lambda: huggingface(source, target, args.backbone),
        "huggingface bf16": lambda: huggingface(source, target, args.backbone, bf16=True),
        "reference": lambda: reference(source, target, args.backbone),
    }
    rounds: dict[str, list[list[float]]] = {name: [] for name in runs}
    for _ in range(args.rounds):
        for name, run in runs.items():
            print(f"{name} ...", file=sys.stderr, flush=True)
            rounds[name].append(run())
    seconds = {name: np.min(found, axis=0).tolist() for name, found in rounds.items()}
    print(f"\n| words/s | {' | '.join(STAGES)} | training's share of matmul, float32 / bfloat16 |")
    print("|---|" + "--:|" * (len(STAGES) + 1))
    for name, took in seconds.items():
        speed = [count / second for count, second in zip(words, took, strict=True)]
        flops = 6 * weights * tokens / took[0]  # of real subwords; attention and embeddings do not count
        share = " / ".join(f"{100 * flops / rate:.0f} %" for rate in rates.values())
        print(f"| {name} | {' | '.join(f'{value:,.0f}' for value in speed)} | {share} |")
    for name in list(seconds)[1:]:
        ratios = np.array(seconds[name]) / np.array(seconds["ctl"])
        print(f"| ctl / {name} | {' | '.join(f'{ratio:.1f}x' for ratio in ratios)} | |")
    pairs = np.array(soft_beside_gold(args.root, args.source, args.backbone, args.sentences))
    gold, soft = np.median(pairs, axis=0)
    print(
        f"\nan epoch on stored soft labels: {soft:.2f} s, on gold labels of the same sentences: {gold:.2f} s (medians)"
    )


if __name__ == "__main__":
    main()
