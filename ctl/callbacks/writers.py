"""What `ctl test` and `ctl predict` leave behind: result records, soft labels, weights of sources and of words."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from ctl.data.collation import WordBatch
from ctl.data.datamodule import NERDataModule
from ctl.data.selection import write_word_weights
from ctl.data.soft_labels import StoreWriter
from ctl.methods import SIMILARITIES
from ctl.modules import Adversary, Ensemble, LanguageIdentifier, Neighbours
from ctl.modules.base import Labeller
from ctl.modules.tagger import Tagger
from ctl.results import add_record, make_record, write_counts
from ctl.weighting import similarity_weights, write_language_weights, write_sentence_weights


def fingerprint(module: torch.nn.Module) -> str:
    """SHA-256 (16 hex digits) of a module's weights; a base under adapters counts by its own fingerprint."""
    digest = hashlib.sha256()
    if isinstance(module, Ensemble):
        digest.update(" ".join(map(fingerprint, module.live)).encode())
        state = {"weights": module.weights}
    else:
        state = module.own_state() if isinstance(module, Tagger) else module.state_dict()
        digest.update((getattr(module, "base_fingerprint", None) or "").encode())
    for name, value in sorted(state.items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def _data(trainer: Trainer) -> NERDataModule:
    data: NERDataModule = trainer.datamodule  # type: ignore[attr-defined]
    return data


class ResultWriter(Callback):
    """Adds the scores of a test to ``results.json`` in the run's folder, and each sentence's counts beside it.

    Args:
        config: the run's configuration, kept as provenance.
        seed: of the run.
    """

    def __init__(self, config: dict[str, Any], seed: int) -> None:
        self.config = config
        self.seed = seed

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts with no sentence."""
        self._counts = PerItem()

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: WordBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keeps the counts of each sentence (S, 3)."""
        self._counts.add(batch.sentences, outputs["counts"])

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the record; the first process does."""
        counts = self._counts.gather(trainer)
        if not isinstance(pl_module, Labeller) or not trainer.is_global_zero:
            return
        data, folder = _data(trainer), Path(trainer.default_root_dir)
        provenance = {
            "data": {data.testing.name: data.testing.fingerprint},
            "model": fingerprint(pl_module),
            "config": self.config,
        }
        scores = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("test/")}
        identity, target = pl_module.identity(), str(data.target)
        record = make_record(
            identity, scores, target=target, seed=self.seed, provenance=provenance, calibration=pl_module.calibration
        )
        add_record(folder / "results.json", record)
        write_counts(folder, identity["method"], counts.astype(np.int32))


class SoftLabelWriter(Callback):
    """Writes what a labeller predicts to one store a split, ``<run>/soft_labels/<split>``.

    What an ensemble gives for ``each`` of its teachers goes to ``<run>/<teacher>/soft_labels/<split>``.
    """

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Opens this process's share of every store."""
        assert isinstance(pl_module, Labeller)
        folder, rank = Path(trainer.default_root_dir), trainer.global_rank
        labellers: list[Any] = [pl_module]
        if each := isinstance(pl_module, Ensemble) and pl_module.write == "each":
            labellers = pl_module.members
        self._labellers = labellers
        homes = [folder / one.identity()["method"].replace(":", "-") if each else folder for one in labellers]
        self._writers = {
            split: [StoreWriter(home / "soft_labels" / split, rank) for home in homes]
            for split in _data(trainer).predicting
        }

    @staticmethod
    def _identity(labeller: Any) -> dict[str, Any]:  # noqa: ANN401
        """Who labels; a stored teacher's identity has its fingerprint already."""
        own = {"fingerprint": fingerprint(labeller)} if isinstance(labeller, Labeller) else {}
        return {**labeller.identity(), **own}

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: WordBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Appends a batch."""
        writers = list(self._writers.values())[dataloader_idx]
        unanimous = outputs["unanimous"].cpu().numpy() if "unanimous" in outputs else None
        answers = outputs["each"] if "each" in outputs else outputs["probs"][None]
        for writer, probs in zip(writers, answers.float().cpu().numpy(), strict=True):
            writer.add(batch.words.cpu().numpy(), probs, unanimous)

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Joins the shares of all processes."""
        assert isinstance(pl_module, Labeller)
        for writers in self._writers.values():
            for writer in writers:
                writer.close()
        trainer.strategy.barrier()
        if trainer.is_global_zero:
            identities = [self._identity(labeller) for labeller in self._labellers]
            for split, corpus in _data(trainer).predicting.items():
                for writer, identity in zip(self._writers[split], identities, strict=True):
                    StoreWriter.join(writer.path, corpus, pl_module.schema, identity, trainer.world_size)
        trainer.strategy.barrier()


class WeightWriter(Callback):
    """Writes the source weights that a language identifier predicts.

    ``<run>/weights/<split>.safetensors`` has the weights of each sentence (S, K) by weighting; ``<run>/weights.json``
    their means over the first split, the weights of the language.
    """

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts with no sentence."""
        self._similarities = {split: {name: PerItem() for name in SIMILARITIES} for split in _data(trainer).predicting}

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: WordBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keeps the similarities of a batch (S, K)."""
        for name, items in list(self._similarities.values())[dataloader_idx].items():
            items.add(batch.sentences, outputs[name])

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Turns the similarities of all sentences into weights."""
        assert isinstance(pl_module, LanguageIdentifier)
        folder, scale, sources = Path(trainer.default_root_dir), pl_module.scale, pl_module.sources
        for number, (split, similarities) in enumerate(self._similarities.items()):
            gathered = {name: items.gather(trainer) for name, items in similarities.items()}
            if not trainer.is_global_zero:
                continue
            weights = {name: similarity_weights(values, scale) for name, values in gathered.items()}
            corpus = _data(trainer).predicting[split]
            write_sentence_weights(folder / "weights" / f"{split}.safetensors", weights, sources, corpus)
            if number == 0:
                means = {name: values.mean(0).round(4).tolist() for name, values in weights.items()}
                write_language_weights(
                    folder / "weights.json",
                    {name: dict(zip(sources, values, strict=True)) for name, values in means.items()},
                )


class WordWeightWriter(Callback):
    """Writes how much each soft label should count, ``<run>/word_weights/<split>.safetensors``."""

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts with no word."""
        self._scores = {split: PerItem() for split in _data(trainer).predicting}

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: WordBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keeps the score of each word (N)."""
        list(self._scores.values())[dataloader_idx].add(batch.words, outputs)

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Turns the scores of all words into weights."""
        assert isinstance(pl_module, (Adversary, Neighbours))
        folder = Path(trainer.default_root_dir) / "word_weights"
        for split, scores in self._scores.items():
            corpus, gathered = _data(trainer).predicting[split], scores.gather(trainer)
            if trainer.is_global_zero:
                weights = pl_module.word_weights(gathered, corpus)
                write_word_weights(folder / f"{split}.safetensors", weights, corpus, pl_module.train_seconds)


class PerItem:
    """Values of words or sentences that come in any order, from any process; `gather` puts them in their order."""

    def __init__(self) -> None:
        self._parts: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]] = []

    def add(self, places: torch.Tensor, values: torch.Tensor) -> None:
        """Keeps the values (n, ...) of the items at these places (n)."""
        self._parts.append((places.cpu().numpy(), values.float().cpu().numpy()))

    def gather(self, trainer: Trainer) -> npt.NDArray[np.float32]:
        """All values in the order of their places; every process must call it."""
        shares = [self._parts]
        if trainer.world_size > 1:
            shares = [[]] * trainer.world_size
            torch.distributed.all_gather_object(shares, self._parts)
        places = np.concatenate([place for share in shares for place, _ in share])
        values = np.concatenate([value for share in shares for _, value in share])
        ordered = np.zeros((int(places.max()) + 1, *values.shape[1:]), dtype=np.float32)
        ordered[places] = values
        return ordered
