"""Plain runs side by side: mean and spread over seeds, and paired tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ctl.errors import CTLError
from ctl.methods import OF_LANGUAGE, OF_TARGET, Method, label
from ctl.report.statistics.estimates import LEVEL, holm
from ctl.report.statistics.means import Cell, Mean, widest
from ctl.report.statistics.resampling import Samples, resampled_f1
from ctl.report.tables import bounds, scored_model
from ctl.results import Record, read_counts, read_records
from ctl.system.console import steps
from ctl.thresholds.curve_file import with_curves

BASELINE = "student:uniform"


@dataclass(frozen=True)
class Run:
    """One run's record, and its F1 as observed and of every draw of sentences (R)."""

    record: Record
    samples: Samples

    @property
    def is_direct(self) -> bool:
        """Tells whether a single teacher was scored, or several seeds of one."""
        return Method.split(self.record["method"]).kind in OF_LANGUAGE

    @property
    def languages(self) -> set[str]:
        """The languages of the gold labels that it learned from."""
        method = Method.split(self.record["method"])
        return {method.of} if self.is_direct and method.of else set(self.record["sources"])

    def is_like(self, other: Run) -> bool:
        """Tells whether two runs on a target can be compared: their seeds are the same, and so are their sources.

        Single teachers are compared with one another, and with mixtures of their own and other languages; an upper
        bound, which knows the target, with all, and so is a model of a few labelled sentences of the target.
        """
        if self.record["seed"] != other.record["seed"]:
            return False
        if any(Method.split(run.record["method"]).kind in OF_TARGET for run in (self, other)):
            return True
        if self.is_direct or other.is_direct:
            nested = self.languages <= other.languages or other.languages <= self.languages
            return nested or (self.is_direct and other.is_direct)
        return self.languages == other.languages


def _mean(runs: Iterable[Run]) -> Mean:
    """The mean over runs with different seeds."""
    return Mean.of({Cell("", (), run.record["seed"]): run.samples for run in runs})


