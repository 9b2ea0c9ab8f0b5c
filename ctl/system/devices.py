"""What there is to compute with."""

from __future__ import annotations

import torch


def best_device() -> str:
    """``cuda``, ``mps`` or ``cpu``."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def has_bf16(device: torch.device) -> bool:
    """Whether bf16 is faster than float32 there."""
    from ctl.transfer.run import best_precision

    return device.type != "mps" and best_precision(device.type) == "bf16-mixed"
