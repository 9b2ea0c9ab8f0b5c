"""Comparison of an exported tagger with the one that was trained: probabilities, entities, size and speed."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ctl.data.corpus import Corpus
from ctl.errors import UnlikeOriginalError
from ctl.tagging.engines import TOLERANCE
from ctl.tagging.exported import Exported, OnnxModel
from ctl.tagging.text_tagger import TextTagger

LOSS = 1.0  # the most that numbers of eight bits may cost, in points of F1
SENTENCES, LENGTH = 64, 12  # sentences that are compared, and their words
SECONDS = 2.0  # for which a speed is measured, at least


def sample(tagger: TextTagger, seed: int = 0) -> Corpus:
    """Draws sentences of random words from the tokenizer's own vocabulary; every export is compared on them."""
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
    """Finds the largest difference of a probability between a tagger and its token classifier.

    Raises:
        UnlikeOriginalError: it is more than rounding: the classifier of `transformers` has layers that ctl's lacks.
    """
    exported = with_network(tagger, Exported(model, range(len(tagger.schema))))
    difference = float(np.abs(tagger.probabilities(corpus) - exported.probabilities(corpus)).max())
    if not difference <= TOLERANCE:  # nor where it is no number
        raise UnlikeOriginalError(
            f"{type(model).__name__} gives other probabilities than the model as trained (one differs by "
            f"{difference:.2f}): its classifier has more layers than ctl's, or it reads in another way, so this model "
            "can't be exported; `ctl tag` can use it"
        )
    return difference


def compare_entities(tagger: TextTagger, folder: Path, corpus: Corpus) -> tuple[int, int]:
    """Counts sentences in which a pipeline of `transformers` finds the same entities, and all entities.

    Raises:
        UnlikeOriginalError: it finds others in some sentence.
    """
    from transformers import pipeline

    sentences = [corpus.sentence(index) for index in range(len(corpus))]
    find: Any = pipeline(
        "token-classification",
        model=str(folder),
        aggregation_strategy="first",
        device="cpu",
        trust_remote_code=False,
    )
    same = entities = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a warning that this tokenizer tells words apart by spaces
        for tagged in tagger(sentences):
            ours = [(span.type, span.start, span.end) for span in tagged.spans]
            theirs = [(entity["entity_group"], entity["start"], entity["end"]) for entity in find(tagged.text)]
            same, entities = same + (ours == theirs), entities + len(ours)
    if same < len(corpus):
        raise UnlikeOriginalError(
            f"transformers.pipeline finds other entities than the model as trained in {len(corpus) - same} of "
            f"{len(corpus)} sentences, so nothing was exported; `ctl tag` can use the model"
        )
    return same, entities


def check_onnx(name: str, network: Compared) -> None:
    """Refuses an ONNX file, of this name, that gives other probabilities than rounding does.

    Raises:
        UnlikeOriginalError: a probability differs.
    """
    if not network.difference <= TOLERANCE:
        raise UnlikeOriginalError(f"{name}: a probability differs by {network.difference:.2f} from the original's")


def check_int8(name: str, network: Compared) -> None:
    """Refuses a file of eight bits, of this name, that costs F1; where it was not scored, one that gives no numbers.

    Raises:
        UnlikeOriginalError: it does.
    """
    if not np.isfinite(network.difference):
        raise UnlikeOriginalError(f"{name}: its probabilities are no numbers")
    if network.f1 is not None and network.original_f1 is not None and network.f1 < network.original_f1 - LOSS:
        raise UnlikeOriginalError(
            f"{name}: its F1 on the test split is {network.f1:.1f}, that of the model as trained is "
            f"{network.original_f1:.1f}, so nothing was exported; export without --int8"
        )


def with_network(tagger: TextTagger, model: Exported | OnnxModel) -> TextTagger:
    """Makes a tagger like another one that has this network."""
    tokenizer = str(tagger.encoder.tokenizer.name_or_path)
    return TextTagger(replace(tagger.trained, model=model), tokenizer, "cpu", "32")


@dataclass(frozen=True)
class Compared:
    """An exported network compared with the model as trained, on the same sentences.

    Attributes:
        megabytes: the size of its files.
        words_per_second: the speed on this machine's CPU, with as many threads as PyTorch has.
        difference: the largest difference of a probability.
        changed: the share of words that have another most probable tag.
        f1: on the test split, in percent; ``None`` where it was not scored.
        original_f1: of the model as trained, on the same sentences.
    """

    megabytes: float
    words_per_second: float
    difference: float = 0.0
    changed: float = 0.0
    f1: float | None = None
    original_f1: float | None = None

    def measured(self) -> dict[str, float]:
        """Gives what `ctl.tagging.engines` chooses a network by."""
        return {"words_per_second": round(self.words_per_second, 1), "difference": self.difference}

    def __str__(self) -> str:
        scores = "" if self.f1 is None else f", F1 {self.f1:.1f} on the test split ({self.original_f1:.1f} as trained)"
        return (
            f"{self.megabytes:,.1f} MB, {self.words_per_second:,.0f} words a second, largest difference of a "
            f"probability {self.difference:.1e}, {self.changed:.2%} of words with another tag{scores}"
        )


def compare(tagger: TextTagger, corpus: Corpus, file: Path, original: TextTagger) -> Compared:
    """Times a tagger on a corpus, and compares its probabilities with those of the original.

    Args:
        tagger: with the exported network.
        corpus: of W words.
        file: the network's; parts of a large one have its name and a suffix.
        original: the tagger as trained.
    """
    probabilities = tagger.probabilities(corpus)  # (W, C); the first call warms up
    began, words = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        tagger.probabilities(corpus)
        words += len(corpus.words)
    speed = words / (time.perf_counter() - began)
    expected = original.probabilities(corpus)
    return Compared(
        megabytes=sum(part.stat().st_size for part in file.parent.glob(f"{file.name}*")) / 1e6,
        words_per_second=speed,
        difference=float(np.abs(probabilities - expected).max()),
        changed=float((probabilities.argmax(-1) != expected.argmax(-1)).mean()),
    )
