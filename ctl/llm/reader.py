"""Reading with a kept cache: a causal model scores all alternatives at a word in one pass, and then reads on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ctl.arrays import Bools, Ints
from ctl.errors import CTLError
from ctl.llm.script import Script
from ctl.llm.token_tree import Tree, add_up, grow


class Reader:
    """Rows of text that a causal model reads in steps, with its keys and values kept.

    Each row has its own length. Where one row reads fewer tokens than another there is padding that nobody attends to,
    and positions count a row's own tokens. Alternatives are read behind the row as a tree (each node sees the row and
    the nodes above it), scored, and forgotten. So one pass scores all alternatives, and the row is never copied.

    Args:
        model: a causal model of `transformers`.
        prefix: tokens with which every row begins; they are read once.
        rows: the number of rows (R).
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
            read: the tokens that each row reads first, at least one (R).
            trees: the alternatives of each row (R).
        """
        width, extra = max(map(len, read)), max(len(tree.tokens) for tree in trees)
        ids, real, sees, positions = self._lay_out(read, trees, width, extra)
        logits = self.model(
            input_ids=torch.from_numpy(ids).to(self.device),
            attention_mask=self._mask(sees),
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
        """Lays rows and trees side by side.

        Returns:
            Ids (R, Q); which columns before the trees are real (R, width); who sees whom (R, Q, L + Q); positions
            (R, Q).
        """
        rows, past = self.seen.shape
        ids, positions = np.zeros((2, rows, width + extra), dtype=np.int64)
        real = np.zeros((rows, width), dtype=bool)
        sees = np.zeros((rows, width + extra, past + width + extra), dtype=bool)
        sees[:, :, :past] = self.seen[:, None]
        for row, (tokens, tree) in enumerate(zip(read, trees, strict=True)):
            begin, nodes, seen = width - len(tokens), len(tree.tokens), int(self.seen[row].sum())
            ids[row, begin:width], ids[row, width : width + nodes] = tokens, tree.tokens
            positions[row, begin:width] = np.arange(seen, seen + len(tokens))
            positions[row, width : width + nodes] = seen + len(tokens) + np.array(tree.depths, dtype=np.int64)
            real[row, begin:] = True
            sees[row, width : width + nodes, past + width : past + width + nodes] = tree.sees
        sees[:, :, past : past + width] = real[:, None]
        sees[:, :width, past : past + width] &= np.tri(width, dtype=bool)
        return ids, real, sees, positions

    def _mask(self, sees: Bools) -> Tensor:
        """The additive attention mask (R, 1, Q, L + Q): 0 where a token sees another, else the least number."""
        mask = torch.from_numpy(sees).to(self.device)[:, None]
        kind = self.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else self.dtype
        zeros = torch.zeros(mask.shape, dtype=dtype, device=self.device)
        return zeros.masked_fill_(~mask, torch.finfo(dtype).min)


@torch.no_grad()
def check_reading(model: Any, script: Script) -> None:  # noqa: ANN401
    """Refuses a model that does not read as `Reader` lays text out; compares it with plain reading.

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
            if not path:
                continue
            expected = _plain(model, [*script.prefix, *read[row]], path)
            if not torch.allclose(scores[row, tag], expected, rtol=0.05, atol=slack):
                raise CTLError(
                    f"{type(model).__name__} does not follow attention masks and positions as a GenerativeTeacher "
                    "needs: take a transformer with rotary or learned positions"
                )


def _plain(model: Any, before: Sequence[int], path: Sequence[int]) -> Tensor:  # noqa: ANN401
    """The log-probability of a path of tokens after others, read at once and without a cache."""
    ids = torch.tensor([[*before, *path]], device=next(model.parameters()).device)
    log_probs = model(input_ids=ids, use_cache=False).logits[0].float().log_softmax(-1)
    scores: Tensor = log_probs[torch.arange(-len(path) - 1, -1), list(path)]
    return scores.sum()
