"""Teachers of a transfer that others made, taggers and stored labels: what was given, and what it allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ctl.data.soft_labels import stores_at
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.methods import OF_LANGUAGE, OF_TARGET, SEEDS, Method
from ctl.modules.ready.ready_made import kind_of
from ctl.system.console import say
from ctl.system.names import check_languages
from ctl.transfer.teachers.stored import StoredLabels
from ctl.transfer.teachers.tagger import ReadyTagger

EVERY, MULTILINGUAL = "*", "mul"  # a tagger of all languages; `mul` is their code in ISO 639-2
TRAINED = {"adapted", "calibrated", "advpicker"}  # options that train on the labelled data of every source
Given = Mapping[str, str | dict[str, Any]]


def read_taggers(given: Given | None, setting: str) -> dict[str, ReadyTagger]:
    """Reads ``{en: NAME, ja: {model: NAME, type_map: {...}}}``; ``"*"`` is a tagger of all languages.

    Raises:
        CTLError: names the entry that can't be read.
    """
    taggers = {}
    for name, value in (given or {}).items():
        if name == EVERY and setting == "--silver":
            raise CTLError(f"{setting} {name}: {value}: which language does it label? Name that in place of {name}")
        source = source_of(name)
        entry: dict[str, Any] = value if isinstance(value, dict) else {"model": value}
        if not isinstance(entry.get("model"), str) or not entry["model"] or entry.keys() - {"model", "type_map"}:
            raise CTLError(f"{setting} {name}: {value}: give a name, or {{model: NAME, type_map: {{...}}}}")
        if not isinstance(entry.get("type_map", {}), dict):
            raise CTLError(f"{setting} {name}: type_map: names of types are needed, {{PERSON: PER, DATE: null}}")
        taggers[source] = _tagger(source, entry["model"], entry.get("type_map"), f"{setting} {name}")
    check_languages(taggers, setting)
    return taggers


def source_of(name: str) -> str:
    """The source that a name of an entry stands for: itself, but `MULTILINGUAL` for ``"*"``."""
    return MULTILINGUAL if name == EVERY else name


def of_sources(given: Given | None, sources: Sequence[str]) -> Given | None:
    """The entries of these sources; ``None`` where there are none."""
    return {name: entry for name, entry in (given or {}).items() if source_of(name) in sources} or None


def _tagger(source: str, name: str, type_map: dict[str, str | None] | None, entry: str) -> ReadyTagger:
    """Tells stored labels from taggers.

    Raises:
        CTLError: labels are to be renamed, which ``ctl import`` does, or they are to label another text.
    """
    if not stores_at(name):
        try:
            kind_of(name)
        except CTLError as error:
            raise CTLError(f"{entry}: {error}") from error
        return ReadyTagger(source, name, type_map)
    if type_map is not None:
        raise CTLError(f"{entry}: {name} is a soft-label store: `ctl import --data.type_map` renames its types")
    if not entry.startswith("--teachers"):
        raise CTLError(f"{entry}: {name} is a soft-label store, which labels no other text: name it in --teachers")
    return StoredLabels(source, name)


def basic_methods(ready: Mapping[str, ReadyTagger], sources: Sequence[str]) -> list[str] | None:
    """The methods that are scored where none is named; ``None`` for the usual ones.

    Where labels are stored of the train split alone, that is no mixture of all teachers on the test split.
    """
    if not ready:
        return None
    tested = [source for source in sources if source not in ready or "test" in ready[source].splits]
    weightings = ["uniform", "truth"] if len(sources) > 1 else ["uniform"]
    mixed = [f"ensemble:{by}" for by in weightings] if len(tested) == len(sources) > 1 else []
    return [*(f"direct:{source}" for source in tested), *mixed, *(f"student:{by}" for by in weightings)]


def check_methods(methods: Sequence[Method], ready: Mapping[str, ReadyTagger], sources: Sequence[str]) -> None:
    """Refuses methods that train on labelled data of a language that has a ready-made tagger in its place.

    Raises:
        CTLError: names the first.
    """
    for method in methods:
        trains = method.family or method.pools or method.kind in ("pooled", "merged", SEEDS)
        if trains or TRAINED & set(method.options):
            needed = [method.of] if method.kind in OF_LANGUAGE else [] if method.kind in OF_TARGET else sources
            if without := [source for source in needed if source in ready]:
                raise CTLError(
                    f"method {method} trains on labelled data of {', '.join(needed)}, but --teachers names a "
                    f"ready-made tagger for {', '.join(without)}: leave out the method, or the tagger"
                )


def check_taggers(ready: Mapping[str, ReadyTagger], schema: TagSchema, setting: str) -> None:
    """Opens every tagger, so that one that can't be used stops the run before anything is done; says how each is read.

    Raises:
        CTLError: names the tagger.
    """
    for source, given in ready.items():
        if isinstance(given, StoredLabels):
            continue
        kind, name = kind_of(given.tagger)
        try:
            labels = kind(name, schema, given.type_map).labels
        except CTLError as error:
            raise CTLError(f"{setting} {source}: {error}") from error
        say(f"ctl: {source}: {given.tagger}: {labels}")
