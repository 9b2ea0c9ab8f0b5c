"""A token classifier as an ONNX file, in float32 and in int8."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ctl.errors import CTLError, first_line


class _Logits(nn.Module):
    """Gives logits and nothing else, as an ONNX graph must."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits (R, T, C) of subword ids (R, T)."""
        return self.model(input_ids=input_ids, attention_mask=attention_mask).logits  # type: ignore[no-any-return]


def write_onnx(model: nn.Module, path: Path) -> None:
    """Writes the network with inputs ``input_ids`` and ``attention_mask`` (batch, sequence) and output ``logits``.

    Raises:
        CTLError: a package is missing, or PyTorch can't trace the network.
    """
    example = torch.ones((2, 8), dtype=torch.int64)
    mask = torch.tensor([[1] * 8, [1] * 6 + [0] * 2])
    axes = {0: "batch", 1: "sequence"}
    try:
        with _quietly():
            torch.onnx.export(
                _Logits(model).eval(),
                (example, mask),
                str(path),
                input_names=["input_ids", "attention_mask"],
                output_names=["logits"],
                dynamic_shapes={"input_ids": axes, "attention_mask": axes},
                dynamo=True,
                external_data=sum(p.numel() for p in model.parameters()) > 400_000_000,  # protobuf ends at 2 GB
            )
    except ImportError as error:
        raise CTLError(f"--onnx needs a package that is not installed ({error}): pip install 'ctl[onnx]'") from error
    except Exception as error:  # whatever the tracer meets in a network
        raise CTLError(f"{type(model).__name__} can't be written as ONNX: {first_line(error)}") from error


def quantise(source: Path, path: Path) -> None:
    """Writes a network whose matrix products have weights in int8; activations are quantised as they are computed."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quietly():
        quantize_dynamic(
            source, path, per_channel=True, weight_type=QuantType.QInt8, extra_options={"MatMulConstBOnly": True}
        )


@contextlib.contextmanager
def _quietly() -> Iterator[Any]:
    """Hides what exporters print and log while the block runs."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
