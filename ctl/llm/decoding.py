"""Constrained decoding: a causal model scores all alternatives at every word, and reads on with the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ctl.arrays import Bools, Doubles, Ints
from ctl.errors import CTLError
from ctl.llm.script import Script
from ctl.llm.token_tree import Tree, add_up, grow

TOKENS_AT_ONCE = 65_536  # whose keys and values are kept: 10 GB of an 8-billion model's
FLOOR = 1e-4  # no tag is impossible: shared evenly among all


class Reader:
    """Rows of text that a causal model reads in steps, its keys and values kept.

    Each row has its own length: where one reads fewer tokens than another there is padding that nobody attends to, and
    positions count a row's own tokens. Alternatives are read behind the row as a tree (each node sees the row and what
    is above it), scored, and forgotten. So one pass scores all alternatives, and the row is never copied.

    Args:
        model: a causal model of `transformers`.
        prefix: tokens with which every row begins, read once.
        rows: how many there are (R).
    """

    def __init__(self, model: Any, prefix: Sequence[int], rows: int) -> None:  # noqa: ANN401
        from transformers import DynamicCache

        self.model = model
        self.cache: Any = DynamicCache()
        self.device, self.dtype = next(model.parameters()).device, next(model.parameters()).dtype
        model(input_ids=torch.tensor([prefix], device=self.device), past_key_values=self.cache, use_cache=True)
        self.cache.batch_repeat_interleave(rows)
        self.seen = np.ones((rows, len(prefix)), dtype=bool)  # cached keys that are no padding (R, L)

    def keep(self, rows: int) -> None:
        """Goes on with the first rows only."""
        if rows < len(self.seen):
            self.seen = self.seen[:rows]
            self.cache.batch_select_indices(torch.arange(rows, device=self.device))

    def score(self, read: Sequence[Sequence[int]], trees: Sequence[Tree]) -> Tensor:
        """Reads on and gives the log-probabilities of all alternatives (R, C), -inf where there is none.

        Args:
            read: what each row reads first, one token or more (R).
            trees: its alternatives (R).
        """
        width, extra = max(map(len, read)), max(len(tree.tokens) for tree in trees)
        ids, real, sees, positions = self._lay_out(read, trees, width, extra)
        mask = torch.from_numpy(sees).to(self.device)[:, None]  # (R, 1, Q, L + Q)
        on = self.device.type
        dtype = torch.get_autocast_dtype(on) if torch.is_autocast_enabled(on) else self.dtype
        logits = self.model(
            input_ids=torch.from_numpy(ids).to(self.device),
            attention_mask=torch.zeros(mask.shape, dtype=dtype, device=self.device).masked_fill_(
                ~mask, torch.finfo(dtype).min
            ),
            position_ids=torch.from_numpy(positions).to(self.device),
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=extra + 1,
        ).logits.float()  # (R, 1 + M, V)
        if extra:
            self.cache.crop(-extra)
        self.seen = np.concatenate([self.seen, real], axis=1)
        return add_up(logits, trees)

    def _lay_out(
        self, read: Sequence[Sequence[int]], trees: Sequence[Tree], width: int, extra: int
    ) -> tuple[Ints, Bools, Bools, Ints]:
        """Ids (R, Q), which of the columns before the trees are real, who sees whom (R, Q, L + Q), positions (R, Q)."""
        rows, past = self.seen.shape
        ids, positions = np.zeros((2, rows, width + extra), dtype=np.int64)
        real = np.zeros((rows, width), dtype=bool)
        sees = np.zeros((rows, width + extra, past + width + extra), dtype=bool)
        sees[:, :, :past] = self.seen[:, None]
        for row, (tokens, tree) in enumerate(zip(read, trees, strict=True)):
            begin, nodes, at = width - len(tokens), len(tree.tokens), int(self.seen[row].sum())
            ids[row, begin:width], ids[row, width : width + nodes] = tokens, tree.tokens
            positions[row, begin:width] = np.arange(at, at + len(tokens))
            positions[row, width : width + nodes] = at + len(tokens) + np.array(tree.depths, dtype=np.int64)
            real[row, begin:] = True
            sees[row, width : width + nodes, past + width : past + width + nodes] = tree.sees
        sees[:, :, past : past + width] = real[:, None]
        sees[:, :width, past : past + width] &= np.tri(width, dtype=bool)
        return ids, real, sees, positions


@torch.no_grad()
def walk(
    model: Any,  # noqa: ANN401
    script: Script,
    sentences: Sequence[Sequence[str]],
    draws: Sequence[Doubles] | None = None,
    temperature: float = 1.0,
) -> list[Tensor]:
    """Distributions over the tags of every word, one sentence (W, C) after another.

    At each word the alternatives are scored and the model goes on with one of them: the most probable, or one that is
    drawn. Sentences of like length go together, as many as there is memory for.

    Args:
        model: a causal model of `transformers`.
        script: prompt and answers as tokens.
        sentences: words, few enough to fit (see `Script.cut`).
        draws: for each sentence a number in [0, 1) for each word (W), by which its tag is drawn.
        temperature: of the draw.
    """
    order = sorted(range(len(sentences)), key=lambda row: -len(sentences[row]))
    longest = max((script.length(words) for words in sentences), default=1)
    together = max(1, TOKENS_AT_ONCE // longest)
    found: dict[int, Tensor] = {}
    for begin in range(0, len(order), together):
        rows = order[begin : begin + together]
        chances = None if draws is None else [draws[row] for row in rows]
        walked = _walk(model, script, [sentences[row] for row in rows], chances, temperature)
        found |= zip(rows, walked, strict=True)
    return [found[row] for row in range(len(sentences))]


def _walk(
    model: Any,  # noqa: ANN401
    script: Script,
    rows: Sequence[Sequence[str]],
    draws: Sequence[Doubles] | None,
    temperature: float,
) -> list[Tensor]:
    """The same for sentences that go together, the longest first."""
    reader = Reader(model, script.prefix, len(rows))
    pending = [script.sentence(words) for words in rows]
    previous = [0] * len(rows)
    found: list[Tensor] = []  # of each place, the rows that are so long (R, C)
    for place in range(len(rows[0])):
        alive = sum(len(words) > place for words in rows)
        reader.keep(alive)
        trees = [grow(script.choices(rows[row], place, previous[row])) for row in range(alive)]
        read = [pending[row] + script.given(rows[row], place) for row in range(alive)]
        found.append(reader.score(read, trees).softmax(-1))
        chances = None if draws is None else np.array([draws[row][place] for row in range(alive)])
        previous = choose(found[-1], chances, temperature)
        pending = [tree.paths[tag] or () for tree, tag in zip(trees, previous, strict=True)]
    return [torch.stack([found[place][row] for place in range(len(words))]) for row, words in enumerate(rows)]


def choose(probs: Tensor, chances: Doubles | None, temperature: float) -> list[int]:
    """The most probable tag of each row (R), or one drawn by a number in [0, 1)."""
    if chances is None:
        return [int(tag) for tag in probs.argmax(-1)]
    sharpened = (probs.double().log() / temperature).softmax(-1).numpy(force=True)  # (R, C)
    drawn = (sharpened.cumsum(-1) <= chances[:, None] * sharpened.sum(-1, keepdims=True)).sum(-1)
    return [int(tag) for tag in drawn]


def floored(probs: Tensor) -> Tensor:
    """The same distributions (N, C) with none of the tags impossible, so that logarithms are finite."""
    return (1 - FLOOR) * probs + FLOOR / probs.shape[-1]


def nats(model: Any, script: Script, sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[int]]) -> Tensor:  # noqa: ANN401
    """What the right choices cost, in nats a word: the mean over all words of -log P(text of its tag | all before).

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
    width, device = max(len(tokens) for tokens, _ in solved), next(model.parameters()).device
    ids, chosen, real = np.zeros((3, len(solved), width), dtype=np.int64)
    for row, (tokens, choice) in enumerate(solved):
        ids[row, : len(tokens)], chosen[row, : len(tokens)], real[row, : len(tokens)] = tokens, choice, 1
    columns = np.flatnonzero(chosen.any(0))  # a vocabulary is large: logits only where something is chosen
    logits = model(
        input_ids=torch.from_numpy(ids).to(device),
        attention_mask=torch.from_numpy(real).to(device),
        logits_to_keep=torch.from_numpy(columns - 1).to(device),
        use_cache=False,
    ).logits.float()  # (R, T', V)
    targets = torch.from_numpy(np.where(chosen, ids, -100)[:, columns]).to(device)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum") / sum(map(len, sentences))


