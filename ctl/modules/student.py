"""The student: learns the target language from its teachers' soft labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ctl.data.encoding import WordBatch
from ctl.errors import CTLError
from ctl.losses import LossName, distillation_loss
from ctl.modules.base import Tagger


class Student(Tagger):
    """A tagger trained on a target language's raw text and soft labels (Wu et al., ACL 2020, sections 3.1 and 3.2).

    It starts from the pre-trained backbone, not from a teacher, and the gold tags of the target never reach it.

    Args:
        loss: ``mse`` on probabilities (the paper's), ``kl``, ``cross_entropy`` with soft targets, or ``hard``.
        temperature: of ``kl``; the gradient keeps its size.
        **kwargs: as for every `Tagger`.
    """

    def __init__(self, loss: LossName = "mse", temperature: float = 1.0, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.loss_name: LossName = loss
        self.temperature = temperature
        self.taught_by: dict[str, Any] = {}

    def loss(self, batch: WordBatch, logits: Tensor) -> Tensor:
        """The distillation loss against the teachers' distributions."""
        assert batch.soft is not None
        counted = torch.ones(len(logits), dtype=torch.bool, device=logits.device)
        return distillation_loss(self.loss_name, logits, batch.soft, counted, self.temperature)

    def setup(self, stage: str) -> None:
        """Learns from the data module whose soft labels these are."""
        if stage == "fit":
            store = self.trainer.datamodule.store  # type: ignore[attr-defined]
            if store is None:
                raise CTLError("a Student needs soft labels: set data.soft_labels to a store that `ctl predict` wrote")
            self.taught_by = store.manifest["teacher"]

    def checkpoint_extra(self) -> dict[str, Any]:
        """Whose soft labels it learned from."""
        return {"taught_by": self.taught_by}

    def restore_extra(self, state: Mapping[str, Any]) -> None:
        """Takes its teachers back."""
        self.taught_by = dict(state["taught_by"])

    def card(self) -> dict[str, Any]:
        """``student:<weighting>``; the time includes its teachers'."""
        _, _, of = self.taught_by["method"].partition(":")
        seconds = self.train_seconds + self.taught_by["train_seconds"]
        return {
            "method": f"student:{of or self.taught_by['method']}",
            "sources": self.taught_by["sources"],
            "train_seconds": round(seconds, 1),
            "taught_by": self.taught_by,
        }
