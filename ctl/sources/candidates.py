"""Candidate sources of a target, and all measures of how well they may transfer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ctl.data.corpus import Corpus
from ctl.data.reading.form import USUAL, Form
from ctl.data.reading.splits import find_split, read_split
from ctl.data.survey.scripts import Shares, scripts
from ctl.errors import CTLError
from ctl.sources.text import overlap, script_overlap
from ctl.system.console import say
from ctl.system.names import languages_in

WORDS = 20_000  # of each text whose subwords are compared, at most
Measures = dict[str, dict[str, float]]  # by measure and source; more is better


@dataclass(frozen=True)
class Texts:
    """Holds where the text of languages is, and how much of it is read.

    Attributes:
        root: a CoNLL tree.
        target: the language to be tagged.
        sources: the candidates.
        backbone: Hub name or folder.
        sentences: of each language, at most.
        form: of files.
    """

    root: Path
    target: str
    sources: Sequence[str]
    backbone: str
    sentences: int
    form: Form = USUAL

    @classmethod
    def find(cls, root: Path, target: str, sources: Sequence[str] | None, **settings: Any) -> Texts:  # noqa: ANN401
        """Finds the candidates: those that are named, or all languages of the tree that have a train split.

        Raises:
            CTLError: the target or a named source is not there, or there are fewer than two candidates.
        """
        find_split(root, target, "train")
        if sources is None:
            sources = [name for name in languages_in(root) if name != target and _has_train(root, name)]
        else:
            for source in sources:
                find_split(root, source, "train")
        if target in sources or len(set(sources)) < len(sources):
            raise CTLError(f"--sources {list(sources)}: name each language once, and not the target {target}")
        if len(sources) < 2:
            here = ", ".join(sources) or "none"
            raise CTLError(f"ranking sources for {target} needs two or more with a train split in {root}, not {here}")
        return cls(root, target, sources, **settings)

    @property
    def languages(self) -> list[str]:
        """The candidates and the target."""
        return [*self.sources, self.target]

    def measure(self, seed: int = 0) -> Measures:
        """Measures all candidates by raw text: everything in `ctl.sources.text.MEASURES`; no tag is read.

        Raises:
            CTLError: a text or the backbone can't be used.
        """
        from ctl.sources.models import RawSources, subwords, weigh

        data = RawSources(
            sources=list(self.sources), target=self.target, root=str(self.root), backbone=self.backbone,
            limit=self.sentences, **asdict(self.form),
        )  # fmt: skip
        say(f"reading {', '.join(self.languages)}")
        texts = {language: data.raw_text(language, "train") for language in self.languages}
        least = min(WORDS, *(len(text.words) for text in texts.values()))
        pieces = subwords(data, self.languages, least)
        say(f"asking {self.backbone} about {len(self.languages)} languages, {self.sentences:,} sentences of each")
        weights: Measures = weigh(data, seed)
        of, shares = self.target, self.shares
        return weights | {
            "subwords": {source: round(overlap(pieces[source], pieces[of]), 4) for source in self.sources},
            "script": {source: round(script_overlap(shares[source], shares[of]), 4) for source in self.sources},
            "size": {source: float(self.size(source)) for source in self.sources},
        }

    def size(self, language: str) -> int:
        """The number of sentences of a train split, all of it."""
        return len(self._read(language))

    @cached_property
    def shares(self) -> dict[str, Shares]:
        """The scripts of every language's text."""
        return {language: scripts(self._read(language, self.sentences).words) for language in self.languages}

    def script(self, language: str) -> str:
        """The script of most letters of a text, ``latin`` say."""
        return next(iter(self.shares[language]), "none").lower()

    def _read(self, language: str, limit: int | None = None) -> Corpus:
        return read_split(language, "train", root=self.root, form=self.form, tags=False, limit=limit)


def ordered(measures: Measures, by: str) -> list[str]:
    """The candidates by a measure, the best first; of equal ones those that come first are first."""
    values: Mapping[str, float] = measures[by]
    return sorted(values, key=lambda source: -values[source])


def _has_train(root: Path, language: str) -> bool:
    try:
        find_split(root, language, "train")
    except CTLError:
        return False
    return True
