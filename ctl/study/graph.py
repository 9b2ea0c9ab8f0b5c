"""The graph of a study's stages: which are left to run, which read which, and the longest path through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from graphlib import TopologicalSorter

from ctl.transfer.stage import Name, Stage

Seconds = Callable[[Stage], float]


class Graph:
    """Holds the stages that are left to run, each once and after those that it reads.

    A stage that is done needs nothing, whatever is gone of what it read: as with `make`, its own results are enough.

    Args:
        goals: stages whose results are wanted; the graph has those that are not done, and what these need.
    """

    def __init__(self, goals: Iterable[Stage]) -> None:
        self._stages: dict[Name, Stage] = {}
        done: set[Name] = set()
        for goal in goals:
            self._add(goal, done)

    def _add(self, stage: Stage, done: set[Name]) -> None:
        if stage.name in self._stages or stage.name in done:
            return
        if stage.done():
            done.add(stage.name)
            return
        for before in stage.after:
            self._add(before, done)
        self._stages[stage.name] = stage

    def __iter__(self) -> Iterator[Stage]:
        return iter(self._stages.values())

    def __len__(self) -> int:
        return len(self._stages)

    def __contains__(self, name: Name) -> bool:
        return name in self._stages

    def __getitem__(self, name: Name) -> Stage:
        return self._stages[name]

    def before(self, stage: Stage) -> list[Stage]:
        """The stages that must end before this one can begin."""
        return [before for before in stage.after if before.name in self._stages]

    def needed_for(self, goals: Iterable[Stage]) -> set[Name]:
        """The stages that some goals need, these goals among them."""
        needed: set[Name] = set()
        stack = list(goals)
        while stack:
            stage = stack.pop()
            if stage.name in self._stages and stage.name not in needed:
                needed.add(stage.name)
                stack += stage.after
        return needed

    @cached_property
    def readers(self) -> dict[Name, set[Name]]:
        """The stages that read what a stage leaves, by its name; also what was left by stages that are done."""
        readers: dict[Name, set[Name]] = {}
        for stage in self:
            for before in stage.after:
                readers.setdefault(before.name, set()).add(stage.name)
        return readers

    def sorter(self) -> TopologicalSorter[Name]:
        """Says which stages can begin, and is told which have ended."""
        sorter = TopologicalSorter({stage.name: [before.name for before in self.before(stage)] for stage in self})
        sorter.prepare()
        return sorter

    def urgency(self, seconds: Seconds) -> dict[Name, float]:
        """The length of the longest path that begins with each stage, in seconds.

        Args:
            seconds: how long a stage takes.
        """
        urgency: dict[Name, float] = {}
        for stage in reversed(list(self)):
            urgency[stage.name] = seconds(stage) + max(self._after(stage.name, urgency), default=0.0)
        return urgency

    def critical_path(self, seconds: Seconds) -> list[Stage]:
        """The stages of the longest path: no number of machines is done before them."""
        urgency = self.urgency(seconds)
        path, following = list[Stage](), list(self)
        while following:
            path.append(max(following, key=lambda stage: urgency[stage.name]))
            readers = self.readers.get(path[-1].name, set())
            following = [stage for stage in self if stage.name in readers]
        return path

    def _after(self, name: Name, urgency: dict[Name, float]) -> list[float]:
        return [urgency[reader] for reader in self.readers.get(name, ())]
