"""What every model shares: it answers words with distributions, and is scored by exact spans."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from ctl.backbones import Pooling, WordClassifier, build_encoder, freeze, load_encoder, train_on_cpu
from ctl.data.encoding import WordBatch
from ctl.data.labels import TagSchema
from ctl.errors import CTLError
from ctl.metrics import SpanF1, span_counts


def named(method: str, variant: str | None) -> str:
    """The name of a method and its variant, ``student:learned+filter`` say."""
    return f"{method}+{variant}" if variant else method


class Labeller(LightningModule, ABC):
    """A model that gives every word a distribution over the tags: a teacher, an ensemble, a student.

    Subclasses say how in `probabilities`; testing and predicting are the same for all.

    Args:
        types: the entity types; tags and their ids follow (see `TagSchema`).
    """

    def __init__(self, types: Sequence[str]) -> None:
        super().__init__()
        self.schema = TagSchema(tuple(types))
        self.test_f1 = SpanF1(types)

    @abstractmethod
    def probabilities(self, batch: WordBatch) -> Tensor:
        """Distributions of all words of a batch (N, C)."""

    @abstractmethod
    def card(self) -> dict[str, Any]:
        """Who this is, for manifests and results: ``method``, ``sources``, ``train_seconds`` and its making."""

    def test_step(self, batch: WordBatch) -> Tensor:
        """Scores the most probable tags against gold; gives each sentence's counts (S, 3), see `span_counts`."""
        predicted = self.probabilities(batch).argmax(-1)
        self.test_f1.update(predicted, batch.tags, batch.lengths)
        return span_counts(predicted, batch.tags, batch.lengths)

    def on_test_epoch_end(self) -> None:
        """Logs ``test/f1``, ``test/precision``, ``test/recall`` and the same per type."""
        self.log_dict({f"test/{name}": value for name, value in self.test_f1.compute().items()})
        self.test_f1.reset()

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """``probs``, the distributions of all words of a batch (N, C), and what else a soft-label store takes."""
        return {"probs": self.probabilities(batch)}


class Trained(LightningModule):
    """How everything here is trained: AdamW, a linear schedule, and random numbers that a resumed run draws again.

    Attributes:
        lr: highest learning rate.
        weight_decay: of all weights except biases and norms.
        warmup: share of the steps over which the learning rate rises; then it falls linearly to zero.
    """

    lr: float
    weight_decay: float
    warmup: float

    def on_fit_start(self) -> None:
        """Remembers the seed that the run was given."""
        self._seed = torch.initial_seed()

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


