"""Who labelled a text: soft-label stores with what each says of every word, and the text that they are for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import yaml
from jsonargparse import ArgumentParser

from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.data.readers import read_split
from ctl.data.soft_labels import SoftLabelStore
from ctl.data.tags import TagIds
from ctl.errors import CTLError
from ctl.methods import Method
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


def find_stores(paths: Sequence[str | Path], split: str) -> list[SoftLabelStore]:
    """The stores at or below these paths; a teacher whose answers are there twice, calibrated say, only once.

    Raises:
        CTLError: there are none, or they are for different texts.
    """
    stores: dict[str, SoftLabelStore] = {}
    for path in map(Path, paths):
        below = sorted(path.rglob(f"soft_labels/{split}/manifest.json"), key=lambda file: (len(file.parts), file))
        files = [path] if (path / "manifest.json").is_file() else [file.parent for file in below]
        if not files:
            raise CTLError(f"{path}: no soft labels of the {split} split here or below it; `ctl predict` writes them")
        for store in map(SoftLabelStore, files):
            card = store.manifest["teacher"]
            stores.setdefault(card["fingerprint"] if _role(card) == "teacher" else str(store.path), store)
    first, *others = stores.values()
    for store in others:
        if store.manifest["corpus"] != first.manifest["corpus"] or store.schema != first.schema:
            raise CTLError(f"{store.path}: not for the same text and tags as {first.path}; inspect them one by one")
    return [first, *others]


def _role(card: Mapping[str, Any]) -> Role:
    return ROLES.get(Method.split(card["method"]).kind, "teacher")


def read_labellers(stores: Sequence[SoftLabelStore], corpus: Corpus, limit: int | None) -> dict[str, Labels]:
    """By name, in the order teachers, mixtures, students; with the teachers' mean where there is no mixture of them."""
    found = [_labels(store, corpus, limit) for store in stores]
    return _with_mean(_by_name(sorted(found, key=lambda labels: get_args(Role).index(labels.role))))


def _labels(store: SoftLabelStore, corpus: Corpus, limit: int | None) -> Labels:
    card, weights = store.manifest["teacher"], None
    if "weights" in card:
        own = _sentence_weights(store, corpus)
        weights = np.array([card["weights"]], dtype=np.float32) if own is None else own[:limit]
    return Labels(card["method"], _role(card), store.rows(slice(0, len(corpus.head(limit).words))), card, weights)


def of_role(labellers: Iterable[Labels], role: str) -> list[Labels]:
    """Those that have a role."""
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
    teachers = of_role(labellers.values(), "teacher")
    if len(teachers) < 2 or of_role(labellers.values(), "mixture"):
        return labellers
    sources = [",".join(teacher.card["sources"]) for teacher in teachers]
    weights = np.full((1, len(teachers)), 1 / len(teachers), dtype=np.float32)
    prints = [teacher.card["fingerprint"] for teacher in teachers]
    card = {"method": MEAN, "sources": sources, "teachers": prints, "weights": weights[0].tolist()}
    probs = np.mean([teacher.probs for teacher in teachers], axis=0)
    mean = Labels(MEAN, "mixture", probs, card, weights)
    students = {student.name: student for student in of_role(labellers.values(), "student")}
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


def read_text(stores: Sequence[SoftLabelStore], settings: Mapping[str, Any], gold: bool) -> Corpus:
    """The text that stores are for, with its gold tags where they are asked for.

    Args:
        stores: of one text.
        settings: of the data module, in place of those that the stores were made with.
        gold: whether they are asked for.

    Raises:
        CTLError: it is not there, or it has other sentences or, asked for gold, no tags.
    """
    store, data = stores[0], _data({**saved_data(stores), **settings})
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
    method = Method.split(card["method"])
    given = _config(store).get("model", {}).get("init_args", {}).get("weights")
    by_language = len(card["weights"]) == len(card["sources"])
    if not (method.per_sentence and by_language and given and Path(given).is_file()):
        return None
    return read_sentences(given, method.weighting, card["sources"], corpus)
