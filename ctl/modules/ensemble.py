"""The ensemble: K teachers, live or stored, and their weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ctl.arrays import Floats
from ctl.callbacks.writers import Teaching
from ctl.data.collation import WordBatch
from ctl.data.datamodule import NERDataModule
from ctl.data.soft_labels import SoftLabelStore
from ctl.errors import CTLError
from ctl.methods import NOTHING_TO_ABSTAIN, POOLED, SEEDS, Method, named
from ctl.mixing.abstention import abstained
from ctl.mixing.answers import Answers, read_answers
from ctl.mixing.inference import ROUNDS, fit_truth
from ctl.mixing.sharpness import keep_heaviest, read_sharpness, sharpen
from ctl.mixing.truth import Truth, reliability, truth_record
from ctl.modules.base import Labeller, fingerprint_weights
from ctl.modules.tagger import Tagger, load_module
from ctl.system.console import notice, steps
from ctl.system.files import write_json
from ctl.system.numbers import NonNegativeFloat, PositiveInt
from ctl.weighting import (
    agreement_weights,
    entropy,
    given_weights,
    read_sentence_weights,
    with_mean_weights,
)


class Stored:
    """A teacher whose distributions were predicted before."""

    def __init__(self, store: SoftLabelStore) -> None:
        self.store = store

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Looks the words of the batch up (N, C)."""
        return torch.from_numpy(self.store.rows(batch.words.cpu().numpy())).to(batch.words.device)

    def labelled(self, batch: WordBatch) -> Tensor:
        """Tells which words of the batch have a label (N)."""
        assert self.store.labelled is not None
        return torch.from_numpy(self.store.labelled[batch.words.cpu().numpy()]).to(batch.words.device)

    def identity(self) -> dict[str, Any]:
        """Says who the teacher is that wrote the store; its fingerprint is part of it."""
        return dict(self.store.manifest["teacher"])

    def as_teacher(self) -> dict[str, Any]:
        """Says the same, for a store that is written again."""
        return self.identity()


