"""The readers of files, by the ending of their names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ctl.data.corpus import Corpus
from ctl.data.reading.brat import read_brat
from ctl.data.reading.conll import read_conll
from ctl.data.reading.docbin import read_docbin
from ctl.data.reading.form import Form
from ctl.data.reading.jsonl import read_jsonl
from ctl.data.reading.plain import TEXT, USUAL_TEXT, read_plain

CONLL = (".txt", ".conll", ".conllu", ".conllup", ".iob", ".iob2", ".bio", ".tsv")
FOLDER = ""  # the ending of a folder of texts


class Reader(Protocol):
    """A reader of a split: a path, the name of the corpus, its form, the folder to keep it in, whether to read tags."""

    def __call__(self, path: Path, name: str, form: Form = ..., folder: Path | None = ..., tags: bool = ...) -> Corpus:
        """Reads a split."""


READERS: Mapping[str, Reader] = {
    **dict.fromkeys((*CONLL, ".csv"), read_conll),
    **dict.fromkeys((".ann", FOLDER), read_brat),
    **dict.fromkeys((".jsonl", ".json", ".ndjson"), read_jsonl),
    ".spacy": read_docbin,
    TEXT: read_plain,
}


def reader_of_text(path: Path) -> Reader:
    """The reader of raw text: of plain text, unless the ending of the file's name says another form."""
    return read_plain if path.is_dir() or path.suffix == USUAL_TEXT else READERS.get(path.suffix, read_plain)
