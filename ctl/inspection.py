"""Soft labels to look at: what each teacher, the mixture and a student say of every word, and where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
import yaml
from jsonargparse import ArgumentParser

from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.data.labels import TagIds, TagSchema
from ctl.data.readers import read_split
from ctl.data.soft_labels import SoftLabelStore
from ctl.errors import CTLError
from ctl.metrics import span_ends
from ctl.modules.base import family_of
from ctl.weighting import read_sentences

Floats = npt.NDArray[np.float32]
Role = Literal["teacher", "mixture", "student"]
ROLES: dict[str, Role] = {"direct": "teacher", "pooled": "teacher", "ensemble": "mixture", "student": "student"}
MEAN = "mean of teachers"


@dataclass(frozen=True)
class Labels:
    """What one labeller says of every word.

    Attributes:
        name: as in results: ``direct:en``, ``ensemble:learned``, ``student:learned``.
        role: teacher, mixture or student.
        probs: distributions (W, C), each summing to one.
        card: what its store says of it.
        weights: a mixture's, of the sources in its card: the text's (1, K), or those of every sentence (S, K).
    """

    name: str
    role: Role
    probs: Floats
    card: Mapping[str, Any]
    weights: Floats | None = None

    @cached_property
    def tags(self) -> TagIds:
        """The most probable tags (W)."""
        return np.asarray(self.probs.argmax(-1))

    @cached_property
    def entropy(self) -> Floats:
        """Entropy of each distribution in nats (W): 0 where it is sure, log C where all tags are equally likely."""
        return entropy(self.probs)


@dataclass(frozen=True)
class Inspection:
    """Soft labels of one text by several labellers, in the order teachers, mixtures, students.

    ``Inspection.open("runs/quickstart")`` reads a run of ``ctl transfer``; `words`, `sentences` and `distributions`
    give data frames, `most` the sentences to look at first.

    Attributes:
        corpus: the text; its tags are gold where that was asked for, else there are none.
        schema: the tags.
        labellers: by name.
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
            split: of the stores below a folder.
            gold: read the gold tags as well. Nothing else in ctl reads those of a target's train split.
            limit: take only the first sentences.
            data: settings of `NERDataModule` in place of those that the runs were made with: ``{"root": ...}``.

        Raises:
            CTLError: there are no stores, they are for different texts, or their text is not to be found.
        """
        stores = _find(paths, split)
        first = stores[0]
        for store in stores:
            if store.manifest["corpus"] != first.manifest["corpus"] or store.schema != first.schema:
                raise CTLError(f"{store.path}: not for the same text and tags as {first.path}; inspect them one by one")
        corpus = _read(first, _data({**saved_data(stores), **(data or {})}), gold)
        found = [_labeller(store, corpus, limit) for store in stores]
        corpus = corpus.head(limit)
        labellers = [labels for role in ("teacher", "mixture", "student") for labels in _of(found, role)]
        return cls(corpus, first.schema, _with_mean(_by_name(labellers)))

    @property
    def teachers(self) -> list[Labels]:
        """Those whose spread is the disagreement."""
        return _of(self.labellers.values(), "teacher")

    @property
    def students(self) -> list[Labels]:
        """Those that were taught by the others."""
        return _of(self.labellers.values(), "student")

    @property
    def answer(self) -> Labels:
        """The labeller to look at where none is named: the first mixture; without one, the student or the teacher."""
        return next(
            found[0] for role in ("mixture", "student", "teacher") if (found := _of(self.labellers.values(), role))
        )

    def __getitem__(self, name: str | None) -> Labels:
        """A labeller by name; `answer` for ``None``."""
        if name is not None and name not in self.labellers:
            raise CTLError(f"no soft labels of {name}: there are those of {', '.join(self.labellers)}")
        return self.answer if name is None else self.labellers[name]

    @cached_property
    def disagreement(self) -> Floats:
        """How far the teachers are apart on each word in nats (W): 0 where they say the same, at most log K."""
        return spread([teacher.probs for teacher in self.teachers])

    def departure(self, student: str | None = None) -> Floats:
        """How far a student is from what taught it in nats (W), at most log 2.

        The Jensen-Shannon divergence from the soft labels it learned from, or, where those are not here, from the mean
        of the teachers.
        """
        if not self.students:
            raise CTLError("no soft labels of a student here: `ctl inspect RUN --students` lets those of a run label")
        chosen = self[student or self.students[0].name]
        return spread([chosen.probs, self._taught_by(chosen)])

    def _taught_by(self, student: Labels) -> Floats:
        method = student.card.get("taught_by", {}).get("method")
        if method in self.labellers:
            return self.labellers[method].probs
        return np.asarray(np.mean([teacher.probs for teacher in self.teachers or [self.answer]], axis=0))

    def weights(self, mixture: str | None = None) -> pd.DataFrame:
        """A mixture's weights of its teachers: one row, or one row a sentence where each has its own."""
        chosen = self[mixture]
        if chosen.weights is None:
            raise CTLError(f"{chosen.name} is no mixture: it has no weights")
        return pd.DataFrame(chosen.weights, columns=self._members(chosen))

    def _members(self, mixture: Labels) -> list[str]:
        """Names of a mixture's teachers in the order of its weights; those that are not here have their numbers."""
        prints, sources = mixture.card.get("teachers", []), mixture.card["sources"]
        by_print = {teacher.card.get("fingerprint"): teacher.name for teacher in self.teachers}
        by_source = {",".join(teacher.card["sources"]): teacher.name for teacher in self.teachers}
        numbered = [f"teacher {number + 1}" for number in range(len(mixture.card["weights"]))]
        found = [by_print.get(one) for one in prints] or [by_source.get(source) for source in sources]
        return [name or number for name, number in zip(found, numbered, strict=False)] if found else numbered

    def words(self, by: str | None = None) -> pd.DataFrame:
        """One row a word: its place, its tag and how sure ``by`` is of it, and how far the labellers are apart."""
        chosen, corpus = self[by], self.corpus
        lengths = np.diff(corpus.offsets)
        frame = pd.DataFrame(
            {
                "sentence": np.repeat(np.arange(len(corpus)), lengths),
                "position": np.arange(len(corpus.words)) - np.repeat(corpus.offsets[:-1], lengths),
                "word": corpus.words,
                "tag": np.array(self.schema.tags)[chosen.tags],
                "probability": chosen.probs.max(-1),
                "entropy": chosen.entropy,
                "disagreement": self.disagreement,
            }
        )
        if self.students:
            frame["departure"] = self.departure(chosen.name if chosen.role == "student" else None)
        if corpus.tags is not None:
            frame["gold"] = np.array(self.schema.tags)[corpus.tags]
            frame["wrong"] = chosen.tags != corpus.tags
        return frame

    def sentences(self, by: str | None = None) -> pd.DataFrame:
        """One row a sentence: its text with entities in brackets, and each measure of its most extreme word."""
        found = self.words(by)
        words = found.groupby("sentence")
        frame = words[[name for name in ("entropy", "disagreement", "departure") if name in found.columns]].max()
        frame.insert(0, "text", self.texts(self[by].tags))
        if self.corpus.tags is not None:
            frame["gold"] = self.texts(self.corpus.tags)
            frame["wrong"] = words["wrong"].sum()
        return frame

    def most(
        self, measure: Literal["entropy", "disagreement", "departure", "wrong"], n: int = 10, by: str | None = None
    ) -> pd.DataFrame:
        """The sentences with most of a measure, and what every labeller says of them.

        Raises:
            CTLError: it can't be had from what is here.
        """
        found = self.sentences(by)
        if measure not in found:
            raise CTLError(f"no {measure} here: it needs {'gold=True' if measure == 'wrong' else 'a student'}")
        chosen = found.sort_values(measure, ascending=False, kind="stable").head(n)
        for name, labeller in self.labellers.items():
            chosen[name] = [self._text(labeller.tags, int(sentence)) for sentence in chosen.index]
        return chosen

    def distributions(self, sentence: int) -> pd.DataFrame:
        """Every labeller's distribution over the tags for every word of a sentence."""
        begin, end = self.corpus.offsets[sentence], self.corpus.offsets[sentence + 1]
        parts = {
            name: pd.DataFrame(labeller.probs[begin:end], columns=list(self.schema.tags)).assign(
                position=range(end - begin), word=self.corpus.words[begin:end]
            )
            for name, labeller in self.labellers.items()
        }
        return pd.concat(parts, names=["labeller"]).set_index(["position", "word"], append=True).droplevel(1)

    def texts(self, tags: TagIds) -> list[str]:
        """All sentences with the entities of these tags (W) in brackets, ``[PER Ada Lovelace] wrote it``."""
        return [self._text(tags, sentence) for sentence in range(len(self.corpus))]

    def _text(self, tags: TagIds, sentence: int) -> str:
        begin, end = self.corpus.offsets[sentence], self.corpus.offsets[sentence + 1]
        return bracketed(self.corpus.words[begin:end], tags[begin:end], self.schema)


