"""GLiNER as a teacher: it is asked for the types of the task by name, and gives spans with scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from ctl.backbones.facts import fingerprint_backbone
from ctl.backbones.loading import split_revision
from ctl.data.collation import WordBatch
from ctl.data.sentences import join_with_spaces
from ctl.data.tags import TagSchema
from ctl.errors import CTLError, first_line
from ctl.modules.ready.kind import Kind
from ctl.modules.ready.labels import TypeMap, read_labels
from ctl.modules.ready.spans import Span, spread_spans
from ctl.system.files import read_object

ASKED = {"PER": "person", "ORG": "organization", "LOC": "location", "MISC": "miscellaneous"}
WEIGHTS = "model.safetensors"
FILES = ["*.json", "*.safetensors", "*.model", "*.txt"]  # of the Hub; no pickles
LEAST, DECIDED = 0.05, 0.5  # scores from which a span is looked at, and from which it is GLiNER's answer
LONGEST = 256  # subwords that are read at once


class Gliner(Kind):
    """A GLiNER model. A word of a span with score s has the span's tag with probability s, and O with the rest.

    Its most probable tags are GLiNER's own answers at a threshold of one half, without overlaps.

    Args:
        name: Hub name, ``owner/name`` or ``owner/name@revision``, or a folder with ``gliner_config.json``.
        schema: the task's tags.
        type_map: what it is asked for, ``{city: LOC, company: ORG}``; a type that is not there, by its usual name.
    """

    def __init__(self, name: str, schema: TagSchema, type_map: TypeMap | None = None) -> None:
        super().__init__(name, schema, type_map)
        given = {asked: kind for asked, kind in (type_map or {}).items() if kind is not None}
        usual = {ASKED.get(kind, kind.lower().replace("_", " ")): kind for kind in schema.types}
        self.asked = {**given, **{name: kind for name, kind in usual.items() if kind not in given.values()}}
        self.labels = read_labels(list(self.asked), schema, self.asked)
        self.network = _load(name)
        whole = self.network.config.span_mode == "token_level"  # its scores depend on the threshold
        self.threshold = DECIDED if whole else LEAST

    def probabilities(self, batch: WordBatch, sentences: Sequence[Sequence[str]]) -> Tensor:
        """Gives the distributions of all words (N, C)."""
        self.network.to(batch.words.device)
        joined = [join_with_spaces(part) for words in sentences for part in self._cut(words)]
        answers = self.network.inference(
            [text for text, _ in joined], list(self.asked), flat_ner=True, threshold=self.threshold, batch_size=32
        )
        tags, parts = len(self.labels.schema), []
        for spans, (_, places) in zip(answers, joined, strict=True):
            probs, cut = spread_spans(map(self._span, spans), places, tags)
            self.inside_words += cut
            parts.append(probs)
        return torch.from_numpy(np.concatenate(parts)).to(batch.words.device)

    def _span(self, entity: dict[str, Any]) -> Span:
        kind = self.labels.schema.types.index(self.asked[entity["label"]])
        return Span(entity["start"], entity["end"], kind, float(entity["score"]))

    def _cut(self, words: Sequence[str]) -> Iterator[Sequence[str]]:
        """Cuts a sentence into parts that GLiNER reads whole."""
        tokenizer = self.network.data_processor.transformer_tokenizer
        most, begin, read = min(LONGEST, self.network.config.max_len), 0, 0
        for number, word in enumerate(words):
            size = max(1, len(tokenizer.tokenize(word)))
            if number > begin and read + size > most:
                yield words[begin:number]
                begin, read = number, 0
            read += size
        yield words[begin:]

    @staticmethod
    def fingerprint(name: str) -> str:
        """Gives the fingerprint of the folder's files, or of the Hub name with its revision."""
        if Path(name).is_dir():
            _check_folder(Path(name))
        return fingerprint_backbone(name)


def _load(name: str) -> Any:  # noqa: ANN401  (gliner may not be installed)
    """Loads a model; nothing of its folder is executed.

    Raises:
        CTLError: GLiNER or the model is not here, or the folder can't be read without executing something.
    """
    try:
        from gliner import GLiNER
    except ImportError as error:
        raise CTLError(f"gliner:{name} needs GLiNER: pip install 'ctl[gliner]'") from error
    folder = Path(name) if Path(name).is_dir() else _download(name)
    _check_folder(folder)
    try:
        model = GLiNER.from_pretrained(str(folder), local_files_only=True)
        with safe_open(folder / WEIGHTS, framework="pt") as weights:
            missing = model.model.state_dict().keys() - set(weights.keys())
    except Exception as error:  # whatever GLiNER may say of a folder
        raise CTLError(f"GLiNER model {name}: it can't be loaded ({first_line(error)})") from error
    if missing:
        raise CTLError(f"GLiNER model {name}: {WEIGHTS} lacks {len(missing)} of its weights, {min(missing)} for one")
    return model.eval()


def _download(name: str) -> Path:
    """Fetches a model of the Hub, or finds it in the Hub's cache.

    Raises:
        CTLError: the Hub does not give it.
    """
    from huggingface_hub import snapshot_download

    repository, revision = split_revision(name)
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=FILES))
    except Exception as error:  # whatever the Hub may answer
        raise CTLError(
            f"GLiNER model {name}: {first_line(error)}; it is neither a folder here nor a model that the Hub could give"
        ) from error


def _check_folder(folder: Path) -> None:
    """Refuses pickled weights, and a configuration that asks for code or for files from elsewhere.

    Raises:
        CTLError: says which, and what to do.
    """
    if not (folder / "gliner_config.json").is_file():
        raise CTLError(f"{folder}: no GLiNER model (no gliner_config.json)")
    if not (folder / WEIGHTS).is_file():
        raise CTLError(
            f"{folder}: no {WEIGHTS}, and ctl reads no pickled weights: load it with GLiNER where you trust "
            "it, model.save_pretrained(DIR, safe_serialization=True), and give DIR"
        )
    config = read_object(folder / "gliner_config.json")
    encoders = [key for key in ("encoder_config", "labels_encoder_config") if key in config or key == "encoder_config"]
    if missing := [key for key in encoders if not isinstance(config.get(key), dict)]:
        raise CTLError(
            f"{folder / 'gliner_config.json'}: no {missing[0]}, so GLiNER would take it from the Hub: save the model "
            "anew with GLiNER, model.save_pretrained(DIR, safe_serialization=True), and give DIR"
        )
    base = Path(str(config.get("model_name")))
    if (base / "adapter_config.json").exists() or not (folder / "tokenizer_config.json").is_file():
        raise CTLError(f"{folder}: its tokenizer is not in it, or it names adapters elsewhere; save the model whole")
    settings = [config, read_object(folder / "tokenizer_config.json")]
    if code := [line for line in json.dumps(settings, indent=0).splitlines() if _asks_for_code(line)]:
        raise CTLError(f"{folder}: its configuration asks for code from elsewhere ({code[0].strip()}); refused")


def _asks_for_code(line: str) -> bool:
    """Tells whether a line of a configuration names code of the Hub to compute with."""
    key, _, value = line.partition(":")
    return (
        '"auto_map"' in key
        or ("_implementation" in key and "/" in value)
        or ('"labels_decoder"' in key and "null" not in value)
    )
