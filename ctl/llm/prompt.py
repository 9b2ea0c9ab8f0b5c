"""The prompt: a request with examples, as turns of a chat and as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ctl.data.corpus import Corpus
from ctl.errors import CTLError
from ctl.llm.styles import PromptStyle

CANDIDATES, SHORT = 200, 25  # sentences that an example is chosen from; the most words of a short one
HERE = "\ufffc"  # stands for the sentence where a prompt is cut in two


@dataclass(frozen=True)
class Shot:
    """A sentence with its gold tags, shown to the model as an example.

    Attributes:
        words: of the sentence.
        tags: BIO2 tag ids of the words.
        language: of the sentence.
    """

    words: tuple[str, ...]
    tags: tuple[int, ...]
    language: str = ""


def draw_shots(corpora: Sequence[Corpus], count: int, seed: int) -> tuple[Shot, ...]:
    """Draws examples from gold sentences, from each corpus in turn: short ones, with types that the others lack.

    Args:
        corpora: of the source languages, with tags.
        count: the number of examples.
        seed: of the draw; with a higher count the first examples stay the same.

    Raises:
        CTLError: there are fewer sentences to draw from.
    """
    shots: list[Shot] = []
    for number in range(count):
        corpus = corpora[number % len(corpora)]
        order = np.random.default_rng([seed, number]).permutation(len(corpus))[:CANDIDATES]
        drawn = [shot for shot in (_shot(corpus, int(index)) for index in order) if shot not in shots]
        if not drawn:
            raise CTLError(
                f"{count} shots: {corpus.name} has no sentence left after {number}; take fewer, with model.shots"
            )
        shown = {0, *(tag for shot in shots for tag in shot.tags)}
        shots.append(max(drawn, key=lambda shot: (len(shot.words) <= SHORT, len({*shot.tags} - shown))))
    return tuple(shots)


def _shot(corpus: Corpus, index: int) -> Shot:
    assert corpus.tags is not None
    span = slice(int(corpus.offsets[index]), int(corpus.offsets[index + 1]))
    return Shot(tuple(corpus.words[span]), tuple(corpus.tags[span].tolist()), corpus.language)


@dataclass(frozen=True)
class Prompt:
    """The text that a model reads before it answers.

    Attributes:
        style: the way to ask.
        shots: examples, from gold sentences of source languages.
    """

    style: PromptStyle
    shots: tuple[Shot, ...] = ()

    def messages(self, sentence: str) -> list[dict[str, str]]:
        """Writes the prompt for a sentence as turns of a chat."""
        asked = [f"Text:\n{' '.join(shot.words)}" for shot in self.shots] + [f"Text:\n{sentence}"]
        asked[0] = f"{self.style.instruction()}\n\n{asked[0]}"
        turns = [{"role": "user", "content": asked[0]}]
        for shot, question in zip(self.shots, asked[1:], strict=True):
            turns.append({"role": "assistant", "content": self.style.answer(shot.words, shot.tags)})
            turns.append({"role": "user", "content": question})
        return turns

    def text(self, sentence: str) -> str:
        """Writes the prompt for a sentence as plain text that ends where the answer begins."""
        turns = [turn["content"] for turn in self.messages(sentence)]
        asked = [f"{question}\nAnswer:\n" for question in turns[::2]]
        answers = [f"{answer}\n\n" for answer in turns[1::2]]
        return "".join(part for pair in zip(asked, [*answers, ""], strict=True) for part in pair)

    def parts(self, tokenizer: Any, chat: bool = True) -> tuple[str, str]:  # noqa: ANN401
        """Writes the text before the sentence, which all sentences share, and the text between it and the answer.

        Args:
            tokenizer: of `transformers`.
            chat: use its chat template, where it has one; a model that can think before it answers is told not to.
        """
        if chat and tokenizer.chat_template:
            whole = tokenizer.apply_chat_template(
                self.messages(HERE), tokenize=False, add_generation_prompt=True, enable_thinking=False
            )
        else:
            whole = self.text(HERE)
        before, _, after = whole.rpartition(HERE)
        return before, after
