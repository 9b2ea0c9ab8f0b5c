"""The ensemble: K teachers, live or stored, and their weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from ctl.data.encoding import WordBatch
from ctl.data.soft_labels import SoftLabelStore
from ctl.errors import CTLError
from ctl.modules.base import Labeller
from ctl.modules.teacher import Teacher
from ctl.weighting import read_weights


class Answers(Protocol):
    """A member of the ensemble: it gives distributions and knows who it is."""

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Distributions of all words of a batch (N, C)."""

    def card(self) -> dict[str, Any]:
        """Who this is."""


class Stored:
    """A teacher whose distributions were predicted before."""

    def __init__(self, store: SoftLabelStore) -> None:
        self.store = store

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Looks the words of the batch up (N, C)."""
        return torch.from_numpy(self.store.rows(batch.words.cpu().numpy())).to(batch.words.device)

    def card(self) -> dict[str, Any]:
        """The card of the teacher that wrote the store."""
        return dict(self.store.manifest["teacher"])


class Ensemble(Labeller):
    """The weighted mean of its teachers' distributions (Wu et al., ACL 2020, section 3.2).

    It is not trained: ``test`` scores the mixture, ``predict`` writes the soft labels that a student reads.

    Args:
        teachers: checkpoints of teachers, or soft-label stores of the split at hand; they may be mixed.
        types: the entity types.
        weighting: what the weighting is called; ``uniform`` needs no file.
        weights: JSON with a weight per source language, as ``ctl predict`` of a language identifier writes it.
    """

    def __init__(
        self,
        teachers: list[str],
        types: Sequence[str] = ("PER", "ORG", "LOC"),
        weighting: str = "uniform",
        weights: str | None = None,
    ) -> None:
        super().__init__(types)
        self.teachers = teachers
        self.weighting = weighting
        self.weights_path = weights
        self.members: list[Answers] = []
        self.live = nn.ModuleList()

    def setup(self, stage: str) -> None:
        """Opens the stores and loads the checkpoints.

        Raises:
            CTLError: there are none, or a store or checkpoint does not match the data.
        """
        if not self.teachers:
            raise CTLError("an Ensemble needs teachers: set model.teachers to checkpoints or soft-label stores")
        if self.weights_path is None and self.weighting != "uniform":
            raise CTLError(f"weighting {self.weighting!r} needs model.weights, a JSON file with a weight per source")
        self.live = nn.ModuleList()
        self.members = [self._open(Path(teacher)) for teacher in self.teachers]
        sources = [",".join(member.card()["sources"]) for member in self.members]
        uniform = np.full(len(sources), 1 / len(sources), dtype=np.float32)
        weights = uniform if self.weights_path is None else read_weights(self.weights_path, sources)
        self.weights: list[float] = weights.tolist()

    def _open(self, path: Path) -> Answers:
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if path.is_dir():
            store = SoftLabelStore(path)
            store.check(data.labelled_corpus(self.trainer.state.fn), self.schema)
            return Stored(store)
        if not path.is_file():
            raise CTLError(f"teacher {path}: neither a checkpoint nor a soft-label store")
        teacher = Teacher.load_from_checkpoint(path, map_location=self.device, types=list(self.schema.types))
        if teacher.backbone != data.backbone:
            raise CTLError(
                f"teacher {path} reads with the tokenizer of {teacher.backbone}, the data with {data.backbone}'s: "
                "let each teacher `ctl predict` first and give the ensemble the soft labels"
            )
        self.live.append(teacher.eval().requires_grad_(False))
        return teacher

    def probabilities(self, batch: WordBatch) -> Tensor:
        """The weighted mean of the teachers' distributions (N, C)."""
        total = torch.zeros(len(batch.words), len(self.schema), device=batch.words.device)
        for member, weight in zip(self.members, self.weights, strict=True):
            total += weight * member.probabilities(batch)
        return total

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Nothing is trained."""
        return None

    def card(self) -> dict[str, Any]:
        """``ensemble:<weighting>``; the time is its teachers' together."""
        cards = [member.card() for member in self.members]
        return {
            "method": f"ensemble:{self.weighting}",
            "sources": [source for card in cards for source in card["sources"]],
            "train_seconds": round(sum(card["train_seconds"] for card in cards), 1),
            "weights": [round(weight, 4) for weight in self.weights],
            "teachers": [card["fingerprint"] for card in cards if "fingerprint" in card],
        }