def entropy(probs: Floats) -> Floats:
    """Entropy of distributions (..., C) in nats (...)."""
    return np.asarray(-(probs * np.log(np.clip(probs, 1e-12, None))).sum(-1), dtype=np.float32)


def spread(answers: Sequence[Floats]) -> Floats:
    r"""Jensen-Shannon divergence of K distributions in nats, :math:`H(\bar p) - \frac1K \sum_k H(p_k)` (W).

    Lin, IEEE Trans. Inf. Theory 1991 (doi 10.1109/18.61115). No more than log K; zero for one alone.

    Args:
        answers: each (W, C).
    """
    if not answers:
        raise CTLError("no soft labels of teachers here: a disagreement needs some")
    mean = np.asarray(np.mean(answers, axis=0), dtype=np.float32)
    within = np.mean([entropy(answer) for answer in answers], axis=0)
    return np.asarray(np.maximum(entropy(mean) - within, 0), dtype=np.float32)


def bracketed(words: Sequence[str], tags: TagIds, schema: TagSchema) -> str:
    """A sentence with its entities in brackets, by conlleval's rule."""
    ends = span_ends(torch.from_numpy(np.ascontiguousarray(tags)), torch.tensor([len(words)])).tolist()
    parts, closing = [], -1
    for place, (word, end) in enumerate(zip(words, ends, strict=True)):
        opened = f"[{schema.types[(int(tags[place]) - 1) // 2]} " if end >= 0 else ""
        closing = end if end >= 0 else closing
        parts.append(f"{opened}{word}{']' if place + 1 == closing else ''}")
    return " ".join(parts)


