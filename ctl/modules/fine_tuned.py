"""The base of all that are trained to tag: a backbone, perhaps adapters in it, a clock, validation and checkpoints."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ctl.backbones.adapters import ALONE, Base, add_adapter, disowned, fingerprint_base, owned
from ctl.backbones.attention import is_decoder
from ctl.backbones.loading import recompute_activations
from ctl.backbones.rows import BLOCK
from ctl.callbacks.fit_record import fit_record
from ctl.callbacks.progress.weak_fits import weaknesses
from ctl.data.collation import WordBatch
from ctl.errors import CTLError
from ctl.metrics import SpanF1
from ctl.modules.base import Labeller, Trainable, fingerprint_weights
from ctl.system.checkpoints import are_finite
from ctl.system.console import notice
from ctl.system.files import fingerprint
from ctl.system.numbers import NonNegativeFloat, NonNegativeInt, OpenShare, PositiveInt, Share

PLAIN = (dict, list, tuple, str, int, float, bool, type(None))


class FineTuned(Trainable, Labeller):
    """A backbone that is trained to tag words, as a whole or through low-rank adapters.

    Subclasses load it, say what network they make of it, and how that gives every word logits of its tags.

    Args:
        backbone: Hub name or folder.
        types: the entity types.
        lr: highest learning rate of AdamW.
        weight_decay: of all weights except biases and norms.
        warmup: share of the steps over which the learning rate rises; then it falls linearly to zero.
        lora_rank: train low-rank adapters of this rank in all linear layers, and freeze the backbone; 0 trains all.
        lora_alpha: adapters are scaled by ``lora_alpha / lora_rank``; by default twice the rank.
        lora_dropout: of what adapters read; none by default, as it takes half as long again and F1 is the same.
        base: numbers of the frozen backbone under adapters, which are themselves float32; ``4bit`` needs a GPU.
        gradient_checkpointing: compute activations twice to hold fewer of them.
        variant: added to the method's name in results, ``adapted`` say.

    Attributes:
        network: has the backbone as its ``encoder``; ``None`` until `configure_model` or a checkpoint builds it.
        adapter: the name of its adapter in the backbone.
        base_fingerprint: of the frozen backbone under adapters.
        train_seconds: how long it was trained.
        fit_record: of the fit that trained it, empty where its checkpoint has none (`ctl.callbacks.fit_record`).
    """

    network: nn.Module | None

    def __init__(
        self,
        backbone: str,
        types: Sequence[str] = ("PER", "ORG", "LOC"),
        lr: NonNegativeFloat = 5e-5,
        weight_decay: NonNegativeFloat = 0.01,
        warmup: Share = 0.1,
        lora_rank: NonNegativeInt = 0,
        lora_alpha: PositiveInt | None = None,
        lora_dropout: OpenShare = 0.0,
        base: Base = "float32",
        gradient_checkpointing: bool = False,
        variant: str | None = None,
    ) -> None:
        super().__init__(lr, weight_decay, warmup, types=types)
        self.save_hyperparameters()  # those of the subclass as well
        self.backbone = backbone
        self.lora_rank = lora_rank
        self.lora_alpha = 2 * lora_rank if lora_alpha is None else lora_alpha
        self.lora_dropout = lora_dropout
        self.base: Base = base
        self.gradient_checkpointing = gradient_checkpointing
        self.variant = variant
        self.network = None
        self.adapter = ALONE
        self.base_fingerprint: str | None = None
        self.val_f1 = SpanF1(types)
        self.train_seconds = 0.0
        self.fit_record: dict[str, Any] = {}
        self._clock: float | None = None

    @abstractmethod
    def load_backbone(self) -> Any:  # noqa: ANN401
        """Loads the pre-trained backbone."""

    @abstractmethod
    def rebuild_backbone(self, config: dict[str, Any]) -> Any:  # noqa: ANN401
        """Builds the backbone of a checkpoint, with random weights, from its configuration."""

    @abstractmethod
    def build_network(self, backbone: Any) -> nn.Module:  # noqa: ANN401
        """Makes the network of a backbone that has its adapters."""

    @abstractmethod
    def loss(self, batch: WordBatch, logits: Tensor) -> Tensor:
        """Gives what training lowers, from the logits of all words (N, C)."""

    def configure_model(self) -> None:
        """Loads the backbone, once; Lightning calls it after seeding and before training.

        What is new on top, the head and adapters, begins with random numbers of the model's own: they depend on the
        run's seed and on the model's role, so that no two models of a run begin alike, and a run can be repeated.
        """
        if self.network is None:
            self._check_adapters()
            backbone = self.load_backbone()
            own = int(fingerprint(f"{torch.initial_seed()} {self.role()}"), 16)
            with torch.random.fork_rng(devices=[torch.cuda.current_device()] if torch.cuda.is_available() else []):
                torch.manual_seed(own)
                self._build(backbone)

    def _check_adapters(self) -> None:
        """Refuses a setting of adapters where there are none.

        Raises:
            CTLError: names it.
        """
        if not self.lora_rank and self.lora_alpha:
            raise CTLError(f"--model.lora_alpha: {self.lora_alpha}: without --model.lora_rank there are no adapters")

    def role(self) -> str:
        """Tells the model apart from the others of a run: its class and variant; subclasses add who teaches it."""
        return " ".join([type(self).__name__, self.variant or ""])

    def _build(self, backbone: Any) -> None:  # noqa: ANN401
        if self.lora_rank:
            self.base_fingerprint = fingerprint_base(backbone)
            self.add_adapter(backbone)
        if self.gradient_checkpointing:
            recompute_activations(backbone)
        self.network = self.build_network(backbone)

    def add_adapter(self, backbone: Any) -> None:  # noqa: ANN401
        """Adds its adapter, whose weights change nothing until they are trained or loaded."""
        add_adapter(backbone, self.adapter, self.lora_rank, self.lora_alpha, self.lora_dropout)

    @property
    def backbone_model(self) -> Any:  # noqa: ANN401
        """The encoder or decoder under the tags."""
        assert self.network is not None, "configure_model was not called"
        return self.network.encoder

    @property
    def family(self) -> str:
        """The family of its methods: ``llm`` where the backbone is a decoder."""
        return "llm" if is_decoder(self.backbone_model.config) else ""

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Gives the distributions of all words of a batch (N, C)."""
        return self(batch).softmax(-1)  # type: ignore[no-any-return]

    def training_step(self, batch: WordBatch) -> Tensor:
        """Takes one step on a batch; logs ``train/loss``."""
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
        """Stops the clock, and warns of a fit that taught it next to nothing."""
        self._clock = None
        if self.trainer.is_global_zero:
            for line in weaknesses(self.identity()["method"], self._record()):
                notice(line)

    def on_train_epoch_end(self) -> None:
        """Reads the clock."""
        self._count_time()

    def _count_time(self) -> None:
        """Adds the time since the clock was last read; nothing where training is over."""
        if self._clock is not None:
            now = time.perf_counter()
            self.train_seconds += now - self._clock
            self._clock = now

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds what is needed to build the model again; leaves out a base that adapters were trained in."""
        self._count_time()
        if self._clock is not None:  # it is being trained
            self.fit_record = self._record()
        config = self.backbone_model.config.to_dict()
        if self.lora_rank:
            checkpoint["state_dict"] = owned(checkpoint["state_dict"], self.adapter)
        checkpoint["ctl"] = {
            "types": list(self.schema.types),
            "encoder": {key: value for key, value in config.items() if isinstance(value, PLAIN)},
            "train_seconds": self.train_seconds,
            "fit": self.fit_record,
            **self.form(),
            "base": self.base_fingerprint,
            **self.checkpoint_extra(),
        }

    def _record(self) -> dict[str, Any]:
        return {**fit_record(self), **self.fit_facts()}

    def fit_facts(self) -> dict[str, Any]:
        """Gives what a subclass adds to the record of its fit; plain values only."""
        return {}

    def form(self) -> dict[str, Any]:
        """Names the settings without which the weights of a checkpoint mean something else."""
        return {"lora_rank": self.lora_rank, "lora_alpha": self.lora_alpha}

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
        if not are_finite(list(checkpoint["state_dict"].values())):
            raise CTLError("the checkpoint's weights are not finite numbers: train anew, with a lower rate (lr)")
        for name, value in self.form().items():
            if state[name] != value:
                raise CTLError(f"the checkpoint's {name} is {state[name]}, this run's is {value}: set model.{name}")
        if self.network is None:
            needs_backbone = self.lora_rank or BLOCK in state
            self._build(self.load_backbone() if needs_backbone else self.rebuild_backbone(state["encoder"]))
        if state["base"] != self.base_fingerprint:
            raise CTLError(
                f"the checkpoint's adapters were trained in another base than {self.backbone} as {self.base}: "
                f"its fingerprint is {self.base_fingerprint}, theirs {state['base']}"
            )
        self.train_seconds = state["train_seconds"]
        self.fit_record = state.get("fit", {})
        self.restore_extra(state)

    def own_state(self) -> dict[str, Tensor]:
        """Gives the weights that a checkpoint holds, under the same names."""
        state: dict[str, Tensor] = self.state_dict()
        return owned(state, self.adapter) if self.lora_rank else state

    def fingerprint(self) -> str:
        """Gives 16 hex digits of its weights; a base under adapters counts by its own fingerprint."""
        return fingerprint_weights(self.own_state(), self.base_fingerprint or "")

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:  # noqa: ANN401
        """Takes the weights of a checkpoint; one of adapters has all but the base, and only that may be missing."""
        if not self.lora_rank:
            return super().load_state_dict(state_dict, strict=strict, assign=assign)
        if strict and (wrong := sorted(self.own_state().keys() ^ state_dict.keys())):
            raise CTLError(f"the checkpoint and this model differ in {len(wrong)} weights, {wrong[0]} for one")
        return super().load_state_dict(disowned(dict(state_dict), self.adapter), strict=False, assign=assign)

    def checkpoint_extra(self) -> dict[str, Any]:
        """Gives what a subclass wants to find again in its checkpoint; plain values only."""
        return {}

    def restore_extra(self, state: Mapping[str, Any]) -> None:
        """Takes what `checkpoint_extra` gave."""
