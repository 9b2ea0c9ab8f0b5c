"""A ready-made tagger among the teachers of a transfer, as it was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from ctl.data.soft_labels import SPLITS
from ctl.modules.ready.ready_made import kind_of


@dataclass(frozen=True)
class ReadyTagger:
    """A tagger as it was asked for.

    Attributes:
        source: its name among the teachers, mostly a language.
        tagger: ``NAME``, a token classifier of `transformers`, or ``KIND:NAME``.
        type_map: other names for its labels or types.
        module: the class that asks it.
    """

    source: str
    tagger: str
    type_map: dict[str, str | None] | None = None
    module: ClassVar[str] = "ReadyMade"

    @property
    def splits(self) -> Sequence[str]:
        """The splits of the target that it can label."""
        return (*SPLITS, "few")

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of its module."""
        given = {"type_map": self.type_map} if self.type_map else {}
        return {"tagger": self.tagger, "source": self.source, **given}

    @property
    def tokenizer(self) -> dict[str, str]:
        """The setting of the data that names its tokenizer, where it has one of its own."""
        kind, name = kind_of(self.tagger)
        return {} if kind.reads_words else {"backbone": name}

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of its files.

        Raises:
            CTLError: there is no such tagger.
        """
        kind, name = kind_of(self.tagger)
        return kind.fingerprint(name)

    @property
    def fingerprint_untested(self) -> str:
        """The fingerprint of what it says of other text than the target's test split: the same."""
        return self.fingerprint
