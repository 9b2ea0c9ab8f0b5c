"""A ranking of the sources by a few labelled sentences of the target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule

from ctl.arrays import Floats
from ctl.data.collation import WordBatch
from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.data.soft_labels import SoftLabelStore
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.methods import FEW
from ctl.metrics import span_counts
from ctl.results import f1_of_counts
from ctl.weighting import write_language_weights

SPLIT = "few"


class FewRanking(LightningModule):
    """Weighs sources by how well their teachers tag a few labelled sentences of the target.

    The weight of a source is in proportion to the F1 of its teacher, after RaRe (Rahimi et al., ACL 2019), which ranks
    source models by their F1 on a small labelled set of the target. It is not trained; ``predict`` of the split ``few``
    writes ``weights.json``, with the scores beside the weights.

    Args:
        teachers: folders of teachers, each with soft labels of these sentences, ``soft_labels/few``.
        types: the entity types.
    """

    needs_training = False

    def __init__(self, teachers: list[str], types: Sequence[str] = ("PER", "ORG", "LOC")) -> None:
        super().__init__()
        self.teachers = teachers
        self.schema = TagSchema(tuple(types))
        self.scores: dict[str, float] = {}

    def setup(self, stage: str) -> None:
        """Scores the teachers.

        Raises:
            CTLError: other text is to be read, or soft labels are missing or for something else.
        """
        data: NERDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        if list(data.predicting) != [SPLIT]:
            raise CTLError(f"sources are ranked on labelled sentences: set data.predict_splits to [{SPLIT}]")
        corpus, f1 = data.gold(str(data.target), SPLIT), dict[str, list[float]]()
        for folder in self.teachers:
            store = SoftLabelStore(Path(folder) / "soft_labels" / SPLIT)
            store.check(corpus, self.schema)
            f1.setdefault(",".join(store.manifest["teacher"]["sources"]), []).append(f1_of(store, corpus))
        self.scores = {source: float(np.mean(each)) for source, each in f1.items()}

    def predict_step(self, batch: WordBatch) -> dict[str, Any]:
        """Gives nothing: the sentences are few, and all were scored at once."""
        return {}

    def on_predict_end(self) -> None:
        """Writes the weights; the first process does."""
        if self.trainer.is_global_zero:
            weights = dict(zip(self.scores, proportional(list(self.scores.values())).tolist(), strict=True))
            written = {FEW: weights, "few_f1": {source: round(f1, 2) for source, f1 in self.scores.items()}}
            write_language_weights(Path(self.trainer.default_root_dir) / "weights.json", written)


def f1_of(store: SoftLabelStore, corpus: Corpus) -> float:
    """F1 of the most probable tags over exact spans, 0..100."""
    assert corpus.tags is not None, "gold tags are there, or refused"
    predicted = torch.from_numpy(store.probs.argmax(-1).astype(np.int64))
    gold, lengths = torch.from_numpy(corpus.tags.astype(np.int64)), torch.from_numpy(np.diff(corpus.offsets))
    return float(f1_of_counts(span_counts(predicted, gold, lengths).sum(0).numpy()))


def proportional(scores: Sequence[float]) -> Floats:
    """Weights in proportion to scores (K); even ones where all scores are zero."""
    values = np.array(scores, dtype=np.float32)
    return np.asarray(values / values.sum() if values.sum() > 0 else np.full(len(values), 1 / len(values)), np.float32)
