"""The remote teacher: a chat model behind an endpoint, whose free answers become distributions."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ctl.data.collation import WordBatch
from ctl.errors import CTLError
from ctl.llm.free_answers import read, vote
from ctl.llm.prompt import Prompt, draw_shots
from ctl.llm.remote.answer_cache import Json
from ctl.llm.remote.client import Client
from ctl.llm.remote.endpoint import Endpoint
from ctl.llm.styles import StyleName, prompt_style
from ctl.methods import PROMPTED, named
from ctl.modules.base import Labeller
from ctl.system.console import say
from ctl.system.files import fingerprint, fingerprint_json
from ctl.system.numbers import NonNegativeFloat, NonNegativeInt, PositiveInt, Share


class RemoteTeacher(Labeller):
    """A chat model that is asked over HTTP for the entities of each sentence; it is not trained.

    It writes freely, so its answers are aligned with the words, and a word that it leaves out is O. A distribution
    comes from the log-probabilities of the tags where the style is ``tagged`` and the server gives them, otherwise
    from the votes of its answers. Where it gives no answer, a refusal or prose say, the words have no label: nothing
    is trained on them. Where more than a tenth of the answers are missing, the run ends.

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
        shots: NonNegativeInt = 0,
        samples: PositiveInt = 1,
        temperature: NonNegativeFloat = 0.0,
        logprobs: bool = True,
        smoothing: Share = 0.05,
        max_words: PositiveInt = 120,
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
        if self.samples > 1 and self.temperature == 0:
            raise CTLError(f"{self.samples} samples at temperature 0 are one answer: set model.temperature, to 0.7 say")
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if self.shots and not data.sources:
            raise CTLError(f"{self.shots} shots are gold sentences of source languages: name some in data.sources")
        corpora = [data.gold(source, "train") for source in data.sources] if self.shots else []
        check_options(self.options)
        self.prompt = Prompt(prompt_style(self.style, self.schema), draw_shots(corpora, self.shots, self.seed))
        self.client = Client(self.endpoint)

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Gives ``probs``, the distributions of all words of a batch (N, C), and which are ``labelled`` (N)."""
        self.predicted = dataloader_idx
        probs, labelled = self._ask(batch)
        return {"probs": probs, "labelled": labelled}

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Gives the distributions of all words of a batch (N, C); one without a label is uniform."""
        return self._ask(batch)[0]

    def _ask(self, batch: WordBatch) -> tuple[Tensor, Tensor]:
        """Asks for the sentences of a batch; gives the distributions of the words (N, C), and which have one (N)."""
        sentences = self.trainer.datamodule.words_of(batch, self.predicted)  # type: ignore[attr-defined]
        parts = [part for words in sentences for part in self._cut(words)]
        requests = [self.request(words, sample) for words in parts for sample in range(self.samples)]
        readers = [partial(read, self.prompt.style, words) for words in parts for _ in range(self.samples)]
        answers = self.client.complete(requests, readers)
        begins = range(0, len(answers), self.samples)
        votes = [vote(answers[begin : begin + self.samples], self.smoothing) for begin in begins]
        tags = len(self.schema)
        probs = np.concatenate([
            np.full((len(words), tags), 1 / tags) if own is None else own
            for words, own in zip(parts, votes, strict=True)
        ])  # fmt: skip
        labelled = np.repeat([own is not None for own in votes], [len(words) for words in parts])
        device = batch.words.device
        return torch.from_numpy(probs).float().to(device), torch.from_numpy(labelled).to(device)

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

    def on_test_epoch_end(self) -> None:
        """Logs the scores, where enough was answered."""
        self.client.check_answers()
        super().on_test_epoch_end()

    def on_predict_epoch_end(self) -> None:
        """Ends the run before anything is written, where too little was answered."""
        self.client.check_answers()

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


def check_options(options: Mapping[str, Any]) -> None:
    """Refuses what can't be sent.

    Raises:
        CTLError: says why.
    """
    try:
        json.dumps(options, allow_nan=False)
    except (ValueError, TypeError) as error:
        raise CTLError(f"model.options: these can't be sent as JSON ({error})") from None
