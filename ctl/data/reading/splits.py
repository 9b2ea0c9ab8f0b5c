"""Readers of a split of a language, a CoNLL file or a Hub dataset; published splits only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import numpy as np

from ctl.data.corpus import Corpus
from ctl.data.reading.cache import cached
from ctl.data.reading.conll import read_conll
from ctl.data.tags import UnknownTag, to_bio2
from ctl.data.words import Words
from ctl.errors import CTLError, first_line

SPLITS = {
    "train": ("train",),
    "validation": ("validation", "valid", "val", "dev", "testa"),
    "test": ("test", "testb"),
}
CACHED_FROM = 1 << 20  # bytes of a file
EXTENSIONS = (".txt", ".conll", ".conllu", ".iob2", ".bio", ".tsv")


@dataclass(frozen=True)
class HubDataset:
    """A dataset of the Hugging Face Hub, or a folder that has its form; ``{lang}`` stands for the language.

    Known to load without scripts: ``unimelb-nlp/wikiann`` (name ``{lang}``); ``google/xtreme`` (name
    ``PAN-X.{lang}``); ``lhoestq/conll2003``; and, with revision ``refs/convert/parquet`` and a data_dir,
    ``eriktks/conll2002`` (``es``, ``nl``), ``masakhane/masakhaner2`` (``{lang}``) and ``MultiCoNER/multiconer_v2``
    (``English (EN)``).

    Attributes:
        path: repository ``owner/name``, or a folder.
        name: the configuration.
        data_dir: the folder inside the repository; without it a converted repository mixes all its languages.
        revision: branch, tag or commit.
        tokens: the column of words.
        tags: the column of tags, class ids or strings.
    """

    path: str
    name: str | None = None
    data_dir: str | None = None
    revision: str | None = None
    tokens: str = "tokens"
    tags: str = "ner_tags"


def read_split(
    language: str,
    split: str,
    *,
    root: Path | None,
    hub: Mapping[str, HubDataset] | None = None,
    encoding: str = "utf-8",
    limit: int | None = None,
    drop_test_duplicates: bool = False,
) -> Corpus:
    """Reads one published split of one language, or a part of it.

    Args:
        language: a folder of ``root``, or a language of ``hub``.
        split: ``train``, ``validation`` or ``test``.
        root: a CoNLL tree.
        hub: datasets by language, ``"*"`` for all others; they go before ``root``.
        encoding: of CoNLL files.
        limit: take only the first sentences.
        drop_test_duplicates: of a test split, take only the sentences that do not stand word for word in the train
            split, in all of it.

    Raises:
        CTLError: names the file, the line and the remedy.
    """
    corpus = _read(language, split, root, hub, encoding).head(limit)
    if split == "test" and drop_test_duplicates:
        return corpus.without(_read(language, "train", root, hub, encoding))
    return corpus


def _read(language: str, split: str, root: Path | None, hub: Mapping[str, HubDataset] | None, encoding: str) -> Corpus:
    """Reads all of a split."""
    dataset = (hub or {}).get(language) or (hub or {}).get("*")
    if dataset is not None:
        return _read_hub(dataset, language, split)
    if root is None:
        raise CTLError(f"where is {language}? set data.root to a folder of CoNLL files, or data.hub to a dataset")
    path = find_split(root, language, split)
    stat = path.stat()
    return _read_file(path, f"{language}/{split}", encoding, stat.st_mtime_ns, stat.st_size)


def find_split(root: Path, language: str, split: str) -> Path:
    """The file of a split: ``ROOT/<lang>/<split>.txt`` or one of the other usual names.

    Raises:
        CTLError: there is no such folder or file, or more than one.
    """
    if not root.is_dir():
        raise CTLError(f"data.root {root}: no such folder")
    folder = root / language
    if not folder.is_dir():
        folders = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
        close = get_close_matches(language, folders, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise CTLError(f"unknown language {language}: {root} has {', '.join(folders) or 'no folders'}{hint}")
    files = [folder / f"{name}{ext}" for name in SPLITS[split] for ext in EXTENSIONS]
    present = [path for path in files if path.is_file()]
    if not present:
        names = sorted(path.name for path in folder.iterdir())
        raise CTLError(
            f"{folder}: no {split} split (such as {files[0].name}); there is {', '.join(names) or 'nothing'}"
        )
    if len(present) > 1:
        raise CTLError(f"{folder}: which is the {split} split? {', '.join(path.name for path in present)}; keep one")
    return present[0]


@lru_cache(maxsize=256)
def _read_file(path: Path, name: str, encoding: str, mtime: int, size: int) -> Corpus:
    """Stages of one run share what was read; a file that changed is read again."""
    if size < CACHED_FROM:
        return read_conll(path, name, encoding)
    key = (str(path.resolve()), mtime, size, encoding, name)
    return cached(key, lambda folder: read_conll(path, name, encoding, folder))


def _read_hub(dataset: HubDataset, language: str, split: str) -> Corpus:
    """Reads a split of a dataset with its own tag order."""
    part = {
        key: value and value.format(lang=language)
        for key, value in (("name", dataset.name), ("data_dir", dataset.data_dir))
    }
    where = f"{dataset.path} ({', '.join(f'{key} {value}' for key, value in part.items() if value) or language})"
    return _load_hub(dataset, part["name"], part["data_dir"], where, f"{language}/{split}", split)


@lru_cache(maxsize=256)
def _load_hub(
    dataset: HubDataset, config: str | None, data_dir: str | None, where: str, name: str, split: str
) -> Corpus:
    import datasets

    datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(
            dataset.path, config, data_dir=data_dir, revision=dataset.revision, trust_remote_code=False
        )
    except Exception as error:  # whatever the Hub, the network or a file may answer
        raise CTLError(f"dataset {where}: {first_line(error)}") from error
    present = [candidate for candidate in SPLITS[split] if candidate in loaded]
    if not present:
        raise CTLError(f"dataset {where}: no {split} split; there is {', '.join(loaded)}")
    table = loaded[present[0]]
    for column in (dataset.tokens, dataset.tags):
        if column not in table.column_names:
            raise CTLError(f"dataset {where}: no column {column}; there is {', '.join(table.column_names)}")
    sentences = [words for words in table[dataset.tokens] if words]
    classes = getattr(getattr(table.features[dataset.tags], "feature", None), "names", None)
    tags = [classes[tag] if classes else str(tag) for row in table[dataset.tags] for tag in row]
    words = Words.of(str(word) for sentence in sentences for word in sentence)
    if not len(words):
        raise CTLError(f"dataset {where}: its {split} split is empty")
    if len(words) != len(tags):
        raise CTLError(f"dataset {where}: {len(words)} words but {len(tags)} tags in its {split} split")
    offsets = np.cumsum([0, *map(len, sentences)], dtype=np.int64)
    try:
        reading = to_bio2(tags, offsets)
    except UnknownTag as error:
        sentence = int(np.searchsorted(offsets, error.word, side="right")) - 1
        raise CTLError(f"dataset {where}, {split} sentence {sentence}: {error}") from None
    notes = tuple(f"{name}: {note}" for note in reading.notes)
    return Corpus(name, words, offsets, reading.tags, reading.schema, notes)
