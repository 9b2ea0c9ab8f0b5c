"""Weightings on the sources alone: each source in turn plays the target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from lightning.pytorch import Callback, LightningModule
from torch import Tensor

from ctl.callbacks.left_out import LeftOutWriter
from ctl.data.collation import WordBatch
from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.data.soft_labels import SoftLabelStore
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.methods import SIMILARITIES
from ctl.metrics import span_counts
from ctl.mixing.answers import most_probable
from ctl.mixing.sharpness import SHARPNESS, sharpen
from ctl.system.files import read_object
from ctl.weighting import agreement_weights, order_weights


class LeaveOneOut(LightningModule):
    """Asks which weighting would have been right for the sources, and at which sharpness; nothing of the target enters.

    Each source plays the target: the other sources' teachers have labelled its validation split, and each weighting
    has weighed them by its raw text. Its gold tags then say how well each teacher transfers, how well the weights
    order the teachers, and how good the mixture is, at several sharpnesses: by F1, and by the squared error of the
    distributions, the mean over words and tags, which is the loss that a student has (Wu et al., ACL 2020). The
    sharpness of a weighting is the one with the smallest error, where every source counts alike.

    It is not trained; ``predict`` writes ``leave_one_out.json`` (`ctl.callbacks.left_out`).

    Args:
        teachers: folders of teachers, each with ``soft_labels/<lang>/validation`` of every source but its own.
        weights: by source that is left out, files of weights as ``ctl predict`` of a module that weighs writes them.
        types: the entity types.
    """

    needs_training = False

    def __init__(
        self, teachers: list[str], weights: dict[str, list[str]], types: Sequence[str] = ("PER", "ORG", "LOC")
    ) -> None:
        super().__init__()
        self.teachers = teachers
        self.given = weights
        self.schema = TagSchema(tuple(types))
        self.stores: dict[str, dict[str, SoftLabelStore]] = {}
        self.weights: dict[str, dict[str, npt.NDArray[np.float32]]] = {}
        self.gold: dict[str, Tensor] = {}

    def setup(self, stage: str) -> None:
        """Opens the soft labels, reads the gold tags of the sources, and finds the weights.

        Raises:
            CTLError: there are too few sources, or soft labels or weights are missing or for something else.
        """
        data: NERDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        if len(data.sources) < 3:
            raise CTLError(f"leaving one source out needs three or more of them, not {list(data.sources)}")
        if list(data.predicting) != (splits := [f"{source}/validation" for source in data.sources]):
            raise CTLError(f"leaving one source out reads all: set data.predict_splits to [{', '.join(splits)}]")
        for source in data.sources:
            corpus = data.gold(source, "validation")
            assert corpus.tags is not None, "gold tags are there, or refused"
            self.gold[source] = torch.from_numpy(np.asarray(corpus.tags, dtype=np.int64))
            self.stores[source] = self._stores(source, corpus)
            self.weights[source] = self._weights(source)

    def _stores(self, left_out: str, corpus: Corpus) -> dict[str, SoftLabelStore]:
        """Opens what the other sources' teachers say of a source, by the teacher's name."""
        paths = (folder / "soft_labels" / left_out / "validation" for folder in map(Path, self.teachers))
        stores = [SoftLabelStore(path) for path in paths if path.is_dir()]
        for store in stores:
            store.check(corpus, self.schema)
        return {str(store.manifest["teacher"]["method"]): store for store in stores}

    def _weights(self, left_out: str) -> dict[str, npt.NDArray[np.float32]]:
        """Finds the weights of the teachers (J) for a source, by weighting; those of a language share its weight."""
        sources = [store.manifest["teacher"]["sources"][0] for store in self.stores[left_out].values()]
        if not sources:
            raise CTLError(f"no teacher has labelled {left_out}/validation; let each `ctl predict` it first")
        given = {name: by for path in self.given[left_out] for name, by in read_object(Path(path)).items()}
        weights = {"uniform": np.full(len(sources), 1 / len(sources), dtype=np.float32)}
        weights["agreement"] = agreement_weights(most_probable([*self.stores[left_out].values()]))
        for name in SIMILARITIES:
            if name in given:
                shares = order_weights(given[name], sources, f"{name} weights for {left_out}")
                counted = shares / np.array([sources.count(source) for source in sources])
                weights[name] = np.asarray(counted / counted.sum(), dtype=np.float32)
        return weights

    @property
    def left_out(self) -> list[str]:
        """The sources in the order in which they are read."""
        return list(self.stores)

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Gives sums over a batch of one source's text.

        ``teachers`` (J, 3) and ``mixtures`` (V, T, 3) are counts of entities as `span_counts` has them, for V
        weightings at T sharpnesses; ``errors`` (V, T) the squared errors, and ``words`` () how many words there are.
        """
        source = self.left_out[dataloader_idx]
        words, gold = batch.words.cpu().numpy(), self.gold[source][batch.words.cpu()].to(self.device)
        each = torch.stack([torch.from_numpy(store.rows(words)) for store in self.stores[source].values()])
        each = each.to(self.device)  # (J, N, C)
        weights = torch.from_numpy(self.sharpened(source)).to(self.device)  # (V, T, J)
        truth = F.one_hot(gold, each.shape[-1]).float()
        mixtures = [torch.einsum("tj,jnc->tnc", sharp, each) for sharp in weights]
        return {
            "teachers": torch.stack([_count(probs, gold, batch) for probs in each]),
            "mixtures": torch.stack([torch.stack([_count(p, gold, batch) for p in mixed]) for mixed in mixtures]),
            "errors": torch.stack([(mixed - truth).square().mean(-1).sum(-1) for mixed in mixtures]),
            "words": torch.tensor(float(len(gold)), device=self.device),
        }

    def sharpened(self, left_out: str) -> npt.NDArray[np.float32]:
        """Gives the weights of the teachers of a source by weighting and sharpness (V, T, J)."""
        return np.stack([
            np.stack([sharpen(weights, sharpness) for sharpness in SHARPNESS])
            for weights in self.weights[left_out].values()
        ])  # fmt: skip

    def configure_callbacks(self) -> Sequence[Callback]:
        """Names what writes the table."""
        return [LeftOutWriter(self)]


def _count(probs: Tensor, gold: Tensor, batch: WordBatch) -> Tensor:
    """Counts the entities of a batch (3) of distributions (N, C) and gold tags (N)."""
    return span_counts(probs.argmax(-1), gold, batch.lengths).sum(0)
