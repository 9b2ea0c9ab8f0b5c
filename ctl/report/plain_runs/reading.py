"""The runs below a folder, and what each of them has scored so far."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctl.errors import CTLError
from ctl.methods import OF_LANGUAGE, OF_TARGET, Method, expand_methods
from ctl.report.statistics.resampling import Samples, resampled_f1
from ctl.results import DESIGN, Record, counts_file, read_counts, read_records
from ctl.system.console import steps
from ctl.thresholds.curve_file import with_curves

MARKS = (".lock", "results.md")  # of the folder of a transfer; a copy may lack hidden files


@dataclass(frozen=True)
class Run:
    """One model that a run has scored.

    Attributes:
        record: its record.
        samples: its F1, as observed and of every draw of sentences (R).
        home: the folder of the run.
    """

    record: Record
    samples: Samples = field(repr=False)
    home: Path = Path()

    @property
    def method(self) -> Method:
        """The method that was scored."""
        return Method.split(self.record["method"])

    @property
    def is_direct(self) -> bool:
        """Tells whether a single teacher was scored, or several seeds of one."""
        return self.method.kind in OF_LANGUAGE

    @property
    def languages(self) -> set[str]:
        """The languages of the gold labels that it learned from."""
        return {self.method.of} if self.is_direct and self.method.of else set(self.record["sources"])

    @property
    def model(self) -> tuple[int, Any]:
        """The seed and the fingerprint of the model, which differ between any two that are not the same."""
        return self.record["seed"], self.record["provenance"].get("model")

    @property
    def transfer(self) -> Mapping[str, Any]:
        """The settings of its transfer; empty where its record does not hold them."""
        recorded: Mapping[str, Any] = self.record["provenance"].get("transfer") or {}
        return recorded

    def is_like(self, other: Run) -> bool:
        """Tells whether two runs on a target can be compared: their seeds are the same, and so are their sources.

        Single teachers are compared with one another, and with mixtures of their own and other languages; an upper
        bound, which knows the target, with all, and so is a model of a few labelled sentences of the target.
        """
        if self.record["seed"] != other.record["seed"]:
            return False
        if any(run.method.kind in OF_TARGET for run in (self, other)):
            return True
        if self.is_direct or other.is_direct:
            nested = self.languages <= other.languages or other.languages <= self.languages
            return nested or (self.is_direct and other.is_direct)
        return self.languages == other.languages


def read_runs(folder: Path) -> list[Run]:
    """Reads all that the transfers below a folder have scored, also where one was stopped.

    Raises:
        CTLError: there is nothing.
    """
    homes = run_folders(folder)
    runs = [
        Run(record, resampled_f1(read_counts(place, record["method"])), home)
        for home in steps(homes, "reading runs")
        for place, record in _scored(home, homes)
    ]
    if not runs:
        begun = f", of which {homes[0]} has scored no model yet" if homes else ""
        raise CTLError(f"{folder}: no results of `ctl transfer` or `ctl study` in it{begun}")
    return runs


def run_folders(folder: Path) -> list[Path]:
    """The folders of the transfers below a folder, itself among them."""
    homes = {path.parent for mark in MARKS for path in folder.rglob(mark)}
    return sorted(home for home in homes if not (home / DESIGN).exists())


def _scored(home: Path, homes: Iterable[Path]) -> Iterator[tuple[Path, Record]]:
    """The records of a run, each with the folder that has its counts.

    What a run that was stopped has not collected is still in the folders of its stages.
    """
    inner = [other for other in homes if other != home and other.is_relative_to(home)]
    stages = [
        path.parent
        for path in sorted(home.rglob("results.json"))
        if path.parent != home and not any(path.is_relative_to(other) for other in inner)
    ]
    collected = read_records(home / "results.json")
    names = {record["method"] for record in collected}
    for record in with_curves(home, collected):
        places = (place for place in (home, *stages) if counts_file(place, record["method"]).exists())
        yield next(places, home), record
    for stage in stages:
        uncollected = [record for record in read_records(stage / "results.json") if record["method"] not in names]
        for record in with_curves(stage, uncollected):
            yield stage, record


def missing(runs: Iterable[Run]) -> list[str]:
    """Names the models that runs were asked for and have not scored yet; early versions recorded no methods."""
    by_home: dict[Path, list[Run]] = {}
    for run in runs:
        by_home.setdefault(run.home, []).append(run)
    return [
        f"{name} on {transfer['target']}, seed {transfer['seed']} ({home})"
        for home, scored in by_home.items()
        if (transfer := scored[0].transfer)
        for name in _asked(transfer)
        if name not in {run.record["method"] for run in scored}
    ]


def _asked(transfer: Mapping[str, Any]) -> list[str]:
    """The names of the models that a transfer scores, as far as its recorded settings say."""
    names, ready = transfer.get("methods"), transfer.get("teachers")
    if names is None and ready:
        return []  # those that ready-made taggers can be part of
    decoder = transfer.get("llm_backbone") is not None
    with contextlib.suppress(CTLError):
        return [str(each) for each in expand_methods(names, transfer["sources"], transfer["target"], decoder)]
    return []
