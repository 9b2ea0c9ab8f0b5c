"""The settings by which files are read, and the names of splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ctl.data.words import UnicodeForm

SPLITS = {  # the names of each, the usual one first
    "train": ("train",),
    "validation": ("validation", "valid", "val", "dev", "testa"),
    "test": ("test", "testb"),
}


@dataclass(frozen=True)
class Form:
    """The form of a file, where its reader can't tell.

    Attributes:
        encoding: how it is written.
        word_column: number, from 1, or name of the column of words; in JSON the key of words or text.
        tag_column: number, from 1, or name of the column of tags; in JSON the key of tags or entities.
        normalization: the Unicode form in which words are kept; ``none`` for as they are.
    """

    encoding: str = "utf-8"
    word_column: int | str | None = None
    tag_column: int | str | None = None
    normalization: UnicodeForm = "NFC"

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Form:
        """Takes the form from settings of the data; what they do not have is as usual."""
        given = {entry.name: settings.get(entry.name) for entry in fields(cls)}
        return cls(**{name: value for name, value in given.items() if value is not None})


USUAL = Form()
