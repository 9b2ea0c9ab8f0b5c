"""Weights of soft labels by what the nearest neighbours of each word are labelled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from lightning.pytorch import Callback, LightningModule
from torch import Tensor

from ctl.arrays import Floats
from ctl.backbones.packing import hidden_states
from ctl.callbacks.writers import WordWeightWriter
from ctl.data.collation import WordBatch
from ctl.data.corpus import Corpus
from ctl.data.selection import neighbour_weights
from ctl.data.soft_labels import SoftLabelStore
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.modules.tagger import load_module
from ctl.networks.word_classifier import WordClassifier, pool_words
from ctl.system.console import say
from ctl.system.numbers import PositiveInt

LAYERS = 3  # that are averaged, unless another number is given
SAME = 0.9999  # cosine above which two words are taken for the same one in the same sentence


class Neighbours(LightningModule):
    """Finds how many of each target word's neighbours are labelled alike (CoLaDa, Ma et al., ACL 2023, section 3.3).

    A word is the mean over its subwords of the last layers' states of a tagger's encoder; neighbours are nearest by
    cosine, among a sample of the same text. It needs no translation and no gold. It is not trained; ``predict`` writes
    the weights (`ctl.data.selection.neighbour_weights`).

    Args:
        student: checkpoint of a student, whose encoder is used.
        soft_labels: the store whose most probable tags are compared.
        neighbours: how many of them are asked.
        bank: how many words of the text they are chosen from.
        layers: how many of the last layers are averaged.
    """

    def __init__(
        self,
        student: str,
        soft_labels: str,
        neighbours: PositiveInt = 500,
        bank: PositiveInt = 50_000,
        layers: PositiveInt = LAYERS,
    ) -> None:
        super().__init__()
        self.student = student
        self.soft_labels = soft_labels
        self.neighbours = neighbours
        self.bank_size = bank
        self.layers = layers
        self.train_seconds = 0.0
        self.network: WordClassifier | None = None

    def setup(self, stage: str) -> None:
        """Opens the soft labels and loads the student.

        Raises:
            CTLError: there is none, or the soft labels are for other text.
        """
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        corpus = data.labelled_corpus("predict")
        store = SoftLabelStore(self.soft_labels)
        store.check(corpus, data.schema)
        self.tags = torch.from_numpy(store.probs[:].argmax(-1).astype(np.int64))  # (W)
        self.kinds = 1 + TagSchema.type_of(self.tags)  # O, or an entity type (W)
        student = load_module(self.student)
        if student.backbone != data.backbone:
            raise CTLError(f"student {self.student} reads with {student.backbone}, the data with {data.backbone}")
        assert student.network is not None
        if self.layers > 1 + (layers := int(student.backbone_model.config.num_hidden_layers)):
            say(f"--model.layers: {self.layers}: {student.backbone} has {layers}, so all of them are averaged")
        self.train_seconds = student.train_seconds
        self.network = student.network

    @torch.no_grad()
    def features(self, batch: WordBatch) -> Tensor:
        """Gives what stands for each word, of length one (N, D)."""
        assert self.network is not None
        hidden = hidden_states(self.network.encoder, batch.subwords, self.layers)
        return F.normalize(pool_words(hidden, batch, "mean").float(), dim=-1)

    def on_predict_start(self) -> None:
        """Reads the text once for the words that neighbours are chosen from, the same in every process."""
        generator = np.random.default_rng(0)
        chosen = np.zeros(len(self.kinds), dtype=bool)
        chosen[generator.permutation(len(self.kinds))[: self.bank_size]] = True
        corpus = self.trainer.datamodule.labelled_corpus("predict")  # type: ignore[attr-defined]
        loader = self.trainer.datamodule.whole(corpus)  # type: ignore[attr-defined]
        features, words = [], []
        for batch in loader:
            asked = torch.from_numpy(chosen)[batch.words]
            features.append(self.features(batch.to(self.device))[asked.to(self.device)])
            words.append(batch.words[asked])
        self.bank = torch.cat(features)  # (B, D)
        if self.neighbours > len(self.bank):
            say(f"--model.neighbours: {self.neighbours}: there are {len(self.bank):,} words, so all of them are asked")
        self.bank_kinds = self.kinds[torch.cat(words)].to(self.device)

    def configure_callbacks(self) -> Sequence[Callback]:
        """Names what writes the weights of words."""
        return [WordWeightWriter(self)]

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Gives ``scores``, the share of each word's neighbours that are of its kind (N)."""
        similar = self.features(batch) @ self.bank.T  # (N, B)
        similar = similar.masked_fill(similar > SAME, -2.0)
        nearest = similar.topk(min(self.neighbours, similar.shape[1]), dim=-1).indices
        own = self.kinds.to(batch.words.device)[batch.words]
        return {"scores": (self.bank_kinds[nearest] == own[:, None]).float().mean(-1)}

    def word_weights(self, scores: Floats, corpus: Corpus) -> Floats:
        """Gives the weights of all words (W) from their scores (W)."""
        return neighbour_weights(scores, self.tags.numpy())
