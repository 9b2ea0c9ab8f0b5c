"""Distributions over tags from answers that were written freely: from their log-probabilities, or from their votes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ctl.arrays import Doubles
from ctl.llm.alignment import align
from ctl.llm.styles import PromptStyle, Tagged


def vote(style: PromptStyle, choices: Sequence[Mapping[str, Any]], words: Sequence[str], smoothing: float) -> Doubles:
    """Distributions of the words (W, C): the mean over answers, a share of it spread evenly over all tags.

    Args:
        style: in which they are written.
        choices: of an OpenAI-compatible server: ``message`` and ``logprobs``, which may be absent.
        words: of the sentence.
        smoothing: this share.
    """
    probs = np.mean([read(style, choice, words) for choice in choices], axis=0)
    return np.asarray((1 - smoothing) * probs + smoothing / probs.shape[-1])


def read(style: PromptStyle, choice: Mapping[str, Any], words: Sequence[str]) -> Doubles:
    """Distributions of the words (W, C) from one answer; they are zero and one where it has no log-probabilities."""
    text = str(choice["message"]["content"] or "")
    probs = np.eye(len(style.schema))[style.parse(text, words)]
    tokens = (choice.get("logprobs") or {}).get("content") or []
    if not isinstance(style, Tagged) or "".join(token["token"] for token in tokens) != text:
        return probs
    marks = style.marks(text)
    written = [f"({tag})" for tag in style.schema.tags]
    for word, place in enumerate(align([mark["word"] for mark in marks], words)):
        if place is not None:
            probs[word] = weigh(tokens, marks[place].start("tag"), written)
    return probs


def weigh(tokens: Sequence[Mapping[str, Any]], begin: int, written: Sequence[str]) -> Doubles:
    """Probabilities of the alternatives (C) at a place of an answer, from the likeliest tokens along what was written.

    A listed token that begins several alternatives divides its probability evenly among them, as nothing is known of
    what would have followed; except for the token that was written, whose probability the next token divides. Tokens
    that begin none, and those that are not listed, are left out.

    Args:
        tokens: of the whole answer, with ``token``, ``logprob`` and ``top_logprobs``.
        begin: of the place in the answer, in characters.
        written: the alternatives (C), one of which stands there; none begins with another.
    """
    probs, path, done, end = np.zeros(len(written)), 1.0, "", 0
    for token in tokens:
        end += len(token["token"])
        if end <= begin:
            continue
        lead = len(token["token"]) - (end - begin) if not done else 0  # what belongs to the word before
        listed = {other["token"]: math.exp(other["logprob"]) for other in token.get("top_logprobs") or []}
        listed[token["token"]] = math.exp(token["logprob"])
        same = {text: chance for text, chance in listed.items() if text[:lead] == token["token"][:lead]}
        fits = {text: _fitting(done + text[lead:], written) for text in same}
        total = sum(chance for text, chance in same.items() if fits[text])
        for text, places in fits.items():
            if places and (text != token["token"] or len(places) == 1):
                probs[places] += path * same[text] / total / len(places)
        if len(fits[token["token"]]) == 1:
            break
        path, done = path * same[token["token"]] / total, done + token["token"][lead:]
    return np.asarray(probs / probs.sum())


def _fitting(text: str, written: Sequence[str]) -> list[int]:
    """Which alternatives begin with a text, or are begun by it."""
    text = text.casefold()
    return [
        place for place, one in enumerate(map(str.casefold, written)) if one.startswith(text) or text.startswith(one)
    ]
