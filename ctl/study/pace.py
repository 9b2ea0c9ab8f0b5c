"""The time that stages take, at the pace of those that are done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ctl.transfer.stage import Stage


class Rates:
    """The cost of a unit of work, by kind, as measured so far."""

    def __init__(self) -> None:
        self._cost: dict[str, float] = defaultdict(float)
        self._work: dict[str, float] = defaultdict(float)

    def add(self, kind: str, work: float, cost: float) -> None:
        """Adds a measurement."""
        self._work[kind] += work
        self._cost[kind] += cost

    def of(self, kind: str) -> float | None:
        """The cost of a unit of work of a kind; ``None`` where none was measured."""
        return self._cost[kind] / self._work[kind] if self._work.get(kind) else None

    @property
    def overall(self) -> float | None:
        """The cost of a unit of any work."""
        work = sum(self._work.values())
        return sum(self._cost.values()) / work if work else None


class Pace:
    """The seconds that stages take, from those of their kind that are done.

    Args:
        done: stages that were run.
    """

    def __init__(self, done: Iterable[Stage] = ()) -> None:
        self.rates = Rates()
        for stage in done:
            self.add(stage)

    def add(self, stage: Stage) -> None:
        """Adds a stage that was run."""
        self.rates.add(kind_of(stage), stage.work, stage.seconds() if stage.work else 0.0)

    def knows(self, kind: str) -> bool:
        """Tells whether stages of a kind were measured."""
        return self.rates.of(kind) is not None

    def of(self, stage: Stage) -> float | None:
        """Seconds that a stage will take; ``None`` where none is done.

        A kind of which none is done is thought to be as quick, for its work, as all that is done.
        """
        rate = self.rates.of(kind_of(stage))
        rate = self.rates.overall if rate is None else rate
        return None if rate is None else rate * stage.work

    def left(self, stages: Iterable[Stage]) -> float | None:
        """Seconds that stages will take one after another."""
        each = [self.of(stage) for stage in stages]
        return None if None in each else sum(filter(None, each))


def by_kind(stages: Iterable[Stage]) -> dict[str, list[Stage]]:
    """Stages by what they do."""
    kinds: dict[str, list[Stage]] = {}
    for stage in stages:
        kinds.setdefault(kind_of(stage), []).append(stage)
    return kinds


def kind_of(stage: Stage) -> str:
    """Says what a stage does, for the table."""
    name = stage.config["model"]["class_path"]
    if name == "Teacher" and stage.command == "fit":
        return "train teachers" if len(stage.config["data"]["sources"]) == 1 else "train pooled models"
    verbs = {"fit": "train", "predict": "answers of", "test": "tests of"}
    nouns = {
        "LanguageIdentifier": "language identifiers", "Adaptation": "adapted backbones", "Merged": "merged models",
        "Supervised": "supervised models", "NearestLanguages": "nearest languages", "LeaveOneOut": "sources left out",
        "FewShot": "models of few labels", "FewRanking": "rankings of sources",
    }  # fmt: skip
    return f"{verbs[stage.command]} {nouns.get(name, f'{name.lower()}s')}"
