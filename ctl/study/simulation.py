"""A study on machines that are not there: how long its stages take on them, and what lies on disk meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from heapq import heappop, heappush
from itertools import count

from ctl.study.executors.running import Outcome
from ctl.study.graph import Graph, Seconds
from ctl.study.keeping import Keeping
from ctl.study.order import run_in_order
from ctl.transfer.stage import Stage

Size = Callable[[Stage], float]  # bytes
TRAINING = 3  # times the weights: a fit that goes on from a checkpoint reads two moments of each as well


class Simulated:
    """An executor whose clock jumps from one end to the next.

    Args:
        slots: stages at once.
        seconds: how long a stage takes.
    """

    def __init__(self, slots: int, seconds: Seconds) -> None:
        self.slots = slots
        self.clock = 0.0
        self._seconds = seconds
        self._running: list[tuple[float, int, Stage]] = []
        self._number = count()

    def start(self, stages: Sequence[Stage]) -> None:
        """Notes when stages will end."""
        for stage in stages:
            heappush(self._running, (self.clock + self._seconds(stage), next(self._number), stage))

    def ended(self, seconds: float | None = None) -> list[tuple[Stage, Outcome]]:
        """Jumps to the next end."""
        self.clock, _, stage = heappop(self._running)
        return [(stage, Outcome())]

    def close(self) -> None:
        """Has nothing to stop."""

    @property
    def fits(self) -> list[Stage]:
        """The trainings that run now."""
        return [stage for _, _, stage in self._running if stage.command == "fit"]


class Disk:
    """Bytes on disk under one rule of what stays.

    Args:
        keeping: the rule; it is used up.
        size: bytes that a stage leaves.
        done: stages whose files are there.

    Attributes:
        now: bytes.
        most: bytes at the fullest moment so far.
    """

    def __init__(self, keeping: Keeping, size: Size, done: Collection[Stage]) -> None:
        self._keeping, self._size = keeping, size
        gone = {stage.name for stage in keeping.idle(done)}
        self._there = {stage.name: size(stage) for stage in done if stage.name not in gone}
        self.now = self.most = sum(self._there.values())

    def ended(self, stage: Stage, training: float) -> None:
        """Adds what a stage left, and takes away what nobody reads any more.

        Args:
            stage: which has ended.
            training: bytes of what trains meanwhile.
        """
        size = self._there[stage.name] = self._size(stage)
        self.most = max(self.most, self.now + size + training)
        self.now += size - sum(self._there.pop(idle.name, 0.0) for idle in self._keeping.ended(stage))


def simulate(graph: Graph, slots: int, seconds: Seconds, size: Size, disks: Collection[Disk]) -> float:
    """Runs stages in the order of a real run, without running any; gives the seconds that it takes.

    Args:
        graph: what is left to run.
        slots: stages at once.
        seconds: how long a stage takes.
        size: bytes that it leaves.
        disks: are told of every end.
    """
    executor = Simulated(slots, seconds)
    for stage, _ in run_in_order(graph, executor, seconds):
        training = TRAINING * sum(map(size, [*executor.fits, *([stage] if stage.command == "fit" else [])]))
        for disk in disks:
            disk.ended(stage, training)
    return executor.clock