@torch.no_grad()
def check_reading(model: Any, script: Script) -> None:  # noqa: ANN401
    """Refuses a model that does not read as `Reader` lays text out, by comparing it with plain reading.

    Raises:
        CTLError: attention masks or positions are not followed (recurrent models and ALiBi, say).
    """
    words = [["a"], ["b", "c"]]
    reader = Reader(model, script.prefix, 2)
    read = [script.sentence(row) + script.given(row, 0) for row in words]
    trees = [grow(script.choices(row, 0, 0)) for row in words]
    scores = reader.score(read, trees)
    slack = 0.05 if reader.dtype == torch.float32 else 1.0  # nats; half precision rounds logits
    for row, tree in enumerate(trees):
        for tag, path in enumerate(tree.paths):
            if path:
                ids = torch.tensor([[*script.prefix, *read[row], *path]], device=reader.device)
                plain = model(input_ids=ids, use_cache=False).logits[0].float().log_softmax(-1)
                at = torch.arange(-len(path) - 1, -1)
                expected = plain[at, list(path)].sum()
                if not torch.allclose(scores[row, tag], expected, rtol=0.05, atol=slack):
                    raise CTLError(
                        f"{type(model).__name__} does not follow attention masks and positions as a GenerativeTeacher "
                        "needs: take a transformer with rotary or learned positions"
                    )
