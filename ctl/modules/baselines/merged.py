"""The merged model: the weighted mean of its teachers' weights, one model that costs no training and no text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch import Callback
from torch import Tensor

from ctl.arrays import Floats
from ctl.backbones.adapters import merge_adapters
from ctl.backbones.facts import fingerprint_tokenizer
from ctl.callbacks.saving import RESUMED
from ctl.callbacks.tokenizer import KeepTokenizer, keep_tokenizer
from ctl.data.collation import WordBatch
from ctl.errors import CTLError
from ctl.methods import Method, named
from ctl.mixing.sharpness import sharpen
from ctl.modules.tagger import Tagger, load_module
from ctl.system.checkpoints import TOKENIZER
from ctl.system.numbers import NonNegativeFloat
from ctl.weighting import given_weights

MERGED = "merged"  # the adapter's name in a base
NOT_TRAINED = "Merged is not trained: use `ctl test`, which makes it of its teachers and scores it"


class Merged(Tagger):
    """One model whose weights are the weighted mean of its teachers' (model soups: Wortsman et al., ICML 2022).

    ``ctl test`` makes it, scores it and keeps it as a checkpoint, ``checkpoints/last.ckpt`` in the run's folder. Whole
    encoders of one backbone are averaged number by number. Adapters of one base become one adapter, which adds the
    weighted mean of what they add (`ctl.backbones.adapters.merge_adapters`).

    The classifiers are averaged all the same, though each teacher's began with random numbers of its own. For one and
    the same state of a word, the mean classifier gives the mean of the teachers' logits. But each encoder was trained
    for its own classifier, so the states of the mean encoder suit none of them perfectly: unlike in model soups, whose
    models begin alike, the teachers need not lie in one valley of the loss, and the mean may be worse than all of them.

    Args:
        teachers: checkpoints of teachers, of one backbone and one form.
        weighting: ``uniform``, or the name of ``weights``.
        weights: numbers by source, or the file that ``ctl predict`` of a language identifier writes, ``weights.json``.
        sharpness: what the logarithms of the weights are multiplied by; 1 is the paper.
        **kwargs: as for every `Tagger`.
    """

    needs_training = False

    def __init__(
        self,
        *,
        teachers: list[str],
        weighting: str = "uniform",
        weights: str | dict[str, float] | None = None,
        sharpness: NonNegativeFloat = 1.0,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.teachers = teachers
        self.weighting = weighting
        self.given = weights
        self.sharpness = sharpness
        self.made_of: dict[str, Any] = {}

    def configure_callbacks(self) -> Sequence[Callback]:
        """Names what writes the predictions; the tokenizer is kept where the checkpoint is."""
        return [callback for callback in super().configure_callbacks() if not isinstance(callback, KeepTokenizer)]

    def setup(self, stage: str) -> None:
        """Refuses to be trained."""
        if stage == "fit":
            raise CTLError(NOT_TRAINED)

    def loss(self, batch: WordBatch, logits: Tensor) -> Tensor:
        """Refuses to be trained."""
        raise CTLError(NOT_TRAINED)

    def configure_model(self) -> None:
        """Averages the teachers, unless it was loaded from a checkpoint.

        Raises:
            CTLError: there are none, or one can't be averaged with the others, or the weights are not for them.
        """
        if self.network is not None:
            return
        if not self.teachers:
            raise CTLError("a Merged model needs teachers: set model.teachers to their checkpoints")
        members = self._load()
        weights = self._weights([",".join(member.identity()["sources"]) for member in members])
        self.made_of, states = _described(members, weights), [member.own_state() for member in members]
        self._take_form(members)
        encoder = members[0].backbone_model
        if self.lora_rank:
            merge_adapters(encoder, [member.adapter for member in members], weights.tolist(), MERGED)
        self.network = self._classifier(encoder)
        averaged = [name for name in self.own_state() if not self.lora_rank or ".head." in name]
        mean = mean_state(({name: state[name] for name in averaged} for state in states), weights.tolist())
        self.load_state_dict({**self.own_state(), **mean})

    def _load(self) -> list[Tagger]:
        members: list[Tagger] = []
        for path in map(Path, self.teachers):
            if not path.is_file():
                raise CTLError(f"teacher {path}: no checkpoint")
            member = load_module(path, members, types=self.schema.types)
            if members and _form(member) != _form(members[0]):
                raise CTLError(f"teacher {path}: not of one backbone and form with {self.teachers[0]}: no mean of them")
            members.append(member)
        return members

    def _take_form(self, members: Sequence[Tagger]) -> None:
        """Takes the form of the teachers, in its checkpoint as well; the rank of merged adapters is the sum of theirs.

        The sum is also what divides them, so that what they add is scaled by one.
        """
        first, rank = members[0], sum(member.lora_rank for member in members)
        form = {
            "pooling": first.pooling, "attention": first.attention, "base": first.base, "lora_rank": rank,
            "lora_alpha": rank,
        }  # fmt: skip
        vars(self).update(form)
        self.hparams.update({**form, "lora_alpha": rank or None})
        self.base_fingerprint = first.base_fingerprint
        self.adapter = MERGED if rank else self.adapter

    def _weights(self, sources: Sequence[str]) -> Floats:
        """Finds the weights of the teachers (K)."""
        if self.weighting == "uniform":
            return np.full(len(sources), 1 / len(sources), dtype=np.float32)
        weights = given_weights(self.given, self.weighting, sources)
        return weights if self.sharpness == 1 else sharpen(weights, self.sharpness)

    def on_test_start(self) -> None:
        """Keeps it as a checkpoint, with its tokenizer, before it is scored."""
        folder = Path(self.trainer.default_root_dir) / "checkpoints"
        self.trainer.save_checkpoint(folder / "last.ckpt", weights_only=True)
        if self.trainer.is_global_zero:
            keep_tokenizer(self.trainer, self, [folder])

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds what is needed to build the model again; leaves out what only a training that goes on reads."""
        super().on_save_checkpoint(checkpoint)
        checkpoint[TOKENIZER] = fingerprint_tokenizer(self.trainer.datamodule.encoder.tokenizer)  # type: ignore[attr-defined]
        for name in RESUMED:
            checkpoint.pop(name, None)

    def checkpoint_extra(self) -> dict[str, Any]:
        """Gives the identity of its teachers."""
        return {"made_of": self.made_of}

    def restore_extra(self, state: Mapping[str, Any]) -> None:
        """Takes the identity of its teachers."""
        self.made_of = dict(state["made_of"])

    def identity(self) -> dict[str, Any]:
        """Says ``merged:<weighting>``, ``llm-`` before it for decoders; the time is its teachers' together."""
        method = Method("merged", self.weighting, family=self.family)
        return {"method": named(method, self.variant), "fit": {}, **self.made_of}


