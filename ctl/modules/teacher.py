"""The teacher: one model, gold labels of one or several source languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ctl.data.collation import WordBatch
from ctl.data.datamodule import NERDataModule
from ctl.data.encoding import NO_TAG
from ctl.methods import Method, named
from ctl.metrics import CalibrationTemperature
from ctl.modules.fine_tuned import FineTuned
from ctl.modules.tagger import Tagger


class GoldTrained(FineTuned):
    """A model that is trained on gold labels of source languages, and knows which; its temperature can be calibrated.

    Args:
        calibrate: answer with probabilities at the temperature that fits the sources' validation split best
            (`CalibrationTemperature`); it is found at every validation and kept in the checkpoint.
        **kwargs: as for the class that comes next.

    Attributes:
        sources: the languages that it was taught.
        source_types: the types of which its gold sentences have entities; ``None`` where its checkpoint has no word of
            them.
    """

    sources: Sequence[str] = ()
    source_types: Sequence[str] | None = None
    temperature: Tensor

    def __init__(self, *, calibrate: bool = False, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.calibrate = calibrate
        self.register_buffer("temperature", torch.ones(()))
        self.val_temperature = CalibrationTemperature()

    def loss(self, batch: WordBatch, logits: Tensor) -> Tensor:
        """Gives the cross-entropy with the gold tags, the mean over words."""
        return F.cross_entropy(logits, batch.tags, ignore_index=NO_TAG)

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Gives the distributions of all words of a batch (N, C)."""
        return (self(batch) / (self.temperature if self.calibrate else 1.0)).softmax(-1)  # type: ignore[no-any-return]

    def validation_step(self, batch: WordBatch) -> None:
        """Scores source validation sentences, and looks for the temperature that fits them."""
        logits = self(batch)
        self.val_f1.update(logits.argmax(-1), batch.tags, batch.lengths)
        self.val_temperature.update(logits, batch.tags)

    def on_validation_epoch_end(self) -> None:
        """Keeps the temperature and logs it, and the scores."""
        super().on_validation_epoch_end()
        temperature = self.val_temperature.compute()
        self.log("val/temperature", temperature)
        self.temperature.copy_(temperature)
        self.val_temperature.reset()

    def fit_facts(self) -> dict[str, Any]:
        """Gives the best F1 on source validation so far, 0..100."""
        kept = [each for each in self.trainer.checkpoint_callbacks if getattr(each, "monitor", None) == "val/f1"]
        scores = [each.best_model_score for each in kept]  # type: ignore[attr-defined]
        scores = [*scores, self.trainer.callback_metrics.get("val/f1")]
        best = max((float(score) for score in scores if score is not None), default=None)
        return {} if best is None else {"best_validation_f1": round(best, 2)}

    def setup(self, stage: str) -> None:
        """Learns from the data module which languages it is taught, and of which types they have entities."""
        if stage == "fit":
            data: NERDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
            self.sources = tuple(data.sources)
            self.source_types = self.schema.types_in(
                [corpus.tags for corpus in data.training if corpus.tags is not None]
            )

    def role(self) -> str:
        """Tells teachers of different languages apart."""
        return " ".join([super().role(), *self.sources])

    def checkpoint_extra(self) -> dict[str, Any]:
        """Gives the languages that it was taught, and their types."""
        types = {} if self.source_types is None else {"source_types": list(self.source_types)}
        return {"sources": list(self.sources), **types}

    def restore_extra(self, state: Mapping[str, Any]) -> None:
        """Takes the languages that it was taught, and their types."""
        self.sources = tuple(state["sources"])
        self.source_types = tuple(state["source_types"]) if "source_types" in state else None

    def identity(self) -> dict[str, Any]:
        """Says ``direct:<lang>`` for one source, ``pooled`` for several, ``llm-`` before it for a decoder."""
        alone = len(self.sources) == 1
        method = Method("direct" if alone else "pooled", self.sources[0] if alone else "", family=self.family)
        identity = {
            "method": named(method, self.variant),
            "sources": list(self.sources),
            "train_seconds": round(self.train_seconds, 1),
            "fit": self.fit_record,
            **({} if self.source_types is None else {"source_types": list(self.source_types)}),
        }
        return {**identity, "temperature": round(float(self.temperature), 4)} if self.calibrate else identity


class Teacher(GoldTrained, Tagger):
    """A tagger trained on gold labels of its source languages (Wu et al., ACL 2020, section 3.1).

    With one source it is a teacher of the ensemble, and direct transfer when it is tested on the target itself; with
    several it is the pooled model.
    """

    needs_backbone = True
