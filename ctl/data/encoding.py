"""Words to subwords: each distinct word is tokenised once, and every word has at least one subword."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ctl.arrays import Floats, Ints
from ctl.data.corpus import Corpus
from ctl.system.console import notice

NO_TAG = -100
PROBE = ("In", "winter", "Anna", "visits", "the", "old", "town", "of", "Berlin", ",", "and", "writes", "1984", ".")
SENTENCES_AT_ONCE = 1 << 14  # whose subwords are counted together


@dataclass(frozen=True)
class Example:
    """One sentence, ready to be batched.

    Attributes:
        ids: subword ids of all words, without special tokens (T).
        counts: subwords of each word, at least one (W).
        first_word: address of its first word in the corpus.
        tags: BIO2 tag ids (W), ``NO_TAG`` in raw text.
        index: its place in the dataset.
        language: its place in the data module's list of source languages; -1 for the target.
        soft: teacher probabilities (W, C), or ``None``.
        weight: how much each word's soft label counts (W), or ``None`` where all count alike.
        unanimous: whether all teachers agree on a word (W), where that was marked.
    """

    ids: npt.NDArray[np.int32]
    counts: Ints
    first_word: int
    tags: Ints
    index: int = 0
    language: int = -1
    soft: Floats | None = None
    weight: Floats | None = None
    unanimous: npt.NDArray[np.bool_] | None = None


class WordEncoder:
    """Turns words into subword ids with a fast tokenizer.

    A sentence's subwords are its words' subwords one after another, each as in running text. A word that the
    tokenizer swallows (a zero-width character, say) is given the unknown token; a word longer than a whole window
    keeps the subwords that fit.

    Args:
        tokenizer: a fast tokenizer of `transformers`.
        max_length: subwords in one window, special tokens included.
    """

    def __init__(self, tokenizer: Any, max_length: int) -> None:  # noqa: ANN401  (transformers' classes are untyped)
        self.tokenizer = tokenizer
        self.prefix, self.suffix = special_tokens(tokenizer)
        self.capacity = max_length - len(self.prefix) - len(self.suffix)
        self.pad_id = int(tokenizer.pad_token_id or 0)
        self._spaced = needs_space(tokenizer)
        self._encoded: dict[str, EncodedCorpus] = {}
        if self.capacity < 1:
            raise ValueError(f"max_length {max_length} leaves no room for words beside the special tokens")

    def subwords(self, words: Sequence[str]) -> list[list[int]]:
        """Subword ids of each word, at least one and at most a window's worth."""
        if not words:
            return []
        pieces = word_pieces(self.tokenizer, words, self._spaced)
        return [ids[: self.capacity] or [self._unknown_id] for ids in pieces]

    @cached_property
    def _unknown_id(self) -> int:
        candidates = (self.tokenizer.unk_token_id, self.tokenizer.mask_token_id, self.tokenizer.eos_token_id, 0)
        return next(int(candidate) for candidate in candidates if candidate is not None)

    def encode(self, corpus: Corpus, keep: bool = True) -> EncodedCorpus:
        """Encodes a corpus; the tokenizer sees each distinct word once, and a corpus read before not at all.

        Args:
            corpus: the text.
            keep: remember it; text that comes and goes is better forgotten.
        """
        if not keep:
            return self._encode(corpus)
        if corpus.fingerprint not in self._encoded:
            self._encoded[corpus.fingerprint] = self._encode(corpus)
        return replace(self._encoded[corpus.fingerprint], corpus=corpus)

    def _encode(self, corpus: Corpus) -> EncodedCorpus:
        words = corpus.numbered
        pieces, counts = [], [np.zeros(1, dtype=np.int64)]
        for batch in words.vocabulary():
            subwords = self.subwords(batch)
            pieces.append(np.fromiter(itertools.chain.from_iterable(subwords), dtype=np.int32))
            counts.append(np.fromiter(map(len, subwords), dtype=np.int64, count=len(subwords)))
        offsets = np.cumsum(np.concatenate(counts))
        return EncodedCorpus(corpus, words.ids, np.concatenate([*pieces, np.empty(0, dtype=np.int32)]), offsets)


