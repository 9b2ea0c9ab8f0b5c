"""Models and soft labels that stay on disk; others go when no stage is left that reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import get_args

from ctl.study.graph import Graph
from ctl.system.files import remove
from ctl.transfer.settings import Keep
from ctl.transfer.stage import Stage

KEEPS: tuple[Keep, ...] = get_args(Keep)
LARGE = {"fit": ("checkpoints", "backbone"), "predict": ("soft_labels",), "test": ()}  # in a stage's folder


class Keeping:
    """Finds whose models and soft labels can go; scores, counts, curves and weights always stay.

    Args:
        keep: ``all``; ``shared``, without models of one cell alone; ``labels``, without any model; ``results``, without
            models and soft labels.
        graph: what is left of the whole study.
        cells: the folders of all cells.
        own: the stages that this process runs; of all others the disk says whether they are done.
    """

    def __init__(self, keep: Keep, graph: Graph, cells: Collection[Path], own: Graph) -> None:
        self.keep = keep
        self._graph = graph
        self._cells = frozenset(cells)
        self._own = own
        self._readers = {name: set(readers) for name, readers in graph.readers.items()}

    def ended(self, stage: Stage) -> list[Stage]:
        """The stages whose files can go now that one has ended: itself, and those that it was the last to read."""
        for before in stage.after:
            self._readers[before.name].discard(stage.name)
        return self.idle((stage, *stage.after))

    def idle(self, stages: Iterable[Stage]) -> list[Stage]:
        """The stages among some whose files can go."""
        return [stage for stage in stages if not self._stays(stage) and not self._is_read(stage)]

    def _stays(self, stage: Stage) -> bool:
        if not LARGE[stage.command] or self.keep == "all":
            return True
        if stage.command == "predict":
            return self.keep != "results"
        return self.keep == "shared" and self._cells.isdisjoint(stage.folder.parents)

    def _is_read(self, stage: Stage) -> bool:
        """Tells whether a stage that is not done reads what this one left."""
        left = self._readers.get(stage.name, set())
        left -= {name for name in left if name not in self._own and self._graph[name].done()}
        return bool(left)


def remove_large(stage: Stage, within: Path) -> None:
    """Removes the models or soft labels of a stage."""
    for name in LARGE[stage.command]:
        with suppress(FileNotFoundError):  # another job of the study removes it as well
            remove(stage.folder / name, within)
