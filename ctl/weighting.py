"""Source weights: how much each teacher counts for the target language.

Similarity weights (`learned`, `cosine`, `l1`, `l2`) come from raw text through `similarity_weights`; `agreement` comes
from the teachers' own answers; `uniform` and `fixed` need neither.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from torch import Tensor

from ctl.arrays import Floats
from ctl.data.corpus import Corpus
from ctl.errors import CTLError
from ctl.system.files import whole, write_json

Scale = Literal["variance", "std"]
NO_ANSWER = -1  # in place of the tag of a word on which a model says nothing


def unlearned_similarities(features: Tensor, means: Tensor) -> dict[str, Tensor]:
    """Similarity of sentences to languages without training (Wu et al., ACL 2020, section 4.4).

    Args:
        features: of sentences (S, D).
        means: the mean feature of each source language's sentences (K, D).

    Returns:
        For ``cosine``, and for ``l1`` and ``l2`` as negative distances, the similarities (S, K).
    """
    return {
        "cosine": torch.nn.functional.cosine_similarity(features[:, None], means[None], dim=-1),
        "l1": -torch.cdist(features, means, p=1),
        "l2": -torch.cdist(features, means, p=2),
    }


def similarity_weights(logits: Floats, scale: Scale = "variance") -> Floats:
    r"""Each sentence's weights of the sources, :math:`softmax(\tau\,l)`, from similarities l (N, K) -> (N, K).

    Wu et al., ACL 2020, section 3.2: :math:`\tau = 1/Var(l)`, or ``std``, :math:`1/\sqrt{Var(l)}`, over all N * K
    similarities. A language's weights are the mean over its sentences. With the variance, similarities that are
    c times as large give weights that are flatter, as of :math:`l/c`; with the standard deviation they do not matter.
    """
    spread = float(logits.var(dtype=np.float64)) ** (1.0 if scale == "variance" else 0.5)
    scaled = logits.astype(np.float64) / max(spread, 1e-12)
    odds = np.exp(scaled - scaled.max(-1, keepdims=True))
    return np.asarray(odds / odds.sum(-1, keepdims=True), dtype=np.float32)


def agreement_weights(tags: Iterable[npt.NDArray[np.int64]]) -> Floats:
    """Weights teachers by how well they agree with the others on raw target text (K).

    A teacher's weight is in proportion to its mean `agreement` with the others; two teachers always weigh the same.

    Args:
        tags: the teachers' most probable tag ids (K, n), part by part of the text; see `agreement`.
    """
    agreed = agreement(tags)
    others = (agreed.sum(-1) - np.diag(agreed)).astype(np.float32)
    return others / others.sum() if others.sum() > 0 else np.full(len(others), 1 / len(others), dtype=np.float32)


def agreement(tags: Iterable[npt.NDArray[np.int64]]) -> npt.NDArray[np.float64]:
    """Compares models on text without gold tags, every two of them (K, K).

    The agreement of two models is the share of equal answers among the words that either of them takes for a part of
    an entity (O being nearly everything, all words would make all models alike); 0 where there is no such word. A word
    on which one of them gives no answer does not count.

    Args:
        tags: the models' most probable tag ids (K, n), part by part of the text; `NO_ANSWER` where there is none.

    Raises:
        CTLError: there is no text.
    """
    same: npt.NDArray[np.float64] | None = None
    for part in tags:
        both = (part[:, None] != NO_ANSWER) & (part[None] != NO_ANSWER)  # (K, K, n)
        either = both & ((part[:, None] != 0) | (part[None] != 0))
        counts = np.stack([(either & (part[:, None] == part[None])).sum(-1), either.sum(-1)]).astype(np.float64)
        same = counts if same is None else same + counts
    if same is None:
        raise CTLError("agreement weights need text that the teachers have labelled")
    return np.asarray(same[0] / np.maximum(same[1], 1))  # (K, K)


def with_mean_weights(weights: Floats, pooled: Sequence[bool]) -> Floats:
    """Gives every pooled teacher the mean weight of the others, and scales all weights to sum to one (..., K + P).

    One pooled teacher beside K others has 1 / (K + 1), whatever the weights of the others are. Those that weigh
    nothing do not count.

    Args:
        weights: of the others, which sum to one (..., K).
        pooled: whether each teacher is pooled, in the order of the teachers (K + P).
    """
    places, weighing = np.array(pooled), (weights > 0).sum(-1, keepdims=True)
    every = np.empty((*weights.shape[:-1], len(places)), dtype=np.float32)
    every[..., ~places] = weights
    every[..., places] = weights.sum(-1, keepdims=True) / weighing
    return np.asarray(every / every.sum(-1, keepdims=True))


def entropy(weights: Floats) -> float:
    """Entropy of weights (K) in nats: log K when they are uniform, 0 when one source has all."""
    positive = weights[weights > 0]
    return float(-(positive * np.log(positive)).sum())


def write_language_weights(path: Path, weights: Mapping[str, Mapping[str, float]]) -> None:
    """Writes corpus weights by weighting and source, ``{"learned": {"en": 0.4, ...}, ...}``."""
    write_json(path, weights)


def given_weights(given: str | Mapping[str, float] | None, weighting: str, sources: Sequence[str]) -> Floats:
    """The weights of these sources in their order (K), as a module is given them: numbers by source, or their file.

    Raises:
        CTLError: there are none, or they can't be used.
    """
    if isinstance(given, Mapping):
        return order_weights(given, sources)
    if given is None:
        raise CTLError(f"weighting {weighting!r} needs model.weights: a file, or a number for each source")
    return read_language_weights(given, weighting, sources)


def read_language_weights(path: str | Path, weighting: str, sources: Sequence[str]) -> Floats:
    """Reads the corpus weights of these sources in their order (K), scaled to sum to one.

    Raises:
        CTLError: no such file, or no such weighting, or a source has no weight.
    """
    try:
        weights = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CTLError(f"weights {path}: not readable ({error})") from None
    if weighting not in weights:
        raise CTLError(f"weights {path}: none are {weighting}; there are {', '.join(weights)}")
    return order_weights(weights[weighting], sources, f"weights {path}")


def order_weights(weights: Mapping[str, float], sources: Sequence[str], name: str = "weights") -> Floats:
    """The weights of these sources in their order (K), scaled to sum to one.

    Raises:
        CTLError: a source has none, or they can't be weights.
    """
    if missing := [source for source in sources if source not in weights]:
        raise CTLError(f"{name}: none for {', '.join(missing)}; there are weights for {', '.join(weights)}")
    values = np.array([weights[source] for source in sources], dtype=np.float32)
    if not np.isfinite(values).all() or (values < 0).any() or not values.sum() > 0:
        raise CTLError(f"{name}: they must be numbers, none negative and not all zero")
    return np.asarray(values / values.sum())


def write_sentence_weights(path: Path, weights: Mapping[str, Floats], sources: Sequence[str], corpus: Corpus) -> None:
    """Writes weights of every sentence (S, K) by weighting, and which text and sources they are for."""
    metadata = {"sources": json.dumps(list(sources)), "fingerprint": corpus.fingerprint}
    with whole(path) as partial:
        save_file({name: np.ascontiguousarray(values) for name, values in weights.items()}, partial, metadata)


def read_sentence_weights(path: str | Path, weighting: str, sources: Sequence[str], corpus: Corpus) -> Floats:
    """Reads the weights of every sentence of a corpus (S, K), the sources in this order.

    Raises:
        CTLError: no such file or weighting, or it is for other text or other sources.
    """
    try:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata()
            found = file.get_tensor(weighting) if weighting in file.keys() else None  # noqa: SIM118  (not a dict)
    except (OSError, SafetensorError) as error:
        raise CTLError(f"weights {path}: not readable ({error})") from None
    known = json.loads(metadata["sources"])
    if found is None or metadata["fingerprint"] != corpus.fingerprint or not set(sources) <= set(known):
        raise CTLError(f"weights {path}: they are not {weighting} weights of {', '.join(sources)} for {corpus.name}")
    values = found[:, [known.index(source) for source in sources]]
    return np.asarray(values / values.sum(-1, keepdims=True), dtype=np.float32)
