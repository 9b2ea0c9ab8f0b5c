"""Source weights: how much each teacher counts for the target language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ctl.errors import CTLError

Floats = npt.NDArray[np.float32]


def similarity_weights(logits: Floats) -> Floats:
    r"""Weights from language-identification logits of raw target sentences (N, K) -> (K).

    Wu et al., ACL 2020, section 3.2: each sentence gives :math:`softmax(\tau\,l)` with
    :math:`\tau = 1/Var(l)` over all N * K logits; the language's weights are the mean over its sentences.
    """
    scaled = logits / max(float(logits.var()), 1e-12)
    odds = np.exp(scaled - scaled.max(-1, keepdims=True))
    return np.asarray((odds / odds.sum(-1, keepdims=True)).mean(0), dtype=np.float32)


def write_weights(path: Path, weights: dict[str, float]) -> None:
    """Writes source weights as JSON, ``{"en": 0.4, ...}``."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(weights, indent=2), encoding="utf-8")
    temporary.replace(path)


def read_weights(path: str | Path, sources: Sequence[str]) -> Floats:
    """Reads the weights of these sources in their order (K), scaled to sum to one.

    Raises:
        CTLError: no such file, or a source has no weight.
    """
    try:
        weights = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CTLError(f"weights {path}: not readable ({error})") from None
    if missing := [source for source in sources if source not in weights]:
        raise CTLError(f"weights {path}: none for {', '.join(missing)}; it has {', '.join(weights)}")
    values = np.array([weights[source] for source in sources], dtype=np.float32)
    if (values < 0).any() or not values.sum() > 0:
        raise CTLError(f"weights {path}: they must not be negative nor all zero")
    return np.asarray(values / values.sum())
