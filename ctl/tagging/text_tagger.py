"""A trained tagger on text: words, tags and entities with their places and how sure the model is of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from ctl.arrays import Floats, Ints
from ctl.backbones.loading import load_config, load_tokenizer, longest_input
from ctl.data.batching import BatchDataset, BucketSampler
from ctl.data.collation import Collator
from ctl.data.corpus import Corpus
from ctl.data.encoding import WordEncoder
from ctl.data.tags import TagSchema, span_ends
from ctl.system.devices import best_device, has_bf16
from ctl.tagging.sentences import Place, split_sentences
from ctl.tagging.trained import Trained, load_trained


@dataclass(frozen=True)
class Span:
    """An entity.

    Attributes:
        type: ``PER``, say.
        text: as it stands in the text.
        start: its first character.
        end: the character after its last; ``text[start:end]`` is the entity.
        first_word: its first word.
        end_word: the word after its last.
        confidence: the mean probability of its words' tags, as the pipeline of `transformers` has it.
    """

    type: str
    text: str
    start: int
    end: int
    first_word: int
    end_word: int
    confidence: float


@dataclass(frozen=True)
class Tagged:
    """A text and what the tagger found.

    Attributes:
        text: as it was given; words joined by spaces where words were given.
        words: its words (W).
        places: where each word stands in ``text`` (W).
        sentences: the first word of every sentence, and W as the last entry (S + 1).
        tags: legal BIO2 tags (W).
        probabilities: P(tag | word), in the order of the tagger's ``schema.tags`` (W, C).
        spans: the entities in their order.
    """

    text: str
    words: list[str]
    places: list[Place]
    sentences: list[int]
    tags: list[str]
    probabilities: Floats
    spans: list[Span]


@dataclass(frozen=True)
class Text:
    """A text that is cut into words: see `Tagged`."""

    text: str
    places: list[list[Place]]

    @classmethod
    def raw(cls, text: str) -> Text:
        """Cuts running text by rule."""
        return cls(text, split_sentences(text))

    @classmethod
    def of_words(cls, words: Sequence[str]) -> Text:
        """One sentence whose words are known."""
        ends = np.cumsum([len(word) + 1 for word in words]) - 1
        places = [(int(end) - len(word), int(end)) for word, end in zip(words, ends, strict=True)]
        return cls(" ".join(words), [places] if places else [])


class TextTagger:
    """Tags texts: ``load_tagger("runs/quickstart")(["..."])``.

    Args:
        trained: the model.
        tokenizer: Hub name or folder of its tokenizer, where that is not where it was in training.
        device: ``cpu``, ``cuda``, ``mps``; by default the best there is.
        precision: ``32`` or ``bf16``; by default bf16 where the hardware has it.
        max_length: subwords in a window; longer sentences are read in overlapping windows.
        max_tokens: subwords in a batch, padding included.

    Attributes:
        schema: the entity types and tags.
    """

    def __init__(
        self,
        trained: Trained,
        tokenizer: str | None = None,
        device: str | None = None,
        precision: str | None = None,
        max_length: int = 256,
        max_tokens: int = 4096,
    ) -> None:
        self.trained = trained
        self.schema = TagSchema(trained.types)
        name = tokenizer or trained.tokenizer
        loaded = load_tokenizer(name)
        self.encoder = WordEncoder(loaded, min(max_length, longest_input(loaded, load_config(name))))
        movable = isinstance(trained.model, torch.nn.Module)
        self.device = torch.device((device or best_device()) if movable else "cpu")
        self.bf16 = precision == "bf16" or (precision is None and has_bf16(self.device))
        self.max_tokens = max_tokens
        if isinstance(trained.model, torch.nn.Module):
            trained.model.to(self.device)

    def __call__(self, texts: Sequence[str] | Sequence[Sequence[str]]) -> list[Tagged]:
        """Tags texts, or sentences that are lists of words; the results are in their order.

        Raises:
            TypeError: one text and no list of texts was given.
        """
        if isinstance(texts, str):
            raise TypeError("give a list of texts: tagger([text])")
        return self.tag([Text.raw(text) if isinstance(text, str) else Text.of_words(text) for text in texts])

    def tag(self, texts: Sequence[Text]) -> list[Tagged]:
        """Tags texts that are cut into words."""
        words = [text.text[start:end] for text in texts for sentence in text.places for start, end in sentence]
        offsets = np.cumsum([0, *(len(sentence) for text in texts for sentence in text.places)], dtype=np.int64)
        probabilities = self.probabilities(Corpus("text", words, offsets))
        tags = torch.from_numpy(probabilities.argmax(-1))
        ends = span_ends(tags, torch.from_numpy(np.diff(offsets))).numpy() if words else np.empty(0, dtype=np.int64)
        counts = [sum(map(len, text.places)) for text in texts]
        places = zip(texts, pairwise(np.cumsum([0, *counts]).tolist()), strict=True)
        return [self._tagged(text, probabilities[begin:end], ends[begin:end] - begin) for text, (begin, end) in places]

    @torch.inference_mode()
    def probabilities(self, corpus: Corpus) -> Floats:
        """P(tag | word) of every word of a corpus (W, C); sentences of like length are read together."""
        answers = np.zeros((len(corpus.words), len(self.schema)), dtype=np.float32)
        if not corpus.words:
            return answers
        dataset = BatchDataset([self.encoder.encode(corpus, keep=False)], Collator(self.encoder), [-1])
        for draw in BucketSampler(dataset.sizes, self.max_tokens, max_tokens=self.max_tokens):
            batch = dataset[draw]
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                probs = self.trained.model.probabilities(batch.to(self.device))
            answers[batch.words.numpy()] = probs.float().cpu().numpy()
        return answers

    def _tagged(self, text: Text, probabilities: Floats, ends: Ints) -> Tagged:
        places = [place for sentence in text.places for place in sentence]
        chosen, sure = probabilities.argmax(-1), probabilities.max(-1, initial=0)
        tags, found = ["O"] * len(places), []
        for first in np.flatnonzero(ends > np.arange(len(ends))).tolist():
            end = int(ends[first])
            kind = self.schema.types[TagSchema.type_of(int(chosen[first]))]
            tags[first:end] = [f"B-{kind}", *[f"I-{kind}"] * (end - first - 1)]
            start, stop = places[first][0], places[end - 1][1]
            found.append(Span(kind, text.text[start:stop], start, stop, first, end, float(sure[first:end].mean())))
        return Tagged(
            text=text.text,
            words=[text.text[start:end] for start, end in places],
            places=places,
            sentences=np.cumsum([0, *map(len, text.places)]).tolist(),
            tags=tags,
            probabilities=probabilities,
            spans=found,
        )


def load_tagger(
    run: str | Path,
    method: str | None = None,
    *,
    tokenizer: str | None = None,
    device: str | None = None,
    precision: str | None = None,
) -> TextTagger:
    """Loads a tagger: ``ctl.load_tagger("runs/quickstart")(["Anna lives in Berlin."])[0].spans``.

    Args:
        run: a run of ``ctl fit`` or ``ctl transfer``, a checkpoint, or what ``ctl export`` wrote.
        method: of a transfer, which of its models; by default ``student:learned``, else its first student.
        tokenizer: Hub name or folder of its tokenizer, where that is no longer where it was in training.
        device: ``cpu``, ``cuda``, ``mps``; by default the best there is.
        precision: ``32`` or ``bf16``; by default bf16 where the hardware has it.

    Raises:
        CTLError: there is no such model, or it can't be loaded.
    """
    return TextTagger(load_trained(run, method), tokenizer, device, precision)
