"""Words as they stand in running text: with a space before them, or without where their script has none."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import chain, pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import regex

from ctl.arrays import Ints
from ctl.data.sentences import UNSPACED

Way = Literal["alone", "spaced", "joined"]
Kind = Literal["unspaced", "letter", "other"]
PROBES = (
    ("In", "winter", "Anna", "visits", "the", "old", "town", "of", "Berlin", ",", "and", "writes", "1984", "."),
    ("Øre", "„", "3,5", "%", "“", "(", "à", "Łódź", ")", "fließt", "и", "в", "Москву", "…"),
)
UNSPACED_LETTER, LETTER = regex.compile(rf"[{UNSPACED}]"), regex.compile(r"[\p{L}\p{M}\p{N}]")


class Cut(NamedTuple):
    """A sentence of W words that was cut into subwords as a whole.

    Attributes:
        ids: its subwords (T).
        starts: each word's first subword (W).
        counts: subwords of each word, at least one (W).
    """

    ids: npt.NDArray[np.int32]
    starts: Ints
    counts: Ints


class RunningText:
    """Cuts words into subwords as a tokenizer cuts the text that they stand in.

    Most tokenizers cut a word without a look at the words beside it. So each distinct word is cut once: ``alone``, or
    ``spaced``, with the space before it, where a tokenizer knows words with their space (Llama 3, Qwen, Gemma). The
    first word of a sentence, which has no space before it, is cut on its own where the tokenizer cuts it otherwise.

    Other sentences are ``joined``: their text is cut as a whole. These are sentences with words that no space divides
    (`stand_together`), and all sentences where neither way gives the subwords of running text. Each word then has the
    subwords that overlap it or the space before it. A subword that spans several words belongs to each of them: it is
    the first subword, or the last, of every such word, and it counts in the mean over the subwords of each. Words that
    are one subword so have one state, in which an entity can only go on (`ctl.networks.word_classifier.carry_on`).

    Args:
        tokenizer: a fast tokenizer of `transformers`.

    Attributes:
        way: how a word in the middle of a sentence is cut.
        has_other_first: whether the first word of a sentence is cut otherwise.
    """

    def __init__(self, tokenizer: Any) -> None:  # noqa: ANN401  (transformers' classes are untyped)
        self.tokenizer = tokenizer
        self.way, self.has_other_first = find_way(tokenizer)

    def words(self, words: Sequence[str]) -> list[list[int]]:
        """Subword ids of each word in the middle of a sentence."""
        return word_pieces(self.tokenizer, words, self.way == "spaced") if words else []

    def first_words(self, words: Sequence[str]) -> list[list[int]]:
        """Subword ids of each word at the beginning of a sentence."""
        return self._whole(words)["input_ids"] if words else []

    def may_join(self, words: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Tells which words (W) are such that their sentence may have to be cut as a whole."""
        if self.way == "joined":
            return np.ones(len(words), dtype=bool)
        if UNSPACED_LETTER.search("".join(words)) is None:
            return np.zeros(len(words), dtype=bool)
        return np.array([UNSPACED_LETTER.search(word) is not None for word in words], dtype=bool)

    def sentences(self, sentences: Sequence[Sequence[str]]) -> list[Cut | None]:
        """Cuts sentences as a whole; ``None`` for those that are cut word by word.

        That is a sentence whose words are all divided by spaces, and one in which several words are one unknown token:
        some of them may be known alone.
        """
        texts = [text_of(words) for words in sentences]
        whole = self._whole([text for text, _ in texts], return_offsets_mapping=True)
        parts = zip(sentences, texts, whole["input_ids"], whole["offset_mapping"], strict=True)
        return [
            None
            if self.way != "joined" and text == " ".join(words)
            else self._cut(np.array(ends), np.array(ids, dtype=np.int32), np.array(places).reshape(-1, 2))
            for words, (text, ends), ids, places in parts
        ]

    def _cut(self, ends: Ints, ids: npt.NDArray[np.int32], places: Ints) -> Cut | None:
        cut = share_out(ends, ids, places, self.unknown_id)
        stops = cut.starts + cut.counts
        size = len(cut.ids) + 1
        owners = np.cumsum(np.bincount(cut.starts, minlength=size) - np.bincount(stops, minlength=size))[:-1]
        return None if ((owners > 1) & (cut.ids == self.unknown_id)).any() else cut

    @cached_property
    def unknown_id(self) -> int:
        """The token of a word that has no other."""
        candidates = (self.tokenizer.unk_token_id, self.tokenizer.mask_token_id, self.tokenizer.eos_token_id, 0)
        return next(int(candidate) for candidate in candidates if candidate is not None)

    def _whole(self, texts: Sequence[str], **more: Any) -> Any:  # noqa: ANN401
        return self.tokenizer(list(texts), add_special_tokens=False, **more)


