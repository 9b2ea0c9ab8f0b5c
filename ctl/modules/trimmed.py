"""Taggers that train only those rows of the word embedding that their text reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.optim import Optimizer

from ctl.backbones.rows import BLOCK, ReadRows, put_block, trim
from ctl.callbacks.saving import WeightsOnly
from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.modules.fine_tuned import FineTuned


class Trimmed(FineTuned):
    """A model whose fit has gradients and moments of those rows of the word embedding that are read (`ReadRows`).

    Its fingerprint and whatever reads its weights see the whole matrix. Checkpoints hold it where people may take them
    away; those that a fit makes only to go on from, and what is kept of a teacher, hold the rows that are trained.

    Args:
        trim_embeddings: train only the rows that training reads, where those are less than half of all: the same model
            in less time and memory.
        **kwargs: as for every `FineTuned`.

    Attributes:
        needs_backbone: whether what a finished fit keeps has those rows alone, and the backbone's file the others. It
            is so for teachers, of which there are many, and not for what people take away.
    """

    needs_backbone: ClassVar[bool] = False

    def __init__(self, *, trim_embeddings: bool = True, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.trim_embeddings = trim_embeddings

    def configure_model(self) -> None:
        """Loads the backbone, once, and trims it for a fit in which every process has the whole model."""
        super().configure_model()
        if not self.trim_embeddings or self.rows is not None or not self._is_fitted():
            return
        data, strategy = getattr(self.trainer, "datamodule", None), self.trainer.strategy
        if isinstance(strategy, SingleDeviceStrategy | DDPStrategy) and isinstance(data, NERDataModule):
            trim(self.backbone_model, torch.from_numpy(data.read_in_training()))

    def _is_fitted(self) -> bool:
        return self._trainer is not None and self._trainer.state.fn == TrainerFn.FITTING

    @property
    def rows(self) -> ReadRows | None:
        """The word embedding in training, where only some of its rows are trained."""
        embedding = None if self.network is None else self.backbone_model.get_input_embeddings()
        return embedding if isinstance(embedding, ReadRows) else None

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Takes the optimiser of every `Trainable`; the rows that it does not see follow its steps."""
        configured: Any = super().configure_optimizers()
        if (rows := self.rows) is not None:

            def follow(optimizer: Optimizer, _args: Any, _kwargs: Any) -> None:  # noqa: ANN401
                group = optimizer.param_groups[0]  # whose weights decay
                rows.decays(1 - group["lr"] * group["weight_decay"])

            configured["optimizer"].register_step_post_hook(follow)
        return configured  # type: ignore[no-any-return]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds which rows the optimiser has moments of, and the others or what follows from them."""
        super().on_save_checkpoint(checkpoint)
        if (rows := self.rows) is None:
            return
        state = checkpoint["ctl"]
        state["rows"] = {"ids": rows.fingerprint(), "decay": rows.decay}
        if rows.of_backbone and self._is_kept_later():
            state[BLOCK] = rows.facts()
        else:
            checkpoint["state_dict"][self._rows_name] = rows.whole()

    def _is_kept_later(self) -> bool:
        """Tells whether the checkpoints of a fit are not yet what is kept of it."""
        callbacks = self.trainer.callbacks if self._is_fitted() else []  # type: ignore[attr-defined]
        return any(isinstance(callback, WeightsOnly) for callback in callbacks)

    @property
    def _rows_name(self) -> str:
        """The name of the word embedding in a checkpoint."""
        return next(f"{name}.weight" for name, module in self.named_modules() if module is self.rows)

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Goes on with the rows that were trained; the optimiser of a fit that trained all keeps these alone.

        Raises:
            CTLError: the fit that goes on reads other text, or another backbone.
        """
        super().on_load_checkpoint(checkpoint)
        state, optimizers = checkpoint["ctl"], checkpoint.get("optimizer_states")
        if optimizers and self._is_fitted():
            self._go_on(state, optimizers[0]["state"])
        elif (block := state.get(BLOCK)) is not None:
            put_block(self.backbone_model, block)

    def _go_on(self, state: Mapping[str, Any], moments: dict[int, dict[str, Any]]) -> None:
        """Goes on as a checkpoint says, with the moments of its optimiser."""
        rows, before = self.rows, state.get("rows")
        if rows is not None and before is None:
            rows.take_moments(moments)
        elif before is not None and (rows is None or before["ids"] != rows.fingerprint()):
            raise CTLError(
                "the checkpoint's fit read other text, or on other devices: go on as it began, or begin anew"
            )
        elif rows is not None and BLOCK in state:
            rows.go_on(state[BLOCK], self.backbone)
        elif rows is not None and before is not None:
            rows.decay = before["decay"]

    def own_state(self) -> dict[str, Tensor]:
        """Gives the weights by their names in a checkpoint, with the whole word embedding."""
        rows, state = self.rows, super().own_state()
        return state if rows is None else {**state, self._rows_name: rows.whole()}

    def kept(self, checkpoint: dict[str, Any]) -> dict[str, Any]:
        """Puts the other rows in, unless this model needs its backbone."""
        rows, state = self.rows, checkpoint["ctl"]
        if rows is None or self.needs_backbone or BLOCK not in state:
            return checkpoint
        weights, name = checkpoint["state_dict"], self._rows_name
        whole = rows.around(weights[name], state[BLOCK]["decay"])
        rest = {key: value for key, value in state.items() if key not in ("rows", BLOCK)}
        return {**checkpoint, "state_dict": {**weights, name: whole}, "ctl": rest}
