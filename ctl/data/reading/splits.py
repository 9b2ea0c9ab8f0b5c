"""Readers of a split of a language, a file or a dataset of the Hub; published splits only."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ctl.data.cache import cached
from ctl.data.corpus import Corpus
from ctl.data.reading.form import SPLITS, USUAL, Form
from ctl.data.reading.formats import FOLDER, READERS, reader_of_text
from ctl.data.reading.hub import HubDataset, read_hub
from ctl.data.reading.plain import TEXT, text_files, texts_below
from ctl.errors import CTLError, NoGoldError
from ctl.system.names import language_folder, some

CACHED_FROM = 1 << 16  # bytes of a file
Stamp = tuple[tuple[str, int, int], ...]  # name, time and bytes of files


def read_split(
    language: str,
    split: str,
    *,
    root: Path | None,
    hub: Mapping[str, HubDataset] | None = None,
    form: Form = USUAL,
    tags: bool = True,
    limit: int | None = None,
    drop_test_duplicates: bool = False,
    plain: Mapping[str, str] | None = None,
) -> Corpus:
    """Reads one published split of one language, or a part of it.

    Args:
        language: a folder of ``root``, or a language of ``hub``.
        split: ``train``, ``validation`` or ``test``.
        root: a folder of languages, which are folders of splits.
        hub: datasets by language, ``"*"`` for all others; they go before ``root``.
        form: of files.
        tags: whether tags are read.
        limit: take only the first sentences.
        drop_test_duplicates: of a test split, take only the sentences that do not stand word for word in the train
            split, in all of it.
        plain: files or folders of raw text by language; as a train split without tags they go before all else.

    Raises:
        NoGoldError: there is no such split.
        CTLError: names the file, the line and the remedy.
    """
    if split == "train" and not tags and (path := (plain or {}).get(language)):
        return _read_text(Path(path), f"{language}/train", form).head(limit)
    corpus = _published(language, split, root, hub, form, tags, limit).head(limit)
    if split == "test" and drop_test_duplicates:
        return corpus.without(read_split(language, "train", root=root, hub=hub, form=form, tags=False, plain=plain))
    return corpus


def _published(
    language: str,
    split: str,
    root: Path | None,
    hub: Mapping[str, HubDataset] | None,
    form: Form,
    tags: bool,
    limit: int | None,
) -> Corpus:
    """Reads a split: of plain text of the Hub, which may be endless, its first sentences; otherwise all of it."""
    dataset = (hub or {}).get(language) or (hub or {}).get("*")
    if dataset is not None and not (tags and dataset.text and root):  # a text column has no gold tags
        return read_hub(dataset, language, split, form, tags, limit)
    if root is None:
        raise NoGoldError(f"where is {language}? set data.root to a folder of CoNLL files, or data.hub to a dataset")
    path = find_split(root, language, split)
    if path == root / language:
        return _read_text(path, f"{language}/{split}", form)
    return _read(path, f"{language}/{split}", form, tags, _stamp(path))


def _read_text(path: Path, name: str, form: Form) -> Corpus:
    """Reads raw text from a file of any form, or from a folder of plain text."""
    files = text_files(path)
    stamp = tuple((str(file), stat.st_mtime_ns, stat.st_size) for file in files if (stat := file.stat()))
    return _read(path, name, form, False, stamp, as_text=True)


def find_split(root: Path, language: str, split: str) -> Path:
    """The file of a split: ``ROOT/<lang>/<split>.txt`` or one of the other usual names and endings.

    Where no file has the name of a train split, it is the language's folder, if plain text, ``*.text``, lies in it.

    Raises:
        NoGoldError: there is no folder of the language, or no file.
        CTLError: there is no such root, or more than one file.
    """
    folder = language_folder(root, language)
    files = [folder / f"{name}{ending}" for name in SPLITS[split] for ending in READERS]
    present = [path for path in files if path.is_dir() == (path.suffix == FOLDER) and path.exists()]
    present = [path for path in present if path.suffix != ".txt" or path.with_suffix(".ann") not in present]
    if not present and split == "train" and texts_below(folder, TEXT):
        return folder
    if not present:
        names = sorted(f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir())
        raise NoGoldError(
            f"{folder}: no {split} split (such as {files[0].name}); there is {some(names) or 'nothing'}; endings "
            f"that are read: {' '.join(filter(None, READERS))}"
        )
    if len(present) > 1:
        raise CTLError(f"{folder}: which is the {split} split? {', '.join(path.name for path in present)}; keep one")
    return present[0]


def _stamp(path: Path) -> Stamp:
    """The time of writing and the size of the files of a split."""
    files = sorted(path.iterdir()) if path.is_dir() else [path, *path.parent.glob(f"{path.stem}.txt")]
    return tuple((file.name, stat.st_mtime_ns, stat.st_size) for file in dict.fromkeys(files) if (stat := file.stat()))


@lru_cache(maxsize=256)
def _read(path: Path, name: str, form: Form, tags: bool, stamp: Stamp, as_text: bool = False) -> Corpus:
    """Stages of one run share what was read; a file that changed is read again.

    Args:
        path: the file or the folder.
        name: of the corpus.
        form: of the file.
        tags: whether tags are read.
        stamp: changes with the file.
        as_text: it is raw text, plain where its ending does not say another form.
    """
    read = reader_of_text(path) if as_text else READERS[path.suffix if path.is_file() else FOLDER]
    if sum(size for _, _, size in stamp) < CACHED_FROM:
        return read(path, name, form, tags=tags)
    key = (str(path.resolve()), repr((stamp, form, tags, as_text)), name)
    return cached(key, lambda folder: read(path, name, form, folder, tags))
