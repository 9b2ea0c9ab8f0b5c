"""What a device can do at most, and how long something takes there."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


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


def matmul_rate(
    dtype: torch.dtype, device: str = "cpu", sizes: tuple[int, ...] = (512, 1024, 2048), operations: float = 2**33
) -> float:
    """Operations per second of the best of some products of square matrices."""

    def rate(size: int) -> float:
        one, other = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
        repeats = max(1, int(operations / 2 / size**3))
        timed(lambda: one @ other, device)
        return 2 * size**3 * repeats / timed(lambda: [one @ other for _ in range(repeats)], device)

    return max(map(rate, sizes))
