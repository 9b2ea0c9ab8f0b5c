"""Datasets of the Hugging Face Hub to corpora."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, repeat
from typing import Any

from ctl.data.corpus import Corpus
from ctl.data.reading.form import SPLITS, Form
from ctl.data.reading.plain import END_OF_SENTENCE, cut_text
from ctl.data.reading.writer import CorpusWriter
from ctl.errors import CTLError, NoGoldError, first_line


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
        text: in a dataset without words the column of plain text, which is cut as ``ctl tag`` cuts it.
    """

    path: str
    name: str | None = None
    data_dir: str | None = None
    revision: str | None = None
    tokens: str = "tokens"
    tags: str = "ner_tags"
    text: str | None = None


def read_hub(
    dataset: HubDataset, language: str, split: str, form: Form, tags: bool, limit: int | None = None
) -> Corpus:
    """Reads a split of a dataset with its own tag order.

    Args:
        dataset: the dataset.
        language: what ``{lang}`` stands for.
        split: ``train``, ``validation`` or ``test``.
        form: how words are written.
        tags: whether tags are read.
        limit: the sentences after which plain text is not read on.

    Raises:
        NoGoldError: it has no such split, or no tags.
        CTLError: names the dataset and what is wrong.
    """
    path = dataset.path.format(lang=language)
    name, data_dir = (value and value.format(lang=language) for value in (dataset.name, dataset.data_dir))
    parts = [f"{key} {value}" for key, value in (("name", name), ("data_dir", data_dir)) if value]
    where = f"dataset {path} ({', '.join(parts) or language})"
    dataset = replace(dataset, path=path, name=name, data_dir=data_dir)
    if dataset.text is None:
        return _load(dataset, where, f"{language}/{split}", form, tags)
    if tags:
        raise NoGoldError(f"{where}: its column {dataset.text} is plain text, without tags")
    return _load_text(dataset, dataset.text, where, f"{language}/{split}", form, limit)


@lru_cache(maxsize=256)
def _load(dataset: HubDataset, where: str, name: str, form: Form, tags: bool) -> Corpus:
    split = name.rpartition("/")[2]
    table = _table(dataset, where, split)
    for column in (dataset.tokens, dataset.tags)[: 1 + tags]:
        if column not in table.column_names:
            raise CTLError(f"{where}: no column {column}; there is {', '.join(table.column_names)}")
    writer = CorpusWriter(name, form, None)
    rows = zip(table[dataset.tokens], _tags(table, dataset.tags) if tags else repeat(None), strict=False)
    for number, (words, their_tags) in enumerate(rows):
        if their_tags is not None and len(words) != len(their_tags):
            raise CTLError(f"{where}, {split} sentence {number}: {len(words)} words but {len(their_tags)} tags")
        if words:
            writer.add(list(map(str, words)), their_tags, f"{where}, {split} sentence {number}")
    return writer.close(f"{where}, {split} split")


@lru_cache(maxsize=256)
def _load_text(dataset: HubDataset, column: str, where: str, name: str, form: Form, limit: int | None) -> Corpus:
    """Reads a column of plain text, or its first sentences."""
    split = name.rpartition("/")[2]
    table = _table(dataset, where, split)
    if column not in table.column_names:
        raise CTLError(f"{where}: no column {column}; there is {', '.join(table.column_names)}")
    writer = CorpusWriter(name, form, None, sentence_end=END_OF_SENTENCE)
    for words, place in islice(_sentences(table[column], column, f"{where}, {split}"), limit):
        writer.add(words, None, place)
    return writer.close(f"{where}, {split} split")


def _sentences(texts: Iterable[object], column: str, where: str) -> Iterator[tuple[list[str], str]]:
    """Cuts the texts of a column into sentences, each with its place for messages.

    Raises:
        CTLError: names a row that holds no text.
    """
    for number, text in enumerate(texts):
        place = f"{where} text {number}"
        if not isinstance(text, str):
            raise CTLError(f"{place}: column {column} holds {text!r:.40}, which is no text")
        for words in cut_text(text, place):
            yield words, place


def _table(dataset: HubDataset, where: str, split: str) -> Any:  # noqa: ANN401  (of `datasets`, which is untyped)
    """Loads the table of a split."""
    import datasets

    datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(
            dataset.path,
            dataset.name,
            data_dir=dataset.data_dir,
            revision=dataset.revision,
            trust_remote_code=False,
        )
    except Exception as error:  # whatever the Hub, the network or a file may answer
        raise CTLError(f"{where}: {first_line(error)}") from error
    present = [candidate for candidate in SPLITS[split] if candidate in loaded]
    if not present:
        raise NoGoldError(f"{where}: no {split} split; there is {', '.join(loaded)}")
    return loaded[present[0]]


def _tags(table: Any, column: str) -> Iterator[list[str]]:  # noqa: ANN401
    """The tags of every sentence as text."""
    classes = getattr(getattr(table.features[column], "feature", None), "names", None)
    for row in table[column]:
        yield [classes[tag] if classes else str(tag) for tag in row]
