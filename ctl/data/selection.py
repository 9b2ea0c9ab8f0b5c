"""Selection of the soft labels that a student learns from: one weight for each word, never by gold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from scipy.special import expit

from ctl.arrays import Floats, Ints
from ctl.data.corpus import Corpus
from ctl.data.soft_labels import CHUNK, SoftLabelStore
from ctl.errors import CTLError
from ctl.system.files import whole

Filter = Literal["confidence", "entropy"]


def confidence(probs: Floats, by: Filter) -> Floats:
    """Measures how sure each distribution (n, C) is, 0..1 (n): its largest probability, or 1 - entropy / log C."""
    if by == "confidence":
        return np.asarray(probs.max(-1))
    return np.asarray(1 + (probs * np.log(probs.clip(min=1e-9))).sum(-1) / np.log(probs.shape[-1]), dtype=np.float32)


def confident(store: SoftLabelStore, keep: float, by: Filter) -> Floats:
    """Weights one for the words of whose soft label the teachers are surest, and zero for the rest (W).

    Of the words that are predicted to have a tag, a share ``keep`` stays, for each tag on its own, so that entities, of
    which teachers are less sure than of O, are not filtered away. ``keep`` is a share of words and no probability: no
    gold tag is needed to choose it.

    Raises:
        CTLError: ``keep`` is no share.
    """
    if not 0 < keep <= 1:
        raise CTLError(f"keep {keep}: it is a share of the words, above 0 and at most 1")
    sure = np.empty(len(store), dtype=np.float32)
    tags = np.empty(len(store), dtype=np.uint8)
    for begin in range(0, len(store), CHUNK):
        part = store.rows(slice(begin, begin + CHUNK))
        sure[begin : begin + CHUNK], tags[begin : begin + CHUNK] = confidence(part, by), part.argmax(-1)
    labelled = np.ones(len(store), dtype=bool) if store.labelled is None else store.labelled
    sure[~labelled] = 0
    for tag in np.unique(tags[labelled]):
        words = labelled & (tags == tag)
        threshold = np.quantile(sure[words], 1 - keep, overwrite_input=True)
        sure[words] = sure[words] >= threshold
    return sure


def language_independent(scores: Floats, offsets: Ints, keep: float) -> Floats:
    """Weights one for the words of the sentences that look least like any one language, and zero for the rest (W).

    AdvPicker (Chen et al., ACL 2021): of all sentences, those are kept whose score, the mean over words of the
    discriminator's probability that they are of a source language, is nearest 1/2.

    Args:
        scores: that probability for every word (W).
        offsets: first word of every sentence, and W (S + 1).
        keep: the share of sentences to keep.
    """
    lengths = np.diff(offsets)
    sums = np.concatenate([[0.0], np.cumsum(scores, dtype=np.float64)])
    distance = np.abs(np.diff(sums[offsets]) / np.maximum(lengths, 1) - 0.5)
    kept = np.zeros(len(lengths), dtype=np.float32)
    kept[np.argsort(distance, kind="stable")[: round(keep * len(lengths))]] = 1
    return np.repeat(kept, lengths)


def neighbour_weights(agreement: Floats, tags: Ints) -> Floats:
    r"""Weights of words by how many of their neighbours are labelled alike (W).

    CoLaDa (Ma et al., ACL 2023), section 3.3, as its authors' code has it: with r the share of a word's neighbours of
    its own kind, divided by the largest of the words with its tag, :math:`w = \sigma(6 (r - \bar r))` with
    :math:`\bar r` the mean over the words with that tag, divided by the largest w of the tag. B and I of a type are one
    kind where neighbours are counted, and two tags here.

    Args:
        agreement: the share of each word's neighbours that are of its kind, O or an entity type (W).
        tags: each word's most probable tag (W).
    """
    weights = np.ones(len(tags), dtype=np.float32)
    for tag in np.unique(tags):
        share = agreement[tags == tag] / max(float(agreement[tags == tag].max()), 1e-9)
        weight = expit(6 * (share - share.mean()))
        weights[tags == tag] = weight / weight.max()
    return weights


def write_word_weights(path: Path, weights: Floats, corpus: Corpus, seconds: float) -> None:
    """Writes weights of the words of a corpus (W), and how long what found them was trained."""
    metadata = {"corpus": json.dumps([corpus.name, corpus.fingerprint]), "train_seconds": str(round(seconds, 1))}
    with whole(path) as partial:
        save_file({"weights": weights.astype(np.float16)}, partial, metadata)


def read_word_weights(path: str | Path, corpus: Corpus) -> tuple[Floats, float]:
    """Reads the weights of the words of a corpus (W), and how long what found them was trained, in seconds.

    Raises:
        CTLError: no such file, or it is for other text.
    """
    try:
        with safe_open(path, "numpy") as file:
            metadata, weights = file.metadata(), file.get_tensor("weights")
    except (OSError, SafetensorError) as error:
        raise CTLError(f"word weights {path}: not readable ({error})") from None
    name, fingerprint = json.loads(metadata["corpus"])
    if fingerprint != corpus.fingerprint:
        raise CTLError(f"word weights {path}: they are for other text ({name}) than {corpus.name} here")
    return np.asarray(weights, dtype=np.float32), float(metadata["train_seconds"])
