"""The few labelled sentences of a target: drawn from its train split, or those of a file or of a soft-label store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ctl.data.corpus import Corpus
from ctl.data.reading.form import Form
from ctl.data.reading.formats import FOLDER, READERS
from ctl.data.soft_labels import SoftLabelStore, stores_at
from ctl.data.tags import TagSchema
from ctl.errors import CTLError, NoGoldError

REMEDY = "people can label some: `ctl review` picks them, and --data.few names the file"


def draw_few(labelled: Corpus, count: int, seed: int) -> Corpus:
    """Draws some labelled sentences; the first ones of a larger draw with the same seed are a smaller draw.

    Raises:
        CTLError: there are not so many.
    """
    if count > len(labelled):
        raise CTLError(f"--few {count}: {labelled.name} has {len(labelled):,} labelled sentences; {REMEDY}")
    return labelled.draw(count, seed)


def read_few(path: Path, name: str, form: Form, schema: TagSchema, text: Callable[[], Corpus]) -> Corpus:
    """Reads labelled sentences from a file, or from labels that `ctl import` wrote of the train split.

    Args:
        path: of the file, the store or its folder.
        name: of the corpus.
        form: of a file.
        schema: the tags of the task.
        text: gives the text of which a store has labels.

    Raises:
        CTLError: there are none.
    """
    if store := stores_at(path).get("train"):
        return _of_store(SoftLabelStore(store), text(), schema)
    if not path.exists():
        raise CTLError(f"--data.few {path}: no such file")
    ending = path.suffix if path.is_file() else FOLDER
    if ending not in READERS:
        raise CTLError(f"--data.few {path}: endings that are read: {' '.join(filter(None, READERS))}")
    corpus = READERS[ending](path, name, form, tags=True)
    if corpus.tags is None:
        raise NoGoldError(f"--data.few {path}: it is raw text, but its tags are needed")
    return corpus


def _of_store(store: SoftLabelStore, text: Corpus, schema: TagSchema) -> Corpus:
    """The sentences of which every word has a label, with the most probable tags."""
    store.check(text, schema)
    said = np.ones(len(store), dtype=bool) if store.labelled is None else np.asarray(store.labelled)
    whole = np.minimum.reduceat(said, text.offsets[:-1]) if len(text) else np.zeros(0, dtype=bool)
    if not whole.any():
        raise CTLError(f"--data.few {store.path}: no sentence in it is labelled as a whole")
    tags = store.probs.argmax(-1).astype(np.int16)
    return replace(text, tags=tags, schema=schema).only(whole)
