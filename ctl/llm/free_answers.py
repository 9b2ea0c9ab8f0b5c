"""Distributions over tags from answers that were written freely, by their log-probabilities or by votes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ctl.arrays import Doubles
from ctl.llm.alignment import align
from ctl.llm.styles import PromptStyle, WordTags


def vote(style: PromptStyle, choices: Sequence[Mapping[str, Any]], words: Sequence[str], smoothing: float) -> Doubles:
    """Averages answers into distributions of the words (W, C); a share is spread evenly over all tags.

    Args:
        style: of the answers.
        choices: of an OpenAI-compatible server: ``message`` and ``logprobs``, which may be absent.
        words: of the sentence.
        smoothing: the share that is spread evenly.
    """
    probs = np.mean([read(style, choice, words) for choice in choices], axis=0)
    return np.asarray((1 - smoothing) * probs + smoothing / probs.shape[-1])


def read(style: PromptStyle, choice: Mapping[str, Any], words: Sequence[str]) -> Doubles:
    """Reads distributions of the words (W, C) from one answer: zeros and ones where it has no log-probabilities."""
    text = str(choice["message"]["content"] or "")
    probs = np.eye(len(style.schema))[style.parse(text, words)]
    tokens = (choice.get("logprobs") or {}).get("content") or []
    if not isinstance(style, WordTags) or "".join(token["token"] for token in tokens) != text:
        return probs
    marks = style.marks(text)
    written = [f"({tag})" for tag in style.schema.tags]
    for word, index in enumerate(align([mark["word"] for mark in marks], words)):
        if index is not None:
            probs[word] = weigh(tokens, marks[index].start("tag"), written)
    return probs


def weigh(tokens: Sequence[Mapping[str, Any]], begin: int, written: Sequence[str]) -> Doubles:
    """Computes the probabilities of alternatives (C) at one position of an answer, from the likeliest tokens there.

    A listed token that begins several alternatives divides its probability evenly among them, because nothing is known
    of what would have followed. The token that was written is different: the next token divides its probability. Tokens
    that begin no alternative, and tokens that are not listed, are left out.

    Args:
        tokens: of the whole answer, with ``token``, ``logprob`` and ``top_logprobs``.
        begin: where the alternative begins in the answer, in characters.
        written: the texts of the alternatives (C), one of which stands there; none begins with another.
    """
    probs, path, done, end = np.zeros(len(written)), 1.0, "", 0
    for token in tokens:
        end += len(token["token"])
        if end <= begin:
            continue
        lead = len(token["token"]) - (end - begin) if not done else 0  # characters that belong to the word before
        listed = {other["token"]: math.exp(other["logprob"]) for other in token.get("top_logprobs") or []}
        listed[token["token"]] = math.exp(token["logprob"])
        same = {text: chance for text, chance in listed.items() if text[:lead] == token["token"][:lead]}
        fits = {text: _fitting(done + text[lead:], written) for text in same}
        total = sum(chance for text, chance in same.items() if fits[text])
        for text, tags in fits.items():
            if tags and (text != token["token"] or len(tags) == 1):
                probs[tags] += path * same[text] / total / len(tags)
        if len(fits[token["token"]]) == 1:
            break
        path, done = path * same[token["token"]] / total, done + token["token"][lead:]
    return np.asarray(probs / probs.sum())


def _fitting(text: str, written: Sequence[str]) -> list[int]:
    """Indices of the alternatives that begin with a text, or that the text begins with."""
    text = text.casefold()
    folded = [alternative.casefold() for alternative in written]
    return [index for index, other in enumerate(folded) if other.startswith(text) or text.startswith(other)]
