"""All languages of a tree and their splits, read as a transfer would read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ctl.arrays import Ints
from ctl.data.corpus import Corpus
from ctl.data.encoding import WordEncoder
from ctl.data.reading.form import SPLITS, Form
from ctl.data.reading.formats import READERS
from ctl.data.reading.splits import find_split, read_split
from ctl.data.survey.how import STEMS, how_it_is_read
from ctl.data.survey.scripts import Shares, scripts
from ctl.data.survey.split import SplitFacts, describe, fingerprints
from ctl.data.survey.subwords import Subwords, count_subwords
from ctl.errors import CTLError, NoGoldError
from ctl.system.console import steps
from ctl.system.names import languages_in

LOOKED_AT = 2000  # sentences of a language whose letters and subwords are counted


@dataclass(frozen=True)
class LanguageFacts:
    """Describes a language of a tree.

    Attributes:
        splits: those that can be read, by their usual names.
        errors: why others can't be read.
        untagged: why the tags of splits can't be read, which are then raw text.
        unread: files whose names are of no split.
        scripts: the shares of the scripts of its letters, the largest first.
        subwords: how a tokenizer cuts its words, where one was named.
    """

    splits: Mapping[str, SplitFacts]
    errors: tuple[str, ...]
    untagged: tuple[str, ...]
    unread: tuple[str, ...]
    scripts: Shares
    subwords: Subwords | None

    @property
    def script(self) -> str:
        """The script of most of its letters, ``latin`` say."""
        return next(iter(self.scripts), "none").lower()

    def is_labelled(self, split: str) -> bool:
        """Tells whether a split is there, with tags and entities."""
        return split in self.splits and self.splits[split].labelled

    @property
    def can_teach(self) -> bool:
        """Tells whether it can be a source of a transfer: teachers learn on one split and are chosen by another."""
        return self.is_labelled("train") and self.is_labelled("validation")

    @property
    def types(self) -> list[str]:
        """The entity types of its train split, or of its other splits where that is raw text."""
        order = (split.entities for split in self.splits.values() if split.labelled)
        return sorted(next(order, None) or ())


def survey(root: Path, form: Form, encoder: WordEncoder | None = None) -> dict[str, LanguageFacts]:
    """Reads all splits of all languages of a tree.

    Args:
        root: the tree.
        form: of its files.
        encoder: with the tokenizer of a backbone; cuts no words where there is none.

    Returns:
        Facts by language; folders without a split or a file of text are no languages.

    Raises:
        CTLError: there is no language in it.
    """
    names = languages_in(root)
    facts = {name: _language(root, name, form, encoder) for name in steps(names, "reading")}
    languages = {name: language for name, language in facts.items() if language.splits or language.errors}
    if not languages:
        raise CTLError(f"{root}: {_no_language(root, names)}")
    return languages


def _no_language(root: Path, folders: Sequence[str]) -> str:
    """Says why a folder is no tree: it is that of a language, say."""
    if any(path.stem in STEMS for path in root.iterdir() if path.is_file()):
        return f"this is the folder of one language: name the folder that it is in, {root.resolve().parent}"
    there = f"none of its folders ({', '.join(folders)}) has a split" if folders else "it has no folders"
    return f"{there}; a split is a file such as {root / 'de' / 'train.txt'}"


def _language(root: Path, name: str, form: Form, encoder: WordEncoder | None) -> LanguageFacts:
    facts: dict[str, SplitFacts] = {}
    seen: dict[str, Ints] = {}
    errors: list[str] = []
    untagged: list[str] = []
    text: Corpus | None = None
    for split in SPLITS:
        corpus, error = _read(root, name, split, form)
        (errors if corpus is None else untagged).extend([error] if error else [])
        if corpus is None:
            continue
        path, sentences = find_split(root, name, split), fingerprints(corpus)
        facts[split] = describe(corpus, str(path), how_it_is_read(path, form), sentences, seen)
        seen[split] = sentences
        text = text or corpus.head(LOOKED_AT)
    return LanguageFacts(
        splits=facts,
        errors=tuple(errors),
        untagged=tuple(untagged),
        unread=tuple(_unread(root / name)),
        scripts=scripts(text.words) if text else {},
        subwords=count_subwords(encoder, text) if text and encoder else None,
    )


class _Read(NamedTuple):
    """A split as far as it could be read, and what went wrong."""

    corpus: Corpus | None
    error: str = ""


def _read(root: Path, language: str, split: str, form: Form) -> _Read:
    """Reads a split; as raw text where its tags can't be read."""
    try:
        return _Read(read_split(language, split, root=root, form=form))
    except NoGoldError:
        return _Read(None)
    except CTLError as error:
        try:
            return _Read(read_split(language, split, root=root, form=form, tags=False), str(error))
        except CTLError:
            return _Read(None, str(error))


def _unread(folder: Path) -> list[str]:
    """Names the files of a form that is read, and of no split."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return [str(path) for path in files if path.suffix in READERS and path.stem not in STEMS]
