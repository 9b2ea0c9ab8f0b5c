"""A tagger that others trained, as a teacher: nothing is trained, and no labelled data is needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from ctl.data.collation import WordBatch
from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.methods import Method
from ctl.modules.base import Labeller
from ctl.modules.ready.gliner_model import Gliner
from ctl.modules.ready.kind import Kind
from ctl.modules.ready.spacy_pipeline import SpacyPipeline
from ctl.modules.ready.token_classifier import TokenClassifier
from ctl.system.console import say

KINDS: dict[str, type[Kind]] = {"": TokenClassifier, "spacy": SpacyPipeline, "gliner": Gliner}


class ReadyMade(Labeller):
    """A tagger that others trained; it labels text as a teacher does, and learns nothing.

    Args:
        tagger: ``NAME``, a token classifier of `transformers`, Hub name or folder; ``spacy:NAME``, a pipeline of spaCy,
            package or folder; ``gliner:NAME``, Hub name or folder. A Hub name may end in ``@revision``.
        source: its name among the teachers, mostly its language.
        types: the entity types of the task.
        type_map: other names for its labels, ``{LABEL_1: B-PER}``, or its types, ``{PERSON: PER, DATE: null}``; common
            names are known (`ctl.modules.ready.labels.COMMON`).
    """

    def __init__(
        self,
        tagger: str,
        source: str,
        types: Sequence[str] = ("PER", "ORG", "LOC"),
        type_map: dict[str, str | None] | None = None,
    ) -> None:
        super().__init__(types)
        self.tagger = tagger
        self.source = source
        self.type_map = type_map
        self.kind, self.name = kind_of(tagger)
        self.network: Kind | None = None
        self.predicted = 0

    def setup(self, stage: str) -> None:
        """Opens the tagger, once.

        Raises:
            CTLError: it can't be used, or the data are cut by another tokenizer than its own.
        """
        data: NERDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        if not self.kind.reads_words and data.backbone != self.name:
            raise CTLError(f"{self.tagger} reads subwords of its own tokenizer: set data.backbone to {self.name}")
        if self.network is None:
            self.network = self.kind(self.name, self.schema, self.type_map).eval()

    def predict_step(self, batch: WordBatch, batch_idx: int = 0, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Gives ``probs``, the distributions of all words of a batch (N, C)."""
        self.predicted = dataloader_idx
        return super().predict_step(batch)

    def probabilities(self, batch: WordBatch) -> Tensor:
        """Gives the distributions of all words of a batch (N, C)."""
        assert self.network is not None, "setup was not called"
        data: NERDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        sentences = data.words_of(batch, self.predicted) if self.kind.reads_words else []
        return self.network.probabilities(batch, sentences)

    def on_predict_end(self) -> None:
        """Says how often the tagger's words are not those of the text."""
        if self.network is not None and self.network.inside_words:
            count = self.network.inside_words
            say(f"{self.tagger}: {count:,} entities begin or end inside a word and are read as all of it")

    def fingerprint(self) -> str:
        """Gives 16 hex digits of the tagger's files or name."""
        return self.kind.fingerprint(self.name)

    def identity(self) -> dict[str, Any]:
        """Says ``direct:<source>``, as a trained teacher does; which tagger, and how its types are read."""
        assert self.network is not None, "setup was not called"
        return {
            "method": str(Method("direct", self.source)),
            "sources": [self.source],
            "train_seconds": 0.0,
            "fit": {"tagger": self.tagger, "types": dict(self.network.labels.read_as)},
            "source_types": self.network.labels.types,
        }


def kind_of(tagger: str) -> tuple[type[Kind], str]:
    """Gives the kind of a tagger, ``spacy:NAME`` say, and its name there; a name alone is one of `transformers`.

    Raises:
        CTLError: there is no such kind.
    """
    prefix, colon, name = tagger.partition(":")
    if not colon or Path(tagger).exists():
        return KINDS[""], tagger
    if prefix not in KINDS or not name:
        kinds = ", ".join(f"{kind}:NAME" for kind in KINDS if kind)
        raise CTLError(f"{tagger}: no tagger; there are {kinds}, or a name alone for one of transformers")
    return KINDS[prefix], name
