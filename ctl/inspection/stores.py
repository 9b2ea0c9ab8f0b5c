"""Soft-label stores below a folder, and the text that they are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ctl.arrays import Floats
from ctl.data.corpus import Corpus
from ctl.data.reading.form import Form
from ctl.data.reading.hub import HubDataset
from ctl.data.reading.splits import read_split
from ctl.data.soft_labels import SoftLabelStore
from ctl.data.synthetic.family import SyntheticFamily
from ctl.errors import CTLError
from ctl.inspection.settings import Settings, in_run, named_weights, read_settings, root_of, text_name
from ctl.methods import Method
from ctl.mixing.sharpness import keep_heaviest, sharpen
from ctl.weighting import read_sentence_weights

Role = Literal["teacher", "mixture", "student"]
ROLES: dict[str, Role] = {  # of what is no teacher
    "ensemble": "mixture", "seeds": "mixture", "student": "student", "few": "student",
}  # fmt: skip
SILVER = "silver"  # the folder of a run with labels of its sources' text


def find_stores(paths: Sequence[str | Path], split: str) -> list[SoftLabelStore]:
    """Finds the stores at or below these paths; of a teacher that is there twice, calibrated say, only the first.

    Raises:
        CTLError: there are none, or they are for different texts.
    """
    stores: dict[str, SoftLabelStore] = {}
    for path in map(Path, paths):
        for store in map(SoftLabelStore, _folders(path, split)):
            identity = _identity(store)
            stores.setdefault(identity["fingerprint"] if role_of(identity) == "teacher" else str(store.path), store)
    first, *others = stores.values()
    for store in others:
        if store.manifest["corpus"] != first.manifest["corpus"] or store.schema != first.schema:
            raise CTLError(f"{store.path}: not for the same text and tags as {first.path}; inspect them one by one")
    return [first, *others]


def _identity(store: SoftLabelStore) -> dict[str, Any]:
    """The model that wrote a store.

    Raises:
        CTLError: its manifest does not name one.
    """
    identity: dict[str, Any] = store.manifest["teacher"]
    sources, weights = identity.get("sources"), identity.get("weights", [])
    method, mark = identity.get("method"), identity.get("fingerprint")
    named = isinstance(method, str) and (isinstance(mark, str) or role_of(identity) != "teacher")
    lists = isinstance(sources, list) and isinstance(weights, list)
    if not named or not lists or not all(isinstance(weight, int | float) for weight in weights):
        raise CTLError(f"{store.path}: its manifest.json does not say which model wrote it; write it anew")
    return identity


def _folders(path: Path, split: str) -> list[Path]:
    """The folders of stores at or below a path, the least nested first."""
    if (path / "manifest.json").is_file():
        return [path]
    if not path.exists():
        raise CTLError(f"{path}: no such folder")
    manifests = sorted(path.rglob(f"soft_labels/{split}/manifest.json"), key=lambda file: (len(file.parts), file))
    manifests = [file for file in manifests if SILVER not in file.relative_to(path).parts] or manifests
    if not manifests:
        raise CTLError(f"{path}: no soft labels of the {split} split here or below it; `ctl predict` writes them")
    return [manifest.parent for manifest in manifests]


def role_of(identity: Mapping[str, Any]) -> Role:
    """The role of a labeller by its identity; whatever is no mixture and no student is a teacher."""
    return ROLES.get(Method.split(identity["method"]).kind, "teacher")


def read_text(stores: Sequence[SoftLabelStore], settings: Mapping[str, Any], gold: bool) -> Corpus:
    """Reads the text that stores are for, with its gold tags if they are asked for.

    Args:
        stores: of one text.
        settings: of `NERDataModule`, in place of those that the stores were made with.
        gold: whether gold tags are asked for.

    Raises:
        CTLError: the text is not there, or it has other sentences, or gold tags are asked for and it has none.
    """
    store, data = stores[0], {**saved_data(stores), **settings}
    if settings.get("synthetic") and settings.get("root"):  # of the command line; those of a run write nothing
        SyntheticFamily(**settings["synthetic"]).write(Path(settings["root"]))
    try:
        corpus = read_named(store.manifest["corpus"]["name"], data, store.path.absolute().parents[1], tags=gold)
    except CTLError as error:
        raise CTLError(f"the text of {store.path} can't be read ({error}); --data.root says where else") from None
    store.check(corpus, store.schema)
    if not gold:
        return corpus
    if corpus.tags is None:
        raise CTLError(f"{corpus.name} is raw text: there are no gold tags to compare with")
    return corpus.project(store.schema, data.get("type_map"))


def read_named(name: str, data: Mapping[str, Any], stage: Path, tags: bool) -> Corpus:
    """Reads a split, ``de/train``, with settings of the data module in the form that YAML gives them.

    Args:
        name: of the text.
        data: the settings.
        stage: the folder of the stage that has these settings.
        tags: whether its tags are read.

    Raises:
        CTLError: there is no such text.
    """
    language, split = text_name(name, stage)
    hub = {key: HubDataset(**dataset) for key, dataset in (data.get("hub") or {}).items()}
    return read_split(
        language,
        split,
        root=root_of(data, stage),
        hub=hub,
        form=Form.of(data),
        tags=tags,
        limit=data.get("limit"),
        drop_test_duplicates=data.get("drop_test_duplicates", False),
        plain=data.get("plain_text"),
    )


def saved_data(stores: Sequence[SoftLabelStore]) -> Settings:
    """The data module's settings of the first of these stores that has some; an empty mapping if none has."""
    return next((read_settings(path) for store in stores if (path := _config(store)) is not None), {})


def sentence_weights(store: SoftLabelStore, corpus: Corpus) -> Floats | None:
    """The weights of every sentence (S, K), if a mixture has a weight for each language and its file is in the run."""
    identity = store.manifest["teacher"]
    method = Method.split(identity["method"])
    by_language = len(identity["weights"]) == len(identity["sources"])
    config = _config(store)
    name = named_weights(config) if config and method.per_sentence and by_language else None
    path = in_run(name, store.path.absolute().parents[1]) if name else None
    if path is None:
        return None
    weights = read_sentence_weights(path, method.weighting, identity["sources"], corpus)
    weights = sharpen(weights, identity["sharpness"]) if "sharpness" in identity else weights
    return weights if method.top is None else keep_heaviest(weights, method.top)


def _config(store: SoftLabelStore) -> Path | None:
    """The configuration of the ``ctl predict`` that wrote a store, if it is there."""
    folders = store.path.absolute().parents[1:3]  # one higher where it wrote for several teachers
    return next((path for folder in folders if (path := folder / "config.predict.yaml").is_file()), None)
