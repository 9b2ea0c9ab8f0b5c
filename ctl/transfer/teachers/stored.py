"""Soft labels that are there already, as a teacher of a transfer: what they allow, and of which text they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.data.soft_labels import SPLITS, stores_at
from ctl.errors import CTLError
from ctl.methods import Method
from ctl.modules.ready.imported import fingerprint_stores, open_store
from ctl.system.console import say
from ctl.transfer.teachers.tagger import ReadyTagger


@dataclass(frozen=True)
class StoredLabels(ReadyTagger):
    """Soft labels of the target that are there already, ``ctl import`` wrote them say; ``tagger`` is their folder."""

    module: ClassVar[str] = "Imported"

    @property
    def splits(self) -> Sequence[str]:
        """The splits of the target that it has labels of."""
        return list(stores_at(self.tagger))

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of its module."""
        return {"store": self.tagger, "source": self.source}

    @property
    def tokenizer(self) -> dict[str, str]:
        """None: words are looked up."""
        return {}

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of its labels."""
        return fingerprint_stores(self.tagger)

    @property
    def fingerprint_untested(self) -> str:
        """The fingerprint of its labels of the target's train split."""
        return fingerprint_stores(self.tagger, ["train"])


def check_stores(
    ready: Mapping[str, ReadyTagger], methods: Sequence[Method], data: NERDataModule, scored: bool
) -> None:
    """Refuses stored labels of other text or other tags than the target's, and methods that need more of them.

    Args:
        ready: the teachers that others made, by source.
        methods: what is scored.
        data: of the target.
        scored: the target has a labelled test split.

    Raises:
        CTLError: names the teacher.
    """
    for source, given in ready.items():
        if not isinstance(given, StoredLabels):
            continue
        for split in SPLITS if scored and "test" in given.splits else SPLITS[:1]:
            try:
                store = open_store(given.tagger, split, _text(data, split), data.schema)
            except CTLError as error:
                raise CTLError(f"--teachers {source}: {error}") from error
            share = 1.0 if store.labelled is None else float(store.labelled.mean())
            say(f"ctl: {source}: {store.path}: {share:.1%} of {len(store):,} words have a label")
        needing = [
            method for method in methods if method.kind == "ensemble" or (method.kind, method.of) == ("direct", source)
        ]
        if scored and needing and "test" not in given.splits:
            raise CTLError(
                f"method {needing[0]} is scored on the test split, and {given.tagger} has labels of the train split "
                "alone: leave the method out (a student needs no more), or `ctl import --split test` beside it"
            )


def _text(data: NERDataModule, split: str) -> Corpus:
    return data.target_text("train") if split == "train" else data.gold(str(data.target), "test")
