"""A study: targets x sets of sources x methods x seeds, each cell a transfer that shares what it can."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock

from ctl.backbones.loading import check_backbone, check_decoder
from ctl.data.datamodule import NERDataModule
from ctl.methods import Method, expand_methods, of_one_source
from ctl.study.cells import Cell, part_of_shard
from ctl.study.estimate import Assumed, assumed_splits
from ctl.study.subsets import Subsets, family_distances, read_weights, weight_distances
from ctl.system.console import say
from ctl.transfer.plan import Plan
from ctl.transfer.planner import Settings, Split, describe, make_context, subset_name
from ctl.transfer.stage import Stage, run_stages

DESIGN = "study.json"


@dataclass(frozen=True)
class Study:
    """What ``ctl study`` was asked for.

    Attributes:
        settings: all settings as plain values.
        subsets: which sets of sources.
        assumed: what a dry run assumes.
        data: the data module that reads every split.
        output: the study's folder.
    """

    settings: Settings
    subsets: Subsets
    assumed: Assumed
    data: NERDataModule
    output: Path

    @property
    def targets(self) -> list[str]:
        """The languages to be tagged."""
        return list(dict.fromkeys(self.settings["targets"]))

    def pool(self, target: str) -> list[str]:
        """The languages that may be sources for a target: all but itself."""
        return [language for language in self.settings["languages"] if language != target]

    def prepare(self) -> None:
        """Reads everything, finds which languages are near, and writes down what the study is.

        Raises:
            CTLError: data or backbone can't be used.
        """
        locks = self.output / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        with FileLock(locks / "prepare.lock"):  # other shards wait here for the first
            self.data.prepare_data()
            check_backbone(self.settings["backbone"])
            if self.settings["llm_backbone"] is not None:
                check_decoder(self.settings["llm_backbone"])
            design = {
                **{name: self.settings[name] for name in ("targets", "languages", "methods", "seeds", "backbone")},
                "subsets": asdict(self.subsets),
                "distances": self.distances,
                "cells": [{**asdict(cell), "folder": str(cell.folder.relative_to(self.output))} for cell in self.cells],
            }
            temporary = self.output / "study.tmp"
            temporary.write_text(json.dumps(design, indent=2, ensure_ascii=False), encoding="utf-8")
            temporary.replace(self.output / DESIGN)

    # What there is to run

    @cached_property
    def cells(self) -> list[Cell]:
        """All cells, seed by seed, those of many sources first: they take longest, and train what others need."""
        return [
            Cell(target, sources, seed, tuple(kinds), self.home(seed) / target / subset_name(sources))
            for seed in self.settings["seeds"]
            for target in self.targets
            for sources, kinds in sorted(self._subsets(target).items(), key=lambda item: -len(item[0]))
        ]

    @property
    def share(self) -> list[Cell]:
        """The cells of this shard."""
        place, count = part_of_shard(self.settings["shard"])
        return self.cells[place::count]

    def plan(self, cell: Cell) -> Plan:
        """The stages of a cell."""
        methods = [method for found in self.methods(cell.sources).values() for method in found]
        return self._plan(cell.target, cell.sources, cell.seed, methods, cell.folder)

    def methods(self, sources: Sequence[str]) -> dict[str, list[Method]]:
        """What is scored for each of the study's methods: a direct teacher of every source, one model otherwise."""
        names = self.settings["methods"]
        alone = len(sources) == 1
        decoder = self.settings["llm_backbone"] is not None
        return {name: expand_methods([of_one_source(name) if alone else name], sources, "", decoder) for name in names}

    def describe(self, cell: Cell) -> dict[str, Any]:
        """What a cell leaves beside its results, for the report."""
        scored = {name: [str(method) for method in found] for name, found in self.methods(cell.sources).items()}
        return {"target": cell.target, "sources": list(cell.sources), "seed": cell.seed, "methods": scored}

    def home(self, seed: int) -> Path:
        """Where all cells of a seed are, and what they share."""
        return self.output / f"seed{seed}"

    def _plan(
        self, target: str, sources: Sequence[str], seed: int, methods: Sequence[Method], output: Path | None = None
    ) -> Plan:
        own = {"target": target, "sources": list(sources), "seed": seed, "output": str(output or self.home(seed))}
        settings = {**self.settings, **own}
        return Plan(settings, methods, self._context, self._splits[target], self.home(seed), self._known)

    @cached_property
    def _known(self) -> dict[tuple[Path, str], Stage]:
        return {}

    @cached_property
    def _context(self) -> str:
        return make_context(self.settings)

    @property
    def _pretrains(self) -> bool:
        return bool(self.settings["pretrain_epochs"] or self.settings["llm_pretrain_epochs"])

    @cached_property
    def _splits(self) -> dict[str, dict[str, Split]]:
        """By target, what every plan needs to know of the splits.

        Raises:
            CTLError: one can't be read.
        """
        if self.settings["dry_run"] and self.assumed.sentences:
            return {target: assumed_splits([*self.pool(target), target], self.assumed) for target in self.targets}
        found = {}
        gold: dict[str, Split] = {}
        read = self.settings["pretrain_languages"] if self._pretrains else []
        text = {f"{language}/text": describe(self.data.raw_text(language, "train")) for language in read}
        for target in self.targets:
            data = self.data.of(self.pool(target), target)
            for name in (f"{source}/{split}" for source in data.sources for split in ("train", "validation")):
                if name not in gold:
                    gold[name] = describe(data.gold(*name.rsplit("/", 1)))
            own = [describe(data.target_text("train")), describe(data.gold(target, "test"))]
            found[target] = {**gold, **text, **dict(zip((f"{target}/train", f"{target}/test"), own, strict=True))}
        return found

    # Nearness

    @cached_property
    def distances(self) -> dict[str, dict[str, float]]:
        """By target, how far every source is, the nearest first; numbers by place where an order was given."""
        found = {target: self._distances(target) for target in self.targets}
        return {target: dict(sorted(of.items(), key=lambda item: item[1])) for target, of in found.items()}

    def _distances(self, target: str) -> dict[str, float]:
        pool = self.pool(target)
        given = {source: float(place) for place, source in enumerate(pool, 1)}
        match self.subsets.by:
            case "family":
                return family_distances(self.data, target, pool)
            case "given":
                return given
            case by if len(pool) > 1:
                plan = self._plan(target, pool, self.settings["seeds"][0], [])
                weighed = plan.similarities()
                if not weighed.done() and self.settings["dry_run"]:
                    return given  # which languages are near changes no number of stages
                if not weighed.done():
                    say(f"how near are {', '.join(pool)} to {target}?")
                    run_stages(plan)
                return weight_distances(read_weights(weighed.folder / "weights.json", by))
        return given

    def _subsets(self, target: str) -> Mapping[tuple[str, ...], list[str]]:
        return self.subsets.choose(target, self.pool(target), list(self.distances[target]))
