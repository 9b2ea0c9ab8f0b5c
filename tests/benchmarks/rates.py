"""What a device can do at most, and how long something takes there."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

MEASURED = 0.2  # seconds in which a product is repeated


def wait(device: str) -> None:
    """Waits until a device has done what it was told."""
    if device == "cuda":
        torch.cuda.synchronize()


def timed(work: Callable[[], object], device: str = "cpu", clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that something takes."""
    wait(device)
    began = clock()
    work()
    wait(device)
    return clock() - began


def matmul_rate(dtype: torch.dtype, device: str = "cpu", largest: int = 2048) -> float:
    """Operations per second of the best of some products of square matrices; large ones only where small ones are fast.

    A processor without instructions for bfloat16 takes half a minute for a product that others do in a twentieth of a
    second.
    """
    best, size = 0.0, 128
    while size <= largest:
        one, other = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
        once = min(timed(lambda one=one, other=other: one @ other, device) for _ in range(2))  # the first starts a GPU
        repeats = max(1, min(32, int(MEASURED / max(once, 1e-6))))
        seconds = timed(lambda one=one, other=other, times=repeats: [one @ other for _ in range(times)], device)
        best, size = max(best, 2 * size**3 * repeats / seconds), 2 * size
        if once > MEASURED:
            break
    return best
