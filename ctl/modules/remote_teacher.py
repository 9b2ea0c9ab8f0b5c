"""The remote teacher: a chat model behind an endpoint, whose free answers become distributions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ctl.data.collation import WordBatch
from ctl.errors import CTLError
from ctl.llm.answer_cache import Json
from ctl.llm.client import Client
from ctl.llm.endpoint import Endpoint
from ctl.llm.free_answers import vote
from ctl.llm.prompt import Prompt, draw_shots
from ctl.llm.styles import StyleName, prompt_style
from ctl.methods import PROMPTED, named
from ctl.modules.base import Labeller
from ctl.system.console import say
from ctl.system.files import fingerprint, fingerprint_json


class RemoteTeacher(Labeller):
    """A chat model that is asked over HTTP for the entities of each sentence; it is not trained.

    It writes freely, so its answers are aligned with the words, and a word that it leaves out is O. A distribution
    comes from the log-probabilities of the tags where the style is ``tagged`` and the server gives them, otherwise
    from the votes of its answers.

    Args:
        model: its name at the endpoint.
        endpoint: server, cache, rate, retries, key and prices.
        types: the entity types.
        style: what it is asked to write: ``json``, a list of entities, ``tagged`` or ``inline`` (`ctl.llm.styles`).
        shots: examples in the prompt, gold sentences of the sources' train splits.
        samples: answers to each sentence, each with its own seed.
        temperature: at which they are drawn; a single answer is best at 0.
        logprobs: ask for log-probabilities, where the style can use them.
        smoothing: share of each distribution that is spread evenly over all tags: a few answers can't exclude any.
        max_words: longer sentences are asked in parts.
        options: more of the request, ``{chat_template_kwargs: {enable_thinking: false}}``; null leaves out a part.
        variant: added to the method's name in results.
    """

    def __init__(
        self,
        model: str,
        endpoint: Endpoint,
        types: Sequence[str] = ("PER", "ORG", "LOC"),
        style: StyleName = "json",
        shots: int = 0,
        samples: int = 1,
        temperature: float = 0.0,
        logprobs: bool = True,
        smoothing: float = 0.05,
        max_words: int = 120,
        options: dict[str, Any] | None = None,
        variant: str | None = None,
    ) -> None:
        super().__init__(types)
        self.model = model
        self.endpoint = endpoint
        self.style: StyleName = style
        self.shots = shots
        self.samples = samples
        self.temperature = temperature
        self.logprobs = logprobs
        self.smoothing = smoothing
        self.max_words = max_words
        self.options = options or {}
        self.variant = variant
        self.seed = int(os.environ.get("PL_GLOBAL_SEED", 0))
        self.predicted = 0

    def setup(self, stage: str) -> None:
        """Opens the connection, and draws examples from gold sentences of the sources.

        Raises:
            CTLError: there are none to draw from, the key is missing, or a setting makes no sense.
        """
        if self.samples < 1 or self.max_words < 1 or self.shots < 0 or not 0 <= self.smoothing <= 1:
            raise CTLError("samples and max_words must be above zero, and smoothing between zero and one")
        if self.samples > 1 and self.temperature == 0:
            raise CTLError(f"{self.samples} samples at temperature 0 are one answer: set model.temperature, to 0.7 say")
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if self.shots and not data.sources:
            raise CTLError(f"{self.shots} shots are gold sentences of source languages: name some in data.sources")
        corpora = [data.gold(source, "train") for source in data.sources] if self.shots else []
        self.prompt = Prompt(prompt_style(self.style, self.schema), draw_shots(corpora, self.shots, self.seed))
        self.client = Client(self.endpoint)

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Gives ``probs``, the distributions of all words of a batch (N, C)."""
        self.predicted = dataloader_idx
        return super().predict_step(batch, batch_idx, dataloader_idx)

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Gives the distributions of all words of a batch (N, C)."""
        sentences = self.trainer.datamodule.words_of(batch, self.predicted)  # type: ignore[attr-defined]
        parts = [part for words in sentences for part in self._cut(words)]
        requests = [self.request(words, sample) for words in parts for sample in range(self.samples)]
        choices = self.client.complete(requests)
        answers = [choices[begin : begin + self.samples] for begin in range(0, len(choices), self.samples)]
        probs = [
            torch.from_numpy(vote(self.prompt.style, samples, words, self.smoothing))
            for words, samples in zip(parts, answers, strict=True)
        ]
        return torch.cat(probs).float().to(batch.words.device)

    def _cut(self, words: Sequence[str]) -> list[Sequence[str]]:
        parts = -(-len(words) // self.max_words)
        edges = [number * len(words) // parts for number in range(parts + 1)]
        return [words[begin:end] for begin, end in pairwise(edges)]

    def request(self, words: Sequence[str], sample: int) -> Json:
        """Makes what the server is sent for a sentence."""
        body: Json = {
            "model": self.model,
            "messages": self.prompt.messages(" ".join(words)),
            "temperature": self.temperature,
            "seed": self.seed + sample,
            "max_tokens": 100 + 20 * len(words),
        }
        if self.logprobs and self.style == "tagged":
            body |= {"logprobs": True, "top_logprobs": 20}
        return {name: value for name, value in {**body, **self.options}.items() if value is not None}

    def on_test_end(self) -> None:
        """Says what all answers cost."""
        say(f"{self.model}: {self.client.usage}")

    def on_predict_end(self) -> None:
        """Says what all answers cost."""
        self.on_test_end()

    def fingerprint(self) -> str:
        """Gives 16 hex digits of the endpoint and of all that is asked, the sentence aside."""
        return fingerprint(fingerprint_json([self.endpoint.url, self.request([], 0)]))

    def identity(self) -> dict[str, Any]:
        """Says ``llm-prompted``; how it was asked, what it answered with and what that cost."""
        scored = self.logprobs and self.style == "tagged"
        answers = f"{self.samples} answer{'s' if self.samples > 1 else ''} at temperature {self.temperature}"
        return {
            "method": named(PROMPTED, self.variant),
            "sources": list(dict.fromkeys(shot.language for shot in self.prompt.shots)),
            "train_seconds": 0.0,
            "probabilities": f"{'log-probabilities of the tags, else ' if scored else ''}votes of {answers}, "
            f"{self.smoothing:g} of them spread evenly",
            "prompt": {"style": self.style, "shots": len(self.prompt.shots), "model": self.model},
            "usage": self.client.report(),
        }
