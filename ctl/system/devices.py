"""Devices, and the precision that is fast on them."""

from __future__ import annotations

from typing import Literal

import torch

from ctl.errors import CTLError, first_line


def best_device() -> str:
    """Gives ``cuda``, ``mps`` or ``cpu``."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def open_device(name: str | None) -> torch.device:
    """Gives a device of this machine, the best one by default.

    Raises:
        CTLError: there is none of this name.
    """
    try:
        device = torch.device(name or best_device())
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise CTLError(f"device {name}: there is none here ({first_line(error)})") from None
    return device


def has_bf16(device: torch.device) -> bool:
    """Tells whether bf16 is what is computed in there by default."""
    return device.type == "cuda" and best_precision("cuda") == "bf16-mixed"


def best_precision(accelerator: str) -> Literal["bf16-mixed", "32-true"]:
    """Gives ``bf16-mixed`` on a GPU that has it, else ``32-true``: the same on every CPU, and so are the results."""
    on_gpu = accelerator != "cpu" and torch.cuda.is_available()
    return "bf16-mixed" if on_gpu and torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
