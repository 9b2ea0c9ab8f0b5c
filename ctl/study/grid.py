"""A study: targets x sets of sources x methods x seeds, each cell a transfer that shares what it can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock

from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.methods import SEEDS, Method, expand_methods, of_few_sources
from ctl.results import DESIGN
from ctl.study.cells import Cell, is_done, key_of, part_of_shard
from ctl.study.estimate import Assumed, assumed_splits
from ctl.study.graph import Graph
from ctl.study.keeping import Keeping
from ctl.study.subsets import WITHOUT_TEXT, Subsets, family_distances, read_weights, weight_distances
from ctl.system.console import say
from ctl.system.files import read_object, write_json
from ctl.transfer.checks import check_models
from ctl.transfer.plan import Plan
from ctl.transfer.planner import (
    Planner,
    Split,
    Stages,
    check_family_stays,
    make_context,
    read_all,
    read_few_labels,
    subset_name,
)
from ctl.transfer.running import run_stages
from ctl.transfer.settings import Keep, StudySettings, TransferSettings
from ctl.transfer.stage import Stage
from ctl.transfer.teachers.ready import check_taggers
from ctl.transfer.teachers.stored import check_stores


@dataclass(frozen=True)
class Study:
    """A study as ``ctl study`` was asked for it.

    Attributes:
        settings: all that was asked for.
        subsets: which sets of sources.
        assumed: what a dry run assumes.
        data: the data module of every target and its sources, when it is given them.
    """

    settings: StudySettings
    subsets: Subsets
    assumed: Assumed
    data: NERDataModule

    @property
    def output(self) -> Path:
        """The study's folder."""
        return Path(self.settings.output)

    @property
    def targets(self) -> list[str]:
        """The languages to be tagged."""
        return list(dict.fromkeys(self.settings.targets))

    def pool(self, target: str) -> list[str]:
        """The languages that may be sources for a target: all but itself."""
        return [language for language in self.settings.languages if language != target]

    def transfer(self, target: str) -> TransferSettings:
        """The settings of the transfer from all that may be a source for a target."""
        return self.settings.of(self.pool(target), target, self.settings.seeds[0], self.home(self.settings.seeds[0]))

    def prepare(self) -> None:
        """Reads everything, finds which languages are near, and writes down what the study is.

        Raises:
            CTLError: data or backbone can't be used, or a file of the user is in the way.
        """
        design = self.output / DESIGN
        if design.exists() and "cells" not in read_object(design) and not self.settings.overwrite:
            raise CTLError(f"{design}: ctl did not write this file; choose another --output, or add --overwrite")
        locks = self.output / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        with FileLock(locks / "prepare.lock"):  # other shards wait here for the first
            check_family_stays(self.data, self.settings.overwrite)
            self.data.prepare_data()
            check_taggers(self.settings.ready, self.data.schema, "--teachers")
            check_taggers(self.settings.silvered, self.data.schema, "--silver")
            check_models(self.settings, decoders=self.settings.llm_backbone is not None)
            write_json(self.output / DESIGN, self.design())

    def design(self) -> dict[str, Any]:
        """Describes the study for the report."""
        named = ("targets", "languages", "methods", "seeds", "backbone")
        return {
            **{name: getattr(self.settings, name) for name in named},
            "subsets": asdict(self.subsets),
            "distances": self.distances,
            "cells": [
                {**asdict(cell), "folder": str(cell.folder.relative_to(self.output)), "key": key_of(self.plan(cell))}
                for cell in self.cells
            ],
        }

    # What there is to run

    @cached_property
    def cells(self) -> list[Cell]:
        """All cells, seed by seed, those of many sources first: they take longest, and train what others need.

        Those with labelled sentences of the target come before the one without, whose models they go on from.
        """
        return [
            self._cell(target, sources, seed, kinds, few)
            for seed in self.settings.seeds
            for target in self.targets
            for sources, kinds in sorted(self._subsets(target).items(), key=lambda item: -len(item[0]))
            for few in sorted({0, *(self.settings.few or ())}, reverse=True)
        ]

    def _cell(self, target: str, sources: tuple[str, ...], seed: int, kinds: Sequence[str], few: int) -> Cell:
        folder = self.home(seed) / target / subset_name(sources)
        if few:  # its sets of sources are no points of the scaling curves
            return Cell(target, sources, seed, (), folder / "few" / str(few), few)
        return Cell(target, sources, seed, tuple(kinds), folder)

    @property
    def share(self) -> list[Cell]:
        """The cells of this shard."""
        index, count = part_of_shard(self.settings.shard)
        return self.cells[index::count]

    def plan(self, cell: Cell) -> Plan:
        """The stages of a cell."""
        if cell not in self._plans:
            self._plans[cell] = self._plan_of(cell)
        return self._plans[cell]

    @cached_property
    def _plans(self) -> dict[Cell, Plan]:
        return {}

    def _plan_of(self, cell: Cell) -> Plan:
        methods = self.all_methods(cell.sources, cell.target, cell.few)
        folder = cell.folder.parents[1] if cell.few else cell.folder
        return self._plan(cell.target, cell.sources, cell.seed, methods, folder, cell.few)

    def stages(self) -> list[Stage]:
        """The stages of all cells of this shard, each once."""
        return list({stage.name: stage for cell in self.share for stage in self.plan(cell)}.values())

    def graph(self, cells: Iterable[Cell]) -> Graph:
        """The stages that are left to run for some cells; none for those that are done, whatever is gone of them."""
        left = (plan for cell in cells if not is_done(cell, plan := self.plan(cell)))
        return Graph(goal for plan in left for goal in plan.goals)

    def keeping(self, graph: Graph, keep: Keep | None = None) -> Keeping:
        """Finds what can go from the disk; other jobs may run what is not of this shard.

        Args:
            graph: what is left of this shard.
            keep: by default what was asked for.
        """
        whole = graph if self.share == self.cells else self.graph(self.cells)
        return Keeping(keep or self.settings.kept, whole, [cell.folder for cell in self.cells], graph)

    def methods(self, sources: Sequence[str], target: str, few: int = 0) -> dict[str, list[Method]]:
        """The methods scored for each of the study's: a direct teacher of every source, one model otherwise.

        With a few labelled sentences of the target these are the methods that see them, without them all others.

        Seeds of one language are scored with every set of sources, whether it is one of them or not; none where it is
        the target.
        """
        decoder = self.settings.llm_backbone is not None
        labelled = self.pool(target)
        return {
            name: []
            if Method.split(name).kind == SEEDS and Method.split(name).of == target
            else expand_methods([of_few_sources(name, len(sources))], sources, "", decoder, labelled)
            for name in self.settings.methods or []
            if Method.split(name).sees_few == bool(few)
        }

    def all_methods(self, sources: Sequence[str], target: str, few: int = 0) -> list[Method]:
        """The methods scored for all of the study's together."""
        return [method for methods in self.methods(sources, target, few).values() for method in methods]

    def cell_record(self, cell: Cell) -> dict[str, Any]:
        """Describes a cell for the report, beside its results."""
        scored = {
            name: [str(method) for method in methods]
            for name, methods in self.methods(cell.sources, cell.target, cell.few).items()
        }
        return {"target": cell.target, "sources": list(cell.sources), "seed": cell.seed, "methods": scored}

    def home(self, seed: int) -> Path:
        """The folder of all cells of a seed, and of what they share."""
        return self.output / f"seed{seed}"

    def _plan(
        self,
        target: str,
        sources: Sequence[str],
        seed: int,
        methods: Sequence[Method],
        folder: Path | None = None,
        few: int = 0,
    ) -> Plan:
        home = self.home(seed)
        settings = self.settings.of(sources, target, seed, folder or home, few)
        splits = {**self._splits[target], **(self._few_labels(target, settings) if few else {})}
        return Plan(methods, Planner(settings, self._context, splits, home, self._known))

    def _few_labels(self, target: str, settings: TransferSettings) -> dict[str, Split]:
        """Reads the labelled sentences of a cell, once for all its sets of sources."""
        key = (target, str(settings.few_labels))
        if key not in self._few_read:
            assumed = self.settings.dry_run and self.assumed.sentences
            few = {f"{target}/few": Split(settings.few or 0, "assumed")} if assumed else None
            self._few_read[key] = few or read_few_labels(self.data, target, settings.few_labels)
        return self._few_read[key]

    @cached_property
    def _few_read(self) -> dict[tuple[str, str], dict[str, Split]]:
        return {}

    @cached_property
    def _known(self) -> Stages:
        return {}

    @cached_property
    def _context(self) -> str:
        return make_context(self.settings.backbone)

    @cached_property
    def _splits(self) -> dict[str, dict[str, Split]]:
        """The splits that plans need to know, by target.

        Raises:
            CTLError: one can't be read.
        """
        if self.settings.dry_run and self.assumed.sentences:
            return {target: assumed_splits([*self.pool(target), target], self.assumed) for target in self.targets}
        by = self.subsets.by
        splits = {
            target: read_all(
                self.transfer(target),
                self.all_methods(self.pool(target), target),
                self.data,
                f"subsets.by {by}" if by not in WITHOUT_TEXT and len(self.pool(target)) > 1 else None,
            )
            for target in self.targets
        }
        if unlabelled := [target for target in self.targets if f"{target}/test" not in splits[target]]:
            raise CTLError(
                f"a study compares scores, and {', '.join(unlabelled)} has no labelled test split; `ctl transfer` "
                "trains without one"
            )
        for target in self.targets:
            transfer, methods = self.transfer(target), self.all_methods(self.pool(target), target)
            check_stores(transfer.ready, methods, self.data.of(transfer.gold, target), scored=True)
        return splits

    # Nearness

    @cached_property
    def distances(self) -> dict[str, dict[str, float]]:
        """Gives the distance of every source by target, the nearest first; its number where an order was given."""
        return {
            target: dict(sorted(self._distances(target).items(), key=lambda item: item[1])) for target in self.targets
        }

    def _distances(self, target: str) -> dict[str, float]:
        pool = self.pool(target)
        given = {source: float(number) for number, source in enumerate(pool, 1)}
        match self.subsets.by:
            case "family":
                return family_distances(self.data, target, pool)
            case "given":
                return given
            case by if len(pool) > 1:
                plan = self._plan(target, pool, self.settings.seeds[0], [])
                weighed = plan.similarities(by)
                if not weighed.done() and self.settings.dry_run:
                    return given  # which languages are near changes no number of stages
                if not weighed.done():
                    say(f"how near are {', '.join(pool)} to {target}?")
                    run_stages(plan, self.settings.overwrite)
                return weight_distances(read_weights(weighed.folder / "weights.json", by))
        return given

    def _subsets(self, target: str) -> Mapping[tuple[str, ...], list[str]]:
        return self.subsets.choose(target, self.pool(target), list(self.distances[target]))
