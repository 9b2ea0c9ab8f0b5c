"""Where soft-label stores and their text are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from jsonargparse import ArgumentParser

from ctl.arrays import Floats
from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.data.readers import read_split
from ctl.data.soft_labels import SoftLabelStore
from ctl.errors import CTLError
from ctl.methods import Method
from ctl.weighting import read_sentences

Role = Literal["teacher", "mixture", "student"]

ROLES: dict[str, Role] = {"direct": "teacher", "pooled": "teacher", "ensemble": "mixture", "student": "student"}


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
            identity = store.manifest["teacher"]
            stores.setdefault(identity["fingerprint"] if _role(identity) == "teacher" else str(store.path), store)
    first, *others = stores.values()
    for store in others:
        if store.manifest["corpus"] != first.manifest["corpus"] or store.schema != first.schema:
            raise CTLError(f"{store.path}: not for the same text and tags as {first.path}; inspect them one by one")
    return [first, *others]


def _role(identity: Mapping[str, Any]) -> Role:
    return ROLES.get(Method.split(identity["method"]).kind, "teacher")


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
    identity = store.manifest["teacher"]
    method = Method.split(identity["method"])
    given = _config(store).get("model", {}).get("init_args", {}).get("weights")
    by_language = len(identity["weights"]) == len(identity["sources"])
    if not (method.per_sentence and by_language and given and Path(given).is_file()):
        return None
    return read_sentences(given, method.weighting, identity["sources"], corpus)
