"""A backbone with a tag classifier: what teachers and students share."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from ctl.backbones.adapters import ALONE, Base, add_adapter, disowned, fingerprint_base, owned
from ctl.backbones.attention import is_decoder
from ctl.backbones.loading import build_encoder, freeze, load_encoder, recompute_activations
from ctl.data.collation import WordBatch
from ctl.errors import CTLError
from ctl.metrics import SpanF1
from ctl.modules.base import Labeller, Trainable
from ctl.modules.word_classifier import Pooling, WordClassifier


class Tagger(Trainable, Labeller):
    """A backbone with a tag classifier that is trained: a teacher or a student.

    Args:
        backbone: Hub name or folder of an encoder, or of a decoder (a causal language model).
        types: the entity types.
        lr: highest learning rate of AdamW.
        weight_decay: of all weights except biases and norms.
        warmup: share of the steps over which the learning rate rises; then it falls linearly to zero.
        dropout: of the words' states before the classifier; the backbone keeps its own rates.
        pooling: what stands for a word: its first subword, its last, or their mean; by default the first of an
            encoder and the last of a decoder, which has read the whole word only there.
        attention: of a decoder: ``causal``, as it was trained, ``full``, or ``last:n``, full in the last n layers.
        lora_rank: train low-rank adapters of this rank in all linear layers, and freeze the backbone; 0 trains all.
        lora_alpha: adapters are scaled by ``lora_alpha / lora_rank``; by default twice the rank.
        lora_dropout: of what adapters read.
        base: numbers of the frozen backbone under adapters, which are themselves float32; ``4bit`` needs a GPU.
        gradient_checkpointing: compute activations twice to hold fewer of them.
        freeze_embeddings: keep the backbone's embeddings as they are.
        freeze_layers: keep this many bottom layers as they are.
        variant: added to the method's name in results, ``adapted`` say.
        compile: compile the backbone with `torch.compile`: for long runs, as the first steps take a minute.
    """

    def __init__(
        self,
        backbone: str,
        types: Sequence[str] = ("PER", "ORG", "LOC"),
        lr: float = 5e-5,
        weight_decay: float = 0.01,
        warmup: float = 0.1,
        dropout: float = 0.1,
        pooling: Pooling | None = None,
        attention: str | None = None,
        lora_rank: int = 0,
        lora_alpha: int | None = None,
        lora_dropout: float = 0.05,
        base: Base = "float32",
        gradient_checkpointing: bool = False,
        freeze_embeddings: bool = False,
        freeze_layers: int = 0,
        variant: str | None = None,
        compile: bool = False,
    ) -> None:
        super().__init__(types)
        self.save_hyperparameters()  # those of the subclass as well
        self.backbone = backbone
        self.lr = lr
        self.weight_decay = weight_decay
        self.warmup = warmup
        self.dropout = dropout
        self.pooling: Pooling | None = pooling
        self.attention = attention
        self.lora_rank = lora_rank
        self.lora_alpha = 2 * lora_rank if lora_alpha is None else lora_alpha
        self.lora_dropout = lora_dropout
        self.base: Base = base
        self.gradient_checkpointing = gradient_checkpointing
        self.adapter = ALONE
        self.base_fingerprint: str | None = None
        self.freeze_embeddings = freeze_embeddings
        self.freeze_layers = freeze_layers
        self.variant = variant
        self.compiled = compile
        self.network: WordClassifier | None = None
        self.val_f1 = SpanF1(types)
        self.train_seconds = 0.0
        self._clock: float | None = None

    @abstractmethod
    def loss(self, batch: WordBatch, logits: Tensor) -> Tensor:
        """What training lowers, from the logits of all words (N, C)."""

    def configure_model(self) -> None:
        """Loads the backbone, once; Lightning calls it after seeding and before training."""
        if self.network is None:
            self._build(self._load())

    def _load(self) -> Any:  # noqa: ANN401
        if self.base != "float32" and not self.lora_rank:
            raise CTLError(f"base {self.base} is for a frozen backbone: set lora_rank, or base to float32")
        return load_encoder(self.backbone, attention=self.attention, base=self.base)

    def _rebuild(self, config: dict[str, Any]) -> Any:  # noqa: ANN401
        return build_encoder(config, self.attention)

    @property
    def backbone_model(self) -> Any:  # noqa: ANN401
        """The encoder or decoder under the classifier."""
        assert self.network is not None
        return self.network.encoder

    def _build(self, encoder: Any) -> None:  # noqa: ANN401
        if self.lora_rank:
            self.base_fingerprint = fingerprint_base(encoder)
            add_adapter(encoder, self.adapter, self.lora_rank, self.lora_alpha, self.lora_dropout)
        if self.gradient_checkpointing:
            recompute_activations(encoder)
        freeze(encoder, self.freeze_embeddings, self.freeze_layers)
        if self.compiled:
            encoder.compile(dynamic=True)  # in place: the names in checkpoints stay
        self.pooling = self.pooling or ("last" if is_decoder(encoder.config) else "first")
        adapter = self.adapter if self.lora_rank else None
        self.network = WordClassifier(encoder, len(self.schema), self.pooling, self.dropout, adapter)

    def join(self, other: Tagger, adapter: str) -> None:
        """Answers with an adapter of this name in another tagger's base, instead of a base of its own.

        The adapter's weights are random until a checkpoint is loaded.
        """
        assert other.network is not None
        encoder, self.pooling = other.network.encoder, self.pooling or other.network.pooling
        self.adapter, self.base_fingerprint = adapter, other.base_fingerprint
        add_adapter(encoder, adapter, self.lora_rank, self.lora_alpha, self.lora_dropout)
        self.network = WordClassifier(encoder, len(self.schema), self.pooling, self.dropout, adapter)

    @property
    def family(self) -> str:
        """Of its methods: ``llm`` where the backbone is a decoder."""
        assert self.network is not None
        return "llm" if is_decoder(self.network.encoder.config) else ""

    def forward(self, batch: WordBatch) -> Tensor:
        """Logits of all words (N, C)."""
        assert self.network is not None, "configure_model was not called"
        return self.network(batch)  # type: ignore[no-any-return]

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Distributions of all words of a batch (N, C)."""
        return self(batch).softmax(-1)  # type: ignore[no-any-return]

    def training_step(self, batch: WordBatch) -> Tensor:
        """One step on a batch; logs ``train/loss``."""
        loss = self.loss(batch, self(batch))
        self.log("train/loss", loss, prog_bar=True, batch_size=len(batch.words))
        return loss * batch.factor

    def validation_step(self, batch: WordBatch) -> None:
        """Scores source validation sentences."""
        self.val_f1.update(self(batch).argmax(-1), batch.tags, batch.lengths)

    def on_validation_epoch_end(self) -> None:
        """Logs ``val/f1`` and its parts, micro over all source languages, and the same per type."""
        scores = self.val_f1.compute()
        self.log("val/f1", scores.pop("f1"), prog_bar=True)
        self.log_dict({f"val/{name}": value for name, value in scores.items()})
        self.val_f1.reset()

    def on_train_start(self) -> None:
        """Starts the clock, also in the middle of an epoch."""
        self._clock = time.perf_counter()

    def on_train_end(self) -> None:
        """Stops it."""
        self._clock = None

    def on_train_epoch_end(self) -> None:
        """Reads the clock."""
        self._count_time()

    def _count_time(self) -> None:
        """Adds to the time that training has taken what went by since this was last done; nothing where it is over."""
        if self._clock is not None:
            now = time.perf_counter()
            self.train_seconds += now - self._clock
            self._clock = now

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds what is needed to build the model again; leaves out a base that adapters were trained in."""
        assert self.network is not None
        self._count_time()
        config = self.network.encoder.config.to_dict()  # type: ignore[union-attr, operator]
        if self.lora_rank:
            checkpoint["state_dict"] = owned(checkpoint["state_dict"], self.adapter)
        checkpoint["ctl"] = {
            "types": list(self.schema.types),
            "encoder": {key: value for key, value in config.items() if isinstance(value, PLAIN)},
            "train_seconds": self.train_seconds,
            **self._form(),
            "base": self.base_fingerprint,
            **self.checkpoint_extra(),
        }

    def _form(self) -> dict[str, Any]:
        """Settings without which the weights mean something else."""
        return {"attention": self.attention, "lora_rank": self.lora_rank, "lora_alpha": self.lora_alpha}

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Builds the model where that was not done, and refuses a checkpoint of other tags, form or base."""
        state = checkpoint.get("ctl")
        if state is None:
            raise CTLError("this checkpoint was not written by ctl")
        if tuple(state["types"]) != self.schema.types:
            raise CTLError(
                f"the checkpoint's types are {state['types']}, this run's are {list(self.schema.types)}: "
                "set data.types to the checkpoint's, in their order"
            )
        for name, value in self._form().items():
            if state[name] != value:
                raise CTLError(f"the checkpoint's {name} is {state[name]}, this run's is {value}: set model.{name}")
        if self.network is None:
            self._build(self._load() if self.lora_rank else self._rebuild(state["encoder"]))
        if state["base"] != self.base_fingerprint:
            raise CTLError(
                f"the checkpoint's adapters were trained in another base than {self.backbone} as {self.base}: "
                f"its fingerprint is {self.base_fingerprint}, theirs {state['base']}"
            )
        self.train_seconds = state["train_seconds"]
        self.restore_extra(state)

    def own_state(self) -> dict[str, Tensor]:
        """The weights that a checkpoint holds, under the same names."""
        state: dict[str, Tensor] = self.state_dict()
        return owned(state, self.adapter) if self.lora_rank else state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:  # noqa: ANN401
        """Takes the weights of a checkpoint; one of adapters has all but the base, and only that may be missing."""
        if not self.lora_rank:
            return super().load_state_dict(state_dict, strict=strict, assign=assign)
        if strict and (wrong := sorted(self.own_state().keys() ^ state_dict.keys())):
            raise CTLError(f"the checkpoint and this model differ in {len(wrong)} weights, {wrong[0]} for one")
        return super().load_state_dict(disowned(dict(state_dict), self.adapter), strict=False, assign=assign)

    def checkpoint_extra(self) -> dict[str, Any]:
        """What a subclass wants to find again in its checkpoint; plain values only."""
        return {}

    def restore_extra(self, state: Mapping[str, Any]) -> None:
        """Takes back what `checkpoint_extra` gave."""


PLAIN = (dict, list, tuple, str, int, float, bool, type(None))
