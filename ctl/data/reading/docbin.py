"""spaCy's files, ``.spacy``, to corpora; spaCy itself reads them, which runs nothing of what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

from ctl.data.corpus import Corpus
from ctl.data.reading.form import USUAL, Form
from ctl.data.reading.writer import CorpusWriter
from ctl.data.sentences import split_sentences
from ctl.errors import CTLError, first_line


def read_docbin(path: Path, name: str, form: Form = USUAL, folder: Path | None = None, tags: bool = True) -> Corpus:
    """Reads a `DocBin` of spaCy: its words, sentences and entities.

    Where a text has no sentences, it is cut by `split_sentences`. Words of spaces alone are left out.

    Args:
        path: the file.
        name: of the corpus.
        form: how words are written.
        folder: where the corpus is kept, memory-mapped; ``None`` for in memory.
        tags: whether entities are read.

    Raises:
        CTLError: spaCy is not installed, or can't read the file.
    """
    writer, annotated = CorpusWriter(name, form, folder), False
    for number, doc in enumerate(_docs(path), 1):
        has_entities = tags and doc.has_annotation("ENT_IOB")
        if number > 1 and has_entities != annotated:
            states = ("has no annotation of entities", "has one")
            raise CTLError(f"{path}: document {number} {states[has_entities]}, and the one before {states[annotated]}")
        annotated = has_entities
        for tokens in _sentences(doc):
            writer.add(
                [token.text for token in tokens],
                [_tag(token) for token in tokens] if annotated else None,
                f"{path}: document {number}",
            )
    return writer.close(path)


def _docs(path: Path) -> Iterator[Any]:
    """The documents of a file."""
    try:
        tokens, vocab = import_module("spacy.tokens"), import_module("spacy.vocab")
    except ImportError:
        raise CTLError(
            f"{path}: reading it needs spaCy: pip install spacy, or write it as JSON lines of text and label"
        ) from None
    try:
        yield from tokens.DocBin().from_disk(path).get_docs(vocab.Vocab())
    except Exception as error:  # whatever spaCy may say of a damaged file
        raise CTLError(f"{path}: spaCy can't read it: {first_line(error)}") from error


def _sentences(doc: Any) -> Iterator[list[Any]]:  # noqa: ANN401  (spaCy is not always there)
    """The words of each sentence of a document."""
    if doc.has_annotation("SENT_START"):
        starts = [token.idx for token in doc if token.is_sent_start]
    else:
        starts = [sentence[0][0] for sentence in split_sentences(doc.text)]
    for begin, end in pairwise([0, *starts[1:], len(doc.text) + 1]):
        tokens = [token for token in doc if begin <= token.idx < end and token.text.strip()]
        if tokens:
            yield tokens


def _tag(token: Any) -> str:  # noqa: ANN401
    return f"{token.ent_iob_}-{token.ent_type_}" if token.ent_iob_ in ("B", "I") else "O"
