"""Alternatives as a tree of tokens: a beginning that several share is read once, and one pass scores them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from torch import Tensor

from ctl.arrays import Bools, Ints
from ctl.llm.script import Tokens


@dataclass(frozen=True)
class Tree:
    """Alternatives as a tree of tokens; a beginning that several share is read once.

    Attributes:
        paths: the tokens of each of C alternatives, ``None`` where there is none.
        tokens: the inner nodes, which must be read to predict what follows (M).
        parents: the node above each inner node, -1 for the root (M).
        nodes: the node that predicts each token of an alternative: 0 for the root, else 1 + the inner node (C, D).
        targets: the predicted tokens (C, D); padding beyond an alternative's length.
        lengths: the number of tokens of each alternative, 0 where there is none (C).
    """

    paths: tuple[Tokens | None, ...]
    tokens: list[int]
    parents: list[int]
    nodes: Ints
    targets: Ints
    lengths: Ints

    @cached_property
    def depths(self) -> list[int]:
        """Tokens between each inner node and the root (M)."""
        depths: list[int] = []
        for parent in self.parents:
            depths.append(0 if parent < 0 else depths[parent] + 1)
        return depths

    @cached_property
    def sees(self) -> Bools:
        """Tells for every inner node which inner nodes it sees: itself and those above it (M, M)."""
        sees = np.eye(len(self.tokens), dtype=bool)
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                sees[node] |= sees[parent]
        return sees


@lru_cache(maxsize=8192)
def grow(paths: tuple[Tokens | None, ...]) -> Tree:
    """Grows the tree of these alternatives."""
    inner: dict[Tokens, int] = {}  # the inner node of every beginning
    tokens: list[int] = []
    parents: list[int] = []
    longest = max(len(path) for path in paths if path)
    nodes, targets = np.zeros((2, len(paths), longest), dtype=np.int64)
    for number, path in enumerate(paths):
        for depth, token in enumerate(path or ()):
            above = path[:depth]  # type: ignore[index]
            if above and above not in inner:
                inner[above] = len(tokens)
                tokens.append(above[-1])
                parents.append(inner.get(above[:-1], -1))
            nodes[number, depth], targets[number, depth] = inner.get(above, -1) + 1, token
    return Tree(paths, tokens, parents, nodes, targets, np.array([len(path or ()) for path in paths]))


def add_up(logits: Tensor, trees: Sequence[Tree]) -> Tensor:
    """Adds up log-probabilities of all alternatives (R, C) from logits at the root and inner nodes (R, 1 + M, V)."""
    deepest = max(tree.nodes.shape[1] for tree in trees)
    shape = (len(trees), len(trees[0].paths), deepest)
    nodes, targets = np.zeros((2, *shape), dtype=np.int64)
    lengths = np.stack([tree.lengths for tree in trees])
    for row, tree in enumerate(trees):
        nodes[row, :, : tree.nodes.shape[1]] = tree.nodes
        targets[row, :, : tree.nodes.shape[1]] = tree.targets
    node, token, length = (torch.from_numpy(array).to(logits.device) for array in (nodes, targets, lengths))
    row_index = torch.arange(len(trees), device=logits.device)[:, None, None]
    log_probs = logits[row_index, node, token] - logits.logsumexp(-1)[row_index, node]  # (R, C, D)
    written = torch.arange(deepest, device=logits.device) < length[..., None]
    return log_probs.where(written, log_probs.new_zeros(())).sum(-1).masked_fill(length == 0, -torch.inf)
