"""Taggers that train only those rows of the word embedding that their text reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch.optim import Optimizer

from ctl.backbones.rows import ReadRows, put_block, trim
from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.modules.fine_tuned import BLOCK, FineTuned


class Trimmed(FineTuned):
    """A model whose fit has gradients and moments of those rows of the word embedding that are read (`ReadRows`).

    To checkpoints, its fingerprint and whatever reads its weights it has the whole matrix.

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
        """Adds which rows the optimiser has moments of, and how far the others have decayed."""
        super().on_save_checkpoint(checkpoint)
        if self.rows is not None:
            checkpoint["ctl"]["rows"] = {"ids": self.rows.fingerprint(), "decay": self.rows.decay}

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Goes on with the rows that were trained; the optimiser of a fit that trained all keeps these alone.

        Raises:
            CTLError: the fit that goes on reads other text.
        """
        super().on_load_checkpoint(checkpoint)
        if (block := checkpoint["ctl"].get(BLOCK)) is not None:
            put_block(self.backbone_model, block)
        optimizers, rows = checkpoint.get("optimizer_states"), checkpoint["ctl"].get("rows")
        if not optimizers or not self._is_fitted() or (rows is None and self.rows is None):
            return
        if rows is None and self.rows is not None:
            self.rows.take_moments(optimizers[0]["state"])
        elif self.rows is None or rows["ids"] != self.rows.fingerprint():
            raise CTLError(
                "the checkpoint's fit read other text, or on other devices: go on as it began, or begin anew"
            )
        else:
            self.rows.decay = rows["decay"]

    def kept(self, checkpoint: dict[str, Any]) -> dict[str, Any]:
        """Leaves out what a model that needs its backbone finds there."""
        rows, state = self.rows, checkpoint["ctl"]
        if rows is None or not (self.needs_backbone and rows.of_backbone):
            return checkpoint
        name = next(f"{name}.weight" for name, module in self.named_modules() if module is rows)
        weights, rest = checkpoint["state_dict"], {key: value for key, value in state.items() if key != "rows"}
        weight, block = rows.block(weights[name], state["rows"]["decay"])
        return {**checkpoint, "state_dict": {**weights, name: weight}, "ctl": {**rest, BLOCK: block}}