def word_pieces(tokenizer: Any, words: Sequence[str], spaced: bool) -> list[list[int]]:  # noqa: ANN401
    """Subword ids of each word on its own, without special tokens; ``spaced`` gives its text with the space before."""
    if spaced:
        return list(tokenizer([f" {word}" for word in words], add_special_tokens=False)["input_ids"])
    return list(tokenizer([[word] for word in words], is_split_into_words=True, add_special_tokens=False)["input_ids"])


def needs_space(tokenizer: Any) -> bool:  # noqa: ANN401
    """Tells whether words must be given with the space before them to be cut as in running text.

    Tokenizers of the kinds of Llama 3, Qwen and Gemma need the space: they learn a word with it. A notice says where
    neither way gives the subwords of running text.
    """
    running = tokenizer(" ".join(PROBE), add_special_tokens=False)["input_ids"]
    for spaced in (False, True):
        ids = list(itertools.chain.from_iterable(word_pieces(tokenizer, PROBE[1:], spaced)))
        if ids and running[-len(ids) :] == ids:  # the first word of a text may have no space before it
            return spaced
    notice("the tokenizer cuts words otherwise than in running text: a model may know them less well")
    return False


def special_tokens(tokenizer: Any) -> tuple[list[int], list[int]]:  # noqa: ANN401
    """The ids that the tokenizer puts before and after a sentence."""
    bare = tokenizer([["a"]], is_split_into_words=True, add_special_tokens=False)["input_ids"][0]
    full = tokenizer([["a"]], is_split_into_words=True)["input_ids"][0]
    start = next(i for i in range(len(full)) if full[i : i + len(bare)] == bare)
    return full[:start], full[start + len(bare) :]


@dataclass(frozen=True)
class EncodedCorpus:
    """A corpus with the subwords of its words, kept as a dictionary of distinct words.

    Attributes:
        corpus: the text and its tags.
        types: which distinct word each word is (W).
        pieces: subword ids of all distinct words, end to end.
        piece_offsets: where each distinct word's subwords begin in ``pieces`` (V + 1).
    """

    corpus: Corpus
    types: npt.NDArray[np.int32]
    pieces: npt.NDArray[np.int32]
    piece_offsets: Ints

    @cached_property
    def lengths(self) -> npt.NDArray[np.int32]:
        """Subwords per sentence (S)."""
        sizes, offsets = np.diff(self.piece_offsets), self.corpus.offsets
        lengths = np.empty(len(self.corpus), dtype=np.int32)
        for first in range(0, len(lengths), SENTENCES_AT_ONCE):
            bounds = np.asarray(offsets[first : first + SENTENCES_AT_ONCE + 1])
            before = np.concatenate([[0], np.cumsum(sizes[self.types[bounds[0] : bounds[-1]]])])
            lengths[first : first + SENTENCES_AT_ONCE] = np.diff(before[bounds - bounds[0]])
        return lengths

    def example(self, sentence: int, **more: Any) -> Example:  # noqa: ANN401
        """One sentence as an `Example`, with what else is known of it."""
        begin, end = int(self.corpus.offsets[sentence]), int(self.corpus.offsets[sentence + 1])
        starts = self.piece_offsets[self.types[begin:end]]
        counts = self.piece_offsets[self.types[begin:end] + 1] - starts
        before = np.cumsum(counts) - counts  # subwords of the sentence before each word
        ids = self.pieces[np.repeat(starts - before, counts) + np.arange(int(before[-1] + counts[-1]))]
        tags = (
            np.full(end - begin, NO_TAG) if self.corpus.tags is None else self.corpus.tags[begin:end].astype(np.int64)
        )
        return Example(ids, counts, begin, tags, **more)