# From folders to labellers


def _find(paths: Sequence[str | Path], split: str) -> list[SoftLabelStore]:
    """The stores at or below these paths; a teacher whose answers are there twice, calibrated say, only once."""
    stores: dict[str, SoftLabelStore] = {}
    for path in map(Path, paths):
        below = sorted(path.rglob(f"soft_labels/{split}/manifest.json"), key=lambda file: (len(file.parts), file))
        files = [path] if (path / "manifest.json").is_file() else [file.parent for file in below]
        if not files:
            raise CTLError(f"{path}: no soft labels of the {split} split here or below it; `ctl predict` writes them")
        for store in map(SoftLabelStore, files):
            card = store.manifest["teacher"]
            stores.setdefault(card["fingerprint"] if _role(card) == "teacher" else str(store.path), store)
    return list(stores.values())


def _role(card: Mapping[str, Any]) -> Role:
    _, name = family_of(card["method"])
    return ROLES.get(name.partition(":")[0].partition("+")[0], "teacher")


def _labeller(store: SoftLabelStore, corpus: Corpus, limit: int | None) -> Labels:
    card, weights = store.manifest["teacher"], None
    if "weights" in card:
        own = _sentence_weights(store, corpus)
        weights = np.array([card["weights"]], dtype=np.float32) if own is None else own[:limit]
    return Labels(card["method"], _role(card), store.rows(slice(0, len(corpus.head(limit).words))), card, weights)


