"""The teacher: one model, gold labels of one or several source languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from ctl.data.encoding import NO_TAG, WordBatch
from ctl.modules.base import Tagger


class Teacher(Tagger):
    """A tagger trained on gold labels of its source languages (Wu et al., ACL 2020, section 3.1).

    With one source it is a teacher of the ensemble, and direct transfer when it is tested on the target itself; with
    several it is the pooled model.
    """

    sources: Sequence[str] = ()

    def loss(self, batch: WordBatch, logits: Tensor) -> Tensor:
        """Cross-entropy with the gold tags, the mean over words."""
        return F.cross_entropy(logits, batch.tags, ignore_index=NO_TAG)

    def setup(self, stage: str) -> None:
        """Learns from the data module which languages it is taught."""
        if stage == "fit":
            self.sources = tuple(self.trainer.datamodule.sources)  # type: ignore[attr-defined]

    def checkpoint_extra(self) -> dict[str, Any]:
        """The languages it was taught."""
        return {"sources": list(self.sources)}

    def restore_extra(self, state: Mapping[str, Any]) -> None:
        """Takes the languages back."""
        self.sources = tuple(state["sources"])

    def card(self) -> dict[str, Any]:
        """``direct:<lang>`` for one source, ``pooled`` for several."""
        method = f"direct:{self.sources[0]}" if len(self.sources) == 1 else "pooled"
        return {"method": method, "sources": list(self.sources), "train_seconds": round(self.train_seconds, 1)}
