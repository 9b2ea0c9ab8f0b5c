"""An estimate of a study: how many trainings, how much time, and GPU-hours for models that are known by size."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from ctl.backbones.facts import count_parameters
from ctl.errors import CTLError
from ctl.modules.adaptation import FOLDER as ADAPTED
from ctl.system.console import duration, make_table, show
from ctl.system.numbers import NonNegativeFloat, PositiveFloat, PositiveShare
from ctl.transfer.plan import Plan
from ctl.transfer.planner import Split
from ctl.transfer.stage import Stage


@dataclass(frozen=True)
class Assumed:
    """Numbers that a dry run assumes where nothing was measured.

    Attributes:
        sentences: of every language's splits, ``{train: 20000, validation: 10000, test: 10000}``, so that no data are
            read; by default they are counted.
        tokens: subwords of a sentence.
        parameters: by backbone, embeddings left out; those that are not named are counted from their configuration.
        flops: floating-point operations that a device can do in a second, ``312e12`` for an A100 in bfloat16.
        utilisation: share of them that training gets to use.
        overhead: seconds that every stage takes beside its arithmetic.
    """

    sentences: dict[str, int] = field(default_factory=dict)
    tokens: PositiveFloat = 25.0
    parameters: dict[str, float] = field(default_factory=dict)
    flops: PositiveFloat = 312e12
    utilisation: PositiveShare = 0.3
    overhead: NonNegativeFloat = 5.0


def assumed_splits(languages: Sequence[str], assumed: Assumed) -> dict[str, Split]:
    """Splits of which only the size is known."""
    train = assumed.sentences.get("train", 0)
    sizes = {**assumed.sentences, "text": train, "gold": train}
    return {f"{name}/{split}": Split(size, "assumed") for name in languages for split, size in sizes.items()}


def print_estimate(plans: Sequence[Plan], finished: Sequence[Plan], assumed: Assumed, jobs: int, title: str) -> None:
    """Prints the number of stages of every kind, how many are left, and what they will take.

    Args:
        plans: of all cells.
        finished: of the cells that are done.
        assumed: of what was not measured.
        jobs: cells at once.
        title: of the table.
    """
    stages = {(s.folder, s.command): s for plan in plans for s in plan}
    ended = {stage.key for plan in finished for stage in plan}  # also those whose models were not kept
    kinds = by_kind(stages.values())
    rates = measured_rates(kinds)
    origins = origins_of(stages.values())
    lines = []
    measured = computed = 0.0
    for kind, members in kinds.items():
        left = [stage for stage in members if not (stage.key in ended or stage.done())]
        seconds = sum(stage.work for stage in left) * rates[kind] if kind in rates else None
        ideal = sum(device_seconds(stage, assumed, origins) for stage in left)
        measured, computed = measured + (seconds or 0.0), computed + ideal
        numbers = map(str, (len(members), len(members) - len(left), len(left)))
        lines.append([kind, *numbers, "?" if seconds is None else duration(seconds), duration(ideal)])
    headings = ("stages", "all", "done", "left", "takes", "on the device assumed")
    show(make_table(headings, lines, f"{title}: {len(plans)} cells"))
    if rates:
        print(f"At the pace measured here: {duration(measured / jobs)} with {jobs} at once.")
    print(
        f"At {assumed.utilisation:.0%} of {assumed.flops / 1e12:.0f} TFLOP/s, {assumed.tokens:.0f} subwords a sentence "
        f"and {assumed.overhead:.0f} s for every stage's start: {computed / 3600:.1f} device-hours."
    )


def seconds_left(stages: Collection[Stage]) -> float | None:
    """Estimates how long the rest takes, each stage at the pace of its kind; ``None`` where nothing is done yet.

    A kind of which none is done is thought to be as quick, for its work, as all that is done.
    """
    done = [stage for stage in stages if stage.done() and stage.work]
    if not (work := sum(stage.work for stage in done)):
        return None
    pace = sum(stage.seconds() for stage in done) / work
    rates = measured_rates(by_kind(done))
    return sum(rates.get(kind_of(stage), pace) * stage.work for stage in stages if not stage.done())


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


def measured_rates(kinds: Mapping[str, Sequence[Stage]]) -> dict[str, float]:
    """Seconds for a unit of work, of the kinds of which some are done."""
    rates = {}
    for kind, stages in kinds.items():
        done = [stage for stage in stages if stage.done() and stage.work]
        if work := sum(stage.work for stage in done):
            rates[kind] = sum(stage.seconds() for stage in done) / work
    return rates


def origins_of(stages: Iterable[Stage]) -> dict[str, str]:
    """The backbone from which each backbone that a stage makes starts; it has the same size."""
    return {
        str(stage.folder / ADAPTED): stage.config["data"]["backbone"]
        for stage in stages
        if stage.config["model"]["class_path"] == "Adaptation"
    }


def device_seconds(stage: Stage, assumed: Assumed, origins: Mapping[str, str]) -> float:
    """2 N floating-point operations a subword forward and 4 N back, N parameters, and the start of the stage."""
    if stage.config["model"]["class_path"] == "Ensemble":
        return assumed.overhead
    backbone = stage.config["data"]["backbone"]
    while backbone in origins:
        backbone = origins[backbone]
    operations = 2 * _parameters(backbone, assumed) * assumed.tokens * stage.work
    return operations / (assumed.flops * assumed.utilisation) + assumed.overhead


@cache
def _count(backbone: str) -> int:
    return count_parameters(backbone)


def _parameters(backbone: str, assumed: Assumed) -> float:
    if backbone in assumed.parameters:
        return assumed.parameters[backbone]
    try:
        return _count(backbone)
    except CTLError as error:
        raise CTLError(
            f"{backbone} can't be counted ({error}); say how many parameters it has: --estimate.parameters "
            f"'{{{backbone}: 86e6}}'"
        ) from None
