"""The student: learns the target language from its teachers' soft labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ctl.callbacks.progress.weak_fits import weaknesses
from ctl.data.collation import WordBatch
from ctl.errors import CTLError
from ctl.losses import LossName, distillation_loss, unanimous
from ctl.methods import Method, named
from ctl.modules.tagger import Tagger
from ctl.system.console import notice
from ctl.system.numbers import Finite, PositiveFloat


class Student(Tagger):
    """A tagger trained on a target language's raw text and soft labels (Wu et al., ACL 2020, sections 3.1 and 3.2).

    It starts from the pre-trained backbone, not from a teacher, and the gold tags of the target never reach it.

    Args:
        loss: ``mse`` on probabilities (the paper's), ``kl``, ``cross_entropy`` with soft targets, or ``hard``.
        temperature: of ``kl``; the gradient keeps its size.
        unanimous_weight: weight of a second loss, against the one tag on which all teachers agree, on words that the
            ensemble marked (``Ensemble.unanimous: mark``); below zero it is the only loss.
        **kwargs: as for every `Tagger`.
    """

    def __init__(
        self,
        *,
        loss: LossName = "mse",
        temperature: PositiveFloat = 1.0,
        unanimous_weight: Finite = 0.0,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.loss_name: LossName = loss
        self.temperature = temperature
        self.unanimous_weight = unanimous_weight
        self.taught_by: dict[str, Any] = {}
        self.selection_seconds = 0.0
        self.labels_o = 0.0

    def loss(self, batch: WordBatch, logits: Tensor) -> Tensor:
        """Gives the distillation loss against the teachers' distributions."""
        assert batch.soft is not None
        weight = torch.ones(len(logits), device=logits.device) if batch.weight is None else batch.weight
        if self.unanimous_weight == 0:
            return distillation_loss(self.loss_name, logits, batch.soft, weight, self.temperature)
        assert batch.unanimous is not None
        agreed = unanimous(logits, batch.soft, weight * batch.unanimous)
        if self.unanimous_weight < 0:
            return agreed
        soft = distillation_loss(self.loss_name, logits, batch.soft, weight, self.temperature)
        return soft + self.unanimous_weight * agreed

    def setup(self, stage: str) -> None:
        """Learns from the data module whose soft labels these are.

        Raises:
            CTLError: there are none, or a setting needs what they lack.
        """
        if stage != "fit":
            return
        store = self.trainer.datamodule.store  # type: ignore[attr-defined]
        if store is None:
            raise CTLError("a Student needs soft labels: set data.soft_labels to a store that `ctl predict` wrote")
        if self.unanimous_weight and store.unanimous is None:
            raise CTLError(
                f"{store.path}: the words on which all teachers agree are not marked, and unanimous_weight needs "
                "them: write the soft labels with an Ensemble whose unanimous is `mark`"
            )
        self.taught_by = store.manifest["teacher"]
        self.selection_seconds = self.trainer.datamodule.selection_seconds  # type: ignore[attr-defined]
        self.labels_o = round(store.share_of_o(), 4)
        for line in weaknesses(self.identity()["method"], self.fit_facts()):
            notice(line)

    def fit_facts(self) -> dict[str, Any]:
        """Gives the share of the words whose most probable soft label is O."""
        return {"labels_o": self.labels_o}

    def role(self) -> str:
        """Tells students of different teachers apart."""
        teacher = self.taught_by
        return " ".join([super().role(), teacher.get("method", ""), *teacher.get("sources", ())])

    def checkpoint_extra(self) -> dict[str, Any]:
        """Gives the identity of its teachers."""
        return {"taught_by": self.taught_by, "selection_seconds": self.selection_seconds}

    def restore_extra(self, state: Mapping[str, Any]) -> None:
        """Takes the identity of its teachers."""
        self.taught_by, self.selection_seconds = dict(state["taught_by"]), state["selection_seconds"]

    def identity(self) -> dict[str, Any]:
        """Says ``student:<weighting>``; the time includes its teachers', and that of what selected its soft labels.

        Where its teachers are decoders, or some are, its name begins with ``llm-`` or ``mixed-`` as the ensemble's.
        """
        taught_by = Method.split(self.taught_by["method"])
        method = Method("student", taught_by.of or taught_by.kind, family=taught_by.family)
        seconds = self.train_seconds + self.taught_by["train_seconds"] + self.selection_seconds
        return {
            "method": named(method, self.variant),
            "sources": self.taught_by["sources"],
            "train_seconds": round(seconds, 1),
            "fit": self.fit_record,
            "taught_by": self.taught_by,
        }
