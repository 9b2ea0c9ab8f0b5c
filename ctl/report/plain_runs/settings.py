"""Settings in which runs differ: the columns that tell the rows of one method apart."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ctl.report.plain_runs.reading import Run
from ctl.results import IDLE, LATER

IDENTITY = ("methods", "sources", "target", "seed", "output")  # what the rows and their runs say anyway
TEXT, RUN = "test text", "run"  # columns that are no options: a fingerprint, a folder
DEFAULT, UNKNOWN = "default", "not recorded"
Setting = Mapping[str, str]  # values as text, by the names of options
Values = tuple[str, ...]  # of the settings that differ, in the order of their names


@dataclass(frozen=True, eq=False)
class Group:
    """The runs of one method on one target that differ in nothing but their seeds.

    Attributes:
        method: its name.
        target: the language.
        settings: the values of the settings that differ; several where they gave the very same models.
        sources: the languages that it learned from; empty for a single teacher, whose name says it.
        runs: one a seed.
    """

    method: str
    target: str
    settings: frozenset[Values]
    sources: str
    runs: tuple[Run, ...]

    def value(self, index: int) -> str:
        """The value of one of the settings, or the values."""
        return ", ".join(sorted({values[index] for values in self.settings}))

    def shares_settings(self, other: Group) -> bool:
        """Tells whether there are settings that both were run with."""
        return bool(self.settings & other.settings)


def group(runs: Sequence[Run]) -> tuple[list[str], list[Group]]:
    """Groups runs that differ in their seeds alone.

    Where nothing recorded tells two models of one seed apart, the name of the folder does.

    Returns:
        The names of the settings that differ, and the groups.
    """
    settings = [recorded(run) for run in runs]
    names = differing(runs, settings)
    groups = _grouped(runs, settings, names)
    if unclear := {(each.target, each.settings) for each in groups if _has_twins(each)}:
        root = os.path.commonpath([run.home for run in runs])
        for index, run in enumerate(runs):
            if (run.record["target"], frozenset({_values(settings[index], names)})) in unclear:
                settings[index] = {**settings[index], RUN: os.path.relpath(run.home, root)}
        names = [*names, RUN]
        groups = _grouped(runs, settings, names)
    return names, list(_merged(groups))


def recorded(run: Run) -> dict[str, str]:
    """The settings of a run, and the fingerprint of the text that it was scored on; empty where its record has none."""
    if not run.transfer:
        return {}
    output = f"{run.transfer.get('output')}/"
    options = {name: str(value).replace(output, "<run>/") for name, value in _flat(run.transfer)}
    text = (run.record["provenance"].get("data") or {}).get(f"{run.record['target']}/test", "")
    return {**{name: value for name, value in options.items() if name not in IDENTITY}, TEXT: str(text)[:8]}


def _flat(settings: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """The settings that were given, by dotted names."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif value is not None:
            yield before + name, ", ".join(map(str, value)) if isinstance(value, list) else value


def differing(runs: Sequence[Run], settings: Sequence[Setting]) -> list[str]:
    """Names the settings in which two runs of one method on one target differ.

    Where their text is the same, settings that say where and how it is read do not count.
    """
    rivals: dict[tuple[str, str], list[Setting]] = defaultdict(list)
    for run, setting in zip(runs, settings, strict=True):
        if setting:
            rivals[run.record["method"], run.record["target"]].append(setting)
    names = dict.fromkeys(name for setting in settings for name in setting)
    differ = [name for name in names if any(len({_value(s, name) for s in some}) > 1 for some in rivals.values())]
    return [name for name in differ if _matters(name, TEXT in differ)]


def _matters(name: str, texts_differ: bool) -> bool:
    """Tells whether a setting can change a result."""
    section, _, entry = name.partition(".")
    idle = IDLE.get(section, IDLE["model"])
    return (section == "data" and texts_differ) or entry.partition(".")[0] not in idle


def _value(setting: Setting, name: str) -> str:
    if name == RUN:
        return setting.get(RUN, "")
    if TEXT not in setting:
        return UNKNOWN
    section, _, entry = name.rpartition(".")
    default = LATER.get(section or "transfer", {}).get(entry)
    return setting.get(name, DEFAULT if default is None else str(default))


def _values(setting: Setting, names: Iterable[str]) -> Values:
    return tuple(_value(setting, name) for name in names)


def _grouped(runs: Sequence[Run], settings: Sequence[Setting], names: Sequence[str]) -> list[Group]:
    groups: dict[tuple[str, str, Values, str], dict[Any, Run]] = defaultdict(dict)
    for run, setting in zip(runs, settings, strict=True):
        sources = "" if run.is_direct else ", ".join(run.record["sources"])
        by_model = groups[run.record["method"], run.record["target"], _values(setting, names), sources]
        by_model.setdefault(run.model, run)  # a model that was scored twice counts once
    return [
        Group(method, target, frozenset({values}), sources, tuple(by_model.values()))
        for (method, target, values, sources), by_model in groups.items()
    ]


def _has_twins(group: Group) -> bool:
    """Tells whether there are two models of one seed."""
    return len({run.record["seed"] for run in group.runs}) < len(group.runs)


def _merged(groups: Iterable[Group]) -> Iterator[Group]:
    """Makes one group of those that hold the very same models: a setting of students, say, changes no teacher."""
    same: dict[Any, list[Group]] = defaultdict(list)
    for each in groups:
        models = frozenset(run.model for run in each.runs)
        known = all(model is not None for _, model in models)
        same[each.method, each.target, each.sources, models if known else each.settings].append(each)
    for first, *others in same.values():
        settings = first.settings.union(*(other.settings for other in others))
        yield Group(first.method, first.target, settings, first.sources, first.runs)
