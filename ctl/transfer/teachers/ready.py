"""Ready-made taggers among the teachers of a transfer: what was given, and what it allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.methods import OF_LANGUAGE, SEEDS, Method
from ctl.modules.ready.ready_made import kind_of
from ctl.system.console import say
from ctl.system.names import check_languages

EVERY, MULTILINGUAL = "*", "mul"  # a tagger of all languages; `mul` is their code in ISO 639-2
TRAINED = {"adapted", "calibrated", "advpicker"}  # options that train on the labelled data of every source
Given = Mapping[str, str | dict[str, Any]]


@dataclass(frozen=True)
class ReadyTagger:
    """A tagger as it was asked for.

    Attributes:
        source: its name among the teachers, mostly a language.
        tagger: ``NAME``, a token classifier of `transformers`, or ``KIND:NAME``.
        type_map: other names for its labels or types.
    """

    source: str
    tagger: str
    type_map: dict[str, str | None] | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of `ReadyMade`."""
        given = {"type_map": self.type_map} if self.type_map else {}
        return {"tagger": self.tagger, "source": self.source, **given}

    @property
    def tokenizer(self) -> dict[str, str]:
        """The setting of the data that names its tokenizer, where it has one of its own."""
        kind, name = kind_of(self.tagger)
        return {} if kind.reads_words else {"backbone": name}

    def fingerprint(self) -> str:
        """The fingerprint of its files.

        Raises:
            CTLError: there is no such tagger.
        """
        kind, name = kind_of(self.tagger)
        return kind.fingerprint(name)


def read_taggers(given: Given | None, setting: str) -> dict[str, ReadyTagger]:
    """Reads ``{en: NAME, ja: {model: NAME, type_map: {...}}}``; ``"*"`` is a tagger of all languages.

    Raises:
        CTLError: names the entry that can't be read.
    """
    taggers = {}
    for name, value in (given or {}).items():
        source = MULTILINGUAL if name == EVERY else name
        entry: dict[str, Any] = value if isinstance(value, dict) else {"model": value}
        if not isinstance(entry.get("model"), str) or entry.keys() - {"model", "type_map"}:
            raise CTLError(f"{setting} {name}: {value}: give a name, or {{model: NAME, type_map: {{...}}}}")
        if not isinstance(entry.get("type_map", {}), dict):
            raise CTLError(f"{setting} {name}: type_map: names of types are needed, {{PERSON: PER, DATE: null}}")
        taggers[source] = ReadyTagger(source, entry["model"], entry.get("type_map"))
    check_languages(taggers, setting)
    return taggers


def basic_methods(ready: Mapping[str, ReadyTagger], sources: int) -> list[str] | None:
    """The methods that are scored where none is named, for so many sources; ``None`` for the usual ones."""
    mixed = ["ensemble:uniform", "ensemble:truth", "student:uniform", "student:truth"]
    return ["direct", *(mixed if sources > 1 else ["student:uniform"])] if ready else None


def check_methods(methods: Sequence[Method], ready: Mapping[str, ReadyTagger], sources: Sequence[str]) -> None:
    """Refuses methods that train on labelled data of a language that has a ready-made tagger in its place.

    Raises:
        CTLError: names the first.
    """
    for method in methods:
        trains = method.family or method.pools or method.kind in ("pooled", "merged", SEEDS)
        if trains or TRAINED & set(method.options):
            needed = [method.of] if method.kind in OF_LANGUAGE else [] if method.upper_bound else sources
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
        kind, name = kind_of(given.tagger)
        try:
            labels = kind(name, schema, given.type_map).labels
        except CTLError as error:
            raise CTLError(f"{setting} {source}: {error}") from error
        say(f"ctl: {source}: {given.tagger}: {labels}")