def mean_state(states: Iterable[Mapping[str, Tensor]], weights: Sequence[float]) -> dict[str, Tensor]:
    """The weighted mean of state dicts, name by name; numbers that are no floats are the first one's.

    Args:
        states: with the same names and shapes, K of them.
        weights: sum to one (K).
    """
    mean: dict[str, Tensor] = {}
    for state, weight in zip(states, weights, strict=True):
        for name, value in state.items():
            if not value.is_floating_point():
                mean.setdefault(name, value)
            elif name in mean:
                mean[name].add_(value, alpha=weight)
            else:
                mean[name] = value * weight
    return mean


def _form(tagger: Tagger) -> tuple[Any, ...]:
    """Gives what models must have in common to be averaged."""
    shapes = None if tagger.lora_rank else {name: value.shape for name, value in tagger.own_state().items()}
    return tagger.backbone, tagger.base_fingerprint, tagger.pooling, tagger.attention, tagger.base, shapes


def _described(members: Sequence[Tagger], weights: Floats) -> dict[str, Any]:
    """Describes the teachers of a merged model, for its identity."""
    identities = [member.identity() for member in members]
    return {
        "sources": list(dict.fromkeys(source for identity in identities for source in identity["sources"])),
        "train_seconds": round(sum(identity["train_seconds"] for identity in identities), 1),
        "weights": [round(weight, 4) for weight in weights.tolist()],
        "teachers": [member.fingerprint() for member in members],
        "fits": {identity["method"]: identity.get("fit", {}) for identity in identities},
    }
