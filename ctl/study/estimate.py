"""An estimate of stages of which none was measured: their seconds and bytes, from the size of their models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ctl.backbones.facts import count_embeddings, count_parameters
from ctl.errors import CTLError
from ctl.modules.adaptation import FOLDER as ADAPTED
from ctl.system.numbers import NonNegativeFloat, PositiveFloat, PositiveShare
from ctl.transfer.planner import Split
from ctl.transfer.stage import Stage

WITHOUT_BACKBONE = ("LanguageIdentifier",)  # trained modules that keep no weights of a backbone
ADAPTERS = 0.02  # the share of a model's weights that its adapters have
TYPES = ("PER", "ORG", "LOC")  # of a task that names none


@dataclass(frozen=True)
class Assumed:
    """Numbers that a dry run assumes where nothing was measured.

    Attributes:
        sentences: of every language's splits, ``{train: 20000, validation: 10000, test: 10000}``, so that no data are
            read; by default they are counted.
        tokens: subwords of a sentence.
        parameters: by backbone, embeddings left out; those that are not named are counted from their configuration.
        embeddings: parameters of embeddings, by backbone, which count for the size of a model alone; counted likewise
            where the others are not named.
        flops: floating-point operations that a device can do in a second, ``312e12`` for an A100 in bfloat16.
        utilisation: share of them that training gets to use.
        overhead: seconds that every stage takes beside its arithmetic.
    """

    sentences: dict[str, int] = field(default_factory=dict)
    tokens: PositiveFloat = 25.0
    parameters: dict[str, float] = field(default_factory=dict)
    embeddings: dict[str, float] = field(default_factory=dict)
    flops: PositiveFloat = 312e12
    utilisation: PositiveShare = 0.3
    overhead: NonNegativeFloat = 5.0


def assumed_splits(languages: Sequence[str], assumed: Assumed) -> dict[str, Split]:
    """Splits of which only the size is known."""
    train = assumed.sentences.get("train", 0)
    sizes = {**assumed.sentences, "text": train, "gold": train}
    return {f"{name}/{split}": Split(size, "assumed") for name in languages for split, size in sizes.items()}


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
    parameters = _count(_origin(stage, origins), assumed.parameters, count_parameters)
    operations = 2 * parameters * assumed.tokens * stage.work
    return operations / (assumed.flops * assumed.utilisation) + assumed.overhead


def assumed_bytes(stage: Stage, assumed: Assumed, origins: Mapping[str, str]) -> float:
    """Four bytes a weight of a model, two a tag and word of soft labels, a word a subword; little else is large."""
    if stage.outputs[0].startswith("soft_labels/"):
        tags = 2 * len(stage.config["data"].get("types", TYPES)) + 1
        return 2 * tags * assumed.tokens * max(stage.work, stage.sentences)
    model = stage.config["model"]
    if stage.command != "fit" or model["class_path"] in WITHOUT_BACKBONE:
        return 0.0
    backbone = _origin(stage, origins)
    parameters = _count(backbone, assumed.parameters, count_parameters)
    if model["init_args"].get("lora_rank"):
        return 4 * ADAPTERS * parameters
    known = backbone in assumed.parameters and backbone not in assumed.embeddings
    return 4 * (parameters + (0 if known else _count(backbone, assumed.embeddings, count_embeddings)))


def _origin(stage: Stage, origins: Mapping[str, str]) -> str:
    """The backbone with which the first stage began."""
    backbone = stage.config["data"]["backbone"]
    while backbone in origins:
        backbone = origins[backbone]
    return str(backbone)


def _count(backbone: str, given: Mapping[str, float], count: Callable[[str], int]) -> float:
    if backbone in given:
        return given[backbone]
    try:
        return count(backbone)
    except CTLError as error:
        raise CTLError(
            f"{backbone} can't be counted ({error}); say how many parameters it has: --estimate.parameters "
            f"'{{{backbone}: 86e6}}'"
        ) from None
