"""Pipelines of spaCy as teachers: installed packages and folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ctl.data.collation import WordBatch
from ctl.data.tags import TagSchema
from ctl.errors import CTLError, first_line
from ctl.modules.ready.kind import Kind
from ctl.modules.ready.labels import TypeMap, read_labels
from ctl.modules.ready.spans import Span, join_words, spread_spans
from ctl.system.files import checksum, fingerprint_stream, read_object

RECOGNISERS = ("ner", "beam_ner")  # factories of spaCy that find entities
NEEDLESS = ["tagger", "morphologizer", "lemmatizer", "attribute_ruler"]  # the parser's sentences matter to entities


class SpacyPipeline(Kind):
    """A pipeline with a recogniser of entities.

    It reads running text, cuts it in its own way, and finds entities without saying how sure it is, so a word's tag has
    all probability but what is spread over all tags (`SPREAD`).

    Args:
        name: of an installed package, ``fr_core_news_sm``, or a folder that ``nlp.to_disk`` wrote.
        schema: the task's tags.
        type_map: see `read_labels`.
    """

    def __init__(self, name: str, schema: TagSchema, type_map: TypeMap | None = None) -> None:
        super().__init__(name, schema, type_map)
        self.nlp = _load(name)
        found = [label for pipe, kind in self.nlp.pipe_factories.items() if kind in RECOGNISERS for label in
                 self.nlp.get_pipe(pipe).labels]  # fmt: skip
        if not found:
            raise CTLError(
                f"spaCy pipeline {name}: it has no ner, only {', '.join(self.nlp.pipe_names) or 'a tokenizer'}"
            )
        self.renamed = _own_names(self.nlp)
        types = list(dict.fromkeys(self.renamed.get(label, label) for label in found))
        self.labels = read_labels(types, schema, type_map)

    def probabilities(self, batch: WordBatch, sentences: Sequence[Sequence[str]]) -> Tensor:
        """Gives the distributions of all words (N, C)."""
        joined = [join_words(words) for words in sentences]
        tags, parts = len(self.labels.schema), []
        for doc, (_, places) in zip(self.nlp.pipe(text for text, _ in joined), joined, strict=True):
            probs, cut = spread_spans(self._spans(doc), places, tags)
            self.inside_words += cut
            parts.append(probs)
        return torch.from_numpy(np.concatenate(parts)).to(batch.words.device)

    def _spans(self, doc: Any) -> Iterator[Span]:  # noqa: ANN401  (spaCy may not be installed)
        for entity in doc.ents:
            name = self.labels.read_as.get(self.renamed.get(entity.label_, entity.label_))
            if name is not None:
                yield Span(entity.start_char, entity.end_char, self.labels.schema.types.index(name))

    @staticmethod
    def fingerprint(name: str) -> str:
        """Gives the fingerprint of all files of the pipeline."""
        folder = _folder_of(name)
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        return fingerprint_stream(f"{path.relative_to(folder).as_posix()} {checksum(path)}" for path in files)


def _load(name: str) -> Any:  # noqa: ANN401
    """Loads a pipeline from its folder; no code of a package is imported, and what a configuration may name is spaCy's.

    Raises:
        CTLError: spaCy or the pipeline is not here, is of another version, or damaged.
    """
    folder = _folder_of(name)
    try:
        import spacy
    except ImportError as error:
        raise CTLError(f"spacy:{name} needs spaCy: pip install 'ctl[spacy]'") from error
    wanted = str(read_object(folder / "meta.json").get("spacy_version", ""))
    if not wanted or not spacy.util.is_compatible_version(spacy.__version__, wanted):
        raise CTLError(
            f"spaCy pipeline {name}: it was made for spaCy {wanted or 'of no known version'}, and {spacy.__version__} "
            "is installed: install the pipeline for this version"
        )
    try:
        return spacy.load(folder, exclude=NEEDLESS)
    except Exception as error:  # whatever spaCy and the components may say
        raise CTLError(f"spaCy pipeline {name}: it can't be loaded ({first_line(error)})") from error


def _folder_of(name: str) -> Path:
    """The folder of a pipeline's data, without importing its package.

    Raises:
        CTLError: there is none.
    """
    if (Path(name) / "meta.json").is_file() and (Path(name) / "config.cfg").is_file():
        return Path(name)
    if Path(name).is_dir():
        raise CTLError(f"{name}: no spaCy pipeline (no meta.json and config.cfg), as nlp.to_disk writes")
    spec = find_spec(name) if name.isidentifier() else None
    homes = [Path(home) for home in (spec.submodule_search_locations or () if spec else ())]
    folders = [path.parent for home in homes for path in home.glob("*/config.cfg")]
    if len(folders) != 1:
        raise CTLError(
            f"spaCy pipeline {name}: there is no folder and no installed package of this name: "
            f"python -m spacy download {name}, or install a package that has it with pip"
        )
    return folders[0]


def _own_names(nlp: Any) -> dict[str, str]:  # noqa: ANN401
    """GiNZA's own table of Sekine's types (``City``, ``Company``) by OntoNotes' (``GPE``, ``ORG``); else nothing."""
    if nlp.meta.get("name") not in ("ginza", "ginza_electra", "ginza_bert_large"):
        return {}
    from ginza.ene_ontonotes_mapper import ENE_ONTONOTES_MAPPING

    return dict(ENE_ONTONOTES_MAPPING)
