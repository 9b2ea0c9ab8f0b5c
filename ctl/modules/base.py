"""What models share: how all are trained, and how all answer words with distributions and are scored."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from ctl.backbones.attention import plain_attention
from ctl.data.collation import WordBatch
from ctl.data.tags import TagSchema
from ctl.metrics import Calibration, SpanF1, span_counts

UNDECAYED = re.compile(r"bias$|norm|(^|\.)ln_", re.IGNORECASE)


class Trainable(LightningModule):
    """A model that is trained by AdamW on a linear schedule, with random numbers that a resumed run draws again.

    Attributes:
        lr: highest learning rate.
        weight_decay: of all weights except biases and norms.
        warmup: share of the steps over which the learning rate rises; then it falls linearly to zero.
    """

    lr: float
    weight_decay: float
    warmup: float

    @property
    @abstractmethod
    def backbone_model(self) -> Any:  # noqa: ANN401
        """The model of `transformers` that is trained."""

    def on_fit_start(self) -> None:
        """Remembers the seed that the run was given, and chooses how attention is computed while it is trained."""
        self._seed = torch.initial_seed()
        slow = self.device.type == "cpu" and str(self.trainer.precision).startswith("bf16")
        self._attention_before = plain_attention(self.backbone_model) if slow else None

    def on_fit_end(self) -> None:
        """A trained model answers as one that was loaded does."""
        if self._attention_before is not None:
            self.backbone_model.set_attn_implementation(self._attention_before)

    def on_train_batch_start(self, batch: WordBatch, batch_idx: int) -> None:
        """Seeds by epoch and batch, so that a resumed run drops out the same units as an unbroken one."""
        place = 1_000_003 * (self.current_epoch + 1) + 7_919 * batch_idx + self.global_rank
        torch.manual_seed((self._seed + place) % 2**63)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """What AdamW is given: parameters that are not frozen, with and without decay."""
        free = [(name, parameter) for name, parameter in self.named_parameters() if parameter.requires_grad]
        return [  # told apart by name: where a model is split over processes, every parameter is flat
            {"params": [p for name, p in free if not UNDECAYED.search(name)], "weight_decay": self.weight_decay},
            {"params": [p for name, p in free if UNDECAYED.search(name)], "weight_decay": 0.0},
        ]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW; linear warm-up, then linear decay."""
        fused = self.trainer.precision != "16-mixed"
        optimizer = torch.optim.AdamW(self.parameter_groups(), lr=self.lr, fused=fused)
        optimizer._step_supports_amp_scaling = False  # no scaler here: let Lightning clip gradients as usual
        total = max(1, int(self.trainer.estimated_stepping_batches))
        rising = max(1, round(self.warmup * total))

        def factor(step: int) -> float:
            return min((step + 1) / rising, (total - step) / max(1, total - rising + 1))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class WordLabeller(Protocol):
    """Anything that gives every word of a batch a distribution over the tags: a module, an exported network."""

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Gives the distributions of all words (N, C)."""


class Labeller(LightningModule, ABC):
    """A model that gives every word a distribution over the tags: a teacher, an ensemble, a student.

    Subclasses say how in `probabilities`; testing and predicting are the same for all.

    Args:
        types: the entity types; tags and their ids follow (see `TagSchema`).

    Attributes:
        calibration: what `ctl.metrics.Calibration` found in the last test.
    """

    calibration: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, types: Sequence[str]) -> None:
        super().__init__()
        self.schema = TagSchema(tuple(types))
        self.test_f1 = SpanF1(types)
        self.test_calibration = Calibration()

    @abstractmethod
    def probabilities(self, batch: WordBatch) -> Tensor:
        """Distributions of all words of a batch (N, C)."""

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Who this is, for manifests and results: ``method``, ``sources``, ``train_seconds`` and its making."""

    def test_step(self, batch: WordBatch) -> dict[str, Tensor]:
        """Scores the most probable ``tags`` (N) against gold; gives each sentence's ``counts`` too (`span_counts`)."""
        probs = self.probabilities(batch)
        predicted = probs.argmax(-1)
        self.test_calibration.update(probs, batch.tags)
        self.test_f1.update(predicted, batch.tags, batch.lengths)
        return {"tags": predicted, "counts": span_counts(predicted, batch.tags, batch.lengths)}

    def on_test_epoch_end(self) -> None:
        """Logs ``test/f1``, ``test/precision``, ``test/recall``, the same per type, and the calibration error."""
        self.log_dict({f"test/{name}": value for name, value in self.test_f1.compute().items()})
        found = self.test_calibration.compute()
        self.log("test/ece", found["ece"].float())
        self.calibration = {name: value.tolist() for name, value in found.items()}
        self.test_f1.reset()
        self.test_calibration.reset()

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """``probs``, the distributions of all words of a batch (N, C), and what else a soft-label store takes."""
        return {"probs": self.probabilities(batch)}
