"""Soft labels as data frames: what each teacher, the mixture and a student say of every word, where they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ctl.arrays import Floats
from ctl.data.corpus import Corpus
from ctl.data.tags import TagIds, TagSchema, bracketed
from ctl.errors import CTLError
from ctl.inspection.labellers import Labels, divergence, mean_of, of_role, read_labellers, with_mean
from ctl.inspection.marked import marked
from ctl.inspection.mixtures import with_mixtures
from ctl.inspection.stores import find_stores, read_text
from ctl.inspection.weights import members, weights_heard
from ctl.report.drawing import ORANGE
from ctl.system.cells import Html, bar, table

SILENT = "no answer"  # in place of what a labeller says of a word or a sentence on which it says nothing


@dataclass(frozen=True)
class Inspection:
    """Soft labels of one text by several labellers, in the order teachers, mixtures, students.

    ``Inspection.open("runs/quickstart")`` reads a run of ``ctl transfer``; `words`, `sentences` and `distributions`
    give data frames, and `most` gives the sentences to look at first. A word on which a labeller gave no answer counts
    for it in no measure: its tag is ``no answer``, and its numbers are NaN.

    Attributes:
        corpus: the text; it has tags only if gold tags were asked for.
        schema: the entity types and tags.
        labellers: soft labels by the labeller's name.
    """

    corpus: Corpus
    schema: TagSchema
    labellers: dict[str, Labels]

    @classmethod
    def open(
        cls,
        *paths: str | Path,
        split: str = "train",
        gold: bool = False,
        limit: int | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Inspection:
        """Reads stores, and the sentences that they are for.

        Args:
            *paths: soft-label stores, or folders that have some below them: a run of ``ctl transfer``, or one stage.
            split: the split whose stores are looked for below a folder.
            gold: read the gold tags as well. Nothing else in ctl reads gold tags of a target's train split.
            limit: take only so many of the first sentences.
            data: settings of `NERDataModule` in place of those that the runs were made with: ``{"root": ...}``.

        Raises:
            CTLError: there are no stores, they are for different texts, or their text is not to be found.
        """
        stores = find_stores(paths, split)
        corpus = read_text(stores, data or {}, gold)
        labellers = read_labellers(stores, corpus, limit)
        if not of_role(labellers.values(), "mixture"):
            labellers = with_mean(with_mixtures(labellers, paths, split))
        return cls(corpus.head(limit), stores[0].schema, labellers)

    def __repr__(self) -> str:
        return (
            f"<Inspection of {self.corpus.name}: {len(self.corpus):,} sentences, labels of {', '.join(self.labellers)}>"
        )

    def _repr_html_(self) -> str:
        most = float(np.log(len(self.schema)))
        lines = [
            [
                name, labels.role, bar(100 * float((labels.tags > 0)[labels.answered].mean()), 100),
                bar(float(np.nanmean(labels.entropy)), most, ORANGE, 3), self._shown_weights(labels),
            ]
            for name, labels in self.labellers.items()
        ]  # fmt: skip
        headings = ["labels of", "role", "words in entities, %", "mean entropy, nats", "weights"]
        return table(headings, lines, f"{self.corpus.name}, {len(self.corpus):,} sentences")

    def _shown_weights(self, labels: Labels) -> str:
        weights = {} if labels.weights is None else self.weights(labels.name).mean().to_dict()
        return ", ".join(f"{str(name).removeprefix('direct:')} {weight:.2f}" for name, weight in weights.items())

    @property
    def teachers(self) -> list[Labels]:
        """The teachers; their spread is the disagreement."""
        return of_role(self.labellers.values(), "teacher")

    @property
    def students(self) -> list[Labels]:
        """The students, which learned from the others."""
        return of_role(self.labellers.values(), "student")

    @property
    def default(self) -> Labels:
        """The labeller that is taken where none is named: the first mixture, else the first student or teacher."""
        every = self.labellers.values()
        return [*of_role(every, "mixture"), *of_role(every, "student"), *of_role(every, "teacher")][0]

    def __getitem__(self, name: str | None) -> Labels:
        """A labeller by name; `default` for ``None``."""
        if name is not None and name not in self.labellers:
            raise CTLError(f"no soft labels of {name}: there are those of {', '.join(self.labellers)}")
        return self.default if name is None else self.labellers[name]

    @cached_property
    def disagreement(self) -> Floats:
        """The divergence of the teachers on each word in nats (W): 0 where they say the same, at most log K."""
        return divergence(self.teachers)

    def departure(self, student: str | None = None) -> Floats:
        """The divergence of a student from what taught it in nats (W), at most log 2.

        Jensen-Shannon, from the soft labels that the student learned from; if they are not here, from the mean of the
        teachers.

        Raises:
            CTLError: there is no student.
        """
        if not self.students:
            raise CTLError("no soft labels of a student here: `ctl inspect RUN --students` lets those of a run label")
        chosen = self[student or self.students[0].name]
        return divergence([chosen, self._taught_by(chosen)])

    def _taught_by(self, student: Labels) -> Labels:
        method = student.identity.get("taught_by", {}).get("method")
        return self.labellers[method] if method in self.labellers else mean_of(self.teachers or [self.default])

    def weights(self, mixture: str | None = None) -> pd.DataFrame:
        """The weights that a mixture gives its teachers: one row, or one for each sentence if they differ.

        Where a teacher gave no answer the others share its weight, so the weights of sentences differ then.

        Raises:
            CTLError: the labeller is no mixture.
        """
        chosen = self[mixture]
        if chosen.weights is None:
            raise CTLError(f"{chosen.name} is no mixture: it has no weights")
        names = members(chosen, self.teachers)
        labelled = [self.labellers[name].labelled if name in self.labellers else None for name in names]
        return pd.DataFrame(weights_heard(chosen.weights, labelled, self.corpus.offsets), columns=names)

    def words(self, by: str | None = None) -> pd.DataFrame:
        """One row for each word: its position, its tag and probability by one labeller, and all measures."""
        chosen, corpus = self[by], self.corpus
        lengths = np.diff(corpus.offsets)
        frame = pd.DataFrame(
            {
                "sentence": np.repeat(np.arange(len(corpus)), lengths),
                "position": np.arange(len(corpus.words)) - np.repeat(corpus.offsets[:-1], lengths),
                "word": corpus.words,
                "tag": np.where(chosen.answered, np.array(self.schema.tags)[chosen.tags], SILENT),
                "probability": np.where(chosen.answered, chosen.probs.max(-1), np.float32(np.nan)),
                "entropy": chosen.entropy,
                "disagreement": self.disagreement,
            }
        )
        if self.students:
            frame["departure"] = self.departure(chosen.name if chosen.role == "student" else None)
        if corpus.tags is not None:
            frame["gold"] = np.array(self.schema.tags)[corpus.tags]
            frame["wrong"] = chosen.answered & (chosen.tags != corpus.tags)
        return frame

    def sentences(self, by: str | None = None) -> pd.DataFrame:
        """One row for each sentence: its text with entities in brackets, and each measure of its most extreme word."""
        frame = self.words(by)
        words = frame.groupby("sentence")
        frame = words[[name for name in ("entropy", "disagreement", "departure") if name in frame.columns]].max()
        frame.insert(0, "text", [self._says(self[by], sentence) for sentence in range(len(self.corpus))])
        if self.corpus.tags is not None:
            frame["gold"] = self.texts(self.corpus.tags)
            frame["wrong"] = words["wrong"].sum()
        return frame

    def most(
        self, measure: Literal["entropy", "disagreement", "departure", "wrong"], n: int = 10, by: str | None = None
    ) -> pd.DataFrame:
        """The sentences where a measure is highest, and what every labeller says of them.

        Raises:
            CTLError: the measure needs gold tags or a student, and there are none.
        """
        sentences = self.sentences(by)
        if measure not in sentences:
            raise CTLError(f"no {measure} here: it needs {'gold=True' if measure == 'wrong' else 'a student'}")
        chosen = sentences.sort_values(measure, ascending=False, kind="stable").head(n)
        for name, labeller in self.labellers.items():
            chosen[name] = [self._says(labeller, int(sentence)) for sentence in chosen.index]
        return chosen

    def distributions(self, sentence: int) -> pd.DataFrame:
        """Every labeller's distribution over the tags for every word of a sentence."""
        begin, end = self.corpus.offsets[sentence], self.corpus.offsets[sentence + 1]
        parts = {
            name: pd.DataFrame(labeller.rows(slice(begin, end)), columns=list(self.schema.tags)).assign(
                position=range(end - begin), word=self.corpus.words[begin:end]
            )
            for name, labeller in self.labellers.items()
        }
        return pd.concat(parts, names=["labeller"]).set_index(["position", "word"], append=True).droplevel(1)

    def compare(self, sentence: int) -> Html:
        """Shows in a notebook what every labeller says of a sentence, and the gold tags where there are some."""
        text, gold, places = self.corpus.sentence(sentence), self.corpus.tags, self._places(sentence)
        lines = [] if gold is None else [["gold", marked(text, gold[places], self.schema)]]
        for name, labeller in self.labellers.items():
            says = marked(text, labeller.tags[places], self.schema)
            lines.append([name, says if labeller.answered[places].any() else SILENT])
        return table(["labels of", f"sentence {sentence}"], lines)

    def texts(self, tags: TagIds) -> list[str]:
        """All sentences with the entities of these tags (W) in brackets, ``[PER Ada Lovelace] wrote it``."""
        return [self._text(tags, sentence) for sentence in range(len(self.corpus))]

    def _says(self, labeller: Labels, sentence: int) -> str:
        """Shows what a labeller says of a sentence."""
        return self._text(labeller.tags, sentence) if labeller.answered[self._places(sentence)].any() else SILENT

    def _places(self, sentence: int) -> slice:
        """The words of a sentence among those of all."""
        return slice(*self.corpus.offsets[sentence : sentence + 2])

    def _text(self, tags: TagIds, sentence: int) -> str:
        begin, end = self.corpus.offsets[sentence], self.corpus.offsets[sentence + 1]
        return bracketed(self.corpus.words[begin:end], tags[begin:end], self.schema)
