"""The ensemble: K teachers, live or stored, and their weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from ctl.arrays import Floats
from ctl.data.collation import WordBatch
from ctl.data.datamodule import NERDataModule
from ctl.data.soft_labels import CHUNK, SoftLabelStore
from ctl.errors import CTLError
from ctl.methods import Method, named
from ctl.modules.base import Labeller
from ctl.modules.teacher import load_teacher
from ctl.weighting import agreement_weights, entropy, order_weights, read_language_weights, read_sentence_weights


class Stored:
    """A teacher whose distributions were predicted before."""

    def __init__(self, store: SoftLabelStore) -> None:
        self.store = store

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Looks the words of the batch up (N, C)."""
        return torch.from_numpy(self.store.rows(batch.words.cpu().numpy())).to(batch.words.device)

    def identity(self) -> dict[str, Any]:
        """The identity of the teacher that wrote the store."""
        return dict(self.store.manifest["teacher"])


class Ensemble(Labeller):
    """The weighted mean of its teachers' distributions (Wu et al., ACL 2020, section 3.2).

    It is not trained: ``test`` scores the mixture, ``predict`` writes the soft labels that a student reads. Teachers
    that are adapters of one base share it: in memory there is one base, however many they are.

    Args:
        teachers: checkpoints of teachers, or soft-label stores of the split at hand; they may be mixed.
        types: the entity types.
        weighting: ``uniform``; ``agreement``, found from stored soft labels; ``fixed``, with ``weights`` in numbers;
            or the name of weights in a file: ``learned cosine l1 l2``, with ``-sentence`` a weight for each sentence.
        weights: numbers by source, ``{en: 0.7, nl: 0.3}``, or the file that ``ctl predict`` of a language identifier
            writes: ``weights.json``, or for weights of sentences ``weights/<split>.safetensors``.
        unanimous: words whose most probable tag is the same for all teachers: ``mix`` their distributions as any,
            ``replace`` the mixture by that tag with probability one, or ``mark`` them, for the student to see
            (Wu et al., ACL 2020, in the authors' code).
        write: what ``predict`` writes: the ``mixture``, or ``each`` teacher's own soft labels, all in one reading of
            the text, to ``<run>/<teacher>/soft_labels/<split>``, ``direct-en/soft_labels/train`` say.
        variant: added to the method's name in results.
    """

    weights: Tensor

    def __init__(
        self,
        teachers: list[str],
        types: Sequence[str] = ("PER", "ORG", "LOC"),
        weighting: str = "uniform",
        weights: str | dict[str, float] | None = None,
        unanimous: Literal["mix", "replace", "mark"] = "mix",
        write: Literal["mixture", "each"] = "mixture",
        variant: str | None = None,
    ) -> None:
        super().__init__(types)
        self.teachers = teachers
        self.weighting = weighting
        self.given = weights
        self.unanimous = unanimous
        self.write = write
        self.variant = variant
        self.members: list[Labeller | Stored] = []
        self.live = nn.ModuleList()
        self.register_buffer("weights", torch.empty(0), persistent=False)  # (K), or (S, K) for weights of sentences

    def setup(self, stage: str) -> None:
        """Opens the stores, loads the checkpoints and finds the weights.

        Raises:
            CTLError: there are none, or a store, a checkpoint or the weights do not match the data.
        """
        if not self.teachers:
            raise CTLError("an Ensemble needs teachers: set model.teachers to checkpoints or soft-label stores")
        self.live = nn.ModuleList()
        self.members = [self._open(Path(teacher)) for teacher in self.teachers]
        names = [member.identity()["method"] for member in self.members]
        if self.write == "each" and len(set(names)) < len(names):
            raise CTLError(f"teachers {', '.join(names)}: two have one name; to write each, set their variants")
        self.weights = torch.from_numpy(
            self._weights([",".join(member.identity()["sources"]) for member in self.members])
        )

    def _weights(self, sources: Sequence[str]) -> Floats:
        """Weights of the teachers; several of one language share its weight evenly."""
        if self.weighting == "uniform":
            return np.full(len(sources), 1 / len(sources), dtype=np.float32)
        if self.weighting == "agreement":
            return agreement_weights(self._stored_tags())
        shares = self._weights_of_languages(sources) / np.array([sources.count(source) for source in sources])
        return np.asarray(shares / shares.sum(-1, keepdims=True), dtype=np.float32)

    def _weights_of_languages(self, sources: Sequence[str]) -> Floats:
        if isinstance(self.given, dict):
            return order_weights(self.given, sources)
        if self.given is None:
            raise CTLError(f"weighting {self.weighting!r} needs model.weights: a file, or a number for each source")
        method = Method("ensemble", self.weighting)
        if not method.per_sentence:
            return read_language_weights(self.given, self.weighting, sources)
        data: NERDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        return read_sentence_weights(self.given, method.weighting, sources, data.labelled_corpus(self._command))

    @property
    def _command(self) -> str:
        assert self.trainer.state.fn is not None
        return self.trainer.state.fn.value

    def _stored_tags(self) -> Iterator[npt.NDArray[np.int64]]:
        """The teachers' most probable tags (K, n), part by part."""
        stores = [member.store for member in self.members if isinstance(member, Stored)]
        if len(stores) < len(self.members):
            raise CTLError("agreement weights need soft labels: let each teacher `ctl predict` first")
        for begin in range(0, len(stores[0]), CHUNK):
            yield np.stack([store.probs[begin : begin + CHUNK].argmax(-1) for store in stores])

    def _open(self, path: Path) -> Labeller | Stored:
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if path.is_dir():
            store = SoftLabelStore(path)
            store.check(data.labelled_corpus(self._command), self.schema)
            return Stored(store)
        if not path.is_file():
            raise CTLError(f"teacher {path}: neither a checkpoint nor a soft-label store")
        teacher = load_teacher(path, self.schema.types, others=list(self.live)).to(self.device)
        if teacher.backbone != data.backbone:
            raise CTLError(
                f"teacher {path} reads with the tokenizer of {teacher.backbone}, the data with {data.backbone}'s: "
                "let each teacher `ctl predict` first and give the ensemble the soft labels"
            )
        self.live.append(teacher.eval().requires_grad_(False))
        return teacher

    def probabilities(self, batch: WordBatch) -> Tensor:
        """The weighted mean of the teachers' distributions (N, C)."""
        return self._mix(batch, self._answers(batch))[0]

    def _answers(self, batch: WordBatch) -> Tensor:
        """The teachers' distributions (K, N, C)."""
        return torch.stack([member.probabilities(batch) for member in self.members])

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """``probs`` (N, C), and with ``mark`` also ``unanimous`` (N), or ``each`` teacher's ``probs`` (K, N, C)."""
        answers = self._answers(batch)
        if self.write == "each":
            return {"each": answers}
        probs, agreed = self._mix(batch, answers)
        return {"probs": probs, "unanimous": agreed} if self.unanimous == "mark" else {"probs": probs}

    def _mix(self, batch: WordBatch, answers: Tensor) -> tuple[Tensor, Tensor]:
        """The mixture (N, C) of answers (K, N, C), and where all have the same most probable tag (N)."""
        weights = self.weights[None]  # (1, K), or (N, K) where each sentence has its own
        if self.weights.ndim == 2:
            weights = self.weights[batch.sentences].repeat_interleave(batch.lengths, 0)
        mixture = (answers * weights.T[:, :, None]).sum(0)
        tags = answers.argmax(-1)
        agreed = (tags == tags[0]).all(0)
        if self.unanimous == "replace":
            mixture = torch.where(agreed[:, None], F.one_hot(tags[0], mixture.shape[-1]).to(mixture), mixture)
        return mixture, agreed

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Nothing is trained."""
        return None

    def identity(self) -> dict[str, Any]:
        """``ensemble:<weighting>``, ``llm-`` before it where all teachers are decoders, ``mixed-`` where some are.

        The time is its teachers' together.
        """
        identities = [member.identity() for member in self.members]
        of_decoders = [Method.split(identity["method"]).family == "llm" for identity in identities]
        family = "llm" if all(of_decoders) else "mixed" if any(of_decoders) else ""
        weights = self.weights if self.weights.ndim == 1 else self.weights.mean(0)
        return {
            "method": named(Method("ensemble", self.weighting, family=family), self.variant),
            "sources": list(dict.fromkeys(source for identity in identities for source in identity["sources"])),
            "train_seconds": round(sum(identity["train_seconds"] for identity in identities), 1),
            "weights": [round(weight, 4) for weight in weights.tolist()],
            "weights_entropy": round(entropy(weights.numpy(force=True)), 4),
            "teachers": [identity["fingerprint"] for identity in identities if "fingerprint" in identity],
        }