class Ensemble(Labeller):
    """The weighted mean of its teachers' distributions (Wu et al., ACL 2020, section 3.2).

    It is not trained: ``test`` scores the mixture, ``predict`` writes the soft labels that a student reads. Teachers
    that are adapters of one base share it: in memory there is one base, however many they are.

    Args:
        teachers: checkpoints of teachers, or soft-label stores of the split at hand; they may be mixed.
        types: the entity types.
        weighting: ``uniform``; ``pooled`` and ``seeds``, the same for pooled models, and for teachers of one language
            and several seeds; ``agreement``, found from soft labels of the target's train split, which lie beside the
            given stores, so that the mixture that is scored is the student's; ``truth``, found there too: the mixture
            is then what is probably true, given how reliable each teacher is tag by tag (`ctl.mixing.truth`), and
            ``<run>/truth.json`` says how reliable that is; ``fixed``, with ``weights`` in numbers;
            or the name of weights in a file: ``learned cosine l1 l2``, with ``-sentence`` a weight for each sentence.
            Weights of languages give a pooled teacher none: it has the mean of the others'.
        weights: numbers by source, ``{en: 0.7, nl: 0.3}``, or the file that ``ctl predict`` of a language identifier
            writes: ``weights.json``, or for weights of sentences ``weights/<split>.safetensors``.
        sharpness: what the logarithms of the weights are multiplied by, those of sentences one by one; 1 is the paper,
            with more the heaviest sources weigh more. Or the file that ``ctl predict`` of `LeaveOneOut` writes.
        top: keep only so many sources, the heaviest, of the text or of each sentence; the others weigh nothing.
        abstain: a teacher whose source lacks a type says nothing about it (`ctl.mixing.abstention`).
        unanimous: words whose most probable tag is the same for all teachers: ``mix`` their distributions as any,
            ``replace`` the mixture by that tag with probability one, or ``mark`` them, for the student to see
            (Wu et al., ACL 2020, in the authors' code).
        write: what ``predict`` writes: the ``mixture``, or ``each`` teacher's own soft labels, all in one reading of
            the text, to ``<run>/<teacher>/soft_labels/<split>``, ``direct-en/soft_labels/train`` say.
        variant: added to the method's name in results.
    """

    weights: Tensor
    lacks: Tensor

    def __init__(
        self,
        teachers: list[str],
        types: Sequence[str] = ("PER", "ORG", "LOC"),
        weighting: str = "uniform",
        weights: str | dict[str, float] | None = None,
        sharpness: NonNegativeFloat | str = 1.0,
        top: PositiveInt | None = None,
        abstain: bool = False,
        unanimous: Literal["mix", "replace", "mark"] = "mix",
        write: Literal["mixture", "each"] = "mixture",
        variant: str | None = None,
    ) -> None:
        super().__init__(types)
        self.teachers = teachers
        self.weighting = weighting
        self.given = weights
        self.sharpness = sharpness
        self.top = top
        self.abstain = abstain
        self.unanimous = unanimous
        self.write = write
        self.variant = variant
        self.members: list[Tagger | Stored] = []
        self.truth: Truth | None = None
        self.live = nn.ModuleList()
        self.register_buffer("weights", torch.empty(0), persistent=False)  # (K), or (S, K) for weights of sentences
        self.register_buffer("lacks", torch.empty(0, dtype=torch.bool), persistent=False)  # (K, types) with `abstain`

    def setup(self, stage: str) -> None:
        """Opens the stores, loads the checkpoints and finds the weights.

        Raises:
            CTLError: there are none, or a store, a checkpoint or the weights do not match the data.
        """
        if not self.teachers:
            raise CTLError("an Ensemble needs teachers: set model.teachers to checkpoints or soft-label stores")
        self.members = []
        for teacher in self.teachers:
            self.members.append(self._open(Path(teacher)))
        self.live = nn.ModuleList(self._live())  # moves with the ensemble
        names = [member.identity()["method"] for member in self.members]
        if self.write == "each" and len(set(names)) < len(names):
            raise CTLError(f"teachers {', '.join(names)}: two have one name; to write each, set their variants")
        self.lacks = self._lacking() if self.abstain else self.lacks
        sources = [",".join(member.identity()["sources"]) for member in self.members]
        if self.weighting == "truth" and len(sources) > 1:  # one teacher alone is believed
            self.truth = self._infer_truth(sources)
        self.weights = torch.from_numpy(self._weights(sources))

    def _weights(self, sources: Sequence[str]) -> Floats:
        """Finds the weights of the teachers, each of which is given by its sources, ``en`` or ``en,nl``."""
        if self.weighting in ("uniform", POOLED, SEEDS) or (self.weighting == "truth" and self.truth is None):
            return np.full(len(sources), 1 / len(sources), dtype=np.float32)
        if self.truth is not None:
            return self.truth.shares()
        if self.weighting == "agreement":
            return self._sharpened(agreement_weights(self._stored_tags()))
        given = self.given if isinstance(self.given, dict) else {}
        pooled = ["," in source and source not in given for source in sources]
        alone = [source for source, joined in zip(sources, pooled, strict=True) if not joined]
        return with_mean_weights(self._shares(alone), pooled) if any(pooled) and alone else self._shares(sources)

    def _shares(self, sources: Sequence[str]) -> Floats:
        """Finds the weights of teachers by their languages; several of one language share its weight evenly."""
        languages = list(dict.fromkeys(sources))
        weights = self._sharpened(self._weights_of_languages(languages))
        shares = weights[..., [languages.index(source) for source in sources]]
        return np.asarray(shares / np.array([sources.count(source) for source in sources]), dtype=np.float32)

    def _sharpened(self, weights: Floats) -> Floats:
        """Sharpens weights (..., K), and keeps the heaviest."""
        if isinstance(self.sharpness, str):
            self.sharpness = read_sharpness(self.sharpness, self.weighting)
        weights = weights if self.sharpness == 1 else sharpen(weights, self.sharpness)
        return weights if self.top is None else keep_heaviest(weights, self.top)

    def _weights_of_languages(self, sources: Sequence[str]) -> Floats:
        method = Method("ensemble", self.weighting)
        if not (method.per_sentence and isinstance(self.given, str)):
            return given_weights(self.given, self.weighting, sources)
        data: NERDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        return read_sentence_weights(self.given, method.weighting, sources, data.labelled_corpus(self._command))

    @property
    def _command(self) -> str:
        assert self.trainer.state.fn is not None
        return self.trainer.state.fn.value

    def _infer_truth(self, sources: Sequence[str]) -> Truth:
        """Infers how reliable the teachers are, with ``top`` only those of the languages that tell the most."""
        if self.abstain:
            raise CTLError(f"an Ensemble with abstain: {NOTHING_TO_ABSTAIN}")
        read = partial(read_answers, self._train_stores())
        truth = fit_truth(read, rounds=steps(range(1, ROUNDS + 1), "Inferring the truth"))
        kept = np.ones(len(sources), dtype=bool)
        if self.top is not None:
            languages = list(dict.fromkeys(sources))
            of = np.array([languages.index(source) for source in sources])
            shares = np.bincount(of, truth.shares()).astype(np.float32)
            kept = (keep_heaviest(shares, self.top) > 0)[of]
            truth = fit_truth(lambda: (answers.of_teachers(kept) for answers in read()))
        if self.trainer.is_global_zero:
            path = Path(self.trainer.default_root_dir) / "truth.json"
            write_json(path, truth_record(truth, self.schema, self._names(), kept))
        return truth

    def _stored_tags(self) -> Iterator[npt.NDArray[np.int64]]:
        """Gives the teachers' most probable tags of the words that all label (K, n), of the train text part by part."""
        for each, _ in read_answers(self._train_stores()):
            all_label = (each.sum(-1) > 0).all(0)
            if self.abstain:
                even = torch.full((len(each), 1), 1 / len(each))
                each = abstained(torch.from_numpy(each), self.lacks.cpu(), even).numpy()
            yield each.argmax(-1)[:, all_label]

    def _train_stores(self) -> list[SoftLabelStore]:
        """Opens the teachers' soft labels of the target's train text."""
        stores = [member.store for member in self.members if isinstance(member, Stored)]
        if len(stores) < len(self.members):
            raise CTLError(f"{self.weighting} weights need soft labels: let each teacher `ctl predict` first")
        return self._of_train(stores)

    def _of_train(self, stores: list[SoftLabelStore]) -> list[SoftLabelStore]:
        """Opens the teachers' soft labels of the train split, beside those at hand; these, where there are none."""
        paths = [store.path.parent / "train" for store in stores]
        if paths == [store.path for store in stores]:
            return stores
        if missing := [str(path) for path in paths if not (path / "manifest.json").is_file()]:
            notice(f"{self.weighting} is weighed on the text at hand, not on the train split: no {missing[0]}")
            return stores
        text = self.trainer.datamodule.target_text("train")  # type: ignore[attr-defined]
        beside = [SoftLabelStore(path) for path in paths]
        for store in beside:
            store.check(text, self.schema)
        return beside

    def _lacking(self) -> Tensor:
        """Tells which types each teacher's source lacks (K, types); a teacher that does not say so lacks none."""
        identities = [member.identity() for member in self.members]
        silent = [
            identity["method"]
            for identity in identities
            if "source_types" not in identity and Method.split(identity["method"]).kind in ("direct", "pooled")
        ]
        if silent:
            notice(
                f"{', '.join(silent)}: it is not recorded which types their sources have, so they abstain on none; "
                "remove these teachers' folders to train them anew"
            )
        has = [identity.get("source_types", self.schema.types) for identity in identities]
        lacks = torch.tensor([[kind not in own for kind in self.schema.types] for own in has])
        if not silent and not lacks.any():
            notice("every source has entities of every type, so no teacher abstains: +abstain changes nothing")
        return lacks

    def _open(self, path: Path) -> Tagger | Stored:
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if path.is_dir():
            store = SoftLabelStore(path)
            store.check(data.labelled_corpus(self._command), self.schema)
            return Stored(store)
        if not path.is_file():
            raise CTLError(f"teacher {path}: neither a checkpoint nor a soft-label store")
        teacher = load_module(path, self._live(), types=self.schema.types).to(self.device)
        if teacher.backbone != data.backbone:
            raise CTLError(
                f"teacher {path} reads with the tokenizer of {teacher.backbone}, the data with {data.backbone}'s: "
                "let each teacher `ctl predict` first and give the ensemble the soft labels"
            )
        return teacher

    def _live(self) -> list[Tagger]:
        return [member for member in self.members if isinstance(member, Tagger)]

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Gives the weighted mean of the teachers' distributions (N, C)."""
        return self._mix(batch, self._each(batch), self._labelled(batch))["probs"]

    def _each(self, batch: WordBatch) -> Tensor:
        """Gives the teachers' own distributions (K, N, C)."""
        return torch.stack([member.probabilities(batch) for member in self.members])

    def _labelled(self, batch: WordBatch) -> Tensor | None:
        """Tells which words each teacher labels (K, N); ``None`` where all label every word."""
        partly = [isinstance(member, Stored) and member.store.labelled is not None for member in self.members]
        if not any(partly):
            return None
        every = torch.ones_like(batch.words, dtype=torch.bool)
        return torch.stack([
            member.labelled(batch) if isinstance(member, Stored) and lacks else every
            for member, lacks in zip(self.members, partly, strict=True)
        ])  # fmt: skip

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Gives ``probs`` (N, C), with ``mark`` also ``unanimous`` (N), or ``each`` teacher's ``probs`` (K, N, C).

        Where teachers leave words without a label, it also gives ``labelled``, for the mixture (N) or for each (K, N).
        """
        each, labelled = self._each(batch), self._labelled(batch)
        if self.write == "each":
            return {"each": each} if labelled is None else {"each": each, "labelled": labelled}
        mixed = self._mix(batch, each, labelled)
        if self.unanimous != "mark":
            del mixed["unanimous"]
        return mixed

    def _mix(self, batch: WordBatch, each: Tensor, labelled: Tensor | None) -> dict[str, Tensor]:
        """Mixes the distributions of each (K, N, C) to ``probs`` (N, C).

        Also says where all have one most probable tag, ``unanimous`` (N). A teacher that does not label a word (K, N)
        has no weight there; where nobody with a weight labels it, it is not ``labelled`` (N).
        """
        weights = self.weights[:, None]  # (K, 1), or (K, N) where each sentence has its own
        if self.weights.ndim == 2:
            weights = self.weights[batch.sentences].repeat_interleave(batch.lengths, 0).T
        marks: dict[str, Tensor] = {}
        if labelled is not None:
            weights, marks["labelled"] = _share(weights * labelled)
        if self.abstain:
            each = abstained(each, self.lacks, weights)
        tags = each.argmax(-1)
        agreed = (tags == tags[0]).all(0)
        if labelled is not None:
            agreed &= labelled.all(0)
        mixture = self._truth_of(batch, each, labelled) if self.truth else (each * weights[:, :, None]).sum(0)
        if self.unanimous == "replace":
            mixture = torch.where(agreed[:, None], F.one_hot(tags[0], mixture.shape[-1]).to(mixture), mixture)
        return {"probs": mixture, "unanimous": agreed, **marks}

    def _truth_of(self, batch: WordBatch, each: Tensor, labelled: Tensor | None) -> Tensor:
        """Gives the probabilities of the true tags of each word (N, C), from its whole sentence."""
        assert self.truth is not None
        heard = each if labelled is None else each * labelled[:, :, None]
        answers = Answers(heard.float().numpy(force=True), batch.lengths.numpy(force=True))
        return torch.from_numpy(self.truth.posterior(answers)).to(each)

    def labellers(self) -> Mapping[str, Teaching]:
        """Gives whose soft labels ``predict`` writes: its own, or each teacher's in a folder of the teacher's name."""
        if self.write == "mixture":
            return super().labellers()
        return {member.identity()["method"].replace(":", "-"): member for member in self.members}

    def fingerprint(self) -> str:
        """Gives 16 hex digits of its weights and of the teachers that are loaded."""
        weights = {"weights": self.weights}
        if self.truth is not None:
            weights["confusions"] = torch.from_numpy(self.truth.confusions)
        return fingerprint_weights(weights, " ".join(teacher.fingerprint() for teacher in self._live()))

    def source_weights(self) -> dict[str, float]:
        """Gives the weights by the teachers' names, ``en`` for ``direct:en``; means where sentences have their own."""
        return dict(zip(self._names(), self.identity()["weights"], strict=True))

    def _names(self) -> list[str]:
        """Gives the teachers' names, ``en`` for ``direct:en``."""
        return [member.identity()["method"].replace("direct:", "") for member in self.members]

    def identity(self) -> dict[str, Any]:
        """Says ``ensemble:<weighting>`` or ``seeds:<lang>``, with ``llm-`` where all teachers are decoders.

        With ``mixed-`` some are.

        The time is its teachers' together.
        """
        identities = [member.identity() for member in self.members]
        of_decoders = [Method.split(identity["method"]).family == "llm" for identity in identities]
        family = "llm" if all(of_decoders) else "mixed" if any(of_decoders) else ""
        weights = self.weights if self.weights.ndim == 1 else self.weights.mean(0)
        sources = list(dict.fromkeys(source for identity in identities for source in identity["sources"]))
        of_seeds = self.weighting == SEEDS
        method = Method(SEEDS, ",".join(sources)) if of_seeds else Method("ensemble", self.weighting)
        return {
            "method": named(replace(method, family=family), self.variant),
            "sources": sources,
            "train_seconds": round(sum(identity["train_seconds"] for identity in identities), 1),
            "weights": [round(weight, 4) for weight in weights.tolist()],
            "weights_entropy": round(entropy(weights.numpy(force=True)), 4),
            **({} if self.sharpness == 1 else {"sharpness": self.sharpness}),
            **({"reliability": self._reliability(self.truth)} if self.truth else {}),
            "teachers": [identity["fingerprint"] for identity in identities if "fingerprint" in identity],
            "fits": {identity["method"]: identity.get("fit", {}) for identity in identities},
        }

    def _reliability(self, truth: Truth) -> dict[str, dict[str, float]]:
        """Gives how reliable the teachers are, type by type; of those that ``top`` leaves out nothing is known."""
        by_name = reliability(truth, self.schema, self._names())  # a share of 1e-17 is none
        return {name: by_name[name] for name, share in zip(by_name, truth.shares(), strict=True) if share > 1e-6}


def _share(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Scales weights (K, N) to sum to one at every word; evenly where all are zero. Says where some are not (N)."""
    total = weights.sum(0)
    shares = torch.where(total > 0, weights / total.clamp(min=1e-12), torch.full_like(weights, 1 / len(weights)))
    return shares, total > 0
