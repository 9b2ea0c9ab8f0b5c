"""Stages in an order that lets many machines end early: each as soon as it can begin, the most urgent first."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush

from ctl.study.executors.running import Executor, Outcome
from ctl.study.graph import Graph, Seconds
from ctl.transfer.stage import Name, Stage

PAUSE = 2.0  # seconds between looks at what another process is running
SHORT = 0.1  # the share of a slot's work that the longest path may have before the order matters


def run_in_order(graph: Graph, executor: Executor, seconds: Seconds) -> Iterator[tuple[Stage, Outcome]]:
    """Runs stages, and gives each with its outcome when it has ended; what needs one that failed never begins.

    A stage is the more urgent the longer the path that begins with it (list scheduling by critical path). But no order
    takes longer than the work of all stages, shared evenly, and the longest path together (Graham, SIAM Journal on
    Applied Mathematics 17, 1969). Where that path is short beside the work, the graph's own order is as good: it ends
    cell after cell, so that results come early, and what nobody reads any more leaves the disk.

    Args:
        graph: what is left to run.
        executor: where.
        seconds: how long a stage is thought to take.
    """
    rank, sorter = _rank(graph, executor.slots, seconds), graph.sorter()
    ready: list[tuple[float, Name]] = []
    busy: list[Name] = []  # another process runs these; they are tried again when there was time for others
    running = 0

    def add(names: Iterable[Name]) -> None:
        for name in names:
            heappush(ready, (rank[name], name))

    while True:
        add(sorter.get_ready())
        begin = [heappop(ready)[1] for _ in range(min(executor.slots - running, len(ready)))]
        running += len(begin)
        executor.start([graph[name] for name in begin])
        if not running and not busy:
            return
        ended = _ended(executor, running, busy)
        running -= len(ended)
        if not ended or not all(outcome.busy for _, outcome in ended):
            add(busy)
            busy = []
        for stage, outcome in ended:
            if outcome.busy:
                busy.append(stage.name)
                continue
            if not outcome.error:
                sorter.done(stage.name)
            yield stage, outcome


def _ended(executor: Executor, running: int, busy: Sequence[Name]) -> list[tuple[Stage, Outcome]]:
    """Waits until a stage has ended, but not long where another process may end one that is busy."""
    if running:
        return executor.ended(PAUSE if busy else None)
    time.sleep(PAUSE)
    return []


def _rank(graph: Graph, slots: int, seconds: Seconds) -> dict[Name, float]:
    """Numbers of stages, the smallest of the one to begin first."""
    urgency, evenly = graph.urgency(seconds), sum(map(seconds, graph)) / slots
    if slots == 1 or max(urgency.values(), default=0.0) <= SHORT * evenly:
        return {stage.name: number for number, stage in enumerate(graph)}
    return {name: -rest for name, rest in urgency.items()}
