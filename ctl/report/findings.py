"""What a study found: the scores of its cells, drawn anew over seeds and sentences, as tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ctl.methods import Method
from ctl.report.statistics import (
    Interval,
    Samples,
    Scaling,
    draw_weights,
    fit_scaling,
    interval,
    over_seeds,
    resampled_f1,
)
from ctl.results import Record, counts_file, read_records
from ctl.system.console import steps

DIRECT = ("best direct", "mean direct", "worst direct")


@dataclass(frozen=True)
class Curve:
    """One method over numbers of sources, all targets together.

    Attributes:
        sizes: numbers of sources (N), rising.
        samples: F1 (R, N), row 0 as observed.
        seconds: training time (N).
    """

    sizes: list[int]
    samples: Samples
    seconds: list[float]

    def at(self, place: int) -> Interval:
        """F1 and its interval at one of the sizes."""
        return interval(self.samples[:, place])


class Findings:
    """The results of a study's cells, as far as there are any.

    Args:
        folder: the study's.
        design: its ``study.json``.
    """

    def __init__(self, folder: Path, design: Mapping[str, Any]) -> None:
        self.folder = folder
        self.design = design
        self.failed: list[tuple[str, str]] = []
        self.missing: list[str] = []
        self._samples: dict[tuple[str, int, str], Samples] = {}
        self.records: list[tuple[dict[str, Any], Record]] = []  # every scored model, with its cell
        self.scores = pd.DataFrame(list(self._read()))

    # Reading

    def _read(self) -> Iterator[dict[str, Any]]:
        for cell in steps(self.design["cells"], "reading cells"):
            folder = self.folder / cell["folder"]
            title = f"{', '.join(cell['sources'])} -> {cell['target']}, seed {cell['seed']}"
            if (folder / "failed.json").exists():
                told = json.loads((folder / "failed.json").read_text(encoding="utf-8"))
                self.failed.append((title, told["error"]))
            elif not (folder / "cell.json").exists():
                self.missing.append(title)
            else:
                yield from self._read_cell(cell, folder)

    def _read_cell(self, cell: dict[str, Any], folder: Path) -> Iterator[dict[str, Any]]:
        records = {record["method"]: record for record in read_records(folder / "results.json")}
        scored = json.loads((folder / "cell.json").read_text(encoding="utf-8"))["methods"]
        where = {"target": cell["target"], "seed": cell["seed"], "sources": len(cell["sources"])}
        for record in records.values():
            self.records.append((cell, record))
        for method, names in scored.items():
            found = [(records[name], self._resample(folder, records[name])) for name in names if name in records]
            for kind in cell["kinds"]:
                if Method.split(method).kind == "direct":
                    yield from ({**where, "kind": kind, **row} for row in _of_direct(method, found))
                elif found:
                    yield {**where, "kind": kind, **_row(method, *found[0])}

    def _resample(self, folder: Path, record: Record) -> Samples:
        key = (record["target"], record["seed"], "+".join(record["sources"]) + record["method"])
        if key not in self._samples:
            counts = np.load(counts_file(folder, record["method"]), allow_pickle=False)
            self._samples[key] = resampled_f1(counts, draw_weights(len(counts)))
        return self._samples[key]

    # Curves

    @property
    def kinds(self) -> list[str]:
        """The kinds of sets, the one that answers come from first."""
        return [kind for kind in MAIN_ORDER if kind in set(self.scores.kind)]

    @property
    def methods(self) -> list[str]:
        """All methods, direct ones first."""
        found = list(dict.fromkeys(self.scores.method))
        return sorted(found, key=lambda method: not is_direct(method))

    @cached_property
    def curves(self) -> dict[tuple[str, str], Curve]:
        """By kind of set and method."""
        return {(kind, m): curve for kind in self.kinds for m in self.methods if (curve := self.curve(kind, m))}

    @cached_property
    def fits(self) -> dict[tuple[str, str], Scaling]:
        """The curves that have enough sizes to be fitted."""
        found = {key: fit_scaling(curve.sizes, curve.samples) for key, curve in self.curves.items()}
        return {key: fit for key, fit in found.items() if fit is not None}

    def curve(self, kind: str, method: str, targets: Sequence[str] | None = None) -> Curve | None:
        """Means over seeds, sets of one size and targets."""
        scores = self.scores[(self.scores.kind == kind) & (self.scores.method == method)]
        if targets is not None:
            scores = scores[scores.target.isin(targets)]
        if scores.empty:
            return None
        by_size = list(scores.groupby("sources"))
        samples = [
            np.mean([self._of_target(part) for _, part in size.groupby("target")], axis=0) for _, size in by_size
        ]
        seconds = [float(size.seconds.mean()) for _, size in by_size]
        return Curve([int(str(n)) for n, _ in by_size], np.stack(samples, axis=-1), seconds)

    def _of_target(self, scores: pd.DataFrame) -> Samples:
        by_seed = {seed: np.mean(np.stack(list(part.samples)), axis=0) for seed, part in scores.groupby("seed")}
        places = [self.design["seeds"].index(seed) for seed in by_seed]
        return over_seeds(list(by_seed.values()), draw_weights(len(self.design["seeds"]), seed=1)[:, places])

    # Tables, each the data of a figure

    def scaling_table(self, targets: Sequence[str] | None = None) -> pd.DataFrame:
        """``kind method sources f1 low high seconds``."""
        rows = []
        for kind, method in self.curves:
            curve = self.curve(kind, method, targets) if targets else self.curves[kind, method]
            for place, size in enumerate(curve.sizes if curve else []):
                assert curve is not None
                found = curve.at(place)
                row = {"kind": kind, "method": method, "sources": size, **_bounds("f1", found)}
                rows.append({**row, "seconds": round(curve.seconds[place], 1)})
        return pd.DataFrame(rows)

    def marginal_table(self) -> pd.DataFrame:
        """What every source more has brought: ``method sources gain low high``, by the curves of the main kind."""
        rows = []
        for (kind, method), curve in self.curves.items():
            if kind != self.kinds[0]:
                continue
            for place in range(1, len(curve.sizes)):
                steps = curve.sizes[place] - curve.sizes[place - 1]
                gain = (curve.samples[:, place] - curve.samples[:, place - 1]) / steps
                row = {"method": method, "sources": curve.sizes[place], **_bounds("gain", interval(gain))}
                rows.append(row)
        return pd.DataFrame(rows)

    def with_most(self) -> pd.DataFrame:
        """The scores of the main kind's largest sets; of direct teachers, the best one's."""
        main: pd.DataFrame = self.scores[self.scores.kind == self.kinds[0]]
        main = main[~main.method.str.startswith(("mean ", "worst "))]
        most: pd.DataFrame = main[main.sources == main.sources.max()]
        return most


def is_direct(curve: str) -> bool:
    """Whether a curve is of direct teachers: ``best direct``, ``mean llm-direct+adapted``."""
    return Method.split(curve.rpartition(" ")[2]).kind == "direct"


def _row(method: str, record: Record, samples: Samples) -> dict[str, Any]:
    kept = {"f1": record["f1"], "seconds": record["train_seconds"], "per_type": record["per_type"]}
    return {"method": method, **kept, "calibration": record.get("calibration"), "samples": samples}


def _of_direct(method: str, found: Sequence[tuple[Record, Samples]]) -> Iterator[dict[str, Any]]:
    """The best, the mean and the worst teacher of a cell, as the target's gold tags tell; all of them cost training."""
    if not found:
        return
    ordered = sorted(found, key=lambda pair: -pair[0]["f1"])
    seconds = sum(record["train_seconds"] for record, _ in found)
    mean = np.mean([samples for _, samples in found], axis=0)
    for name, (record, samples) in zip(DIRECT, (ordered[0], (ordered[0][0], mean), ordered[-1]), strict=True):
        row = _row(name if method == "direct" else f"{name.split()[0]} {method}", record, samples)
        yield {**row, "seconds": seconds, "f1": float(samples[0])}


def _bounds(name: str, found: Interval) -> dict[str, float]:
    return {name: round(found.value, 2), "low": round(found.low, 2), "high": round(found.high, 2)}


MAIN_ORDER = ("nested", "every", "random", "listed")  # which kind of sets answers the question, where there are several