def find_way(tokenizer: Any) -> tuple[Way, bool]:  # noqa: ANN401
    """Finds how words must be given to be cut as in running text, and whether the first one is cut otherwise."""
    whole = tokenizer([" ".join(words) for words in PROBES], add_special_tokens=False)["input_ids"]
    firsts = tokenizer([words[0] for words in PROBES], add_special_tokens=False)["input_ids"]
    for way in ("alone", "spaced"):
        cut = [word_pieces(tokenizer, words, way == "spaced") for words in PROBES]
        if [list(chain(*pieces)) for pieces in cut] == whole:
            return way, False
        if [[*first, *chain(*pieces[1:])] for first, pieces in zip(firsts, cut, strict=True)] == whole:
            return way, True
    return "joined", False


def word_pieces(tokenizer: Any, words: Sequence[str], spaced: bool) -> list[list[int]]:  # noqa: ANN401
    """Subword ids of each word on its own, without special tokens; ``spaced`` gives its text with the space before."""
    if spaced:
        return list(tokenizer([f" {word}" for word in words], add_special_tokens=False)["input_ids"])
    return list(tokenizer([[word] for word in words], is_split_into_words=True, add_special_tokens=False)["input_ids"])


def text_of(words: Sequence[str]) -> tuple[str, list[int]]:
    """Joins the words of a sentence to running text; also gives where each word ends in it (W)."""
    kinds = [edges(word)[0] for word in words if word[:1].isalpha()]
    is_unspaced = 2 * kinds.count("unspaced") > len(kinds)
    parts, ends = [words[0]], [len(words[0])]
    for before, word in pairwise(words):
        part = word if stand_together(before, word, is_unspaced) else f" {word}"
        parts.append(part)
        ends.append(ends[-1] + len(part))
    return "".join(parts), ends


def stand_together(before: str, word: str, is_unspaced: bool) -> bool:
    """Tells whether no space divides two words of a sentence.

    None divides two letters of an unspaced script. In an unspaced sentence, in which these letters begin most of the
    words that begin with a letter, a space divides only words of spaced scripts (New York), and none where each
    word is a single character, as in WikiANN.
    """
    left, right = edges(before)[1], edges(word)[0]
    if not is_unspaced:
        return left == right == "unspaced"
    return not (left == right == "letter" and max(len(before), len(word)) > 1)


@lru_cache(maxsize=1 << 16)
def edges(word: str) -> tuple[Kind, Kind]:
    """The kinds of a word's first and last character."""
    return _kind(word[:1]), _kind(word[-1:])


def _kind(character: str) -> Kind:
    if UNSPACED_LETTER.match(character):
        return "unspaced"
    return "letter" if LETTER.match(character) else "other"


def share_out(ends: Ints, ids: npt.NDArray[np.int32], places: Ints, unknown: int) -> Cut:
    """Gives every word the subwords that overlap it or the space before it; the unknown token, where none does.

    Args:
        ends: where each word ends in the text (W).
        ids: subwords of the text (T).
        places: the first character of each subword, and the one after its last (T, 2).
        unknown: the id of the unknown token.
    """
    begins = np.concatenate([[0], ends[:-1]])
    first = np.searchsorted(np.maximum(places[:, 1], places[:, 0] + 1), begins, side="right")
    stop = np.searchsorted(places[:, 0], ends, side="left")
    missing = stop <= first
    added = first[missing]  # where unknown tokens are put in
    shift = np.searchsorted(added, first, side="right")
    shift[missing] = np.arange(len(added))
    starts = first + shift
    last = np.where(missing, starts, stop - 1 + np.searchsorted(added, stop - 1, side="right"))
    return Cut(np.insert(ids, added, unknown), starts, last - starts + 1)
