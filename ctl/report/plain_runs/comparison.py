"""Plain runs side by side: mean and spread over seeds, and paired tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ctl.methods import Method, label
from ctl.report.contenders import Contender
from ctl.report.plain_runs.reading import Run
from ctl.report.plain_runs.settings import Group, group
from ctl.report.statistics.estimates import LEVEL, Estimate, bounds, holm
from ctl.report.statistics.means import Cell, Mean, Scores, widest
from ctl.report.tables import scored_model

BASELINE = "student:uniform"
SOURCES = "sources"  # the column of the languages that a method learned from, where they differ


def mean_of(runs: Iterable[Run]) -> Mean:
    """The mean over runs with different seeds."""
    return Mean.of(scores_of(runs))


def scores_of(runs: Iterable[Run]) -> Scores:
    """F1 of runs on one target by their seed."""
    return {Cell("", (), run.record["seed"]): run.samples for run in runs}


@dataclass(frozen=True)
class Comparison:
    """All runs of every method, under all settings, on every target.

    Attributes:
        settings: the names of the settings that differ, each a column.
        groups: the runs that differ in their seeds alone.
    """

    settings: list[str]
    groups: list[Group]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Comparison:
        """Groups runs, in the order in which their methods and targets were found."""
        names, groups = group(runs)
        methods = list(dict.fromkeys(each.method for each in groups))
        return cls(names, sorted(groups, key=lambda each: methods.index(each.method)))

    @property
    def methods(self) -> list[str]:
        """The methods, in the order in which they were found."""
        return list(dict.fromkeys(each.method for each in self.groups))

    @property
    def targets(self) -> list[str]:
        """The targets, in the order in which they were found."""
        return list(dict.fromkeys(each.target for each in self.groups))

    @property
    def all_runs(self) -> list[Run]:
        """Every run, method by method."""
        return [run for each in self.groups for run in each.runs]

    @property
    def sources_differ(self) -> bool:
        """Tells whether a method was run on one target with different sources."""
        return any(len({other.sources for other in self.rivals_in_settings(each)}) > 1 for each in self.groups)

    def rivals_in_settings(self, group: Group) -> list[Group]:
        """The groups of the same method and target, itself among them."""
        return [each for each in self.groups if (each.method, each.target) == (group.method, group.target)]

    def contender(self, group: Group) -> Contender:
        """The name of a group: its method, and what tells it from other groups of this method and target."""
        rivals = self.rivals_in_settings(group)
        columns = {name: {each.value(index) for each in rivals} for index, name in enumerate(self.settings)}
        parts = [f"{name} {group.value(i)}" for i, name in enumerate(self.settings) if len(columns[name]) > 1]
        parts += [f"of {group.sources}"] if len({each.sources for each in rivals}) > 1 else []
        parts += [f"silver {', '.join(silver)}"] if (silver := group.runs[0].record.get("silver")) else []
        return Contender(Method.split(group.method), under=", ".join(parts))

    @property
    def alike(self) -> list[tuple[str, Run]]:
        """Names and runs of the targets and seeds that all have; where there are none, of those that most have."""
        by_name: dict[str, dict[tuple[str, int], Run]] = {}
        for each in self.groups:
            places = {(run.record["target"], run.record["seed"]): run for run in each.runs}
            by_name.setdefault(str(self.contender(each)), {}).update(places)
        sets = [frozenset(runs) for runs in by_name.values()]
        shared = frozenset.intersection(*sets) or widest(sets)
        alike = {name: runs for name, runs in by_name.items() if shared <= set(runs)}
        return [(name, run) for name, runs in alike.items() for place, run in runs.items() if place in shared]

    def best_direct(self, group: Group) -> str | None:
        """The single teacher that does best on a group's target under its settings, as only the target's gold can tell.

        The best is of those that have most seeds.
        """
        scores = {
            each.method: {run.record["seed"]: run.record["f1"] for run in each.runs}
            for each in self._under_settings_of(group)
            if each.method.startswith("direct:")
        }
        if not scores:
            return None
        seeds = widest([frozenset(by_seed) for by_seed in scores.values()])
        means = {m: np.mean([by_seed[s] for s in seeds]) for m, by_seed in scores.items() if seeds <= set(by_seed)}
        return max(means, key=lambda method: means[method])

    def _under_settings_of(self, group: Group) -> list[Group]:
        return [each for each in self.groups if each.target == group.target and each.shares_settings(group)]

    def table(self) -> pd.DataFrame:
        """A row a group: ``method``, the settings that differ, ``target f1 sd seeds best_direct``.

        And ``over_baseline`` and ``over_direct``, each with ``_low _high _seeds _p _p_holm _shown``: differences from
        `BASELINE` and from the best direct teacher, over the runs that are alike and of the same settings; shown where
        there are several seeds and p < 0.05 after Holm's correction for all of them.
        """
        rows = [
            {
                **self._names(each), **_score(each), "best_direct": self.best_direct(each) or "direct",
                **self._difference("over_baseline", each, BASELINE),
                **self._difference("over_direct", each, self.best_direct(each)),
            }
            for each in self.groups
        ]  # fmt: skip
        return pd.DataFrame(_corrected(rows))

    def _names(self, group: Group) -> dict[str, str]:
        sources = {SOURCES: group.sources} if self.sources_differ else {}
        settings = {name: group.value(index) for index, name in enumerate(self.settings)}
        return {"method": label(group.method), **sources, **settings, "target": group.target}

    def _difference(self, name: str, group: Group, other: str | None) -> dict[str, Any]:
        """The difference from another method, over the runs that are alike: of one seed, and of the same sources."""
        theirs = [each for each in self._under_settings_of(group) if each.method == other]
        pairs = [(a, b) for a in group.runs for each in theirs for b in each.runs if a.is_like(b)]
        if group.method == other or not pairs:
            return dict.fromkeys([name, *(f"{name}_{column}" for column in ("low", "high", "seeds", "p"))])
        gap = difference(pairs)
        numbers = {name: gap.value, f"{name}_low": gap.low, f"{name}_high": gap.high}
        rounded = {column: round(number, 2) for column, number in numbers.items()}
        return {**rounded, f"{name}_seeds": gap.seeds, f"{name}_p": gap.p}

    # One setting against another

    def settings_table(self) -> pd.DataFrame:
        """Each method under other settings than in its first group on a target, run with the same seeds.

        ``method target under against points low high p p_holm seeds``; empty where no settings differ.
        """
        gaps = {
            (first, each): difference(pairs)
            for first, each in self._first_and_others()
            if (pairs := [(a, b) for a in each.runs for b in first.runs if a.record["seed"] == b.record["seed"]])
        }
        corrected = holm([gap.p for gap in gaps.values()])
        return pd.DataFrame(
            {
                "method": label(first.method), "target": first.target, "under": self.contender(each).under,
                "against": self.contender(first).under, **bounds("points", gap), "p": float(f"{gap.p:.4g}"),
                "p_holm": float(f"{p:.4g}"), "seeds": gap.seeds,
            }
            for ((first, each), gap), p in zip(gaps.items(), corrected, strict=True)
        )  # fmt: skip

    def _first_and_others(self) -> Iterator[tuple[Group, Group]]:
        """The first group of each method and target, with each of its others."""
        for each in self.groups:
            first, *_ = self.rivals_in_settings(each)
            if each is not first:
                yield first, each

    # Data of the figures

    def scores(self) -> pd.DataFrame:
        """F1 of every group with its interval: ``target method f1 low high seeds``."""
        return pd.DataFrame(
            {
                "target": each.target, "method": str(self.contender(each)),
                **bounds("f1", mean_of(each.runs).estimate), "seeds": len(each.runs),
            }
            for each in self.groups
        )  # fmt: skip

    def provenance(self) -> pd.DataFrame:
        """The origin of every score, a row a scored model."""
        return pd.DataFrame({**scored_model(run.record), "folder": str(run.home)} for run in self.all_runs)


def difference(pairs: Sequence[tuple[Run, Run]]) -> Estimate:
    """The mean of the first runs over that of the others."""
    return (mean_of(run for run, _ in pairs) - mean_of(run for _, run in pairs)).estimate


def _score(group: Group) -> dict[str, Any]:
    scores = [run.record["f1"] for run in group.runs]
    spread = round(float(np.std(scores, ddof=1)), 2) if len(scores) > 1 else None
    return {"f1": round(float(np.mean(scores)), 2), "sd": spread, "seeds": len(scores)}


def _corrected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Adds p-values that are corrected for the number of all differences, and whether a difference is shown."""
    tested = [(row, name) for row in rows for name in ("over_baseline", "over_direct") if row[name] is not None]
    for (row, name), p in zip(tested, holm([row[f"{name}_p"] for row, name in tested]), strict=True):
        row[f"{name}_p_holm"] = p
        row[f"{name}_shown"] = p < LEVEL and row[f"{name}_seeds"] > 1
    return rows
