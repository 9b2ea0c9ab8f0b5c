"""Reads the cells of a study, and holds their scores as curves over the number of sources."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ctl.methods import Method
from ctl.report.contenders import PICKS, Contender, CurveKey
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
from ctl.results import CELL, FAILED, Record, counts_file, read_records
from ctl.system.console import steps

MAIN_ORDER = ("nested", "every", "random", "listed")  # which kind of sets answers the question, where there are several


class Cell(NamedTuple):
    """One transfer of a study."""

    target: str
    sources: tuple[str, ...]
    seed: int

    def __str__(self) -> str:
        return f"{', '.join(self.sources)} -> {self.target}, seed {self.seed}"


@dataclass(frozen=True)
class Score:
    """The score of one contender in one cell.

    Attributes:
        contender: what was scored.
        cell: where.
        kinds: how the cell's set of sources was chosen; one set may be of several kinds.
        samples: F1 (R), row 0 as observed, the others on other draws of test sentences.
        seconds: time of training, all teachers included.
        record: the result record; for the mean of the direct teachers, that of the best.
    """

    contender: Contender
    cell: Cell
    kinds: tuple[str, ...]
    samples: Samples
    seconds: float
    record: Record


@dataclass(frozen=True)
class Curve:
    """One contender's F1 over numbers of sources, all targets together.

    Attributes:
        sizes: numbers of sources (N), rising.
        samples: F1 (R, N), row 0 as observed.
        seconds: training time (N).
    """

    sizes: list[int]
    samples: Samples
    seconds: list[float]

    def at(self, index: int) -> Interval:
        """F1 and its interval at one of the sizes."""
        return interval(self.samples[:, index])


class Findings:
    """The results of a study's cells, as far as there are any.

    Args:
        folder: the study's folder.
        design: the contents of its ``study.json``.
    """

    def __init__(self, folder: Path, design: Mapping[str, Any]) -> None:
        self.folder = folder
        self.design = design
        self.failed: list[tuple[str, str]] = []
        self.missing: list[str] = []
        self._samples: dict[tuple[str, int, str], Samples] = {}
        self.records: list[tuple[dict[str, Any], Record]] = []  # every scored model, with its cell
        self.scores = list(self._read())

    # Reading

    def _read(self) -> Iterator[Score]:
        for entry in steps(self.design["cells"], "reading cells"):
            folder = self.folder / entry["folder"]
            cell = Cell(entry["target"], tuple(entry["sources"]), entry["seed"])
            if (folder / FAILED).exists():
                failure = json.loads((folder / FAILED).read_text(encoding="utf-8"))
                self.failed.append((str(cell), failure["error"]))
            elif not (folder / CELL).exists():
                self.missing.append(str(cell))
            else:
                yield from self._read_cell(cell, entry, folder)

    def _read_cell(self, cell: Cell, entry: dict[str, Any], folder: Path) -> Iterator[Score]:
        records = {record["method"]: record for record in read_records(folder / "results.json")}
        scored = json.loads((folder / CELL).read_text(encoding="utf-8"))["methods"]
        self.records += [(entry, record) for record in records.values()]
        kinds = tuple(entry["kinds"])
        for name, methods in scored.items():
            models = [(records[m], self._resample(folder, records[m])) for m in methods if m in records]
            method = Method.split(name)
            if not models:
                continue
            if method.kind == "direct":
                yield from _picks(method, cell, kinds, models)
            else:
                record, samples = models[0]
                yield Score(Contender(method), cell, kinds, samples, record["train_seconds"], record)

    def _resample(self, folder: Path, record: Record) -> Samples:
        key = (record["target"], record["seed"], "+".join(record["sources"]) + record["method"])
        if key not in self._samples:
            counts = np.load(counts_file(folder, record["method"]), allow_pickle=False)
            self._samples[key] = resampled_f1(counts, draw_weights(len(counts)))
        return self._samples[key]

    # Curves

    @cached_property
    def _by_key(self) -> dict[CurveKey, list[Score]]:
        by_key: dict[CurveKey, list[Score]] = defaultdict(list)
        for score in self.scores:
            for kind in score.kinds:
                by_key[CurveKey(kind, score.contender)].append(score)
        return by_key

    @cached_property
    def kinds(self) -> list[str]:
        """The kinds of sets of sources, the one that conclusions come from first."""
        present = {kind for score in self.scores for kind in score.kinds}
        return [kind for kind in MAIN_ORDER if kind in present]

    @cached_property
    def contenders(self) -> list[Contender]:
        """All contenders, direct transfer first."""
        return sorted(dict.fromkeys(score.contender for score in self.scores), key=lambda one: not one.is_direct)

    @cached_property
    def curves(self) -> dict[CurveKey, Curve]:
        """The curve of every contender on every kind of sets."""
        return self.curves_on(None)

    def curves_on(self, targets: Sequence[str] | None) -> dict[CurveKey, Curve]:
        """The curves on some of the targets, or on all."""
        keys = [CurveKey(kind, contender) for kind in self.kinds for contender in self.contenders]
        return {key: curve for key in keys if (curve := self._curve(key, targets))}

    @property
    def main_curves(self) -> dict[Contender, Curve]:
        """The curves on the main kind of sets."""
        return {key.contender: curve for key, curve in self.curves.items() if key.sets == self.kinds[0]}

    @cached_property
    def fits(self) -> dict[CurveKey, Scaling]:
        """The curves that have enough sizes to be fitted."""
        fits = {key: fit_scaling(curve.sizes, curve.samples) for key, curve in self.curves.items()}
        return {key: fit for key, fit in fits.items() if fit is not None}

    def _curve(self, key: CurveKey, targets: Sequence[str] | None) -> Curve | None:
        """Means over seeds, sets of one size and targets."""
        by_size: dict[int, list[Score]] = defaultdict(list)
        for score in self._by_key[key]:
            if targets is None or score.cell.target in targets:
                by_size[len(score.cell.sources)].append(score)
        if not by_size:
            return None
        sizes = sorted(by_size)
        samples = np.stack([self._over_targets(by_size[size]) for size in sizes], axis=-1)
        return Curve(sizes, samples, [float(np.mean([s.seconds for s in by_size[size]])) for size in sizes])

    def _over_targets(self, scores: Sequence[Score]) -> Samples:
        by_target: dict[str, list[Score]] = defaultdict(list)
        for score in scores:
            by_target[score.cell.target].append(score)
        return np.asarray(np.mean([self._over_seeds(part) for part in by_target.values()], axis=0))

    def _over_seeds(self, scores: Sequence[Score]) -> Samples:
        by_seed: dict[int, list[Samples]] = defaultdict(list)
        for score in scores:
            by_seed[score.cell.seed].append(score.samples)
        columns = [self.design["seeds"].index(seed) for seed in by_seed]
        means = [np.asarray(np.mean(samples, axis=0)) for samples in by_seed.values()]
        return over_seeds(means, draw_weights(len(self.design["seeds"]), seed=1)[:, columns])

    # Tables, each the data of a figure

    def scaling_table(self, targets: Sequence[str] | None = None) -> pd.DataFrame:
        """``sets method sources f1 low high seconds``."""
        return pd.DataFrame(
            {
                "sets": key.sets, "method": str(key.contender), "sources": size,
                **bounds("f1", curve.at(index)), "seconds": round(curve.seconds[index], 1),
            }
            for key, curve in (self.curves_on(targets) if targets else self.curves).items()
            for index, size in enumerate(curve.sizes)
        )  # fmt: skip

    def marginal_table(self) -> pd.DataFrame:
        """The gain of every source more, by the curves of the main kind: ``method sources gain low high``."""
        rows = []
        for contender, curve in self.main_curves.items():
            gains = np.diff(curve.samples, axis=-1) / np.diff(curve.sizes)
            for index, size in enumerate(curve.sizes[1:]):
                rows.append({"method": str(contender), "sources": size, **bounds("gain", interval(gains[:, index]))})
        return pd.DataFrame(rows)

    def with_most(self) -> list[Score]:
        """The scores of the main kind's largest sets; of direct teachers, the best one's."""
        main = [s for s in self.scores if self.kinds[0] in s.kinds and s.contender.pick in ("", "best")]
        most = max(len(score.cell.sources) for score in main)
        return [score for score in main if len(score.cell.sources) == most]


def _picks(
    method: Method, cell: Cell, kinds: tuple[str, ...], models: Iterable[tuple[Record, Samples]]
) -> Iterator[Score]:
    """The best, the mean and the worst teacher of a cell, as the target's gold tags tell; all of them cost training."""
    ordered = sorted(models, key=lambda model: -model[0]["f1"])
    seconds = sum(record["train_seconds"] for record, _ in ordered)
    mean = (ordered[0][0], np.asarray(np.mean([samples for _, samples in ordered], axis=0)))
    for pick, (record, samples) in zip(PICKS, (ordered[0], mean, ordered[-1]), strict=True):
        yield Score(Contender(method, pick), cell, kinds, samples, seconds, record)


def bounds(name: str, estimate: Interval) -> dict[str, float]:
    """A number and its interval as columns of a table."""
    return {name: round(estimate.value, 2), "low": round(estimate.low, 2), "high": round(estimate.high, 2)}