@dataclass(frozen=True)
class Comparison:
    """All runs of every method on every target.

    Attributes:
        runs: by method and target.
    """

    runs: dict[tuple[str, str], list[Run]]

    @classmethod
    def read(cls, folder: Path) -> Comparison:
        """Reads every ``results.json`` that a whole transfer left below a folder.

        Raises:
            CTLError: there is none, or two are of the same method, target and seed and not the same model.
        """
        runs: dict[tuple[str, str], list[Run]] = {}
        seen: dict[tuple[str, str, int], tuple[Path, str]] = {}
        for path in steps(sorted(folder.rglob("results.json")), "reading runs"):
            if not any((path.parent / name).exists() for name in (".lock", "results.md")):
                continue  # a stage of a transfer, whose own results have it too
            for record in with_curves(path.parent, read_records(path)):
                key = record["method"], record["target"], record["seed"]
                own = record["provenance"].get("model")
                other, model = seen.setdefault(key, (path.parent, own))
                if model != own:
                    raise CTLError(
                        f"{other} and {path.parent} both have {key[0]} on {key[1]} with seed {key[2]}, but not the "
                        "same model: their settings differ, so one does not repeat the other; report them one by one"
                    )
                if other != path.parent:
                    continue  # the same model, scored twice
                run = Run(record, resampled_f1(read_counts(path.parent, record["method"])))
                runs.setdefault(key[:2], []).append(run)
        if not runs:
            raise CTLError(f"{folder}: no results of `ctl transfer` or `ctl study` in it")
        return cls(runs)

    @property
    def methods(self) -> list[str]:
        """The methods, in the order in which they were found."""
        return list(dict.fromkeys(method for method, _ in self.runs))

    @property
    def targets(self) -> list[str]:
        """The targets, in the order in which they were found."""
        return list(dict.fromkeys(target for _, target in self.runs))

    @property
    def all_runs(self) -> list[Run]:
        """Every run, method by method."""
        return [run for runs in self.runs.values() for run in runs]

    @property
    def alike_runs(self) -> list[Run]:
        """The runs of the targets and seeds that all methods have; where there are none, of those that most have."""
        by_method = {method: self._places(method) for method in self.methods}
        places = frozenset.intersection(*by_method.values()) or widest(list(by_method.values()))
        alike = [method for method, of_one in by_method.items() if places <= of_one]
        runs = [run for run in self.all_runs if run.record["method"] in alike]
        return [run for run in runs if (run.record["target"], run.record["seed"]) in places]

    def _places(self, method: str) -> frozenset[tuple[str, int]]:
        """The targets and seeds of a method."""
        runs = [run.record for run in self.all_runs if run.record["method"] == method]
        return frozenset((record["target"], record["seed"]) for record in runs)

    def best_direct(self, target: str) -> str | None:
        """The single teacher that does best on the target, as only its gold can tell, of those that have most seeds."""
        scores = {
            method: {run.record["seed"]: run.record["f1"] for run in runs}
            for (method, where), runs in self.runs.items()
            if where == target and method.startswith("direct:")
        }
        if not scores:
            return None
        seeds = widest([frozenset(by_seed) for by_seed in scores.values()])
        means = {m: np.mean([by_seed[s] for s in seeds]) for m, by_seed in scores.items() if seeds <= set(by_seed)}
        return max(means, key=lambda method: means[method])

    def table(self) -> pd.DataFrame:
        """A row a method and target.

        ``method target f1 sd seeds best_direct``, and ``over_baseline`` and ``over_direct``, each with ``_low _high
        _seeds _p _p_holm _shown``: differences from `BASELINE` and from the best direct teacher, over the runs that
        are alike; shown where there are several seeds and p < 0.05 after Holm's correction for all of them.
        """
        rows = [
            {
                **self._score(method, target), "best_direct": self.best_direct(target) or "direct",
                **self._difference("over_baseline", method, BASELINE, target),
                **self._difference("over_direct", method, self.best_direct(target), target),
            }
            for method in self.methods
            for target in self.targets
            if (method, target) in self.runs
        ]  # fmt: skip
        return pd.DataFrame(_corrected(rows))

    def _f1(self, method: str, target: str) -> list[float]:
        return [run.record["f1"] for run in self.runs[method, target]]

    def _score(self, method: str, target: str) -> dict[str, Any]:
        scores = self._f1(method, target)
        spread = round(float(np.std(scores, ddof=1)), 2) if len(scores) > 1 else None
        f1 = round(float(np.mean(scores)), 2)
        return {"method": label(method), "target": target, "f1": f1, "sd": spread, "seeds": len(scores)}

    def _difference(self, name: str, method: str, other: str | None, target: str) -> dict[str, Any]:
        """The difference over the runs that are alike: with the same seed and the same sources."""
        ours, theirs = (self.runs.get((each or "", target), []) for each in (method, other))
        pairs = [(a, b) for a in ours for b in theirs if a.is_like(b)]
        if method == other or not pairs:
            return dict.fromkeys([name, *(f"{name}_{column}" for column in ("low", "high", "seeds", "p"))])
        gap = (_mean(run for run, _ in pairs) - _mean(run for _, run in pairs)).estimate
        numbers = {name: gap.value, f"{name}_low": gap.low, f"{name}_high": gap.high}
        rounded = {column: round(number, 2) for column, number in numbers.items()}
        return {**rounded, f"{name}_seeds": gap.seeds, f"{name}_p": gap.p}

    # Data of the figures

    def scores(self) -> pd.DataFrame:
        """F1 of every method with its interval: ``target method f1 low high seeds``."""
        rows = []
        for (method, target), runs in self.runs.items():
            estimate = _mean(runs).estimate
            rows.append({"target": target, "method": label(method), **bounds("f1", estimate), "seeds": len(runs)})
        return pd.DataFrame(rows)

    def provenance(self) -> pd.DataFrame:
        """The origin of every score, a row a scored model."""
        return pd.DataFrame(scored_model(run.record) for run in self.all_runs)


def _corrected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Adds p-values that are corrected for the number of all differences, and whether a difference is shown."""
    tested = [(row, name) for row in rows for name in ("over_baseline", "over_direct") if row[name] is not None]
    for (row, name), p in zip(tested, holm([row[f"{name}_p"] for row, name in tested]), strict=True):
        row[f"{name}_p_holm"] = p
        row[f"{name}_shown"] = p < LEVEL and row[f"{name}_seeds"] > 1
    return rows
