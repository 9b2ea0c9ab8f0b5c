"""Soft labels that are there already, as a teacher: answers of people and of other tools that `ctl import` wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ctl.data.collation import WordBatch
from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.data.soft_labels import SPLITS, SoftLabelStore, stores_at
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.methods import Method
from ctl.modules.base import Labeller
from ctl.modules.ensemble import Stored
from ctl.system.files import checksum, fingerprint


class Imported(Labeller):
    """A teacher whose answers are stored: it looks words up, and learns nothing.

    Args:
        store: a soft-label store of the target's train split, or the folder that ``ctl import`` wrote; a store of the
            test split may lie beside it.
        source: its name among the teachers.
        types: the entity types of the task.
    """

    def __init__(self, store: str, source: str, types: Sequence[str] = ("PER", "ORG", "LOC")) -> None:
        super().__init__(types)
        self.store = store
        self.source = source
        self.answers: list[Stored] = []

    def setup(self, stage: str) -> None:
        """Opens the stores of the splits at hand.

        Raises:
            CTLError: one is not there, or it is of other text or other tags.
        """
        data: NERDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        corpora = {"test": data.testing} if stage == "test" else data.predicting
        self.answers = [Stored(open_store(self.store, split, text, self.schema)) for split, text in corpora.items()]

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Gives ``probs`` of all words (N, C), and which words are ``labelled`` (N) where some are not."""
        answers = self.answers[dataloader_idx]
        marks = {} if answers.store.labelled is None else {"labelled": answers.labelled(batch)}
        return {"probs": answers.probabilities(batch), **marks}

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Gives the distributions of all words of a batch of the one split at hand (N, C)."""
        return self.answers[0].probabilities(batch)

    def fingerprint(self) -> str:
        """Gives 16 hex digits of the answers."""
        return fingerprint_stores(self.store)

    def identity(self) -> dict[str, Any]:
        """Says ``direct:<source>``, as a trained teacher does; which store, and who wrote it."""
        written = self.answers[0].identity()
        types = {"source_types": written["source_types"]} if "source_types" in written else {}
        return {
            "method": str(Method("direct", self.source)),
            "sources": [self.source],
            "train_seconds": written.get("train_seconds", 0.0),
            "fit": {"store": self.store, **{key: written[key] for key in ("method", "imported") if key in written}},
            **types,
        }


def open_store(path: str, split: str, corpus: Corpus, schema: TagSchema) -> SoftLabelStore:
    """Opens the store of a split.

    Raises:
        CTLError: it is not there, it is damaged, or it is of other text or other tags.
    """
    if (found := stores_at(path).get(split)) is None:
        raise CTLError(f"{path}: no soft labels of {corpus.name} (`ctl import --split {split}` writes them)")
    store = SoftLabelStore(found)
    store.check(corpus, schema)
    return store


def fingerprint_stores(path: str, splits: Sequence[str] = SPLITS) -> str:
    """Gives 16 hex digits of the stores of these splits; their manifests have the checksums of the other files."""
    stores = stores_at(path)
    return fingerprint(
        *(checksum(stores[split] / "manifest.json") for split in SPLITS if split in {*stores} & {*splits})
    )
