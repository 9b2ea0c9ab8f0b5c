"""Plain runs side by side: mean and spread over seeds, and paired bootstrap tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pandas as pd

from ctl.errors import CTLError
from ctl.report.statistics import Samples, difference, draw_weights, interval, over_seeds, resampled_f1
from ctl.report.tables import calibration_table, origin
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
                what = record["method"], record["target"], record["seed"]
                other, model = seen.setdefault(what, (path.parent, record["provenance"]["model"]))
                if model != record["provenance"]["model"]:
                    raise CTLError(
                        f"{other} and {path.parent} both have {what[0]} on {what[1]} with seed {what[2]}, but not the "
                        "same model: their settings differ, so one does not repeat the other; report them one by one"
                    )
                if other != path.parent:
                    continue  # the same model, scored twice
                counts = np.load(counts_file(path.parent, record["method"]), allow_pickle=False)
                run = Run(record, resampled_f1(counts, draw_weights(len(counts))))
                runs.setdefault((record["method"], record["target"]), []).append(run)
        if not runs:
            raise CTLError(f"{folder}: no results of `ctl transfer` or `ctl study` in it")
        return cls(runs)

    @property
    def methods(self) -> list[str]:
        """In the order in which they were found."""
        return list(dict.fromkeys(method for method, _ in self.runs))

    @property
    def targets(self) -> list[str]:
        """In the order in which they were found."""
        return list(dict.fromkeys(target for _, target in self.runs))

    def best_direct(self, target: str) -> str | None:
        """The single teacher that does best on the target, as only its gold can tell."""
        scores = {m: mean(self._f1(m, target)) for m, t in self.runs if t == target and m.startswith("direct:")}
        return max(scores, key=lambda method: scores[method], default=None)

    def columns(self) -> list[str]:
        """Headings of `rows`."""
        return [
            "method",
            *(
                heading
                for target in self.targets
                for heading in (
                    f"{target} F1",
                    f"over {BASELINE}",
                    f"over {self.best_direct(target) or 'direct'}",
                )
            ),
        ]

    def rows(self) -> list[list[str]]:
        """Mean and standard deviation over seeds; differences with their 95 % intervals, starred where p < 0.05."""
        return [
            [
                method,
                *(
                    cell
                    for target in self.targets
                    for cell in (
                        self._score(method, target),
                        self._difference(method, BASELINE, target),
                        self._difference(method, self.best_direct(target), target),
                    )
                ),
            ]
            for method in self.methods
        ]

    def _f1(self, method: str, target: str) -> list[float]:
        return [run.record["f1"] for run in self.runs[method, target]]

    def _score(self, method: str, target: str) -> str:
        if (method, target) not in self.runs:
            return "-"
        scores = self._f1(method, target)
        return f"{mean(scores):.1f}" + (f" ± {stdev(scores):.1f}" if len(scores) > 1 else "")

    def _difference(self, method: str, other: str | None, target: str) -> str:
        """Of the seeds that both have, drawn anew together, as their sentences are."""
        ours, theirs = (
            {run.record["seed"]: run.samples for run in self.runs.get((name or "", target), [])}
            for name in (method, other)
        )
        seeds = sorted(set(ours) & set(theirs))
        if method == other or not seeds:
            return ""
        draws = draw_weights(len(seeds), seed=1)
        found = difference(*(over_seeds([samples[seed] for seed in seeds], draws) for samples in (ours, theirs)))
        return f"{found.points:+.1f} [{found.low:+.1f}, {found.high:+.1f}]{'*' if found.p < 0.05 else ''}"

    # Data of the figures

    def scores(self) -> pd.DataFrame:
        """``target method f1 low high``."""
        rows = []
        for (method, target), runs in self.runs.items():
            found = interval(over_seeds([run.samples for run in runs], draw_weights(len(runs), seed=1)))
            rows.append({"target": target, "method": method, "f1": found.value, "low": found.low, "high": found.high})
        return pd.DataFrame(rows).round(2)

    def types(self) -> pd.DataFrame:
        """``method type f1``, means over seeds and targets."""
        rows = [
            {"method": record["method"], "type": kind, "f1": found["f1"]}
            for record in self._records()
            for kind, found in record["per_type"].items()
        ]
        return pd.DataFrame(rows).groupby(["method", "type"], sort=False).f1.mean().round(2).reset_index()

    def calibration(self) -> pd.DataFrame:
        """``method confidence accuracy count ece``, of those runs that have recorded it."""
        return calibration_table([(record["method"], record.get("calibration")) for record in self._records()])

    def provenance(self) -> pd.DataFrame:
        """Where every score comes from."""
        return pd.DataFrame(
            {
                "method": record["method"], "target": record["target"], "seed": record["seed"],
                "sources": "+".join(record["sources"]), "f1": record["f1"],
                "ece": (record.get("calibration") or {}).get("ece"), "train_seconds": record["train_seconds"],
                **origin(record),
            }
            for record in self._records()
        )  # fmt: skip

    def _records(self) -> list[Record]:
        return [run.record for runs in self.runs.values() for run in runs]