def _of(labellers: Any, role: str) -> list[Labels]:  # noqa: ANN401  (any iterable of them)
    return [labeller for labeller in labellers if labeller.role == role]


def _by_name(labellers: Sequence[Labels]) -> dict[str, Labels]:
    """Labellers of one name, from several runs, are numbered."""
    named: dict[str, Labels] = {}
    for labels in labellers:
        same = sum(other.name.partition(" (")[0] == labels.name for other in named.values())
        name = f"{labels.name} ({same + 1})" if same else labels.name
        named[name] = replace(labels, name=name)
    return named


def _with_mean(labellers: dict[str, Labels]) -> dict[str, Labels]:
    """Adds the teachers' mean, where there are several and no mixture of them."""
    teachers = _of(labellers.values(), "teacher")
    if len(teachers) < 2 or _of(labellers.values(), "mixture"):
        return labellers
    sources = [",".join(teacher.card["sources"]) for teacher in teachers]
    weights = np.full((1, len(teachers)), 1 / len(teachers), dtype=np.float32)
    prints = [teacher.card["fingerprint"] for teacher in teachers]
    card = {"method": MEAN, "sources": sources, "teachers": prints, "weights": weights[0].tolist()}
    probs = np.mean([teacher.probs for teacher in teachers], axis=0)
    mean = Labels(MEAN, "mixture", probs, card, weights)
    students = {student.name: student for student in _of(labellers.values(), "student")}
    return {**{teacher.name: teacher for teacher in teachers}, MEAN: mean, **students}


def saved_data(stores: Sequence[SoftLabelStore]) -> dict[str, Any]:
    """The settings of the data module with which the first of these stores was made that has them; none otherwise."""
    for store in stores:
        if config := _config(store):
            return dict(config["data"])
    return {}


def _config(store: SoftLabelStore) -> dict[str, Any]:
    """The configuration of the ``ctl predict`` that wrote a store; empty where there is none."""
    for folder in store.path.absolute().parents[1:3]:  # one higher where it wrote for several teachers
        path = folder / "config.predict.yaml"
        if path.is_file():
            return dict(yaml.safe_load(path.read_text(encoding="utf-8")))
    return {}


def _data(settings: Mapping[str, Any]) -> NERDataModule:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(NERDataModule, "data")
    data: NERDataModule = parser.instantiate_classes(parser.parse_object({"data": dict(settings)})).data
    return data


def _read(store: SoftLabelStore, data: NERDataModule, gold: bool) -> Corpus:
    """The text that a store is for, with its gold tags where they are asked for.

    Raises:
        CTLError: it is not there, or it has other sentences or, asked for gold, no tags.
    """
    language, _, split = store.manifest["corpus"]["name"].rpartition("/")
    root = None if data.root is None else Path(data.root)
    try:
        data.prepare_data()
        corpus = read_split(language, split, root=root, hub=data.hub, encoding=data.encoding).head(data.limit)
    except CTLError as error:
        raise CTLError(
            f"{error}. The sentences of {store.path} are looked for there: --data.root says where else"
        ) from None
    store.check(corpus, store.schema)
    if not gold:
        return corpus.raw()
    if corpus.tags is None:
        raise CTLError(f"{corpus.name} is raw text: there are no gold tags to compare with")
    return corpus.project(store.schema, data.type_map)


def _sentence_weights(store: SoftLabelStore, corpus: Corpus) -> Floats | None:
    """The weights of every sentence (S, K), where a mixture has such, one a language, and their file is still there."""
    card = store.manifest["teacher"]
    weighting = card["method"].partition(":")[2].partition("+")[0]
    given = _config(store).get("model", {}).get("init_args", {}).get("weights")
    by_language = len(card["weights"]) == len(card["sources"])
    if not (weighting.endswith("-sentence") and by_language and given and Path(given).is_file()):
        return None
    return read_sentences(given, weighting.removesuffix("-sentence"), card["sources"], corpus)
