"""Alignment of what a language model wrote freely with the words that it was given."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher


def align(written: Sequence[str], words: Sequence[str]) -> list[int | None]:
    """Gives each word the index of its match in an answer, ``None`` where the answer leaves the word out.

    The longest run of equal words is matched first, then what stands before and after it. Between two matches, other
    words count as misspelt ones if there are as many of them as there should be.

    Args:
        written: the words of the answer.
        words: of the sentence (W).
    """
    indices: list[int | None] = [None] * len(words)
    for kind, begin, end, first, last in SequenceMatcher(None, words, written, autojunk=False).get_opcodes():
        if kind == "equal" or (kind == "replace" and end - begin == last - first):
            indices[begin:end] = range(first, last)
    return indices


def align_answer(written: Sequence[str], words: Sequence[str]) -> list[int | None] | None:
    """Aligns an answer that goes through a sentence; gives ``None`` where it is about something else.

    At least one word in three must stand in the answer as it is, and the answer must not be much longer.
    """
    if len(written) > most_words(words):
        return None
    indices = align(written, words)
    same = sum(
        index is not None and written[index].casefold() == word.casefold()
        for index, word in zip(indices, words, strict=True)
    )
    return indices if 3 * same >= len(words) else None


def most_words(words: Sequence[str]) -> int:
    """The most words, or mentions, of an answer to a sentence: what is longer is not about it, and slow to align."""
    return 2 * len(words) + 50


def occurrence(mention: str, words: Sequence[str], begin: int = 0) -> tuple[int, int] | None:
    """Finds the words that a mention consists of, from ``begin`` on; spaces and case do not count.

    Returns:
        The index of the first word and the index after the last; ``None`` if the mention is not there.
    """
    wanted = "".join(mention.split()).casefold()
    for first in range(begin, len(words) if wanted else begin):
        joined, last = "", first
        while last < len(words) and len(joined) < len(wanted):
            joined, last = joined + words[last].casefold(), last + 1
        if joined == wanted and words[first]:
            return first, last
    return None
