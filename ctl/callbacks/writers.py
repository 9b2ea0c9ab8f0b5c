"""Writers of what `ctl test` and `ctl predict` leave: result records, soft labels, weights of sources and of words.

A module's ``configure_callbacks`` names the writer of what it predicts; writers know no module.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from ctl.arrays import Floats, Ints
from ctl.data.collation import WordBatch
from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.data.selection import write_word_weights
from ctl.data.soft_labels import MARKS, StoreWriter
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.results import add_record, make_record, write_counts
from ctl.system.checkpoints import are_finite
from ctl.system.names import check_method
from ctl.thresholds.curve import curve
from ctl.thresholds.curve_file import Point, write_curve
from ctl.weighting import write_language_weights, write_sentence_weights


class Teaching(Protocol):
    """A model whose soft labels are kept: it says who it is."""

    def as_teacher(self) -> dict[str, Any]:
        """Gives its identity and its fingerprint."""


class WritesSoftLabels(Protocol):
    """A model that predicts the soft labels of one teacher, or of several at once."""

    schema: TagSchema

    def labellers(self) -> Mapping[str, Teaching]:
        """Gives those whose soft labels it predicts, in their order, by the folder of each below the run's."""


class WeighsSources(Protocol):
    """A model that predicts similarities of sentences to sources, and turns those of a whole text into weights."""

    sources: list[str]
    weightings: tuple[str, ...]

    def sentence_weights(self, similarities: Mapping[str, Floats]) -> dict[str, Floats]:
        """Gives the weights of each sentence (S, K) by weighting."""

    def language_weights(self, similarities: Mapping[str, Floats]) -> dict[str, Floats]:
        """Gives the weights of the language (K) by weighting."""


class WeighsWords(Protocol):
    """A model that predicts a score of every word, and turns the scores of a whole text into weights."""

    train_seconds: float

    def word_weights(self, scores: Floats, corpus: Corpus) -> Floats:
        """Gives the weights of all words (W) from their scores (W)."""


class ResultWriter(Callback):
    """Adds the scores of a test to ``results.json`` in the run's folder.

    Beside it are the counts of each sentence (`write_counts`) and the precision-recall curve (`write_curve`).

    Args:
        config: the run's configuration, kept as provenance.
        seed: of the run.
    """

    def __init__(self, config: dict[str, Any], seed: int) -> None:
        self.config = config
        self.seed = seed

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts with no sentence."""
        self._counts, self._words = PerItem(), PerItem()

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: WordBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keeps the counts of each sentence (S, 3), and the distribution and gold tag of each word (N, C + 1)."""
        self._counts.add(batch.sentences, outputs["counts"])
        self._words.add(batch.words, torch.cat([outputs["probs"].float(), batch.tags[:, None].float()], -1))

    def on_test_end(self, trainer: Trainer, pl_module: Any) -> None:  # noqa: ANN401  (a `Labeller`)
        """Writes the record; the first process does."""
        counts, words = self._counts.gather(trainer), self._words.gather(trainer)
        if not trainer.is_global_zero:
            return
        data, folder = _data(trainer), Path(trainer.default_root_dir)
        provenance = {
            "data": {data.testing.name: data.testing.fingerprint},
            "model": pl_module.fingerprint(),
            "config": self.config,
        }
        if data.drop_test_duplicates:
            provenance["dropped_test_duplicates"] = data.testing.left_out
        scores = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("test/")}
        identity, target = pl_module.identity(), str(data.target)
        record = make_record(
            identity, scores, target=target, seed=self.seed, provenance=provenance, calibration=pl_module.calibration
        )
        add_record(folder / "results.json", record)
        write_counts(folder, identity["method"], counts.astype(np.int32))
        write_curve(folder, identity["method"], _curve(words, data.testing, pl_module.schema))


def _curve(words: Floats, corpus: Corpus, schema: TagSchema) -> list[Point]:
    """The precision-recall curve of a test.

    Args:
        words: the distribution and gold tag of each word (W, C + 1); the corpus may be longer than what was read, and
            words that were left out are zeros, which is O in both.
        corpus: the test split.
        schema: the types.
    """
    lengths = np.diff(corpus.offsets[corpus.offsets <= len(words)])
    return curve(words[:, :-1], lengths, words[:, -1].astype(np.int64), schema.types)


