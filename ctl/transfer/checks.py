"""Checks of the models of a transfer before any is trained: the settings of a student, too, which is trained last."""

from __future__ import annotations

from collections.abc import Sequence

from ctl.backbones.adapters import Base, base_arguments
from ctl.backbones.attention import set_attention
from ctl.backbones.checks import check_backbone, check_decoder
from ctl.backbones.loading import load_config
from ctl.data.encoding import WordEncoder
from ctl.errors import CTLError
from ctl.methods import Method
from ctl.modules.neighbours import LAYERS
from ctl.transfer.settings import Section, Settings, TransferSettings


def check_models(settings: Settings, decoders: bool) -> None:
    """Stops a run where a backbone can't be used, or can't be used so.

    Args:
        settings: of the transfer or the study.
        decoders: some teachers are decoders.

    Raises:
        CTLError: names the setting.
    """
    WordEncoder(check_backbone(settings.backbone), int(settings.data.get("max_length", 256)))
    check_tagger("teacher", settings.backbone, settings.teacher)
    check_tagger("student", settings.backbone, settings.student)
    layers = getattr(load_config(settings.backbone), "num_hidden_layers", None)
    averaged = settings.neighbours.get("layers", 1)
    if layers is not None and averaged > max(LAYERS, layers + 1):  # the embeddings come before the first layer
        raise CTLError(f"--neighbours.layers: {averaged}: {settings.backbone} has {layers} layers")
    if decoders:
        assert settings.llm_backbone is not None, "methods of decoders are refused where there is none"
        check_decoder(settings.llm_backbone)
        check_tagger("llm_teacher", settings.llm_backbone, settings.llm_teacher)


def check_tagger(name: str, backbone: str, given: Section) -> None:
    """Refuses settings of a tagger that its backbone can't follow.

    Args:
        name: of the settings, ``student`` say.
        backbone: Hub name or folder.
        given: arguments of the tagger.

    Raises:
        CTLError: names the setting.
    """
    base: Base = given.get("base", "float32")
    if base != "float32" and not given.get("lora_rank"):
        raise CTLError(f"--{name}.base: {base} is for a frozen backbone: set --{name}.lora_rank, or base to float32")
    config = load_config(backbone)
    if given.get("lora_alpha") and not given.get("lora_rank"):
        raise CTLError(f"--{name}.lora_alpha: without --{name}.lora_rank there are no adapters that it scales")
    layers, frozen = getattr(config, "num_hidden_layers", None), int(given.get("freeze_layers", 0))
    if layers is not None and frozen > layers:
        raise CTLError(f"--{name}.freeze_layers: {frozen}: {backbone} has {layers} layers")
    try:
        base_arguments(base)
        set_attention(config, given.get("attention"))
    except CTLError as error:
        raise CTLError(f"--{name}: {error}") from error


def check_student(settings: Settings, methods: Sequence[Method]) -> None:
    """Refuses a student that would look for marks of words which nobody sets.

    Raises:
        CTLError: names a method with marks.
    """
    unmarked = [method for method in methods if method.kind == "student" and "unanimous" not in method.options]
    if settings.student.get("unanimous_weight") and unmarked:
        raise CTLError(
            f"--student.unanimous_weight: {unmarked[0]} has no words that are marked; {unmarked[0]}+unanimous has"
        )


def check_untagged(settings: TransferSettings, methods: Sequence[Method]) -> None:
    """Refuses what needs gold labels of a source that has a ready-made tagger in their place.

    Raises:
        CTLError: weightings are to be tried on the sources, or a tagger is given for two tasks.
    """
    if settings.untagged and (settings.leave_one_out or any(method.sharp for method in methods)):
        raise CTLError(
            f"--leave_one_out and +sharp try weightings on gold labels of every source, and {settings.untagged[0]} has "
            "a ready-made tagger in their place: leave one of them out"
        )
    if both := settings.ready.keys() & settings.silvered.keys():
        raise CTLError(
            f"{min(both)} is in --teachers and in --silver: does its tagger label {settings.target}, or its own "
            "language?"
        )


def check_few(methods: Sequence[Method], settings: TransferSettings) -> None:
    """Refuses methods that see a few labelled sentences where there are none.

    Raises:
        CTLError: names the first.
    """
    seeing = [method for method in methods if method.sees_few]
    if seeing and not settings.few_labels:
        raise CTLError(
            f"method {seeing[0]} sees a few labelled sentences of {settings.target}: give their number with --few, "
            "or a file with --data.few"
        )
