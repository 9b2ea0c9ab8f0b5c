"""A backbone with a tag classifier: what teachers and students share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback
from torch import Tensor

from ctl.backbones.adapters import ALONE
from ctl.backbones.loading import build_encoder, count_layers, freeze, load_encoder
from ctl.callbacks.tokenizer import KeepTokenizer
from ctl.data.collation import WordBatch
from ctl.errors import CTLError
from ctl.modules.trimmed import Trimmed
from ctl.networks.word_classifier import Pooling, WordClassifier
from ctl.system.checkpoints import TOKENIZER, backbone_now, read_checkpoint, read_from
from ctl.system.numbers import NonNegativeInt, OpenShare

NAME_ANOTHER = "; name one that `ctl fit` or `ctl transfer` wrote for a teacher or a student"


class Tagger(Trimmed):
    """A backbone with a tag classifier that is trained: a teacher or a student.

    The backbone is an encoder, or a decoder (a causal language model).

    Args:
        dropout: of the words' states before the classifier; the backbone keeps its own rates.
        pooling: what stands for a word: its first subword, its last, or their mean; by default the first of an
            encoder and the last of a decoder, which has read the whole word only there.
        attention: of a decoder: ``causal``, as it was trained, ``full``, or ``last:n``, full in the last n layers.
        freeze_embeddings: keep the backbone's embeddings as they are.
        freeze_layers: keep this many bottom layers as they are.
        compile: compile the backbone with `torch.compile`: for long runs, as the first steps take a minute.
        **kwargs: as for every `FineTuned`, and `Trimmed`.

    Attributes:
        tokenizer_fingerprint: of the tokenizer that it was trained with, where its checkpoint says so.
    """

    network: WordClassifier | None

    def __init__(
        self,
        *,
        dropout: OpenShare = 0.1,
        pooling: Pooling | None = None,
        attention: str | None = None,
        freeze_embeddings: bool = False,
        freeze_layers: NonNegativeInt = 0,
        compile: bool = False,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.dropout = dropout
        self.pooling: Pooling | None = pooling
        self.attention = attention
        self.freeze_embeddings = freeze_embeddings
        self.freeze_layers = freeze_layers
        self.compiled = compile
        self.tokenizer_fingerprint: str | None = None

    def configure_callbacks(self) -> Sequence[Callback]:
        """Names what writes the predictions, and what keeps the tokenizer of a fit."""
        return [*super().configure_callbacks(), KeepTokenizer()]

    def configure_model(self) -> None:
        """Loads the backbone, once.

        Raises:
            CTLError: it can't follow a setting.
        """
        super().configure_model()
        if self.freeze_layers > (layers := count_layers(self.backbone_model)):
            raise CTLError(
                f"--model.freeze_layers: {self.freeze_layers}: {self.backbone} has {layers} layers that can be frozen"
            )

    def load_backbone(self) -> Any:  # noqa: ANN401
        """Loads the pre-trained backbone."""
        if self.base != "float32" and not self.lora_rank:
            raise CTLError(f"base {self.base} is for a frozen backbone: set lora_rank, or base to float32")
        return load_encoder(self.backbone, attention=self.attention, base=self.base)

    def rebuild_backbone(self, config: dict[str, Any]) -> Any:  # noqa: ANN401
        """Builds the backbone of a checkpoint from its configuration."""
        return build_encoder(config, self.attention)

    def build_network(self, backbone: Any) -> WordClassifier:  # noqa: ANN401
        """Freezes what is to stay, and puts the classifier on top."""
        freeze(backbone, self.freeze_embeddings, self.freeze_layers)
        if self.compiled:
            backbone.compile(dynamic=True)  # in place: the names in checkpoints stay
        return self._classifier(backbone)

    def _classifier(self, backbone: Any) -> WordClassifier:  # noqa: ANN401
        adapter = self.adapter if self.lora_rank else None
        network = WordClassifier(backbone, len(self.schema), self.pooling, self.dropout, adapter)
        self.pooling = network.pooling
        return network

    def join(self, other: Tagger, adapter: str) -> None:
        """Answers with an adapter of this name in another tagger's base, instead of a base of its own.

        The adapter's weights are random until a checkpoint is loaded.
        """
        self.adapter, self.base_fingerprint = adapter, other.base_fingerprint
        self.add_adapter(other.backbone_model)
        self.network = self._classifier(other.backbone_model)

    def forward(self, batch: WordBatch) -> Tensor:
        """Gives the logits of all words (N, C)."""
        assert self.network is not None, "configure_model was not called"
        return self.network(batch)  # type: ignore[no-any-return]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds who it is, so that whoever only tags needs no class of it (`ctl.networks.saved`)."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["ctl"]["identity"] = self.identity()

    def form(self) -> dict[str, Any]:
        """Names the settings without which the weights of a checkpoint mean something else."""
        return {"attention": self.attention, **super().form()}


def load_module(path: str | Path, others: Sequence[Tagger] = (), **settings: Any) -> Tagger:  # noqa: ANN401
    """Loads a trained tagger from its checkpoint, ready to answer; nothing in the file is executed.

    Args:
        path: the checkpoint.
        others: taggers that are loaded; its adapters go into the base of one of them, where that is the one they need.
        **settings: in place of those that it was made with.

    Raises:
        CTLError: there is no such file, or it is damaged, of another kind or another version.
    """
    checkpoint = read_checkpoint(path)
    kind, saved = _class_of(checkpoint, path), checkpoint.get("hyper_parameters", {})
    with read_from(path):
        arguments = {name: value for name, value in saved.items() if not name.startswith("_")}
        arguments["backbone"] = backbone_now(arguments["backbone"], Path(path))
        tagger = kind(**{**arguments, **settings})
        _share_base(tagger, checkpoint["ctl"]["base"], others)
        tagger.on_load_checkpoint(checkpoint)
        tagger.load_state_dict(checkpoint["state_dict"])
        tagger.identity()
        tagger.tokenizer_fingerprint = checkpoint.get(TOKENIZER)
    return tagger.eval().requires_grad_(False)


def _class_of(checkpoint: Mapping[str, Any], path: str | Path) -> type[Tagger]:
    """Finds the class that a checkpoint names among those that are known; one made in Python names none."""
    saved, state = checkpoint.get("hyper_parameters", {}), checkpoint.get("ctl", {})
    if not isinstance(saved, Mapping) or not isinstance(state, Mapping):
        raise CTLError(f"{path}: not the checkpoint of a tagger{NAME_ANOTHER}")
    named = str(saved.get("_class_path", "")).rpartition(".")[2]
    name = named or ("Student" if "taught_by" in state else "Teacher")
    known = {kind.__name__: kind for kind in _subclasses(Tagger)}
    if name not in known or "ctl" not in checkpoint:
        other = f" but of {named}: let it `ctl predict`, and use what that writes" if named else ""
        raise CTLError(f"{path}: not the checkpoint of a tagger{other or NAME_ANOTHER}")
    return known[name]


def _subclasses(kind: type) -> Iterator[type]:
    subclass: type
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _share_base(tagger: Tagger, base: str | None, others: Sequence[Tagger]) -> None:
    """Puts a tagger's adapters, trained in the base with this fingerprint, into one that is loaded, if there is one."""
    needs = (base, tagger.attention, tagger.base)
    same = [other for other in others if needs == (other.base_fingerprint, other.attention, other.base)]
    if tagger.lora_rank and same:
        tagger.join(same[0], f"{ALONE}{len(others)}")
