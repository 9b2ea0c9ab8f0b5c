"""Distributions over tags from answers that were written freely, by their log-probabilities or by votes."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from ctl.arrays import Doubles
from ctl.llm.alignment import align
from ctl.llm.remote.answers import NoAnswer
from ctl.llm.styles import PromptStyle, WordTags

THOUGHT = 20_000  # characters that a model may think aloud before it answers


def vote(answers: Sequence[Doubles | None], smoothing: float) -> Doubles | None:
    """Averages distributions of words (W, C), one from each answer; a share is spread evenly over all tags.

    Args:
        answers: what `read` gave; ``None`` where there is no answer.
        smoothing: the share that is spread evenly.

    Returns:
        ``None`` where there is no answer at all.
    """
    given = [answer for answer in answers if answer is not None]
    if not given:
        return None
    probs = np.mean(given, axis=0)
    return np.asarray((1 - smoothing) * probs + smoothing / probs.shape[-1])


def read(style: PromptStyle, words: Sequence[str], choice: Mapping[str, Any]) -> Doubles:
    """Reads distributions of the words (W, C) from one answer: zeros and ones where it has no log-probabilities.

    Args:
        style: of the answer.
        words: of the sentence.
        choice: of the answer, as `ctl.llm.remote.answers.checked` gives it.

    Raises:
        NoAnswer: the text is not about these words.
    """
    text = choice["message"]["content"]
    if len(text) > THOUGHT + 50 * sum(len(word) + 1 for word in words):
        raise NoAnswer("too long")
    tags = style.parse(text, words)
    if tags is None:
        raise NoAnswer("not in the form, or not with the types, that were asked for")
    probs = np.eye(len(style.schema))[tags]
    tokens = (choice.get("logprobs") or {}).get("content") or []
    if not isinstance(style, WordTags) or not tokens:
        return probs
    marks = style.marks(text)
    written = [f"({tag})" for tag in style.schema.tags]
    ends = list(accumulate(len(token["token"]) for token in tokens))
    for word, index in enumerate(align([mark.word for mark in marks], words)):
        if index is not None:
            first = bisect_right(ends, marks[index].begin)
            weighed = weigh(tokens[first:], marks[index].begin - (ends[first - 1] if first else 0), written)
            probs[word] = weighed if weighed.any() else probs[word]
    return probs


def weigh(tokens: Sequence[Mapping[str, Any]], begin: int, written: Sequence[str]) -> Doubles:
    """Computes the probabilities of alternatives (C) at one position of an answer, from the likeliest tokens there.

    A listed token that begins several alternatives divides its probability evenly among them, because nothing is known
    of what would have followed. The token that was written is different: the next token divides its probability. Tokens
    that begin no alternative, and tokens that are not listed, are left out.

    Args:
        tokens: of the answer, from one on that the alternative does not begin before, with ``token``, ``logprob`` and
            ``top_logprobs``.
        begin: where the alternative begins in their text, in characters.
        written: the texts of the alternatives (C), one of which stands there; none begins with another.

    Returns:
        Zeros where the tokens tell nothing.
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
        if not total:
            break
        for text, tags in fits.items():
            if tags and (text != token["token"] or len(tags) == 1):
                probs[tags] += path * same[text] / total / len(tags)
        if len(fits[token["token"]]) == 1:
            break
        path, done = path * same[token["token"]] / total, done + token["token"][lead:]
    return np.asarray(probs / max(probs.sum(), 1e-300))


def _fitting(text: str, written: Sequence[str]) -> list[int]:
    """Indices of the alternatives that begin with a text, or that the text begins with."""
    text = text.casefold()
    folded = [alternative.casefold() for alternative in written]
    return [index for index, other in enumerate(folded) if other.startswith(text) or text.startswith(other)]
