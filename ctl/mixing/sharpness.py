"""Weights of sources that are made sharper, and the heaviest sources alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ctl.arrays import Floats
from ctl.errors import CTLError, first_line

SHARPNESS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # those that are tried on the sources


def sharpen(weights: Floats, sharpness: float) -> Floats:
    r"""Weights (..., K) at a temperature: :math:`\alpha_k^s / \sum_j \alpha_j^s`, logits times the sharpness s.

    With 1 they stay as they are, with 0 all are equal, with more the heaviest source has more.
    """
    powers = (weights.astype(np.float64) / weights.max(-1, keepdims=True)) ** sharpness
    return np.asarray(powers / powers.sum(-1, keepdims=True), dtype=np.float32)


def keep_heaviest(weights: Floats, count: int) -> Floats:
    """Weights (..., K) of the heaviest sources alone, scaled to sum to one; of equal ones the first are kept."""
    heaviest = np.argsort(-weights, axis=-1, kind="stable")[..., :count]
    kept = np.zeros_like(weights)
    np.put_along_axis(kept, heaviest, np.take_along_axis(weights, heaviest, -1), -1)
    return np.asarray(kept / kept.sum(-1, keepdims=True), dtype=np.float32)


def read_sharpness(path: str | Path, weighting: str) -> float:
    """Reads the sharpness that fits the sources best, from what ``ctl predict`` of `LeaveOneOut` writes.

    Raises:
        CTLError: no such file or weighting.
    """
    try:
        return float(json.loads(Path(path).read_text(encoding="utf-8"))["weightings"][weighting]["sharpness"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CTLError(f"sharpness {path}: none for {weighting} ({first_line(error)})") from None