class Tagger(Trained, Labeller):
    """A backbone with a tag classifier that is trained: a teacher or a student.

    Args:
        backbone: Hub name or folder of the encoder.
        types: the entity types.
        lr: highest learning rate of AdamW.
        weight_decay: of all weights except biases and norms.
        warmup: share of the steps over which the learning rate rises; then it falls linearly to zero.
        dropout: of the words' states before the classifier; the backbone keeps its own rates.
        pooling: what stands for a word: its first subword, its last, or their mean.
        freeze_embeddings: keep the backbone's embeddings as they are.
        freeze_layers: keep this many bottom layers as they are.
        variant: added to the method's name in results, ``adapted`` say.
        compile: compile the backbone with `torch.compile`: for long runs, as the first steps take a minute.
    """

    def __init__(
        self,
        backbone: str,
        types: Sequence[str] = ("PER", "ORG", "LOC"),
        lr: float = 5e-5,
        weight_decay: float = 0.01,
        warmup: float = 0.1,
        dropout: float = 0.1,
        pooling: Pooling = "first",
        freeze_embeddings: bool = False,
        freeze_layers: int = 0,
        variant: str | None = None,
        compile: bool = False,
    ) -> None:
        super().__init__(types)
        self.save_hyperparameters()  # those of the subclass as well
        self.backbone = backbone
        self.lr = lr
        self.weight_decay = weight_decay
        self.warmup = warmup
        self.dropout = dropout
        self.pooling: Pooling = pooling
        self.freeze_embeddings = freeze_embeddings
        self.freeze_layers = freeze_layers
        self.variant = variant
        self.compiled = compile
        self.network: WordClassifier | None = None
        self.val_f1 = SpanF1(types)
        self.train_seconds = 0.0

    @abstractmethod
    def loss(self, batch: WordBatch, logits: Tensor) -> Tensor:
        """What training lowers, from the logits of all words (N, C)."""

    def configure_model(self) -> None:
        """Loads the backbone, once; Lightning calls it after seeding and before training."""
        if self.network is None:
            self._build(load_encoder(self.backbone))

    def on_fit_start(self) -> None:
        """Remembers the seed, and chooses how attention is computed."""
        super().on_fit_start()
        if self.device.type == "cpu" and str(self.trainer.precision).startswith("bf16"):
            assert self.network is not None
            train_on_cpu(self.network.encoder)

    def _build(self, encoder: Any) -> None:  # noqa: ANN401
        freeze(encoder, self.freeze_embeddings, self.freeze_layers)
        if self.compiled:
            encoder.compile(dynamic=True)  # in place: the names in checkpoints stay
        self.network = WordClassifier(encoder, len(self.schema), self.pooling, self.dropout)

    def forward(self, batch: WordBatch) -> Tensor:
        """Logits of all words (N, C)."""
        assert self.network is not None, "configure_model was not called"
        return self.network(batch)  # type: ignore[no-any-return]

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Distributions of all words of a batch (N, C)."""
        return self(batch).softmax(-1)  # type: ignore[no-any-return]

    def training_step(self, batch: WordBatch) -> Tensor:
        """One step on a batch; logs ``train/loss``."""
        loss = self.loss(batch, self(batch))
        self.log("train/loss", loss, prog_bar=True, batch_size=len(batch.words))
        return loss * batch.factor

    def validation_step(self, batch: WordBatch) -> None:
        """Scores source validation sentences."""
        self.val_f1.update(self(batch).argmax(-1), batch.tags, batch.lengths)

    def on_validation_epoch_end(self) -> None:
        """Logs ``val/f1`` and its parts, micro over all source languages."""
        scores = self.val_f1.compute()
        self.log_dict({f"val/{name}": scores[name] for name in ("precision", "recall")})
        self.log("val/f1", scores["f1"], prog_bar=True)
        self.val_f1.reset()

    def on_train_epoch_start(self) -> None:
        """Starts the clock."""
        self._epoch_began = time.perf_counter()

    def on_train_epoch_end(self) -> None:
        """Adds the epoch to the time that training has taken."""
        self.train_seconds += time.perf_counter() - self._epoch_began

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds what is needed to build the model again without its pre-trained weights."""
        assert self.network is not None
        config = self.network.encoder.config.to_dict()  # type: ignore[union-attr, operator]
        checkpoint["ctl"] = {
            "types": list(self.schema.types),
            "encoder": {key: value for key, value in config.items() if isinstance(value, PLAIN)},
            "train_seconds": self.train_seconds,
            **self.checkpoint_extra(),
        }

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Builds the model where that was not done, and refuses a checkpoint of other tags."""
        state = checkpoint.get("ctl")
        if state is None:
            raise CTLError("this checkpoint was not written by ctl")
        if tuple(state["types"]) != self.schema.types:
            raise CTLError(
                f"the checkpoint's types are {state['types']}, this run's are {list(self.schema.types)}: "
                "set data.types to the checkpoint's, in their order"
            )
        if self.network is None:
            self._build(build_encoder(state["encoder"]))
        self.train_seconds = state["train_seconds"]
        self.restore_extra(state)

    def checkpoint_extra(self) -> dict[str, Any]:
        """What a subclass wants to find again in its checkpoint; plain values only."""
        return {}

    def restore_extra(self, state: Mapping[str, Any]) -> None:
        """Takes back what `checkpoint_extra` gave."""


UNDECAYED = re.compile(r"bias$|norm|(^|\.)ln_", re.IGNORECASE)
PLAIN = (dict, list, tuple, str, int, float, bool, type(None))
