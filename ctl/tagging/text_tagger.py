"""A trained tagger on text: it gives words, tags and entities, with their places and confidence."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from ctl.arrays import Floats, Ints
from ctl.backbones.facts import longest_input
from ctl.backbones.loading import load_config
from ctl.data.batching import BatchDataset, SentenceSampler
from ctl.data.collation import Collator
from ctl.data.corpus import Corpus
from ctl.data.encoding import WordEncoder
from ctl.data.sentences import Place
from ctl.data.tags import TagSchema, span_ends
from ctl.data.words import plain
from ctl.system.cells import Html, bar, mark, table
from ctl.system.devices import has_bf16, open_device
from ctl.tagging.forms import Engine
from ctl.tagging.texts import Span, Tagged, TaggedTexts, Text, colour_of
from ctl.tagging.trained import Trained, load_trained
from ctl.thresholds.decoding import Threshold, decode, masses, thresholds_of


class TextTagger:
    """Tags texts: ``load_tagger("runs/quickstart")(["..."])``.

    Args:
        trained: the model.
        tokenizer: Hub name or folder of its tokenizer, if that has moved since training.
        device: ``cpu``, ``cuda``, ``mps``; by default the best there is.
        precision: ``32`` or ``bf16``; by default bf16 on a GPU that has it.
        max_length: the most subwords of a window; longer sentences are read in overlapping windows.
        max_tokens: the most subwords of a batch.
        threshold: for more entities, or more certain ones: a number from 0 to 1, for all types or by the name of a type
            (`ctl.thresholds.decoding.decode`), or ``{}`` for none; by default the one that the model was exported with.

    Attributes:
        schema: the entity types and tags.
        thresholds: of every type (K); NaN where it has none.
    """

    def __init__(
        self,
        trained: Trained,
        tokenizer: str | None = None,
        device: str | None = None,
        precision: str | None = None,
        max_length: int = 256,
        max_tokens: int = 4096,
        threshold: Threshold | None = None,
    ) -> None:
        self.trained = trained
        self.schema = TagSchema(trained.types)
        self.set_threshold(trained.thresholds if threshold is None else threshold)
        name = tokenizer or trained.tokenizer
        loaded = trained.load_tokenizer(name)
        self.encoder = WordEncoder(loaded, min(max_length, longest_input(loaded, load_config(name))))
        movable = isinstance(trained.model, torch.nn.Module)
        self.device = open_device(device if movable else "cpu")
        self.bf16 = precision == "bf16" or (precision is None and has_bf16(self.device))
        self.max_tokens = max_tokens
        if isinstance(trained.model, torch.nn.Module):
            trained.model.to(self.device)

    def set_threshold(self, threshold: Threshold | None) -> None:
        """Takes a threshold, for all types or by their names; ``None`` for none.

        Raises:
            CTLError: it names an unknown type, or is not between 0 and 1.
        """
        self.thresholds = thresholds_of(threshold, self.schema.types)

    def threshold_by_type(self) -> dict[str, float]:
        """Gives the thresholds of the types that have one."""
        return {kind: float(self.thresholds[k]) for k, kind in enumerate(self.schema.types) if self.thresholds[k] > 0}

    def __repr__(self) -> str:
        limits = "".join(f", {kind} from {limit:g}" for kind, limit in self.threshold_by_type().items())
        return f"<TextTagger: {self.trained}, on {self.device}{limits}>"

    def _repr_html_(self) -> str:
        record, path = self.trained.record(), Html(f"<code>{escape(str(self.trained.path))}</code>")
        score = [["F1", bar(record["f1"], 100)], ["on", f"{record['target']}, test split"]] if record else []
        types = Html(" ".join(mark(kind, "", colour_of(kind, self.schema.types)) for kind in self.schema.types))
        about = [["model", path], ["types", types], *score, ["device", str(self.device)]]
        return table(["tagger", self.trained.method or "a model"], about)

    def __call__(self, texts: Sequence[str] | Sequence[Sequence[str]]) -> TaggedTexts:
        """Tags texts, or sentences that are lists of words; the results are in their order.

        Raises:
            TypeError: a text was given instead of a list of texts.
        """
        if isinstance(texts, str):
            raise TypeError("give a list of texts: tagger([text])")
        return self.tag([Text.raw(text) if isinstance(text, str) else Text.of_words(text) for text in texts])

    def tag(self, texts: Sequence[Text]) -> TaggedTexts:
        """Tags texts that are cut into words."""
        lengths = [len(sentence) for text in texts for sentence in text.places]
        words = [plain(text.text[start:end]) for text in texts for sentence in text.places for start, end in sentence]
        probabilities = self.probabilities(Corpus("text", words, np.cumsum([0, *lengths], dtype=np.int64)))
        tags = decode(probabilities, lengths, self.thresholds)
        ends = span_ends(torch.from_numpy(tags), torch.tensor(lengths, dtype=torch.int64)).numpy()
        bounds = np.cumsum([0, *(sum(map(len, text.places)) for text in texts)]).tolist()
        return TaggedTexts(
            self._tagged(text, probabilities[begin:end], tags[begin:end], ends[begin:end] - begin)
            for text, (begin, end) in zip(texts, pairwise(bounds), strict=True)
        )

    @torch.inference_mode()
    def probabilities(self, corpus: Corpus) -> Floats:
        """P(tag | word) of every word of a corpus (W, C); sentences of similar length are read together."""
        probabilities = np.zeros((len(corpus.words), len(self.schema)), dtype=np.float32)
        if not corpus.words:
            return probabilities
        dataset = BatchDataset([self.encoder.encode(corpus, keep=False)], Collator(self.encoder), [-1])
        for draw in SentenceSampler(dataset.sizes, self.max_tokens, max_tokens=self.max_tokens):
            batch = dataset[draw]
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                probs = self.trained.model.probabilities(batch.to(self.device))
            probabilities[batch.words.numpy()] = probs.float().cpu().numpy()
        return probabilities

    def _tagged(self, text: Text, probabilities: Floats, ids: Ints, ends: Ints) -> Tagged:
        """Puts the result for one text together.

        Args:
            text: of W words.
            probabilities: of its words (W, C).
            ids: tag ids of its words (W).
            ends: for each word that begins an entity the index after the entity's last word, else less than 0 (W).
        """
        places = [place for sentence in text.places for place in sentence]
        spans = [
            self._span(text, places, probabilities[first : ends[first]], ids[first : ends[first]], first)
            for first in np.flatnonzero(ends > np.arange(len(ends))).tolist()
        ]
        tags = ["O"] * len(places)
        for span in spans:
            length = span.end_word - span.first_word
            tags[span.first_word : span.end_word] = [f"B-{span.type}", *[f"I-{span.type}"] * (length - 1)]
        return Tagged(
            text=text.text,
            words=[text.text[start:end] for start, end in places],
            places=places,
            sentences=np.cumsum([0, *map(len, text.places)]).tolist(),
            tags=tags,
            probabilities=probabilities,
            spans=spans,
            types=self.schema.types,
        )

    def _span(self, text: Text, places: Sequence[Place], probabilities: Floats, ids: Ints, first: int) -> Span:
        """The entity that begins at a word, by the probabilities (n, C) and tag ids (n) of its words."""
        end = first + len(ids)
        kind = self.schema.type_of(int(ids[0]))
        start, stop = places[first][0], places[end - 1][1]
        confidence = float(probabilities[np.arange(len(ids)), ids].mean())
        score = float(masses(probabilities)[:, kind].mean())
        return Span(self.schema.types[kind], text.text[start:stop], start, stop, first, end, confidence, score)


def load_tagger(
    run: str | Path,
    method: str | None = None,
    *,
    tokenizer: str | None = None,
    device: str | None = None,
    precision: str | None = None,
    threshold: Threshold | None = None,
    engine: Engine | None = None,
) -> TextTagger:
    """Loads a tagger: ``ctl.load_tagger("runs/quickstart")(["Anna lives in Berlin."])[0].spans``.

    Args:
        run: a run of ``ctl fit`` or ``ctl transfer``, a checkpoint, or what ``ctl export`` wrote.
        method: of a transfer, which of its models; by default ``student:learned``, else its first student.
        tokenizer: Hub name or folder of its tokenizer, if that has moved since training.
        device: ``cpu``, ``cuda``, ``mps``; by default the best there is.
        precision: ``32`` or ``bf16``; by default bf16 on a GPU that has it.
        threshold: for more entities, or more certain ones; see `TextTagger`.
        engine: of an export, ``torch``, ``onnx`` or ``int8``; by default the fastest (`network_of`).

    Raises:
        CTLError: there is no such model, or it can't be loaded.
    """
    trained = load_trained(run, method, engine=engine, device=device, precision=precision)
    return TextTagger(trained, tokenizer, device, precision, threshold=threshold)