class PredictionWriter(Callback, ABC):
    """Writes what ``predict`` gives, split by split, below the run's folder; subclasses say what that is."""

    @abstractmethod
    def open(self, folder: Path, split: str, rank: int) -> None:
        """Begins a split.

        Args:
            folder: the run's.
            split: its name.
            rank: number of this process.
        """

    @abstractmethod
    def add(self, split: str, batch: WordBatch, outputs: Any) -> None:  # noqa: ANN401
        """Takes a batch of a split, and what ``predict_step`` gave for it."""

    @abstractmethod
    def close(self, trainer: Trainer, split: str, corpus: Corpus) -> None:
        """Ends a split; all processes call it, and the first one writes."""

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begins all splits."""
        for split in _data(trainer).predicting:
            self.open(Path(trainer.default_root_dir), split, trainer.global_rank)

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: WordBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Takes a batch of the split that is read."""
        self.add(list(_data(trainer).predicting)[dataloader_idx], batch, outputs)

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ends all splits."""
        for split, corpus in _data(trainer).predicting.items():
            self.close(trainer, split, corpus)


class SoftLabelWriter(PredictionWriter):
    """Writes what labellers predict to one store a split, ``<run>/<labeller>/soft_labels/<split>``.

    Args:
        model: says who the labellers are, and in which folders theirs go.
    """

    def __init__(self, model: WritesSoftLabels) -> None:
        self.model = model
        self._stores: dict[str, list[StoreWriter]] = {}

    def open(self, folder: Path, split: str, rank: int) -> None:
        """Opens this process's share of every labeller's store."""
        homes = [folder / (name and check_method(name)) for name in self.model.labellers()]
        self._stores[split] = [StoreWriter(home / "soft_labels" / split, rank) for home in homes]

    def add(self, split: str, batch: WordBatch, outputs: Any) -> None:  # noqa: ANN401
        """Appends the distributions of a batch, (N, C) or those of each labeller (K, N, C), and marks of the words."""
        probs = outputs["each"] if "each" in outputs else outputs["probs"][None]
        check_finite(probs, "probabilities")
        marks = {mark: outputs[mark].expand(probs.shape[:2]).cpu().numpy() for mark in MARKS if mark in outputs}
        for number, (store, own) in enumerate(zip(self._stores[split], probs.float().cpu().numpy(), strict=True)):
            store.add(batch.words.cpu().numpy(), own, **{mark: values[number] for mark, values in marks.items()})

    def close(self, trainer: Trainer, split: str, corpus: Corpus) -> None:
        """Joins the shares of all processes."""
        for store in self._stores[split]:
            store.close()
        trainer.strategy.barrier()
        if trainer.is_global_zero:
            for store, labeller in zip(self._stores[split], self.model.labellers().values(), strict=True):
                StoreWriter.join(store.path, corpus, self.model.schema, labeller.as_teacher(), trainer.world_size)
        trainer.strategy.barrier()


class WeightWriter(PredictionWriter):
    """Writes source weights from the similarities of sentences to the sources.

    ``<run>/weights/<split>.safetensors`` has the weights of each sentence (S, K) by weighting; ``<run>/weights.json``
    the weights of the language, from its first split.

    Args:
        model: says of which languages and weightings, and turns similarities into weights.
    """

    def __init__(self, model: WeighsSources) -> None:
        self.model = model
        self._similarities: dict[str, dict[str, PerItem]] = {}

    def open(self, folder: Path, split: str, rank: int) -> None:
        """Starts with no sentence."""
        self._similarities[split] = {name: PerItem() for name in self.model.weightings}

    def add(self, split: str, batch: WordBatch, outputs: Any) -> None:  # noqa: ANN401
        """Keeps the similarities of a batch (S, K)."""
        for name, items in self._similarities[split].items():
            check_finite(outputs[name], "similarities")
            items.add(batch.sentences, outputs[name])

    def close(self, trainer: Trainer, split: str, corpus: Corpus) -> None:
        """Turns the similarities of all sentences into weights."""
        gathered = {name: items.gather(trainer) for name, items in self._similarities[split].items()}
        if not trainer.is_global_zero:
            return
        folder, sources = Path(trainer.default_root_dir), self.model.sources
        weights = self.model.sentence_weights(gathered)
        write_sentence_weights(folder / "weights" / f"{split}.safetensors", weights, sources, corpus)
        if split == next(iter(self._similarities)):
            means = {name: values.round(4).tolist() for name, values in self.model.language_weights(gathered).items()}
            by_source = {name: dict(zip(sources, values, strict=True)) for name, values in means.items()}
            write_language_weights(folder / "weights.json", by_source)


class WordWeightWriter(PredictionWriter):
    """Writes how much each soft label should count, ``<run>/word_weights/<split>.safetensors``.

    Args:
        model: turns scores into weights.
    """

    def __init__(self, model: WeighsWords) -> None:
        self.model = model
        self._scores: dict[str, PerItem] = {}

    def open(self, folder: Path, split: str, rank: int) -> None:
        """Starts with no word."""
        self._scores[split] = PerItem()

    def add(self, split: str, batch: WordBatch, outputs: Any) -> None:  # noqa: ANN401
        """Keeps the score of each word (N)."""
        check_finite(outputs["scores"], "scores of words")
        self._scores[split].add(batch.words, outputs["scores"])

    def close(self, trainer: Trainer, split: str, corpus: Corpus) -> None:
        """Turns the scores of all words into weights."""
        scores = self._scores[split].gather(trainer)
        if trainer.is_global_zero:
            weights, path = self.model.word_weights(scores, corpus), Path("word_weights") / f"{split}.safetensors"
            write_word_weights(trainer.default_root_dir / path, weights, corpus, self.model.train_seconds)


class PerItem:
    """Values of words or sentences that come in any order, from any process; `gather` puts them in their order."""

    def __init__(self) -> None:
        self._parts: list[tuple[Ints, Floats]] = []

    def add(self, indices: torch.Tensor, values: torch.Tensor) -> None:
        """Keeps the values (n, ...) of the items with these indices (n)."""
        self._parts.append((indices.cpu().numpy(), values.float().cpu().numpy()))

    def gather(self, trainer: Trainer) -> Floats:
        """Gives all values in the order of their indices; every process must call it."""
        shares = [self._parts]
        if trainer.world_size > 1:
            shares = [[]] * trainer.world_size
            torch.distributed.all_gather_object(shares, self._parts)
        indices = np.concatenate([own for share in shares for own, _ in share])
        values = np.concatenate([own for share in shares for _, own in share])
        ordered = np.zeros((int(indices.max()) + 1, *values.shape[1:]), dtype=np.float32)
        ordered[indices] = values
        return ordered


def check_finite(values: torch.Tensor, what: str) -> None:
    """Refuses to write what is no number.

    Args:
        values: to be written.
        what: their name, for the message.

    Raises:
        CTLError: one is infinite or NaN.
    """
    if not are_finite([values]):
        raise CTLError(f"the {what} are not finite numbers: nothing is written; train with a lower rate (lr)")


def _data(trainer: Trainer) -> NERDataModule:
    data: NERDataModule = trainer.datamodule  # type: ignore[attr-defined]
    return data
