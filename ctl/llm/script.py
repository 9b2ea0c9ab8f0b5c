"""The script of a language model: its prompt, its sentence and its answers as token ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ctl.data.encoding import special_tokens
from ctl.data.tags import is_legal, legalised
from ctl.errors import CTLError
from ctl.llm.prompt import Prompt
from ctl.llm.styles import WordByWord, spaced

Tokens = tuple[int, ...]


def raw_tokenizer(tokenizer: Any) -> Any:  # noqa: ANN401
    """Changes a tokenizer so that it adds no space of its own to a piece of text, and returns it."""
    splitter = tokenizer.backend_tokenizer.pre_tokenizer
    if "ByteLevel" in type(splitter).__name__:
        splitter.add_prefix_space = False
    return tokenizer


@dataclass
class Script:
    """A prompt and the answers to it as token ids; every piece of text is tokenised on its own and once.

    Args:
        prompt: its style goes word by word.
        tokenizer: a fast tokenizer of `transformers`.
        max_length: the most tokens of prompt and answer together.
        chat: use the tokenizer's chat template.
        legal: let ``I-`` only continue an entity of its type.

    Attributes:
        style: of the prompt.
        prefix: tokens before the sentence, the same for all sentences.
        after: tokens between the sentence and the answer.
        room: the most tokens that a sentence and its answer may have.

    Raises:
        CTLError: the prompt leaves no room, or the tokenizer writes two tags alike.
    """

    prompt: Prompt
    tokenizer: Any
    max_length: int
    chat: bool = True
    legal: bool = True
    _known: dict[str, Tokens] = field(default_factory=dict)
    _choices: dict[tuple[int, str | None], tuple[Tokens | None, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert isinstance(self.prompt.style, WordByWord)
        self.style = self.prompt.style
        before, after = self.prompt.parts(self.tokenizer, self.chat)
        chats = self.chat and self.tokenizer.chat_template  # templates write the special tokens themselves
        opening = [] if chats else special_tokens(self.tokenizer)[0]
        self.prefix = [*opening, *self.tokenizer(before, add_special_tokens=False)["input_ids"]]
        self.after: Tokens = tuple(self.tokenizer(after, add_special_tokens=False)["input_ids"])
        self.room = self.max_length - len(self.prefix) - len(self.after)
        if self.room < 64:
            raise CTLError(
                f"the prompt has {len(self.prefix) + len(self.after)} tokens and {self.max_length} fit: "
                "take fewer shots, or a larger max_length where the model has room"
            )
        markup = [self._join(choice) for choice in self.style.choices([""], 0, 0) if choice is not None]
        if len(set(markup)) < len(markup):
            raise CTLError(f"the tokenizer writes several of the tags {', '.join(self.style.schema.tags)} alike")

    def ids(self, piece: str) -> Tokens:
        """Tokens of a piece, a quarter of the room at most; no text in the piece is taken for a special token.

        A word that the tokenizer swallows, a zero-width character say, is written as an underscore.
        """
        if piece not in self._known:
            tokens = self._tokens(piece) or self._tokens("_")
            self._known[piece] = tokens[: self.room // 4]
        return self._known[piece]

    def _tokens(self, text: str) -> Tokens:
        return tuple(self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])

    def _join(self, pieces: Sequence[str]) -> Tokens:
        return tuple(token for piece in pieces for token in self.ids(piece))

    def sentence(self, words: Sequence[str]) -> Tokens:
        """Tokens that are read after the prefix and before the answer."""
        return self._join([spaced(words, index) for index in range(len(words))]) + self.after

    def given(self, words: Sequence[str], index: int) -> Tokens:
        """Tokens that are written at a word before its tag is chosen."""
        return self._join(self.style.given(words, index))

    def choices(self, words: Sequence[str], index: int, previous: int) -> tuple[Tokens | None, ...]:
        """Tokens that are written for each tag (C), ``None`` where the tag can't follow the previous one."""
        key = (previous, None if self.style.alike else spaced(words, index))
        if key not in self._choices:
            self._choices[key] = tuple(
                None if choice is None or (self.legal and not is_legal(previous, tag)) else self._join(choice)
                for tag, choice in enumerate(self.style.choices(words, index, previous))
            )
        return self._choices[key]

    def solution(self, words: Sequence[str], tags: Sequence[int]) -> tuple[list[int], list[bool]]:
        """Prefix, sentence and right answer as one sequence, and a mask of the tokens that were chosen."""
        ids = [*self.prefix, *self.sentence(words)]
        chosen = [False] * len(ids)
        tags = legalised(tags)
        for index, (before, tag) in enumerate(zip([0, *tags[:-1]], tags, strict=True)):
            given, choice = self.given(words, index), self.choices(words, index, before)[tag]
            assert choice is not None
            ids += given + choice
            chosen += [False] * len(given) + [True] * len(choice)
        return ids, chosen

    def cost(self, words: Sequence[str], index: int) -> int:
        """The most tokens that a word takes in the sentence and in the answer together."""
        inside = [self.style.schema.inside(kind) for kind in range(len(self.style.schema.types))]
        choices = [choice for tag in [0, *inside] for choice in self.choices(words, index, tag) if choice is not None]
        read = len(self.ids(spaced(words, index))) + len(self.given(words, index))
        return read + max(map(len, choices))

    def length(self, words: Sequence[str]) -> int:
        """The most tokens that prompt, sentence and answer have together."""
        return self.max_length - self.room + sum(self.cost(words, index) for index in range(len(words)))

    def cut(self, words: Sequence[str]) -> list[slice]:
        """Cuts a sentence into parts that fit and are nearly equal in tokens; most sentences are one part."""
        costs = np.cumsum([self.cost(words, index) for index in range(len(words))])

        def halve(begin: int, end: int) -> list[slice]:
            before = int(costs[begin - 1]) if begin else 0
            if end - begin <= 1 or costs[end - 1] - before <= self.room:
                return [slice(begin, end)]
            middle = int(np.searchsorted(costs[begin:end], (before + int(costs[end - 1])) / 2)) + begin
            middle = min(max(middle, begin + 1), end - 1)
            return halve(begin, middle) + halve(middle, end)

        return halve(0, len(words)) if words else []
