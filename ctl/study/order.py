"""Stages in an order that lets many machines end early: each as soon as it can begin, the most urgent first."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush

from ctl.study.executors.running import Executor, Outcome
from ctl.study.graph import Graph, Seconds
from ctl.transfer.stage import Name, Stage

PAUSE = 2.0  # seconds between looks at what another process is running


def run_in_order(graph: Graph, executor: Executor, seconds: Seconds) -> Iterator[tuple[Stage, Outcome]]:
    """Runs stages, and gives each with its outcome when it has ended; what needs one that failed never begins.

    With one slot no order is quicker than another, and the graph's own gives whole cells early. With several a stage is
    the more urgent the longer the path that begins with it (list scheduling by critical path).

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
    if slots == 1:
        return {stage.name: number for number, stage in enumerate(graph)}
    return {name: -urgency for name, urgency in graph.urgency(seconds).items()}
