"""A tokenizer of artificial languages, and an encoder and a decoder with random weights."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence


def frequent_pieces(text: Sequence[str], size: int) -> list[str]:
    """A WordPiece vocabulary: every character, then the pieces that cover most letters of the text."""
    words = Counter(word for line in text for word in line.split())
    covered: Counter[str] = Counter()
    for word, count in words.items():
        for start, end in itertools.combinations(range(len(word) + 1), 2):
            covered["##" * (start > 0) + word[start:end]] += count * (end - start - 1)
    singles = sorted(piece for piece, letters in covered.items() if letters == 0)
    return [*singles, *sorted(covered.keys() - set(singles), key=lambda piece: (-covered[piece], piece))][:size]
