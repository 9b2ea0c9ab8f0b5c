"""Plain runs side by side: mean and spread over seeds, and paired tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ctl.errors import CTLError
from ctl.report.statistics.estimates import LEVEL, holm
from ctl.report.statistics.means import Cell, Mean, Scores, common
from ctl.report.statistics.resampling import Samples, resampled_f1
from ctl.report.tables import bounds, scored_model
from ctl.results import Record, counts_file, read_records
from ctl.system.console import steps

BASELINE = "student:uniform"


@dataclass(frozen=True)
class Run:
    """One run's record, and its F1 as observed and of every draw of sentences (R)."""

    record: Record
    samples: Samples


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
            if not (path.parent / ".lock").exists():
                continue  # a stage of a transfer, whose own results have it too
            for record in read_records(path):
                key = record["method"], record["target"], record["seed"]
                other, model = seen.setdefault(key, (path.parent, record["provenance"]["model"]))
                if model != record["provenance"]["model"]:
                    raise CTLError(
                        f"{other} and {path.parent} both have {key[0]} on {key[1]} with seed {key[2]}, but not the "
                        "same model: their settings differ, so one does not repeat the other; report them one by one"
                    )
                if other != path.parent:
                    continue  # the same model, scored twice
                counts = np.load(counts_file(path.parent, record["method"]), allow_pickle=False)
                run = Run(record, resampled_f1(counts))
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

    def best_direct(self, target: str) -> str | None:
        """The single teacher that does best on the target, as only its gold can tell."""
        scores = {m: np.mean(self._f1(m, t)) for m, t in self.runs if t == target and m.startswith("direct:")}
        return max(scores, key=lambda method: scores[method], default=None)

    def table(self) -> pd.DataFrame:
        """A row a method and target.

        ``method target f1 sd seeds best_direct``, and ``over_baseline`` and ``over_direct``, each with ``_low _high
        _seeds _p _p_holm _shown``: differences from `BASELINE` and from the best direct teacher, over the seeds that
        both have; shown where there are several seeds and p < 0.05 after Holm's correction for all of them.
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

    def _scores(self, method: str | None, target: str) -> Scores:
        """F1 by seed; a method's sources are its own, so cells of two methods are one where target and seed are."""
        runs = self.runs.get((method or "", target), [])
        return {Cell(target, (), run.record["seed"]): run.samples for run in runs}

    def _score(self, method: str, target: str) -> dict[str, Any]:
        scores = self._f1(method, target)
        spread = round(float(np.std(scores, ddof=1)), 2) if len(scores) > 1 else None
        f1 = round(float(np.mean(scores)), 2)
        return {"method": method, "target": target, "f1": f1, "sd": spread, "seeds": len(scores)}

    def _difference(self, name: str, method: str, other: str | None, target: str) -> dict[str, Any]:
        """The difference over the seeds that both have."""
        ours, theirs = common(self._scores(method, target), self._scores(other, target))
        if method == other or not ours:
            return dict.fromkeys([name, *(f"{name}_{column}" for column in ("low", "high", "seeds", "p"))])
        gap = (Mean.of(ours) - Mean.of(theirs)).estimate
        numbers = {name: gap.value, f"{name}_low": gap.low, f"{name}_high": gap.high}
        rounded = {column: round(number, 2) for column, number in numbers.items()}
        return {**rounded, f"{name}_seeds": gap.seeds, f"{name}_p": gap.p}

    # Data of the figures

    def scores(self) -> pd.DataFrame:
        """F1 of every method with its interval: ``target method f1 low high seeds``."""
        rows = []
        for (method, target), runs in self.runs.items():
            estimate = Mean.of(self._scores(method, target)).estimate
            rows.append({"target": target, "method": method, **bounds("f1", estimate), "seeds": len(runs)})
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
