"""Two usual recipes for a tagger, beside which ctl is measured: the same encoder, the same sentences.

reference    a plain loop as the code of Wu et al. (2020) has it: every sentence padded to 128
huggingface  Trainer with a token-classification collator: padded to the longest of the batch
"""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from functools import partial

import torch
import torch.nn.functional as F
from rates import timed
from torch import nn

from ctl.backbones.loading import load_encoder, load_tokenizer
from ctl.data.corpus import Corpus
from ctl.data.tags import TagSchema

SCHEMA, LENGTH, BATCH, LR = TagSchema(("PER", "ORG", "LOC")), 128, 32, 1e-4


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


def features(corpus: Corpus, tokenizer, padded: bool = False) -> list[dict[str, list[int]]]:
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


def reference(source: Corpus, target: Corpus, backbone: str, bf16: bool = False, clock=timed) -> list[float]:
    """Seconds of each stage of the plain loop; teachers are kept in memory, padded."""
    tokenizer = load_tokenizer(backbone)
    numbers = partial(torch.autocast, "cpu", torch.bfloat16) if bf16 else nullcontext

    def batches(corpus):
        rows = features(corpus, tokenizer, padded=True)
        columns = {key: torch.tensor([row[key] for row in rows]) for key in rows[0]}
        return [{key: part for key, part in zip(columns, parts, strict=True)}
                for parts in zip(*(column.split(BATCH) for column in columns.values()), strict=True)]  # fmt: skip

    def train(model, data):
        optimizer = torch.optim.AdamW(model.parameters(), lr=LR)
        model.train()
        for batch in data:
            with numbers():
                loss = model(**batch)["loss"]
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()

    @torch.no_grad()
    def label(model, data):
        model.eval()
        with numbers():
            return [model(batch["input_ids"], batch["attention_mask"])["logits"].softmax(-1) for batch in data]

    teacher, student, gold, raw = Plain(backbone), Plain(backbone), batches(source), batches(target)
    soft: list[torch.Tensor] = []
    seconds = [clock(lambda: train(teacher, gold)), clock(lambda: soft.extend(label(teacher, raw)))]
    taught = [{**batch, "soft": probs} for batch, probs in zip(raw, soft, strict=True)]
    return [*seconds, clock(lambda: train(student, taught)), clock(lambda: label(student, raw))]


def hf_trainer(model: Plain, rows, tokenizer, folder: str, collate=None, callbacks=(), batch: int = BATCH, **settings):
    """Trainer with a token-classification collator; nothing is logged or written."""
    import transformers
    from transformers import DataCollatorForTokenClassification, TrainingArguments

    transformers.utils.logging.set_verbosity_error()
    arguments = TrainingArguments(
        folder, per_device_train_batch_size=batch, per_device_eval_batch_size=batch, num_train_epochs=1,
        learning_rate=LR, report_to=[], save_strategy="no", disable_tqdm=True, logging_strategy="no",
        remove_unused_columns=False, label_names=["labels"], **settings,
    )  # fmt: skip
    collate = collate or DataCollatorForTokenClassification(tokenizer)
    trainer = transformers.Trainer(model, arguments, collate, train_dataset=rows, callbacks=list(callbacks))
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer


def huggingface(source: Corpus, target: Corpus, backbone: str, bf16: bool = False, clock=timed) -> list[float]:
    """Seconds of each stage with Trainer; its labelling writes no file."""
    from transformers import DataCollatorForTokenClassification

    tokenizer = load_tokenizer(backbone)
    collate = DataCollatorForTokenClassification(tokenizer)
    gold, raw = features(source, tokenizer), features(target, tokenizer)

    def with_soft(rows):
        soft = [torch.tensor(row["soft"]) for row in rows]
        batch = collate([{key: value for key, value in row.items() if key != "soft"} for row in rows])
        return {**batch, "soft": nn.utils.rnn.pad_sequence(soft, batch_first=True)}

    with tempfile.TemporaryDirectory() as folder:
        trainer = partial(hf_trainer, tokenizer=tokenizer, folder=folder, use_cpu=True, bf16=bf16)
        teaching, learning = Plain(backbone), Plain(backbone)
        first = trainer(teaching, gold)
        answers = []
        seconds = [clock(first.train), clock(lambda: answers.append(first.predict(raw).predictions))]
        probs = torch.tensor(answers[0]).softmax(-1).numpy()
        taught = [{**row, "soft": probs[n, : len(row["labels"])]} for n, row in enumerate(raw)]
        second = trainer(learning, taught, collate=with_soft)
        return [*seconds, clock(second.train), clock(lambda: trainer(learning, raw).predict(raw))]
