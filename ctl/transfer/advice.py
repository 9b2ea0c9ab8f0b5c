"""Advice on how long models are trained, given before anything is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from ctl.methods import Method
from ctl.transfer.planner import Split
from ctl.transfer.settings import Length, TransferSettings

FEW_STEPS, MANY_STEPS = 300, 2000  # of soft labels: behind the mixture, and ahead of it (docs/results.md)
FEW_GOLD_STEPS = 150  # of gold labels, which teach faster: the quickstart's teachers do well with as many


def advice(settings: TransferSettings, methods: Sequence[Method], splits: Mapping[str, Split]) -> list[str]:
    """Says what to change where models would be trained for too few steps, or for unequal ones; mostly nothing.

    Args:
        settings: of the transfer.
        methods: what it scores.
        splits: by ``lang/split``.
    """
    lines: list[str] = []
    sentences = splits[f"{settings.target}/train"].sentences
    if any(method.kind == "student" for method in methods):
        reason = f"on {sentences:,} raw sentences, few for soft labels"
        lines += _few_steps("student", settings.student_length, sentences, settings.batch, reason)
    for family in dict.fromkeys(family for method in methods for family in method.teachers):
        has_pooled = any(method.pools or method.kind == "pooled" for method in methods if family in method.teachers)
        lines += _of_teachers(settings, family, has_pooled, splits)
    return lines


def _of_teachers(
    settings: TransferSettings, family: str, has_pooled: bool, splits: Mapping[str, Split]
) -> Iterator[str]:
    name, length, batch = f"{family}_teacher".lstrip("_"), settings.of_family(family).length, settings.batch
    sizes = {source: splits[f"{source}/train"].sentences for source in settings.labelled}
    if not sizes:
        return
    source = min(sizes, key=lambda name: sizes[name])
    reason = f"on {sizes[source]:,} sentences of {source}, too few to learn from"
    yield from _few_steps(name, length, sizes[source], batch, reason, FEW_GOLD_STEPS)
    if has_pooled and length.epochs is not None:
        most, least = length.taken(sum(sizes.values()), batch), length.taken(sizes[source], batch)
        yield (
            f"pooled takes {most:,} steps, the teacher of {source} {least:,}: their scores are not of like with like "
            f"(--{name}_epochs null --{name}_steps {MANY_STEPS} gives both as many)"
        )


def _few_steps(
    name: str, length: Length, sentences: int, batch: int, reason: str, few: int = FEW_STEPS
) -> Iterator[str]:
    steps = length.taken(sentences, batch)
    if steps < few:
        epochs = f"_epochs {round(MANY_STEPS / math.ceil(sentences / batch))} makes about {MANY_STEPS:,}"
        remedy = f"_steps {MANY_STEPS} makes more of them" if length.epochs is None else epochs
        yield f"{name.replace('_', ' ')}s take {steps} steps {reason}: --{name}{remedy}"
