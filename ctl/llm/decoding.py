"""Constrained decoding: a causal model scores all tags at every word, and reads on with the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ctl.arrays import Doubles
from ctl.backbones.vocabulary import NOT_ASKED, subword_loss
from ctl.data.collation import lay_in_rows, mapped
from ctl.llm.reader import Reader
from ctl.llm.script import Script
from ctl.llm.token_tree import grow

CACHED_TOKENS = 65_536  # whose keys and values are kept at once: 10 GB for a model of 8 billion parameters
FLOOR = 1e-4  # the share of each distribution that is spread evenly, so that no tag is impossible


@torch.no_grad()
def walk(
    model: Any,  # noqa: ANN401
    script: Script,
    sentences: Sequence[Sequence[str]],
    draws: Sequence[Doubles] | None = None,
    temperature: float = 1.0,
) -> list[Tensor]:
    """Gives distributions over the tags of every word, one sentence (W, C) after another.

    At each word all tags are scored, and the model goes on with one of them: the most probable, or one that is drawn.
    Sentences of similar length go together, as many as there is memory for.

    Args:
        model: a causal model of `transformers`.
        script: prompt and answers as tokens.
        sentences: words, few enough to fit (see `Script.cut`).
        draws: for each sentence a number in [0, 1) for each word (W), by which its tag is drawn.
        temperature: of the draw.
    """
    order = sorted(range(len(sentences)), key=lambda row: -len(sentences[row]))
    longest = max((script.length(words) for words in sentences), default=1)
    together = max(1, CACHED_TOKENS // longest)
    distributions: dict[int, Tensor] = {}
    for begin in range(0, len(order), together):
        rows = order[begin : begin + together]
        chances = None if draws is None else [draws[row] for row in rows]
        walked = _walk_together(model, script, [sentences[row] for row in rows], chances, temperature)
        distributions |= zip(rows, walked, strict=True)
    return [distributions[row] for row in range(len(sentences))]


def _walk_together(
    model: Any,  # noqa: ANN401
    script: Script,
    rows: Sequence[Sequence[str]],
    draws: Sequence[Doubles] | None,
    temperature: float,
) -> list[Tensor]:
    """Walks through sentences side by side (R); they are sorted, the longest first."""
    reader = Reader(model, script.prefix, len(rows))
    pending = [script.sentence(words) for words in rows]  # what each row has still to read
    previous = [0] * len(rows)
    columns: list[Tensor] = []  # for each word index, the distributions of the rows that are so long (R, C)
    for index in range(len(rows[0])):
        alive = sum(len(words) > index for words in rows)
        reader.keep(alive)
        trees = [grow(script.choices(rows[row], index, previous[row])) for row in range(alive)]
        read = [pending[row] + script.given(rows[row], index) for row in range(alive)]
        columns.append(reader.score(read, trees).softmax(-1))
        chances = None if draws is None else np.array([draws[row][index] for row in range(alive)])
        previous = choose(columns[-1], chances, temperature)
        pending = [tree.paths[tag] or () for tree, tag in zip(trees, previous, strict=True)]
    return [torch.stack([columns[index][row] for index in range(len(words))]) for row, words in enumerate(rows)]


def choose(probs: Tensor, chances: Doubles | None, temperature: float) -> list[int]:
    """Chooses a tag for each row (R): the most probable, or one that is drawn by a number in [0, 1).

    Args:
        probs: distributions (R, C).
        chances: the numbers (R); ``None`` takes the most probable tag.
        temperature: of the draw.
    """
    if chances is None:
        return [int(tag) for tag in probs.argmax(-1)]
    sharpened = (probs.double().log() / temperature).softmax(-1).numpy(force=True)  # (R, C)
    drawn = (sharpened.cumsum(-1) <= chances[:, None] * sharpened.sum(-1, keepdims=True)).sum(-1)
    return [int(tag) for tag in drawn]


def floored(probs: Tensor) -> Tensor:
    """Makes no tag of distributions (N, C) impossible, so that logarithms are finite."""
    return (1 - FLOOR) * probs + FLOOR / probs.shape[-1]


def nats(model: Any, script: Script, sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[int]]) -> Tensor:  # noqa: ANN401
    """The cost of the right choices in nats a word: the mean over all words of -log P(text of its tag | all before).

    Args:
        model: a causal model of `transformers`.
        script: prompt and answers as tokens.
        sentences: words; they are cut where they do not fit.
        tags: BIO2 tag ids of the words.
    """
    solved = [
        script.solution(words[part], labels[part])
        for words, labels in zip(sentences, tags, strict=True)
        for part in script.cut(words)
    ]
    ids, chosen = (np.concatenate(parts).astype(np.int64) for parts in zip(*solved, strict=True))
    subwords = lay_in_rows(ids, np.array([len(tokens) for tokens, _ in solved]))
    following = np.where(chosen, ids, NOT_ASKED)[1:]  # a prompt comes first, so that no first token is chosen
    labels = torch.from_numpy(np.append(following, NOT_ASKED))
    device = next(model.parameters()).device
    loss = subword_loss(model, mapped(subwords, lambda tensor: tensor.to(device)), labels.to(device), "sum")
    return loss / sum(map(len, sentences))
