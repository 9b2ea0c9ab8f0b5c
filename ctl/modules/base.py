"""Bases of models: all are trained alike, and all that give words distributions are scored and written alike."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from lightning.pytorch import Callback, LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from ctl.backbones.attention import plain_attention
from ctl.callbacks.writers import SoftLabelWriter, Teaching, check_finite
from ctl.data.collation import WordBatch
from ctl.data.tags import TagSchema
from ctl.metrics import Calibration, SpanF1, span_counts
from ctl.system.files import fingerprint_stream

UNDECAYED = re.compile(r"bias$|norm|(^|\.)ln_", re.IGNORECASE)


class Trainable(LightningModule, ABC):
    """A model that is trained by AdamW on a linear schedule, with random numbers that a resumed run draws again.

    Args:
        lr: highest learning rate.
        weight_decay: of all weights except biases and norms.
        warmup: share of the steps over which the learning rate rises; then it falls linearly to zero.
        **kwargs: for the next class.

    Attributes:
        needs_training: whether its answers are random before it is trained.
    """

    needs_training: ClassVar[bool] = True

    def __init__(self, lr: float, weight_decay: float, warmup: float, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.lr = lr
        self.weight_decay = weight_decay
        self.warmup = warmup

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
        """Lets a trained model compute attention as one that was loaded does."""
        if self._attention_before is not None:
            self.backbone_model.set_attn_implementation(self._attention_before)

    def on_train_batch_start(self, batch: WordBatch, batch_idx: int) -> None:
        """Seeds by epoch and batch, so that a resumed run drops out the same units as an unbroken one.

        ``torch.manual_seed`` would note, in every step and for good, what is to be seeded on each kind of device that
        is not there, with the stack: a tenth of a short step.
        """
        offset = 1_000_003 * (self.current_epoch + 1) + 7_919 * batch_idx + self.global_rank
        seed = (self._seed + offset) % 2**63
        torch.default_generator.manual_seed(seed)
        if self.device.type != "cpu":
            torch.get_device_module(self.device).manual_seed(seed)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Gives AdamW the parameters that are not frozen, those with decay and those without."""
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
        """Gives the distributions of all words of a batch (N, C)."""

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Says who this is: ``method``, ``sources``, ``train_seconds`` and how it was made."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Gives 16 hex digits that change with the distributions: of weights, or of what is asked."""

    def as_teacher(self) -> dict[str, Any]:
        """Gives what the manifest of its soft labels keeps: its identity and its fingerprint."""
        return {**self.identity(), "fingerprint": self.fingerprint()}

    def labellers(self) -> Mapping[str, Teaching]:
        """Gives whose soft labels ``predict`` writes, by folders below the run's: its own, in the run's itself."""
        return {"": self}

    def configure_callbacks(self) -> Sequence[Callback]:
        """Names what writes the predictions; it is idle in other commands."""
        return [SoftLabelWriter(self)]

    def test_step(self, batch: WordBatch) -> dict[str, Tensor]:
        """Scores the most probable ``tags`` (N) of ``probs`` (N, C); gives each sentence's ``counts`` too.

        See `span_counts`.
        """
        probs = self.probabilities(batch)
        check_finite(probs, "probabilities")
        predicted = probs.argmax(-1)
        self.test_calibration.update(probs, batch.tags)
        self.test_f1.update(predicted, batch.tags, batch.lengths)
        return {"tags": predicted, "probs": probs, "counts": span_counts(predicted, batch.tags, batch.lengths)}

    def on_test_epoch_end(self) -> None:
        """Logs ``test/f1``, ``test/precision``, ``test/recall``, the same per type, and the calibration error."""
        self.log_dict({f"test/{name}": value for name, value in self.test_f1.compute().items()})
        calibration = self.test_calibration.compute()
        self.log("test/ece", calibration["ece"].float())
        self.calibration = {name: value.tolist() for name, value in calibration.items()}
        self.test_f1.reset()
        self.test_calibration.reset()

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Gives ``probs``, the distributions of all words of a batch (N, C), and what else a soft-label store takes."""
        return {"probs": self.probabilities(batch)}


def fingerprint_weights(weights: Mapping[str, Tensor], below: str = "") -> str:
    """The fingerprint of weights by name, and before them of what is ``below``: the base under adapters, say."""
    return fingerprint_stream(
        chain([below], chain.from_iterable((name, _bytes(weight)) for name, weight in sorted(weights.items())))
    )


def _bytes(weight: Tensor) -> bytes:
    return weight.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes()
