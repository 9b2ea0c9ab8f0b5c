"""Reads the cells of a study, and holds their scores as curves over the number of sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ctl.errors import CTLError
from ctl.methods import Method
from ctl.report.contenders import PICKS, Contender, CurveKey
from ctl.report.curves import Curve
from ctl.report.statistics.means import Cell, Mean, Scores, common, widest
from ctl.report.statistics.resampling import Samples, resampled_f1
from ctl.report.statistics.scaling import Scaling, fit_scaling
from ctl.results import CELL, DESIGN, FAILED, Record, read_counts, read_records
from ctl.system.console import steps
from ctl.system.files import read_object
from ctl.thresholds.curve_file import with_curves

MAIN_ORDER = ("nested", "every", "random", "listed")  # which kind of sets answers the question, where there are several
DRAWN = "random"  # the kind whose sets might have been others


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


class Findings:
    """The results of a study's cells, as far as there are any.

    Args:
        folder: the study's folder.
        design: the contents of its ``study.json``.
    """

    def __init__(self, folder: Path, design: Mapping[str, Any]) -> None:
        self.folder = folder
        self.design = design
        self.failed: list[tuple[str, str]] = []  # cells, and with what error
        self.missing: list[str] = []  # cells that were not run, or whose results are not what the study asks for
        self.few: dict[tuple[Cell, int], dict[str, Samples]] = {}  # F1 by method, with so many labelled sentences
        self._samples: dict[tuple[str, int, str], Samples] = {}
        self.records: list[tuple[Mapping[str, Any], Record]] = []  # every scored model, with its cell
        self.scores = list(self._read())

    # Reading

    def _read(self) -> Iterator[Score]:
        for entry in steps(self.design["cells"], "reading cells"):
            folder = self.folder / entry["folder"]
            if Path(entry["folder"]).is_absolute() or ".." in folder.parts[len(self.folder.parts) :]:
                raise CTLError(f"{self.folder / DESIGN}: a cell is not in the study's folder ({entry['folder']})")
            cell, few = Cell(entry["target"], tuple(entry["sources"]), entry["seed"]), entry.get("few", 0)
            name = f"{cell}, {few} labelled sentences" if few else str(cell)
            if (folder / FAILED).exists():
                self.failed.append((name, str(read_object(folder / FAILED).get("error", "unknown"))))
            elif not (folder / CELL).exists():
                self.missing.append(name)
            elif not self._is_asked(entry, done := read_object(folder / CELL)):
                self.missing.append(f"{name} (there are results of other settings)")
            elif few:
                records = read_records(folder / "results.json")
                self.few[cell, few] = {record["method"]: self._resample(folder, record) for record in records}
            else:
                yield from self._read_cell(cell, entry, done["methods"])

    def _is_asked(self, entry: Mapping[str, Any], done: Mapping[str, Any]) -> bool:
        """Tells whether a cell's results are what the study asks for; early versions wrote no key into the design."""
        if not isinstance(done.get("methods"), dict):
            return False
        if "key" in entry and "key" in done:
            return bool(entry["key"] == done["key"])
        return set(self.design["methods"]) <= set(done["methods"])

    def _read_cell(self, cell: Cell, entry: Mapping[str, Any], scored: Mapping[str, list[str]]) -> Iterator[Score]:
        folder = self.folder / entry["folder"]
        scored_models = with_curves(folder, read_records(folder / "results.json"))
        records = {record["method"]: record for record in scored_models}
        self.records += [(entry, record) for record in records.values()]
        kinds = tuple(entry["kinds"])
        for name in self.design["methods"]:
            models = [(records[m], self._resample(folder, records[m])) for m in scored.get(name, []) if m in records]
            method = Method.split(name)
            if not models or len(models) < len(scored[name]):
                continue
            if method.kind == "direct":
                yield from _picks(method, cell, kinds, models)
            else:
                record, samples = models[0]
                yield Score(Contender(method), cell, kinds, samples, record["train_seconds"], record)

    def _resample(self, folder: Path, record: Record) -> Samples:
        labels = f" {record['few']}" if record.get("few") else ""
        key = (record["target"], record["seed"], "+".join(record["sources"]) + record["method"] + labels)
        if key not in self._samples:
            self._samples[key] = resampled_f1(read_counts(folder, record["method"]))
        return self._samples[key]

    # Curves

    @cached_property
    def kinds(self) -> list[str]:
        """The kinds of sets of sources, the one that conclusions come from first."""
        present = {kind for score in self.scores for kind in score.kinds}
        return [kind for kind in MAIN_ORDER if kind in present]

    @cached_property
    def contenders(self) -> list[Contender]:
        """All contenders, direct transfer first."""
        return sorted(dict.fromkeys(score.contender for score in self.scores), key=lambda each: not each.is_direct)

    @cached_property
    def by_key(self) -> dict[CurveKey, dict[Cell, Score]]:
        """The scores of every contender on every kind of sets."""
        keys = [CurveKey(kind, contender) for kind in self.kinds for contender in self.contenders]
        by_key: dict[CurveKey, dict[Cell, Score]] = {key: {} for key in keys}
        for score in self.scores:
            for kind in score.kinds:
                by_key[CurveKey(kind, score.contender)][score.cell] = score
        return {key: scores for key, scores in by_key.items() if scores}

    @cached_property
    def curves(self) -> dict[CurveKey, Curve]:
        """The curve of every contender on every kind of sets."""
        return self.curves_on(None)

    def curves_on(self, targets: Sequence[str] | None) -> dict[CurveKey, Curve]:
        """The curves on some of the targets, or on all."""
        curves = {key: Curve.of(self.samples(key, targets), key.sets == DRAWN) for key in self.by_key}
        return {key: curve for key, curve in curves.items() if curve is not None}

    def samples(self, key: CurveKey, targets: Sequence[str] | None = None) -> Scores:
        """F1 by cell of one contender, on some of the targets or on all."""
        scores = self.by_key.get(key, {})
        return {cell: scores[cell].samples for cell in scores if targets is None or cell.target in targets}

    @property
    def main_curves(self) -> dict[Contender, Curve]:
        """The curves on the main kind of sets."""
        return {key.contender: curve for key, curve in self.curves.items() if key.sets == self.kinds[0]}

    @cached_property
    def fits(self) -> dict[CurveKey, Scaling]:
        """The curves that have enough sizes to be fitted."""
        fits = {key: fit_scaling(curve.sizes, curve.samples) for key, curve in self.curves.items()}
        return {key: fit for key, fit in fits.items() if fit is not None}

    def planned(self, kind: str, size: int, targets: Sequence[str] | None = None) -> int:
        """Counts the cells that the study asks for."""
        cells = [cell for cell in self.design["cells"] if kind in cell["kinds"] and len(cell["sources"]) == size]
        return sum(targets is None or cell["target"] in targets for cell in cells)

    # Contenders side by side, in the cells that both have

    @cached_property
    def most(self) -> int:
        """The largest number of sources that any contender has a score for."""
        return max(len(score.cell.sources) for score in self.scores if self.kinds[0] in score.kinds)

    @property
    def alike_with_most(self) -> list[tuple[str, Record]]:
        """Contenders and their records with the largest sets of the main kind, of those that have the same cells.

        Of direct teachers, the best one's.
        """
        scores = {each: self.with_most(each) for each in self.contenders if each.pick in ("", "best")}
        cells = sorted(widest([frozenset(of_one) for of_one in scores.values()]))
        alike = [each for each, of_one in scores.items() if set(cells) <= set(of_one)]
        keys = [CurveKey(self.kinds[0], each) for each in alike]
        return [(str(key.contender), self.by_key[key][cell].record) for key in keys for cell in cells]

    def with_most(self, contender: Contender) -> Scores:
        """F1 by cell with the largest sets of the main kind."""
        scores = self.samples(CurveKey(self.kinds[0], contender))
        return {cell: samples for cell, samples in scores.items() if len(cell.sources) == self.most}

    def mean(self, scores: Scores) -> Mean:
        """The mean of some scores on sets of the main kind."""
        return Mean.of(scores, self.kinds[0] == DRAWN)

    def difference(self, ours: Contender, theirs: Contender) -> Mean | None:
        """The difference with the largest sets, over the cells that both have; ``None`` where they share none."""
        our_scores, their_scores = common(self.with_most(ours), self.with_most(theirs))
        return self.mean(our_scores) - self.mean(their_scores) if our_scores else None

    def difference_curve(self, ours: Contender, theirs: Contender) -> Curve | None:
        """The difference at every number of sources, over the cells that both have."""
        kind = self.kinds[0]
        shared = common(self.samples(CurveKey(kind, ours)), self.samples(CurveKey(kind, theirs)))
        our_curve, their_curve = (Curve.of(scores, kind == DRAWN) for scores in shared)
        return our_curve - their_curve if our_curve and their_curve else None


def _picks(
    method: Method, cell: Cell, kinds: tuple[str, ...], models: Iterable[tuple[Record, Samples]]
) -> Iterator[Score]:
    """The best, the mean and the worst teacher of a cell, as the target's gold tags tell; all of them cost training."""
    ordered = sorted(models, key=lambda model: -model[0]["f1"])
    seconds = sum(record["train_seconds"] for record, _ in ordered)
    mean = (ordered[0][0], np.asarray(np.mean([samples for _, samples in ordered], axis=0)))
    for pick, (record, samples) in zip(PICKS, (ordered[0], mean, ordered[-1]), strict=True):
        yield Score(Contender(method, pick), cell, kinds, samples, seconds, record)
