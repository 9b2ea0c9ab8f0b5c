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
    return device.type != "mps" and best_precision(device.type) == "bf16-mixed"


def best_precision(accelerator: str) -> str:
    """``bf16-mixed`` where the hardware has it, else ``32-true``."""
    if accelerator != "cpu" and torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    has = torch.cpu.get_capabilities()
    return "bf16-mixed" if has.get("avx512_bf16") or has.get("amx_bf16") else "32-true"
