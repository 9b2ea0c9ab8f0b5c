"""A forecast of a study, for a dry run: its stages, its longest path, and its time and disk on 1, 8 and 64 devices."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from ctl.study.estimate import Assumed, assumed_bytes, device_seconds, origins_of
from ctl.study.graph import Graph
from ctl.study.keeping import KEEPS, Keeping
from ctl.study.pace import Pace, Rates, by_kind, kind_of
from ctl.study.simulation import Disk, simulate
from ctl.system.console import duration, make_table, show
from ctl.transfer.settings import Keep
from ctl.transfer.stage import Name, Stage

DEVICES = (1, 8, 64)
HEADINGS = ("stages", "all", "done", "left", "takes", "on the device assumed")


class Forecast:
    """Foretells what the stages of a study take and leave, as measured where stages of their kind are done.

    Args:
        stages: all, each once.
        graph: what is left of them.
        assumed: of what was not measured.
    """

    def __init__(self, stages: Collection[Stage], graph: Graph, assumed: Assumed) -> None:
        self.stages = stages
        self.graph = graph
        self.assumed = assumed
        self.done = [stage for stage in stages if stage.name not in graph and stage.done()]
        self.pace = Pace(self.done)
        self._origins = origins_of(stages)
        self._rates = Rates()  # bytes
        self._size: dict[Name, float] = {}
        for stage in self.done:
            self._size[stage.name] = stage.size()
            self._rates.add(kind_of(stage), _unit(stage), stage.size())

    def seconds(self, stage: Stage) -> float:
        """Seconds that a stage takes: measured, or on the device assumed where nothing was measured."""
        measured = self.pace.of(stage)
        return self.on_device(stage) if measured is None else measured

    def on_device(self, stage: Stage) -> float:
        """Seconds that a stage takes on the device assumed."""
        return device_seconds(stage, self.assumed, self._origins)

    def size(self, stage: Stage) -> float:
        """Bytes that a stage leaves."""
        if stage.name not in self._size:
            rate = self._rates.of(kind_of(stage))
            measured = None if rate is None else rate * _unit(stage)
            self._size[stage.name] = assumed_bytes(stage, self.assumed, self._origins) if measured is None else measured
        return self._size[stage.name]

    def show(self, keeping: Callable[[Keep], Keeping], jobs: int, title: str) -> None:
        """Prints all: stages by kind, the longest path, and the time and disk on several devices.

        Args:
            keeping: makes a rule of what stays on disk.
            jobs: stages at once that the user wants.
            title: of the table.
        """
        show(make_table(HEADINGS, [self._row(kind, of_kind) for kind, of_kind in by_kind(self.stages).items()], title))
        assumed = self.assumed
        print(
            f"At {assumed.utilisation:.0%} of {assumed.flops / 1e12:.0f} TFLOP/s, {assumed.tokens:.0f} subwords a "
            f"sentence and {assumed.overhead:.0f} s for every stage's start: "
            f"{sum(map(self.on_device, self.graph)) / 3600:.1f} device-hours."
        )
        if not len(self.graph):
            print("Nothing is left to run.")
            return
        path = self.graph.critical_path(self.seconds)
        print(f"No number of devices is done before {duration(sum(map(self.seconds, path)))}, the longest path:")
        print("".join(f"  {stage.title}: {duration(self.seconds(stage))}\n" for stage in path), end="")
        self._show_devices(keeping, sorted({*DEVICES, jobs}))

    def _row(self, kind: str, stages: Sequence[Stage]) -> list[str]:
        left = [stage for stage in stages if stage.name in self.graph]
        measured = self.pace.left(left) if self.pace.knows(kind) else None
        return [
            kind,
            *map(str, (len(stages), len(stages) - len(left), len(left))),
            "?" if measured is None else duration(measured),
            duration(sum(map(self.on_device, left))),
        ]

    def _show_devices(self, keeping: Callable[[Keep], Keeping], numbers: Sequence[int]) -> None:
        """Prints time and disk where so many stages run at once."""
        times, columns = [], []
        for number in numbers:
            disks = [Disk(keeping(keep), self.size, self.done) for keep in KEEPS]
            times.append(duration(simulate(self.graph, number, self.seconds, self.size, disks)))
            columns.append([*(volume(disk.most) for disk in disks), *(volume(disk.now) for disk in disks)])
        rows = [["time", *times, ""]]
        for place, keep in enumerate(KEEPS):
            in_the_end = columns[0][len(KEEPS) + place]
            rows.append([f"disk, --keep {keep}", *(column[place] for column in columns), in_the_end])
        headings = ["stages", *(f"{number} at once" for number in numbers), "in the end"]
        pace = "at the pace measured here" if self.done else "on the devices assumed"
        show(make_table(headings, rows, f"Simulated {pace}: time, and the most on disk"))


def _unit(stage: Stage) -> float:
    """Gives what the size of a stage's files grows with: sentences of soft labels; a model is of one size."""
    return 1.0 if stage.command == "fit" else max(stage.work, stage.sentences)


def volume(count: float) -> str:
    """Writes bytes for people: ``0 MB``, ``420 MB``, ``2.2 GB``, ``25 TB``."""
    for unit in ("MB", "GB"):
        count /= 1e6 if unit == "MB" else 1e3
        if count < 1e3:
            return f"{_few_digits(count)} {unit}"
    return f"{_few_digits(count / 1e3)} TB"


def _few_digits(number: float) -> str:
    return f"{number:.0f}" if number >= 10 or number == 0 else f"{number:.1f}"
