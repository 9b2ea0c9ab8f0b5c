"""Whether an exported tagger answers as the one that was trained."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ctl.data.corpus import Corpus
from ctl.errors import CTLError
from ctl.tagging.exported import Exported, OnnxModel
from ctl.tagging.text_tagger import TextTagger

TOLERANCE = 1e-3  # the most by which rounding may change a probability
SENTENCES, LENGTH = 64, 12  # that are compared


def sample(tagger: TextTagger, seed: int = 0) -> Corpus:
    """Sentences of random words of the tokenizer's own vocabulary, on which every export is compared."""
    tokenizer = tagger.encoder.tokenizer
    pieces = sorted(set(tokenizer.get_vocab().values()) - set(tokenizer.all_special_ids))
    rng = np.random.default_rng(seed)
    words: list[str] = []
    for piece in rng.permutation(pieces).tolist():
        word = tokenizer.decode([piece]).strip()
        if word.isalpha() and len(words) < SENTENCES * LENGTH and tagger.encoder.subwords([word])[0][0] == piece:
            words.append(word)
    words = [str(word) for word in rng.choice(words, SENTENCES * LENGTH)]
    return Corpus("sample", words, np.arange(0, len(words) + 1, LENGTH))


def check_network(tagger: TextTagger, model: Any, corpus: Corpus) -> float:  # noqa: ANN401
    """Largest difference of a probability between a tagger and its token classifier, before anything is written.

    Raises:
        CTLError: it is more than rounding: the classifier of `transformers` has layers that ctl's has not.
    """
    found = instead(tagger, Exported(model, range(len(tagger.schema))))
    difference = float(np.abs(tagger.probabilities(corpus) - found.probabilities(corpus)).max())
    if difference > TOLERANCE:
        raise CTLError(
            f"{type(model).__name__} answers otherwise than the model as trained (a probability differs by "
            f"{difference:.2f}): its classifier has more layers than ctl's one, or it reads in another way, so this "
            "model can't be exported; `ctl tag` can use it"
        )
    return difference


def compare_entities(tagger: TextTagger, folder: Path, corpus: Corpus) -> tuple[int, int]:
    """Sentences in which a pipeline of `transformers` finds the same entities, and how many these are."""
    from transformers import pipeline

    sentences = [corpus.sentence(index) for index in range(len(corpus))]
    find: Any = pipeline("token-classification", model=str(folder), aggregation_strategy="first", device="cpu")
    same = entities = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that words of such tokenizers are told apart by spaces
        for tagged in tagger(sentences):
            ours = [(span.type, span.start, span.end) for span in tagged.spans]
            theirs = [(entity["entity_group"], entity["start"], entity["end"]) for entity in find(tagged.text)]
            same, entities = same + (ours == theirs), entities + len(ours)
    return same, entities


def instead(tagger: TextTagger, model: Exported | OnnxModel) -> TextTagger:
    """The same tagger with another network."""
    tokenizer = str(tagger.encoder.tokenizer.name_or_path)
    return TextTagger(replace(tagger.trained, model=model), tokenizer, "cpu", "32")


SECONDS = 2.0  # that a speed is measured for, at least


@dataclass(frozen=True)
class Measured:
    """How a network compares with the model as trained, on the same sentences.

    Attributes:
        megabytes: of its file.
        words_per_second: on this machine's CPU, with as many threads as PyTorch has here.
        difference: largest difference of a probability.
        changed: share of the words whose most probable tag is another.
    """

    megabytes: float
    words_per_second: float
    difference: float = 0.0
    changed: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.megabytes:,.1f} MB, {self.words_per_second:,.0f} words a second, largest difference of a "
            f"probability {self.difference:.1e}, {self.changed:.2%} of words with another tag"
        )


def measure(tagger: TextTagger, corpus: Corpus, file: Path, like: TextTagger | None = None) -> Measured:
    """Times a tagger on a corpus and compares its answers with another's."""
    answers = tagger.probabilities(corpus)  # warms up
    began, words = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        tagger.probabilities(corpus)
        words += len(corpus.words)
    speed = words / (time.perf_counter() - began)
    expected = answers if like is None else like.probabilities(corpus)
    return Measured(
        megabytes=sum(part.stat().st_size for part in file.parent.glob(f"{file.name}*")) / 1e6,
        words_per_second=speed,
        difference=float(np.abs(answers - expected).max()),
        changed=float((answers.argmax(-1) != expected.argmax(-1)).mean()),
    )
